package explore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/otlp"
	"github.com/blastradius/blastradius/testdata"
)

// stores are all that there are, by name; each is to give the same answers.
var stores = []struct {
	name string
	open func(t *testing.T) graph.Store
}{
	{"model", func(*testing.T) graph.Store { return storetest.NewModel() }},
	{"pebble", func(t *testing.T) graph.Store {
		s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}},
	{"neo4j", func(t *testing.T) graph.Store { return neo4jtest.Open(t) }},
}

// subject is what the questions are asked about.
type subject struct {
	window graph.Window
	things []string // nodes of any kind
	text   string
	event  string
}

// asked is a question about a node, or about nobody.
type asked struct {
	name string
	ask  func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error)
}

// ofNode and ofWindow are every question there is: a new one is a row here.
var ofNode = []asked{
	{"touched", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Touched(ctx, explore.TouchedQuery{Resources: []string{of}, Window: c.window, Who: explore.WhoAll, Match: graph.Mentioned, Parts: true, Evidence: explore.EvidencePage{First: -1}})
	}},
	{"activity", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Activity(ctx, explore.ActivityQuery{Of: []string{of}, Window: c.window, Evidence: explore.EvidencePage{First: -1}})
	}},
	{"chain", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Chain(ctx, explore.ChainQuery{Of: []string{of}})
	}},
	{"timeline of", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Timeline(ctx, explore.TimelineQuery{Of: []string{of}, Window: c.window, First: 9})
	}},
	{"reach Compromise Forward", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Reach(ctx, explore.ReachQuery{From: []string{of}, Mode: graph.Compromise, Direction: explore.Forward, Window: c.window, Static: true, Explain: c.things[0], DataFlow: true})
	}},
	{"reach Compromise Backward", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Reach(ctx, explore.ReachQuery{From: []string{of}, Mode: graph.Compromise, Direction: explore.Backward, Window: c.window, Static: true, Explain: c.things[0], DataFlow: true})
	}},
	{"reach Failure Forward", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Reach(ctx, explore.ReachQuery{From: []string{of}, Mode: graph.Failure, Direction: explore.Forward, Window: c.window, Static: true, Explain: c.things[0], DataFlow: true})
	}},
	{"reach Failure Backward", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Reach(ctx, explore.ReachQuery{From: []string{of}, Mode: graph.Failure, Direction: explore.Backward, Window: c.window, Static: true, Explain: c.things[0], DataFlow: true})
	}},
	{"containment", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Containment(ctx, explore.ContainmentQuery{Cut: []string{of}, At: c.window.From + (c.window.To-c.window.From)/3, Window: c.window})
	}},
	{"workflow", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Workflow(ctx, explore.WorkflowQuery{Of: []string{of}, Window: c.window, Who: explore.WhoAll, Evidence: explore.EvidencePage{First: -1}})
	}},
	{"suspects", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Suspects(ctx, explore.SuspectsQuery{Resource: of, At: c.window.To, LookBack: 2 * time.Hour})
	}},
	{"picture", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Picture(ctx, explore.PictureQuery{Of: []string{of}, Window: c.window, Who: explore.WhoAll, Nodes: 30})
	}},
	{"node", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Node(ctx, of)
	}},
	{"neighbours", func(ctx context.Context, e *explore.Explorer, c subject, of string) (any, error) {
		return e.Neighbours(ctx, explore.NeighboursQuery{ID: of, Window: c.window, First: 4})
	}},
}

var ofWindow = []asked{
	{"failures", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Failures(ctx, explore.FailuresQuery{Window: c.window})
	}},
	{"novel", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Novel(ctx, explore.NovelQuery{Window: graph.Window{From: c.window.From + (c.window.To-c.window.From)/2, To: c.window.To}, Who: explore.WhoAll})
	}},
	{"timeline", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Timeline(ctx, explore.TimelineQuery{Window: c.window, First: 9})
	}},
	{"histogram", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Histogram(ctx, explore.HistogramQuery{Window: c.window, Bins: 7})
	}},
	{"search", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Search(ctx, explore.SearchQuery{Text: c.text})
	}},
	{"event", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Event(ctx, c.event)
	}},
	{"coverage", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Coverage(ctx, explore.CoverageQuery{Window: c.window})
	}},
	{"inventory", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Inventory(ctx, explore.InventoryQuery{})
	}},
	{"sources", func(ctx context.Context, e *explore.Explorer, c subject, _ string) (any, error) {
		return e.Sources(ctx, explore.SourcesQuery{})
	}},
}

