package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
)

// sample is a call as both sidecars of Istio tell it (its bookinfo example, with
// peers), a callee that is not there, a refused one, gRPC, and an ingress.
const sample = `{"start_time":"2026-11-22T10:02:11.512Z","method":"GET","path":"/reviews/0","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","request_id":"e1f7","authority":"reviews:9080","upstream_cluster":"outbound|9080||reviews.default.svc.cluster.local","downstream_remote_address":"10.44.1.27:47482","requested_server_name":null,"user_agent":"Mozilla/5.0","downstream_peer_uri_san":"spiffe://cluster.local/ns/default/sa/bookinfo-productpage"}
{"start_time":"2026-11-22T10:02:11.513Z","method":"GET","path":"/reviews/0","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","request_id":"e1f7","authority":"reviews:9080","upstream_cluster":"inbound|9080||","downstream_remote_address":"10.44.1.27:60102","requested_server_name":"outbound_.9080_._.reviews.default.svc.cluster.local","user_agent":"Mozilla/5.0","x_forwarded_client_cert":"By=spiffe://cluster.local/ns/default/sa/bookinfo-reviews;Hash=70f0;Subject=\"\";URI=spiffe://cluster.local/ns/default/sa/bookinfo-productpage"}
{"start_time":"2026-11-22T10:02:12.000Z","method":"POST","path":"/pay","response_code":503,"response_flags":"UF,URX","request_id":"e1f8","authority":"payments.shop","upstream_cluster":"outbound|80||payments.shop.svc.cluster.local","downstream_remote_address":"10.44.1.30:4000","source_principal":"cluster.local/ns/shop/sa/checkout"}
{"start_time":"2026-11-22T10:02:13.000Z","method":"GET","path":"/admin","response_code":403,"response_flags":"UAEX","request_id":"e1f9","authority":"ledger.billing","upstream_cluster":"inbound|8080||","requested_server_name":"outbound_.8080_._.ledger.billing.svc.cluster.local","downstream_remote_address":"10.44.1.31:4000"}
{"start_time":"2026-11-22T10:02:14.000Z","method":"POST","path":"/billing.Ledger/Append","response_code":200,"grpc_status":"Unavailable","request_id":"e1fa","authority":"ledger.billing.svc.cluster.local:443","upstream_cluster":"inbound|8080||","downstream_remote_address":"10.44.1.31:4000","downstream_peer_uri_san":"spiffe://cluster.local/ns/billing/sa/invoice-writer"}
{"time_iso8601":"2026-11-22T10:02:15+00:00","remote_addr":"203.0.113.9","request_method":"GET","request_uri":"/?token=x","status":"404","http_host":"portal.halden.example","http_user_agent":"curl/8.18.0","namespace":"shop","service_name":"customer-portal","req_id":"77","proxy_upstream_name":"shop-customer-portal-80"}
`

