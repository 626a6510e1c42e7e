package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/otlp"
	"github.com/blastradius/blastradius/ingest/otlp/receive"
	"github.com/blastradius/blastradius/ingest/spool"
)

// The live bench: what is offered, for how long, in requests of so many spans.
const (
	offeredSpans = 20_000 // a second
	offeredFor   = 12 * time.Second
	requestSpans = 500
)

func benchOTLP(ctx context.Context, o benchOptions) ([]benchRow, error) {
	g := newTraceMaker(o.seed)
	var messages [][]byte
	for range max(o.events/requestSpans, 1) {
		b, err := g.request(requestSpans, time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
		if err != nil {
			return nil, err
		}
		messages = append(messages, b)
	}
	var file []byte
	for _, m := range messages {
		file = append(binary.BigEndian.AppendUint32(file, uint32(len(m))), m...)
	}
	spans := len(messages) * requestSpans
	o.say("otlp: %d spans in %d messages, %.1f MB", spans, len(messages), float64(len(file))/1e6)
	var bare, ours []float64
	for range o.rounds {
		t := time.Now()
		for _, m := range messages {
			var d tracev1.TracesData
			if err := proto.Unmarshal(m, &d); err != nil {
				return nil, err
			}
		}
		bare = append(bare, float64(spans)/time.Since(t).Seconds())
		t = time.Now()
		sink := &countingSink{b: graph.NewBuilder()}
		if err := otlp.New().Parser().Parse(ctx, &ingest.File{Name: "bench.otlp", Data: file}, sink); err != nil {
			return nil, err
		}
		sink.b.Batch()
		ours = append(ours, float64(spans)/time.Since(t).Seconds())
		if sink.n != spans || sink.refused != 0 {
			return nil, &graph.Error{Code: graph.CodeInternal, Message: fmt.Sprintf("%d of %d spans were read", sink.n-sink.refused, spans)}
		}
	}
	rows := []benchRow{rate("otlp protobuf, parse to batch, spans/s", median(bare), median(ours), 0.5, "bare proto.Unmarshal of the same bytes")}
	live, err := benchReceiver(ctx, o, g)
	return append(rows, live...), err
}

// benchReceiver offers spans at a steady rate over HTTP, and waits until all of
// them are in the store.
func benchReceiver(ctx context.Context, o benchOptions, g *traceMaker) ([]benchRow, error) {
	dir, err := o.tempDir("live")
	if err != nil {
		return nil, err
	}
	defer collectSeldom()()
	store, err := pebble.Open(filepath.Join(dir, "store"), pebble.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	s, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{Ext: otlp.SpoolExt, RotateEvery: spoolAge})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	srv := httptest.NewServer(receive.New(s, receive.Options{}).Handler())
	defer srv.Close()
	w, err := ingest.NewWatcher(store, s.Files(), []ingest.Format{otlp.New()}, ingest.WatchOptions{Every: spoolEvery})
	if err != nil {
		return nil, err
	}
	watch, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { w.Run(watch); close(ended) }()
	defer func() { stop(); <-ended }()

	n := int(offeredSpans * offeredFor.Seconds() / requestSpans)
	bodies := make([][]byte, n) // made before, as the senders of a cluster are not on this machine
	for i := range bodies {
		if bodies[i], err = g.request(requestSpans, time.Now()); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	turned := 0
	worst := time.Duration(0)
	for i := 0; i < n; {
		if wait := time.Until(start.Add(time.Duration(i) * time.Second * requestSpans / offeredSpans)); wait > 0 {
			time.Sleep(wait)
		}
		res, err := http.Post(srv.URL+"/v1/traces", "application/x-protobuf", bytes.NewReader(bodies[i]))
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		switch res.StatusCode {
		case http.StatusOK:
			i++
		case http.StatusTooManyRequests:
			turned++
			time.Sleep(100 * time.Millisecond)
		default:
			return nil, fmt.Errorf("export: %s", res.Status)
		}
		worst = max(worst, s.Status().Lag)
	}
	sent := time.Since(start)
	for w.Status().Records < n*requestSpans {
		if time.Since(start) > 10*offeredFor {
			return nil, &graph.Error{Code: graph.CodeInternal, Message: fmt.Sprintf("%d of %d spans were ingested", w.Status().Records, n*requestSpans)}
		}
		time.Sleep(20 * time.Millisecond)
		worst = max(worst, s.Status().Lag)
	}
	all := time.Since(start)
	o.say("otlp live: %d spans acknowledged in %.1f s, in the store after %.1f s; %d requests turned away", n*requestSpans, sent.Seconds(), all.Seconds(), turned)
	t := time.Now()
	a, err := explore.New(store, explore.Options{}).Touched(ctx, explore.TouchedQuery{Resources: []string{"otel:service:shop/service-05"}, Who: explore.WhoAll})
	if err != nil {
		return nil, err
	}
	o.say("otlp live: who called one of the 24 services, both spans of each of %d calls joined: %.0f ms", a.Total.Calls, float64(time.Since(t).Microseconds())/1000)
	return []benchRow{
		rate("otlp receiver, acknowledged spans/s", offeredSpans, float64(n*requestSpans)/sent.Seconds(), 0.98, "what is offered"),
		cost("otlp receiver, answers behind at worst, s", 5, (worst + spoolAge + spoolEvery).Seconds(), 1, "5 s"),
	}, nil
}

// traceMaker makes the spans of a shop of some services, as instrumentation
// writes them: some ten attributes each.
type traceMaker struct {
	r *rand.Rand
	n uint64
}

func newTraceMaker(seed uint64) *traceMaker { return &traceMaker{r: rand.New(rand.NewPCG(seed, 7))} }

func traceAttr(k, v string) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: k, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: v}}}
}

