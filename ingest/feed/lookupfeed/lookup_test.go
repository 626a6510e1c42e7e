package lookupfeed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/internal/awsconf"
	"github.com/blastradius/blastradius/internal/mototest"
)

var formats = []ingest.Format{cloudtrail.New(cloudtrail.Options{})}

// clock is a clock that passes only when somebody sleeps.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// worldEvents are the demo world's management events by region, with the files
// of which they come as one.
func worldEvents(t *testing.T) (byRegion map[string][]mototest.LookupEvent, whole []byte) {
	t.Helper()
	byRegion = map[string][]mototest.LookupEvent{}
	var all []json.RawMessage
	paths, err := filepath.Glob("../../../testdata/world/cloudtrail/AWSLogs/*/CloudTrail/*/*/*/*/*")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(p, err)
		}
		for _, raw := range file.Records {
			var r struct {
				EventTime          time.Time
				EventID, AwsRegion string
			}
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			byRegion[r.AwsRegion] = append(byRegion[r.AwsRegion], mototest.LookupEvent{At: r.EventTime, ID: r.EventID, Text: string(raw)})
			all = append(all, raw)
		}
	}
	whole, err = json.Marshal(map[string]any{"Records": all})
	if err != nil {
		t.Fatal(err)
	}
	return byRegion, whole
}

// clocks are those of the regions: nobody else passes the time of one.
type clocks map[string]*clock

func (c clocks) now(region string) time.Time { return c[region].Now() }

// start is the regions of a service, their clocks at now.
func start(t *testing.T, s *mototest.Lookup, now time.Time) (regions []*Region, all clocks) {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	mototest.Environ(t, srv.URL)
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.T, all = t, clocks{}
	s.Now = all.now
	for name := range s.Events {
		c := &clock{now: now}
		all[name] = c
		regions = append(regions, NewRegion(cfg, "111122223333", name, Clock{c.Now, c.Sleep}))
	}
	return regions, all
}

func store(t *testing.T) graph.Store {
	t.Helper()
	st, err := pebble.Open(t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func hash(t *testing.T, st graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), st)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// many has n events in a region, three a second.
func many(n int, from time.Time) []mototest.LookupEvent {
	var out []mototest.LookupEvent
	for i := range n {
		at := from.Add(time.Duration(i/3) * time.Second)
		id := fmt.Sprintf("11111111-2222-3333-4444-%012d", i)
		out = append(out, mototest.LookupEvent{At: at, ID: id, Text: fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE1234567890","arn":"arn:aws:iam::111122223333:user/a","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE123456789","userName":"a"},"eventTime":%q,"eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2.0","requestParameters":null,"responseElements":null,"requestID":"A","eventID":%q,"readOnly":true,"eventType":"AwsApiCall","recipientAccountId":"111122223333","eventCategory":"Management"}`,
			at.Format(time.RFC3339), id)})
	}
	return out
}

// The events of all regions end as the graph of a trail's files, though
// requests fail; the limit is kept; a later run asks only for what is new.
func TestFiles(t *testing.T) {
	world, whole := worldEvents(t)
	end := time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC)
	s := &mototest.Lookup{Events: world, Trip: func(n int) (int, string) {
		switch {
		case n%7 == 3:
			return 400, "ThrottlingException"
		case n%11 == 5:
			return 500, "InternalFailure"
		case n%13 == 6:
			return 400, "InvalidNextTokenException"
		}
		return 0, ""
	}}
	regions, _ := start(t, s, end.Add(time.Hour))
	st := store(t)
	from, to := end.Add(-40*24*time.Hour), end.Add(time.Hour)
	r, err := ingest.Run(t.Context(), st, Files(t.Context(), st, regions, from, to), formats, ingest.Options{})
	if err != nil || len(r.Rejected) > 0 {
		t.Fatalf("%v, rejected %v", err, r.Rejected)
	}
	files := store(t)
	if _, err := ingest.Run(t.Context(), files, slices.Values([]feed.Object{{Name: "all", Size: int64(len(whole)),
		Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(string(whole))), nil
		}}}), formats, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	if hash(t, st) != hash(t, files) {
		t.Error("the graph is another than that of the files")
	}

	s.Trip, s.Asked = nil, 0
	if r, err = ingest.Run(t.Context(), st, Files(t.Context(), st, regions, from, to), formats, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	if s.Asked > 2*len(regions) || r.Records > 0 {
		t.Errorf("%d requests for what is known, %+v", s.Asked, r.Files)
	}
	if hash(t, st) != hash(t, files) {
		t.Error("the graph changed")
	}
}

