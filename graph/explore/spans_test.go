package explore_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/otlp"
)

// A traced is a call as it truly was, with the spans of it that are in the data.
type traced struct {
	caller, callee string
	ended          graph.Time // at the callee; the caller's span ends somewhat later
	later          graph.Time
	failed         bool
	told           [2]bool // by the caller, by the callee
	named          bool    // the caller's span names the callee
}

const spanServices = 6

func randomTraces(r *rand.Rand, n int) (out []traced) {
	for range n {
		x := traced{caller: fmt.Sprintf("s%d", r.IntN(spanServices)), callee: fmt.Sprintf("s%d", r.IntN(spanServices)),
			ended: at(0) + graph.Time(r.IntN(4*3_600_000)), later: graph.Time(r.IntN(90_000)) - 30_000, failed: r.IntN(4) == 0, named: r.IntN(2) == 0}
		x.told[r.IntN(2)] = true
		if r.IntN(3) > 0 {
			x.told = [2]bool{true, true}
		}
		if x.caller != x.callee {
			out = append(out, x)
		}
	}
	return out
}

// spanFiles are the calls' spans, shuffled over some files.
func spanFiles(t *testing.T, r *rand.Rand, calls []traced) fstest.MapFS {
	t.Helper()
	var all []*tracev1.ResourceSpans
	for i, c := range calls {
		trace := binary.BigEndian.AppendUint64(make([]byte, 8), uint64(i/3+1))
		id := func(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(2*i+n)) }
		add := func(service string, s *tracev1.Span, end graph.Time) {
			s.TraceId, s.EndTimeUnixNano, s.StartTimeUnixNano = trace, uint64(end)*1e6, uint64(end)*1e6-5e6
			if c.failed {
				s.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR}
			}
			all = append(all, &tracev1.ResourceSpans{ScopeSpans: []*tracev1.ScopeSpans{{Spans: []*tracev1.Span{s}}},
				Resource: &resourcev1.Resource{Attributes: []*commonv1.KeyValue{text("service.name", service)}}})
		}
		if c.told[0] {
			s := &tracev1.Span{SpanId: id(1), Kind: tracev1.Span_SPAN_KIND_CLIENT, Name: "call"}
			if c.named {
				s.Attributes = []*commonv1.KeyValue{text("server.address", c.callee)}
			}
			add(c.caller, s, c.ended+c.later)
		}
		if c.told[1] {
			add(c.callee, &tracev1.Span{SpanId: id(2), ParentSpanId: id(1), Kind: tracev1.Span_SPAN_KIND_SERVER, Name: "serve"}, c.ended)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	fsys := fstest.MapFS{}
	for n := 0; len(all) > 0; n++ {
		k := 1 + r.IntN(len(all))
		b, err := proto.Marshal(&tracev1.TracesData{ResourceSpans: all[:k]})
		if err != nil {
			t.Fatal(err)
		}
		fsys[fmt.Sprintf("%03d", n)] = &fstest.MapFile{Data: b}
		all = all[k:]
	}
	return fsys
}

