package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/blastradius/blastradius/graph"
)

// fact is one statement of a record: the smallest thing a batch can say.
// Exactly one field is set.
type fact struct {
	Node      *graph.Node
	Event     *eventFact
	Standing  *standingFact
	Supersede string
}

type eventFact struct {
	From, To graph.ID
	Kind     graph.EdgeKind
	Label    graph.Label
	Outcome  graph.Outcome
	Via      graph.Via
	At       graph.Time
	Evidence string
	Call     string
}

type standingFact struct {
	From, To graph.ID
	Kind     graph.EdgeKind
	Label    graph.Label
	At       graph.Time
	Mark     graph.MarkKind // 0: none
	MarkAt   graph.Time
	Evidence string
}

// batch makes one batch of one source from facts; each is a record of its own.
func batch(facts ...fact) *graph.Batch {
	b := graph.NewBuilder()
	src := b.Source(graph.Source{Name: "facts", Kind: "test", Stream: "test", Records: len(facts), Final: true})
	add(b, src, facts)
	return b.Batch()
}

func add(b *graph.Builder, src uint64, facts []fact) {
	node := func(id graph.ID) graph.NodeRef { return b.Node(id, kindOf(id), typeOf(id)) }
	for i, f := range facts {
		ref := graph.Ref{Seq: src, Record: uint32(i)}
		switch {
		case f.Node != nil:
			r := b.Node(f.Node.ID, f.Node.Kind, f.Node.Type)
			for _, a := range f.Node.Attrs {
				b.Attr(r, a.Name, a.Value, a.Last)
			}
		case f.Event != nil:
			e := f.Event
			b.Event(graph.EventKey{From: node(e.From), To: node(e.To), Agent: node(e.Via.Agent), Client: node(e.Via.Client),
				Service: node(e.Via.Service), Label: b.Label(e.Label), Kind: e.Kind, Outcome: e.Outcome},
				graph.Observation{At: e.At, Evidence: e.Evidence, Call: e.Call, Source: ref})
		case f.Standing != nil:
			s := f.Standing
			var marks []graph.Mark
			if s.Mark != 0 {
				marks = append(marks, graph.Mark{Kind: s.Mark, At: s.MarkAt, Evidence: s.Evidence, Source: ref})
			}
			b.Standing(graph.StandingKey{From: node(s.From), To: node(s.To), Label: b.Label(s.Label), Kind: s.Kind}, s.At, ref, marks...)
		default:
			b.Supersede(f.Supersede, ref)
		}
	}
}

// kindOf and typeOf make nodes that are only named by edges agree everywhere:
// an id beginning "key:" is a temporary key, "akey:" a long-lived one.
func kindOf(id graph.ID) graph.Kind {
	switch {
	case len(id) > 4 && (id[:4] == "key:" || id[:4] == "akey"):
		return graph.Credential
	case len(id) > 6 && id[:6] == "agent:":
		return graph.Agent
	case len(id) > 2 && id[:2] == "r:":
		return graph.Resource
	}
	return graph.Identity
}

func typeOf(id graph.ID) string {
	switch {
	case len(id) > 4 && id[:4] == "key:":
		return "aws.key.temporary"
	case len(id) > 4 && id[:4] == "akey":
		return "aws.key"
	}
	return "test." + kindOf(id).String()
}

// t0 is 2026-11-22T23:00:00Z, so that the next hour is another day.
var t0 = graph.TimeOf(time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC))

const (
	second = graph.Time(1000)
	minute = 60 * second
	hour   = graph.Time(graph.HourMillis)
)

var (
	read   = graph.Label{Action: "s3:GetObject", Effect: graph.Read, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane}
	remove = graph.Label{Action: "s3:DeleteBucket", Effect: graph.Delete, Match: graph.Derived, Role: graph.Primary, Plane: graph.ControlPlane}
)

// called is a CALLED fact with the outcome OK.
func called(from, to graph.ID, at graph.Time, evidence string) fact {
	return fact{Event: &eventFact{From: from, To: to, Kind: graph.Called, Label: read, Outcome: graph.OK, At: at, Evidence: evidence}}
}

// with changes a copy of an event fact.
func (f fact) with(change func(*eventFact)) fact {
	e := *f.Event
	change(&e)
	return fact{Event: &e}
}

// stands is a standing fact, with a mark where kind is not zero.
func stands(from, to graph.ID, kind graph.EdgeKind, at graph.Time, mark graph.MarkKind, markAt graph.Time, evidence string) fact {
	return fact{Standing: &standingFact{From: from, To: to, Kind: kind, At: at, Mark: mark, MarkAt: markAt, Evidence: evidence}}
}

// apply applies each slice of facts as one batch to each store.
func apply(t testing.TB, stores []graph.Store, batches ...[]fact) {
	t.Helper()
	for _, facts := range batches {
		for _, s := range stores {
			if err := s.Apply(context.Background(), batch(facts...)); err != nil {
				t.Fatalf("Apply: %v", err)
			}
		}
	}
}

// edges are the store's answer in canonical order.
func edges(t testing.TB, s graph.Store, frontier []graph.ID, dir graph.Direction, f graph.Filter) []graph.Edge {
	t.Helper()
	var out []graph.Edge
	for e, err := range s.Edges(context.Background(), frontier, dir, f) {
		if err != nil {
			t.Fatalf("Edges(%q, %d, %+v): %v", frontier, dir, f, err)
		}
		if f.Detail == graph.Times {
			// Without evidence the order inside a millisecond is not promised.
			slices.SortFunc(e.Observations, func(a, b graph.Observation) int {
				if a.At != b.At {
					return int(a.At - b.At)
				}
				if a.CallKey < b.CallKey {
					return -1
				}
				return 1
			})
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b graph.Edge) int { return a.Compare(&b) })
	return out
}

func nodes(t testing.TB, s graph.Store, sel graph.Selector) []graph.Node {
	t.Helper()
	var out []graph.Node
	for n, err := range s.Nodes(context.Background(), sel) {
		if err != nil {
			t.Fatalf("Nodes(%+v): %v", sel, err)
		}
		out = append(out, n)
	}
	return out
}

func ids(ns []graph.Node) []graph.ID {
	out := []graph.ID{}
	for _, n := range ns {
		out = append(out, n.ID)
	}
	return out
}

// equal fails the test where two answers differ; nil and empty are the same.
func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func hashOf(t testing.TB, s graph.Store) string {
	t.Helper()
	h, err := Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func watermark(t testing.TB, w graph.Watermark) uint64 {
	t.Helper()
	n, err := w.Watermark(context.Background())
	if err != nil {
		t.Fatalf("Watermark: %v", err)
	}
	return n
}
