package ingest

import (
	"context"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// recorder is the Sink of one file: it counts, keeps the ledger entry and cuts
// segments.
type recorder struct {
	w     *worker
	ctx   context.Context
	known knownFile
	src   uint64 // the entry's index in the batch
	shown int    // Builder.Calls before the record begun last
	n     int    // records in this segment
	total uint32 // records in the file
}

func (r *recorder) begin(s graph.Source) {
	r.src = r.w.p.builder.Source(s)
	r.shown = r.w.p.builder.Calls()
	r.n = 0
}

// Source is the entry being written.
func (r *recorder) Source() *graph.Source { return r.w.p.builder.SourceAt(r.src) }

// Next begins a record.
func (r *recorder) Next() (*graph.Builder, graph.Ref) {
	r.settle()
	if p := r.w.p; r.n >= r.w.o.BatchRecords || p.records >= r.w.o.BatchRecords {
		r.cut()
	}
	ref := graph.Ref{Seq: r.src, Record: r.total}
	r.n++
	r.total++
	r.w.p.records++
	r.w.p.part.Records++
	r.Source().Records++
	return r.w.p.builder, ref
}

// settle ends the record begun last.
func (r *recorder) settle() {
	if n := r.w.p.builder.Calls(); n > r.shown {
		r.w.p.calls++
		r.shown = n
	}
}

// cut ends a segment. One that the ledger has from a run that was interrupted
// is not applied again: only its rejections are reported again.
func (r *recorder) cut() {
	p, s := r.w.p, *r.Source()
	next := graph.Source{Name: s.Name, Kind: s.Kind, Stream: s.Stream, Size: s.Size, Hash: s.Hash, Version: s.Version, Segment: s.Segment + 1}
	if s.Segment < len(r.known.segments) && int(r.known.segments[s.Segment]) == r.n && r.n == p.records {
		part := newReport()
		part.Files, part.BytesStored, part.Rejected = p.part.Files, p.part.BytesStored, p.part.Rejected
		fresh := newPending(r.w.room)
		fresh.part, fresh.buffers, fresh.held, fresh.done = part, p.buffers, p.held, p.done
		r.w.p = fresh
	} else {
		// Its only error is that of ctx: the file then ends nowhere, and
		// nothing of it is handed on any more.
		_ = r.w.send(r.ctx)
	}
	r.begin(next)
}

// end completes the file's last segment; err is why the file ended early.
func (r *recorder) end(err error) {
	r.settle()
	s, part := r.Source(), &r.w.p.part
	s.Final = true
	if r.w.late != nil {
		s.Size, s.Hash = r.w.late.sum()
	}
	part.Files.Stored++
	kind := strings.Clone(s.Kind)
	part.Kinds[kind]++
	part.Taken = append(part.Taken, Taken{s.Name, kind})
	if err != nil {
		x := rejection(s.Name, err)
		s.Note = x.Reason
		part.Rejected = append(part.Rejected, x)
	}
}

// Seen widens the entry's span and names its stream, where none was named.
func (r *recorder) Seen(t graph.Time, stream string) {
	s := r.Source()
	if t != 0 {
		if s.First == 0 || t < s.First {
			s.First = t
		}
		s.Last = max(s.Last, t)
	}
	if s.Stream == "" {
		s.Stream = stream
	}
}

// Reject counts the record begun last as unusable.
func (r *recorder) Reject(why error) {
	s := r.Source()
	s.Rejected++
	x := rejection(s.Name, why)
	if r.total > 0 {
		n := r.total - 1
		x.Record = &n
	}
	r.w.p.part.Rejected = append(r.w.p.part.Rejected, x)
}

// Skip counts the record begun last as carrying nothing for the graph.
func (r *recorder) Skip(reason string) {
	r.Source().Skipped++
	skipped := r.w.p.part.Skipped
	if _, ok := skipped[reason]; !ok {
		reason = strings.Clone(reason) // it may share the memory of a buffer that is recycled
	}
	skipped[reason]++
}
