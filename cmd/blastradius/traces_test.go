package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// traceServer is `serve --otlp` in a process of its own, on a store in dir.
type traceServer struct {
	cmd        *exec.Cmd
	api, otlp  string // URL, host:port
	store, log string
}

func startTraceServer(t *testing.T, dir string, more ...string) *traceServer {
	t.Helper()
	s := &traceServer{store: filepath.Join(dir, "store")}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.CommandContext(t.Context(), exe, append([]string{"serve", "--store", s.store, "--listen", "127.0.0.1:0", "--otlp", "127.0.0.1:0"}, more...)...)
	s.cmd.Args[0] = "blastradius"
	s.cmd.Path = programLink(t, exe)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for s.api == "" || s.otlp == "" {
		if !lines.Scan() {
			t.Fatalf("the server ended: %v", s.cmd.Wait())
		}
		s.log += lines.Text() + "\n"
		if m := regexp.MustCompile(`receiving OTLP traces at http://(\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			s.otlp = m[1]
		}
		if m := regexp.MustCompile(`listening on (http://\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			s.api = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	return s
}

// programLink is a name under which the test binary is the program.
func programLink(t *testing.T, exe string) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "blastradius")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	return link
}

func (s *traceServer) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // it was killed
}

// calls is how many calls on the service are known.
func (s *traceServer) calls(t *testing.T, service string) (n int, who []string) {
	t.Helper()
	query := fmt.Sprintf(`{ touched(resources: [%q], who: ALL) { total { calls } identities { identity { id } } } }`, service)
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(s.api+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Data struct {
			Touched struct {
				Total      struct{ Calls int }
				Identities []struct{ Identity struct{ ID string } }
			}
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, x := range answer.Data.Touched.Identities {
		who = append(who, x.Identity.ID)
	}
	return answer.Data.Touched.Total.Calls, who
}

// await waits until that many calls on the service are known, and says how long
// that took.
func (s *traceServer) await(t *testing.T, service string, n int) (took time.Duration, who []string) {
	t.Helper()
	start := time.Now()
	for got := -1; ; time.Sleep(50 * time.Millisecond) {
		if got, who = s.calls(t, service); got == n {
			return time.Since(start), who
		}
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%d calls on %s after 20 s, want %d", got, service, n)
		}
	}
}

// services are two services of the OpenTelemetry SDK: a call of one to the other
// leaves a span in each.
type services struct{ web, cart *trace.TracerProvider }

func sdk(t *testing.T, exporter trace.SpanExporter, name string) *trace.TracerProvider {
	t.Helper()
	r := resource.NewSchemaless(attribute.String("service.name", name), attribute.String("service.namespace", "shop"))
	return trace.NewTracerProvider(trace.WithBatcher(exporter, trace.WithMaxExportBatchSize(64)), trace.WithResource(r))
}

func (s *services) call(fails bool) {
	ctx, span := s.web.Tracer("t").Start(context.Background(), "GET", api.WithSpanKind(api.SpanKindClient))
	_, served := s.cart.Tracer("t").Start(api.ContextWithRemoteSpanContext(context.Background(), api.SpanContextFromContext(ctx)), "GET /cart",
		api.WithSpanKind(api.SpanKindServer), api.WithAttributes(attribute.String("http.request.method", "GET"), attribute.String("http.route", "/cart")))
	if fails {
		served.SetStatus(codes.Error, "no")
	}
	served.End()
	span.End()
}

func (s *services) flush(t *testing.T) {
	t.Helper()
	for _, p := range []*trace.TracerProvider{s.web, s.cart} {
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A real SDK exports by HTTP and by gRPC, plain and with gzip: callers are known
// by the join of both services' spans within seconds, and what was acknowledged
// outlives a kill.
func TestServeReceivesTraces(t *testing.T) {
	dir := t.TempDir()
	s := startTraceServer(t, dir)
	defer func() { s.kill(t) }()
	exporters := map[string]func() (trace.SpanExporter, error){
		"http": func() (trace.SpanExporter, error) {
			return otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(s.otlp), otlptracehttp.WithInsecure())
		},
		"http gzip": func() (trace.SpanExporter, error) {
			return otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(s.otlp), otlptracehttp.WithInsecure(), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		},
		"grpc": func() (trace.SpanExporter, error) {
			return otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(s.otlp), otlptracegrpc.WithInsecure())
		},
		"grpc gzip": func() (trace.SpanExporter, error) {
			return otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(s.otlp), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip"))
		},
	}
	sent := 0
	send := func(name string, n int) {
		t.Helper()
		var both services
		for _, p := range []**trace.TracerProvider{&both.web, &both.cart} {
			e, err := exporters[name]()
			if err != nil {
				t.Fatal(err)
			}
			*p = sdk(t, e, map[bool]string{true: "web", false: "cart"}[p == &both.web])
			defer (*p).Shutdown(t.Context())
		}
		for i := range n {
			both.call(i%10 == 0)
		}
		both.flush(t)
		sent += n
	}
	for name := range exporters {
		send(name, 100)
		took, who := s.await(t, "otel:service:shop/cart", sent)
		if took > 5*time.Second {
			t.Errorf("%s: the answer was %v behind", name, took)
		}
		if len(who) != 1 || who[0] != "otel:service:shop/web" {
			t.Errorf("%s: called by %v", name, who)
		}
	}
	for range 3 { // acknowledged, perhaps not yet ingested, and killed
		send("grpc", 200)
		s.kill(t)
		s = startTraceServer(t, dir)
		s.await(t, "otel:service:shop/cart", sent)
	}
	send("http", 10)
	s.await(t, "otel:service:shop/cart", sent)
	res, err := http.Get(s.api + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	for _, want := range []string{`blastradius_otlp_spans_total\{result="spooled"\} 20\n`, `blastradius_otlp_spooled_bytes_total \d+`, `blastradius_otlp_falling_behind 0`,
		`blastradius_otlp_lag_seconds`, `blastradius_otlp_requests_refused_total\{why="behind"\} 0`} {
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("/metrics lacks %s:\n%s", want, regexp.MustCompile(`(?m)^blastradius_otlp.*$`).FindAllString(string(text), -1))
		}
	}
}

// Off loopback the receiver needs what the server needs.
func TestTracesGuarded(t *testing.T) {
	var out, errs bytes.Buffer
	m := &Main{Args: []string{"serve", "--store", filepath.Join(t.TempDir(), "s"), "--otlp", "0.0.0.0:0"}, Stdout: &out, Stderr: &errs,
		Env: func(string) (string, bool) { return "", false }, Now: time.Now}
	if code := m.Run(t.Context()); code != exitError || !strings.Contains(errs.String(), "authentication and TLS") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}
