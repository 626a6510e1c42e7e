package explore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/blastradius/blastradius/graph"
)

// ledger is what coverage is computed from, gathered once for each state of the
// store, so that a question costs a few binary searches.
type ledger struct {
	streams []*stream // by name
	all     tally     // of the streams that are no snapshots
	gaps    []Gap     // of logging and of digests, by From
	writing []string
	undated int // rejected records of files without any time
	first   graph.Time
	last    graph.Time
	// silent are the silences by the default threshold; others are found anew.
	silent []Gap
}

// stream is one stream of files.
type stream struct {
	name, kind  string
	snapshot    bool // it says what holds at moments: between two there is no silence
	first, last graph.Time
	files       []span // by first, in time
	tally
}

// snapshots are the kinds of sources that hold no events. They never make the
// data reach further.
var snapshots = map[string]bool{"aws-iam": true, "aws-credential-report": true}

// span is one file, or segment of one.
type span struct {
	first, last              graph.Time
	files, records, rejected int
}

// tally counts spans that overlap a window by two binary searches: those that
// begin before its end, less those that end before its start.
type tally struct{ byFirst, byLast []span } // with running totals

func newTally(files []span) tally {
	sum := func(key func(span) graph.Time) []span {
		out := slices.Clone(files)
		slices.SortFunc(out, func(a, b span) int { return cmp.Compare(key(a), key(b)) })
		for i := 1; i < len(out); i++ {
			out[i].files += out[i-1].files
			out[i].records += out[i-1].records
			out[i].rejected += out[i-1].rejected
		}
		return out
	}
	return tally{sum(func(s span) graph.Time { return s.first }), sum(func(s span) graph.Time { return s.last })}
}

// over counts what overlaps the window.
func (t tally) over(w graph.Window) span {
	begun := len(t.byFirst)
	if w.To != 0 {
		begun = sort.Search(begun, func(i int) bool { return t.byFirst[i].first >= w.To })
	}
	ended := sort.Search(len(t.byLast), func(i int) bool { return t.byLast[i].last >= w.From })
	var a, b span
	if begun > 0 {
		a = t.byFirst[begun-1]
	}
	if ended > 0 {
		b = t.byLast[ended-1]
	}
	return span{files: a.files - b.files, records: a.records - b.records, rejected: a.rejected - b.rejected}
}

// keptLedgers bounds the cache: the newest state and a few permalinks.
const keptLedgers = 4

// load is the ledger as of r.
func (e *Explorer) load(r *reader) (*ledger, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l, ok := e.ledger[r.seen]; ok {
		return l, nil
	}
	l, err := readLedger(r.ctx, r.store, r.seen, r.asOf)
	if err != nil {
		return nil, err
	}
	for len(e.ledger) >= keptLedgers {
		delete(e.ledger, slices.Min(slices.Collect(maps.Keys(e.ledger))))
	}
	e.ledger[r.seen] = l
	return l, nil
}

func readLedger(ctx context.Context, store graph.Store, seen, asOf uint64) (*ledger, error) {
	l := &ledger{}
	streams := map[string]*stream{}
	type file struct{ name, hash string }
	open := map[file]bool{}
	type piece struct {
		file
		segment int
	}
	read := map[piece]bool{}
	var digests []graph.Source
	names := map[string]bool{}
	for s, err := range store.Sources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if s.Seq > seen {
			break
		}
		names[lastSegment(s.Name)] = true
		f := file{s.Name, s.Hash}
		if s.Final {
			open[f] = false
		} else if _, ok := open[f]; !ok {
			open[f] = true
		}
		if p := (piece{f, s.Segment}); s.Hash != "" {
			if read[p] {
				continue // two processes ingested it at a time; it counts once
			}
			read[p] = true
		}
		if s.Kind == "cloudtrail-digest" {
			digests = append(digests, s)
			continue
		}
		if s.First == 0 {
			l.undated += s.Rejected
			continue
		}
		x := streams[s.Stream]
		if x == nil {
			x = &stream{name: s.Stream, kind: s.Kind, snapshot: snapshots[s.Kind]}
			streams[s.Stream] = x
		}
		n := span{first: s.First, last: s.Last, records: s.Records, rejected: s.Rejected}
		if s.Segment == 0 {
			n.files = 1
		}
		x.files = append(x.files, n)
		x.first, x.last = earlier(x.first, s.First), max(x.last, s.Last)
		if !x.snapshot {
			l.first, l.last = earlier(l.first, s.First), max(l.last, s.Last)
		}
	}
	for f, writing := range open {
		if writing {
			l.writing = append(l.writing, f.name)
		}
	}
	slices.Sort(l.writing)
	l.writing = slices.Compact(l.writing)
	var all []span
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		x := streams[name]
		slices.SortFunc(x.files, func(a, b span) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last)) })
		x.tally = newTally(x.files)
		if !x.snapshot {
			all = append(all, x.files...)
		}
		l.streams = append(l.streams, x)
	}
	l.all = newTally(all)
	l.silent = l.silences(graph.Time(DefaultSilence.Milliseconds()))
	l.gaps = missingFiles(digests, names)
	stopped, err := stoppedLogging(ctx, store, asOf)
	if err != nil {
		return nil, err
	}
	l.gaps = append(l.gaps, stopped...)
	slices.SortFunc(l.gaps, func(a, b Gap) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Source, b.Source)) })
	return l, nil
}
