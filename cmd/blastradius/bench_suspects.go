package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
	"github.com/blastradius/blastradius/ingest/feed"
)

// suspectsSeed is the first seed that bench suspects reports on. The weights of
// suspects were set with the eyes on seeds 1 to 10 only.
const suspectsSeed = 1000

// standing is where the truth stood in the rankings of one estate; zero: it was
// not named.
type standing struct{ ours, latest int }

// tally sums standings up: the shares of first places and of places among the
// first three, and the mean reciprocal rank.
type tally struct{ top1, top3, mrr float64 }

func tallyOf(ranks []int) (t tally) {
	for _, r := range ranks {
		if r == 0 {
			continue
		}
		t.mrr += 1 / float64(r)
		if r == 1 {
			t.top1++
		}
		if r <= 3 {
			t.top3++
		}
	}
	n := float64(max(len(ranks), 1))
	return tally{t.top1 / n, t.top3 / n, t.mrr / n}
}

// benchSuspects tells o.estates estates of each scenario as raw CloudTrail,
// ingests each and asks who did it, beside the rule "the latest to change it".
func benchSuspects(ctx context.Context, o benchOptions) ([]benchRow, error) {
	var rows []benchRow
	var ours, latest []int
	for _, s := range synth.Scenarios {
		var a, b []int
		wrong := 0
		for i := range o.estates {
			got, err := suspectsOnce(ctx, o, s, suspectsSeed+o.seed*1000+uint64(i))
			if err != nil {
				return nil, err
			}
			a, b = append(a, got.ours), append(b, got.latest)
			if s == synth.DeployStorm && got.ours != 0 {
				wrong++
			}
		}
		if s == synth.DeployStorm {
			rows = append(rows, benchRow{Name: fmt.Sprintf("suspects, %s: estates of %d in which somebody is named", s, o.estates), Against: "nobody did it",
				Ours: float64(wrong), Goal: "= 0", Met: wrong == 0})
			continue
		}
		rows = append(rows, ranking(string(s), a, b)...)
		ours, latest = append(ours, a...), append(latest, b...)
	}
	return append(rows, ranking("all", ours, latest)...), nil
}

// ranking are the rows of one scenario.
func ranking(name string, ours, latest []int) []benchRow {
	a, b := tallyOf(ours), tallyOf(latest)
	row := func(what string, limit, got float64) benchRow {
		r := benchRow{Name: "suspects, " + name + ": " + what, Against: "latest to change it", Limit: limit, Ours: got, Goal: "> 1", Met: got > limit}
		if limit > 0 {
			r.Ratio = got / limit
		}
		return r
	}
	return []benchRow{row("first", b.top1, a.top1), row("among the first three", b.top3, a.top3), row("mean reciprocal rank", b.mrr, a.mrr)}
}

// suspectsOnce ingests one estate and ranks. Our place counts only if the deed
// itself leads the candidate; the other rule's already if who did it, or what it
// set going, changed the thing at all.
func suspectsOnce(ctx context.Context, o benchOptions, s synth.Scenario, seed uint64) (standing, error) {
	dir, err := o.tempDir(string(s))
	if err != nil {
		return standing{}, err
	}
	defer os.RemoveAll(dir)
	files, truth, err := synth.TellScenario(s, seed)
	if err != nil {
		return standing{}, err
	}
	for name, text := range files {
		at := filepath.Join(dir, "trail", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return standing{}, err
		}
		if err := os.WriteFile(at, text, 0o644); err != nil {
			return standing{}, err
		}
	}
	if truth.Touching < 30 || truth.Changing < 3 {
		return standing{}, &graph.Error{Code: graph.CodeInternal, Message: fmt.Sprintf("%s %d: %d touch and %d change the table", s, seed, truth.Touching, truth.Changing)}
	}
	store, err := pebble.Open(filepath.Join(dir, "store"), pebble.Options{})
	if err != nil {
		return standing{}, err
	}
	defer store.Close()
	report, err := ingest.Run(ctx, store, feed.Directory(filepath.Join(dir, "trail")), formats(false), ingest.Options{})
	if err != nil {
		return standing{}, err
	}
	if len(report.Rejected) > 0 {
		return standing{}, &graph.Error{Code: graph.CodeInternal, Message: fmt.Sprintf("%s %d: %s was rejected", s, seed, report.Rejected[0].Reason)}
	}
	at := graph.TimeOf(truth.At)
	a, err := explore.New(store, explore.Options{}).Suspects(ctx, explore.SuspectsQuery{Resource: truth.Resource, At: at})
	if err != nil {
		return standing{}, err
	}
	var out standing
	for _, c := range a.Candidates {
		if !c.Named {
			break
		}
		if s == synth.DeployStorm {
			out.ours = c.Rank
			break
		}
		// Of candidates that share a rank, the last place counts.
		if strings.HasPrefix(c.Acts[0].Evidence[0], truth.Deed+"@") {
			out.ours = c.Rank + c.Tied - 1
			break
		}
	}
	out.latest, err = latestToChange(ctx, store, truth, at)
	return out, err
}

// latestToChange is the place of who did it among all that changed the resource
// in the four hours before, latest first.
func latestToChange(ctx context.Context, store graph.Store, truth synth.ScenarioTruth, at graph.Time) (int, error) {
	last := map[graph.ID]graph.Time{}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: graph.Window{From: at.Add(-explore.DefaultLast), To: at}, Outcomes: []graph.Outcome{graph.OK},
		Effects: []graph.Effect{graph.Create, graph.Change, graph.Delete, graph.Grant, graph.Control}}
	for e, err := range store.Edges(ctx, []graph.ID{graph.ID(truth.Resource)}, graph.In, f) {
		if err != nil {
			return 0, err
		}
		if e.Label.Plane == graph.ControlPlane {
			last[e.From] = max(last[e.From], e.Last)
		}
	}
	var order []graph.ID
	for id := range last {
		order = append(order, id)
	}
	slices.SortFunc(order, func(x, y graph.ID) int { return cmp.Or(-cmp.Compare(last[x], last[y]), cmp.Compare(x, y)) })
	return 1 + slices.IndexFunc(order, func(id graph.ID) bool {
		return slices.Contains(slices.Concat(truth.Keys, truth.Through), strings.TrimPrefix(string(id), "aws:key:"))
	}), nil
}
