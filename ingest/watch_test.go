package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// refusing fails to apply while it is told to.
type refusing struct {
	memory
	down bool
}

func (r *refusing) Apply(ctx context.Context, b *graph.Batch) error {
	if r.down {
		return errors.New("disk full")
	}
	return r.memory.Apply(ctx, b)
}

// A watched directory, pass by pass: what no longer changes is taken once, what
// still does is named, what changed is taken again, what is bad is told once,
// and a store that fails loses nothing.
func TestWatcher(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	text := func(ids ...int) string {
		out := "lines\n"
		for _, n := range ids {
			out += fmt.Sprintf("e%d - %d a b read\n", n, 1795341600000+n)
		}
		return out
	}
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(path)
	}
	opened := map[string]int{}
	var opening sync.Mutex // several workers open files
	watched := func(yield func(feed.Object) bool) {
		for x := range feed.Directory(dir) {
			if open := x.Open; open != nil {
				x.Open = func(ctx context.Context) (io.ReadCloser, error) {
					opening.Lock()
					opened[filepath.Base(x.Name)]++
					opening.Unlock()
					return open(ctx)
				}
			}
			if !yield(x) {
				return
			}
		}
	}
	s := &refusing{memory: newMemory()}
	var told []Pass
	w, err := NewWatcher(s, watched, formats, WatchOptions{Options: Options{Now: func() time.Time { return now }}, Every: time.Minute,
		Told: func(p Pass) { told = append(told, p) }})
	if err != nil {
		t.Fatal(err)
	}
	pass := func(writing ...string) Watched {
		t.Helper()
		now = now.Add(time.Minute)
		told = nil
		w.pass(t.Context())
		got := w.Status()
		for i := range writing {
			writing[i] = filepath.ToSlash(filepath.Join(dir, writing[i]))
		}
		if !slices.Equal(got.Writing, writing) {
			t.Errorf("being written: %v, want %v", got.Writing, writing)
		}
		return got
	}

	put("old", text(1, 2))
	now = now.Add(time.Hour)
	put("new", text(3))
	if got := pass("new"); got.FilesStored != 1 || got.Records != 2 || got.Lag != time.Hour+time.Minute {
		t.Errorf("first look: %+v", got)
	}
	put("new", text(3, 4)) // it grows
	put("bad", "lines\nbad x\n"+text()[6:])
	if got := pass("bad", "new"); got.FilesStored != 1 || len(told) != 0 {
		t.Errorf("while it grows: %+v", got)
	}
	if got := pass(); got.FilesStored != 3 || got.Records != 5 || got.Rejected != 1 || len(told) != 1 || len(told[0].Report.Rejected) != 1 {
		t.Errorf("when it has settled: %+v, told %+v", got, told)
	}
	if got := pass(); got.FilesStored != 3 || got.Rejected != 1 || len(told) != 0 {
		t.Errorf("nothing new: %+v", got)
	}
	if opened["old"] != 1 || opened["new"] != 1 || opened["bad"] != 1 {
		t.Errorf("opened %v", opened)
	}

	put("old", text(1, 2, 5)) // written again, long after
	put("copy", text(1, 2))
	s.down = true
	pass("copy", "old")
	if got := pass(); got.Errors != 1 || len(told) != 1 || told[0].Err == nil || !strings.Contains(told[0].Err.Error(), "disk full") {
		t.Errorf("the store fails: %+v, told %+v", got, told)
	}
	s.down = false
	if err := os.Remove(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	if got := pass(); got.Errors != 1 || got.FilesStored != 5 || got.Passes != 7 {
		t.Errorf("the store is back: %+v", got)
	}
	calls := map[uint64]bool{}
	for e, err := range s.Edges(t.Context(), nil, graph.Out, graph.Filter{Detail: graph.Times}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range e.Observations {
			calls[o.CallKey] = true
		}
	}
	if len(calls) != 5 {
		t.Errorf("%d distinct calls, want 5", len(calls))
	}
	if len(w.taken) != 3 {
		t.Errorf("remembers %d files, want 3", len(w.taken))
	}
}

// Run looks again and again, and ends with its context.
func TestWatcherRuns(t *testing.T) {
	s := newMemory()
	found := make(chan struct{}, 100)
	w, err := NewWatcher(s, func(yield func(feed.Object) bool) {
		found <- struct{}{}
		yield(object("a", []byte("lines\ne1 - 1795341600000 a b read\n")))
	}, formats, WatchOptions{Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	for range 3 {
		<-found
	}
	cancel()
	<-ended
	if got := w.Status(); got.FilesStored != 1 || got.Passes < 2 || got.Last.IsZero() {
		t.Errorf("%+v", got)
	}
	if _, err := NewWatcher(s, nil, nil, WatchOptions{Every: -1}); graph.Code(err) != graph.CodeInvalid {
		t.Error(err)
	}
}
