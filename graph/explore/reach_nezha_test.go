package explore_test

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/otlp"
)

// A nezhaSpan is a line of the capture's CSV, which has neither kinds nor
// attributes nor a status: these are read off the names of operations.
type nezhaSpan struct {
	trace, id, parent, pod, op string
	start, end                 uint64
	failed                     bool // Spring's error page was rendered in it
}

// service is the pod without what the deployment adds.
func (s *nezhaSpan) service() string {
	parts := strings.Split(s.pod, "-")
	return strings.Join(parts[:len(parts)-2], "-")
}

func (s *nezhaSpan) kind() tracev1.Span_SpanKind {
	switch verb, _, _ := strings.Cut(s.op, " "); {
	case strings.HasPrefix(s.op, "/"):
		return tracev1.Span_SPAN_KIND_SERVER
	case verb == "HTTP", s.sql():
		return tracev1.Span_SPAN_KIND_CLIENT
	case s.op == "<default> send":
		return tracev1.Span_SPAN_KIND_PRODUCER
	case s.op == "food_delivery process":
		return tracev1.Span_SPAN_KIND_CONSUMER
	}
	return tracev1.Span_SPAN_KIND_INTERNAL
}

// sql says that the span is a statement on the database; Hibernate's own spans
// name an entity instead of ts.<table>.
func (s *nezhaSpan) sql() bool {
	verb, table, _ := strings.Cut(s.op, " ")
	return slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) && strings.HasPrefix(table, "ts.")
}

func nezhaDir(t *testing.T) string {
	dir := filepath.Join("..", "..", "..", "shared", "data", "nezha-trainticket-2023-01-29-dev")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the capture is not here: ", err)
	}
	return dir
}

// nezhaSpans are the spans of each file, as they stand there, and all by trace
// and id.
func nezhaSpans(t *testing.T) (files [][]*nezhaSpan, all map[[2]string]*nezhaSpan) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(nezhaDir(t), "trace", "*.csv"))
	if err != nil || len(names) != 12 {
		t.Fatal(names, err)
	}
	all = map[[2]string]*nezhaSpan{}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		var spans []*nezhaSpan
		for _, r := range rows[1:] {
			s := &nezhaSpan{trace: r[0], id: r[1], parent: r[2], pod: r[3], op: r[4]}
			for i, to := range []*uint64{&s.start, &s.end} {
				if *to, err = strconv.ParseUint(r[5+i], 10, 64); err != nil {
					t.Fatal(err)
				}
			}
			if s.parent == "root" {
				s.parent = ""
			}
			spans = append(spans, s)
			all[[2]string{s.trace, s.id}] = s
		}
		files = append(files, spans)
	}
	failed := map[[2]string]bool{}
	for _, s := range all {
		if s.op == "BasicErrorController.error" {
			server := all[[2]string{s.trace, s.parent}]
			failed[[2]string{server.trace, server.id}] = true
			failed[[2]string{server.trace, server.parent}] = true // its client was told 500
		}
	}
	for _, file := range files {
		for _, s := range file {
			s.failed = failed[[2]string{s.trace, s.id}]
		}
	}
	return files, all
}

func text(k, v string) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: k, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: v}}}
}

// otlpOf is the spans as a Collector would export them.
func otlpOf(t *testing.T, spans []*nezhaSpan) *tracev1.TracesData {
	t.Helper()
	data := &tracev1.TracesData{}
	pods := map[string]*tracev1.ScopeSpans{}
	for _, s := range spans {
		scope := pods[s.pod]
		if scope == nil {
			scope = &tracev1.ScopeSpans{}
			pods[s.pod] = scope
			data.ResourceSpans = append(data.ResourceSpans, &tracev1.ResourceSpans{ScopeSpans: []*tracev1.ScopeSpans{scope},
				Resource: &resourcev1.Resource{Attributes: []*commonv1.KeyValue{text("service.name", s.service()), text("k8s.pod.name", s.pod),
					text("k8s.namespace.name", "ts"), text("service.namespace", "ts"), text("k8s.cluster.name", "nezha")}}})
		}
		id := func(s string) []byte {
			b, err := hex.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		x := &tracev1.Span{TraceId: id(s.trace), SpanId: id(s.id), ParentSpanId: id(s.parent), Name: s.op, Kind: s.kind(), StartTimeUnixNano: s.start, EndTimeUnixNano: s.end}
		if s.failed {
			x.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR}
			x.Attributes = append(x.Attributes, &commonv1.KeyValue{Key: "http.status_code", Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: 500}}})
		}
		switch {
		case s.sql():
			x.Attributes = append(x.Attributes, text("db.system", "mysql"), text("db.name", "ts"))
		case x.Kind >= tracev1.Span_SPAN_KIND_PRODUCER:
			x.Attributes = append(x.Attributes, text("messaging.system", "rabbitmq"), text("messaging.destination.name", "food_delivery"))
		case x.Kind == tracev1.Span_SPAN_KIND_SERVER:
			x.Attributes = append(x.Attributes, text("http.request.method", "GET"), text("http.route", s.op))
		}
		scope.Spans = append(scope.Spans, x)
	}
	return data
}

