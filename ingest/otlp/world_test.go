package otlp

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
)

// began is when the test's traces begin: 2026-11-22T10:00:00Z.
const began = 1795341600000000000

// tags makes attributes of names and values by turns.
func tags(kv ...any) (out []*commonv1.KeyValue) {
	for i := 0; i < len(kv); i += 2 {
		v := &commonv1.AnyValue{}
		switch x := kv[i+1].(type) {
		case string:
			v.Value = &commonv1.AnyValue_StringValue{StringValue: x}
		case int:
			v.Value = &commonv1.AnyValue_IntValue{IntValue: int64(x)}
		case bool:
			v.Value = &commonv1.AnyValue_BoolValue{BoolValue: x}
		case []string:
			list := &commonv1.ArrayValue{}
			for _, s := range x {
				list.Values = append(list.Values, &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: s}})
			}
			v.Value = &commonv1.AnyValue_ArrayValue{ArrayValue: list}
		}
		out = append(out, &commonv1.KeyValue{Key: kv[i].(string), Value: v})
	}
	return out
}

// one is a span with its service.
type one struct {
	service []any // resource attributes
	span    *tracev1.Span
}

func id(n, size int) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint64(b[size-8:], uint64(n))
	return b
}

// spanOf makes a span that lasts 10 ms and begins at the n-th second.
func spanOf(n, trace, parent int, kind tracev1.Span_SpanKind, name string, kv ...any) *tracev1.Span {
	s := &tracev1.Span{TraceId: id(trace, 16), SpanId: id(n, 8), Kind: kind, Name: name, Attributes: tags(kv...),
		StartTimeUnixNano: began + uint64(n)*1e9, EndTimeUnixNano: began + uint64(n)*1e9 + 1e7}
	if parent != 0 {
		s.ParentSpanId = id(parent, 8)
	}
	return s
}

func shop(name string, more ...any) []any {
	return append([]any{"service.name", name, "service.namespace", "shop", "service.version", "1.2", "k8s.pod.name", name + "-0", "k8s.namespace.name", "shop",
		"k8s.cluster.name", "c1", "k8s.serviceaccount.name", name, "deployment.environment.name", "prod"}, more...)
}

const (
	internal = tracev1.Span_SPAN_KIND_INTERNAL
	server   = tracev1.Span_SPAN_KIND_SERVER
	client   = tracev1.Span_SPAN_KIND_CLIENT
	producer = tracev1.Span_SPAN_KIND_PRODUCER
	consumer = tracev1.Span_SPAN_KIND_CONSUMER
)

// world is one of everything.
func world() []one {
	failed := spanOf(12, 1, 10, client, "charge", "rpc.system", "grpc", "rpc.service", "shop.Payment", "rpc.method", "Charge", "rpc.grpc.status_code", 14, "server.address", "payment")
	failed.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR, Message: "connection refused"}
	return []one{
		{shop("web"), spanOf(10, 1, 0, server, "POST /cart", "http.request.method", "POST", "http.route", "/cart", "http.response.status_code", 502, "enduser.id", "mira")},
		{shop("web"), spanOf(11, 1, 10, client, "GET", "http.method", "GET", "http.status_code", 200, "net.peer.name", "cart.shop.svc.cluster.local")},
		{shop("cart"), spanOf(21, 1, 11, server, "GET /cart/{id}", "http.request.method", "GET", "http.route", "/cart/{id}", "http.response.status_code", 200)},
		{shop("web"), failed}, // payment is down and tells nothing
		{shop("cart"), spanOf(22, 1, 21, client, "SELECT cart", "db.system", "postgresql", "db.name", "carts", "db.statement", "select * from cart where token='s3cret'", "server.address", "pg.shop.svc")},
		{shop("cart"), spanOf(23, 1, 21, producer, "orders publish", "messaging.system", "kafka", "messaging.destination.name", "orders", "messaging.operation.type", "publish")},
		{shop("mailer"), spanOf(31, 1, 23, consumer, "orders process", "messaging.system", "kafka", "messaging.destination.name", "orders", "messaging.operation.type", "process")},
		{shop("cart"), spanOf(24, 1, 21, internal, "compute")},
		{shop("cart", "cloud.account.id", "111122223333", "cloud.region", "eu-north-1"), spanOf(25, 1, 21, client, "DynamoDB.PutItem", "rpc.system", "aws-api", "rpc.service", "DynamoDB", "rpc.method", "PutItem",
			"aws.dynamodb.table_names", []string{"billing-ledger"}, "aws.request_id", "REQ1", "http.response.status_code", 400)},
		{shop("helper"), spanOf(41, 2, 0, internal, "invoke_agent planner", "gen_ai.operation.name", "invoke_agent", "gen_ai.agent.name", "Planner", "gen_ai.conversation.id", "conv-1", "enduser.id", "mira")},
		{shop("helper"), spanOf(42, 2, 41, client, "chat", "gen_ai.operation.name", "chat", "gen_ai.provider.name", "anthropic", "gen_ai.request.model", "claude", "server.address", "api.anthropic.com")},
		{shop("helper"), spanOf(43, 2, 41, internal, "execute_tool", "gen_ai.operation.name", "execute_tool", "gen_ai.tool.name", "delete_cart")},
		{shop("helper"), spanOf(44, 2, 43, client, "DELETE", "http.request.method", "DELETE", "http.response.status_code", 403)}, // no peer named
		{shop("cart"), spanOf(45, 2, 44, server, "DELETE /cart/{id}", "http.request.method", "DELETE", "http.route", "/cart/{id}", "http.response.status_code", 403)},
		{shop("web"), spanOf(46, 3, 0, client, "GET", "http.request.method", "GET", "url.full", "https://u:p@api.example.com:8443/x?token=abc", "http.response.status_code", 429)},
		{[]any{"service.name", "billing"}, spanOf(47, 3, 46, server, "call 12345 of 99")},
	}
}

