package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var formats = []Format{lines{}}

func gz(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func object(name string, stored []byte) feed.Object {
	return feed.Object{Name: name, Size: int64(len(stored)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(stored)), nil
	}}
}

// objects are the files of an estate by name, gzipped.
func objects(t testing.TB, files map[string][]byte) []feed.Object {
	var out []feed.Object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out = append(out, object(name, gz(t, files[name])))
	}
	return out
}

func ingestAll(t testing.TB, s graph.Store, o Options, xs ...feed.Object) Report {
	t.Helper()
	r, err := Run(t.Context(), s, slices.Values(xs), formats, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func graphHash(t testing.TB, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ledger(t testing.TB, s graph.Store) []graph.Source {
	t.Helper()
	var out []graph.Source
	for src, err := range s.Sources(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, src)
	}
	return out
}

// The graph does not depend on order, repetition or workers, and the ledger
// only on the order of the feed.
func TestRunOrderAndWorkers(t *testing.T) {
	xs := objects(t, estate(1, 40, 60))
	base := newMemory()
	ingestAll(t, base, Options{Workers: 1}, xs...)
	want, entries := graphHash(t, base), ledger(t, base)
	if len(entries) != 40 {
		t.Fatalf("%d ledger entries", len(entries))
	}
	for _, workers := range []int{1, 2, 7} {
		for _, records := range []int{0, 64, 100} {
			for _, room := range []int64{0, 1} { // with no room, one file at a time
				s := newMemory()
				twice := slices.Concat(xs[:20], xs[5:], xs[:30])
				r := ingestAll(t, s, Options{Workers: workers, BatchRecords: records, MaxInFlight: room}, twice...)
				if graphHash(t, s) != want {
					t.Errorf("workers %d, batch %d, room %d: another graph", workers, records, room)
				}
				if !reflect.DeepEqual(ledger(t, s), entries) {
					t.Errorf("workers %d, batch %d, room %d: another ledger", workers, records, room)
				}
				if r.Files.Seen != len(twice) || r.Files.Stored != 40 || r.Files.Known != len(twice)-40 {
					t.Errorf("files %+v", r.Files)
				}
			}
		}
	}
	for seed := range uint64(5) {
		mixed := slices.Clone(xs)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		s := newMemory()
		ingestAll(t, s, Options{Workers: 3}, mixed...)
		if graphHash(t, s) != want {
			t.Errorf("shuffled by %d: another graph", seed)
		}
	}
}

// A large file is cut by its own records, whole in memory or streamed.
func TestRunSegments(t *testing.T) {
	files := estate(2, 5, 530)
	xs := objects(t, files)
	base := newMemory()
	ingestAll(t, base, Options{}, xs...)
	for _, o := range []Options{
		{BatchRecords: 100},
		{BatchRecords: 100, MaxWhole: 12 << 10},                    // streamed from memory
		{BatchRecords: 100, MaxWhole: 1 << 10, Workers: 4},         // streamed from the file
		{BatchRecords: 530, MaxWhole: 1 << 10, MaxInFlight: 1},     //
		{BatchRecords: 53, MaxInflated: 1 << 20, MaxWhole: 40_000}, //
	} {
		s := newMemory()
		r := ingestAll(t, s, o, xs...)
		if graphHash(t, s) != graphHash(t, base) || len(r.Rejected) > 0 {
			t.Errorf("%+v: another graph, %v", o, r.Rejected)
		}
		var want []graph.Source
		for _, src := range ledger(t, base) {
			for n := 0; n < 530; n += o.BatchRecords {
				src.Segment = n / o.BatchRecords
				src.Records = min(o.BatchRecords, 530-n)
				src.Final = n+src.Records == 530
				want = append(want, src)
			}
		}
		got := ledger(t, s)
		for i := range got {
			got[i].Seq, got[i].First, got[i].Last, got[i].Stream = 0, 0, 0, ""
		}
		for i := range want {
			want[i].Seq, want[i].First, want[i].Last, want[i].Stream = 0, 0, 0, ""
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: ledger\n%+v\nwant\n%+v", o, got, want)
		}
	}
}

// stopping is a store that ends the run before its nth batch, by an error or
// by ending ctx.
type stopping struct {
	memory
	left   int
	cancel context.CancelFunc
}

var errDisk = errors.New("disk full")

func (s *stopping) Apply(ctx context.Context, b *graph.Batch) error {
	if s.left--; s.left < 0 {
		if s.cancel == nil {
			return errDisk
		}
		s.cancel()
		return ctx.Err()
	}
	return s.memory.Apply(ctx, b)
}

// A run that is cut off and begun again ends like one that was not.
func TestRunInterrupted(t *testing.T) {
	xs := objects(t, estate(3, 20, 60))
	for _, o := range []Options{{Workers: 3}, {Workers: 2, BatchRecords: 40}, {Workers: 2, BatchRecords: 40, MaxWhole: 600}} {
		base := newMemory()
		ingestAll(t, base, o, xs...)
		for n := range 6 {
			s := &stopping{memory: newMemory(), left: n}
			ctx, cancel := context.WithCancel(t.Context())
			want := errDisk
			if n%2 == 1 {
				s.cancel, want = cancel, context.Canceled
			}
			r, err := Run(ctx, s, slices.Values(xs), formats, o)
			cancel()
			if s.left < 0 && !errors.Is(err, want) || s.left >= 0 && err != nil {
				t.Fatalf("stopped at %d: %v", n, err)
			}
			records := 0
			for _, e := range ledger(t, s) {
				records += e.Records
			}
			if r.Records != records {
				t.Errorf("stopped at %d: %d records reported, %d in the ledger", n, r.Records, records)
			}
			s.left = 1 << 30
			ingestAll(t, s, o, xs...)
			if graphHash(t, s) != graphHash(t, base) {
				t.Errorf("stopped at %d: another graph", n)
			}
			if !reflect.DeepEqual(ledger(t, s), ledger(t, base)) {
				t.Errorf("stopped at %d: another ledger", n)
			}
		}
	}
}

// Cancelling at any moment ends the run and its goroutines.
func TestRunCancelled(t *testing.T) {
	xs := objects(t, estate(4, 60, 50))
	base := newMemory()
	ingestAll(t, base, Options{}, xs...)
	s := newMemory()
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*200*time.Microsecond)
		_, err := Run(ctx, s, slices.Values(xs), formats, Options{Workers: 4, BatchRecords: 30, MaxInFlight: 10_000})
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	ingestAll(t, s, Options{BatchRecords: 30}, xs...)
	if graphHash(t, s) != graphHash(t, base) {
		t.Error("another graph")
	}
	// A read that waits is ended too.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	r, _ := io.Pipe()
	pipe := feed.Object{Name: "pipe", Size: -1, Open: func(context.Context) (io.ReadCloser, error) { return r, nil }}
	if _, err := Run(ctx, s, slices.Values([]feed.Object{pipe}), formats, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting read: %v", err)
	}
}

func TestRunReport(t *testing.T) {
	body := "lines\n" +
		"{e1 - 1700000000000 k r a}\n" +
		"{e1 - 1700000000000 k r a}\n" + // a duplicate
		"{e2 shared:1 1700000000000 k r a}\n" +
		"{e3 shared:1 1700000001000 j r a}\n" + // the same call
		"{e2 shared:1 1700000005000 k r a}\n" + // other content
		"bad record\nskip insight\nskip insight\nskip digest\n" +
		"fix e1\nfix e1\n" // a correction, twice
	more := "lines\n{e1 - 1700000000000 k r a}\n{e4 - 1700000000000 k r a}\n"
	var calls []Progress
	clock := time.Unix(0, 0)
	o := Options{Workers: 1, Progress: func(p Progress) { calls = append(calls, p) }, Now: func() time.Time { clock = clock.Add(40 * time.Millisecond); return clock }}
	r := ingestAll(t, newMemory(), o, object("a", []byte(body)), object("b", gz(t, []byte(more))), object("a", []byte(body)), object("c", []byte("?")))
	rec, off := uint32(5), int64(7)
	want := newReport()
	want.Files.Seen, want.Files.Known, want.Files.Stored, want.Files.Rejected = 4, 1, 2, 1
	want.Kinds["lines"] = 2
	want.Taken = []Taken{{"a", "lines"}, {"b", "lines"}}
	want.Records, want.Calls, want.Corrected, want.Duplicates, want.Differing = 13, 3, 1, 2, 1
	want.Skipped = map[string]int{"skip insight": 2, "skip digest": 1}
	want.Rejected = []Rejection{{File: "a", Record: &rec, Offset: &off, Reason: "bad record"},
		{File: "a", Reason: "records rejected when it was ingested: 1"}, {File: "c", Reason: "no format recognises its text"}}
	want.BytesStored = int64(2*len(body) + len(gz(t, []byte(more))) + 1)
	want.BytesInflated = int64(len(body) + len(more))
	want.Duration, want.Edges = r.Duration, r.Edges
	if !reflect.DeepEqual(r, want) {
		t.Errorf("report\n%+v\nwant\n%+v", r, want)
	}
	if r.Edges < 2 || r.Duration <= 0 || r.ExitCode() != 3 {
		t.Errorf("edges %d, duration %v, exit %d", r.Edges, r.Duration, r.ExitCode())
	}
	for i := 1; i < len(calls)-1; i++ {
		if d := calls[i].Elapsed - calls[i-1].Elapsed; d < 100*time.Millisecond {
			t.Errorf("progress after %v", d)
		}
	}
	if last := calls[len(calls)-1]; !last.Done || last.Files != 4 || last.Found != 4 || last.Records != 13 || last.Rejected != 3 {
		t.Errorf("last progress %+v", last)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("JSON %s, %v", text, err)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"files", "4 (2 stored, 1 known, 1 rejected)", "distinct calls", "corrected, not counted in answers", "skipped: skip insight", "a record 5 at byte 7: bad record", "c: no format"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("text lacks %q:\n%s", want, b.String())
		}
	}
	for range 100 {
		r.Rejected = append(r.Rejected, Rejection{File: "x", Reason: "y"})
	}
	b.Reset()
	if err := r.WriteText(&b); err != nil || strings.Count(b.String(), "x: y") != maxPrinted-3 || !strings.Contains(b.String(), "and 83 more") {
		t.Errorf("capped text, %v:\n%s", err, b.String())
	}
}