// nezha is the capture as OTLP in its three shapes, ingested into a store.
func nezha(t *testing.T) (*explore.Explorer, map[[2]string]*nezhaSpan) {
	t.Helper()
	files, all := nezhaSpans(t)
	fsys := fstest.MapFS{}
	n := 0
	for i, spans := range files {
		n += len(spans)
		data := otlpOf(t, spans)
		var b []byte
		var err error
		switch i % 3 {
		case 0:
			b, err = proto.Marshal(data)
		case 1:
			b, err = protojson.Marshal(data)
		default:
			for _, rs := range data.ResourceSpans {
				m, merr := proto.Marshal(&tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{rs}})
				if merr != nil {
					t.Fatal(merr)
				}
				b = append(binary.BigEndian.AppendUint32(b, uint32(len(m))), m...)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		fsys[fmt.Sprintf("%02d", i)] = &fstest.MapFile{Data: b}
	}
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()}) // the model store has no index of evidence
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	report, err := ingest.Run(context.Background(), s, feed.FS(fsys, ".", "nezha:"), []ingest.Format{otlp.New()}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Rejected) != 0 || report.Records != n {
		t.Fatalf("%d of %d spans read, %v rejected", report.Records, n, report.Rejected)
	}
	return explore.New(s, explore.Options{}), all
}

// nezhaCall is a synchronous call as the CSV shows it: a span of one service
// whose parent is a span of another, where no queue lies between.
type nezhaCall struct {
	caller, callee string
	at             graph.Time // when the callee was done
	failed         bool
}

func nezhaCalls(all map[[2]string]*nezhaSpan) (out []nezhaCall) {
	for _, s := range all {
		p := all[[2]string{s.trace, s.parent}]
		if p == nil || p.service() == s.service() || strings.HasPrefix(s.op, "food_delivery") {
			continue
		}
		out = append(out, nezhaCall{p.service(), s.service(), graph.Time(s.end / 1e6), s.failed})
	}
	return out
}

const nezhaPrefix = "otel:service:ts/"