func traces(spans ...one) *tracev1.TracesData {
	d := &tracev1.TracesData{}
	for _, s := range spans {
		d.ResourceSpans = append(d.ResourceSpans, &tracev1.ResourceSpans{Resource: &resourcev1.Resource{Attributes: tags(s.service...)},
			ScopeSpans: []*tracev1.ScopeSpans{{Scope: &commonv1.InstrumentationScope{Name: "test"}, Spans: []*tracev1.Span{s.span}}}})
	}
	return d
}

func marshal(t testing.TB, d *tracev1.TracesData) []byte {
	t.Helper()
	b, err := proto.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func framed(messages ...[]byte) (out []byte) {
	for _, m := range messages {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(m))), m...)
	}
	return out
}

func compressed(b []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	defer z.Close()
	return z.EncodeAll(b, nil)
}

func jsonOf(t testing.TB, d *tracev1.TracesData) []byte {
	t.Helper()
	b, err := protojson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ingested is a store with the files read, and the report.
func ingested(t testing.TB, files ...[]byte) (*storetest.Model, ingest.Report) {
	t.Helper()
	fsys := fstest.MapFS{}
	for i, b := range files {
		fsys[fmt.Sprintf("%04d", i)] = &fstest.MapFile{Data: b}
	}
	s := storetest.NewModel()
	r, err := ingest.Run(context.Background(), s, feed.FS(fsys, ".", "t:"), []ingest.Format{New()}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func hashOf(t testing.TB, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(h)
}

// The graph is the same whatever the shape of the files, their order, how the
// spans are split over them, and how often one comes.
func TestMetamorphic(t *testing.T) {
	all := world()
	s, r := ingested(t, marshal(t, traces(all...)))
	if len(r.Rejected) != 0 || r.Records != len(all) {
		t.Fatalf("%+v", r)
	}
	want := hashOf(t, s)
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		spans := append([]one{}, all...)
		for range rnd.IntN(6) {
			spans = append(spans, all[rnd.IntN(len(all))])
		}
		rnd.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		var files [][]byte
		for len(spans) > 0 {
			n := 1 + rnd.IntN(len(spans))
			d := traces(spans[:n]...)
			spans = spans[n:]
			switch rnd.IntN(7) {
			case 0:
				files = append(files, marshal(t, d))
			case 1:
				files = append(files, framed(marshal(t, d)))
			case 2:
				files = append(files, framed(marshal(t, d), jsonOf(t, d))) // as our spool holds what senders sent
			case 3:
				files = append(files, jsonOf(t, d))
			case 4:
				files = append(files, framed(compressed(marshal(t, d)), compressed(jsonOf(t, d))))
			case 5:
				files = append(files, []byte("["+string(jsonOf(t, d))+",\n"+string(jsonOf(t, d))+"]"))
			default:
				half := len(d.ResourceSpans) / 2
				a, b := &tracev1.TracesData{ResourceSpans: d.ResourceSpans[:half]}, &tracev1.TracesData{ResourceSpans: d.ResourceSpans[half:]}
				line := func(d *tracev1.TracesData) string { return strings.ReplaceAll(string(jsonOf(t, d)), "\n", " ") }
				if half == 0 {
					files = append(files, []byte(line(b)+"\n"))
				} else {
					files = append(files, []byte(line(a)+"\n"+line(b)))
				}
			}
		}
		s, r := ingested(t, files...)
		if len(r.Rejected) != 0 {
			t.Fatalf("round %d: %+v", round, r.Rejected)
		}
		if got := hashOf(t, s); got != want {
			whole, _ := ingested(t, marshal(t, traces(all...)))
			t.Fatalf("round %d, %d files: another graph\n%s\n%s", round, len(files), cmp.Diff(facts(t, whole), facts(t, s)), cmp.Diff(nodes(t, whole), nodes(t, s)))
		}
	}
}

func nodes(t testing.TB, s graph.Store) (out []graph.Node) {
	t.Helper()
	for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}
