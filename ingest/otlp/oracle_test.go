package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// plainSpan is a span as both decoders are to read it.
type plainSpan struct {
	Trace, ID, Parent, Name string
	Kind, Status            int
	Start, End              uint64
	Attrs, Resource         string
}

func attrsOf(a *attrs) string {
	var b strings.Builder
	for k, v := range a {
		if v.set {
			fmt.Fprintf(&b, "%d=%c%q%d ", k, v.is, v.text, v.num)
		}
	}
	return b.String()
}

func fast(b []byte) (out []plainSpan, err error) {
	var r protoReader
	var broken error
	_, err = r.message(b, func(s *span, err error) bool {
		if err != nil {
			broken = err
			return true
		}
		out = append(out, plainSpan{string(s.trace), string(s.id), string(s.parent), strings.Clone(s.name), s.kind, s.status, s.start, s.end, attrsOf(&s.attrs), attrsOf(&s.resource.attrs)})
		return true
	})
	return out, errors.Join(err, broken)
}

// slow reads by the protobuf library alone.
func slow(b []byte) (out []plainSpan, err error) {
	var d tracev1.TracesData
	if err := proto.Unmarshal(b, &d); err != nil {
		return nil, err
	}
	read := func(kvs []*commonv1.KeyValue) string {
		var a attrs
		for _, kv := range kvs {
			k := keyNames[kv.Key]
			if k == 0 {
				continue
			}
			x := value{set: true}
			switch v := kv.Value.GetValue().(type) {
			case *commonv1.AnyValue_StringValue:
				x.text, x.is = v.StringValue, 't'
			case *commonv1.AnyValue_IntValue:
				x.num, x.is = v.IntValue, 'i'
			case *commonv1.AnyValue_BoolValue:
				x.is = 'b'
				if v.BoolValue {
					x.num = 1
				}
			case *commonv1.AnyValue_ArrayValue:
				x.is = 't'
				if list := v.ArrayValue.GetValues(); len(list) > 0 {
					x.text = list[0].GetStringValue()
				}
			case nil:
			default:
				x.is = 'x'
			}
			a[k] = x
		}
		return attrsOf(&a)
	}
	for _, rs := range d.ResourceSpans {
		for _, scope := range rs.ScopeSpans {
			for _, s := range scope.Spans {
				out = append(out, plainSpan{string(s.TraceId), string(s.SpanId), string(s.ParentSpanId), s.Name, int(s.Kind), int(s.Status.GetCode()),
					s.StartTimeUnixNano, s.EndTimeUnixNano, read(s.Attributes), read(rs.Resource.GetAttributes())})
			}
		}
	}
	return out, nil
}

// What the library takes, the walker reads alike.
func compare(t *testing.T, b []byte) {
	t.Helper()
	want, err := slow(b)
	got, fastErr := fast(b)
	if again, _ := fast(b); !slices.Equal(got, again) {
		t.Error("not deterministic")
	}
	if err != nil {
		return // the library also refuses text that is no UTF-8 where we do not look
	}
	if fastErr != nil {
		t.Fatalf("refused: %v", fastErr)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-library +ours)\n%s", diff)
	}
}

func FuzzProto(f *testing.F) {
	f.Add(marshal(f, traces(world()...)))
	for _, s := range world() {
		f.Add(marshal(f, traces(s)))
	}
	twice := marshal(f, traces(world()[0]))
	f.Add(append(append([]byte{}, twice...), twice[:len(twice)-1]...))
	// A resource in two parts behind the spans, a value in two parts, a list in two.
	f.Add([]byte("\x0a\x40\x12\x06\x12\x04\x0a\x02ab\x0a\x1a\x0a\x18\x0a\x0cservice.name\x12\x08\x0a\x01x\x0a\x03web\x0a\x1a\x0a\x18\x0a\x0cservice.name\x12\x08\x2a\x00\x2a\x04\x0a\x02\x0a\x00"))
	f.Add([]byte("\x0a\x02\x13\x14"))
	f.Fuzz(func(t *testing.T, b []byte) { compare(t, b) })
}

