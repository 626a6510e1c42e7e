package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/blastradius/blastradius/graph"
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
func newMetrics(st graph.Store, now func() time.Time) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "blastradius_http_requests_total",
			Help: "Requests answered, by route and status code."}, []string{"route", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "blastradius_http_request_duration_seconds",
			Help: "How long requests took, by route.", Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11)}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.durations, ledgerCollector{st, now},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts the requests of one route.
func (m *metrics) observe(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(rec, r)
		m.requests.WithLabelValues(route, strconv.Itoa(rec.code)).Inc()
		m.durations.WithLabelValues(route).Observe(time.Since(start).Seconds())
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
