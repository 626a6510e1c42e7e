// Package access reads access logs of proxies as JSON: Envoy's and Istio's, and
// those of an ingress (nginx).
//
// A line is one request as one proxy saw it. Who called is a service account,
// where the proxies know each other by SPIFFE id (mutual TLS): a peer's URI, or
// x-forwarded-client-cert. Else it is the network that the request came from.
// Who was called is the service by its cluster, SNI or authority, under the id
// that its traces have (`otel:service:<namespace>/<name>`). Of one call both
// proxies may tell: with one request id and callee they are one call.
package access

import (
	"context"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// Kind is the Source.Kind of access logs.
const Kind = "access-log"

// Format reads access logs. It is an ingest.Format and an ingest.RawReader.
type Format struct{}

// New returns the format.
func New() *Format { return &Format{} }

// Name is "access-log".
func (*Format) Name() string { return Kind }

// Recognise reports whether one of the first records is a line of an access log.
func (*Format) Recognise(_ string, head []byte) bool {
	const tries = 8
	n, ok := 0, false
	d := &decoder{}
	// Its error is that of a head that ends within a record.
	_ = jsonlog.Read(context.Background(), &ingest.File{Data: head}, layout, d, func(err error) bool {
		n++
		ok = err == nil && d.r.ours()
		return !ok && n < tries
	})
	return ok || n == 0 && d.r.ours()
}

// Parser returns a parser for one worker.
func (*Format) Parser() ingest.Parser { return parser{} }

// Raw returns the record behind an observation; see ingest.RawReader.
func (*Format) Raw(ctx context.Context, f *ingest.File, at uint32, evidence string) ([]byte, error) {
	return jsonlog.Find(f, at, evidence, func(yield func(jsonlog.Seen, error) bool) error {
		return requests(ctx, f, func(r *request, err error) bool {
			if err != nil {
				return yield(jsonlog.Seen{}, err)
			}
			return yield(jsonlog.Seen{Raw: r.raw, Evidence: r.evidence}, nil)
		})
	})
}

// About describes access logs.
func (*Format) About() []ingest.About {
	return []ingest.About{{
		Name:      Kind,
		Reads:     "Access logs as JSON: Envoy and Istio (the default members, and peers' SPIFFE ids where the format has them), nginx as ingress",
		Yields:    "which service account (by SPIFFE id), else which network, called which service; outcome by status, gRPC status and Envoy's response flags",
		CannotSee: "the caller where neither proxy knows its certificate (its network stands for it); what the service did; log lines that are not JSON",
	}}
}

var _ interface {
	ingest.Format
	ingest.RawReader
	ingest.Describer
} = (*Format)(nil)

// layout is requests a line; arrays are read too.
var layout = jsonlog.Layout{Hint: "an access log is JSON here: requests a line"}

// requests calls yield for every request of the file, in order, until it returns
// false. The request is valid until the call returns.
func requests(ctx context.Context, f *ingest.File, yield func(r *request, err error) bool) error {
	d := &decoder{}
	return jsonlog.Read(ctx, f, layout, d, func(err error) bool {
		if err != nil {
			return yield(nil, err)
		}
		return yield(&d.r, nil)
	})
}

type parser struct{}

// Parse reads one file.
func (parser) Parse(ctx context.Context, f *ingest.File, sink ingest.Sink) error {
	return requests(ctx, f, func(r *request, err error) bool {
		b, at := sink.Next()
		if err != nil {
			sink.Reject(err)
			return true
		}
		sink.Seen(r.at, Kind)
		if reason := emit(b, at, r); reason != "" {
			sink.Skip(reason)
		}
		return true
	})
}

// The reasons for which a request says nothing.
const (
	skipCaller = "no caller"
	skipCallee = "no service"
)

// emit writes a request, and returns why there is nothing to write.
func emit(b *graph.Builder, src graph.Ref, r *request) (skip string) {
	to, name := r.callee()
	if to == "" {
		return skipCallee
	}
	from := r.caller(b)
	if from == 0 {
		return skipCaller
	}
	k := graph.EventKey{From: from, Kind: graph.Called, Outcome: r.outcome(), Client: r.client(b)}
	k.To = b.Node(graph.ID(ingest.RedactText(string(to))), graph.Service, "otel.service")
	b.Attr(k.To, graph.AttrName, ingest.RedactText(name), r.at)
	action, effect := r.action()
	k.Label = b.Label(graph.Label{Action: action, Effect: effect, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane})
	o := graph.Observation{At: r.at, Evidence: r.evidence(), Source: src}
	if r.id != "" {
		o.Call = Kind + ":" + r.id + ">" + string(to)
	}
	b.Event(k, o)
	return ""
}
