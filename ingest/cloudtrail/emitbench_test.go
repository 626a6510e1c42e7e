package cloudtrail

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// discard is a sink that begins a new builder every 50,000 records, as the
// pipeline does, and throws the batches away.
type discard struct {
	b     *graph.Builder
	seq   uint64
	n     uint32
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

// BenchmarkParse reads bytes to batches: the invictus capture, again and again.
func BenchmarkParse(b *testing.B) {
	text := corpus(b)
	p, sink := New(Options{}).Parser(), &discard{}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	n, before := 0, cpu()
	for b.Loop() {
		if err := p.Parse(context.Background(), &ingest.File{Name: "bench.json", Data: text}, sink); err != nil {
			b.Fatal(err)
		}
		n += 2900
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(n)/(cpu()-before).Seconds(), "events/cpu-s") // what other programs take does not count
}
