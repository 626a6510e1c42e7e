package explore_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// verdicts are what a walk says: of each node and mark, how certain and when.
type verdicts map[string]string

// slowForward is what the slow walk says of a seed.
func (s *slow) slowForward(id string) verdicts {
	type best struct{ sure, may graph.Time }
	found := map[string]*best{}
	for h := range s.reach(s.seeds(id)) {
		if isKind(h.id, aRequest) {
			continue
		}
		k := h.id + " " + taints[h.what].String()
		if found[k] == nil {
			found[k] = &best{}
		}
		at := &found[k].may
		if h.worth != mayBe {
			at = &found[k].sure
		}
		if *at == 0 || h.at < *at {
			*at = h.at
		}
	}
	out := verdicts{}
	for k, b := range found {
		if b.sure != 0 {
			out[k] = "DEFINITE " + b.sure.String()
		} else {
			out[k] = "POSSIBLE " + b.may.String()
		}
	}
	return out
}

// slowBackward is what the slow walk says could have led to a node: the seeds
// from which it is reached, as what it is there.
func (s *slow) slowBackward(id string) verdicts {
	out := verdicts{}
	for _, cause := range s.nodes {
		if isKind(cause, aRequest) || !s.failure && inert(cause) {
			continue
		}
		for h := range s.reach(s.seeds(cause)) {
			if h.id != id || h.what == "seen" || !s.failure && h.what == "control" && identity(id) {
				continue
			}
			mark := taints[s.seeds(cause)[0].what]
			if s.failure {
				mark = graph.ReliedOn
			}
			k := cause + " " + mark.String()
			if h.worth != mayBe {
				out[k] = "DEFINITE"
			} else if out[k] == "" {
				out[k] = "POSSIBLE"
			}
		}
	}
	return out
}

func fast(a *explore.ReachAnswer, times bool) verdicts {
	out := verdicts{}
	for _, n := range a.Nodes {
		for _, m := range n.Marks {
			v := string(m.Certainty)
			if times {
				v += " " + m.At.String()
			}
			out[fmt.Sprint(n.Node.ID, " ", m.Mark)] = v
		}
	}
	return out
}

// The walk says what the slow one says, mark by mark, forward to the
// millisecond; and what leads to a node is exactly what it is reached from.
func TestReachBruteForce(t *testing.T) { bruteForce(t, 10_000) }

// Reading the window whole gives the same walk as reading it hop by hop.
func TestReachScanned(t *testing.T) {
	defer explore.ScanFrom(1)()
	bruteForce(t, 2000)
}

func bruteForce(t *testing.T, graphs int) {
	ctx := context.Background()
	sizes := map[string]int{}
	for seed := range uint64(graphs) {
		r := rand.New(rand.NewPCG(seed, 77))
		s := &slow{estate: randomEstate(r), failure: seed%2 == 1, eps: graph.Time(seed/2%3) * 1000, dataFlow: seed%5 == 0, w: graph.Window{From: second(4), To: second(13)}}
		e := explore.New(s.world().store(t), explore.Options{})
		q := explore.ReachQuery{Mode: graph.Compromise, Window: s.w, Epsilon: time.Duration(s.eps) * time.Millisecond, Dependence: 3 * time.Second, DataFlow: s.dataFlow}
		if s.failure {
			q.Mode = graph.Failure
		}
		if s.eps == 0 {
			q.Epsilon = -1
		}
		id := s.nodes[r.IntN(len(s.nodes))]
		for inert(id) {
			id = s.nodes[r.IntN(len(s.nodes))]
		}
		q.From = []string{id}
		for _, q.Direction = range []explore.ReachDirection{explore.Forward, explore.Backward} {
			a, err := e.Reach(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			want := s.slowForward(id)
			if q.Direction == explore.Backward {
				want = s.slowBackward(id)
			}
			got := fast(a, q.Direction == explore.Forward)
			if q.Direction == explore.Backward { // the seed itself stands in the answer as what is looked for
				maps.DeleteFunc(got, func(k, _ string) bool { return strings.HasPrefix(k, id+" ") })
				maps.DeleteFunc(want, func(k, _ string) bool { return strings.HasPrefix(k, id+" ") })
			}
			sizes[string(q.Direction)+q.Mode.String()] += len(got)
			if diff := cmp.Diff(want, got); diff != "" {
				for _, f := range s.facts {
					t.Logf("%+v", f)
				}
				t.Logf("bounds %v", s.bounds)
				t.Fatalf("graph %d, %s of %s, ε %d, %s (-slow +fast):\n%s", seed, q.Direction, id, s.eps, q.Mode, diff)
			}
			for i := range a.Nodes {
				checkPath(t, a, &a.Nodes[i])
			}
		}
	}
	t.Logf("%d graphs: marks by walk %v", graphs, sizes)
	for walk, n := range sizes {
		if n < graphs/3 {
			t.Errorf("%s: only %d marks in %d graphs: the test shows little", walk, n, graphs)
		}
	}
}

// checkPath holds that a witness is one: it joins seed and node hop by hop, and
// a node said to be definite has definite hops only.
func checkPath(t *testing.T, a *explore.ReachAnswer, n *explore.ReachedNode) {
	t.Helper()
	if len(n.Path) == 0 {
		if !n.Seed {
			t.Errorf("%s has no path", n.Node.ID)
		}
		return
	}
	first, last := n.Path[0], n.Path[len(n.Path)-1]
	seed, end := first.From, last.To
	if a.Direction == explore.Backward {
		seed, end = last.To, first.From
	}
	if end != n.Node.ID || !slices.ContainsFunc(a.From, func(s explore.Node) bool { return s.ID == seed }) {
		t.Errorf("the path of %s runs from %s to %s", n.Node.ID, seed, end)
	}
	for i, h := range n.Path {
		if i > 0 && h.From != n.Path[i-1].To {
			t.Errorf("the path of %s is torn at %d: %+v", n.Node.ID, i, n.Path)
		}
		if n.Certainty == explore.Definite && h.Certainty != explore.Definite {
			t.Errorf("%s is definite by a hop that is not: %+v", n.Node.ID, h)
		}
		if h.Kind == graph.Called && len(h.Evidence) == 0 {
			t.Errorf("a call without evidence: %+v", h)
		}
	}
}
