package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func testPrune(t *testing.T, open func(t *testing.T) graph.Store) {
	check := func(t *testing.T, what string, s graph.Store, m *Model) {
		t.Helper()
		same(t, what, s, m)
		f := graph.Filter{Detail: graph.Evidence}
		equal(t, what+": in", edges(t, s, everyone, graph.In, f), edges(t, m, everyone, graph.In, f))
	}
	for _, floor := range []graph.Time{t0 - hour, t0, t0 + 1, t0 + 30*minute, t0 + hour, t0 + 25*hour + minute, t0 + 1000*hour} {
		t.Run(fmt.Sprint(floor-t0), func(t *testing.T) {
			s, m, both := pair(t, open)
			apply(t, both, sampleFacts(), sampleFacts()[3:])
			prune(t, both, floor)
			check(t, "pruned", s, m)
			apply(t, both, sampleFacts())
			check(t, "old observations are refused", s, m)
			prune(t, both, t0-2*hour)
			apply(t, both, sampleFacts()[:9])
			check(t, "a floor never falls", s, m)
			prune(t, both, floor+10*minute)
			check(t, "pruned again", s, m)
			apply(t, both, []fact{called("a", "r:x", floor+10*minute, "at the floor")})
			check(t, "at the floor", s, m)
			f := graph.Filter{Evidence: []string{"at the floor"}}
			one(t, edges(t, s, nil, graph.Out, f))
		})
	}
	t.Run("refused before anything", func(t *testing.T) {
		s, m, both := pair(t, open)
		prune(t, both, t0+hour)
		apply(t, both, sampleFacts())
		check(t, "refused", s, m)
	})
}

func testPruneStanding(t *testing.T, open func(t *testing.T) graph.Store) {
	floor := t0 + 1000*hour
	long := floor - 36*hour // what ended before this is long ended
	s, m, both := pair(t, open)
	apply(t, both, []fact{
		stands("s", "key:gone", graph.Holds, t0, graph.Began, t0, "1"), stands("key:gone", "role", graph.Of, t0, graph.Ended, long-1, "2"),
		stands("s", "key:edge", graph.Holds, t0, graph.Ended, long, "3"),
		stands("s", "key:again", graph.Holds, t0, graph.Ended, t0, "4"), stands("key:again", "role", graph.Of, t0, graph.Began, long+hour, "5"),
		stands("s", "key:open", graph.Holds, t0, graph.Began, t0, "6"), stands("s", "key:unmarked", graph.Holds, t0, 0, 0, ""),
		stands("u", "akey:long", graph.Holds, t0, graph.Ended, t0+hour, "7"),
		stands("s", "role", graph.Of, t0, graph.Ended, t0+hour, "8"),
		stands("s", "key:corrected", graph.Holds, t0, graph.Ended, t0+hour, "9"),
	}, []fact{{Supersede: "9"}})
	prune(t, both, floor)
	same(t, "pruned", s, m)
	var left []graph.ID
	for _, e := range edges(t, s, nil, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}) {
		left = append(left, e.To)
	}
	equal(t, "credentials still held", left, []graph.ID{"key:again", "key:corrected", "key:edge", "key:open", "key:unmarked", "akey:long"})
	equal(t, "in", edges(t, s, everyone, graph.In, graph.Filter{}), edges(t, m, everyone, graph.In, graph.Filter{}))
}

// testLarge fills one edge-hour and one node from many batches.
func testLarge(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	const batches, each = 12, 150
	for b := range batches {
		var facts []fact
		for i := range each {
			n := b*each*2/3 + i // a third comes twice
			at := t0 + graph.Time(n*7919%3_600_000)
			ev := event(n) + "@111122223333"
			facts = append(facts, called("a", "r:x", at, ev), called("a", graph.ID(fmt.Sprintf("r:%d", n%97)), at+graph.Time(n%3)*hour, ev))
		}
		apply(t, both, facts)
	}
	for _, f := range []graph.Filter{{}, {Detail: graph.Times}, {Detail: graph.Evidence}, {AsOf: 5}, {AsOf: 5, Detail: graph.Times},
		{Window: graph.Window{From: t0 + 10*minute, To: t0 + 11*minute}, Detail: graph.Evidence}, {Window: graph.Window{From: t0 + 10*minute, To: t0 + 95*minute}},
		{Evidence: []string{event(77)}}} {
		for _, dir := range []graph.Direction{graph.Out, graph.In} {
			for _, fr := range [][]graph.ID{nil, {"a", "r:x"}, {"r:5"}} {
				equal(t, fmt.Sprintf("%v %+v", fr, f), edges(t, s, fr, dir, f), edges(t, m, fr, dir, f))
			}
		}
	}
	same(t, "large", s, m)
	if err := s.Prune(context.Background(), (t0 + 20*minute).Time()); err != nil {
		t.Fatal(err)
	}
	if err := m.Prune(context.Background(), (t0 + 20*minute).Time()); err != nil {
		t.Fatal(err)
	}
	same(t, "large, pruned", s, m)
}

// event is the n-th event id.
func event(n int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n)
}
