package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// pair is a store under test and a model, to be fed alike.
func pair(t *testing.T, open func(t *testing.T) graph.Store) (graph.Store, *Model, []graph.Store) {
	s, m := open(t), NewModel()
	return s, m, []graph.Store{s, m}
}

// same compares everything two stores hold.
func same(t testing.TB, what string, s graph.Store, m *Model) {
	t.Helper()
	equal(t, what+": nodes", nodes(t, s, graph.Selector{}), nodes(t, m, graph.Selector{}))
	f := graph.Filter{Detail: graph.Evidence}
	equal(t, what+": edges", edges(t, s, nil, graph.Out, f), edges(t, m, nil, graph.Out, f))
	equal(t, what+": hash", hashOf(t, s), hashOf(t, m))
}

// one is the only edge of an answer.
func one(t testing.TB, es []graph.Edge) graph.Edge {
	t.Helper()
	if len(es) != 1 {
		t.Fatalf("got %d edges, want one: %+v", len(es), es)
	}
	return es[0]
}

func testApply(t *testing.T, open func(t *testing.T) graph.Store) {
	facts := sampleFacts()
	t.Run("twice", func(t *testing.T) {
		s, m, both := pair(t, open)
		apply(t, both, facts)
		h := hashOf(t, s)
		apply(t, both, facts)
		equal(t, "hash after the same batch again", hashOf(t, s), h)
		same(t, "twice", s, m)
	})
	t.Run("either order", func(t *testing.T) {
		a, b := open(t), open(t)
		apply(t, []graph.Store{a}, facts[:8], facts[8:])
		apply(t, []graph.Store{b}, facts[8:], facts[:8])
		equal(t, "hash in the other order", hashOf(t, b), hashOf(t, a))
	})
	t.Run("empty", func(t *testing.T) {
		s := open(t)
		equal(t, "nodes", nodes(t, s, graph.Selector{}), []graph.Node{})
		equal(t, "edges", edges(t, s, nil, graph.Out, graph.Filter{}), []graph.Edge{})
		if err := s.Apply(context.Background(), &graph.Batch{}); err != nil {
			t.Errorf("Apply of an empty batch: %v", err)
		}
	})
	t.Run("unsorted rows", func(t *testing.T) { // a batch need not come from a Builder
		s, m, both := pair(t, open)
		k := graph.EventKey{From: 1, To: 2, Kind: graph.Called, Outcome: graph.OK, Hour: t0.Hour()}
		o := func(at graph.Time, ev string) graph.Observation {
			return graph.Observation{At: at, Evidence: ev, CallKey: graph.CallKeyOf(ev)}
		}
		for _, x := range both {
			if err := x.Apply(context.Background(), &graph.Batch{
				Sources: []graph.Source{{Name: "rows"}}, Labels: []graph.Label{read},
				Nodes: []graph.Node{{ID: "a", Kind: graph.Identity}, {ID: "b", Kind: graph.Resource}},
				Events: []graph.EventRow{{EventKey: k, Observations: []graph.Observation{o(t0+9, "y"), o(t0+3, "x")}},
					{EventKey: k, Observations: []graph.Observation{o(t0+3, "x"), o(t0+5, "z")}}},
			}); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "rows", s, m)
		equal(t, "calls", one(t, edges(t, s, nil, graph.Out, graph.Filter{})).Calls, 3)
	})
	t.Run("cancelled", func(t *testing.T) {
		s := open(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.Apply(ctx, batch(facts...)); err == nil {
			t.Error("Apply under a cancelled context succeeded")
		}
	})
	t.Run("bytes are copied", func(t *testing.T) {
		s, m, both := pair(t, open)
		apply(t, both, facts)
		b := batch(facts...)
		for i := range b.Events {
			clear(b.Events[i].Observations)
		}
		same(t, "after the batch was overwritten", s, m)
	})
}

func testObservations(t *testing.T, open func(t *testing.T) graph.Store) {
	full := graph.Filter{Detail: graph.Evidence}
	t.Run("union by evidence", func(t *testing.T) {
		s, m, both := pair(t, open)
		apply(t, both, []fact{called("a", "r:x", t0, "e1@1"), called("a", "r:x", t0+minute, "e2@1")},
			[]fact{called("a", "r:x", t0+minute, "e2@1"), called("a", "r:x", t0+2*minute, "e3@1")})
		e := one(t, edges(t, s, nil, graph.Out, full))
		equal(t, "calls", e.Calls, 3)
		equal(t, "observations", e.Observations, one(t, edges(t, m, nil, graph.Out, full)).Observations)
	})
	t.Run("smallest source", func(t *testing.T) {
		s := open(t)
		f := called("a", "r:x", t0, "e1@1")
		apply(t, []graph.Store{s}, []fact{called("a", "r:y", t0, "e0@1"), f}, []fact{f})
		e := one(t, edges(t, s, []graph.ID{"r:x"}, graph.In, full))
		equal(t, "source", e.Observations[0].Source, graph.Ref{Seq: 1, Record: 1})
	})
	t.Run("smallest record", func(t *testing.T) {
		s := open(t)
		f := called("a", "r:x", t0, "e1@1")
		apply(t, []graph.Store{s}, []fact{f, f, called("a", "r:y", t0, "e0@1")})
		equal(t, "source", one(t, edges(t, s, []graph.ID{"r:x"}, graph.In, full)).Observations[0].Source, graph.Ref{Seq: 1})
	})
	t.Run("same evidence, different content", func(t *testing.T) {
		s, m, both := pair(t, open)
		apply(t, both, []fact{called("a", "r:x", t0, "e1@1")}, []fact{called("a", "r:x", t0+second, "e1@1")})
		for _, dir := range []graph.Direction{graph.Out, graph.In} {
			e := one(t, edges(t, s, []graph.ID{"a", "r:x"}, dir, full))
			equal(t, "observations that stand", len(e.Observations), 2)
			equal(t, "calls", e.Calls, 1)
		}
		same(t, "both", s, m)
	})
	t.Run("shared calls count once", func(t *testing.T) {
		s, m, both := pair(t, open)
		shared := func(at graph.Time, ev string) fact {
			return called("a", "r:x", at, ev).with(func(e *eventFact) { e.Call = "shared:s1" })
		}
		apply(t, both, []fact{shared(t0, "e1@1"), shared(t0, "e2@2")}, []fact{shared(t0+second, "e3@2"), called("a", "r:x", t0, "e4@1")})
		for _, dir := range []graph.Direction{graph.Out, graph.In} {
			e := one(t, edges(t, s, []graph.ID{"a", "r:x"}, dir, graph.Filter{Detail: graph.Times}))
			equal(t, "calls", e.Calls, 2)
			equal(t, "observations", e.Observations, one(t, edges(t, m, nil, dir, graph.Filter{Detail: graph.Times})).Observations)
		}
		same(t, "shared", s, m)
	})
	t.Run("a call learnt later", func(t *testing.T) {
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			s, m, both := pair(t, open)
			two := []fact{called("a", "r:x", t0, "e1@1"), called("a", "r:x", t0, "e1@1").with(func(e *eventFact) { e.Call = "shared:s" })}
			apply(t, both, []fact{two[order[0]], called("a", "r:x", t0, "e2@1").with(func(e *eventFact) { e.Call = "shared:s" })}, []fact{two[order[1]]})
			same(t, "call", s, m)
			for _, dir := range []graph.Direction{graph.Out, graph.In} {
				equal(t, "calls", one(t, edges(t, s, []graph.ID{"a", "r:x"}, dir, graph.Filter{})).Calls, 1)
			}
		}
	})
	t.Run("evidence of every shape", func(t *testing.T) {
		s, m, both := pair(t, open)
		var facts []fact
		for i, ev := range shapes {
			facts = append(facts, called("a", "r:x", t0+graph.Time(i/3)*second, ev))
		}
		apply(t, both, facts, facts[2:])
		same(t, "shapes", s, m)
		for _, ev := range shapes {
			f := graph.Filter{Evidence: []string{ev}, Detail: graph.Evidence}
			equal(t, ev, edges(t, s, nil, graph.Out, f), edges(t, m, nil, graph.Out, f))
		}
	})
	t.Run("detail", func(t *testing.T) {
		s, m, both := pair(t, open)
		apply(t, both, sampleFacts())
		for _, d := range []graph.Detail{graph.Summary, graph.Times, graph.Evidence} {
			for _, dir := range []graph.Direction{graph.Out, graph.In} {
				f := graph.Filter{Detail: d}
				equal(t, "edges", edges(t, s, everyone, dir, f), edges(t, m, everyone, dir, f))
			}
		}
	})
}

