package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
)

const subscription = `{"query":"subscription { updates(window: {last: \"1h\"}) { watermark lastEvent calls failures } }"}`

// events reads a stream of server-sent events.
type events struct {
	t    *testing.T
	body io.ReadCloser
	in   *bufio.Reader
}

// subscribe sends a request that accepts a stream.
func subscribe(ctx context.Context, t *testing.T, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// next is the next event and its data; empty at the end of the stream.
func (e *events) next() (name, data string) {
	e.t.Helper()
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			return "", ""
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			data = line[len("data: "):]
		case line == "":
			return name, data
		}
	}
}

// update is the next event's update.
func (e *events) update() (u explore.Update) {
	e.t.Helper()
	name, data := e.next()
	var got struct {
		Data struct{ Updates *explore.Update }
	}
	if err := json.Unmarshal([]byte(data), &got); err != nil || name != "next" || got.Data.Updates == nil {
		e.t.Fatalf("event %q: %s (%v)", name, data, err)
	}
	return *got.Data.Updates
}

// callsAt applies one file with calls at the minutes, of which those in failed
// did not succeed; equal minutes are one call.
func callsAt(t *testing.T, s graph.Store, name string, base graph.Time, minutes []int, failed map[int]bool) {
	t.Helper()
	b := graph.NewBuilder()
	src := b.Source(graph.Source{Name: name, Kind: "test", Hash: name, Final: true,
		First: base.Add(time.Duration(minutes[0]) * time.Minute), Last: base.Add(time.Duration(minutes[len(minutes)-1]) * time.Minute)})
	for i, m := range minutes {
		at := base.Add(time.Duration(m) * time.Minute)
		outcome := graph.OK
		if failed[m] {
			outcome = graph.Denied
		}
		b.Event(graph.EventKey{From: b.Node("aws:key:AKIA1", graph.Credential, "aws.key.longlived"), To: b.Node("arn:aws:s3:::b", graph.Resource, "aws.s3.bucket"),
			Kind: graph.Called, Outcome: outcome, Label: b.Label(graph.Label{Action: "s3:GetObject", Match: graph.Declared})},
			graph.Observation{At: at, Evidence: fmt.Sprintf("e%d", m), Source: graph.Ref{Seq: src, Record: uint32(i)}})
	}
	if err := s.Apply(context.Background(), b.Batch()); err != nil {
		t.Fatal(err)
	}
}

// A subscriber learns at once what the store learns, each call once, until it
// goes or the server is told to end; then nothing of the stream is left.
func TestUpdates(t *testing.T) {
	s := storetest.NewModel()
	now := graph.TimeOf(time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC))
	base := now.Add(-2 * time.Hour)
	callsAt(t, s, "a", base, []int{70, 80}, nil)
	until, end := context.WithCancel(context.Background())
	defer end()
	srv := httptest.NewUnstartedServer(NewHandler(Options{Explorer: explore.New(s, explore.Options{}), Now: now.Time, Poll: time.Millisecond, Until: until}))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond // of requests that end
	srv.Start()
	defer srv.Close()

	res := subscribe(t.Context(), t, srv.URL, subscription)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatal(res.Status, res.Header)
	}
	e := &events{t, res.Body, bufio.NewReader(res.Body)}
	if u := e.update(); u.Watermark != 1 || u.LastEvent != base.Add(80*time.Minute) || u.Calls != 0 {
		t.Errorf("first: %+v", u)
	}
	for i, c := range []struct {
		minutes         []int
		calls, failures int
	}{
		{[]int{50, 90, 95}, 2, 1}, // 50 lies before the window
		{[]int{80, 90}, 0, 0},     // known
		{[]int{80, 100, 110}, 2, 0},
	} {
		callsAt(t, s, fmt.Sprint("b", i), base, c.minutes, map[int]bool{95: true})
		if u := e.update(); u.Watermark != i+2 || u.Calls != c.calls || u.Failures != c.failures {
			t.Errorf("after %v: %+v, want %d calls, %d failed", c.minutes, u, c.calls, c.failures)
		}
		time.Sleep(60 * time.Millisecond) // longer than the server's limits of time
	}

	gone, leave := context.WithCancel(t.Context())
	other := subscribe(gone, t, srv.URL, subscription)
	(&events{t, other.Body, bufio.NewReader(other.Body)}).update()
	leave() // goleak sees whether its goroutines end

	end()
	if name, _ := e.next(); name != "complete" {
		t.Errorf("at the end: %q", name)
	}
	if name, _ := e.next(); name != "" {
		t.Errorf("after the end: %q", name)
	}
}

// By events too a query has its one answer; a subscription is had by nothing else.
func TestStreamsAndQueries(t *testing.T) {
	o := worldOptions(t)
	o.Limits.Streams = 1
	srv := httptest.NewServer(NewHandler(o))
	defer srv.Close()
	for body, want := range map[string]string{
		`{"query":"{ watermark }"}`:                                                `"watermark":`,
		`{"query":"{ nonsense }"}`:                                                 graph.CodeInvalid,
		`{"query":"subscription { nonsense }"}`:                                    graph.CodeInvalid,
		`{"query":"subscription { updates(window: {last: \"soon\"}) { calls } }"}`: graph.CodeInvalid,
	} {
		res := subscribe(t.Context(), t, srv.URL, body)
		e := &events{t, res.Body, bufio.NewReader(res.Body)}
		if name, data := e.next(); name != "next" || !strings.Contains(data, want) {
			t.Errorf("%s: %s %s", body, name, data)
		}
		if name, _ := e.next(); name != "complete" {
			t.Errorf("%s: then %q", body, name)
		}
		_, _ = io.Copy(io.Discard, res.Body)
	}
	if r := post(t, o, `subscription { updates { calls } }`, nil); r.code() != graph.CodeInvalid || r.status != 400 || !strings.Contains(r.Errors[0].Extensions.Hint, "text/event-stream") {
		t.Error(r.status, r.text)
	}
	if _, err := Execute(t.Context(), o, `subscription { updates { calls } }`, nil); graph.Code(err) != graph.CodeInvalid {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := subscribe(ctx, t, srv.URL, subscription)
	(&events{t, first.Body, bufio.NewReader(first.Body)}).update()
	if res := subscribe(ctx, t, srv.URL, subscription); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stream too many: %s", res.Status)
	}
}
