package ndjson

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

// sample are records of every shape, a line each.
const sample = `{"id":"1","time":"2026-11-22T10:02:11.5Z","actor":"billing-bot","credential":"tok-7","session":"run-42","agent":"claude-code","client":"billctl/1.2","onBehalfOf":"mira","action":"billing:Refund","access":"change","target":"invoice/7","outcome":"ok","approvedBy":{"by":"jonas","at":"2026-11-22T10:00:00Z","reference":"https://tickets.example/1"}}
{"id":"2","time":1795341732,"credential":"AKIA73MYHOTKDEXAMPLE","actor":"arn:aws:iam::111122223333:user/svc-legacy-export","action":"ledger:Export","access":"read","target":["arn:aws:s3:::billing-exports","ledger"],"outcome":"denied"}
{"id":"3","time":"1795341733000","actor":"k8s:prod:sa:billing/ledger-reader","action":"vault:Read","access":"secret_read","target":"vault/db","x-trace":{"any":1},"approvedBy":["mira",{"by":"jonas"}]}
{"time":"2026-11-22T10:02:14Z","session":"aws:session:AROAX:i-1@2026-11-22T10:00:00Z","actor":null,"agent":"agent:codex:aws:key:ASIAX","action":"queue:Send","target":"otel:service:shop/queue","outcome":"throttled"}
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

func hashOf(t testing.TB, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// told are the edges of a store, a line each, and the nodes.
func told(t testing.TB, s graph.Store) (edges []string, nodes map[graph.ID]string) {
	t.Helper()
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s %s %s", e.From, e.Kind, e.To)
		if e.Kind == graph.Called {
			line += fmt.Sprintf(" %s %s %s via %s %s: %s %s", e.Label.Action, e.Label.Effect, e.Outcome, e.Via.Agent, e.Via.Client, e.Observations[0].At, e.Observations[0].Evidence)
		}
		if e.Kind == graph.Approved {
			line += fmt.Sprintf(" %s: %s %s", e.Label.Detail, e.Observations[0].At, e.Observations[0].Evidence)
		}
		edges = append(edges, line)
	}
	nodes = map[graph.ID]string{}
	for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		nodes[n.ID] = n.Kind.String() + " " + n.Type
	}
	slices.Sort(edges)
	return edges, nodes
}

func TestGraph(t *testing.T) {
	s, report := ingested(t, map[string]string{"calls.ndjson": sample})
	if len(report.Rejected) > 0 || report.Calls != 4 || report.Kinds[Kind] != 1 {
		t.Fatalf("%+v", report)
	}
	edges, nodes := told(t, s)
	noID := strings.Split(strings.TrimSpace(sample), "\n")[3]
	d := &decoder{}
	if _, unusable, err := d.Decode([]byte(noID), 0); unusable != nil || err != nil {
		t.Fatal(unusable, err)
	}
	want := []string{
		"agent:claude-code:ndjson:session:run-42 ACTS_FOR ndjson:identity:mira",
		"agent:claude-code:ndjson:session:run-42 DRIVES ndjson:session:run-42",
		"agent:codex:aws:key:ASIAX DRIVES aws:session:AROAX:i-1@2026-11-22T10:00:00Z",
		"arn:aws:iam::111122223333:user/svc-legacy-export HOLDS aws:key:AKIA73MYHOTKDEXAMPLE",
		"aws:key:AKIA73MYHOTKDEXAMPLE CALLED arn:aws:s3:::billing-exports ledger:Export READ DENIED via  : 2026-11-22T10:02:12Z 2@ndjson",
		"aws:key:AKIA73MYHOTKDEXAMPLE CALLED ndjson:resource:ledger ledger:Export READ DENIED via  : 2026-11-22T10:02:12Z 2@ndjson",
		"aws:session:AROAX:i-1@2026-11-22T10:00:00Z CALLED otel:service:shop/queue queue:Send USE THROTTLED via agent:codex:aws:key:ASIAX : 2026-11-22T10:02:14Z " + d.rec.evidence(),
		"k8s:prod:sa:billing/ledger-reader CALLED ndjson:resource:vault/db vault:Read SECRET_READ OK via  : 2026-11-22T10:02:13Z 3@ndjson",
		"ndjson:credential:tok-7 CALLED ndjson:resource:invoice/7 billing:Refund CHANGE OK via agent:claude-code:ndjson:session:run-42 client:billctl: 2026-11-22T10:02:11.5Z 1@ndjson",
		"ndjson:credential:tok-7 OF ndjson:identity:billing-bot",
		"ndjson:identity:jonas APPROVED ndjson:resource:invoice/7 declared https://tickets.example/1: 2026-11-22T10:00:00Z 1@ndjson",
		"ndjson:identity:jonas APPROVED ndjson:resource:vault/db declared: 2026-11-22T10:02:13Z 3@ndjson",
		"ndjson:identity:mira APPROVED ndjson:resource:vault/db declared: 2026-11-22T10:02:13Z 3@ndjson",
		"ndjson:session:run-42 HOLDS ndjson:credential:tok-7",
		"ndjson:session:run-42 OF ndjson:identity:billing-bot",
	}
	if diff := cmp.Diff(want, edges); diff != "" {
		t.Error(diff)
	}
	for id, want := range map[graph.ID]string{
		"ndjson:identity:billing-bot": "IDENTITY ndjson.identity", "ndjson:credential:tok-7": "CREDENTIAL ndjson.credential", "ndjson:session:run-42": "SESSION ndjson.session",
		"agent:claude-code:ndjson:session:run-42": "AGENT agent.claude-code", "client:billctl": "CLIENT client", "aws:key:AKIA73MYHOTKDEXAMPLE": "CREDENTIAL aws.key.longlived",
		"arn:aws:iam::111122223333:user/svc-legacy-export": "IDENTITY aws.iam.user", "arn:aws:s3:::billing-exports": "RESOURCE ",
		"k8s:prod:sa:billing/ledger-reader": "IDENTITY k8s.serviceaccount", "otel:service:shop/queue": "SERVICE ", "agent:codex:aws:key:ASIAX": "AGENT agent.codex",
	} {
		if nodes[id] != want {
			t.Errorf("%s is %q, want %q", id, nodes[id], want)
		}
	}
}

// Each problem is named with its line, field and reason, and the file goes on.
func TestRejected(t *testing.T) {
	const good = `{"time":"2026-11-22T10:02:14Z","actor":"a","action":"b","target":"c"}`
	change := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for _, c := range []struct{ line, why string }{
		{change(`"2026-11-22T10:02:14Z"`, `"soon"`), `field "time": "soon" is no time; RFC 3339`},
		{change(`"time":"2026-11-22T10:02:14Z",`, ``), `field "time": it is missing`},
		{change(`"actor":"a",`, ``), `field "actor": it is missing, and so are credential and session`},
		{change(`"action":"b",`, ``), `field "action": it is missing`},
		{change(`,"target":"c"`, ``), `field "target": it is missing`},
		{change(`"c"`, `[]`), `field "target": the list is empty`},
		{change(`"c"`, `["x",null]`), `field "target": one of the list is null`},
		{change(`"c"`, `["x",7]`), `field "target": it is a number, not a string`},
		{change(`"c"`, `"client:kubectl"`), `field "target": "client:kubectl" is an agent or a program`},
		{change(`"a"`, `{"name":"a"}`), `field "actor": it is an object, not a string`},
		{change(`"a"`, `"agent:codex:x"`), `field "actor": "agent:codex:x" is an agent or a program`},
		{change(`"a"`, `""`), `field "actor": it is empty; leave it out`},
		{change(`"a"`, `"a\u0007b"`), `field "actor": it holds a control character`},
		{change(`"a"`, `"`+strings.Repeat("x", maxText+1)+`"`), `field "actor": it has 2049 bytes, and may have 2048`},
		{change(`"a"`, `"a","access":"write"`), `field "access": "write" is none of read, secret_read, use`},
		{change(`"a"`, `"a","outcome":"failed"`), `field "outcome": "failed" is none of ok, denied`},
		{change(`"a"`, `"a","timestamp":1`), `field "timestamp": there is no such field (time?); your own begin with x-`},
		{change(`"a"`, `"a","on_behalf_of":"m"`), `field "on_behalf_of": there is no such field (onBehalfOf?)`},
		{change(`"a"`, `"a","color":"m"`), `field "color": there is no such field; your own`},
		{change(`"a"`, `"a","approvedBy":{"at":1795341732}`), `field "approvedBy": it does not say by whom`},
		{change(`"a"`, `"a","approvedBy":{"by":"m","at":"later"}`), `field "approvedBy": at: "later" is no time`},
		{change(`"a"`, `"a","approvedBy":[{"by":"m","who":1}]`), `field "approvedBy": it has no "who"`},
		{`{"time":`, `its line ends within it`},
		{`{"time":}`, `read JSON`},
		{`7`, `no JSON, beginning with "7`},
	} {
		_, report := ingested(t, map[string]string{"f": good + "\n\n" + c.line + "\n" + strings.Replace(good, "10:02", "10:03", 1)})
		if len(report.Rejected) != 1 || report.Calls != 2 || !strings.HasPrefix(report.Rejected[0].Reason, "line 3 cannot be used: ") || !strings.Contains(report.Rejected[0].Reason, c.why) {
			t.Errorf("%.200s: %d calls, %+v, want %s", c.line, report.Calls, report.Rejected, c.why)
		}
	}
}