// FuzzFile holds that no text or message makes a parser fail or say two things,
// and that whatever gets into the graph is of bounded, valid text.
func FuzzFile(f *testing.F) {
	d := traces(world()...)
	f.Add(marshal(f, d), false)
	f.Add(framed(marshal(f, d), jsonOf(f, d)), true)
	f.Add(jsonOf(f, d), true)
	f.Add(framed(compressed(jsonOf(f, d))), false)
	f.Add([]byte("{\"resourceSpans\":[]}\n{\"resource_spans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":7}]}]}]}\nnothing\n"), false)
	f.Add([]byte(`[{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\ud800\u0000"}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","kind":"SPAN_KIND_SERVER","endTimeUnixNano":1.5e18}]}]}]}`), true)
	f.Fuzz(func(t *testing.T, b []byte, stream bool) {
		read := func() (facts []string, err error) {
			p := New().Parser()
			file := &ingest.File{Name: "f", Data: b}
			if stream {
				file = &ingest.File{Name: "f", Reader: bytes.NewReader(b)}
			}
			sink := &testSink{b: graph.NewBuilder()}
			sink.src = graph.Source{}
			err = p.Parse(context.Background(), file, sink)
			batch := sink.b.Batch()
			for _, n := range batch.Nodes {
				facts = append(facts, string(n.ID)+" "+n.Type)
			}
			for i := range batch.Events {
				e := &batch.Events[i]
				for _, o := range e.Observations {
					facts = append(facts, fmt.Sprint(batch.Nodes[e.From-1].ID, batch.Nodes[e.To-1].ID, batch.Labels[e.Label], e.Outcome, o.At, o.Evidence, o.Call))
				}
			}
			return append(facts, fmt.Sprint(sink.records, sink.rejected)), err
		}
		_ = New().Recognise("f", b)
		first, err := read()
		second, err2 := read()
		if !slices.Equal(first, second) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("two readings differ:\n%v %v\n%v %v", first, err, second, err2)
		}
		for _, s := range first {
			if strings.ToValidUTF8(s, "") != s || len(s) > 4096 {
				t.Errorf("%q", s)
			}
		}
	})
}

// testSink counts what a parser hands over.
type testSink struct {
	b                 *graph.Builder
	src               graph.Source
	records, rejected int
}

func (s *testSink) Next() (*graph.Builder, graph.Ref) {
	s.records++
	return s.b, graph.Ref{Record: uint32(s.records - 1)}
}
func (s *testSink) Seen(graph.Time, string) {}
func (s *testSink) Reject(error)            { s.rejected++ }
func (s *testSink) Skip(string)             {}
func (s *testSink) Source() *graph.Source   { return &s.src }