func traceNumber(k string, n int64) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: k, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: n}}}
}

func (g *traceMaker) id(size int) []byte {
	g.n++
	b := make([]byte, size)
	binary.BigEndian.PutUint64(b[size-8:], g.n)
	if size == 16 {
		binary.BigEndian.PutUint64(b, g.r.Uint64())
	}
	return b
}

// request is one export request: calls of one service on another, told by both,
// each with a query of a database.
func (g *traceMaker) request(spans int, at time.Time) ([]byte, error) {
	scopes := map[int]*tracev1.ScopeSpans{}
	d := &tracev1.TracesData{}
	of := func(n int) *tracev1.ScopeSpans {
		if scopes[n] == nil {
			scopes[n] = &tracev1.ScopeSpans{Scope: &commonv1.InstrumentationScope{Name: "io.opentelemetry.netty-4.1", Version: "2.9.0"}}
			name := fmt.Sprintf("service-%02d", n)
			d.ResourceSpans = append(d.ResourceSpans, &tracev1.ResourceSpans{ScopeSpans: []*tracev1.ScopeSpans{scopes[n]},
				Resource: &resourcev1.Resource{Attributes: []*commonv1.KeyValue{traceAttr("service.name", name), traceAttr("service.namespace", "shop"), traceAttr("service.version", "1.4.2"),
					traceAttr("deployment.environment.name", "prod"), traceAttr("k8s.pod.name", name+"-7c9f8d-x2x4z"), traceAttr("k8s.namespace.name", "shop"),
					traceAttr("telemetry.sdk.language", "java"), traceAttr("telemetry.sdk.version", "1.43.0"), traceAttr("host.name", name+"-7c9f8d-x2x4z")}}})
		}
		return scopes[n]
	}
	for made := 0; made < spans; made += 3 {
		caller := g.r.IntN(20)
		callee := (caller + 1 + g.r.IntN(4)) % 24
		trace, a, b := g.id(16), g.id(8), g.id(8)
		start := uint64(at.UnixNano()) + uint64(g.r.IntN(1e9))
		route := fmt.Sprintf("/api/v1/things/%d/{id}", g.r.IntN(6))
		add := func(n int, s *tracev1.Span) {
			s.TraceId = trace
			of(n).Spans = append(of(n).Spans, s)
		}
		add(caller, &tracev1.Span{SpanId: a, ParentSpanId: g.id(8), Name: "GET", Kind: tracev1.Span_SPAN_KIND_CLIENT, StartTimeUnixNano: start, EndTimeUnixNano: start + 9e6,
			Attributes: []*commonv1.KeyValue{traceAttr("http.request.method", "GET"), traceAttr("url.full", "http://service.shop.svc.cluster.local:8080/api/v1/things/1/9f3a"),
				traceAttr("server.address", fmt.Sprintf("service-%02d.shop.svc.cluster.local", callee)), traceNumber("server.port", 8080), traceNumber("http.response.status_code", 200),
				traceAttr("network.protocol.version", "1.1"), traceNumber("thread.id", 42), traceAttr("thread.name", "reactor-http-epoll-3")}})
		if made+1 < spans {
			add(callee, &tracev1.Span{SpanId: b, ParentSpanId: a, Name: "GET " + route, Kind: tracev1.Span_SPAN_KIND_SERVER, StartTimeUnixNano: start + 1e6, EndTimeUnixNano: start + 8e6,
				Attributes: []*commonv1.KeyValue{traceAttr("http.request.method", "GET"), traceAttr("http.route", route), traceAttr("url.path", "/api/v1/things/1/9f3a"), traceAttr("url.scheme", "http"),
					traceAttr("user_agent.original", "ReactorNetty/1.2.1"), traceAttr("client.address", "10.4.7.19"), traceNumber("http.response.status_code", 200), traceNumber("thread.id", 77),
					traceAttr("thread.name", "http-nio-8080-exec-4")}})
		}
		if made+2 < spans {
			add(callee, &tracev1.Span{SpanId: g.id(8), ParentSpanId: b, Name: "SELECT things", Kind: tracev1.Span_SPAN_KIND_CLIENT, StartTimeUnixNano: start + 2e6, EndTimeUnixNano: start + 5e6,
				Attributes: []*commonv1.KeyValue{traceAttr("db.system", "postgresql"), traceAttr("db.name", "things"), traceAttr("db.statement", "select id, name, price from things where id = ? and deleted = false"),
					traceAttr("db.operation", "SELECT"), traceAttr("db.sql.table", "things"), traceAttr("server.address", "pg.shop.svc.cluster.local"), traceNumber("server.port", 5432), traceNumber("thread.id", 77)}})
		}
	}
	return proto.Marshal(d)
}
