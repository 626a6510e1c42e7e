package cloudtrail

import (
	"context"
	"strings"

	"github.com/blastradius/blastradius/ingest"
)

// Options of a Format.
type Options struct {
	// Objects keeps S3 objects apart; otherwise a call on an object is a
	// call on its bucket. Default: false.
	Objects bool
}

// Format reads CloudTrail: records in every wrapping, digest files, Insight
// files and the activity events of CloudTrail Lake. It is an ingest.Format and
// an ingest.RawReader.
type Format struct{ opts Options }

// New returns the format.
func New(o Options) *Format { return &Format{o} }

// Name is "cloudtrail".
func (f *Format) Name() string { return "cloudtrail" }

// Recognise reports whether a file is CloudTrail's, by its content.
func (f *Format) Recognise(name string, head []byte) bool {
	_, ok := recognise(name, head)
	return ok
}

// Parser returns a parser for one worker.
func (f *Format) Parser() ingest.Parser {
	return &parser{newEmitter(f.opts), newHabits(newIdentities())}
}

// Raw returns the record behind an observation; see ingest.RawReader.
func (f *Format) Raw(ctx context.Context, file *ingest.File, record uint32, evidence string) ([]byte, error) {
	return raw(ctx, file, record, evidence)
}

// parser reads file after file. The identities it remembers carry its
// emitter's actors.
type parser struct {
	e      *emitter
	habits *habits
}

// Parse reads one file: what its records show goes to sink, a digest's list of
// files to the ledger entry.
func (p *parser) Parse(ctx context.Context, f *ingest.File, sink ingest.Sink) error {
	head, f, err := peek(f)
	if err != nil {
		return err
	}
	s, _ := recognise(f.Name, head)
	if s == shapeDigest {
		return list(f, sink)
	}
	entry := sink.Source()
	entry.Kind = max(s, shapeRecords).kind()
	return recordsBy(ctx, f, chunkSize, p.habits, func(r *Record, err error) bool {
		b, at := sink.Next()
		if err != nil {
			sink.Reject(err)
			return true
		}
		sink.Seen(r.Time, p.e.stream(r))
		if reason := p.e.emit(b, at, r); reason != "" {
			sink.Skip(reason)
		}
		return true
	})
}

// list notes what a digest names: the ledger finds gaps by it.
func list(f *ingest.File, sink ingest.Sink) error {
	d, err := readDigest(f)
	if err != nil {
		return err
	}
	entry := sink.Source()
	entry.Kind, entry.Lists = shapeDigest.kind(), d.files
	entry.First, entry.Last = d.start, d.end
	if d.account != "" {
		entry.Stream = "cloudtrail/" + d.account
		if region := digestRegion(f.Name); region != "" {
			entry.Stream += "/" + region
		}
	}
	return nil
}

var _ interface {
	ingest.Format
	ingest.RawReader
} = (*Format)(nil)

// digestRegion is the region whose log files a digest lists, from its object
// key: …/CloudTrail-Digest/<region>/yyyy/mm/dd/…
func digestRegion(name string) string {
	_, rest, ok := strings.Cut(name, "/CloudTrail-Digest/")
	if !ok {
		return ""
	}
	region, _, _ := strings.Cut(rest, "/")
	return region
}
