package explore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Coverage says what the data can and cannot answer for a window.
type Coverage struct {
	Complete bool     `json:"complete"`
	Reasons  []string `json:"reasons"` // why not complete
	// Sources are the streams with events in the window, or silent in it.
	Sources []Stream `json:"sources"`
	Gaps    []Gap    `json:"gaps"`
	// UnjoinedSessions counts the sessions and temporary keys with calls in
	// the window whose issuer is not in the data. Explorer.Unjoined finds it
	// when it is asked for: it reads the whole window.
	UnjoinedSessions int        `json:"unjoinedSessions"`
	Writing          []string   `json:"writing"` // files that are not in the store, or not whole, because they are being written or read
	Rejected         int        `json:"rejected"`
	FirstEvent       graph.Time `json:"firstEvent"` // of all data
	LastEvent        graph.Time `json:"lastEvent"`
	SuggestUntil     graph.Time `json:"suggestUntil"` // set when the window lies after the newest event

	// Window and AsOf are what Unjoined asks about; nothing where the window
	// has no start.
	Window graph.Window `json:"-"`
	AsOf   uint64       `json:"-"`
}

// Stream is what files of one origin give: of one account and region, say.
type Stream struct {
	Name       string     `json:"name"`
	Kind       string     `json:"kind"`
	FirstEvent graph.Time `json:"firstEvent"`
	LastEvent  graph.Time `json:"lastEvent"`
	Events     int        `json:"events"` // records of the files that reach into the window
	Rejected   int        `json:"rejected"`
	Files      int        `json:"files"`
}

// Coverage answers what the data can and cannot answer for a window.
func (e *Explorer) Coverage(ctx context.Context, q CoverageQuery) (*Coverage, error) {
	r, err := e.reader(ctx, Budget{}, q.AsOf)
	if err != nil {
		return nil, err
	}
	if q.Silence == 0 {
		q.Silence = DefaultSilence
	}
	return e.coverage(r, q.Window, q.Silence)
}

func (e *Explorer) coverage(r *reader, w graph.Window, silence time.Duration) (*Coverage, error) {
	l, err := e.load(r)
	if err != nil {
		return nil, err
	}
	c := &Coverage{Complete: true, Reasons: []string{}, Sources: []Stream{}, Gaps: []Gap{}, Writing: orEmpty(l.writing),
		Rejected: l.undated, FirstEvent: l.first, LastEvent: l.last, Window: w, AsOf: r.asOf}
	limit := graph.Time(silence.Milliseconds())
	gaps := l.silent
	if silence != DefaultSilence {
		gaps = l.silences(limit)
	}
	for _, g := range slices.Concat(l.gaps, gaps) {
		if !w.Overlaps(g.From, g.To) || g.Kind == GapSilent && g.To == 0 && w.To != 0 && w.To-g.From <= limit {
			continue
		}
		c.Gaps = append(c.Gaps, g)
	}
	for _, s := range l.streams {
		if n := s.over(w); n.records > 0 || n.files > 0 || slices.ContainsFunc(c.Gaps, func(g Gap) bool { return g.Source == s.name }) {
			c.Sources = append(c.Sources, Stream{Name: s.name, Kind: s.kind, FirstEvent: s.first, LastEvent: s.last, Events: n.records, Rejected: n.rejected, Files: n.files})
			c.Rejected += n.rejected
		}
	}
	if e.opts.Writing != nil && r.asOf == 0 {
		c.Writing = slices.Concat(c.Writing, e.opts.Writing())
		slices.Sort(c.Writing)
		c.Writing = slices.Compact(c.Writing)
	}
	c.judge(w, limit)
	if h := e.opts.Holds; !r.whole && !holds(h, w, l) {
		c.incomplete(fmt.Sprintf("only calls from %s to %s are held here; the data that they were taken from has others", h.From, h.To))
	}
	return c, nil
}

// holds reports whether h has all of w that lies on the data.
func holds(h, w graph.Window, l *ledger) bool {
	from, to := max(w.From, l.first), l.last+1
	if w.To != 0 {
		to = min(to, w.To)
	}
	return h.IsZero() || from >= to || from >= h.From && to <= h.To
}

// judge finds the reasons for which data may be missing.
func (c *Coverage) judge(w graph.Window, silence graph.Time) {
	switch {
	case c.LastEvent == 0:
		c.incomplete("no event was ingested")
	case w.From > c.LastEvent:
		c.SuggestUntil = c.LastEvent + 1000
		c.incomplete(fmt.Sprintf("the window lies after the newest event, %s; ask until %s", c.LastEvent, c.SuggestUntil))
	case w.To != 0 && w.To <= c.FirstEvent:
		c.incomplete(fmt.Sprintf("the window lies before the oldest event, %s", c.FirstEvent))
	case w.To != 0 && w.To-c.LastEvent > silence:
		c.incomplete(fmt.Sprintf("the newest event, %s, lies before the window's end", c.LastEvent))
	}
	if w.From != 0 && w.To > c.FirstEvent && c.FirstEvent-w.From > silence {
		c.incomplete(fmt.Sprintf("the oldest event, %s, lies after the window's start", c.FirstEvent))
	}
	if n := len(c.Gaps); n > 0 {
		c.incomplete(fmt.Sprintf("gaps in the data: %d", n))
	}
	if n := len(c.Writing); n > 0 {
		c.incomplete(fmt.Sprintf("files being written: %d", n))
	}
	if c.Rejected > 0 {
		c.incomplete(fmt.Sprintf("rejected records: %d", c.Rejected))
	}
}

// incomplete adds a reason for which data may be missing.
func (c *Coverage) incomplete(reason string) {
	c.Complete = false
	if !slices.Contains(c.Reasons, reason) {
		c.Reasons = append(c.Reasons, reason)
	}
}
