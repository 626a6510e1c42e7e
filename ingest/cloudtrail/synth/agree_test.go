package synth_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
)

// ingested reads the feed into the plain store.
func ingested(t *testing.T, f func() (graph.Store, ingest.Report, error)) (graph.Store, ingest.Report) {
	t.Helper()
	store, report, err := f()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Rejected {
		t.Errorf("rejected: %v", r)
	}
	return store, report
}

func edges(t *testing.T, s graph.Store, kinds ...graph.EdgeKind) []graph.Edge {
	t.Helper()
	var out []graph.Edge
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Kinds: kinds, Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// identities gives each credential the identity it carries or belongs to.
func identities(t *testing.T, s graph.Store) func(graph.ID) string {
	of := map[graph.ID]graph.ID{}
	for _, e := range edges(t, s, graph.Holds) {
		of[e.To] = e.From
	}
	for _, e := range edges(t, s, graph.Of) {
		of[e.From] = e.To
	}
	return func(id graph.ID) string {
		for i := 0; of[id] != "" && i < 3; i++ {
			id = of[id]
		}
		name := strings.TrimPrefix(string(id), "aws:service:")
		if _, subject, ok := strings.Cut(name, "aws:webidentity:token.actions.githubusercontent.com:"); ok {
			name = subject
		}
		return name
	}
}

type tally struct{ Calls, Denied, Declared int }

// touched counts distinct calls on primary targets, found at least as DERIVED,
// by resource and identity.
func touched(t *testing.T, s graph.Store, from, to time.Time) map[string]map[string]tally {
	t.Helper()
	who, seen := identities(t, s), map[string]bool{}
	out := map[string]map[string]tally{}
	for _, e := range edges(t, s, graph.Called) {
		if e.Label.Role != graph.Primary || e.Label.Match == graph.Mentioned || strings.HasPrefix(string(e.From), "aws:principal:") {
			continue
		}
		resource, by := string(e.To), who(e.From)
		for i := range e.Observations {
			o := &e.Observations[i]
			key := o.CallID() + " " + resource
			at := time.UnixMilli(int64(o.At))
			if seen[key] || at.Before(from) || !at.Before(to) {
				continue
			}
			seen[key] = true
			if out[resource] == nil {
				out[resource] = map[string]tally{}
			}
			n := out[resource][by]
			n.Calls++
			if e.Outcome == graph.Denied {
				n.Denied++
			}
			if e.Label.Match == graph.Declared {
				n.Declared++
			}
			out[resource][by] = n
		}
	}
	return out
}

// TestEstateIngested holds the CloudTrail reader to the generator's truth:
// who touched what, how often, denied or declared, and which key was issued
// by which.
func TestEstateIngested(t *testing.T) {
	dir := t.TempDir()
	truth, err := synth.Generate(context.Background(), dir, synth.Options{Seed: 3, Events: 5000, Roles: 40, Resources: 60, PerFile: 400,
		From: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 3, 6, 30, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	store, report := ingested(t, func() (graph.Store, ingest.Report, error) {
		m := storetest.NewModel()
		r, err := ingest.Run(context.Background(), m, feed.Directory(filepath.Join(dir, "AWSLogs")), []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{})
		return m, r, err
	})
	if report.Calls != truth.Calls || report.Records != truth.Records || report.Duplicates != truth.Duplicates || report.Differing != 0 {
		t.Errorf("%d calls in %d records, %d twice, %d differing; truth: %d, %d, %d, 0", report.Calls, report.Records, report.Duplicates, report.Differing,
			truth.Calls, truth.Records, truth.Duplicates)
	}
	want := map[string]map[string]tally{}
	for resource, list := range truth.Touched {
		want[resource] = map[string]tally{}
		for _, o := range list {
			want[resource][o.By] = tally{o.Calls, o.Denied, o.Declared}
		}
	}
	got := touched(t, store, truth.Options.From, truth.Options.To)
	for resource := range got {
		if strings.HasPrefix(resource, "aws:endpoint:") || strings.HasPrefix(resource, "aws:account:") {
			delete(got, resource) // account-wide calls
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("touched (-truth +graph):\n%.3000s", d)
	}

	issuers := map[string]string{}
	who := identities(t, store)
	for _, e := range edges(t, store, graph.Issued) {
		if e.Label.Join == graph.KeyJoin {
			from := string(e.From)
			if !strings.HasPrefix(from, "aws:key:") {
				from = who(e.From)
			}
			issuers[strings.TrimPrefix(string(e.To), "aws:key:")] = strings.TrimPrefix(from, "aws:key:")
		}
	}
	for key, issue := range truth.Keys {
		if issuers[key] != issue.Issuer {
			t.Errorf("%s was issued by %s, the graph says %q", key, issue.Issuer, issuers[key])
		}
	}
}

// TestWorldIngested asks the graph who touched the table that failed in the
// last four hours, and compares with the story.
func TestWorldIngested(t *testing.T) {
	store, _ := ingested(t, func() (graph.Store, ingest.Report, error) {
		m := storetest.NewModel()
		r, err := ingest.Run(context.Background(), m, feed.FS(testdata.World, "world/cloudtrail", "world"), []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{})
		return m, r, err
	})
	want := map[string]int{}
	text, err := testdata.World.ReadFile("world/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var story struct {
		Touched []struct {
			Identity string
			Total    int
		}
	}
	if err := json.Unmarshal(text, &story); err != nil {
		t.Fatal(err)
	}
	for _, o := range story.Touched {
		want[o.Identity] = o.Total
	}
	got := map[string]int{}
	for by, n := range touched(t, store, testdata.Now.Add(-4*time.Hour), testdata.Now)[testdata.FailedResource] {
		got[by] = n.Calls
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("touched %s (-story +graph):\n%s", testdata.FailedResource, d)
	}
}
