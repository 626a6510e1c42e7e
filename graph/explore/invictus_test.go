package explore_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
)

// invictus is the capture, ingested into a model store.
func invictus(t *testing.T) (*explore.Explorer, *storetest.Model) {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", "invictus-aws-stratus-2023", "CloudTrail")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the capture is not here: ", err)
	}
	s := storetest.NewModel()
	report, err := ingest.Run(context.Background(), s, feed.Directory(dir), []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Rejected) != 0 {
		t.Fatalf("%d records were rejected", len(report.Rejected))
	}
	return explore.New(s, explore.Options{}), s
}

// answers is the independent program's file.
type answers struct {
	Touch []struct {
		Level, Resource string
		From, To        *time.Time
		Events          int
		Identities      []struct {
			Who    string
			Events int
		}
	}
	Chains []struct {
		Issuer, Key, Role string
		IssuerKey         string   `json:"issuer_key"`
		KeyPath           []string `json:"key_path"`
		ByEvent           string   `json:"by_event"`
		Last              string   `json:"last_use"`
		Uses              int
		Events            map[string]int `json:"use_events"`
	}
}

func readAnswers(t *testing.T) (a answers) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "answers", "invictus.json"))
	if err != nil {
		t.Skip("the answers are not here: ", err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// folded is the identity that the file's word for a caller stands for: a
// session's role, a service.
func folded(who string, roles map[string]string) string {
	if arn, ok := graph.ParseARN(who); ok && arn.Service == "sts" {
		part := strings.Split(arn.Resource, "/")
		return roles[part[1]]
	}
	if strings.HasSuffix(who, ".amazonaws.com") {
		return "aws:service:" + who
	}
	return who
}

func TestInvictusTouched(t *testing.T) {
	e, s := invictus(t)
	want := readAnswers(t)
	roles := map[string]string{}
	for n, err := range s.Nodes(context.Background(), graph.Selector{Kinds: []graph.Kind{graph.Identity}}) {
		if err != nil {
			t.Fatal(err)
		}
		if arn, ok := graph.ParseARN(string(n.ID)); ok && strings.HasPrefix(arn.Resource, "role/") {
			roles[arn.Resource[strings.LastIndex(arn.Resource, "/")+1:]] = string(n.ID)
		}
	}
	levels := map[string]map[string]map[string]int{} // resource and window → level → identity → calls
	for _, a := range want.Touch {
		var w graph.Window
		slot := a.Resource
		if a.From != nil {
			w.From, slot = graph.TimeOf(*a.From), slot+a.From.String()
		}
		if a.To != nil {
			w.To, slot = graph.TimeOf(*a.To), slot+a.To.String()
		}
		file := map[string]int{}
		for _, i := range a.Identities {
			file[folded(i.Who, roles)] += i.Events
		}
		if levels[slot] == nil {
			levels[slot] = map[string]map[string]int{}
		}
		levels[slot][a.Level] = file

		var m graph.Match
		if err := m.UnmarshalText([]byte(strings.ToUpper(a.Level))); err != nil {
			t.Fatal(err)
		}
		got, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{a.Resource}, Window: w, Who: explore.WhoAll, Match: m, Parts: false, Probes: true, Evidence: explore.EvidencePage{First: 10}})
		if err != nil {
			t.Errorf("%s %s: %v", a.Level, a.Resource, err)
			continue
		}
		ours := map[string]int{}
		sum := 0
		for _, i := range got.Identities {
			ours[string(i.Identity.ID)] = i.Total
			sum += i.Total
		}
		if sum != got.Total.Calls {
			t.Errorf("%s %s: total %d, identities sum to %d", a.Level, a.Resource, got.Total.Calls, sum)
		}
		levels[slot]["our "+a.Level] = ours
		if a.Level == "declared" && !maps.Equal(ours, file) {
			t.Errorf("declared %s: %v, want %v", a.Resource, ours, file)
		}
	}
	contains := func(what string, big, small map[string]int) {
		for id, n := range small {
			if big[id] < n {
				t.Errorf("%s: %s has %d calls, want at least %d", what, id, big[id], n)
			}
		}
	}
	for slot, l := range levels {
		contains("our derived of "+slot+" holds the file's declared", l["our derived"], l["declared"])
		contains("the file's derived of "+slot+" holds ours", l["derived"], l["our derived"])
		contains("our mentioned of "+slot+" holds our derived", l["our mentioned"], l["our derived"])
	}
	if len(levels) < 10 {
		t.Errorf("only %d resources compared", len(levels))
	}
}

func TestInvictusChains(t *testing.T) {
	e, _ := invictus(t)
	used := 0
	for _, c := range readAnswers(t).Chains {
		if c.Uses == 0 || c.ByEvent != "AssumeRole" {
			continue
		}
		used++
		got, err := e.Chain(context.Background(), explore.ChainQuery{Of: []string{c.Key}})
		if err != nil {
			t.Fatal(err)
		}
		from := graph.ID("aws:key:" + c.IssuerKey)
		if c.IssuerKey == "" {
			from = graph.ID("aws:service:" + c.Issuer)
		}
		if i := slices.IndexFunc(got.Hops, func(h explore.Hop) bool {
			return h.Kind == graph.Issued && h.From == from && h.To == graph.ID("aws:key:"+c.Key) && h.Join == graph.KeyJoin && h.Certainty == explore.Definite && len(h.Evidence) > 0
		}); i < 0 {
			t.Errorf("%s: no key_join from %s in %+v", c.Key, from, got.Hops)
		}
		if len(got.Origins) != 1 || !got.Origins[0].Known {
			t.Errorf("%s: origins %+v", c.Key, got.Origins)
		}
	}
	if used != 8 {
		t.Errorf("%d used chains, want 8", used)
	}
}

