package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/otlp"
	"github.com/blastradius/blastradius/ingest/otlp/receive"
	"github.com/blastradius/blastradius/ingest/spool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The pace of live traces: a file of the spool is sealed once it is spoolAge old,
// and taken within spoolEvery. An answer is some seconds behind at most; past
// spoolBehind coverage says so.
const (
	spoolAge    = time.Second
	spoolEvery  = 250 * time.Millisecond
	spoolBehind = 5 * time.Second
)

// traceOptions are the flags of --otlp.
type traceOptions struct {
	listen string
	dir    string
	keep   time.Duration
	limit  int // MiB
}

func (o *traceOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.listen, "otlp", "", "`host:port` to receive OTLP traces at, by HTTP and gRPC; off loopback like --listen with --tokens-file and TLS")
	f.StringVar(&o.dir, "spool", "", "`directory` of the spool (default: beside the store, ending in -spool)")
	f.DurationVar(&o.keep, "spool-keep", 7*24*time.Hour, "how `long` ingested spool files stay, for event to show their spans")
	f.IntVar(&o.limit, "spool-limit", 1024, "`MiB` that may wait to be ingested before senders are turned away")
}

// traceReceiver receives traces into a spool and ingests that into the store.
type traceReceiver struct {
	spool    *spool.Spool
	receiver *receive.Receiver
	watcher  *ingest.Watcher
	server   serverOptions
	listener *listener
	err      error // why it ended early
}

// receiveTraces opens the spool. The caller closes it.
func (m *Main) receiveTraces(cmd *cobra.Command, st graph.Store, o traceOptions, like *serverOptions) (*traceReceiver, error) {
	if o.keep <= 0 || o.limit <= 0 {
		return nil, usage(cmd, "such as --spool-keep 24h --spool-limit 512", "--spool-keep and --spool-limit must be positive")
	}
	if o.dir == "" {
		o.dir = ".blastradius-spool"
		if at, _ := cmd.Flags().GetString("store"); !strings.Contains(at, "://") {
			o.dir = strings.TrimRight(at, "/") + "-spool"
		}
	}
	t := &traceReceiver{server: serverOptions{Listen: o.listen, TokensFile: like.TokensFile, TLSCert: like.TLSCert, TLSKey: like.TLSKey}}
	if err := t.server.validate(); err != nil {
		return nil, err
	}
	var err error
	if t.spool, err = spool.Open(o.dir, spool.Options{Ext: otlp.SpoolExt, RotateEvery: spoolAge, Keep: o.keep, MaxBehind: int64(o.limit) << 20}); err != nil {
		return nil, err
	}
	t.receiver = receive.New(t.spool, receive.Options{})
	t.watcher, err = ingest.NewWatcher(st, t.spool.Files(), []ingest.Format{otlp.New()}, ingest.WatchOptions{Every: spoolEvery, Told: func(p ingest.Pass) {
		if p.Err != nil {
			m.printError(p.Err)
		}
		for i, x := range p.Report.Rejected {
			if i == maxToldRejections {
				fmt.Fprintf(m.Stderr, "  and %d more\n", len(p.Report.Rejected)-i)
				break
			}
			fmt.Fprintf(m.Stderr, "  %s\n", printable(x.String()))
		}
	}})
	if err != nil {
		t.spool.Close()
		return nil, err
	}
	return t, nil
}

// start listens, and receives and ingests in the background until ctx ends. The
// receiver's own trouble ends the whole.
func (t *traceReceiver) start(ctx context.Context, end context.CancelFunc, running *sync.WaitGroup, log *slog.Logger) error {
	var err error
	if t.listener, err = t.server.listen(ctx); err != nil {
		return err
	}
	h := sameSite(authorized(t.listener.tokens, t.receiver.Handler()))
	if loopback(t.server.Listen) {
		h = sameHost(h)
	}
	srv := &http.Server{Handler: hardened(h), WriteTimeout: 2 * readTimeout, Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetHTTP2(true)
	srv.Protocols.SetUnencryptedHTTP2(true) // gRPC without TLS
	running.Go(func() {
		defer end()
		t.err = t.listener.serve(ctx, srv, log)
	})
	running.Go(func() { t.watcher.Run(ctx) })
	return nil
}

// writing names the spool beside the files of others, once it is behind.
func (t *traceReceiver) writing(others func() []string) func() []string {
	return func() (names []string) {
		if others != nil {
			names = others()
		}
		if s := t.spool.Status(); s.Lag > spoolBehind {
			names = append(names, fmt.Sprintf("%s: %s behind", t.spool.Dir(), s.Lag.Round(time.Second)))
		}
		return names
	}
}

// traceCollector shows what is received.
type traceCollector struct{ t *traceReceiver }

var (
	traceSpansDesc   = prometheus.NewDesc("blastradius_otlp_spans_total", "Spans that were acknowledged, by what became of them.", []string{"result"}, nil)
	traceRefusedDesc = prometheus.NewDesc("blastradius_otlp_requests_refused_total", "Export requests that were not taken: turned away for the time being, or not usable.", []string{"why"}, nil)
	traceBytesDesc   = prometheus.NewDesc("blastradius_otlp_spooled_bytes_total", "Bytes of export requests that were spooled.", nil, nil)
	traceWaitDesc    = prometheus.NewDesc("blastradius_otlp_spool_waiting_bytes", "Bytes of the spool that wait to be ingested.", nil, nil)
	traceFilesDesc   = prometheus.NewDesc("blastradius_otlp_spool_files", "Sealed files of the spool, ingested ones that are kept included.", nil, nil)
	traceLagDesc     = prometheus.NewDesc("blastradius_otlp_lag_seconds", "For how long the oldest file that is not ingested has waited.", nil, nil)
	traceBehindDesc  = prometheus.NewDesc("blastradius_otlp_falling_behind", "1 where answers are more than 5 seconds behind what was acknowledged.", nil, nil)
	traceErrorsDesc  = prometheus.NewDesc("blastradius_otlp_ingest_errors_total", "Looks at the spool that ended early.", nil, nil)
)

func (c traceCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{traceSpansDesc, traceRefusedDesc, traceBytesDesc, traceWaitDesc, traceFilesDesc, traceLagDesc, traceBehindDesc, traceErrorsDesc} {
		ch <- d
	}
}

func (c traceCollector) Collect(ch chan<- prometheus.Metric) {
	r, s, w := c.t.receiver.Stats(), c.t.spool.Status(), c.t.watcher.Status()
	metric := func(d *prometheus.Desc, kind prometheus.ValueType, x float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, x, labels...)
	}
	metric(traceSpansDesc, prometheus.CounterValue, float64(r.Spans-r.Rejected), "spooled")
	metric(traceSpansDesc, prometheus.CounterValue, float64(r.Rejected), "rejected")
	metric(traceRefusedDesc, prometheus.CounterValue, float64(r.Turned), "behind")
	metric(traceRefusedDesc, prometheus.CounterValue, float64(r.Invalid), "invalid")
	metric(traceBytesDesc, prometheus.CounterValue, float64(r.Bytes))
	metric(traceWaitDesc, prometheus.GaugeValue, float64(s.Behind))
	metric(traceFilesDesc, prometheus.GaugeValue, float64(s.Files))
	metric(traceLagDesc, prometheus.GaugeValue, s.Lag.Seconds())
	behind := 0.0
	if s.Lag > spoolBehind {
		behind = 1
	}
	metric(traceBehindDesc, prometheus.GaugeValue, behind)
	metric(traceErrorsDesc, prometheus.CounterValue, float64(w.Errors))
}
