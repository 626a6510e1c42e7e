// Package k8saudit reads the audit logs of Kubernetes, as the API server writes
// them and as clouds export them, and tells the graph what each event shows.
package k8saudit

import (
	"context"
	"strings"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// Kind is the Source.Kind of audit logs.
const Kind = "k8s-audit"

// Options of a Format.
type Options struct {
	// Cluster is the name or ARN of the cluster whose events do not say it: a
	// cloud's envelope does, the API server's own log and webhook do not.
	// Default: "unknown".
	Cluster string
}

// Format reads audit logs of audit.k8s.io/v1 and v1beta1. It is an ingest.Format
// and an ingest.RawReader.
type Format struct{ opts Options }

// New returns the format.
func New(o Options) *Format { return &Format{o} }

// Name is "k8s-audit".
func (*Format) Name() string { return Kind }

// Recognise reports whether one of the first records is an audit event, or an
// envelope that a cloud puts around the logs of a cluster.
func (f *Format) Recognise(_ string, head []byte) bool {
	const tries = 32
	n, ok := 0, false
	d := &reader{}
	// Its error is that of a head that ends within a record.
	_ = jsonlog.Read(context.Background(), &ingest.File{Data: head}, layout, d, func(error) bool {
		n++
		ok = d.known || d.list || d.ev.sure()
		return !ok && n < tries
	})
	return ok || d.list || n == 0 && d.ev.sure()
}

// sure reports whether what was read can be nothing but an audit event.
func (e *event) sure() bool {
	if e.kind != "Event" && e.kind != "EventList" {
		return false
	}
	return strings.HasPrefix(e.api, apiPrefix) || e.auditID != "" && e.verb != "" || e.user.raw != nil && (e.verb != "" || e.ref.resource != "")
}

// Parser returns a parser for one worker.
func (f *Format) Parser() ingest.Parser { return &parser{f.opts, newEmitter()} }

// Raw returns the event behind an observation, without the data of secrets; see
// ingest.RawReader.
func (f *Format) Raw(ctx context.Context, file *ingest.File, record uint32, evidence string) ([]byte, error) {
	o := f.opts
	if _, cluster, ok := strings.Cut(evidence, "@"); ok && o.Cluster == "" {
		o.Cluster = cluster // that was named when the file was ingested
	}
	text, err := jsonlog.Find(file, record, evidence, func(yield func(jsonlog.Seen, error) bool) error {
		return o.events(ctx, file, func(e *event, err error) bool {
			if err != nil {
				return yield(jsonlog.Seen{}, err)
			}
			return yield(jsonlog.Seen{Raw: e.raw, Evidence: e.evidence}, nil)
		})
	})
	if err != nil {
		return nil, err
	}
	return scrub(text), nil
}

var _ interface {
	ingest.Format
	ingest.RawReader
} = (*Format)(nil)

// events calls f for every event of the file, in order, until it returns false.
// The event is valid until the call returns.
func (o Options) events(ctx context.Context, f *ingest.File, yield func(e *event, err error) bool) error {
	d := &reader{option: o.Cluster}
	return jsonlog.Read(ctx, f, layout, d, func(err error) bool {
		if err != nil {
			return yield(nil, err)
		}
		return yield(&d.ev, nil)
	})
}

type parser struct {
	opts Options
	w    *emitter
}

// Parse reads one file. Its stream, for coverage, is the cluster's.
func (p *parser) Parse(ctx context.Context, f *ingest.File, sink ingest.Sink) error {
	return p.opts.events(ctx, f, func(e *event, err error) bool {
		b, at := sink.Next()
		if err != nil {
			sink.Reject(err)
			return true
		}
		if e.cluster != "" {
			sink.Seen(e.at, p.w.stream(e.cluster))
		}
		if reason := p.w.emit(b, at, e); reason != "" {
			sink.Skip(reason)
		}
		return true
	})
}

// stream is what a cluster's log is called in coverage.
func (w *emitter) stream(cluster string) string {
	if w.streams[0] != cluster {
		w.streams[0] = strings.Clone(cluster)
		w.streams[1] = Kind + "/" + k8sid.Short(w.streams[0])
	}
	return w.streams[1]
}
