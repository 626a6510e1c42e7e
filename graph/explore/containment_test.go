package explore_test

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// without is the estate as it would be with that cut from then on: the records
// that would not have been written are taken out of it.
func (e *estate) without(id string, how explore.RoleCut, at graph.Time) *estate {
	stops := map[string]bool{id: true}
	born := func(id string) graph.Time {
		came := second(1000)
		for _, f := range e.facts {
			if f.kind == graph.Of && f.from == id {
				came = min(came, f.first)
			}
			if f.kind == graph.Holds && (f.from == id || f.to == id) {
				for _, b := range f.begins {
					came = min(came, b)
				}
			}
		}
		return came
	}
	barred := map[string]bool{}
	for _, f := range e.facts {
		switch {
		case f.kind == graph.Holds && f.from == id && (aSession(id) || identity(id)) && !isKind(id, aRole):
			stops[f.to] = true
		case f.kind == graph.Of && f.to == id && isKind(id, aUser):
			stops[f.from] = true
		case f.kind == graph.Of && f.to == id && isKind(id, aRole) && how == explore.BlockNew && born(f.from) >= at:
			barred[f.from] = true
		case f.kind == graph.Of && f.to == id && isKind(id, aRole) && how == explore.DenyIssued && born(f.from) < at:
			stops[f.from] = true
		}
	}
	if isKind(id, aRole) {
		delete(stops, id)
	}
	out := &estate{nodes: e.nodes, bounds: e.bounds, gone: e.gone}
	for _, f := range e.facts {
		if !f.kind.Standing() && (stops[f.from] || f.kind == graph.Issued && barred[f.to]) {
			f.times = slices.DeleteFunc(slices.Clone(f.times), func(t graph.Time) bool { return t >= at })
			if len(f.times) == 0 {
				continue
			}
		}
		if f.kind == graph.Of && barred[f.from] && f.to == id {
			continue // it would not be there to be reached by a right added to the role
		}
		out.facts = append(out.facts, f)
	}
	return out
}

// What the attacker keeps is what it reaches in the graph without the element.
func TestContainmentIsRemoval(t *testing.T) {
	ctx := context.Background()
	lost, suggested, open := 0, 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 78))
		s := &slow{estate: randomEstate(r), w: graph.Window{From: second(2), To: second(14)}}
		eps := time.Duration(seed%3) * time.Second
		if eps == 0 {
			eps = -1
		}
		pick := func(fits func(string) bool) string {
			for {
				if id := s.nodes[r.IntN(len(s.nodes))]; fits(id) {
					return id
				}
			}
		}
		from := pick(func(id string) bool { return credential(id) || aSession(id) || identity(id) && !inert(id) })
		cut := from
		if seed%2 == 0 {
			cut = pick(func(id string) bool {
				return (credential(id) || isKind(id, aSess, anAgent) || identity(id)) && !inert(id)
			})
		}
		at := second(2 + r.IntN(8))
		how := []explore.RoleCut{explore.DenyIssued, explore.BlockNew}[r.IntN(2)]
		if how == explore.BlockNew && isKind(cut, aRole) && isKind(from, aRole) {
			continue // a seed reaches what is its own, born or not
		}
		q := explore.ReachQuery{From: []string{from}, Window: s.w, Epsilon: eps}
		e := explore.New(s.world().store(t), explore.Options{})
		before, err := e.Reach(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.Containment(ctx, explore.ContainmentQuery{Cut: []string{cut}, From: q.From, Role: how, At: at, Window: s.w, Epsilon: eps})
		if err != nil {
			t.Fatal(err)
		}
		want, err := explore.New(s.without(cut, how, at).world().store(t), explore.Options{}).Reach(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		after := &explore.ReachAnswer{}
		for _, n := range before.Nodes {
			same := func(x explore.ReachedNode) bool { return x.Node.ID == n.Node.ID }
			if slices.ContainsFunc(c.Lost, same) {
				lost++
				continue
			}
			if i := slices.IndexFunc(c.Weakened, same); i >= 0 {
				n = c.Weakened[i]
			}
			after.Nodes = append(after.Nodes, n)
		}
		if diff := cmp.Diff(fast(want, true), fast(after, true)); diff != "" {
			for _, f := range s.facts {
				t.Logf("%+v", f)
			}
			t.Fatalf("graph %d, cut %s (%s) at %s, from %s (-without it +after the cut):\n%s", seed, cut, how, at, from, diff)
		}
		if x := c.Suggestion; x != nil && x.Protected > 0 {
			if !x.Sufficient || len(x.Cut) == 0 {
				t.Errorf("graph %d: the suggested cut is not enough: %+v", seed, x)
			}
			suggested++
			open += len(x.Open)
		}
	}
	t.Logf("%d nodes lost, %d cuts suggested, %d nodes that no cut protects", lost, suggested, open)
	if lost < 200 || suggested < 150 {
		t.Error("the test shows little")
	}
}

