// Package awsiam reads what AWS IAM says exists: the output of
// get-account-authorization-details, lists of access keys, and the credential
// report. A dump says what holds at one moment; it holds no calls.
package awsiam

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// The kinds of sources, as in graph.Source.Kind.
const (
	KindDetails = "aws-iam"               // users, groups, roles, policies, access keys
	KindReport  = "aws-credential-report" // users with what they sign in with
)

// Format reads IAM dumps. It is an ingest.Format.
type Format struct{}

// New returns the format.
func New() *Format { return &Format{} }

// Name is "aws-iam".
func (*Format) Name() string { return KindDetails }

// Recognise reports whether a file is a dump of IAM, by its content.
func (*Format) Recognise(_ string, head []byte) bool {
	if isReport(head) {
		return true
	}
	pages, _ := readPages(head) // as far as it goes
	for _, p := range pages {
		if p.is(head) {
			return true
		}
	}
	return false
}

// Parser returns a parser for one worker.
func (*Format) Parser() ingest.Parser { return parser{} }

var _ ingest.Format = (*Format)(nil)

// maxDump bounds a dump, in bytes of text: it is read whole, as what dates it
// may stand at its end. The largest accounts (5,000 users, 5,000 roles) give
// some 100 MB.
const maxDump = 512 << 20

type parser struct{}

// Parse reads one file. Without a time of its own, a dump is dated by the
// latest date that it shows, as it cannot be older than that.
func (parser) Parse(_ context.Context, f *ingest.File, sink ingest.Sink) error {
	data := f.Data
	if f.Reader != nil {
		var err error
		if data, err = io.ReadAll(io.LimitReader(f.Reader, maxDump+1)); err != nil {
			return fmt.Errorf("read %s: %w", f.Name, err)
		}
		if len(data) > maxDump {
			return fmt.Errorf("larger than a dump of IAM may be, %d MiB", maxDump>>20)
		}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if isReport(data) {
		return parseReport(data, 0, sink)
	}
	pages, broken := readPages(data)
	var latest graph.Time
	for _, p := range pages {
		latest = max(latest, p.latest)
	}
	for _, p := range pages {
		if p.report != nil {
			if err := parseReport(p.report, p.at, sink); err != nil {
				return err
			}
			continue
		}
		sink.Source().Kind = KindDetails
		w := writer{sink: sink, page: p, at: p.at, list: KindDetails}
		if w.at == 0 {
			w.at, w.list = latest, undated
		}
		for _, x := range p.things {
			w.write(x)
		}
		w.empty()
	}
	if s := sink.Source(); s.Stream == "" {
		s.Stream = s.Kind // of no account that it names
	}
	return broken
}

// undated is how AttrEnumerated names a dump without a time of its own: what
// it does not list may have come later.
const undated = KindDetails + " undated"
