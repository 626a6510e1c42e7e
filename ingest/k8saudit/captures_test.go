package k8saudit

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// capture is a folder of real captures, absent on some machines.
func capture(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no captures: %v", err)
	}
	return dir
}

// falco is the capture of 51 events in 46 files.
func falco(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := filepath.Glob(filepath.Join(capture(t, "falco-k8s-audit"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(n)] = string(text)
	}
	return out
}

// All of falco's events are read; the one file that is no event is named. Of the
// 51 some repeat an audit id: rule authors edited copies.
func TestFalco(t *testing.T) {
	s, report := ingested(t, falco(t))
	if report.Records != 51 || report.Calls != 49 || len(report.Skipped) > 0 || len(report.Rejected) != 1 || report.Rejected[0].File != "fal_01_003.json" {
		t.Errorf("%+v", report)
	}
	all := strings.Join(edges(t, s), "\n")
	for _, want := range []string{
		"user:minikube-user CALLED pod:default/nginx-deployment-7998647bdf-phvq7 k8s:Create:pods/exec CONTROL OK", "user:minikube-user CALLED pod:default/nginx-deployment-7998647bdf-phvq7 k8s:Create:pods/attach CONTROL OK",
		"user:minikube GRANTED_BY clusterrole:cluster-admin binding:some-reader-binding began 2018-10-26T14:26:34.238Z", "user:system:anonymous CALLED namespace:foo k8s:Create:namespaces CREATE OK",
		"pod:default/nginx-deployment-544b59f8b8-ffkxm PART_OF replicaset:default/nginx-deployment-544b59f8b8", "pod:default/nginx-deployment-544b59f8b8-ffkxm RUNS_AS sa:default/default",
		"user:minikube-user CALLED secret:default/example-secret k8s:Delete:secrets DELETE OK", "sa:kube-system/replicaset-controller CALLED pod:kube-system/nginx-deployment-7998647bdf-7q2sp k8s:Create:pods CONTROL OK",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q", want)
		}
	}
}

// Rule tests of EKS are fragments: what has a time and a verb is read, the rest
// named. An independent count over the file gives the same.
func TestPanther(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(capture(t, "panther-rule-tests-dev"), "amazon-eks-audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	usable := 0
	for line := range strings.Lines(string(text)) {
		var test struct{ Log map[string]any }
		if err := json.Unmarshal([]byte(line), &test); err != nil {
			t.Fatal(err)
		}
		user, _ := test.Log["user"].(map[string]any)
		if test.Log["verb"] != nil && user["username"] != nil && (test.Log["requestReceivedTimestamp"] != nil || test.Log["p_event_time"] != nil) {
			usable++
		}
	}
	_, report := ingested(t, map[string]string{"eks.jsonl": string(text)})
	skipped := report.Skipped[skipNobody]
	if report.Records != 144 || usable == 0 || report.Calls != usable || report.Calls+skipped+len(report.Rejected) != 144 {
		t.Errorf("%d usable: %d records, %d calls, %d rejected, skipped %v", usable, report.Records, report.Calls, len(report.Rejected), report.Skipped)
	}
	for _, r := range report.Rejected {
		if !strings.Contains(r.Reason, "it has no requestReceivedTimestamp") && !strings.Contains(r.Reason, "it has no verb") && !strings.Contains(r.Reason, "it has neither user nor verb") {
			t.Error(r.Reason)
		}
	}
}

// The slow decoder reads every captured event as the fast one does.
func TestDecodersAgree(t *testing.T) {
	n := 0
	for name, text := range falco(t) {
		err := Options{}.events(context.Background(), &ingest.File{Name: name, Data: []byte(text)}, func(e *event, err error) bool {
			if err != nil {
				return true
			}
			n++
			agree(t, e.raw)
			return true
		})
		if err != nil && name != "fal_01_003.json" {
			t.Error(err)
		}
	}
	if n != 51 {
		t.Errorf("%d events", n)
	}
}

// agree holds what scan reads to what decode reads, where both take the text.
func agree(t testing.TB, text []byte) {
	t.Helper()
	var fast, slow event
	var fastEnv, slowEnv envelope
	if _, err := scan(text, 0, &fast, &fastEnv); err != nil {
		return
	}
	if err := decode(text, &slow, &slowEnv); err != nil {
		return
	}
	opts := cmp.AllowUnexported(event{}, user{}, objectRef{}, envelope{})
	fast.raw, slow.raw = nil, nil
	if diff := cmp.Diff(slow, fast, opts); diff != "" {
		t.Errorf("%s: %s", text, diff)
	}
	if diff := cmp.Diff(slowEnv, fastEnv, opts); diff != "" {
		t.Errorf("%s: envelope: %s", text, diff)
	}
}

// Nothing panics; both decoders agree; what is read twice reads the same;
// a record that is read can be shown.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{made("a", userSA, "get", config, okay), made("a", userAWS, "create", `{"resource":"pods"}`, `"impersonatedUser":{"username":"x"},"requestObject":[1,{"kind":"Secret","data":{"a":null}}]`),
		`{"log":"{\"verb\":\"get\"}"}`, `{"logGroup":"/aws/eks/a/cluster","logEvents":[{"message":"{}"}]}`, `{"protoPayload":{"serviceName":"k8s.io","methodName":"a.b","resourceName":"core/v1/x"},"timestamp":1}`,
		`{"category":"kube-audit","resourceId":"/managedclusters/x/","properties":{"log":"{}"}}`, `{"user":null,"user":{"username":1},"sourceIPs":"x","responseStatus":[],"time":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		agree(t, b)
		format := New(Options{Cluster: "c"})
		format.Recognise("", b)
		var first []string
		for range 2 {
			var got []string
			w, builder := newEmitter(), graph.NewBuilder()
			src := builder.Source(graph.Source{})
			_ = format.opts.events(context.Background(), &ingest.File{Data: b}, func(e *event, err error) bool {
				if err != nil {
					got = append(got, err.Error())
				} else {
					w.emit(builder, graph.Ref{Seq: src}, e)
					got = append(got, e.evidence()+" "+action(e)+" "+effect(e).String()+" "+outcome(e).String()+e.skip)
				}
				return true
			})
			if first != nil && cmp.Diff(first, got) != "" {
				t.Errorf("read differently: %s", cmp.Diff(first, got))
			}
			first = got
		}
		if raw, err := format.Raw(context.Background(), &ingest.File{Data: b}, 0, ""); err == nil && len(raw) == 0 {
			t.Error("nothing is shown")
		}
	})
}
