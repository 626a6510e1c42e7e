package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/k8saudit"
	"github.com/blastradius/blastradius/ingest/ndjson"
)

// logEvents is how many events of a log are measured at once.
const logEvents = 20_000

// benchNDJSON measures our own format: bytes to nodes and edges, beside
// encoding/json into structs of the same fields, which keeps nothing.
func benchNDJSON(ctx context.Context, o benchOptions) ([]benchRow, error) {
	type call struct {
		ID, Actor, Credential, Session, Agent, Client, OnBehalfOf, Action, Access, Outcome string

		Time   time.Time
		Target json.RawMessage
	}
	return benchLog(ctx, o, "ndjson", ndjson.New(), writeCalls, func(d *json.Decoder) error { return d.Decode(new(call)) })
}

// benchK8sAudit measures audit logs of Kubernetes the same way.
func benchK8sAudit(ctx context.Context, o benchOptions) ([]benchRow, error) {
	type user struct {
		Username, UID string
		Groups        []string
		Extra         map[string][]string
	}
	type event struct {
		Level, AuditID, Stage, Verb, RequestURI, UserAgent string

		User                          user
		ImpersonatedUser              *user
		SourceIPs                     []string
		ObjectRef                     struct{ Resource, Subresource, Namespace, Name, APIGroup string }
		ResponseStatus                struct{ Code int }
		RequestObject, ResponseObject json.RawMessage
		RequestReceivedTimestamp      time.Time
		Annotations                   map[string]string
	}
	return benchLog(ctx, o, "k8saudit", k8saudit.New(k8saudit.Options{Cluster: "bench"}), writeAudit, func(d *json.Decoder) error { return d.Decode(new(event)) })
}

// benchLog measures one format on a generated log, rounds interleaved; of each
// the best counts, as a round is short and whatever else runs only slows it.
func benchLog(ctx context.Context, o benchOptions, name string, f ingest.Format, write func(*bytes.Buffer, *rand.Rand, int), plain func(*json.Decoder) error) ([]benchRow, error) {
	var text bytes.Buffer
	rng := rand.New(rand.NewPCG(o.seed, 17))
	for i := range logEvents {
		write(&text, rng, i)
	}
	o.say("%s: %d events, %.1f MB of JSON", name, logEvents, float64(text.Len())/1e6)
	var slow, fast []float64
	p := f.Parser()
	for range max(5*o.rounds, 3) {
		runtime.GC()
		t := time.Now()
		n, d := 0, json.NewDecoder(bytes.NewReader(text.Bytes()))
		for ; ; n++ {
			if err := plain(d); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
		}
		slow = append(slow, float64(n)/time.Since(t).Seconds())

		sink := &countingSink{b: graph.NewBuilder()}
		sink.b.Source(graph.Source{})
		t = time.Now()
		if err := p.Parse(ctx, &ingest.File{Name: name, Data: text.Bytes()}, sink); err != nil {
			return nil, err
		}
		sink.b.Batch()
		fast = append(fast, float64(sink.n)/time.Since(t).Seconds())
		if sink.refused > 0 || sink.n != n {
			return nil, &graph.Error{Code: graph.CodeInternal, Message: fmt.Sprintf("%d of %d records read, %d refused", sink.n, n, sink.refused)}
		}
	}
	return []benchRow{rate(name+", text to nodes and edges, 1 core, events/s", slices.Max(slow), slices.Max(fast), 3, "encoding/json into structs, nothing kept")}, nil
}

// countingSink is an ingest.Sink that drops the batches it gathers.
type countingSink struct {
	b          *graph.Builder
	n, refused int
	entry      graph.Source
}

func (s *countingSink) Next() (*graph.Builder, graph.Ref) {
	if s.n++; s.n%graph.MaxBatchRecords == 0 {
		s.b.Batch()
		s.b = graph.NewBuilder()
	}
	return s.b, graph.Ref{Record: uint32(s.n)}
}
func (s *countingSink) Seen(graph.Time, string) {}
func (s *countingSink) Reject(error)            { s.refused++ }
func (s *countingSink) Skip(string)             { s.refused++ }
func (s *countingSink) Source() *graph.Source   { return &s.entry }

// writeCalls writes a call of our own format: some hundred actors, each with
// its runs, on some thousand targets.
func writeCalls(b *bytes.Buffer, rng *rand.Rand, i int) {
	actor := rng.IntN(200)
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * 500 * time.Millisecond)
	fmt.Fprintf(b, `{"id":"%08x-%d","time":"%s","actor":"svc-%d","credential":"token-%d","session":"run-%d-%d","client":"billctl/1.%d","onBehalfOf":"team-%d","action":"billing:%s","access":"%s","target":"invoice/%d","outcome":"%s"}`+"\n",
		rng.Uint32(), i, at.Format(time.RFC3339Nano), actor, actor, actor, i/5000, actor%7, actor%12,
		[]string{"Get", "Put", "Refund"}[i%3], []string{"read", "change", "change"}[i%3], rng.IntN(3000), []string{"ok", "ok", "ok", "ok", "denied"}[rng.IntN(5)])
}

// writeAudit writes an audit event as a cluster logs them: service accounts with
// bound tokens read and watch, controllers make pods, people read.
func writeAudit(b *bytes.Buffer, rng *rand.Rand, i int) {
	pod := rng.IntN(300)
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * 100 * time.Millisecond).Format("2006-01-02T15:04:05.000000Z")
	verb, resource := []string{"get", "list", "watch", "update", "patch"}[rng.IntN(5)], []string{"configmaps", "secrets", "leases", "endpoints"}[rng.IntN(4)]
	fmt.Fprintf(b, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"%08x-%04x-4%03x-8%03x-%012x","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/ns-%d/%s/thing-%d","verb":"%s","user":{"username":"system:serviceaccount:ns-%d:app-%d","uid":"7e6d3b5a-1111-4222-8333-%012x","groups":["system:serviceaccounts","system:serviceaccounts:ns-%d","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["JTI=%08x-0000-4000-8000-%012x"],"authentication.kubernetes.io/node-name":["node-%d"],"authentication.kubernetes.io/pod-name":["app-%d-7c9d5f6b4-%05d"],"authentication.kubernetes.io/pod-uid":["9a8b7c6d-2222-4333-8444-%012x"]}},"sourceIPs":["10.20.%d.%d"],"userAgent":"app/v0.0.0 (linux/amd64) kubernetes/$Format","objectRef":{"resource":"%s","namespace":"ns-%d","name":"thing-%d","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":%d},`,
		rng.Uint32(), i&0xffff, i>>16, i&0xfff, i, pod%20, resource, rng.IntN(40), verb, pod%20, pod%60, pod, pod%20, pod, pod, pod%9, pod%60, pod, pod, pod%250, i%250, resource, pod%20, rng.IntN(40),
		[]int{200, 200, 200, 403, 409}[rng.IntN(5)])
	if verb == "update" || verb == "patch" {
		fmt.Fprintf(b, `"requestObject":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"thing","namespace":"ns-%d","labels":{"app.kubernetes.io/name":"app","app.kubernetes.io/version":"1.%d"},"annotations":{"control-plane.alpha.kubernetes.io/leader":"{\"holderIdentity\":\"app-%d\",\"leaseDurationSeconds\":15}"}},"data":{"state":"%x"}},`, pod%20, i, pod, rng.Uint64())
	}
	fmt.Fprintf(b, `"requestReceivedTimestamp":"%s","stageTimestamp":"%s","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"app/ns-%d\" of Role \"app\" to ServiceAccount \"app-%d/ns-%d\""}}`+"\n", at, at, pod%20, pod%60, pod%20)
}
