package explore_test

import (
	"context"
	"fmt"
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

// hubs is a world in which one key does and hands out a lot.
func hubs(from, to int) *world {
	w := newWorld()
	for n := from; n < to; n++ {
		key := graph.EventKey{From: w.node("aws:key:AKIAHUB"), To: w.node(fmt.Sprintf("aws:key:ASIA%d", n)), Kind: graph.Issued}
		w.fact(key, graph.Label{Join: graph.KeyJoin}, graph.Observation{At: at(float64(n))})
		w.call(deed{at: at(float64(n) + 1), from: fmt.Sprintf("aws:key:ASIA%d", n), action: "s3:PutBucketTagging", effect: graph.Change, to: fmt.Sprintf("arn:aws:s3:::b%d", n)})
	}
	return w
}

// A window is made by itself where it is asked for twice, is not used for a
// store that has changed since, nor as of an earlier state.
func TestHotWindowFollowsTheStore(t *testing.T) {
	ctx := context.Background()
	s := stores[0].open(t)
	hubs(0, 20).into(t, s)
	cold := explore.New(s, explore.Options{})
	hot := explore.New(s, explore.Options{HotWindow: 1 << 20})
	t.Cleanup(hot.Close)
	q := explore.ReachQuery{From: []string{"AKIAHUB"}, Window: graph.Window{From: at(0), To: at(60)}}
	same := func(q explore.ReachQuery) {
		t.Helper()
		want, err := cold.Reach(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hot.Reach(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-store +hot):\n%s", diff)
		}
	}
	untilServed := func() {
		t.Helper()
		before := hot.HotWindow().Answered
		for start := time.Now(); hot.HotWindow().Answered == before; time.Sleep(time.Millisecond) {
			if same(q); time.Since(start) > 30*time.Second {
				t.Fatal("the hot window serves nothing")
			}
		}
	}
	untilServed()
	mark, err := hot.Watermark(ctx)
	if err != nil {
		t.Fatal(err)
	}
	hubs(20, 40).into(t, s)
	before := hot.HotWindow().Answered
	same(q)
	old := q
	old.AsOf = mark
	same(old)
	if n := hot.HotWindow().Answered; n != before {
		t.Errorf("%d walks were served of a state that is gone", n-before)
	}
	untilServed()
	wider := q
	wider.Window.To = at(600)
	same(wider)
	narrow := q
	narrow.Window = graph.Window{From: at(5), To: at(30)}
	before = hot.HotWindow().Answered
	if same(narrow); hot.HotWindow().Answered != before+1 {
		t.Error("an hour inside was read from the store")
	}
}

// Memory is bounded, and so is a walk.
func TestHotWindowIsBounded(t *testing.T) {
	ctx := context.Background()
	s := stores[0].open(t)
	hubs(0, 50).into(t, s)
	q := explore.ReachQuery{From: []string{"AKIAHUB"}, Window: graph.Window{From: at(0), To: at(60)}}
	small := explore.New(s, explore.Options{HotWindow: 1000})
	t.Cleanup(small.Close)
	if err := small.Warm(ctx, q.Window); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("a window that does not fit: %v", err)
	}
	for range 10 {
		if a, err := small.Reach(ctx, q); err != nil || a.Total.Nodes != 100 {
			t.Fatalf("%v, %v", a, err)
		}
	}
	if h := small.HotWindow(); h.Answered != 0 || h.Bytes != 0 {
		t.Errorf("%+v", h)
	}
	hot := warmed(t, s, q.Window)
	if h := hot.HotWindow(); h.Links != 100 || h.Nodes != 101 || h.Bytes < 20_000 || h.Bytes > 100_000 {
		t.Errorf("%+v", h)
	}
	q.Budget.Edges = 60
	a, err := hot.Reach(ctx, q)
	if err != nil || a.Truncated == nil || a.Truncated.Limit != explore.LimitEdges || a.Total.Nodes >= 100 || a.Coverage.Complete {
		t.Errorf("a walk of 100 edges with a budget of 60: %+v, %v", a.Total, err)
	}
	q.Budget.Edges = 0
	if a, err := hot.Reach(ctx, q); err != nil || a.Truncated != nil || a.Total.Nodes != 100 {
		t.Errorf("after it: %+v, %v", a, err)
	}
	if hot.HotWindow().Answered != 2 {
		t.Error("the hot window did not serve")
	}
}