// shapes are evidences that a store may be tempted to pack.
var shapes = []string{
	"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9@111122223333", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9@444455556666",
	"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9@111122223333",
	"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9@", "@111122223333", "0a1b2c3d4e5f60718293a4b5c6d7e8f9@111122223333",
	"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9@a@b", "plain", "plain@", "plain@1@2",
	"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"sha256:9F86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08@111122223333", "sha256:short",
	"ünïcode\x00and zero@x", "\xff\xfe not utf-8",
}

func testAsOf(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	facts := sampleFacts()
	for i := 0; i < len(facts); i += 4 {
		apply(t, both, facts[i:min(i+6, len(facts))]) // overlapping: what came twice keeps its first
	}
	last := watermark(t, m)
	before := -1
	for seq := uint64(1); seq <= last+1; seq++ {
		for _, d := range []graph.Detail{graph.Summary, graph.Times, graph.Evidence} {
			for _, dir := range []graph.Direction{graph.Out, graph.In} {
				f := graph.Filter{AsOf: seq, Detail: d}
				got := edges(t, s, everyone, dir, f)
				equal(t, "edges", got, edges(t, m, everyone, dir, f))
				if dir == graph.Out && d == graph.Evidence {
					if len(got) < before {
						t.Errorf("as of %d there are %d edges, fewer than %d before", seq, len(got), before)
					}
					before = len(got)
				}
			}
		}
	}
	full := graph.Filter{Detail: graph.Evidence}
	now := edges(t, s, nil, graph.Out, full)
	full.AsOf = last
	equal(t, "as of the last source", edges(t, s, nil, graph.Out, full), now)
}