// The 240 events of forwarded keys are not called console sessions, and come
// out as issued by a service's forwarding.
func TestInvictusForwarded(t *testing.T) {
	e, s := invictus(t)
	ctx := context.Background()
	forwarded := map[graph.ID]bool{}
	for edge, err := range s.Edges(ctx, nil, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Issued}}) {
		if err != nil {
			t.Fatal(err)
		}
		if edge.Label.Join == graph.ForwardedAccess && strings.HasPrefix(string(edge.From), "arn:aws:iam::123837392027:user/") {
			forwarded[edge.To] = true
		}
	}
	calls, keys, refined, unknown, human := 0, 0, 0, 0, 0
	for k := range forwarded {
		c, err := e.Chain(ctx, explore.ChainQuery{Of: []string{string(k)}})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(c.Hops, func(h explore.Hop) bool { return h.To == k && h.Join == graph.ForwardedAccess })
		if i < 0 {
			continue // a console session after all
		}
		keys++
		if c.Hops[i].Certainty != explore.Possible || c.Origins[0].Certainty != explore.Possible {
			t.Errorf("%s: a heuristic join is called certain: %+v", k, c.Hops[i])
		}
		if strings.HasPrefix(string(c.Hops[i].From), "aws:key:AKIA") {
			refined++
		}
		if !c.Origins[0].Known {
			unknown++
		}
		a, err := e.Activity(ctx, explore.ActivityQuery{Of: []string{string(k)}, Probes: true})
		if err != nil {
			t.Fatal(err)
		}
		calls += a.Total.Calls
		for _, r := range a.Calls {
			if r.Reason == "console session" {
				human += r.Count
			}
		}
	}
	if keys != 73 || calls != 240 || human != 0 || refined != 73 {
		t.Errorf("%d forwarded keys with %d calls, %d called a console session, %d refined to a long-lived key, %d of unknown origin; want 73, 240, 0, 73", keys, calls, human, refined, unknown)
	}
}

func TestInvictusWhole(t *testing.T) {
	e, _ := invictus(t)
	ctx := context.Background()
	seen := map[string]int{}
	n := 0
	for after := ""; ; {
		page, err := e.Timeline(ctx, explore.TimelineQuery{First: 700, After: after})
		if err != nil {
			t.Fatal(err)
		}
		last := graph.Time(0)
		for _, c := range page.Calls {
			n++
			seen[strings.Join(c.Evidence, ",")]++
			if c.At < last || len(c.Targets) == 0 {
				t.Errorf("%v is out of order or without target", c)
			}
			last = c.At
		}
		if after = page.Cursor; after == "" {
			break
		}
	}
	if n != 2900 || len(seen) != 2900 {
		t.Errorf("the timeline has %d calls, %d different, want 2900", n, len(seen))
	}
	h, err := e.Histogram(ctx, explore.HistogramQuery{Bins: 17})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, b := range h.Bins {
		sum += b.Total
	}
	if h.Total != 2900 || sum != 2900 {
		t.Errorf("the histogram has %d and its bins %d calls, want 2900", h.Total, sum)
	}
	f, err := e.Failures(ctx, explore.FailuresQuery{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("failures: %+v probes %d, %d rows, %d bursts", f.Total, f.Excluded.Probes, len(f.Failures), len(f.Bursts))
	t.Logf("coverage: %+v", f.Coverage)
	i, err := e.Inventory(ctx, explore.InventoryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("inventory: %+v %+v", i.Classes, i.Ratio)
}

// Keys whose issuer the capture lacks come out with an origin that is said to be
// unknown, unless a workload's own session holds them.
func TestInvictusUnknown(t *testing.T) {
	e, s := invictus(t)
	ctx := context.Background()
	keys, joined, holders := map[graph.ID]bool{}, map[graph.ID]bool{}, map[graph.ID][]graph.ID{}
	for edge, err := range s.Edges(ctx, nil, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Of, graph.Issued, graph.Holds, graph.Runs}}) {
		if err != nil {
			t.Fatal(err)
		}
		switch edge.Kind {
		case graph.Of:
			keys[edge.From] = true
		case graph.Holds:
			holders[edge.To] = append(holders[edge.To], edge.From)
			holders[edge.From] = append(holders[edge.From], edge.To)
		default:
			joined[edge.To] = true
		}
	}
	unknown := 0
	for k := range keys {
		known := joined[k]
		for _, h := range holders[k] {
			known = known || joined[h]
			for _, other := range holders[h] {
				known = known || joined[other]
			}
		}
		c, err := e.Chain(ctx, explore.ChainQuery{Of: []string{string(k)}})
		if err != nil {
			t.Fatal(err)
		}
		if known {
			continue
		}
		unknown++
		if o := c.Origins[0]; o.Known || !strings.Contains(o.Reason, "origin unknown") {
			t.Errorf("%s: origin %+v", k, o)
		}
	}
	if unknown == 0 {
		t.Error("no key of unknown origin in the capture: the test shows nothing")
	}
	t.Logf("%d of %d keys and sessions are of unknown origin", unknown, len(keys))
}
