package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// counted takes a file for one record, so that what is measured is the
// pipeline.
type counted struct{}

func (counted) Name() string                  { return "counted" }
func (counted) Recognise(string, []byte) bool { return true }
func (counted) Parser() Parser                { return counted{} }
func (counted) Parse(_ context.Context, _ *File, s Sink) error {
	s.Next()
	s.Skip("counted")
	return nil
}

// discard is a store that keeps nothing.
type discard struct{}

func (discard) Apply(context.Context, *graph.Batch) error { return nil }
func (discard) Nodes(context.Context, graph.Selector) iter.Seq2[graph.Node, error] {
	return none[graph.Node]
}
func (discard) Edges(context.Context, []graph.ID, graph.Direction, graph.Filter) iter.Seq2[graph.Edge, error] {
	return none[graph.Edge]
}
func (discard) Sources(context.Context) iter.Seq2[graph.Source, error] { return none[graph.Source] }
func (discard) Prune(context.Context, time.Time) error                 { return nil }
func (discard) Close() error                                           { return nil }

func none[T any](func(T, error) bool) {}

// BenchmarkRun compares the pipeline, from files on disk to batches, with a
// streaming gunzip of the same files. Run with -cpu 1 to compare core by core.
func BenchmarkRun(b *testing.B) {
	packed, size := corpus(b)
	dir := b.TempDir()
	for i, p := range packed {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.json.gz", i)), p, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("pipeline", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			r, err := Run(b.Context(), discard{}, feed.Directory(dir), []Format{counted{}}, Options{})
			if err != nil || r.Files.Stored != len(packed) {
				b.Fatal(err, r.Files)
			}
		}
	})
	b.Run("gunzip", func(b *testing.B) {
		var z kgzip.Reader
		b.SetBytes(size)
		for b.Loop() {
			for o := range feed.Directory(dir) {
				rc, err := o.Open(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				stored, err := io.ReadAll(rc)
				rc.Close()
				if err != nil {
					b.Fatal(err)
				}
				if err := z.Reset(bytes.NewReader(stored)); err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, &z); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
