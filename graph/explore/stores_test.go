package explore_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
)

// everything asks each question once.
func everything(t *testing.T, s graph.Store) []any {
	t.Helper()
	return askAll(t, explore.New(s, explore.Options{}))
}

func askAll(t *testing.T, e *explore.Explorer) (out []any) {
	t.Helper()
	ctx := context.Background()
	keep := func(a any, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		out = append(out, a)
	}
	w := graph.Window{From: at(20), To: at(200)}
	page := explore.EvidencePage{First: -1}
	keep(e.Touched(ctx, explore.TouchedQuery{Resources: []string{bucket}, Window: w, Who: explore.WhoAll, Match: graph.Mentioned, Parts: true, Evidence: page}))
	keep(e.Activity(ctx, explore.ActivityQuery{Of: []string{deploy}, Window: w, Evidence: page}))
	keep(e.Activity(ctx, explore.ActivityQuery{Of: []string{agent}, Window: w, Evidence: page}))
	keep(e.Chain(ctx, explore.ChainQuery{Of: []string{nodeKey}}))
	for _, mode := range []graph.Physics{graph.Compromise, graph.Failure} {
		for _, dir := range []explore.ReachDirection{explore.Forward, explore.Backward} {
			keep(e.Reach(ctx, explore.ReachQuery{From: []string{bucket, aliceKey, ciToken}, Mode: mode, Direction: dir, Window: w, Static: true, Explain: deploy, DataFlow: true}))
		}
	}
	for _, cut := range []string{aliceKey, session, agent, deploy, alice + "->" + deploy} {
		keep(e.Containment(ctx, explore.ContainmentQuery{Cut: []string{cut}, From: []string{aliceKey}, At: at(60), Window: w}))
	}
	keep(e.Failures(ctx, explore.FailuresQuery{Window: w}))
	keep(e.Novel(ctx, explore.NovelQuery{Window: graph.Window{From: at(90), To: at(200)}, Who: explore.WhoAll}))
	keep(e.Novel(ctx, explore.NovelQuery{Of: []string{agent}, Window: graph.Window{From: at(90), To: at(200)}}))
	keep(e.Workflow(ctx, explore.WorkflowQuery{Of: []string{bucket}, Window: w, Who: explore.WhoAll, Evidence: page}))
	keep(e.Suspects(ctx, explore.SuspectsQuery{Resource: bucket, At: at(200), LookBack: 2 * time.Hour}))
	keep(e.Workflow(ctx, explore.WorkflowQuery{Of: []string{nodeKey}, Window: w, Evidence: page}))
	keep(e.Timeline(ctx, explore.TimelineQuery{Window: w, First: 9}))
	keep(e.Timeline(ctx, explore.TimelineQuery{Of: []string{bucket}, Window: w, First: 9}))
	keep(e.Histogram(ctx, explore.HistogramQuery{Window: w, Bins: 7}))
	keep(e.Picture(ctx, explore.PictureQuery{Of: []string{bucket}, Window: w, Who: explore.WhoAll, Match: graph.Mentioned}))
	keep(e.Picture(ctx, explore.PictureQuery{Of: []string{deploy}, Window: w, Nodes: 6}))
	keep(e.Search(ctx, explore.SearchQuery{Text: "aws"}))
	keep(e.Node(ctx, deploy))
	keep(e.Neighbours(ctx, explore.NeighboursQuery{ID: bucket, Window: w, First: 4}))
	keep(e.Event(ctx, "r0003"))
	keep(e.Coverage(ctx, explore.CoverageQuery{Window: w}))
	keep(e.Inventory(ctx, explore.InventoryQuery{}))
	keep(e.Sources(ctx, explore.SourcesQuery{}))
	return out
}

// One implementation over any store: the answers are equal, and so are those of
// an explorer that was asked before, from many sides at once.
func TestStoresAgree(t *testing.T) {
	for seed := range uint64(4) {
		ds := randomDeeds(rand.New(rand.NewPCG(seed, 3)), 50)
		model := storetest.NewModel()
		real, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []graph.Store{model, real} {
			with(ds[:30]).into(t, s)
		}
		e := explore.New(real, explore.Options{})
		askAll(t, e) // of an earlier state
		for _, s := range []graph.Store{model, real} {
			with(ds[30:]).into(t, s)
		}
		want := everything(t, model)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if diff := cmp.Diff(want, askAll(t, e)); diff != "" {
					t.Errorf("seed %d: the stores differ (-model +pebble):\n%s", seed, diff)
				}
			})
		}
		wg.Wait()
		if err := real.Close(); err != nil {
			t.Error(err)
		}
	}
}