// A run that is interrupted goes on where it was.
func TestResume(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	all := many(5333, from)
	s := &mototest.Lookup{Events: map[string][]mototest.LookupEvent{"us-east-1": all}}
	regions, times := start(t, s, from.Add(24*time.Hour))
	s.Now = nil // requests are broken off: when they arrive says nothing
	st := store(t)
	want := len(all)/pageSize + 1
	for run := 0; ; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		interrupted := func(yield func(feed.Object) bool) {
			for o := range Files(ctx, st, regions, from, from.Add(12*time.Hour)) {
				if o.Err != nil {
					t.Fatal(o.Err)
				}
				if n++; n > 2 && run < 2 || !yield(o) {
					return
				}
			}
		}
		_, err := ingest.Run(ctx, st, interrupted, formats, ingest.Options{})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if run == 2 {
			break
		}
	}
	// Each interruption costs at most the span that was begun, and the one that
	// was fetched before its turn.
	if s.Asked < want || s.Asked > want+2*2*(spanEvents/pageSize+1) {
		t.Errorf("%d requests for %d pages", s.Asked, want)
	}
	seen := map[string]bool{}
	for e, err := range st.Edges(t.Context(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range e.Observations {
			seen[o.Evidence] = true
		}
	}
	if len(seen) != len(all) {
		t.Errorf("%d of %d events", len(seen), len(all))
	}
	if took := times["us-east-1"].Now().Sub(from.Add(24 * time.Hour)); took < time.Duration(s.Asked-1)*interval {
		t.Errorf("%d requests in %s", s.Asked, took)
	}
}

// What happened within the last minutes is asked for again; what nothing can
// come to any more is not.
func TestRecent(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := &mototest.Lookup{Events: map[string][]mototest.LookupEvent{"us-east-1": many(30, from.Add(50*time.Minute))}}
	regions, all := start(t, s, from.Add(time.Hour))
	st := store(t)
	var names []string
	run := func() {
		names = nil
		_, err := ingest.Run(t.Context(), st, func(yield func(feed.Object) bool) {
			for o := range Files(t.Context(), st, regions, from, from.Add(time.Hour)) {
				names = append(names, strings.TrimPrefix(o.Name, Scheme+"111122223333/us-east-1/2026-11-01T")+" "+o.Version)
				if !yield(o) {
					return
				}
			}
		}, formats, ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
	}
	run()
	if d := cmp.Diff([]string{"00:45:00Z/2026-11-01T01:00:00Z ", "00:00:00Z/2026-11-01T00:45:00Z settled"}, names); d != "" {
		t.Error(d)
	}
	s.Events["us-east-1"] = append(s.Events["us-east-1"], many(1, from.Add(55*time.Minute))...)
	all["us-east-1"].now = from.Add(2 * time.Hour)
	run()
	if d := cmp.Diff([]string{"00:45:00Z/2026-11-01T01:00:00Z settled"}, names); d != "" {
		t.Error(d)
	}
	if run(); len(names) != 0 {
		t.Errorf("asked again for %q", names)
	}
}

// A span is read again by its name.
func TestOpen(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := &mototest.Lookup{Events: map[string][]mototest.LookupEvent{"us-east-1": many(130, from)}}
	regions, all := start(t, s, from.Add(time.Hour))
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for o := range Files(t.Context(), store(t), regions, from, from.Add(30*time.Minute)) {
		n++
		first, _ := o.Open(t.Context())
		c := all["us-east-1"]
		_ = c.Sleep(t.Context(), interval) // the other Region does not know of this one
		again, err := Open(t.Context(), cfg, o.Name, Clock{c.Now, c.Sleep})
		if err != nil {
			t.Fatal(err)
		}
		a, _ := io.ReadAll(first)
		b, _ := io.ReadAll(again)
		if string(a) != string(b) || len(a) < 100 {
			t.Errorf("%s: %d and %d bytes", o.Name, len(a), len(b))
		}
	}
	if n != 1 {
		t.Errorf("%d spans", n)
	}
	for _, name := range []string{"/etc/passwd", Scheme, Scheme + "1/r/x/y", Scheme + "1/r/2026-11-01T01:00:00Z/2026-11-01T00:00:00Z"} {
		if _, err := Open(t.Context(), cfg, name, Clock{}); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

// A region that may not be read is said, and the others are.
func TestDenied(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := &mototest.Lookup{Events: map[string][]mototest.LookupEvent{"us-east-1": many(3, from)}}
	s.Trip = func(int) (int, string) { return 400, "AccessDeniedException" }
	regions, _ := start(t, s, from.Add(time.Hour))
	for o := range Files(t.Context(), store(t), regions, from, from.Add(30*time.Minute)) {
		if graph.Code(o.Err) != graph.CodeUnauthorized || graph.Hint(o.Err) == "" {
			t.Errorf("%v", o.Err)
		}
	}
	if s.Asked != 1 {
		t.Errorf("asked %d times", s.Asked)
	}
}

func TestWithout(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	sp := func(a, b int) span { return span{at(a), at(b)} }
	for _, c := range []struct{ had, want []span }{
		{nil, []span{sp(10, 20)}},
		{[]span{sp(0, 30)}, nil},
		{[]span{sp(12, 14), sp(16, 18)}, []span{sp(18, 20), sp(14, 16), sp(10, 12)}},
		{[]span{sp(16, 18), sp(5, 12), sp(11, 17)}, []span{sp(18, 20)}},
		{[]span{sp(20, 30), sp(0, 10)}, []span{sp(10, 20)}},
		{[]span{sp(15, 40)}, []span{sp(10, 15)}},
	} {
		got := without(sp(10, 20), c.had)
		if !slices.Equal(got, c.want) {
			t.Errorf("without %v: %v, want %v", c.had, got, c.want)
		}
	}
}