// The same records in any order, file and wrapping, some twice, are one graph.
func TestOrder(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(sample), "\n")
	whole, _ := ingested(t, map[string]string{"a": sample})
	want := hashOf(t, whole)
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 3))
		dealt := slices.Concat(lines, lines[:rng.IntN(len(lines))])
		rng.Shuffle(len(dealt), func(i, j int) { dealt[i], dealt[j] = dealt[j], dealt[i] })
		cut := rng.IntN(len(dealt))
		files := map[string]string{"a": strings.Join(dealt[:cut], "\n"), "b": "[" + strings.Join(dealt[cut:], ",\n") + "]"}
		if cut == 0 {
			delete(files, "a")
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(lines[0]), "", "  "); err != nil {
			t.Fatal(err)
		}
		files["c"] = pretty.String()
		s, report := ingested(t, files)
		if len(report.Rejected) > 0 || hashOf(t, s) != want {
			t.Errorf("seed %d: another graph; rejected %v", seed, report.Rejected)
		}
	}
	s, _ := ingested(t, map[string]string{"a": strings.Replace(sample, "invoice/7", "invoice/8", 1)})
	if hashOf(t, s) == want {
		t.Error("another target, the same graph")
	}
}

// Secrets in texts are neither stored nor reported.
func TestRedaction(t *testing.T) {
	const secret = "S3CRETS3CRETS3CRETS3CRETS3CRET"
	line := `{"time":"2026-11-22T10:02:14Z","actor":"https://bot:` + secret + `@x.example","session":"password=` + secret + `","agent":"auth_token=` + secret + `","client":"auth_token=` + secret +
		`","onBehalfOf":"api_key=` + secret + `","action":"x?access_token=` + secret + `","target":"postgres://u:` + secret + `@db/x","approvedBy":"Bearer ` + secret + `"}`
	s, report := ingested(t, map[string]string{"f": line})
	edges, nodes := told(t, s)
	if report.Calls != 1 {
		t.Fatal(report)
	}
	if text := fmt.Sprint(edges, nodes, report); strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
		t.Error(text)
	}
	for _, bad := range []string{`"access":"password=` + secret + `"`, `"outcome":"password=` + secret + `"`, `"time":"password=` + secret + `"`, `"password=` + secret + `":1`, `"actor":{"secret":"` + secret + `"}`,
		`"target":"client:password=` + secret + `"`, `"approvedBy":{"by":"x","at":"password=` + secret + `"}`} {
		_, report := ingested(t, map[string]string{"f": strings.Replace(line, "{", "{"+bad+",", 1) + "\n" + `{"time":1795341732,"action":"a","target":"t","actor":"a",` + bad + "}"})
		if text := fmt.Sprint(report); strings.Contains(text, secret) || len(report.Rejected) == 0 {
			t.Errorf("%s: %s", bad, text)
		}
	}
	raw, err := New().Raw(context.Background(), &ingest.File{Data: []byte(line)}, 0, "")
	if err != nil || bytes.Contains(ingest.Redact(raw), []byte(secret)) {
		t.Errorf("%v %s", err, ingest.Redact(raw))
	}
}