// everything asks each question, and gives the answers as JSON. What fails is
// an answer too.
func everything(t *testing.T, e *explore.Explorer, c subject) map[string]string {
	t.Helper()
	out := map[string]string{}
	ask := func(q asked, of string) {
		a, err := q.ask(t.Context(), e, c, of)
		text, jerr := json.Marshal(a)
		if jerr != nil {
			t.Fatal(jerr)
		}
		out[q.name+" "+of] = fmt.Sprintf("%s %v", text, err)
	}
	for _, of := range c.things {
		for _, q := range ofNode {
			ask(q, of)
		}
	}
	for _, q := range ofWindow {
		ask(q, "")
	}
	return out
}

// One implementation over any store: the answers are equal, and so are those of
// an explorer that was asked before, from many sides at once.
func TestStoresAgree(t *testing.T) {
	c := subject{window: graph.Window{From: at(20), To: at(200)}, things: []string{bucket, deploy, agent, nodeKey}, text: "aws", event: "r0003"}
	for seed := range uint64(4) {
		ds := randomDeeds(rand.New(rand.NewPCG(seed, 3)), 50)
		var want map[string]string
		for _, store := range stores {
			s := store.open(t)
			with(ds[:30]).into(t, s)
			e := explore.New(s, explore.Options{})
			everything(t, e, c) // of an earlier state
			with(ds[30:]).into(t, s)
			if want == nil {
				want = everything(t, e, c)
				continue
			}
			var wg sync.WaitGroup
			hot := warmed(t, s, graph.Window{})
			for _, e := range []*explore.Explorer{e, e, hot, hot} {
				wg.Go(func() {
					if diff := cmp.Diff(want, everything(t, e, c)); diff != "" {
						t.Errorf("seed %d: the stores differ (-%s +%s):\n%s", seed, stores[0].name, store.name, diff)
					}
				})
			}
			wg.Wait()
		}
	}
}

// The stores agree on files too: on the demo world and on a real capture.
func TestStoresAgreeOnFiles(t *testing.T) {
	t.Run("world", func(t *testing.T) {
		agreeOn(t, func() iter.Seq[feed.Object] { return feed.FS(testdata.World, "world/cloudtrail", "demo:") },
			subject{window: graph.Window{From: graph.TimeOf(testdata.Now) - graph.Time(4*graph.HourMillis), To: graph.TimeOf(testdata.Now)}, text: "billing",
				things: []string{testdata.FailedResource, testdata.EngineerRole, "aws:key:" + testdata.DeployKey, "aws:key:" + testdata.ForwardedKey, testdata.ExportBucket}})
	})
	t.Run("invictus", func(t *testing.T) {
		dir := filepath.Join("..", "..", "..", "shared", "data", "invictus-aws-stratus-2023", "CloudTrail")
		if _, err := os.Stat(dir); err != nil {
			t.Skip("the capture is not here: ", err)
		}
		agreeOn(t, func() iter.Seq[feed.Object] { return feed.Directory(dir) }, subject{text: "stratus"})
	})
}

// agreeOn ingests files into each store and compares the answers about the
// subject, and about some nodes of every kind; an open window becomes that of all
// events, the event one that is there.
func agreeOn(t *testing.T, files func() iter.Seq[feed.Object], c subject) {
	var want map[string]string
	for _, store := range stores[1:] { // a model would answer for hours
		s := store.open(t)
		if _, err := ingest.Run(t.Context(), s, files(), []ingest.Format{cloudtrail.New(cloudtrail.Options{}), otlp.New()}, ingest.Options{Workers: 1}); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			c = chosen(t, s, c)
		}
		got := everything(t, explore.New(s, explore.Options{}), c)
		if want == nil {
			want = got
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the stores differ (-%s +%s):\n%s", stores[1].name, store.name, diff)
		}
		hot := warmed(t, s, graph.Window{})
		if diff := cmp.Diff(want, everything(t, hot, c)); diff != "" {
			t.Errorf("%s: a hot window makes a difference (-without +with):\n%s", store.name, diff)
		}
		if hot.HotWindow().Answered == 0 {
			t.Errorf("%s: the hot window answered nothing", store.name)
		}
	}
}

// chosen adds to the subject two nodes of each kind, the window and an event.
func chosen(t *testing.T, s graph.Store, c subject) subject {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	for _, k := range graph.Kinds {
		var of []graph.ID
		for n, err := range s.Nodes(t.Context(), graph.Selector{Kinds: []graph.Kind{k.Kind}}) {
			if err != nil {
				t.Fatal(err)
			}
			of = append(of, n.ID)
		}
		for range min(2, len(of)) {
			c.things = append(c.things, string(of[r.IntN(len(of))]))
		}
	}
	var first, last graph.Time
	for e, err := range s.Edges(t.Context(), nil, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		if first == 0 || e.First < first {
			first, c.event = e.First, e.Observations[0].Evidence
		}
		last = max(last, e.Last)
	}
	if c.window.IsZero() {
		c.window = graph.Window{From: first, To: last + 1}
	}
	return c
}
