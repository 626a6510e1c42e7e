package ingest

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// WatchOptions tune a Watcher. The zero value is good.
type WatchOptions struct {
	Options
	// Every is the time between two passes. Default: 5 s.
	Every time.Duration
	// Told is called after each pass that did something or failed. It must not
	// block. Default: nobody is told.
	Told func(Pass)
}

// Pass is one look at a watched feed.
type Pass struct {
	Report Report
	Err    error // the pass ended early; the next one tries again
}

// Watched is what a Watcher has done so far, and what it waits for.
type Watched struct {
	Passes, Errors                        int
	FilesStored, FilesKnown, FilesRefused int
	Records, Rejected                     int
	Writing                               []string      // names of files that still change, sorted
	Last                                  time.Time     // of the last pass that was not ended early
	Lag                                   time.Duration // of the last files taken: from their last change to their commit, the longest
}

// Watcher ingests a feed into an open store again and again: receivers that
// write to a spool, and logs that a shipper drops into a directory, are read
// while the store is being asked. A file is taken once it has not changed
// between two passes, or for two intervals, and again whenever it has changed;
// what was taken is not opened again.
type Watcher struct {
	store   graph.Store
	feed    iter.Seq[feed.Object]
	formats []Format
	o       WatchOptions

	taken, seen map[string]stamp // by name; only Run uses them

	mu     sync.Mutex
	status Watched
}

// stamp is what a file's place says of its content.
type stamp struct {
	size     int64
	modified time.Time
}

// NewWatcher watches a feed, which is ranged over at each pass.
func NewWatcher(store graph.Store, objects iter.Seq[feed.Object], formats []Format, o WatchOptions) (*Watcher, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Every < 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "the interval between two passes is negative"}
	}
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	o.ledger = newKnown()
	return &Watcher{store: store, feed: objects, formats: formats, o: o, taken: map[string]stamp{}, seen: map[string]stamp{}}, nil
}

// Run makes passes until ctx ends. Trouble with a pass is told and counted, and
// stops nothing.
func (w *Watcher) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		w.pass(ctx)
		timer.Reset(w.o.Every)
	}
}

// Status is what was done so far. It may be asked while Run goes on.
func (w *Watcher) Status() Watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.status
	s.Writing = slices.Clone(s.Writing)
	return s
}

// Writing are the names of files that still change, sorted.
func (w *Watcher) Writing() []string { return w.Status().Writing }

// pass ingests what is new and settled.
func (w *Watcher) pass(ctx context.Context) {
	now := w.o.Now()
	seen := make(map[string]stamp, len(w.seen))
	var objects []feed.Object
	var writing []string
	for x := range w.feed {
		s := stamp{x.Size, x.Modified}
		before, known := w.seen[x.Name]
		seen[x.Name] = s
		switch taken, ok := w.taken[x.Name]; {
		case ok && taken == s:
		case x.Err == nil && !x.Modified.IsZero() && (!known || before != s) && now.Sub(x.Modified) < 2*w.o.Every:
			writing = append(writing, x.Name)
		default:
			objects = append(objects, x)
		}
		if ctx.Err() != nil {
			return
		}
	}
	w.seen = seen
	for name := range w.taken {
		if _, ok := seen[name]; !ok {
			delete(w.taken, name)
		}
	}
	slices.Sort(writing)
	var p Pass
	if len(objects) > 0 {
		p.Report, p.Err = Run(ctx, w.store, slices.Values(objects), w.formats, w.o.Options)
	}
	if p.Err == nil {
		for _, x := range objects {
			w.taken[x.Name] = stamp{x.Size, x.Modified}
		}
	}
	done := w.o.Now()

	w.mu.Lock()
	s := &w.status
	s.Passes++
	s.FilesStored += p.Report.Files.Stored
	s.FilesKnown += p.Report.Files.Known
	s.FilesRefused += p.Report.Files.Rejected
	s.Records += p.Report.Records
	s.Rejected += len(p.Report.Rejected)
	s.Writing = writing
	if p.Err != nil {
		s.Errors++
	} else {
		s.Last = done
		if p.Report.Files.Stored > 0 {
			s.Lag = 0
			for _, x := range objects {
				if !x.Modified.IsZero() {
					s.Lag = max(s.Lag, done.Sub(x.Modified))
				}
			}
		}
	}
	w.mu.Unlock()
	if w.o.Told != nil && (len(objects) > 0 || p.Err != nil) && ctx.Err() == nil {
		w.o.Told(p)
	}
}
