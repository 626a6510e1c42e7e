package cloudtrail

import (
	"bytes"
	"context"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
)

// discard is a sink that begins a new builder every 50,000 records, as the
// pipeline does, and throws the batches away.
type discard struct {
	b     *graph.Builder
	seq   uint64
	n     uint32
	total int
	entry graph.Source
}

func (d *discard) Next() (*graph.Builder, graph.Ref) {
	if d.b == nil || d.n == graph.MaxBatchRecords {
		if d.b != nil {
			d.b.Batch()
		}
		d.b, d.n = graph.NewBuilder(), 0
		d.seq = d.b.Source(graph.Source{})
	}
	d.n++
	d.total++
	return d.b, graph.Ref{Seq: d.seq, Record: d.n}
}

func (d *discard) Seen(graph.Time, string) {}
func (d *discard) Reject(error)            {}
func (d *discard) Skip(string)             {}
func (d *discard) Source() *graph.Source   { return &d.entry }

// cpu is the time that the process has computed for, the collector included.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// estate is a generated estate, a file after the other.
func estate(b *testing.B) [][]byte {
	dir := b.TempDir()
	from := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	if _, err := synth.Generate(context.Background(), dir, synth.Options{Events: 60_000, From: from, To: from.Add(6 * time.Hour)}); err != nil {
		b.Fatal(err)
	}
	var out [][]byte
	for _, zipped := range files(b, dir, ".json.gz") {
		r, err := gzip.NewReader(bytes.NewReader(zipped))
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, text)
	}
	return out
}

// BenchmarkParse reads bytes to batches: the invictus capture again and again,
// and a generated estate of many actors.
func BenchmarkParse(b *testing.B) {
	for name, texts := range map[string]func(*testing.B) [][]byte{
		"invictus": func(b *testing.B) [][]byte { return [][]byte{corpus(b)} },
		"estate":   estate,
	} {
		b.Run(name, func(b *testing.B) {
			texts := texts(b)
			p, sink := New(Options{}).Parser(), &discard{}
			size := 0
			for _, text := range texts {
				size += len(text)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			before, n := cpu(), sink.total
			for b.Loop() {
				for _, text := range texts {
					if err := p.Parse(context.Background(), &ingest.File{Name: "bench.json", Data: text}, sink); err != nil {
						b.Fatal(err)
					}
				}
			}
			n = sink.total - n
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(n)/(cpu()-before).Seconds(), "events/cpu-s") // what other programs take does not count
		})
	}
}