func TestRaw(t *testing.T) {
	f := &ingest.File{Name: "f", Data: []byte(sample)}
	lines := strings.Split(sample, "\n")
	for at, evidence := range map[uint32]string{1: "2@ndjson", 3: "", 9: "2@ndjson"} {
		want := lines[min(at, 3)]
		if at == 9 {
			want = lines[1]
		}
		if got, err := New().Raw(context.Background(), f, at, evidence); err != nil || string(got) != want {
			t.Errorf("%d %s: %v %s", at, evidence, err, got)
		}
	}
	if _, err := New().Raw(context.Background(), f, 0, "none@ndjson"); graph.Code(err) != graph.CodeNotFound {
		t.Error(err)
	}
}

func TestRecognise(t *testing.T) {
	for _, ours := range []string{sample, "[" + strings.Split(sample, "\n")[0] + "]", `{"timestamp":1}` + "\n" + sample, sample[:300],
		`{"time":"x","actor":"a","action":"b","target":"c"}`} {
		if !New().Recognise("", []byte(ours)) {
			t.Errorf("not recognised: %.80s", ours)
		}
	}
	for _, other := range []string{"", "{}", "[]", "hello", `{"time":1,"action":"a","target":"t"}`, `{"Records":[` + strings.Split(sample, "\n")[0] + `]}`,
		`{"action":"repo.create","@timestamp":1,"actor":"a"}`, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get"}`, `{"resourceSpans":[]}`} {
		if New().Recognise("", []byte(other)) {
			t.Errorf("recognised: %s", other)
		}
	}
}