// A file that changes is applied again beside what it was.
func TestRunChanged(t *testing.T) {
	s := newMemory()
	ingestAll(t, s, Options{}, object("a", []byte("lines\n{e1 - 1700000000000 k r a}\n")))
	r := ingestAll(t, s, Options{}, object("a", []byte("lines\n{e1 - 1700000000000 k r a}\n{e2 - 1700000000000 k r a}\n")))
	if r.Files.Stored != 1 || len(ledger(t, s)) != 2 {
		t.Errorf("%+v, ledger %v", r.Files, ledger(t, s))
	}
	// Both versions in one run: the second waits for the first.
	s = newMemory()
	r = ingestAll(t, s, Options{Workers: 4}, object("a", []byte("lines\n{e1 - 1700000000000 k r a}\n")), object("a", []byte("lines\n{e2 - 1700000000000 k r a}\n")))
	if r.Files.Stored != 2 || len(ledger(t, s)) != 2 {
		t.Errorf("%+v, ledger %v", r.Files, ledger(t, s))
	}
}

func TestRunDirectoryAndStdin(t *testing.T) {
	dir := t.TempDir()
	files := estate(5, 8, 20)
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), gz(t, b), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	s := newMemory()
	run := func(xs iter.Seq[feed.Object], o Options) Report {
		r, err := Run(t.Context(), s, xs, formats, o)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run(feed.Directory(dir), Options{})
	if r.Files.Stored != 8 || len(r.Rejected) != 1 || !strings.Contains(r.Rejected[0].Reason, "directory loop") {
		t.Errorf("%+v %v", r.Files, r.Rejected)
	}
	// Standard input, whole and streamed, is known again by its hash.
	in := gz(t, files["/logs/0000.gz"])
	for _, o := range []Options{{}, {MaxWhole: 100, BatchRecords: 7}} {
		before := len(ledger(t, s))
		r := run(feed.Stdin(bytes.NewReader(in)), o)
		entries := ledger(t, s)[before:]
		if o.MaxWhole == 0 && (r.Files.Stored != 1 || len(entries) != 1) || o.MaxWhole > 0 && r.Records != 20 {
			t.Errorf("stdin %+v: %+v, %+v", o, r, entries)
		}
		if last := entries[len(entries)-1]; last.Hash == "" || last.Size != int64(len(in)) || !last.Final {
			t.Errorf("stdin entry %+v", last)
		}
	}
	if r := run(feed.Stdin(bytes.NewReader(in)), Options{}); r.Files.Known != 1 {
		t.Errorf("stdin again %+v", r.Files)
	}
}

func TestOptionsValidate(t *testing.T) {
	for _, o := range []Options{{Workers: -1}, {BatchRecords: graph.MaxBatchRecords + 1}, {MaxWhole: -1}} {
		if _, err := Run(t.Context(), newMemory(), feed.Concat(), formats, o); graph.Code(err) != graph.CodeInvalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestTally(t *testing.T) {
	var s keySet
	rng := rand.New(rand.NewPCG(7, 7))
	keys, values := map[uint64]bool{}, map[uint64]bool{}
	for range 50_000 {
		v := rng.Uint64N(20_000)*0x9e3779b97f4a7c15>>16<<16 | rng.Uint64N(3)
		newKey, newValue := s.add(v)
		if newKey == keys[v>>16] || newValue == values[max(v, 1)] {
			t.Fatalf("add %x: %v, %v", v, newKey, newValue)
		}
		keys[v>>16], values[max(v, 1)] = true, true
	}
	if s.len() != len(values) {
		t.Errorf("%d values, want %d", s.len(), len(values))
	}
}
