package explore

import (
	"context"
	"fmt"

	"github.com/blastradius/blastradius/graph"
)

// Update is what the store has learnt since an earlier state.
type Update struct {
	Watermark int          `json:"watermark"` // an answer asked as of it sees what is counted here
	LastEvent graph.Time   `json:"lastEvent"` // of all data
	Window    graph.Window `json:"window"`
	Calls     int          `json:"calls"`    // distinct calls in the window that the earlier state did not know
	Failures  int          `json:"failures"` // of them, those that did not succeed; probes are none
}

// Update tells what the store has learnt in the window since the ledger number,
// zero meaning since it was empty. A call of which another record was known is
// not new. It reads the time that the new files span, not the window.
func (e *Explorer) Update(ctx context.Context, since uint64, w graph.Window) (*Update, error) {
	r, err := e.reader(ctx, Budget{}, since)
	if err != nil {
		return nil, err
	}
	mark, err := e.Watermark(ctx)
	if err != nil {
		return nil, err
	}
	out := &Update{Watermark: int(mark), Window: w}
	var span graph.Window
	for s, err := range e.store.Sources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if s.Seq > mark {
			break
		}
		if snapshots[s.Kind] {
			continue // they hold no events
		}
		out.LastEvent = max(out.LastEvent, s.Last)
		if s.Seq > since && s.First != 0 {
			span.From, span.To = earlier(span.From, s.First), max(span.To, s.Last+1)
		}
	}
	span.From = max(span.From, w.From)
	if w.To != 0 {
		span.To = min(span.To, w.To)
	}
	if since == mark || span.From >= span.To {
		return out, nil
	}
	known, failed := map[uint64]bool{}, map[uint64]bool{}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: span, Detail: graph.Evidence, AsOf: mark}
	for edge, err := range e.store.Edges(r.ctx, nil, graph.Out, f) {
		if err != nil {
			return nil, fmt.Errorf("read edges: %w", err)
		}
		for _, o := range edge.Observations {
			known[o.CallKey] = known[o.CallKey] || o.Source.Seq <= since
			if edge.Outcome != graph.OK && edge.Outcome != graph.Probe {
				failed[o.CallKey] = true
			}
		}
	}
	for key, before := range known {
		if before {
			continue
		}
		out.Calls++
		if failed[key] {
			out.Failures++
		}
	}
	return out, nil
}