// Who called whom, in any window, asked from either end: what was told by both
// ends is one call of the two, dated by the callee; what the caller alone told is
// a call on what it names, if anything; what the callee alone told is by nobody
// known.
func TestSpansJoined(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 77))
		calls := randomTraces(r, 120)
		s := stores[seed%2].open(t) // the model and Pebble
		if _, err := ingest.Run(context.Background(), s, feed.FS(spanFiles(t, r, calls), ".", "t:"), []ingest.Format{otlp.New()}, ingest.Options{Workers: 1}); err != nil {
			t.Fatal(err)
		}
		e := explore.New(s, explore.Options{})
		for range 3 {
			w := graph.Window{From: at(0) + graph.Time(r.IntN(2*3_600_000))}
			w.To = w.From + graph.Time(1+r.IntN(2*3_600_000))
			want := map[string]int{}
			for _, c := range calls {
				inside, callerInside := w.Contains(c.ended), w.Contains(c.ended+c.later)
				switch {
				case c.told[1] && c.told[0]:
					// A caller that names its callee tells of it at its own time too.
					if inside || c.named && callerInside {
						want[c.caller+" "+c.callee]++
					}
				case c.told[1] && inside:
					want["? "+c.callee]++
				case c.told[0] && !c.told[1] && callerInside && c.named:
					want[c.caller+" "+c.callee]++
				case c.told[0] && !c.told[1] && callerInside:
					want[c.caller+" ?"]++
				}
			}
			name := func(id graph.ID) string {
				s, ok := strings.CutPrefix(string(id), "otel:service:")
				if !ok {
					return "?"
				}
				return s
			}
			in, out := map[string]int{}, map[string]int{}
			for n := range spanServices {
				id := fmt.Sprintf("otel:service:s%d", n)
				a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{id}, Window: w, Who: explore.WhoAll, Evidence: explore.EvidencePage{First: -1}})
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range a.Identities {
					if known := x.Identity.Type == "otel.service"; known != (x.Identity.Class == explore.NHI) || known != (x.UnknownCalls == 0) {
						t.Errorf("%s is %s, %d calls of unknown class", x.Identity.ID, x.Identity.Class, x.UnknownCalls)
					}
					in[name(x.Identity.ID)+" "+name(graph.ID(id))] += x.Total
				}
				b, err := e.Activity(context.Background(), explore.ActivityQuery{Of: []string{id}, Window: w, Who: explore.WhoAll})
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range b.Calls {
					out[name(graph.ID(id))+" "+name(c.Target)] += c.Count
				}
			}
			only := func(m map[string]int, drop func(string) bool) map[string]int {
				kept := map[string]int{}
				for k, v := range m {
					if !drop(k) {
						kept[k] = v
					}
				}
				return kept
			}
			if diff := cmp.Diff(only(want, func(k string) bool { return strings.HasSuffix(k, "?") }), in); diff != "" {
				t.Errorf("seed %d, callers (-true +ours):\n%s", seed, diff)
			}
			if diff := cmp.Diff(only(want, func(k string) bool { return strings.HasPrefix(k, "?") }), out); diff != "" {
				t.Errorf("seed %d, callees (-true +ours):\n%s", seed, diff)
			}
			total := 0
			for _, n := range want {
				total += n
			}
			h, err := e.Histogram(context.Background(), explore.HistogramQuery{Window: w, Bins: 3})
			if err != nil {
				t.Fatal(err)
			}
			if h.Total != total {
				t.Errorf("seed %d: the histogram has %d calls, there are %d", seed, h.Total, total)
			}
		}
	}
}

// What failed spreads from either end: forward from the callee to the caller if
// and only if backward from the caller to the callee.
func TestSpansReach(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	calls := randomTraces(r, 60)
	s := stores[1].open(t)
	if _, err := ingest.Run(context.Background(), s, feed.FS(spanFiles(t, r, calls), ".", "t:"), []ingest.Format{otlp.New()}, ingest.Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	e := explore.New(s, explore.Options{})
	w := graph.Window{From: at(60), To: at(150)}
	pairs := map[explore.ReachDirection]map[string]explore.Certainty{explore.Forward: {}, explore.Backward: {}}
	for dir, got := range pairs {
		for n := range spanServices {
			from := fmt.Sprintf("otel:service:s%d", n)
			a, err := e.Reach(context.Background(), explore.ReachQuery{From: []string{from}, Mode: graph.Failure, Direction: dir, Window: w, Dependence: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range a.Nodes {
				if to := string(x.Node.ID); !x.Seed && x.Node.Type == "otel.service" {
					if dir == explore.Backward {
						got[to+" "+from] = x.Certainty
					} else {
						got[from+" "+to] = x.Certainty
					}
				}
			}
		}
	}
	if diff := cmp.Diff(pairs[explore.Forward], pairs[explore.Backward]); diff != "" {
		t.Errorf("(-forward +backward):\n%s", diff)
	}
	if len(pairs[explore.Forward]) < 10 {
		t.Errorf("only %d pairs: the test tests little", len(pairs[explore.Forward]))
	}
}

// Every question has the same answer on every store.
func TestStoresAgreeOnSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	files := spanFiles(t, r, randomTraces(r, 40))
	agreeOn(t, func() iter.Seq[feed.Object] { return feed.FS(files, ".", "t:") },
		subject{text: "otel", things: []string{"otel:service:s1", "otel:service:s2", "otel:caller:s3", "otel:callee:s4"}})
}
