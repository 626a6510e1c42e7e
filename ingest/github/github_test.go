package github

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
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

// sample has an event of each sort, in the forms that GitHub and its readers
// write.
const sample = `{"@timestamp":1795345350000,"_document_id":"a1","action":"git.push","actor":"erik","actor_ip":"198.51.100.24","org":"halden","repository":"halden/billing","user_agent":"git/2.51.2","hashed_token":"qXk=","token_id":88,"programmatic_access_type":"Fine-grained personal access token"}
{"created_at":"2026-11-22T11:14:08Z","_document_id":"a2","action":"pull_request_review.submit","actor":"jonas","org":"halden","repo":"halden/billing","pull_request_id":5912,"pull_request_url":"https://github.com/halden/billing/pull/912","review_state":"approved"}
{"@timestamp":1795346370000,"_document_id":"a3","action":"workflows.created_workflow_run","actor":"erik","org":"halden","repo":"halden/billing","workflow_run_id":77,"head_branch":"main","event":"push","name":"deploy"}
{"@timestamp":1795346392000,"_document_id":"a4","action":"workflows.approve_workflow_job","actor":"jonas","org":"halden","repo":"halden/billing","workflow_run_id":77,"environment_name":"production"}
{"@timestamp":1795346398000,"_document_id":"a5","action":"workflows.prepared_workflow_job","actor":"github-actions[bot]","actor_is_bot":true,"org":"halden","repo":"halden/billing","workflow_run_id":77,"head_branch":"main","event":"push","environment_name":"production","secrets_passed":["github_token","SLACK_WEBHOOK"]}
{"@timestamp":1795346590000,"action":"workflows.completed_workflow_run","actor":"github-actions[bot]","actor_is_bot":true,"org":"halden","repo":"halden/billing","workflow_run_id":77,"conclusion":"failure"}
{"@timestamp":1795350677000,"_document_id":"a7","action":"pull_request.create","actor":"Copilot","user":"mira","agent_session_id":"0123-ab","actor_is_agent":true,"actor_is_bot":true,"org":"halden","repo":"halden/billing","pull_request_id":5913,"user_agent":"copilot-coding-agent"}
{"@timestamp":1795350700000,"_document_id":"a8","action":"team.add_member","actor":"erik","user":"eve","org":"halden","data":{"team":"halden/ops"}}
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

// edges are the edges of a store, a line each.
func edges(t testing.TB, s graph.Store) (out []string) {
	t.Helper()
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s %s %s", e.From, e.Kind, e.To)
		switch e.Kind {
		case graph.Called:
			line += fmt.Sprintf(" %s %s %s", e.Label.Action, e.Label.Effect, e.Outcome)
			if e.Via.Agent != "" {
				line += " by " + string(e.Via.Agent)
			}
			if e.Via.Service != "" {
				line += " through " + string(e.Via.Service)
			}
			if e.Label.Role != graph.Primary {
				line += " " + e.Label.Role.String()
			}
		case graph.Issued:
			line += " " + e.Label.Join.String()
		case graph.Approved:
			line += " " + e.Label.Detail + " " + e.Outcome.String()
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func TestEvents(t *testing.T) {
	s, report := ingested(t, map[string]string{"audit.jsonl": sample})
	if report.Records != 8 || len(report.Rejected) > 0 {
		t.Fatalf("%d records, rejected %v", report.Records, report.Rejected)
	}
	want := []string{
		"agent:copilot:github:0123-ab ACTS_FOR github:user:mira",
		"agent:copilot:github:0123-ab DRIVES github:app:copilot",
		"github:app:copilot CALLED github:pull:halden/billing:5913 github:pull_request.create CREATE OK by agent:copilot:github:0123-ab",
		"github:pull:halden/billing#912 PART_OF github:repo:halden/billing",
		"github:pull:halden/billing:5913 PART_OF github:repo:halden/billing",
		"github:run:77 ACTS_FOR github:user:erik",
		"github:run:77 CALLED github:repo:halden/billing github:workflows.completed_workflow_run USE ERROR",
		"github:run:77 CALLED github:repo:halden/billing github:workflows.prepared_workflow_job USE OK",
		"github:run:77 CALLED github:secret:halden/billing/SLACK_WEBHOOK github:workflows.prepared_workflow_job SECRET_READ OK",
		"github:run:77 ISSUED aws:webidentity:token.actions.githubusercontent.com:repo:halden/billing:environment:production session_name",
		"github:run:77 ISSUED aws:webidentity:token.actions.githubusercontent.com:repo:halden/billing:ref:refs/heads/main session_name",
		"github:run:77 OF github:app:github-actions",
		"github:run:77 PART_OF github:repo:halden/billing",
		"github:secret:halden/billing/SLACK_WEBHOOK PART_OF github:repo:halden/billing",
		"github:token:qXk= CALLED github:repo:halden/billing github:git.push CHANGE OK",
		"github:user:erik CALLED github:run:77 github:workflows.created_workflow_run USE OK",
		"github:user:erik CALLED github:team:halden/ops github:team.add_member GRANT OK",
		"github:user:erik CALLED github:user:eve github:team.add_member  OK member",
		"github:user:erik HOLDS github:token:qXk=",
		"github:user:jonas APPROVED github:pull:halden/billing#912 review OK",
		"github:user:jonas APPROVED github:run:77 environment production OK",
		"github:user:jonas CALLED github:pull:halden/billing#912 github:pull_request_review.submit GRANT OK",
		"github:user:jonas CALLED github:run:77 github:workflows.approve_workflow_job GRANT OK",
	}
	if d := cmp.Diff(want, edges(t, s)); d != "" {
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
			name := fmt.Sprintf("%d.jsonl", r.IntN(3))
			files[name] += line
		}
		if got := hash(files); got != want {
			t.Fatalf("%v: another graph", files)
		}
	}
	array := "[" + strings.Join(strings.Split(strings.TrimSpace(sample), "\n"), ",\n") + "]"
	if hash(map[string]string{"a.json": array}) != want {
		t.Error("an array gives another graph")
	}
}

// Bad events are named, the rest is stored.
func TestBadEvents(t *testing.T) {
	_, report := ingested(t, map[string]string{"a.jsonl": sample + `{"action":"repo.create","actor":"x","org":"halden"}` + "\n" + `{"@timestamp":1795350700000,"actor":"x","org":"halden"}` + "\n{\"@timestamp\":17953\n"})
	if report.Calls != 8 || len(report.Rejected) != 3 {
		t.Errorf("%d calls, rejected %v", report.Calls, report.Rejected)
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
			to := d.e.text(key)
			if to == nil {
				continue
			}
			if want := fmt.Sprint(v); *to != want {
				t.Errorf("%s is %q, want %q", key, *to, want)
			}
		}
	}
}

// The raw record is found again.
func TestRaw(t *testing.T) {
	got, err := New().Raw(context.Background(), &ingest.File{Name: "a", Data: []byte(sample)}, 3, "a4@"+Kind)
	if err != nil || !bytes.Contains(got, []byte("approve_workflow_job")) {
		t.Errorf("%s, %v", got, err)
	}
}

// It is not taken for what it is not.
func TestRecognise(t *testing.T) {
	for text, want := range map[string]bool{
		sample: true,
		`{"eventVersion":"1.08","eventName":"PutObject","eventSource":"s3.amazonaws.com","eventTime":"2026-11-22T10:00:00Z"}`:   false,
		`{"id":"1","time":"2026-11-22T10:02:11Z","actor":"b","action":"billing:Refund","target":"x"}`:                           false,
		`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","verb":"get","user":{"username":"x"}}`:                    false,
		`{"@timestamp":1795345350000,"action":"billing.refund","actor":"erik"}`:                                                 false,
		`[{"created_at":1795345350000,"action":"repo.create","actor":"erik","org":"halden","repo":"halden/x"}]`:                 true,
		`{"action":"opened","repository":{"full_name":"halden/x"},"sender":{"login":"erik"},"organization":{"login":"halden"}}`: false,
	} {
		if got := New().Recognise("x.json", []byte(text)); got != want {
			t.Errorf("%.60s: %v", text, got)
		}
	}
}