// Services, and calls between each two, are those of the CSV.
func TestNezhaCalls(t *testing.T) {
	e, all := nezha(t)
	want, callees := map[string]map[string]int{}, map[string]bool{}
	services := map[string]bool{}
	for _, s := range all {
		services[s.service()] = true
	}
	calls := nezhaCalls(all)
	if len(services) != 28 || len(calls) != 8289 {
		t.Fatalf("the CSV has %d services and %d calls", len(services), len(calls))
	}
	for _, c := range calls {
		if want[c.callee] == nil {
			want[c.callee] = map[string]int{}
		}
		want[c.callee][nezhaPrefix+c.caller]++
		callees[c.callee] = true
	}
	roots := 0
	for _, s := range all {
		if s.parent == "" && strings.HasPrefix(s.op, "/") {
			roots++
		}
	}
	want["ts-gateway-service"] = map[string]int{"otel:caller:ts/ts-gateway-service": roots}
	got := map[string]map[string]int{}
	for s := range services {
		a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{nezhaPrefix + s}, Who: explore.WhoAll, NoChain: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range a.Identities {
			if got[s] == nil {
				got[s] = map[string]int{}
			}
			got[s][string(x.Identity.ID)] = x.Total
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls by callee and caller (-CSV +ours):\n%s", diff)
	}
	// The same from the callers' end.
	out, back := map[string]int{}, map[string]int{}
	for _, c := range calls {
		out[c.caller]++
	}
	for s := range out {
		a, err := e.Activity(context.Background(), explore.ActivityQuery{Of: []string{nezhaPrefix + s}, Who: explore.WhoAll})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range a.Calls {
			if strings.HasPrefix(string(c.Target), nezhaPrefix) {
				back[s] += c.Count
			}
		}
	}
	if diff := cmp.Diff(out, back); diff != "" {
		t.Errorf("calls by caller (-CSV +ours):\n%s", diff)
	}
}

// nezhaOutage is how long a fault is taken to last: the authors let each run for
// some minutes before they restart the pod.
const nezhaOutage = 10 * time.Minute

// Who is impacted by a fault. The outage is the half-open span from the injection
// to ten minutes later.
//
//	caller: a service that called the faulty one, or another impacted caller,
//	        synchronously, in a call that ended before the end of the outage and
//	        not more than 24 hours before its start. This is a dependence: the
//	        fault may have reached it.
//	failed: an impacted caller for certain: such a call on the faulty service
//	        failed during the outage, or one on a service that failed for certain
//	        did, 5 s or more after that service first had.
//	callee: a service that the faulty one called, or another impacted callee did,
//	        in a call that ended before the end of the outage and not more than 24
//	        hours before its start: what it relied on.
//
// A call fails if Spring's error page was rendered in the callee.
type nezhaImpact struct{ Callers, Failed, Callees []string }

func nezhaImpactOf(calls []nezhaCall, service string, from, to graph.Time) nezhaImpact {
	closure := func(next func(c nezhaCall) (string, string)) []string {
		reached := map[string]bool{service: true}
		for grown := true; grown; {
			grown = false
			for _, c := range calls {
				of, onto := next(c)
				if reached[of] && !reached[onto] && c.at < to && c.at >= from.Add(-24*time.Hour) {
					reached[onto], grown = true, true
				}
			}
		}
		delete(reached, service)
		return slices.Sorted(maps.Keys(reached))
	}
	failed := map[string]graph.Time{} // since when
	ordered := slices.SortedFunc(slices.Values(calls), func(a, b nezhaCall) int { return int(a.at - b.at) })
	for grown := true; grown; {
		grown = false
		for _, c := range ordered {
			since, hit := failed[c.callee]
			hit = hit && c.at >= since.Add(5*time.Second) || c.callee == service
			before, known := failed[c.caller]
			if c.failed && hit && c.at >= from && c.at < to && c.caller != service && (!known || c.at < before) {
				failed[c.caller], grown = c.at, true
			}
		}
	}
	return nezhaImpact{
		Callers: closure(func(c nezhaCall) (string, string) { return c.callee, c.caller }),
		Callees: closure(func(c nezhaCall) (string, string) { return c.caller, c.callee }),
		Failed:  slices.Sorted(maps.Keys(failed)),
	}
}

// For every fault of the list, and an outage of each service when some had failed
// calls, reach names those that an independent count over the CSV does.
func TestNezhaReach(t *testing.T) {
	e, all := nezha(t)
	calls := nezhaCalls(all)
	raw, err := os.ReadFile(filepath.Join(nezhaDir(t), "fault_list.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list map[string][]struct {
		Time string `json:"inject_time"` // UTC; inject_timestamp is eight hours off
		Pod  string `json:"inject_pod"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	type outage struct {
		service string
		from    graph.Time
	}
	var outages []outage
	for _, faults := range list {
		for _, f := range faults {
			at, err := time.Parse(time.DateTime, f.Time)
			if err != nil {
				t.Fatal(err)
			}
			s := nezhaSpan{pod: f.Pod}
			outages = append(outages, outage{s.service(), graph.TimeOf(at)})
		}
	}
	faults := len(outages)
	if faults < 25 {
		t.Fatalf("%d faults in the list", faults)
	}
	seen := map[string]bool{}
	for _, s := range all {
		for _, at := range []string{"08:50:05"} {
			if x, _ := time.Parse(time.DateTime, "2023-01-29 "+at); !seen[s.service()+at] {
				seen[s.service()+at] = true
				outages = append(outages, outage{s.service(), graph.TimeOf(x)})
			}
		}
	}
	callers, failures := 0, 0
	for _, o := range outages {
		w := graph.Window{From: o.from, To: o.from.Add(nezhaOutage)}
		want := nezhaImpactOf(calls, o.service, w.From, w.To)
		var got nezhaImpact
		for _, dir := range []explore.ReachDirection{explore.Forward, explore.Backward} {
			a, err := e.Reach(context.Background(), explore.ReachQuery{From: []string{nezhaPrefix + o.service}, Mode: graph.Failure, Direction: dir, Window: w, NoPaths: true})
			if err != nil {
				t.Fatal(err)
			}
			if a.Truncated != nil {
				t.Fatalf("%s: %+v", o.service, a.Truncated)
			}
			for _, n := range a.Nodes {
				name, ok := strings.CutPrefix(string(n.Node.ID), nezhaPrefix)
				switch {
				case !ok || n.Seed:
				case dir == explore.Backward:
					got.Callees = append(got.Callees, name)
				default:
					got.Callers = append(got.Callers, name)
					if n.Certainty == explore.Definite {
						got.Failed = append(got.Failed, name)
					}
				}
			}
		}
		for _, l := range []*[]string{&got.Callers, &got.Callees, &got.Failed} {
			slices.Sort(*l)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })); diff != "" {
			t.Errorf("outage of %s at %s (-CSV +ours):\n%s", o.service, o.from, diff)
		}
		callers += len(want.Callers)
		failures += len(want.Failed)
	}
	if callers == 0 || failures == 0 {
		t.Errorf("%d impacted callers, %d failed: the test tests nothing", callers, failures)
	}
	t.Logf("%d faults and %d outages: %d impacted callers, %d of them certain", faults, len(outages)-faults, callers, failures)
}
