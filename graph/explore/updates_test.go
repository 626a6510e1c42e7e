package explore_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
)

// What an update counts is what a second ingest adds to the distinct calls of
// the window, however the calls are spread over records and files.
func TestUpdateCountsWhatIsNew(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		deeds := randomDeeds(r, 60)
		var before, after, failed = map[string]bool{}, map[string]bool{}, map[string]bool{}
		w := graph.Window{From: at(float64(r.IntN(120))), To: at(float64(120 + r.IntN(120)))}
		s := storetest.NewModel()
		cut := r.IntN(len(deeds))
		first, second := cast(), newWorld()
		for i, d := range deeds {
			call := d.call
			if call == "" {
				call = d.evidence
			}
			if i < cut {
				first.call(d)
			} else {
				second.call(d)
			}
			if !w.Contains(d.at) {
				continue
			}
			if i < cut {
				before[call] = true
			} else {
				after[call] = true
				failed[call] = failed[call] || d.outcome != graph.OK && d.outcome != graph.Probe
			}
		}
		first.into(t, s)
		e := explore.New(s, explore.Options{})
		mark, err := e.Watermark(ctx)
		if err != nil {
			t.Fatal(err)
		}
		second.into(t, s)
		got, err := e.Update(ctx, mark, w)
		if err != nil {
			t.Fatal(err)
		}
		calls, failures := 0, 0
		for call := range after {
			if !before[call] {
				calls++
				if failed[call] {
					failures++
				}
			}
		}
		if got.Calls != calls || got.Failures != failures || got.Watermark != int(mark)+1 || got.LastEvent != at(300) {
			t.Fatalf("seed %d: %+v, want %d calls, %d failed", seed, got, calls, failures)
		}
		if again, err := e.Update(ctx, uint64(got.Watermark), w); err != nil || again.Calls != 0 || again.Failures != 0 {
			t.Fatalf("nothing came, yet %+v (%v)", again, err)
		}
	}
	s := storetest.NewModel()
	if _, err := explore.New(s, explore.Options{}).Update(ctx, 1, graph.Window{}); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("since beyond the watermark: %v", err)
	}
}