func testSupersede(t *testing.T, open func(t *testing.T) graph.Store) {
	wrong, right := called("a", "r:x", t0, "e1@1"), called("a", "r:y", t0, "e2@1")
	marked := stands("s", "key:1", graph.Holds, t0, graph.Ended, t0+hour, "e1@1")
	correction := []fact{right, {Supersede: "e1@1"}}
	for _, c := range []struct {
		name    string
		batches [][]fact
	}{
		{"after", [][]fact{{wrong, marked}, correction}},
		{"before", [][]fact{correction, {wrong, marked}}},
		{"in one batch", [][]fact{{wrong, marked, right, {Supersede: "e1@1"}}}},
		{"twice", [][]fact{{wrong, marked}, correction, correction, {wrong}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, m, both := pair(t, open)
			apply(t, both, c.batches...)
			for seq := uint64(0); seq <= watermark(t, m); seq++ {
				for _, dir := range []graph.Direction{graph.Out, graph.In} {
					for _, d := range []graph.Detail{graph.Summary, graph.Times, graph.Evidence} {
						f := graph.Filter{Detail: d, AsOf: seq}
						equal(t, "edges", edges(t, s, everyone, dir, f), edges(t, m, everyone, dir, f))
					}
				}
			}
			if es := edges(t, s, []graph.ID{"r:x"}, graph.In, graph.Filter{}); len(es) != 0 {
				t.Errorf("the corrected record's edge still stands: %+v", es)
			}
			e := one(t, edges(t, s, []graph.ID{"s"}, graph.Out, graph.Filter{}))
			equal(t, "marks of the standing fact", e.Marks, []graph.Mark{})
		})
	}
	t.Run("equal graph", func(t *testing.T) {
		a, b := open(t), open(t)
		apply(t, []graph.Store{a}, []fact{wrong, marked}, correction)
		apply(t, []graph.Store{b}, correction, []fact{wrong, marked})
		equal(t, "hash", hashOf(t, b), hashOf(t, a))
	})
	t.Run("as of before the correction", func(t *testing.T) {
		s := open(t)
		apply(t, []graph.Store{s}, []fact{wrong}, correction)
		one(t, edges(t, s, []graph.ID{"r:x"}, graph.In, graph.Filter{AsOf: 1}))
		equal(t, "edges as of the correction", edges(t, s, []graph.ID{"r:x"}, graph.In, graph.Filter{AsOf: 2}), []graph.Edge{})
	})
}