func ingested(t testing.TB, files map[string]string) (graph.Store, ingest.Report) {
	t.Helper()
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	report, err := ingest.Run(context.Background(), s, feed.FS(fsys, ".", ""), []ingest.Format{New()}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

func TestRequests(t *testing.T) {
	s, report := ingested(t, map[string]string{"access.log": sample})
	if report.Records != 6 || len(report.Rejected) > 0 || report.Calls != 5 {
		t.Fatalf("%d records, %d calls, rejected %v, skipped %v", report.Records, report.Calls, report.Rejected, report.Skipped)
	}
	var got []string
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %s, %d told, %d calls", e.From, e.To, e.Label.Action, e.Label.Effect, e.Outcome, len(e.Observations), e.Calls))
	}
	slices.Sort(got)
	want := []string{
		"k8s:sa:billing/invoice-writer otel:service:billing/ledger rpc:billing.Ledger/Append USE FAULT, 1 told, 1 calls",
		"k8s:sa:default/bookinfo-productpage otel:service:default/reviews http:GET READ OK, 2 told, 1 calls",
		"k8s:sa:shop/checkout otel:service:shop/payments http:POST USE FAULT, 1 told, 1 calls",
		"net:10.44.1.0/24 otel:service:billing/ledger http:GET READ DENIED, 1 told, 1 calls",
		"net:203.0.113.0/24 otel:service:shop/customer-portal http:GET READ ERROR, 1 told, 1 calls",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Shuffled, split and told twice, it is one graph.
func TestOrderNeverShows(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSpace(sample)+"\n", "\n")
	lines = lines[:len(lines)-1]
	hash := func(files map[string]string) string {
		s, _ := ingested(t, files)
		h, err := storetest.Hash(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	want := hash(map[string]string{"a.jsonl": sample})
	r := rand.New(rand.NewPCG(1, 1))
	for range 10 {
		files := map[string]string{}
		for _, line := range append(slices.Clone(lines), lines[r.IntN(len(lines))]) {
			files[fmt.Sprintf("%d.jsonl", r.IntN(3))] += line
		}
		if hash(files) != want {
			t.Fatalf("%v: another graph", files)
		}
	}
}

// Bad lines are named, those that say nothing counted, the rest is stored.
func TestBadRequests(t *testing.T) {
	_, report := ingested(t, map[string]string{"a.jsonl": sample + `{"start_time":"2026-11-22T10:02:11Z","method":"GET"}
{"method":"GET","response_code":200}
{"start_time":"2026-11-22T10:02:11Z","method":"GET","response_code":200,"authority":"10.1.2.3:80","downstream_remote_address":"10.44.1.27:1"}
{"start_time":"2026-11-22T10:02:11Z","method":"GET","response_code":200,"authority":"x.y.svc.cluster.local","downstream_remote_address":"@"}
`})
	if report.Calls != 5 || len(report.Rejected) != 2 || report.Skipped[skipCallee] != 1 || report.Skipped[skipCaller] != 1 {
		t.Errorf("%d calls, rejected %v, skipped %v", report.Calls, report.Rejected, report.Skipped)
	}
}

// What encoding/json reads is what fill reads.
func TestOracle(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimSpace(sample), "\n") {
		var d decoder
		if _, unusable, lexical := d.Decode([]byte(line), 0); unusable != nil || lexical != nil {
			t.Fatal(unusable, lexical)
		}
		var m map[string]any
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&m); err != nil {
			t.Fatal(err)
		}
		for key, v := range m {
			want := fmt.Sprint(v)
			if v == nil || want == "-" {
				want = ""
			}
			if to := d.r.text(key); to != nil && *to != want {
				t.Errorf("%s is %q, want %q", key, *to, want)
			}
		}
	}
}

// The line is found again by its evidence.
func TestRaw(t *testing.T) {
	var evidence string
	if err := requests(context.Background(), &ingest.File{Data: []byte(sample)}, func(r *request, err error) bool {
		evidence = r.evidence()
		return r.id != "e1f8"
	}); err != nil {
		t.Fatal(err)
	}
	got, err := New().Raw(context.Background(), &ingest.File{Name: "a", Data: []byte(sample)}, 2, evidence)
	if err != nil || !bytes.Contains(got, []byte("payments.shop")) {
		t.Errorf("%s, %v", got, err)
	}
}

// It is not taken for what it is not.
func TestRecognise(t *testing.T) {
	for text, want := range map[string]bool{
		sample: true,
		`{"eventVersion":"1.08","eventName":"PutObject","eventSource":"s3.amazonaws.com","eventTime":"2026-11-22T10:00:00Z","status":"200"}`: false,
		`{"id":"1","time":"2026-11-22T10:02:11Z","actor":"b","action":"billing:Refund","target":"x","status":"ok"}`:                          false,
		`{"timestamp":"2026-11-22T10:02:11Z","level":"info","msg":"served","status":200,"method":"GET"}`:                                     false,
	} {
		if got := New().Recognise("x.json", []byte(text)); got != want {
			t.Errorf("%.60s: %v", text, got)
		}
	}
}

// No text makes it panic, and what is read is read the same again.
func FuzzRequests(f *testing.F) {
	for line := range strings.SplitSeq(strings.TrimSpace(sample), "\n") {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func() (out []string) {
			_ = requests(context.Background(), &ingest.File{Name: "f", Data: bytes.Clone(text)}, func(r *request, err error) bool {
				if err != nil {
					out = append(out, err.Error())
					return true
				}
				b := graph.NewBuilder()
				b.Source(graph.Source{})
				out = append(out, emit(b, graph.Ref{}, r)+r.evidence())
				return true
			})
			return out
		}
		if a, b := read(), read(); !slices.Equal(a, b) {
			t.Errorf("%q and then %q", a, b)
		}
	})
}
