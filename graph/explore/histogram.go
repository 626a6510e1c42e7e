package explore

import (
	"cmp"
	"context"
	"fmt"

	"github.com/blastradius/blastradius/graph"
)

// Histogram answers: how many calls of each outcome, bin by bin.
type Histogram struct {
	Status
	Bins     []Bin `json:"bins"`
	Total    int   `json:"total"`
	BinWidth int   `json:"binWidth"` // milliseconds; the last bin may be shorter
}

// Bin counts the distinct calls in [From, To) by outcome.
type Bin struct {
	From      graph.Time `json:"from"`
	To        graph.Time `json:"to"`
	OK        int        `json:"ok"`
	Denied    int        `json:"denied"`
	Throttled int        `json:"throttled"`
	Fault     int        `json:"fault"`
	Error     int        `json:"error"`
	Probe     int        `json:"probe"`
	Total     int        `json:"total"`
}

// Histogram counts distinct calls by outcome in bins of equal width, half-open
// and without holes; a call counts in the bin of its first sight. The last bin
// ends with the window and may be shorter.
func (e *Explorer) Histogram(ctx context.Context, q HistogramQuery) (*Histogram, error) {
	q.Bins = cmp.Or(q.Bins, 60)
	if q.Bins < 1 || q.Bins > MaxBins {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("a histogram has 1 to %d bins", MaxBins)}
	}
	r, err := e.reader(ctx, Budget{}, q.AsOf)
	if err != nil {
		return nil, err
	}
	w, err := e.bounded(r, q.Window)
	if err != nil {
		return nil, err
	}
	sel, err := r.selection(q.Of, w)
	if err != nil {
		return nil, err
	}
	type first struct {
		at      graph.Time
		outcome graph.Outcome
	}
	calls := map[uint64]first{}
	err = sel.read(r, w, graph.Times, func(e *graph.Edge, own graph.Window) {
		for i := range e.Observations {
			o := &e.Observations[i]
			if !own.Contains(o.At) {
				continue
			}
			n := first{o.At, e.Outcome}
			if c, ok := calls[o.CallKey]; !ok || n.at < c.at || n.at == c.at && n.outcome < c.outcome {
				calls[o.CallKey] = n
			}
		}
	})
	if err != nil {
		return nil, err
	}
	out := &Histogram{Bins: []Bin{}, Total: len(calls)}
	width := max((w.To-w.From+graph.Time(q.Bins)-1)/graph.Time(q.Bins), 1)
	out.BinWidth = int(width)
	for from := w.From; from < w.To; from += width {
		out.Bins = append(out.Bins, Bin{From: from, To: min(from+width, w.To)})
	}
	for _, c := range calls {
		out.Bins[(c.at-w.From)/width].add(c.outcome)
	}
	out.Status, err = e.status(r, w)
	return out, err
}

func (b *Bin) add(o graph.Outcome) {
	b.Total++
	switch o {
	case graph.OK:
		b.OK++
	case graph.Denied:
		b.Denied++
	case graph.Throttled:
		b.Throttled++
	case graph.Fault:
		b.Fault++
	case graph.Failed:
		b.Error++
	case graph.Probe:
		b.Probe++
	}
}
