package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/ingest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what a server tells about itself, in a registry of its own.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

// newMetrics begins to count. The store is read when metrics are asked for.
func newMetrics(st graph.Store, explorer *explore.Explorer, watcher *ingest.Watcher, now func() time.Time) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "blastradius_http_requests_total",
			Help: "Requests answered, by route and status code."}, []string{"route", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "blastradius_http_request_duration_seconds",
			Help: "How long requests took, by route.", Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11)}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.durations, ledgerCollector{st, now}, hotCollector{explorer},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if watcher != nil {
		m.registry.MustRegister(watchCollector{watcher})
	}
	return m
}

// observe counts the requests of one route.
func (m *metrics) observe(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(rec, r)
		m.requests.WithLabelValues(route, strconv.Itoa(rec.code)).Inc()
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/event-stream") { // a stream's length says nothing
			m.durations.WithLabelValues(route).Observe(time.Since(start).Seconds())
		}
	})
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (r *statusRecorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the writer, so that streams flush.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush passes on what was written, for streams.
func (r *statusRecorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// ledgerCollector reads the ledger when it is asked.
type ledgerCollector struct {
	store graph.Store
	now   func() time.Time
}

var (
	watermarkDesc = prometheus.NewDesc("blastradius_store_watermark", "The largest ledger number in the store.", nil, nil)
	lastEventDesc = prometheus.NewDesc("blastradius_last_event_timestamp_seconds", "Time of the newest event in the store.", nil, nil)
	lagDesc       = prometheus.NewDesc("blastradius_last_event_lag_seconds", "How far the newest event lies behind now.", nil, nil)
)

func (c ledgerCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- watermarkDesc
	ch <- lastEventDesc
	ch <- lagDesc
}

func (c ledgerCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var seq uint64
	var last graph.Time
	for s, err := range c.store.Sources(ctx) {
		if err != nil {
			ch <- prometheus.NewInvalidMetric(watermarkDesc, err)
			return
		}
		seq, last = max(seq, s.Seq), max(last, s.Last)
	}
	ch <- prometheus.MustNewConstMetric(watermarkDesc, prometheus.GaugeValue, float64(seq))
	if last != 0 {
		ch <- prometheus.MustNewConstMetric(lastEventDesc, prometheus.GaugeValue, float64(last)/1000)
		ch <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, c.now().Sub(last.Time()).Seconds())
	}
}

// hotCollector shows what reach keeps in memory.
type hotCollector struct{ explorer *explore.Explorer }

var (
	hotBytesDesc   = prometheus.NewDesc("blastradius_hot_window_bytes", "About how much memory the hot window takes.", nil, nil)
	hotLimitDesc   = prometheus.NewDesc("blastradius_hot_window_limit_bytes", "How much it may take.", nil, nil)
	hotLinksDesc   = prometheus.NewDesc("blastradius_hot_window_edges", "Edges and edge-hours that it holds.", nil, nil)
	hotAnswersDesc = prometheus.NewDesc("blastradius_hot_window_walks_total", "Walks that it served.", nil, nil)
)

func (c hotCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{hotBytesDesc, hotLimitDesc, hotLinksDesc, hotAnswersDesc} {
		ch <- d
	}
}

func (c hotCollector) Collect(ch chan<- prometheus.Metric) {
	h := c.explorer.HotWindow()
	ch <- prometheus.MustNewConstMetric(hotBytesDesc, prometheus.GaugeValue, float64(h.Bytes))
	ch <- prometheus.MustNewConstMetric(hotLimitDesc, prometheus.GaugeValue, float64(h.Limit))
	ch <- prometheus.MustNewConstMetric(hotLinksDesc, prometheus.GaugeValue, float64(h.Links))
	ch <- prometheus.MustNewConstMetric(hotAnswersDesc, prometheus.CounterValue, float64(h.Answered))
}

// watchCollector shows what live ingest does.
type watchCollector struct{ watcher *ingest.Watcher }

var (
	ingestFilesDesc    = prometheus.NewDesc("blastradius_ingest_files_total", "Files that live ingest dealt with, by what became of them.", []string{"result"}, nil)
	ingestRecordsDesc  = prometheus.NewDesc("blastradius_ingest_records_total", "Records that live ingest read.", nil, nil)
	ingestRejectedDesc = prometheus.NewDesc("blastradius_ingest_rejected_total", "Files and records that live ingest could not use.", nil, nil)
	ingestErrorsDesc   = prometheus.NewDesc("blastradius_ingest_errors_total", "Looks at the feeds that ended early.", nil, nil)
	ingestWritingDesc  = prometheus.NewDesc("blastradius_ingest_writing_files", "Files that wait because they still change.", nil, nil)
	ingestLagDesc      = prometheus.NewDesc("blastradius_ingest_lag_seconds", "Of the files ingested last: the longest time from a file's last change until it could be asked about.", nil, nil)
	ingestLastDesc     = prometheus.NewDesc("blastradius_ingest_last_success_timestamp_seconds", "When the feeds were last looked at without trouble.", nil, nil)
)

func (c watchCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ingestFilesDesc, ingestRecordsDesc, ingestRejectedDesc, ingestErrorsDesc, ingestWritingDesc, ingestLagDesc, ingestLastDesc} {
		ch <- d
	}
}

func (c watchCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.watcher.Status()
	counter := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	counter(ingestFilesDesc, s.FilesStored, "stored")
	counter(ingestFilesDesc, s.FilesKnown, "known")
	counter(ingestFilesDesc, s.FilesRefused, "rejected")
	counter(ingestRecordsDesc, s.Records)
	counter(ingestRejectedDesc, s.Rejected)
	counter(ingestErrorsDesc, s.Errors)
	ch <- prometheus.MustNewConstMetric(ingestWritingDesc, prometheus.GaugeValue, float64(len(s.Writing)))
	ch <- prometheus.MustNewConstMetric(ingestLagDesc, prometheus.GaugeValue, s.Lag.Seconds())
	if !s.Last.IsZero() {
		ch <- prometheus.MustNewConstMetric(ingestLastDesc, prometheus.GaugeValue, float64(s.Last.UnixMilli())/1000)
	}
}
