// Package ndjson reads our own format for any observed call: one JSON object a
// line, documented by the JSON Schema that it embeds. It is for what no other
// source reads: a few lines in any language turn a log into it.
package ndjson

import (
	"context"
	_ "embed"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// Kind is the Source.Kind of the format's files.
const Kind = "ndjson"

// Schema is the JSON Schema (2020-12) of a line.
//
//go:embed schema.json
var Schema []byte

// Format reads files of our own format. It is an ingest.Format and an
// ingest.RawReader.
type Format struct{}

// New returns the format.
func New() *Format { return &Format{} }

// Name is "ndjson".
func (*Format) Name() string { return Kind }

// Recognise reports whether one of the first records has a time, an action and
// a target that are our own, and no key that only other logs have.
func (*Format) Recognise(_ string, head []byte) bool {
	const tries = 8
	n, ok := 0, false
	d := &decoder{}
	// Its error is that of a head that ends within a record.
	_ = jsonlog.Read(context.Background(), &ingest.File{Data: head}, layout, d, func(error) bool {
		n++
		ok = d.ours()
		return !ok && n < tries
	})
	return ok || n == 0 && d.ours()
}

// Parser returns a parser for one worker.
func (*Format) Parser() ingest.Parser { return &parser{e: newEmitter()} }

// Raw returns the record behind an observation; see ingest.RawReader.
func (*Format) Raw(ctx context.Context, f *ingest.File, at uint32, evidence string) ([]byte, error) {
	return jsonlog.Find(f, at, evidence, func(yield func(jsonlog.Seen, error) bool) error {
		return records(ctx, f, func(r *record, err error) bool {
			if err != nil {
				return yield(jsonlog.Seen{}, err)
			}
			return yield(jsonlog.Seen{Raw: r.raw, Evidence: r.evidence}, nil)
		})
	})
}

var _ interface {
	ingest.Format
	ingest.RawReader
} = (*Format)(nil)

// layout is a record a line; arrays and records over several lines are read too.
var layout = jsonlog.Layout{Hint: "NDJSON is one JSON object a line; `blastradius sources ndjson --schema` prints its schema", Lines: true}

// records calls f for every record of the file, in order, until it returns
// false. The record is valid until the call returns.
func records(ctx context.Context, f *ingest.File, yield func(r *record, err error) bool) error {
	d := &decoder{}
	return jsonlog.Read(ctx, f, layout, d, func(err error) bool {
		if err != nil {
			return yield(nil, err)
		}
		return yield(&d.rec, nil)
	})
}

type parser struct{ e *emitter }

// Parse reads one file.
func (p *parser) Parse(ctx context.Context, f *ingest.File, sink ingest.Sink) error {
	defer p.e.end()
	return records(ctx, f, func(r *record, err error) bool {
		b, at := sink.Next()
		if err != nil {
			sink.Reject(err)
			return true
		}
		sink.Seen(r.at, Kind)
		p.e.emit(b, at, r)
		return true
	})
}

// suffix ends the evidence of a record that has an id.
const suffix = "@" + Kind

// evidence is "<id>@ndjson", or "sha256:" and the record's hash where it has no
// id.
func (r *record) evidence() string {
	if r.id == "" {
		return jsonlog.Hash(r.raw)
	}
	return r.id + suffix
}
