package explore

import (
	"context"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// reader reads the store for one question, within its budget and as of its
// ledger number. Once a limit is met it reads nothing more and says which.
type reader struct {
	ctx       context.Context
	store     graph.Store
	budget    Budget
	asOf      uint64 // for filters: zero when everything is visible
	seen      uint64 // for the answer
	mark      uint64 // of the store, when the question came
	left      int    // edges that may still be read
	truncated *Truncation
	notes     []string
	spans     *bool // whether there are services of traces; nil: not looked yet
	whole     bool  // what it reads is held whole, whatever Options.Holds says
}

func (e *Explorer) reader(ctx context.Context, b Budget, asOf uint64) (*reader, error) {
	mark, err := e.Watermark(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, store: e.store, budget: b.orDefault(), seen: mark, mark: mark}
	r.left = r.budget.Edges
	if asOf > mark {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("asOf %d lies beyond the watermark %d of the ledger", asOf, mark),
			Hint: "leave asOf out to see all; a number from another store means nothing here"}
	}
	if asOf != 0 && asOf < mark {
		r.asOf, r.seen = asOf, asOf
		r.note("Seen as of ledger number %d. Attributes, and first and last sight of standing facts, are not versioned.", asOf)
	}
	return r, nil
}

// note adds a remark to the answer, once.
func (r *reader) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(r.notes, s) {
		r.notes = append(r.notes, s)
	}
}

// cut records that a limit was met; the first one stands.
func (r *reader) cut(l Limit, v int) {
	if r.truncated == nil {
		r.truncated = &Truncation{Limit: l, Value: v}
	}
}

// edges hands the matching edges at the frontier to f until the budget is
// spent. No frontier gives no edges: see everywhere.
func (r *reader) edges(frontier []graph.ID, dir graph.Direction, flt graph.Filter, f func(*graph.Edge)) error {
	if len(frontier) == 0 {
		return nil
	}
	return r.read(frontier, dir, flt, f)
}

// everywhere is edges with every node as frontier.
func (r *reader) everywhere(flt graph.Filter, f func(*graph.Edge)) error {
	return r.read(nil, graph.Out, flt, f)
}

func (r *reader) read(frontier []graph.ID, dir graph.Direction, flt graph.Filter, f func(*graph.Edge)) error {
	flt.AsOf = r.asOf
	for e, err := range r.joined(frontier, dir, flt) {
		if err != nil {
			return fmt.Errorf("read edges: %w", err)
		}
		if r.left--; r.left < 0 {
			r.cut(LimitEdges, r.budget.Edges)
			return nil
		}
		f(&e)
	}
	return nil
}

// nodes are the stored nodes with such an id or alias.
func (r *reader) nodes(ids []graph.ID) ([]graph.Node, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var out []graph.Node
	for n, err := range r.store.Nodes(r.ctx, graph.Selector{IDs: ids}) {
		if err != nil {
			return nil, fmt.Errorf("read nodes: %w", err)
		}
		out = append(out, n)
	}
	return out, nil
}

// status completes the common part of an answer.
func (e *Explorer) status(r *reader, w graph.Window) (Status, error) {
	c, err := e.coverage(r, w, DefaultSilence)
	if err != nil {
		return Status{}, err
	}
	if r.truncated != nil {
		c.incomplete(fmt.Sprintf("the limit of %d %s was met", r.truncated.Value, map[Limit]string{
			LimitDepth: "hops", LimitNodes: "nodes", LimitEdges: "edges"}[r.truncated.Limit]))
	}
	return Status{Window: w, AsOf: int(r.seen), Truncated: r.truncated, Coverage: c, Notes: orEmpty(r.notes)}, nil
}

// orEmpty is s, never nil: lists of an answer are empty, not null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
