package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/ndjson"
	"github.com/blastradius/blastradius/testdata"
)

// Every format says what it is, each name once, and the README's table says the
// same.
func TestSourcesDescribed(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range formats(false) {
		d, ok := f.(ingest.Describer)
		if !ok {
			t.Errorf("%s does not say what it is (ingest.Describer)", f.Name())
			continue
		}
		for _, a := range d.About() {
			if names[a.Name] || a.Name == "" || a.Reads == "" || a.Yields == "" || a.CannotSee == "" {
				t.Errorf("%+v: a name that is taken, or something is empty", a)
			}
			names[a.Name] = true
			if row := "\n| " + a.Reads + " | " + a.Yields + " | " + a.CannotSee + " |\n"; !strings.Contains(string(readme), row) {
				t.Errorf("the README's table lacks this row:%s", row)
			}
		}
		if !names[f.Name()] {
			t.Errorf("%s describes other names only", f.Name())
		}
	}
}

// The README's example of our own format is one.
func TestReadmeExample(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```json\n{\"id\": \"7f3c\"")
	line, _, ok := strings.Cut(rest, "\n")
	name := filepath.Join(t.TempDir(), "calls")
	if err := os.WriteFile(name, []byte(`{"id": "7f3c"`+line), 0o600); err != nil || !ok {
		t.Fatal(err, ok)
	}
	if out, errs, code := ran(t, "ingest", name, "--store", filepath.Join(t.TempDir(), "s"), "--format", "json"); code != exitOK || !strings.Contains(out, `"calls": 1`) {
		t.Errorf("%d %s %s", code, out, errs)
	}
}

// ran is what a command printed, and its exit code.
func ran(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	m := &Main{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: func() time.Time { return testdata.Now }, Env: func(string) (string, bool) { return "", false }}
	code = m.Run(context.Background())
	return out.String(), errs.String(), code
}

func TestSourcesCommand(t *testing.T) {
	out, errs, code := ran(t, "sources")
	if code != exitOK || errs != "" || !strings.Contains(out, "k8s-audit\n  reads       Kubernetes audit logs") || !strings.Contains(out, "\n  cannot see  ") {
		t.Errorf("%d %s\n%s", code, errs, out)
	}
	out, _, code = ran(t, "sources", "ndjson", "k8s-audit", "--format", "json")
	var list []ingest.About
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitOK || len(list) != 2 {
		t.Errorf("%d %v %s", code, err, out)
	}
	if out, _, code = ran(t, "sources", "ndjson", "--schema"); code != exitOK || out != string(ndjson.Schema) {
		t.Errorf("%d %.80s", code, out)
	}
	for _, bad := range [][]string{{"sources", "syslog"}, {"sources", "cloudtrail", "--schema"}, {"sources", "--schema"}, {"sources", "--format", "xml"}} {
		if _, errs, code := ran(t, bad...); code != exitError || !strings.Contains(errs, "hint:") {
			t.Errorf("%v: %d %s", bad, code, errs)
		}
	}
}

// mixed are texts of every source, by the kind that each is taken for.
var mixed = map[string]string{
	"cloudtrail":         `{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","userName":"a","accountId":"111122223333"},"eventTime":"2026-11-22T10:02:11Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-north-1","eventID":"1"}]}`,
	"cloudtrail-digest":  `{"awsAccountId":"111122223333","digestStartTime":"2026-11-22T13:00:00Z","digestEndTime":"2026-11-22T14:00:00Z","digestS3Bucket":"b","digestS3Object":"d","logFiles":[]}`,
	"activity-audit-log": `{"eventVersion":"1.0","eventCategory":"ActivityAuditLog","eventType":"ActivityLog","eventID":"e1","eventTime":"2026-11-22T10:02:11","eventData":{"userIdentity":{"type":"U","principalId":"ann"},"eventSource":"x","eventName":"login","UID":"u"}}`,
	"aws-iam":            `{"UserDetailList":[],"RoleDetailList":[],"GroupDetailList":[],"Policies":[]}`,
	"k8s-audit":          `{"messageType":"DATA_MESSAGE","logGroup":"/aws/eks/shop/cluster","logStream":"kube-apiserver-audit-1","logEvents":[{"id":"1","timestamp":1795341731000,"message":"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"a\",\"verb\":\"get\",\"user\":{\"username\":\"ann\"},\"requestReceivedTimestamp\":\"2026-11-22T10:02:11.5Z\"}"}]}`,
	"otlp":               `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"spans":[{"traceId":"df3fdc9dcb04c7360c5278d82e82e8fd","spanId":"4b944d81497c3d40","name":"GET","kind":2,"startTimeUnixNano":"1795349039940000000","endTimeUnixNano":"1795349040240000000"}]}]}]}`,
	"github-audit":       `{"@timestamp":1795345350000,"_document_id":"a1","action":"git.push","actor":"ann","org":"halden","repo":"halden/billing"}` + "\n",
	"access-log":         `{"start_time":"2026-11-22T10:02:11.512Z","method":"GET","path":"/","response_code":200,"response_flags":"-","request_id":"e1f7","authority":"reviews:9080","upstream_cluster":"outbound|9080||reviews.default.svc.cluster.local","downstream_remote_address":"10.44.1.27:47482"}` + "\n",
	"ndjson":             `{"time":"2026-11-22T10:02:11Z","actor":"ann","action":"a:B","target":"c"}` + "\n",
}

// No format takes another's file, whatever the order of formats.
func TestRecognition(t *testing.T) {
	for kind, text := range mixed {
		var taken []string
		for _, f := range formats(false) {
			if f.Recognise("file", []byte(text)) {
				taken = append(taken, f.Name())
			}
		}
		if len(taken) != 1 {
			t.Errorf("%s is taken by %v", kind, taken)
		}
	}
	for _, other := range []string{`{"resourceSpans":[{"scopeSpans":[]}]}`, `{"resourceLogs":[]}`, `{"kind":"PodList","items":[]}`, `{"@timestamp":1,"action":"repo.create","actor":"a","_document_id":"x"}`} {
		for _, f := range formats(false) {
			if n := f.Name(); n != "otlp" && n != "github" && f.Recognise("file", []byte(other)) {
				t.Errorf("%s is taken by %s", other, n)
			}
		}
	}
}

// A directory of everything is sorted out, and the report says what each file
// was taken for.
func TestIngestMixed(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{}
	for kind, text := range mixed {
		name := filepath.Join(dir, kind+".log")
		want[name] = kind
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, code := ran(t, "ingest", dir, "--store", filepath.Join(t.TempDir(), "s"), "--format", "json")
	var report ingest.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitOK || len(report.Taken) != len(mixed) {
		t.Fatalf("%d %v %s %s", code, err, out, errs)
	}
	for _, x := range report.Taken {
		if want[filepath.FromSlash(x.File)] != x.Kind || report.Kinds[x.Kind] != 1 {
			t.Errorf("%s taken for %s; %v", x.File, x.Kind, report.Kinds)
		}
	}
	_, errs, _ = ran(t, "ingest", dir, "--store", filepath.Join(t.TempDir(), "s"))
	for kind := range mixed {
		if !strings.Contains(errs, "\n  "+kind+" ") {
			t.Errorf("the report does not name %s:\n%s", kind, errs)
		}
	}
}

// The cluster that a flag names is where events that do not say theirs belong,
// and the record behind one is found again without it.
func TestIngestCluster(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "s")
	event := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"11111111-2222-3333-4444-555555555555","verb":"get","user":{"username":"ann"},"objectRef":{"resource":"secrets","namespace":"b","name":"s"},"responseObject":{"kind":"Secret","data":{"a":"UExBTlQ="}},"requestReceivedTimestamp":"2026-11-22T10:02:11.5Z"}`
	if err := os.WriteFile(filepath.Join(dir, "audit.log"), []byte(event), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := ran(t, "ingest", dir, "--store", store, "--cluster", "shop"); code != exitOK {
		t.Fatal(errs)
	}
	out, errs, code := ran(t, "touched", "k8s:shop:secret:b/s", "--store", store, "--who", "all", "--last", "4h")
	if code != exitOK || !strings.Contains(out, "k8s:shop:user:ann") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	out, errs, code = ran(t, "event", "11111111-2222-3333-4444-555555555555", "--store", store)
	if code != exitOK || !strings.Contains(out, "requestReceivedTimestamp") || strings.Contains(out, "UExBTlQ=") {
		t.Errorf("%d %s %s", code, out, errs)
	}
}
