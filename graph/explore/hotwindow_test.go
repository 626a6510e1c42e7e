package explore_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// warmed is an explorer whose hot window holds w.
func warmed(t *testing.T, s graph.Store, w graph.Window) *explore.Explorer {
	t.Helper()
	e := explore.New(s, explore.Options{HotWindow: 1 << 30})
	t.Cleanup(e.Close)
	if err := e.Warm(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	return e
}

// The whole answer is the same from the hot window as from the store: paths,
// evidence, what time removed and why.
func TestHotWindowIsExact(t *testing.T) {
	ctx := context.Background()
	served, nodes := 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 78))
		es := randomEstate(r)
		store := es.world().store(t)
		cold := explore.New(store, explore.Options{})
		hot := warmed(t, store, graph.Window{From: second(0).Add(-time.Hour), To: second(30)})
		q := explore.ReachQuery{Mode: graph.Compromise, Window: graph.Window{From: second(r.IntN(6)), To: second(8 + r.IntN(8))}, Epsilon: time.Duration(seed/2%3) * time.Second,
			Dependence: 3 * time.Second, DataFlow: seed%5 == 0, Static: seed%4 == 0}
		if seed%2 == 1 {
			q.Mode = graph.Failure
		}
		if q.Epsilon == 0 {
			q.Epsilon = -1
		}
		id := es.nodes[r.IntN(len(es.nodes))]
		for inert(id) {
			id = es.nodes[r.IntN(len(es.nodes))]
		}
		q.From = []string{id}
		if seed%3 == 0 {
			q.Explain = es.nodes[r.IntN(len(es.nodes))]
		}
		for _, q.Direction = range []explore.ReachDirection{explore.Forward, explore.Backward} {
			want, err := cold.Reach(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			before := hot.HotWindow().Answered
			got, err := hot.Reach(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if hot.HotWindow().Answered > before {
				served++
				nodes += len(got.Nodes)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				for _, f := range es.facts {
					t.Logf("%+v", f)
				}
				t.Logf("bounds %v", es.bounds)
				t.Fatalf("graph %d, %s of %s, ε %s, %s (-store +hot):\n%s", seed, q.Direction, id, q.Epsilon, q.Mode, diff)
			}
		}
	}
	if served < 6000 {
		t.Errorf("the hot window served %d of 8000 walks", served)
	}
	t.Logf("%d walks, %d nodes", served, nodes)
}
