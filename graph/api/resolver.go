package api

import (
	"context"
	"fmt"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// resolver maps arguments to explore's queries and nothing else.
type resolver struct {
	explorer *explore.Explorer
	now      func() time.Time
	poll     time.Duration
}

func (r *resolver) Query() QueryResolver               { return queries{r} }
func (r *resolver) Subscription() SubscriptionResolver { return subscriptions{r} }
func (r *resolver) Sighting() SightingResolver         { return sightingResolver{r} }
func (r *resolver) Coverage() CoverageResolver         { return coverageResolver{r} }

// queries are the fields of the query type.
type queries struct{ *resolver }

func (r queries) Touched(ctx context.Context, resources []string, window *explore.WindowInput, who explore.Who, match graph.Match,
	parts, probes bool, evidence *EvidenceInput, budget *explore.Budget, asOf *int) (*explore.Touched, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	q := explore.TouchedQuery{Resources: resources, Window: w, Who: who, Match: match, Parts: parts, Probes: probes,
		Evidence: evidence.page(), Budget: value(budget), AsOf: seq}
	rows := selected(ctx, "identities")
	if !rows.within("calls").any(evidenceFields...) {
		q.Evidence.First = 0
	}
	q.NoChain = !rows.any("chain", "origins")
	return r.explorer.Touched(ctx, q)
}

func (r queries) Activity(ctx context.Context, of []string, window *explore.WindowInput, who explore.Who, probes bool,
	evidence *EvidenceInput, budget *explore.Budget, asOf *int) (*explore.Activity, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	q := explore.ActivityQuery{Of: of, Window: w, Who: who, Probes: probes, Evidence: evidence.page(), Budget: value(budget), AsOf: seq}
	if !selected(ctx, "calls").any(evidenceFields...) {
		q.Evidence.First = 0
	}
	return r.explorer.Activity(ctx, q)
}

func (r queries) Chain(ctx context.Context, of []string, at *graph.Time, budget *explore.Budget, asOf *int) (*explore.Chain, error) {
	seq, err := ledgerNumber(asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Chain(ctx, explore.ChainQuery{Of: of, At: value(at), Budget: value(budget), AsOf: seq})
}

func (r queries) Reach(ctx context.Context, from []string, mode graph.Physics, direction explore.ReachDirection, window *explore.WindowInput,
	epsilon, dependence *string, dataFlow, static bool, explain *string, budget *explore.Budget, asOf *int) (*explore.ReachAnswer, error) {
	q := explore.ReachQuery{From: from, Mode: mode, Direction: direction, DataFlow: dataFlow, Static: static, Explain: value(explain), Budget: value(budget)}
	var err error
	if q.Window, q.AsOf, err = r.span(window, asOf); err != nil {
		return nil, err
	}
	if q.Epsilon, err = skew(epsilon); err != nil {
		return nil, err
	}
	if q.Dependence, err = duration(dependence); err != nil {
		return nil, err
	}
	return r.explorer.Reach(ctx, q)
}

func (r queries) Containment(ctx context.Context, cut, from, protect []string, role explore.RoleCut, at *graph.Time, window *explore.WindowInput,
	epsilon *string, budget *explore.Budget, asOf *int) (*explore.Containment, error) {
	q := explore.ContainmentQuery{Cut: cut, From: from, Protect: protect, Role: role, At: value(at), Budget: value(budget)}
	var err error
	if q.Window, q.AsOf, err = r.span(window, asOf); err != nil {
		return nil, err
	}
	if q.Epsilon, err = skew(epsilon); err != nil {
		return nil, err
	}
	return r.explorer.Containment(ctx, q)
}

func (r queries) Failures(ctx context.Context, window *explore.WindowInput, budget *explore.Budget, asOf *int) (*explore.Failures, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Failures(ctx, explore.FailuresQuery{Window: w, Budget: value(budget), AsOf: seq})
}

func (r queries) Novel(ctx context.Context, of []string, window *explore.WindowInput, baseline *string, who explore.Who,
	budget *explore.Budget, asOf *int) (*explore.Novel, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	length, err := duration(baseline)
	if err != nil {
		return nil, err
	}
	return r.explorer.Novel(ctx, explore.NovelQuery{Of: of, Window: w, Baseline: length, Who: who, Budget: value(budget), AsOf: seq})
}

func (r queries) Workflow(ctx context.Context, of []string, window *explore.WindowInput, who explore.Who, probes bool,
	evidence *EvidenceInput, budget *explore.Budget, asOf *int) (*explore.Workflow, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Workflow(ctx, explore.WorkflowQuery{Of: of, Window: w, Who: who, Probes: probes, Evidence: evidence.page(),
		Budget: value(budget), AsOf: seq})
}

func (r queries) Suspects(ctx context.Context, resource string, at *graph.Time, lookBack, baseline *string, budget *explore.Budget, asOf *int) (*explore.Suspects, error) {
	seq, err := ledgerNumber(asOf)
	if err != nil {
		return nil, err
	}
	q := explore.SuspectsQuery{Resource: resource, At: value(at), Budget: value(budget), AsOf: seq}
	if at == nil {
		q.At = graph.TimeOf(r.now())
	}
	if q.LookBack, err = duration(lookBack); err != nil {
		return nil, err
	}
	if q.Baseline, err = duration(baseline); err != nil {
		return nil, err
	}
	return r.explorer.Suspects(ctx, q)
}

func (r queries) Timeline(ctx context.Context, of []string, window *explore.WindowInput, first int, after *string, asOf *int) (*explore.Timeline, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Timeline(ctx, explore.TimelineQuery{Of: of, Window: w, First: first, After: value(after), AsOf: seq})
}

func (r queries) Histogram(ctx context.Context, of []string, window *explore.WindowInput, bins int, asOf *int) (*explore.Histogram, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Histogram(ctx, explore.HistogramQuery{Of: of, Window: w, Bins: bins, AsOf: seq})
}

func (r queries) Picture(ctx context.Context, of []string, window *explore.WindowInput, who explore.Who, match graph.Match, probes bool,
	nodes, edges int, budget *explore.Budget, asOf *int) (*explore.Picture, error) {
	q, err := r.picture(of, window, who, match, probes, nodes, edges, budget, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Picture(ctx, q)
}

func (r queries) Members(ctx context.Context, group string, of []string, window *explore.WindowInput, who explore.Who, match graph.Match, probes bool,
	nodes, edges, first int, after *string, budget *explore.Budget, asOf *int) (*explore.Members, error) {
	q, err := r.picture(of, window, who, match, probes, nodes, edges, budget, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Members(ctx, explore.MembersQuery{PictureQuery: q, Group: group, First: first, After: value(after)})
}

func (r queries) Search(ctx context.Context, text string, kinds []graph.Kind, first int, after *string) (*explore.SearchResult, error) {
	return r.explorer.Search(ctx, explore.SearchQuery{Text: text, Kinds: kinds, First: first, After: value(after)})
}

func (r queries) Node(ctx context.Context, id string) (*explore.NodeDetail, error) {
	return r.explorer.Node(ctx, id)
}

func (r queries) Neighbours(ctx context.Context, id string, direction explore.Direction, kinds []graph.EdgeKind,
	window *explore.WindowInput, first int, after *string, asOf *int) (*explore.Neighbours, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	return r.explorer.Neighbours(ctx, explore.NeighboursQuery{ID: id, Direction: direction, Kinds: kinds, Window: w, First: first,
		After: value(after), AsOf: seq})
}

func (r queries) Event(ctx context.Context, id string) (*explore.Event, error) {
	return r.explorer.Event(ctx, id)
}

func (r queries) Coverage(ctx context.Context, window *explore.WindowInput, silence *string, asOf *int) (*explore.Coverage, error) {
	w, seq, err := r.span(window, asOf)
	if err != nil {
		return nil, err
	}
	length, err := duration(silence)
	if err != nil {
		return nil, err
	}
	return r.explorer.Coverage(ctx, explore.CoverageQuery{Window: w, Silence: length, AsOf: seq})
}

func (r queries) Inventory(ctx context.Context, until *graph.Time, idle string, list *explore.InventoryList, first int, after *string, asOf *int) (*explore.Inventory, error) {
	seq, err := ledgerNumber(asOf)
	if err != nil {
		return nil, err
	}
	q := explore.InventoryQuery{Until: graph.TimeOf(r.now()), List: value(list), First: first, After: value(after), AsOf: seq}
	if until != nil {
		q.Until = *until
	}
	if q.Idle, err = explore.ParseDuration(idle); err != nil {
		return nil, err
	}
	return r.explorer.Inventory(ctx, q)
}

func (r queries) Sources(ctx context.Context, first int, after *string) (*explore.Sources, error) {
	return r.explorer.Sources(ctx, explore.SourcesQuery{First: first, After: value(after)})
}

func (r queries) Watermark(ctx context.Context) (int, error) {
	seq, err := r.explorer.Watermark(ctx)
	return int(seq), err
}

type sightingResolver struct{ *resolver }

// Record reads the raw record when it is asked for. An unreachable one leaves
// the rest of the answer.
func (r sightingResolver) Record(ctx context.Context, s *explore.Sighting) (*string, error) {
	text, err := r.explorer.Record(ctx, s)
	if err != nil {
		return nil, err
	}
	record := string(text)
	return &record, nil
}

type coverageResolver struct{ *resolver }

// UnjoinedSessions reads the window when it is asked for, but never all time.
func (r coverageResolver) UnjoinedSessions(ctx context.Context, c *explore.Coverage) (*int, error) {
	if c.Window.From == 0 {
		return nil, nil
	}
	n, err := r.explorer.Unjoined(ctx, c)
	return &n, err
}

func (r *resolver) picture(of []string, window *explore.WindowInput, who explore.Who, match graph.Match, probes bool, nodes, edges int,
	budget *explore.Budget, asOf *int) (explore.PictureQuery, error) {
	w, seq, err := r.span(window, asOf)
	return explore.PictureQuery{Of: of, Window: w, Who: who, Match: match, Probes: probes, Nodes: nodes, Edges: edges,
		Budget: value(budget), AsOf: seq}, err
}

// span is when a question is about, and the ledger number up to which it sees.
func (r *resolver) span(window *explore.WindowInput, asOf *int) (w graph.Window, seq uint64, err error) {
	if w, err = r.window(window); err == nil {
		seq, err = ledgerNumber(asOf)
	}
	return w, seq, err
}

func (r *resolver) window(in *explore.WindowInput) (graph.Window, error) {
	return explore.ResolveWindow(value(in), graph.TimeOf(r.now()))
}

// page is what the argument means; a size that is not said is explore's own.
func (in *EvidenceInput) page() explore.EvidencePage {
	out := explore.EvidencePage{First: -1}
	if in == nil {
		return out
	}
	if in.First != nil {
		out.First = max(0, *in.First)
	}
	out.After, out.Row = value(in.After), value(in.Row)
	return out
}

// skew is the argument epsilon: zero, spelt as a length, is none.
func skew(text *string) (time.Duration, error) {
	if text == nil {
		return 0, nil
	}
	if d, err := time.ParseDuration(*text); err == nil && d == 0 {
		return -1, nil
	}
	return duration(text)
}

func ledgerNumber(asOf *int) (uint64, error) {
	if asOf == nil {
		return 0, nil
	}
	if *asOf < 0 {
		return 0, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("asOf %d is no ledger number", *asOf), Hint: "the watermark is the largest"}
	}
	return uint64(*asOf), nil
}

// duration is the length of time that the text says; zero where none is said.
func duration(text *string) (time.Duration, error) {
	if text == nil {
		return 0, nil
	}
	return explore.ParseDuration(*text)
}

// value is what p points to, zero for nil.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