// The schema says what the parser does.
func TestSchema(t *testing.T) {
	var schema struct {
		Required   []string
		Properties map[string]struct{ Enum []string }
	}
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if _, ok := schema.Properties[n]; !ok {
			t.Errorf("the schema lacks %s", n)
		}
	}
	if len(schema.Properties) != len(names) {
		t.Errorf("%d properties, %d fields", len(schema.Properties), len(names))
	}
	for name, table := range map[string][]string{"access": keys(effects), "outcome": keys(outcomes)} {
		got := slices.Sorted(slices.Values(schema.Properties[name].Enum))
		if diff := cmp.Diff(table, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	full := map[string]any{"time": "2026-11-22T10:02:14Z", "action": "a", "target": "t", "actor": "x"}
	for _, n := range schema.Required {
		less := map[string]any{}
		for k, v := range full {
			if k != n {
				less[k] = v
			}
		}
		text, err := json.Marshal(less)
		if err != nil {
			t.Fatal(err)
		}
		if _, unusable, _ := (&decoder{}).Decode(text, 0); unusable == nil {
			t.Errorf("without %s it is taken", n)
		}
	}
}

func keys[T any](m map[string]T) (out []string) {
	for k := range m {
		if k != "" {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// What scan takes and encoding/json takes reads the same; nothing panics.
func FuzzDecode(f *testing.F) {
	for _, s := range append(strings.Split(sample, "\n"), `{"time":1,"time":2}`, `{"x-a":[1,{"b":"\u00e9"}],"id":"\ud800"}`, `{"id":}`, `{"id":"a"}x`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var fast, slow members
		end, err := scan(b, 0, &fast)
		if end < 0 || end > len(b)+1 {
			t.Fatalf("end %d of %d", end, len(b))
		}
		if decode(b, &slow) == nil && err == nil {
			fast.plain = slow.plain
			if diff := cmp.Diff(slow, fast, cmp.AllowUnexported(members{})); diff != "" {
				t.Errorf("%q: %s", b, diff)
			}
		}
		var x, y decoder
		_, a, _ := x.Decode(b, 0)
		_, c, _ := y.Decode(b, 0)
		if fmt.Sprint(a) != fmt.Sprint(c) || err == nil && a == nil && x.rec.evidence() != y.rec.evidence() {
			t.Errorf("%q reads %v, then %v", b, a, c)
		}
		New().Recognise("", b)
	})
}
