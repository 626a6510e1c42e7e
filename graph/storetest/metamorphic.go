package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/blastradius/blastradius/graph"
)

// everyone is every id that sampleFacts and random facts use, and one that
// they do not.
var everyone = []graph.ID{"a", "b", "c", "s", "u", "role", "key:1", "key:2", "akey:1", "agent:x:1", "cli", "svc", "r:x", "r:y", "loop", "nobody",
	"key:gone", "key:edge", "key:again", "key:open", "key:unmarked", "key:corrected", "akey:long"}

// sampleFacts hold every kind of fact, on both sides of midnight.
func sampleFacts() []fact {
	ev := func(n int) string { return event(n) + "@111122223333" }
	denied := func(e *eventFact) { e.Outcome = graph.Denied }
	return []fact{
		called("a", "r:x", t0+5*minute, ev(1)),
		called("a", "r:x", t0+5*minute, ev(2)),
		called("a", "r:x", t0+6*minute+123, ev(3)).with(denied),
		called("a", "r:y", t0+hour, ev(4)),
		called("b", "r:x", t0+hour+1, ev(5)).with(func(e *eventFact) { e.Via = graph.Via{Agent: "agent:x:1", Client: "cli", Service: "svc"} }),
		called("b", "r:x", t0+hour+1, ev(6)).with(func(e *eventFact) { e.Via = graph.Via{Client: "cli"} }),
		called("b", "r:x", t0+2*hour, ev(7)).with(func(e *eventFact) { e.Label = remove }),
		called("key:1", "role", t0+26*hour, ev(8)).with(func(e *eventFact) { e.Call = "shared:" + event(8) }),
		{Event: &eventFact{From: "akey:1", To: "key:1", Kind: graph.Issued, Label: graph.Label{Join: graph.KeyJoin}, At: t0 + 3*minute, Evidence: ev(9)}},
		{Event: &eventFact{From: "agent:x:1", To: "key:1", Kind: graph.Drives, Label: graph.Label{Detail: "ua_feature"}, At: t0 + 4*minute, Evidence: ev(1)}},
		stands("s", "key:1", graph.Holds, t0, graph.Began, t0, ev(9)),
		stands("key:1", "role", graph.Of, t0+minute, graph.Ended, t0+12*hour, ev(9)),
		stands("r:y", "r:x", graph.PartOf, t0+hour, 0, 0, ""),
		{Node: &graph.Node{ID: "r:x", Kind: graph.Resource, Type: "aws.s3.bucket", Attrs: graph.Attrs{attr(graph.AttrAlias, "also-x", t0), attr(graph.AttrName, "Bucket X", t0)}}},
		{Supersede: ev(2)},
		called("a", "r:x", t0+7*minute, "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
	}
}

// genFact draws facts from a world so small that they meet.
var genFact = rapid.Custom(func(t *rapid.T) fact {
	pick := func(what string, ids ...graph.ID) graph.ID { return rapid.SampledFrom(ids).Draw(t, what) }
	at := t0 + graph.Time(rapid.IntRange(0, 2).Draw(t, "hour"))*hour + rapid.SampledFrom([]graph.Time{0, 1, second, 59 * minute}).Draw(t, "at")
	ev := rapid.SampledFrom([]string{event(1) + "@1", event(1) + "@2", event(2) + "@1", event(2), "x", "x@1", "sha256:zz"}).Draw(t, "evidence")
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		return fact{Supersede: ev}
	case 1:
		v := rapid.SampledFrom([]string{"v", "w"}).Draw(t, "value")
		name := rapid.SampledFrom([]string{graph.AttrAlias, graph.AttrTool, graph.AttrName}).Draw(t, "name")
		return fact{Node: &graph.Node{ID: pick("node", "a", "r:x"), Kind: rapid.SampledFrom([]graph.Kind{graph.Identity, graph.Resource}).Draw(t, "kind"),
			Type: v, Attrs: graph.Attrs{attr(name, v, at)}}}
	case 2, 3:
		return stands(pick("from", "s", "key:1", "akey:1"), pick("to", "key:1", "key:2", "role"), rapid.SampledFrom([]graph.EdgeKind{graph.Holds, graph.Of}).Draw(t, "kind"),
			at, rapid.SampledFrom([]graph.MarkKind{0, graph.Began, graph.Ended}).Draw(t, "mark"), at, ev)
	}
	return fact{Event: &eventFact{From: pick("from", "a", "b", "key:1"), To: pick("to", "r:x", "r:y", "a"),
		Kind:    rapid.SampledFrom([]graph.EdgeKind{graph.Called, graph.Called, graph.Issued, graph.Drives}).Draw(t, "kind"),
		Label:   rapid.SampledFrom([]graph.Label{read, remove}).Draw(t, "label"),
		Outcome: rapid.SampledFrom([]graph.Outcome{graph.OK, graph.Denied}).Draw(t, "outcome"),
		Via:     graph.Via{Agent: pick("agent", "", "", "agent:x:1"), Client: pick("client", "", "cli")},
		At:      at, Evidence: ev, Call: rapid.SampledFrom([]string{"", "", "", "shared:1", "shared:2"}).Draw(t, "call")}}
})

var genFacts = rapid.SliceOfN(genFact, 1, 40)

// split cuts facts into batches at random.
func split(rng *rand.Rand, facts []fact) [][]fact {
	var out [][]fact
	for len(facts) > 0 {
		n := 1 + rng.IntN(min(len(facts), 12))
		out = append(out, facts[:n])
		facts = facts[n:]
	}
	return out
}

