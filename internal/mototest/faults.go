package mototest

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is how likely each fault is, from 0 to 1, or how often it was.
type Fault struct {
	SlowDown float64 // 503 SlowDown, or Throttling where the service speaks JSON
	Internal float64 // 500
	Reset    float64 // the connection breaks before an answer
	Torn     float64 // it breaks within a long answer
	Delay    float64 // up to 200 ms
	Lost     float64 // a DeleteMessage, or batch of them, is answered and not done: SQS delivers again
	Twice    float64 // a ReceiveMessage brings each message twice, in another order
}

// Faults is a proxy before the emulator that injects faults. The n-th request's
// faults depend on the seed and n alone.
type Faults struct {
	URL string

	mu    sync.Mutex
	rng   *rand.Rand
	odds  Fault
	done  Fault
	proxy *httputil.ReverseProxy
}

// NewFaults starts a proxy; it ends with the test.
func NewFaults(t testing.TB, endpoint string, seed uint64, odds Fault) *Faults {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	f := &Faults{rng: rand.New(rand.NewPCG(seed, 0)), odds: odds, proxy: httputil.NewSingleHostReverseProxy(to)}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	f.proxy.Transport = transport
	f.proxy.ErrorLog = log.New(io.Discard, "", 0) // clients that are killed break off
	srv := httptest.NewServer(f)
	f.URL = srv.URL
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
		transport.CloseIdleConnections()
	})
	return f
}

// Set changes the odds.
func (f *Faults) Set(odds Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.odds = odds
}

// Done is how often each fault was injected.
func (f *Faults) Done() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// draw decides on the faults of one request: each is injected where its field
// is not zero, which counts it where it applies.
func (f *Faults) draw() (x Fault, order *rand.Rand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hit := func(odds float64) float64 {
		if v := f.rng.Float64(); v < odds {
			return 1 - v/odds // in (0, 1]
		}
		return 0
	}
	o := f.odds
	x = Fault{hit(o.SlowDown), hit(o.Internal), hit(o.Reset), hit(o.Torn), hit(o.Delay), hit(o.Lost), hit(o.Twice)}
	return x, rand.New(rand.NewPCG(f.rng.Uint64(), 1))
}

func (f *Faults) count(field *float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*field++
}

func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, order := f.draw()
	action := r.Header.Get("X-Amz-Target") // AmazonSQS.ReceiveMessage
	if x.Delay > 0 {
		f.count(&f.done.Delay)
		time.Sleep(time.Duration(x.Delay * float64(200*time.Millisecond)))
	}
	switch {
	case x.SlowDown > 0 && action == "":
		f.count(&f.done.SlowDown)
		fail(w, r, http.StatusServiceUnavailable, "application/xml", "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
		return
	case x.SlowDown > 0:
		f.count(&f.done.SlowDown)
		fail(w, r, http.StatusBadRequest, "application/x-amz-json-1.0", `{"__type":"com.amazonaws.sqs#ThrottlingException","message":"Rate exceeded"}`)
		return
	case x.Internal > 0:
		f.count(&f.done.Internal)
		fail(w, r, http.StatusInternalServerError, "application/xml", "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>")
		return
	case x.Reset > 0:
		f.count(&f.done.Reset)
		breakOff(w)
		return
	case x.Lost > 0 && strings.Contains(action, "DeleteMessage"):
		f.count(&f.done.Lost)
		body, _ := io.ReadAll(r.Body)
		fail(w, r, http.StatusOK, "application/x-amz-json-1.0", pretended(body))
		return
	}
	answer := httptest.NewRecorder()
	f.proxy.ServeHTTP(answer, r)
	body := answer.Body.Bytes()
	if x.Twice > 0 && strings.HasSuffix(action, ".ReceiveMessage") {
		if more, ok := twice(body, order); ok {
			f.count(&f.done.Twice)
			body = more
			answer.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	if x.Torn > 0 && len(body) > 1000 && answer.Code < 300 {
		f.count(&f.done.Torn)
		_, _ = w.Write(body[:max(1, int(x.Torn*float64(len(body)-1)))])
		w.(http.Flusher).Flush()
		breakOff(w)
		return
	}
	_, _ = w.Write(body)
}

// fail answers with an error once the request is read.
func fail(w http.ResponseWriter, r *http.Request, status int, kind, body string) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// breakOff resets the connection.
func breakOff(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// pretended is the answer to a DeleteMessage, or a batch, that was not done.
func pretended(request []byte) string {
	var in struct{ Entries []struct{ Id string } }
	if json.Unmarshal(request, &in) != nil || in.Entries == nil {
		return "{}"
	}
	out, _ := json.Marshal(map[string]any{"Successful": in.Entries, "Failed": []any{}})
	return string(out)
}

// twice is the answer to a ReceiveMessage with each message twice, shuffled.
func twice(body []byte, order *rand.Rand) ([]byte, bool) {
	var answer map[string]json.RawMessage
	var messages []json.RawMessage
	if json.Unmarshal(body, &answer) != nil || json.Unmarshal(answer["Messages"], &messages) != nil || len(messages) == 0 {
		return nil, false
	}
	messages = append(messages, messages...)
	order.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	answer["Messages"], _ = json.Marshal(messages)
	out, err := json.Marshal(answer)
	return bytes.TrimSpace(out), err == nil
}
