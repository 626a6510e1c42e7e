package explore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
)

// files adds a ledger of two streams, a file each five minutes for four hours.
// east is silent from minute 60 to 180 if gap is set.
func files(t *testing.T, s graph.Store, gap bool) {
	b := graph.NewBuilder()
	for i := range 48 {
		for _, stream := range []string{"east", "west"} {
			from := float64(i * 5)
			if gap && stream == "east" && from >= 60 && from < 180 {
				continue
			}
			b.Source(graph.Source{Name: fmt.Sprintf("/logs/%s-%d.json.gz", stream, i), Kind: "cloudtrail", Stream: stream, Hash: fmt.Sprint(stream, i), Final: true,
				First: at(from), Last: at(from + 4), Records: 10})
		}
	}
	if err := s.Apply(context.Background(), b.Batch()); err != nil {
		t.Fatal(err)
	}
}

func TestCoverage(t *testing.T) {
	ask := func(s graph.Store, from, to float64) *explore.Coverage {
		t.Helper()
		c, err := explore.New(s, explore.Options{}).Coverage(context.Background(), explore.CoverageQuery{Window: graph.Window{From: at(from), To: at(to)}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	apply := func(s graph.Store, b *graph.Builder) {
		t.Helper()
		if err := s.Apply(context.Background(), b.Batch()); err != nil {
			t.Fatal(err)
		}
	}

	if c := ask(storetest.NewModel(), 0, 10); c.Complete || len(c.Reasons) == 0 {
		t.Errorf("nothing ingested reads as clean: %+v", c)
	}
	s := storetest.NewModel()
	files(t, s, false)
	c := ask(s, 0, 240)
	if !c.Complete || len(c.Sources) != 2 || c.Sources[0].Events != 480 || c.Sources[0].Files != 48 || c.FirstEvent != at(0) || c.LastEvent != at(239) {
		t.Errorf("%+v", c)
	}
	if c := ask(s, 62, 71); c.Sources[1].Files != 3 || c.Sources[1].Events != 30 {
		t.Errorf("files in part of the window: %+v", c.Sources)
	}
	if c := ask(s, 1000, 1240); c.Complete || c.SuggestUntil != at(239)+1000 {
		t.Errorf("a window after the newest event: %+v", c)
	}
	if c := ask(s, 0, 301); c.Complete {
		t.Errorf("the data ends 62 minutes before the window and reads as clean: %+v", c)
	}
	if c := ask(s, 0, 299); !c.Complete {
		t.Errorf("the data ends an hour before the window: %+v", c)
	}
	if c := ask(s, -61, 240); c.Complete {
		t.Errorf("the data begins 61 minutes into the window and reads as clean: %+v", c)
	}

	s = storetest.NewModel()
	files(t, s, true)
	if c := ask(s, 0, 240); c.Complete || len(c.Gaps) != 1 || c.Gaps[0].Kind != explore.GapSilent || c.Gaps[0].Source != "east" || c.Gaps[0].From != at(59) || c.Gaps[0].To != at(180) {
		t.Errorf("%+v", c)
	}
	if c := ask(s, 0, 50); !c.Complete {
		t.Errorf("a gap after the window: %+v", c)
	}
	if c, err := explore.New(s, explore.Options{}).Coverage(context.Background(), explore.CoverageQuery{Window: graph.Window{From: at(0), To: at(240)}, Silence: 3 * 3600e9}); err != nil || !c.Complete {
		t.Errorf("two hours of silence, three allowed: %+v %v", c, err)
	}

	b := graph.NewBuilder()
	b.Source(graph.Source{Name: "d1.json.gz", Kind: "cloudtrail-digest", Final: true, First: at(60), Last: at(120), Lists: []string{"b/east-1.json.gz", "b/east-99.json.gz"}})
	b.Source(graph.Source{Name: "big.json.gz", Kind: "cloudtrail", Stream: "west", Hash: "big", First: at(10), Last: at(20), Records: 5})
	s = storetest.NewModel()
	files(t, s, false)
	apply(s, b)
	if c := ask(s, 0, 240); len(c.Gaps) != 1 || c.Gaps[0].Kind != explore.GapFileMissing || c.Gaps[0].Source != "b/east-99.json.gz" || !slices.Equal(c.Writing, []string{"big.json.gz"}) || len(c.Reasons) != 2 {
		t.Errorf("%+v", c)
	}
	b = graph.NewBuilder()
	b.Source(graph.Source{Name: "big.json.gz", Kind: "cloudtrail", Stream: "west", Hash: "big", Segment: 1, Final: true, First: at(20), Last: at(30), Records: 5, Rejected: 2})
	apply(s, b)
	if c := ask(s, 0, 240); len(c.Writing) != 0 || c.Rejected != 2 || c.Sources[1].Files != 49 {
		t.Errorf("%+v", c)
	}
	if c := ask(s, 125, 240); !c.Complete || c.Rejected != 0 {
		t.Errorf("what is wrong before the window: %+v", c)
	}
}

func TestLoggingStopped(t *testing.T) {
	const trail = "arn:aws:cloudtrail:r:1:trail/main"
	w := cast()
	w.call(deed{at: at(10), from: tempKey, action: "cloudtrail:StopLogging", to: trail, effect: graph.Change, outcome: graph.Denied})
	stop := w.call(deed{at: at(20), from: tempKey, action: "cloudtrail:StopLogging", to: trail, effect: graph.Change})
	w.call(deed{at: at(25), from: tempKey, action: "cloudtrail:DeleteTrail", to: trail, effect: graph.Delete})
	start := w.call(deed{at: at(40), from: tempKey, action: "cloudtrail:StartLogging", to: trail, effect: graph.Change})
	e := explore.New(w.store(t), explore.Options{})
	for _, c := range []struct {
		from, to float64
		gaps     int
	}{{0, 15, 0}, {0, 21, 1}, {30, 31, 1}, {41, 60, 0}} {
		got, err := e.Coverage(context.Background(), explore.CoverageQuery{Window: graph.Window{From: at(c.from), To: at(c.to)}})
		if err != nil || len(got.Gaps) != c.gaps || got.Complete == (c.gaps > 0) {
			t.Errorf("[%v, %v): %+v %v", c.from, c.to, got, err)
		}
		if c.gaps > 0 && !slices.Equal(got.Gaps[0].Evidence, []string{stop, start}) {
			t.Errorf("evidence %v", got.Gaps[0].Evidence)
		}
	}
}

func TestUnjoined(t *testing.T) {
	w := cast() // bob's key by its session, deploy, ci and node are joined; lost is not
	w.stands(graph.Of, "aws:key:ASIAHALF00000000000", deploy, at(100))
	w.issued(at(100), "aws:request:alone", "aws:key:ASIAHALF00000000000", graph.RequestJoin)
	// Two keys of one session, none joined: one session.
	const s = "aws:session:AROAX:n@2026-11-22T10:00:00Z"
	w.stands(graph.Of, s, deploy, at(100))
	for _, k := range []string{"aws:key:ASIAX10000000000000", "aws:key:ASIAX20000000000000"} {
		w.stands(graph.Of, k, deploy, at(100))
		w.stands(graph.Holds, s, k, at(100))
		w.call(deed{at: at(100), from: k, action: "s3:GetObject", to: bucket})
	}
	w.call(deed{at: at(101), from: "aws:key:ASIAHALF00000000000", action: "s3:GetObject", to: bucket})
	for _, from := range []string{lost, tempKey} {
		w.call(deed{at: at(2), from: from, action: "s3:GetObject", to: bucket})
	}
	e := explore.New(w.store(t), explore.Options{})
	for _, c := range []struct {
		from, to float64
		want     int
	}{{-300, 300, 3}, {0, 50, 1}, {90, 110, 2}, {4, 90, 0}} {
		got, err := e.Coverage(context.Background(), explore.CoverageQuery{Window: graph.Window{From: at(c.from), To: at(c.to)}})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := e.Unjoined(context.Background(), got); err != nil || n != c.want {
			t.Errorf("[%v, %v): %d, want %d (%v)", c.from, c.to, n, c.want, err)
		}
	}
}

// What came later is not seen by an answer as of before.
func TestAsOf(t *testing.T) {
	w := cast()
	w.call(deed{at: at(1), from: lost, action: "s3:GetObject", to: bucket})
	s := w.store(t)
	e := explore.New(s, explore.Options{})
	mark, _ := e.Watermark(context.Background())
	late := newWorld()
	late.call(deed{at: at(2), from: lost, action: "s3:GetObject", to: bucket, evidence: "late@1"})
	late.issued(at(0), aliceKey, lost, graph.KeyJoin)
	late.into(t, s)
	for asOf, want := range map[uint64]int{0: 2, mark: 1} {
		a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{bucket}, AsOf: asOf, Evidence: explore.EvidencePage{First: -1}})
		if err != nil || a.Total.Calls != want || a.Identities[0].Origins[0].Known != (asOf == 0) {
			t.Errorf("as of %d: %+v %v", asOf, a, err)
		}
		n, err := e.Unjoined(context.Background(), a.Coverage)
		if err != nil || asOf == mark && (a.AsOf != int(mark) || n != 1) || asOf == 0 && n != 0 {
			t.Errorf("as of %d: %d unjoined %v: %+v", asOf, n, err, a.Coverage)
		}
	}
}

func TestFind(t *testing.T) {
	ctx := context.Background()
	w := cast()
	x := w.call(deed{at: at(1), from: tempKey, action: "s3:GetObject", to: bucket, agent: agent, evidence: "ev-1@1"})
	w.call(deed{at: at(1), from: tempKey, action: "s3:GetObject", to: object, role: graph.Member, evidence: "ev-1@1"})
	w.call(deed{at: at(2), from: tempKey, action: "s3:PutObject", to: bucket, outcome: graph.Denied})
	w.attr(deploy, graph.AttrUniqueID, "AROAOLD", at(-200))
	w.attr(deploy, graph.AttrDeleted, "gone", at(-150))
	w.attr(deploy, graph.AttrCreated, "made", at(-100))
	w.attr(deploy, graph.AttrUniqueID, "AROADEPLOY", at(0))
	e := explore.New(w.store(t), explore.Options{ReadRecord: func(_ context.Context, source string, record uint32, evidence string) ([]byte, error) {
		if source != "/logs/a.json.gz" || evidence != x {
			return nil, errors.New("gone")
		}
		return fmt.Appendf(nil, `{"record":%d}`, record), nil
	}})

	t.Run("event", func(t *testing.T) {
		got, err := e.Event(ctx, "ev-1")
		if err != nil || len(got.Sightings) != 2 || len(got.Edges) != 2 || got.Edges[0].To != bucket || got.Edges[0].Agent != agent {
			t.Fatalf("%+v %v", got, err)
		}
		raw, err := e.Record(ctx, &got.Sightings[0])
		if err != nil || string(raw) != fmt.Sprintf(`{"record":%d}`, got.Sightings[0].Position) {
			t.Errorf("%s %v", raw, err)
		}
		got.Sightings[0].Evidence = "other"
		if _, err := e.Record(ctx, &got.Sightings[0]); graph.Code(err) != graph.CodeSourceUnreachable {
			t.Errorf("%v", err)
		}
		if _, err := e.Event(ctx, "nothing"); graph.Code(err) != graph.CodeNotFound {
			t.Errorf("%v", err)
		}
	})

	t.Run("neighbours", func(t *testing.T) {
		q := explore.NeighboursQuery{ID: tempKey, First: 2}
		seen := map[string]bool{}
		for {
			got, err := e.Neighbours(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if got.Total != 6 || got.Calls != 2 {
				t.Fatalf("total %d calls %d", got.Total, got.Calls)
			}
			for _, n := range got.Neighbours {
				seen[fmt.Sprint(n.Kind, n.Direction, n.Node.ID, n.Calls)] = true
			}
			if q.After = got.Cursor; q.After == "" {
				break
			}
		}
		if len(seen) != 6 || !seen["CALLEDOUT"+bucket+"2"] || !seen["ISSUEDIN"+aliceKey+"1"] || !seen["OFOUT"+deploy+"0"] {
			t.Errorf("%v", seen)
		}
	})

	t.Run("node", func(t *testing.T) {
		got, err := e.Node(ctx, "deploy")
		if err != nil || got.Node.ID != deploy || len(got.Generations) != 2 || got.Generations[0].UniqueID != "AROAOLD" ||
			!slices.Equal(got.Generations[0].Deleted, []string{"gone"}) || !slices.Equal(got.Generations[1].Created, []string{"made"}) || len(got.Generations[0].Created) != 0 {
			t.Errorf("%+v %v", got, err)
		}
	})

	t.Run("search", func(t *testing.T) {
		q := explore.SearchQuery{Text: "aws key", First: 2}
		var ids []graph.ID
		for {
			got, err := e.Search(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range got.Nodes {
				ids = append(ids, n.ID)
			}
			if q.After = got.Cursor; q.After == "" {
				break
			}
		}
		if len(ids) != 6 || !slices.IsSorted(ids) {
			t.Errorf("%v", ids)
		}
	})

	t.Run("inventory", func(t *testing.T) {
		got, err := e.Inventory(ctx, explore.InventoryQuery{})
		if err != nil || got.Ratio.Denominator != 1 || got.Ratio.Numerator != 4 || got.Ratio.Unknown != 1 || *got.Ratio.Value != 4 {
			t.Errorf("%+v %+v %v", got.Ratio, got.Classes, err)
		}
	})

	t.Run("sources", func(t *testing.T) {
		got, err := e.Sources(ctx, explore.SourcesQuery{First: 1})
		if err != nil || len(got.Sources) != 1 || got.Cursor != "" || got.Sources[0].Name != "/logs/a.json.gz" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestResolveWindow(t *testing.T) {
	now := at(0)
	for _, c := range []struct {
		in   explore.WindowInput
		want graph.Window
		bad  bool
	}{
		{in: explore.WindowInput{}, want: graph.Window{From: at(-240), To: now}},
		{in: explore.WindowInput{Last: "30m"}, want: graph.Window{From: at(-30), To: now}},
		{in: explore.WindowInput{Last: "7d", Until: at(60)}, want: graph.Window{From: at(60 - 7*1440), To: at(60)}},
		{in: explore.WindowInput{Until: at(-60)}, want: graph.Window{From: at(-300), To: at(-60)}},
		{in: explore.WindowInput{From: at(-5)}, want: graph.Window{From: at(-5), To: now}},
		{in: explore.WindowInput{To: at(-5)}, want: graph.Window{To: at(-5)}},
		{in: explore.WindowInput{From: at(5)}, bad: true}, {in: explore.WindowInput{Last: "4"}, bad: true}, {in: explore.WindowInput{Last: "-4h"}, bad: true},
		{in: explore.WindowInput{Last: "4h", From: at(-1)}, bad: true}, {in: explore.WindowInput{Last: "99999999999999999w"}, bad: true},
	} {
		got, err := explore.ResolveWindow(c.in, now)
		if got != c.want || (err != nil) != c.bad || err != nil && graph.Code(err) != graph.CodeInvalid {
			t.Errorf("%+v: %v %v", c.in, got, err)
		}
	}
}

// Snapshots are sources, but no stream: they never fall silent, nor do they
// make the data reach further than its events.
func TestSnapshotsAreNoStream(t *testing.T) {
	s := storetest.NewModel()
	b := graph.NewBuilder()
	for i, m := range []float64{0, 1, 2, 3, 500} {
		b.Source(graph.Source{Name: fmt.Sprintf("/iam/%d.json", i), Kind: "aws-iam", Stream: "aws-iam/1", Hash: fmt.Sprint(i), Final: true, First: at(m), Last: at(m), Records: 7})
	}
	if err := s.Apply(context.Background(), b.Batch()); err != nil {
		t.Fatal(err)
	}
	ask := func() *explore.Coverage {
		c, err := explore.New(s, explore.Options{}).Coverage(context.Background(), explore.CoverageQuery{Window: graph.Window{From: at(0), To: at(240)}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := ask(); c.Complete || c.LastEvent != 0 || !slices.Equal(c.Reasons, []string{"no event was ingested"}) {
		t.Errorf("an inventory alone reads as clean: %+v", c)
	}
	files(t, s, false)
	if c := ask(); !c.Complete || len(c.Gaps) != 0 || c.LastEvent != at(239) || len(c.Sources) != 3 || c.Sources[0].Name != "aws-iam/1" || c.Sources[0].Events != 28 {
		t.Errorf("%+v", c)
	}
}

// What is being written is missing from the newest state, and from no older one.
func TestCoverageNamesWhatIsBeingWritten(t *testing.T) {
	s := cast().store(t)
	newWorld().into(t, s)
	e := explore.New(s, explore.Options{Writing: func() []string { return []string{"/logs/b.json", "/logs/b.json"} }})
	for asOf, want := range map[uint64][]string{0: {"/logs/b.json"}, 1: {}} {
		c, err := e.Coverage(context.Background(), explore.CoverageQuery{Window: graph.Window{From: at(0), To: at(300)}, AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.Writing, want) || slices.Contains(c.Reasons, "files being written: 1") != (asOf == 0) {
			t.Errorf("as of %d: %v %v", asOf, c.Writing, c.Reasons)
		}
	}
}
