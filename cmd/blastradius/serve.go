package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/spf13/cobra"
)

// serve is the command that serves API and page.
func (m *Main) serve() *cobra.Command {
	var o serverOptions
	var paths []string
	var every time.Duration
	var objects bool
	var audit, cluster string
	var traces traceOptions
	var hot int
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the page, and ingest what comes meanwhile",
		Long: `serve answers GraphQL at /graphql (POST and GET; subscriptions by server-sent
events), an editor for it at /graphiql, the page at /, and /healthz, /readyz and
/metrics.

With --ingest it also looks at files and directories again and again, and ingests
what is new as soon as it no longer changes: a process that serves has the store to
itself. Files that still change are named by coverage, and make answers incomplete.

With --k8s-audit DIR it takes the audit events that the webhook of a Kubernetes API
server posts to /ingest/k8saudit: they are in DIR before they are acknowledged, and
in answers after --ingest-every.

With --otlp it also receives traces, as an OpenTelemetry Collector or SDK exports
them: OTLP over HTTP (/v1/traces; protobuf or JSON) and gRPC on one port, gzip too. A
request is on disk in --spool before it is acknowledged, and is asked about within
seconds. When too much waits, senders are told to come again (429, or
RESOURCE_EXHAUSTED); nothing that was acknowledged is lost. Ingested spool files
stay for --spool-keep, so that event can show the spans.

It listens on loopback unless --tokens-file (bearer tokens, one a line) and TLS are
given. SIGINT or SIGTERM lets the requests under way finish.`,
		Example: "  blastradius serve --store incident.db --ingest /var/spool/cloudtrail\n  blastradius serve --otlp 127.0.0.1:4318",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			if every <= 0 {
				return usage(cmd, "such as 5s", "--ingest-every %v is no interval", every)
			}
			use := readStore
			if len(paths) > 0 || audit != "" || traces.listen != "" {
				use = writeStore
			}
			st, err := m.openStore(cmd, use)
			if err != nil {
				return err
			}
			defer st.Close()
			var writing func() []string
			files := feed.Directory(paths...)
			if audit != "" {
				s, err := auditSpool(audit)
				if err != nil {
					return err
				}
				defer s.Close()
				files = feed.Concat(files, s.Files())
				o.Receive = map[string]http.Handler{auditPath: receiveAudit(s)}
			}
			if use == writeStore {
				o.Watcher, err = m.watcher(st, paths, files, formatsOf(objects, cluster), every)
				if err != nil {
					return err
				}
				writing = o.Watcher.Writing
			}
			if traces.listen != "" {
				if o.Traces, err = m.receiveTraces(cmd, st, traces, &o); err != nil {
					return err
				}
				defer o.Traces.spool.Close()
				writing = o.Traces.writing(writing)
			}
			if hot < 0 {
				return usage(cmd, "0 keeps none", "--%s %d is no size", hotFlag, hot)
			}
			o.Store, o.Explorer = st, m.explorer(st, writing, int64(hot)<<20)
			defer o.Explorer.Close() // before the store
			return m.serveStore(cmd, o)
		},
	}
	serverFlags(cmd, &o)
	f := cmd.Flags()
	f.StringArrayVar(&paths, "ingest", nil, "`path` of a file or directory to ingest from while serving; may be given again")
	f.Int(cacheFlag, servedCache, "`MiB` of the embedded store to keep in memory at most")
	f.StringVar(&audit, "k8s-audit", "", "`directory` to keep what a Kubernetes API server's audit webhook posts to "+auditPath)
	f.StringVar(&cluster, "cluster", "", "`name` or ARN of the Kubernetes cluster whose audit events do not say it (default: unknown)")
	f.IntVar(&hot, hotFlag, servedHot, "`MiB` that the hours which reach was asked about may take in memory; 0 keeps none")
	f.DurationVar(&every, "ingest-every", 5*time.Second, "`time` between two looks at --ingest")
	f.BoolVar(&objects, "objects", false, "ingest S3 objects as resources of their own instead of rolling them up to their bucket")
	traces.flags(f)
	return cmd
}

// watcher ingests the files, some of them below the paths, into the store;
// trouble is for stderr.
func (m *Main) watcher(st graph.Store, paths []string, files iter.Seq[feed.Object], known []ingest.Format, every time.Duration) (*ingest.Watcher, error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "ingest from " + p, Err: err, Hint: "make the directory first"}
		}
	}
	return ingest.NewWatcher(st, files, known, ingest.WatchOptions{Every: every, Told: func(p ingest.Pass) {
		if p.Err != nil {
			m.printError(p.Err)
		}
		if f := p.Report.Files; f.Stored+f.Rejected > 0 {
			fmt.Fprintf(m.Stderr, "ingested %s with %s; %d rejected\n", count(f.Stored, "file"), count(p.Report.Records, "record"), len(p.Report.Rejected))
		}
		for i, x := range p.Report.Rejected {
			if i == maxToldRejections {
				fmt.Fprintf(m.Stderr, "  and %d more\n", len(p.Report.Rejected)-i)
				break
			}
			fmt.Fprintf(m.Stderr, "  %s\n", printable(x.String()))
		}
	}})
}

// maxToldRejections is how many rejections of one pass stderr is told of;
// /metrics counts them all.
const maxToldRejections = 5

// serverFlags are those that serve and demo share.
func serverFlags(cmd *cobra.Command, o *serverOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8420", "`host:port` to listen on; port 0 takes a free one")
	f.StringVar(&o.TokensFile, "tokens-file", "", "`file` of bearer tokens, one a line; every request for data needs one of them")
	f.StringVar(&o.TLSCert, "tls-cert", "", "PEM `file` with the certificate")
	f.StringVar(&o.TLSKey, "tls-key", "", "PEM `file` with its key")
	f.DurationVar(&o.Limits.Timeout, "query-timeout", api.DefaultLimits.Timeout, "longest `time` one query may take")
}

// serveStore serves until the program is told to end.
func (m *Main) serveStore(cmd *cobra.Command, o serverOptions) error {
	timeout := o.Limits.Timeout
	o.Limits = api.DefaultLimits
	o.Limits.Timeout = timeout
	o.Now = m.clock(o.Store)
	o.Log = slog.New(slog.NewTextHandler(m.Stderr, nil))
	o.Listening = func(url string) {
		fmt.Fprintf(m.Stderr, "listening on %s (GraphQL at %s/graphql); Ctrl-C ends\n", url, url)
		if t := o.Traces; t != nil {
			fmt.Fprintf(m.Stderr, "receiving OTLP traces at %s (HTTP and gRPC); spool %s\n", t.listener.url, t.spool.Dir())
		}
		if o.FirstPage != "" {
			fmt.Fprintf(m.Stderr, "this answer: %s%s\n", url, o.FirstPage)
		}
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	var watching sync.WaitGroup
	if o.Watcher != nil {
		watching.Go(func() { o.Watcher.Run(ctx) })
	}
	if o.Traces != nil {
		if err := o.Traces.start(ctx, cancel, &watching, o.Log); err != nil {
			cancel()
			watching.Wait()
			return err
		}
	}
	err := serveHTTP(ctx, o)
	cancel()
	watching.Wait() // for the store is closed next
	if o.Traces != nil && err == nil {
		err = o.Traces.err
	}
	if err == nil {
		fmt.Fprintln(m.Stderr, "stopped at", m.Now().UTC().Format(time.RFC3339))
	}
	return err
}