// The shapes of other people's files: all are read, and what they hold is
// counted.
func TestFixtures(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "otlp-fixtures")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the captures are not here: ", err)
	}
	for name, want := range map[string][2]int{ // records, of them spans
		"jaeger_internal_storage_integration_fixtures_traces_example_trace.json":       {5, 5},
		"jaeger_internal_storage_v2_cassandra_tracestore_fixtures_otel_traces_01.json": {1, 1},
		"jaeger_internal_storage_v2_memory_fixtures_otel_traces_01.json":               {4, 4},
		"otel-proto_events.json": {1, 0}, "otel-proto_logs.json": {1, 0}, "otel-proto_trace.json": {1, 1},
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(b, []byte(`"startTimeUnixNano"`)); got != want[1] {
			t.Errorf("%s has %d spans by its text", name, got)
		}
		_, r := ingested(t, b)
		if r.Records != want[0] || len(r.Rejected) != 0 || r.Skipped["log records"] != want[0]-want[1] || r.Kinds[Kind] != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// What is broken costs itself alone, and is named.
func TestBadInput(t *testing.T) {
	good := marshal(t, traces(world()[0]))
	line := strings.ReplaceAll(string(jsonOf(t, traces(world()[0]))), "\n", " ")
	noID := spanOf(1, 1, 0, server, "x")
	noID.SpanId = nil
	noTime := spanOf(2, 1, 0, server, "x")
	noTime.StartTimeUnixNano, noTime.EndTimeUnixNano = 0, 0
	late := spanOf(3, 1, 0, server, "x")
	late.EndTimeUnixNano = 1 << 63
	short := spanOf(4, 1, 0, server, "x")
	short.TraceId = short.TraceId[:15]
	bad := traces(one{shop("a"), noID}, one{shop("a"), noTime}, one{shop("a"), late}, one{shop("a"), short}, world()[0])
	for name, c := range map[string]struct {
		data           []byte
		spans, refused int
		says           string
	}{
		"spans":        {marshal(t, bad), 5, 4, "without a time"},
		"json spans":   {jsonOf(t, bad), 5, 4, "after the year 2200"},
		"torn frame":   {framed(good, good)[:len(good)+20], 1, 1, "breaks off"},
		"broken frame": {framed(good, []byte("\x0a\x7fxx"), good), 3, 1, "broken protobuf"},
		"torn zstd":    {framed(good, compressed(good)[:40], good), 3, 1, "message 1"},
		"broken line":  {[]byte(line + "\n{\"resourceSpans\":[{]\n" + line), 3, 1, ""},
		"torn line":    {[]byte(line + "\n" + line[:len(line)/2]), 2, 1, "breaks off"},
		"torn":         {[]byte(line[:len(line)-3]), 0, 1, "breaks off"}, // what is torn is one ResourceSpans
		"huge frame":   {append(framed(good), 0xff, 0xff, 0xff, 0xff, 1), 1, 1, "bytes long"},
		"deep":         {[]byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":` + strings.Repeat(`{"arrayValue":{"values":[`, 20000)), 0, 1, ""},
	} {
		_, r := ingested(t, c.data)
		if r.Records != c.spans || len(r.Rejected) != c.refused || !strings.Contains(fmt.Sprint(r.Rejected), c.says) {
			t.Errorf("%s: %d records, %v", name, r.Records, r.Rejected)
		}
	}
}

// A large file is streamed, whatever its shape, and gives the same graph.
func TestStream(t *testing.T) {
	d := traces(world()...)
	line := strings.ReplaceAll(string(jsonOf(t, d)), "\n", " ")
	for name, b := range map[string][]byte{"proto": marshal(t, d), "framed": framed(marshal(t, d)), "json": jsonOf(t, d), "lines": []byte(line + "\n" + line + "\n"),
		"list": []byte("[" + line + "]")} {
		facts := func(f *ingest.File) string {
			sink := &testSink{b: graph.NewBuilder()}
			if err := New().Parser().Parse(context.Background(), f, sink); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			batch := sink.b.Batch()
			return fmt.Sprint(batch.Nodes, len(batch.Events), len(batch.Standing), sink.records, sink.rejected)
		}
		if whole, streamed := facts(&ingest.File{Name: name, Data: b}), facts(&ingest.File{Name: name, Reader: bytes.NewReader(b)}); whole != streamed {
			t.Errorf("%s:\n%s\n%s", name, whole, streamed)
		}
	}
}

// A span is shown again by position and by evidence, as JSON and without its
// secrets.
func TestRaw(t *testing.T) {
	s := spanOf(12, 1, 10, server, "POST /login", "http.request.method", "POST", "http.request.header.authorization", []string{"Bearer abcdefghijklmnopqrstuvwxyz0123456789"},
		"url.full", "https://u:hunter2@shop.example.com/?access_token=s3cr3tvalue", "db.password", "hunter2", "session_token", "FwoGZXIvYXdzEXAMPLEEXAMPLEEXAMPLE", "harmless", "kept")
	d := traces(world()[1], one{shop("web"), s})
	evidence := string(appendCall(nil, id(1, 16), id(10, 8))) + "@000000000000000c"
	for name, b := range map[string][]byte{"proto": marshal(t, d), "framed": framed(marshal(t, d)), "json": jsonOf(t, d)} {
		for _, at := range []uint32{1, 77} { // 77: the file was rewritten
			raw, err := New().Raw(context.Background(), &ingest.File{Name: name, Data: b}, at, evidence)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			clean := string(ingest.Redact(raw))
			if !json.Valid([]byte(clean)) || !strings.Contains(clean, "POST /login") || !strings.Contains(clean, "kept") || !strings.Contains(clean, "service.name") {
				t.Errorf("%s: %s", name, clean)
			}
			for _, secret := range []string{"abcdefghijklmnop", "hunter2", "s3cr3tvalue", "FwoGZXIvYXdz"} {
				if strings.Contains(clean, secret) {
					t.Errorf("%s shows %s: %s", name, secret, clean)
				}
			}
		}
		if _, err := New().Raw(context.Background(), &ingest.File{Name: name, Data: b}, 1, "other"); graph.Code(err) != graph.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	store, _ := ingested(t, marshal(t, d)) // nothing of them is in the graph either
	for _, secret := range []string{"hunter2", "s3cr3tvalue"} {
		if all := fmt.Sprint(facts(t, store), nodes(t, store)); strings.Contains(all, secret) {
			t.Errorf("the graph holds %s", secret)
		}
	}
}
