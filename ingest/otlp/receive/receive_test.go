package receive

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/blastradius/blastradius/ingest/otlp"
	"github.com/blastradius/blastradius/ingest/spool"
)

// message is an export request of good spans and of bad ones, which have no id.
func message(t testing.TB, good, bad int) []byte {
	t.Helper()
	scope := &tracev1.ScopeSpans{}
	for i := range good + bad {
		s := &tracev1.Span{TraceId: bytes.Repeat([]byte{7}, 16), SpanId: fmt.Appendf(nil, "%08d", i), Name: "x", StartTimeUnixNano: 1795341600000000000}
		if i >= good {
			s.SpanId = nil
		}
		scope.Spans = append(scope.Spans, s)
	}
	b, err := proto.Marshal(&tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{{ScopeSpans: []*tracev1.ScopeSpans{scope}}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func receiver(t testing.TB, so spool.Options, o Options) (*Receiver, *spool.Spool, *httptest.Server) {
	t.Helper()
	so.Ext = otlp.SpoolExt
	s, err := spool.Open(t.TempDir(), so)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := New(s, o)
	srv := httptest.NewUnstartedServer(r.Handler())
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	return r, s, srv
}

func post(t testing.TB, srv *httptest.Server, kind, encoding string, body []byte) (status int, answer string, header http.Header) {
	t.Helper()
	req, err := http.NewRequest("POST", srv.URL+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b), res.Header
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// What each sender is told.
func TestHTTP(t *testing.T) {
	r, s, srv := receiver(t, spool.Options{}, Options{MaxBody: 1 << 20})
	text := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"07070707070707070707070707070707","spanId":"0000000000000001","startTimeUnixNano":"1795341600000000000"},{"traceId":"","spanId":"0000000000000001"}]}]}]}`
	for _, c := range []struct {
		kind, encoding string
		body           []byte
		status         int
		says           string
	}{
		{typeProto, "", message(t, 3, 0), 200, ""},
		{typeProto, "gzip", zipped(message(t, 3, 0)), 200, ""},
		{typeProto, "", nil, 200, ""},
		{typeProto, "", message(t, 2, 1), 200, "a span without an id of 8 bytes"},
		{typeProto, "", message(t, 0, 2), 200, "a span without an id of 8 bytes"},
		{typeJSON, "", []byte(text), 200, `"rejectedSpans":"1"`},
		{typeJSON, "gzip", zipped([]byte("\n " + text)), 200, `"rejectedSpans":"1"`},
		{typeJSON, "", []byte(`{"resourceSpans":[{`), 400, "breaks off"},
		{typeJSON, "", []byte(`{"a":1}`), 400, "resourceSpans"},
		{typeJSON, "", message(t, 1, 0), 400, ""},
		{typeProto, "", []byte(text), 400, ""},
		{typeProto, "", []byte("hello, hello"), 400, "no OTLP"},
		{typeProto, "gzip", []byte("no gzip"), 400, "gzip"},
		{typeProto, "br", message(t, 1, 0), 415, "br"},
		{"text/plain", "", message(t, 1, 0), 415, typeProto},
		{typeProto, "", make([]byte, 2<<20), 413, "1048576"},
		{typeProto, "gzip", zipped(make([]byte, 2<<20)), 413, "1048576"}, // a bomb
	} {
		status, answer, header := post(t, srv, c.kind, c.encoding, c.body)
		if status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s %s %.40q: %d %q, want %d with %q", c.kind, c.encoding, c.body, status, answer, c.status, c.says)
		}
		if status == 200 && header.Get("Content-Type") != c.kind {
			t.Errorf("answered in %s", header.Get("Content-Type"))
		}
	}
	if st := r.Stats(); st.Spans != 3+3+3+2+2+2 || st.Rejected != 1+2+1+1 || st.Turned != 0 || st.Invalid == 0 {
		t.Errorf("%+v", st)
	}
	if st := s.Status(); st.Records != 5 {
		t.Errorf("%+v", st)
	}
	for path, want := range map[string]int{"/v1/traces": 405, "/v1/metrics": 404} {
		res, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("GET %s: %d", path, res.StatusCode)
		}
	}
}

func export(t testing.TB, srv *httptest.Server, body []byte) (answer []byte, err error) {
	t.Helper()
	c, err := grpc.NewClient(strings.TrimPrefix(srv.URL, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Invoke(context.Background(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", &body, &answer)
	return answer, err
}

// A spool that is behind turns senders away, with when to come again, and takes
// from them again once it is not: nothing that was acknowledged is missing, and
// nothing that was not is there.
func TestBackpressure(t *testing.T) {
	body := message(t, 50, 0)
	r, s, srv := receiver(t, spool.Options{RotateEvery: 20 * time.Millisecond, MaxBehind: 4 * int64(len(body)+4)}, Options{RetryAfter: 3 * time.Second})
	acknowledged := 0
	for range 4 {
		if _, err := export(t, srv, body); err != nil {
			t.Fatal(err)
		}
		acknowledged++
	}
	code, answer, header := post(t, srv, typeJSON, "", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"07070707070707070707070707070707","spanId":"0000000000000001","startTimeUnixNano":"1795341600000000000"}]}]}]}`))
	var told struct{ Code int }
	if err := json.Unmarshal([]byte(answer), &told); code != 429 || header.Get("Retry-After") != "3" || err != nil || told.Code != int(codes.ResourceExhausted) {
		t.Errorf("HTTP: %d %v %s", code, header, answer)
	}
	_, err := export(t, srv, body)
	st := status.Convert(err)
	if st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 {
		t.Fatalf("gRPC: %v %v", err, st.Details())
	}
	if info, ok := st.Details()[0].(*errdetails.RetryInfo); !ok || info.RetryDelay.AsDuration() != 3*time.Second {
		t.Errorf("gRPC: %v", st.Details())
	}
	size := 0
	for deadline := time.Now().Add(5 * time.Second); size < acknowledged*(len(body)+4) && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for o := range s.Files() {
			b, err := os.ReadFile(o.Name)
			if err != nil {
				t.Fatal(err)
			}
			size += len(b)
			o.Done(nil) // the store has it
		}
	}
	if size != acknowledged*(len(body)+4) {
		t.Errorf("%d bytes spooled of %d acknowledged requests", size, acknowledged)
	}
	if _, err := export(t, srv, body); err != nil {
		t.Errorf("after ingest caught up: %v", err)
	}
	if x := r.Stats(); x.Turned != 2 {
		t.Errorf("%+v", x)
	}
	if _, err := export(t, srv, []byte("hello, hello")); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no protobuf: %v", err)
	}
	if answer, err := export(t, srv, message(t, 1, 1)); err != nil || !bytes.Contains(answer, []byte("without an id")) {
		t.Errorf("partial: %q %v", answer, err)
	}
}
