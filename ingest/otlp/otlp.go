// Package otlp reads OpenTelemetry traces: OTLP as JSON (a document, several, or
// one a line, as the Collector's file exporter writes) and as protobuf (a bare
// export request, or records behind their length, as the file exporter and our
// own spool write). Services and the calls between them are what failure travels
// along.
//
// # Two views of one call
//
// A call leaves two spans, in two processes, files and perhaps batches. The
// caller's CLIENT span knows its own service and, with luck, a name for its peer;
// the callee's SERVER span knows its own service and the id of the caller's span.
// A join of the two is never written by one of them, or the order and the split
// of files would show. So each writes what it knows by itself:
//
//	CLIENT s of trace t, service A:   A -CALLED-> the peer by its attributes, else otel:callee:A   evidence t-s
//	SERVER r, parent s, service B:    otel:caller:B -CALLED-> B                                    evidence t-s@r
//
// Both are observations of the one call t-s (Observation.Call), so totals count
// it once. Questions join the two when they read (graph/explore, spans.go): the
// evidence index leads from t-s to the caller and from t-s@… to the callees, and
// the placeholders otel:caller:B and otel:callee:A are left only with calls of
// which the other half is not in the data. Nothing is written for a span but its
// observation: no node stands for a span or a trace.
//
// A service that is down emits nothing and appears by what its callers' spans
// say of their peer, under the id that it would have itself where the names
// agree. What is asynchronous meets at the queue: producer and consumer both
// call the destination. A span of another kind shows its service alone.
package otlp

import (
	"context"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// Kind is the Source.Kind of OTLP files.
const Kind = "otlp"

// stream is what every file of traces is a piece of, for coverage.
const stream = "otlp"

// Format reads OTLP traces. It is an ingest.Format and an ingest.RawReader.
type Format struct{}

// New returns the format.
func New() *Format { return &Format{} }

// Name is "otlp".
func (*Format) Name() string { return Kind }

// Recognise reports whether a file is OTLP's, by its content. Logs and metrics
// are, too: their records are skipped.
func (*Format) Recognise(name string, head []byte) bool {
	return isJSON(head) || isFramed(head) || isProto(head) || isSpool(name, head)
}

// Parser returns a parser for one worker.
func (*Format) Parser() ingest.Parser { return &parser{e: newEmitter()} }

// Raw returns the span behind an observation; see ingest.RawReader.
func (*Format) Raw(ctx context.Context, f *ingest.File, record uint32, evidence string) ([]byte, error) {
	return raw(ctx, f, record, evidence)
}

var _ interface {
	ingest.Format
	ingest.RawReader
} = (*Format)(nil)

// parser reads file after file.
type parser struct {
	e *emitter
	r protoReader // remembers resources
}

// Parse reads one file: each span is a record.
func (p *parser) Parse(ctx context.Context, f *ingest.File, sink ingest.Sink) error {
	sink.Source().Kind, sink.Source().Stream = Kind, stream
	return read(ctx, f, &p.r, func(s *span, err error) bool {
		b, at := sink.Next()
		if err == nil {
			err = s.check()
		}
		if err != nil {
			sink.Reject(err)
			return true
		}
		if s.signal != "" {
			sink.Skip(s.signal)
			return true
		}
		sink.Seen(s.at(), stream)
		if reason := p.e.emit(b, at, s); reason != "" {
			sink.Skip(reason)
		}
		return true
	})
}

// at is when the span's call ended: what the service that logs it knows last. A
// span without an end, or with one before its start, counts by its start.
func (s *span) at() graph.Time {
	ns := s.end
	if ns < s.start {
		ns = s.start
	}
	return graph.Time(ns / 1e6)
}
