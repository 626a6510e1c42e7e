package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest/feed"
)

// told notes what objects were told, in order, with how many ledger entries
// the store had by then.
type told struct {
	store memory
	all   []string
}

func (d *told) watch(t *testing.T, x feed.Object) feed.Object {
	x.Done = func(err error) {
		stored := false
		for s, serr := range d.store.Sources(context.Background()) {
			if serr != nil {
				t.Error(serr)
			}
			stored = stored || s.Name == x.Name && s.Final
		}
		if (err == nil) != stored {
			t.Errorf("%s: told %v, in the ledger: %v", x.Name, err, stored)
		}
		d.all = append(d.all, fmt.Sprintf("%s %v", x.Name, err))
	}
	return x
}

// What an object is told is true by then, and told once, in feed order.
func TestDone(t *testing.T) {
	good := []byte("lines\n{e1 - 1000 a b read}\n{e2 - 2000 a b read}\n{e3 - 3000 a b read}\n")
	gone := feed.Object{Name: "gone", Size: 4, Open: func(context.Context) (io.ReadCloser, error) { return nil, fs.ErrNotExist }}
	for _, workers := range []int{1, 4} {
		d := &told{store: newMemory()}
		var xs []feed.Object
		var want []string
		for i := range 30 {
			a, b, c := object(fmt.Sprint("a", i), gz(t, good)), object(fmt.Sprint("b", i), []byte("no format")), object(fmt.Sprint("c", i), good)
			xs = append(xs, d.watch(t, a), d.watch(t, b), d.watch(t, gone), c, d.watch(t, c))
			want = append(want, a.Name+" <nil>", b.Name+" no format recognises its text", "gone cannot be opened: file does not exist", c.Name+" <nil>")
		}
		// Two records a batch: every good file has two segments.
		ingestAll(t, d.store, Options{Workers: workers, BatchRecords: 2}, xs...)
		if !slices.Equal(d.all, want) {
			t.Errorf("%d workers:\ngot  %q\nwant %q", workers, d.all, want)
		}
	}
}

// full fails at the n-th batch.
type full struct {
	memory
	n int
}

func (f *full) Apply(ctx context.Context, b *graph.Batch) error {
	if f.n--; f.n < 0 {
		return errors.New("disk full")
	}
	return f.memory.Apply(ctx, b)
}

func TestDoneWhereTheStoreFails(t *testing.T) {
	m := newMemory()
	d := &told{store: m}
	var xs []feed.Object
	for i := range 3 {
		xs = append(xs, d.watch(t, object(fmt.Sprint("f", i), fmt.Appendf(nil, "lines\n{e%d - 1000 a b read}\n", i))))
	}
	_, err := Run(t.Context(), &full{m, 1}, slices.Values(xs), formats, Options{Workers: 1, BatchRecords: 1})
	if err == nil || len(d.all) != 2 || d.all[0] != "f0 <nil>" || d.all[1] != "f1 the run ended" {
		t.Errorf("%v, told %q", err, d.all)
	}
	// Within a file too: a feed that waits must hear of it.
	d.all = nil
	_, err = Run(t.Context(), &full{m, 1}, slices.Values([]feed.Object{d.watch(t, object("long", []byte("lines\n{a - 1000 a b read}\n{b - 1000 a b read}\n{c - 1000 a b read}\n")))}),
		formats, Options{Workers: 1, BatchRecords: 1})
	if err == nil || len(d.all) != 1 || d.all[0] != "long the run ended" {
		t.Errorf("%v, told %q", err, d.all)
	}
}

// A file that is known by its version is not opened, whatever else is said of
// it; with another version it is.
func TestVersion(t *testing.T) {
	m := newMemory()
	opened := 0
	at := func(version, text string) feed.Object {
		x := object("s3://b/k", []byte(text))
		open := x.Open
		x.Version = version
		x.Open = func(ctx context.Context) (io.ReadCloser, error) { opened++; return open(ctx) }
		return x
	}
	first, second := "lines\n{e1 - 1000 a b read}\nbad\n", "lines\n{e2 - 1000 a b read}\n"
	for i, c := range []struct {
		x                         feed.Object
		opened, stored, known, no int
	}{
		{at("v1", first), 1, 1, 0, 1},
		{at("v1", first), 0, 0, 1, 1},
		{at("v2", first), 1, 0, 1, 1}, // the same content under another version
		{at("v3", second), 1, 1, 0, 0},
		{at("", second), 1, 0, 1, 0},
		{at("v3", second), 0, 0, 1, 0},
		{at("v1", first), 0, 0, 1, 1},
	} {
		opened = 0
		r := ingestAll(t, m, Options{Workers: 1}, c.x)
		if opened != c.opened || r.Files.Stored != c.stored || r.Files.Known != c.known || len(r.Rejected) != c.no {
			t.Errorf("%d: opened %d, %+v, rejected %v", i, opened, r.Files, r.Rejected)
		}
	}
	if h := graphHash(t, m); h != graphHash(t, oracle(t, first, second)) {
		t.Error("the graph is another")
	}
}

func oracle(t *testing.T, texts ...string) memory {
	m := newMemory()
	for i, text := range texts {
		ingestAll(t, m, Options{Workers: 1}, object(fmt.Sprint(i), []byte(text)))
	}
	return m
}

// A run without end keeps little: the last rejections, each told as it came,
// and the number of all.
func TestEndless(t *testing.T) {
	const n = 3500
	told := 0
	r := ingestAll(t, storetest.NewModel(), Options{Endless: true, Rejected: func(Rejection) { told++ }}, func() (xs []feed.Object) {
		for i := range n {
			xs = append(xs, object(fmt.Sprint(i), []byte("no format")))
		}
		return xs
	}()...)
	if r.rejected() != n || told != n || len(r.Rejected) > 2*endlessRejected || r.Rejected[len(r.Rejected)-1].File != fmt.Sprint(n-1) {
		t.Errorf("%d rejections, %d told, %d kept", r.rejected(), told, len(r.Rejected))
	}
	if r.ExitCode() != 3 {
		t.Error("exit code")
	}
}
