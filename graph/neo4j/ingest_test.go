package neo4j_test

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
)

// world are the files of the demo world.
func world() iter.Seq[feed.Object] { return feed.FS(testdata.World, "world/cloudtrail", "demo:") }

func ingestInto(t *testing.T, s graph.Store, files iter.Seq[feed.Object]) ingest.Report {
	t.Helper()
	r, err := ingest.Run(t.Context(), s, files, []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{Workers: 1, BatchRecords: 100})
	if err != nil {
		t.Error(err)
	}
	return r
}

// wantHash is the graph of the demo world as the embedded store has it.
func wantHash(t *testing.T) string {
	t.Helper()
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ingestInto(t, s, world())
	return hashOf(t, s)
}

func hashOf(t *testing.T, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Two that write one graph, each all files and in another order, make the graph
// of one, without a deadlock.
func TestSeveralWriters(t *testing.T) {
	o := neo4jtest.Fresh(t)
	files := slices.Collect(world())
	back := slices.Clone(files)
	slices.Reverse(back)
	var wg sync.WaitGroup
	for _, order := range [][]feed.Object{files, back} {
		wg.Go(func() {
			s, err := neo4j.Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			ingestInto(t, s, slices.Values(order))
			if c := s.Counters(); c.Deadlocks != 0 {
				t.Errorf("%d deadlocks", c.Deadlocks)
			}
		})
	}
	wg.Wait()
	s, err := neo4j.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, want := hashOf(t, s), wantHash(t); got != want {
		t.Errorf("the graph of two writers is %s, of one %s", got, want)
	}
	seq := uint64(0)
	for src, err := range s.Sources(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seq++; src.Seq != seq {
			t.Fatalf("ledger entry %d has the number %d", seq, src.Seq)
		}
	}
	if w, err := s.Watermark(t.Context()); err != nil || w != seq || seq == 0 {
		t.Errorf("watermark %d, %v; the ledger has %d entries", w, err, seq)
	}
}

// killer kills the server while a batch is under way.
type killer struct {
	*neo4j.Store
	server  *neo4jtest.Server
	batches atomic.Int32
	killed  chan struct{}
}

func (k *killer) Apply(ctx context.Context, b *graph.Batch) error {
	if k.batches.Add(1) == 4 {
		go func() {
			time.Sleep(10 * time.Millisecond)
			_ = k.server.Kill()
			close(k.killed)
		}()
	}
	return k.Store.Apply(ctx, b)
}

// The server is killed while files are written, and started again: the writer
// waits and goes on, nothing is lost and nothing stands twice.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	neo4jtest.Shared(t) // there is a way to have servers, or the test ends here
	server, err := neo4jtest.Start(t.Context(), neo4jtest.Options{Dir: t.TempDir(), HeapMB: 512})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Kill() }()
	var why error
	o := neo4j.Options{URI: server.URI, Username: server.Username, Password: server.Password, Waiting: func(err error) { why = err }}
	s, err := neo4j.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	k := &killer{Store: s, server: server, killed: make(chan struct{})}
	restarted := make(chan error)
	go func() {
		<-k.killed
		restarted <- server.Restart(context.WithoutCancel(t.Context()))
	}()
	report := ingestInto(t, k, world())
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	if c := s.Counters(); c.Waits == 0 || graph.Code(why) != graph.CodeUnavailable {
		t.Errorf("the writer waited %d times, for %v", c.Waits, why)
	}
	if got, want := hashOf(t, s), wantHash(t); got != want {
		t.Errorf("the graph after the crash is %s, want %s", got, want)
	}
	type part struct {
		name    string
		segment int
	}
	seen := map[part]int{}
	files := 0
	for src, err := range s.Sources(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if src.Final {
			files++
		}
		if p := (part{src.Name, src.Segment}); seen[p] > 0 {
			t.Errorf("%v stands in the ledger twice", p)
		} else {
			seen[p]++
		}
	}
	if files != report.Files.Stored || files == 0 {
		t.Errorf("%d files in the ledger, the report has %d", files, report.Files.Stored)
	}
}