// testOrder: shuffled, split and repeated, the same facts make the same graph.
func testOrder(t *testing.T, open func(t *testing.T) graph.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		facts := genFacts.Draw(rt, "facts")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		m, a := NewModel(), open(t)
		apply(t, []graph.Store{m, a}, facts)
		want := hashOf(t, m)
		if got := hashOf(t, a); got != want {
			rt.Fatalf("hash is %s, the model's %s", got, want)
		}
		more := slices.Concat(facts, facts[:rng.IntN(len(facts)+1)])
		rng.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
		b := open(t)
		apply(t, []graph.Store{b}, split(rng, more)...)
		if got := hashOf(t, b); got != want {
			rt.Fatalf("hash of the facts shuffled, split and repeated is %s, want %s", got, want)
		}
	})
}

// testWidening: a wider window never loses an edge, nor a call.
func testWidening(t *testing.T, open func(t *testing.T) graph.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		apply(t, []graph.Store{s}, genFacts.Draw(rt, "facts"))
		from, to := genTime.Draw(rt, "from"), genTime.Draw(rt, "to")
		narrow := graph.Window{From: from, To: to}
		wide := graph.Window{From: max(0, from-genTime.Draw(rt, "earlier")+t0), To: to + genTime.Draw(rt, "later") - t0}
		calls := map[identity]int{}
		for _, e := range edges(t, s, everyone, graph.In, graph.Filter{Window: wide}) {
			calls[identity{e.From, e.To, e.Kind, e.Label, e.Outcome, e.Via, e.Hour}] = e.Calls + 1
		}
		for _, e := range edges(t, s, everyone, graph.In, graph.Filter{Window: narrow}) {
			if n := calls[identity{e.From, e.To, e.Kind, e.Label, e.Outcome, e.Via, e.Hour}]; n < e.Calls+1 {
				rt.Fatalf("%v has %d calls of an edge that has %d in the wider %v", narrow, e.Calls, n-1, wide)
			}
		}
	})
}

var genTime = rapid.Custom(func(t *rapid.T) graph.Time {
	return t0 + graph.Time(rapid.IntRange(0, 3).Draw(t, "hours"))*hour + rapid.SampledFrom([]graph.Time{0, 1, 2, second, second + 1, 59 * minute}).Draw(t, "rest")
})

var genFilter = rapid.Custom(func(t *rapid.T) graph.Filter {
	f := graph.Filter{Detail: rapid.SampledFrom([]graph.Detail{graph.Summary, graph.Times, graph.Evidence}).Draw(t, "detail")}
	if rapid.Bool().Draw(t, "windowed") {
		f.Window = graph.Window{From: genTime.Draw(t, "from"), To: genTime.Draw(t, "to")}
	}
	f.Kinds = rapid.SliceOfN(rapid.SampledFrom([]graph.EdgeKind{graph.Called, graph.Issued, graph.Drives, graph.Holds, graph.Of}), 0, 2).Draw(t, "kinds")
	f.Outcomes = rapid.SliceOfN(rapid.SampledFrom([]graph.Outcome{graph.OK, graph.Denied}), 0, 1).Draw(t, "outcomes")
	f.Effects = rapid.SliceOfN(rapid.SampledFrom([]graph.Effect{graph.Read, graph.Delete}), 0, 1).Draw(t, "effects")
	f.Evidence = rapid.SliceOfN(rapid.SampledFrom([]string{event(1), event(1) + "@2", event(2), "x", "sha256:zz", "y"}), 0, 2).Draw(t, "evidence")
	if rapid.Bool().Draw(t, "past") {
		f.AsOf = rapid.Uint64Range(1, 6).Draw(t, "asOf")
	}
	return f
})

// testParity: on random batches and filters a store answers as the model does.
func testParity(t *testing.T, open func(t *testing.T) graph.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s, m := open(t), NewModel()
		facts := genFacts.Draw(rt, "facts")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		for i, b := range split(rng, facts) {
			apply(t, []graph.Store{s, m}, b)
			if i == 2 && rng.IntN(3) == 0 {
				prune(t, []graph.Store{s, m}, genTime.Draw(rt, "floor"))
			}
		}
		same(t, "parity", s, m)
		for range 12 {
			f := genFilter.Draw(rt, "filter")
			fr := rapid.SampledFrom([][]graph.ID{nil, {}, everyone, {"a"}, {"r:x"}, {"key:1", "a"}}).Draw(rt, "frontier")
			dir := rapid.SampledFrom([]graph.Direction{graph.Out, graph.In}).Draw(rt, "direction")
			equal(t, fmt.Sprintf("edges %v %d %+v", fr, dir, f), edges(t, s, fr, dir, f), edges(t, m, fr, dir, f))
			called := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: f.Window, AsOf: f.AsOf}
			if c, ok := s.(graph.Callers); ok {
				got, want := map[graph.ID]bool{}, map[graph.ID]bool{}
				for id, err := range c.Callers(context.Background(), f.Window, f.AsOf) {
					if err != nil {
						rt.Fatal(err)
					}
					got[id] = true
				}
				for _, e := range edges(t, m, nil, graph.Out, called) {
					want[e.From] = true
				}
				equal(t, fmt.Sprintf("callers %+v", called), got, want)
			}
		}
		if t.Failed() {
			rt.Fatalf("answers differ")
		}
		for _, err := range s.Sources(context.Background()) {
			if err != nil {
				rt.Fatal(err)
			}
		}
	})
}