// The cut is as cheap as any, and it is one.
func TestVertexCutBruteForce(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 79))
		n := 4 + r.IntN(17)
		costs := make([]int, n)
		var can []int
		for v := range costs {
			costs[v] = 1 + r.IntN(5)
			if v < 2 || r.IntN(4) == 0 || len(can) == 14 {
				costs[v] = explore.Uncuttable
			} else {
				can = append(can, v)
			}
		}
		var edges [][2]int
		for range n + r.IntN(2*n) {
			edges = append(edges, [2]int{r.IntN(n), r.IntN(n)})
		}
		sources, sinks := []int{0, 2}, []int{1}
		separates := func(out uint) bool {
			reached := uint(0)
			for _, v := range sources {
				reached |= 1 << v &^ out
			}
			for range n {
				for _, e := range edges {
					if reached&(1<<e[0]) != 0 {
						reached |= 1 << e[1] &^ out
					}
				}
			}
			return reached&(1<<sinks[0]) == 0
		}
		cost := func(out uint) (sum int) {
			for ; out != 0; out &= out - 1 {
				sum += costs[bits.TrailingZeros(out)]
			}
			return sum
		}
		best := explore.Uncuttable
		for pick := range uint(1) << len(can) {
			out := uint(0)
			for i, v := range can {
				out |= (pick >> i & 1) << v
			}
			if c := cost(out); c < best && separates(out) {
				best = c
			}
		}
		got, ok := explore.VertexCut(costs, edges, sources, sinks)
		out := uint(0)
		for _, v := range got {
			out |= 1 << v
		}
		switch {
		case ok != (best < explore.Uncuttable):
			t.Errorf("graph %d: a cut is found: %v, brute force says %v", seed, ok, !ok)
		case ok && (cost(out) != best || !separates(out)):
			t.Errorf("graph %d: cut %v costs %d and separates: %v; the cheapest costs %d", seed, got, cost(out), separates(out), best)
		}
	}
}

// To cut a session is to cut its keys: what they did counts.
func TestSuggestedSessionCountsItsKeys(t *testing.T) {
	const box, sess, key = "arn:aws:ec2:r:1:instance/i-0box", "aws:session:AROABOX:i-0box@2026-11-22T10:00:00Z", "aws:key:ASIABOX0000000000000"
	w := newWorld()
	w.stands(graph.Runs, box, sess, at(0))
	w.stands(graph.Holds, sess, key, at(0))
	for n := range 5 {
		w.call(deed{at: at(float64(n + 1)), from: key, action: "s3:GetObject", effect: graph.Read, to: "arn:aws:s3:::images"})
	}
	w.call(deed{at: at(10), from: aliceKey, action: "ssm:SendCommand", effect: graph.Control, to: box})
	w.call(deed{at: at(20), from: sess, action: "s3:PutBucketPolicy", effect: graph.Change, to: bucket})
	c, err := explore.New(w.store(t), explore.Options{}).Containment(context.Background(), explore.ContainmentQuery{From: []string{aliceKey}, Protect: []string{bucket}, At: at(12), Window: graph.Window{From: at(0), To: at(60)}})
	if err != nil {
		t.Fatal(err)
	}
	x := c.Suggestion
	if x == nil || len(x.Cut) != 1 || x.Cut[0].Node.ID != sess || x.Cut[0].Cost != 6 || !x.Sufficient {
		t.Errorf("%+v, want the session, for itself and 5 calls of its key", x)
	}
}