func testWindow(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	apply(t, both, sampleFacts())
	apply(t, both, []fact{called("a", "r:x", t0+30*minute, "w1"), called("a", "r:x", t0+40*minute, "w2"), called("a", "r:x", t0+hour, "w3")})
	t.Run("half-open", func(t *testing.T) {
		at := func(from, to graph.Time) int {
			n := 0
			for _, e := range edges(t, s, []graph.ID{"r:x"}, graph.In, graph.Filter{Window: graph.Window{From: from, To: to}, Evidence: []string{"w1", "w2", "w3"}}) {
				n += e.Calls
			}
			return n
		}
		equal(t, "from is in", at(t0+30*minute, t0+30*minute+1), 1)
		equal(t, "to is out", at(t0, t0+30*minute), 0)
		equal(t, "over the hour", at(t0+40*minute, t0+hour+1), 2)
		equal(t, "to the hour", at(t0+40*minute, t0+hour), 1)
		equal(t, "open from", at(0, t0+40*minute), 1)
		equal(t, "open to", at(t0+40*minute, 0), 2)
		equal(t, "empty", at(t0+hour, t0+hour), 0)
	})
	t.Run("parity", func(t *testing.T) {
		bounds := []graph.Time{0, t0 - 1, t0, t0 + 1, t0 + 30*minute, t0 + hour - 1, t0 + hour, t0 + hour + minute, t0 + 3*hour, t0 + 100*hour}
		for _, from := range bounds {
			for _, to := range bounds {
				for _, fr := range [][]graph.ID{nil, everyone} {
					for _, dir := range []graph.Direction{graph.Out, graph.In} {
						f := graph.Filter{Window: graph.Window{From: from, To: to}, Detail: graph.Times}
						equal(t, f.Window.String(), edges(t, s, fr, dir, f), edges(t, m, fr, dir, f))
					}
				}
			}
		}
	})
	t.Run("standing edges come whole", func(t *testing.T) {
		f := graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}
		want := edges(t, s, nil, graph.Out, f)
		f.Window = graph.Window{From: t0 + 1000*hour, To: t0 + 1001*hour}
		equal(t, "standing edges outside the window", edges(t, s, nil, graph.Out, f), want)
		if len(want) == 0 {
			t.Error("the sample has no HOLDS")
		}
	})
}

// prune prunes each store at the floor.
func prune(t testing.TB, stores []graph.Store, floor graph.Time) {
	t.Helper()
	for _, s := range stores {
		if err := s.Prune(context.Background(), floor.Time()); err != nil {
			t.Fatalf("Prune: %v", err)
		}
	}
}

func testSources(t *testing.T, open func(t *testing.T) graph.Store) {
	s := open(t)
	want := []graph.Source{
		{Name: "s3://b/k1.json.gz", Kind: "cloudtrail", Stream: "cloudtrail/111122223333/eu-north-1", Size: 123, Hash: "ab", Version: "\"etag\"", Segment: 1, Final: true,
			Records: 7, Rejected: 1, Skipped: 2, First: t0, Last: t0 + hour, Lists: []string{"x", "y"}, Note: "torn"},
		{Name: "b"}, {Name: "c", First: t0},
	}
	ctx := context.Background()
	for _, b := range []*graph.Batch{{Sources: slices.Clone(want[:2])}, {Sources: slices.Clone(want[2:])}} {
		if err := s.Apply(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	var got []graph.Source
	for x, err := range s.Sources(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, x)
	}
	for i := range want {
		want[i].Seq = uint64(i + 1)
	}
	equal(t, "ledger", got, want)
	for range s.Sources(ctx) {
		break
	}
	if err := s.Prune(ctx, time.UnixMilli(int64(t0+100*hour))); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range s.Sources(ctx) {
		n++
	}
	equal(t, "ledger entries after Prune", n, 3)
	if w, ok := s.(graph.Watermark); ok {
		equal(t, "Watermark", watermark(t, w), uint64(3))
	}
}