// The records that rule writers published all have a reading.
func TestCaptures(t *testing.T) {
	f, err := os.Open("../../../shared/data/panther-rule-tests-dev/github-audit.jsonl")
	if os.IsNotExist(err) && os.Getenv("CI") == "" {
		t.Skip("the real captures are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var logs bytes.Buffer
	n, dated := 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r struct{ Log map[string]any }
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		n++
		if r.Log["created_at"] != nil || r.Log["@timestamp"] != nil {
			dated++
		}
		text, err := json.Marshal(r.Log)
		if err != nil {
			t.Fatal(err)
		}
		logs.Write(append(text, '\n'))
	}
	_, report := ingested(t, map[string]string{"github.jsonl": logs.String()})
	t.Logf("%d records, %d dated, %d calls, rejected %d, skipped %v", n, dated, report.Calls, len(report.Rejected), report.Skipped)
	if report.Records != n || n < 60 || report.Calls < dated*9/10-5 {
		t.Errorf("%d of %d records: %d calls, rejected %v", report.Records, n, report.Calls, report.Rejected)
	}
	for _, x := range report.Rejected {
		if !strings.Contains(x.Reason, "it has no ") {
			t.Errorf("rejected for another reason: %v", x)
		}
	}
}

// No text makes it panic, and what is read is read the same again.
func FuzzEvents(f *testing.F) {
	for line := range strings.SplitSeq(strings.TrimSpace(sample), "\n") {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func() (out []string) {
			_ = events(context.Background(), &ingest.File{Name: "f", Data: bytes.Clone(text)}, func(e *event, err error) bool {
				if err != nil {
					out = append(out, err.Error())
				} else {
					b := graph.NewBuilder()
					b.Source(graph.Source{})
					new(emitter).emit(b, graph.Ref{}, e)
					out = append(out, e.action+e.evidence())
				}
				return true
			})
			return out
		}
		if a, b := read(), read(); !slices.Equal(a, b) {
			t.Errorf("%q and then %q", a, b)
		}
	})
}
