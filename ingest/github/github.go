// Package github reads the audit log of a GitHub organisation or enterprise: as
// it is streamed to a bucket, as the API returns it, as the site exports it.
//
// # Who acts
//
// The actor is an IDENTITY: `github:user:<login>`, or of an app or bot
// `github:app:<slug>`. What it authenticated with is a CREDENTIAL by the hash that
// GitHub logs, `github:token:<hash>`, else by its id, `github:token-id:<id>`; an
// OAuth or GitHub app through which a person acted is the call's SERVICE. A workflow
// run is a SESSION, `github:run:<id>`, which acts for who set it going. An actor that
// GitHub calls an agent is an AGENT, one run of it for each session of it that the
// log names, else for each pull request or workflow run that it worked on, acting
// for the user that the event names.
//
// # What is acted on
//
// Repositories, pull requests (`github:pull:<org>/<name>#<number>`), environments,
// branches, rule sets, workflows, hooks, secrets and variables by their names, teams,
// keys (`github:key:<fingerprint>`), apps, organisations. What an action does to them
// is one table, effectLines.
//
// # Into the cloud
//
// A job may ask GitHub for a token, whose subject says what it runs for. The log
// does not say whether it did. So a prepared job issues, as *possible*, the
// subjects that it could have been given: those of its branch and of its
// environment, by the id that the source of the cloud's log gives them. Which
// secrets a job was given is said, and is a read of each by the run.
//
// # Approval
//
// A review that approves and the approval of a job that waits are calls on the
// pull request and on the run, and APPROVED edges to these: a review covers what
// is done to its pull request, an environment's approval what the run does from
// then on, in the cloud too, as far as the data leads back to the run. A review that
// asks for changes, one that is dismissed and a job that is rejected are APPROVED
// edges with outcome DENIED. An overridden branch protection and a bypassed
// environment are changes (GRANT), not approvals. A pull request and the run that
// deploys it are not joined: the log does not say which belongs to which.
package github

import (
	"context"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// Kind is the Source.Kind of the audit log's files.
const Kind = "github-audit"

// Format reads GitHub's audit log. It is an ingest.Format and an
// ingest.RawReader.
type Format struct{}

// New returns the format.
func New() *Format { return &Format{} }

// Name is "github-audit".
func (*Format) Name() string { return Kind }

// Recognise reports whether one of the first records is an event of the audit
// log.
func (*Format) Recognise(_ string, head []byte) bool {
	const tries = 8
	n, ok := 0, false
	d := &decoder{}
	// Its error is that of a head that ends within a record.
	_ = jsonlog.Read(context.Background(), &ingest.File{Data: head}, layout, d, func(error) bool {
		n++
		ok = d.e.ours()
		return !ok && n < tries
	})
	return ok || n == 0 && d.e.ours()
}

// Parser returns a parser for one worker.
func (*Format) Parser() ingest.Parser { return &parser{} }

// Raw returns the record behind an observation; see ingest.RawReader.
func (*Format) Raw(ctx context.Context, f *ingest.File, at uint32, evidence string) ([]byte, error) {
	return jsonlog.Find(f, at, evidence, func(yield func(jsonlog.Seen, error) bool) error {
		return events(ctx, f, func(e *event, err error) bool {
			if err != nil {
				return yield(jsonlog.Seen{}, err)
			}
			return yield(jsonlog.Seen{Raw: e.raw, Evidence: e.evidence}, nil)
		})
	})
}

// About describes the audit log.
func (*Format) About() []ingest.About {
	return []ingest.About{{
		Name:      Kind,
		Reads:     "GitHub audit log of an organisation or enterprise: streamed (events a line), the API's lists, JSON exports of the site, git events too",
		Yields:    "users, apps, bots and agents with who set them going; the tokens they used, by hash, and the apps they acted through; pushes, merges, settings, access, keys, secrets and workflow runs with effect and outcome, and the secrets each job was given; networks; approvals: reviews of pull requests and of jobs that wait for an environment; which OIDC subjects a job could show to a cloud, possibly",
		CannotSee: "whether a job did ask for a cloud's token; what a run's steps did; which run deployed which pull request; reviews whose state is not logged; git events where they are not enabled; who merged outside the organisation; a token's value",
	}}
}

var _ interface {
	ingest.Format
	ingest.RawReader
	ingest.Describer
} = (*Format)(nil)

// layout is events a line; arrays are read too.
var layout = jsonlog.Layout{Hint: "GitHub's audit log is JSON: events a line, or an array", Lines: true}

// events calls yield for every event of the file, in order, until it returns
// false. The event is valid until the call returns.
func events(ctx context.Context, f *ingest.File, yield func(e *event, err error) bool) error {
	d := &decoder{}
	return jsonlog.Read(ctx, f, layout, d, func(err error) bool {
		if err != nil {
			return yield(nil, err)
		}
		return yield(&d.e, nil)
	})
}

type parser struct{ w emitter }

// Parse reads one file.
func (p *parser) Parse(ctx context.Context, f *ingest.File, sink ingest.Sink) error {
	defer p.w.end()
	return events(ctx, f, func(e *event, err error) bool {
		b, at := sink.Next()
		if err != nil {
			sink.Reject(err)
			return true
		}
		sink.Seen(e.at, e.stream())
		if reason := p.w.emit(b, at, e); reason != "" {
			sink.Skip(reason)
		}
		return true
	})
}
