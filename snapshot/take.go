package snapshot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Options say what to take.
type Options struct {
	Window  graph.Window // with both ends
	Before  time.Duration
	Engine  string
	Taken   time.Time
	Queries []Query
}

// forwardedWithin is how near before a forwarded credential the call lies that
// caused it; see graph/explore.
const forwardedWithin = graph.Time(1000)

// Take reads the part of the store that belongs into a snapshot. It is held in
// memory.
func Take(ctx context.Context, st graph.Store, o Options) (*Snapshot, error) {
	if o.Window.From == 0 || o.Window.To == 0 || o.Window.From >= o.Window.To || o.Before < 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "a snapshot needs a window with both ends"}
	}
	holds := graph.Window{From: max(o.Window.From.Add(-o.Before), 1), To: o.Window.To.Add(Slack)}
	s := &Snapshot{Manifest: Manifest{Window: Span(o.Window), Holds: Span(holds)},
		Origin: Origin{Engine: o.Engine, Taken: graph.TimeOf(o.Taken), Answers: []string{}}, Queries: o.Queries}
	t := &taking{ctx: ctx, st: st, s: s, events: map[identity]int{}}
	for n, err := range st.Nodes(ctx, graph.Selector{}) {
		if err != nil {
			return nil, fmt.Errorf("read nodes: %w", err)
		}
		n.Attrs = slices.Clone(n.Attrs)
		s.Nodes = append(s.Nodes, n)
		arn, _ := graph.ParseARN(string(n.ID))
		switch {
		case arn.Service == "cloudtrail":
			t.trails = append(t.trails, n.ID)
		case n.Kind == graph.Credential && !n.Temporary():
			t.keys = append(t.keys, n.ID)
		}
	}
	if err := t.edges(holds); err != nil {
		return nil, fmt.Errorf("read edges: %w", err)
	}
	for src, err := range st.Sources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		s.Ledger = append(s.Ledger, src)
	}
	s.sort()
	return s, nil
}

// identity is what tells event edges apart.
type identity struct {
	From, To graph.ID
	Kind     graph.EdgeKind
	Label    graph.Label
	Outcome  graph.Outcome
	Via      graph.Via
	Hour     graph.Hour
}

// taking gathers edges, each once.
type taking struct {
	ctx          context.Context
	st           graph.Store
	s            *Snapshot
	events       map[identity]int
	trails, keys []graph.ID
	forwarded    []graph.Time
}

func (t *taking) edges(holds graph.Window) error {
	var others []graph.EdgeKind
	for _, k := range graph.EdgeKinds {
		if k.Kind != graph.Called {
			others = append(others, k.Kind)
		}
	}
	called := []graph.EdgeKind{graph.Called}
	if err := t.read(nil, graph.Out, graph.Filter{Kinds: others}); err != nil {
		return err
	}
	if err := t.read(nil, graph.Out, graph.Filter{Kinds: called, Window: holds}); err != nil {
		return err
	}
	if len(t.trails) > 0 {
		if err := t.read(t.trails, graph.In, graph.Filter{Kinds: called}); err != nil {
			return err
		}
	}
	for _, w := range t.around(holds) {
		if err := t.read(t.keys, graph.Out, graph.Filter{Kinds: called, Window: w}); err != nil {
			return err
		}
	}
	return nil
}

// around are windows with the calls that may have caused what was forwarded
// outside holds. Those near each other are one: a few calls more cost less than a
// look for each.
func (t *taking) around(holds graph.Window) (out []graph.Window) {
	if len(t.keys) == 0 {
		return nil
	}
	slices.Sort(t.forwarded)
	for _, at := range t.forwarded {
		w := graph.Window{From: at - forwardedWithin, To: at + 1}
		switch n := len(out) - 1; {
		case holds.Contains(w.From) && holds.Contains(at):
		case n >= 0 && w.From-out[n].To < graph.Time(graph.HourMillis):
			out[n].To = w.To
		default:
			out = append(out, w)
		}
	}
	return out
}

func (t *taking) read(frontier []graph.ID, dir graph.Direction, f graph.Filter) error {
	f.Detail = graph.Evidence
	for e, err := range t.st.Edges(t.ctx, frontier, dir, f) {
		if err != nil {
			return err
		}
		e.Observations, e.Marks = slices.Clone(e.Observations), slices.Clone(e.Marks)
		if e.Kind.Standing() {
			t.s.Standing = append(t.s.Standing, e)
			continue
		}
		if e.Label.Join == graph.ForwardedAccess {
			for _, o := range e.Observations {
				t.forwarded = append(t.forwarded, o.At)
			}
		}
		k := identity{e.From, e.To, e.Kind, e.Label, e.Outcome, e.Via, e.Hour}
		if i, ok := t.events[k]; ok {
			have := &t.s.Events[i]
			have.Observations = graph.UnionObservations(have.Observations, e.Observations)
			continue
		}
		t.events[k] = len(t.s.Events)
		t.s.Events = append(t.s.Events, e)
	}
	return nil
}

// sort puts everything into the order of the format, and leaves out what a store
// computes.
func (s *Snapshot) sort() {
	slices.SortFunc(s.Nodes, func(a, b graph.Node) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for _, list := range [][]graph.Edge{s.Events, s.Standing} {
		slices.SortFunc(list, func(a, b graph.Edge) int { return a.Compare(&b) })
	}
	for i := range s.Events {
		e := &s.Events[i]
		slices.SortFunc(e.Observations, graph.CompareObservation)
		e.Calls, e.First, e.Last = 0, 0, 0
	}
	slices.SortFunc(s.Ledger, func(a, b graph.Source) int { return int(a.Seq) - int(b.Seq) })
}

// entries are the ledger's entries without their numbers, each once, in order of
// their text; and of each entry of the ledger its index among them.
func (s *Snapshot) entries() (texts []string, index []int, err error) {
	all := make([]string, len(s.Ledger))
	for i, src := range s.Ledger {
		src.Seq = 0
		b, err := json.Marshal(src)
		if err != nil {
			return nil, nil, fmt.Errorf("encode ledger entry %s: %w", src.Name, err)
		}
		all[i] = string(b)
	}
	texts = slices.Clone(all)
	slices.Sort(texts)
	texts = slices.Compact(texts)
	for _, text := range all {
		i, _ := slices.BinarySearch(texts, text)
		index = append(index, i)
	}
	return texts, index, nil
}
