package k8saudit

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// made is an event with a user, a verb, an object and more members.
func made(id, user, verb, object, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"` + id + `","stage":"ResponseComplete","requestURI":"/x","verb":"` + verb +
		`","user":` + user + `,"sourceIPs":["203.0.113.7","10.0.0.1"],"userAgent":"kubectl/v1.35.1 (linux/amd64) kubernetes/8adc0f0","objectRef":` + object +
		`,"requestReceivedTimestamp":"2026-11-22T10:02:11.123456Z","stageTimestamp":"2026-11-22T10:02:12.000000Z"` + more + `}`
}

const (
	userAnn = `{"username":"ann","groups":["dev","system:authenticated"]}`
	userSA  = `{"username":"system:serviceaccount:billing:reader","uid":"u-1","groups":["system:serviceaccounts","system:serviceaccounts:billing","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["JTI=j-1"],"authentication.kubernetes.io/node-name":["n1"],"authentication.kubernetes.io/pod-name":["reader-0"],"authentication.kubernetes.io/pod-uid":["p-1"]}}`
	userAWS = `{"username":"kubernetes-admin","groups":["system:masters"],"extra":{"accessKeyId":["ASIAEXAMPLEEXAMPLE"],"arn":["arn:aws:sts::111122223333:assumed-role/deploy/bot"],"canonicalArn":["arn:aws:iam::111122223333:role/deploy"],"sessionName":["bot"]}}`
	userIAM = `{"username":"erik","extra":{"arn":["arn:aws:iam::111122223333:user/erik"],"canonicalArn":["arn:aws:iam::111122223333:user/erik"]}}`
	kubelet = `{"username":"system:node:n1","groups":["system:nodes"]}`
	config  = `{"resource":"configmaps","namespace":"billing","name":"c","apiVersion":"v1"}`
)

var okay = `"responseStatus":{"code":200}`

func TestFacts(t *testing.T) {
	rbac := func(resource string) string {
		return `{"resource":"` + resource + `","namespace":"billing","name":"b","apiGroup":"rbac.authorization.k8s.io"}`
	}
	binding := `{"kind":"RoleBinding","metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"reader"},{"kind":"Group","name":"dev"},{"kind":"User","name":"ann"}]}`
	for _, c := range []struct {
		name, event string
		want        []string
	}{
		{"a user", made("1", userAnn, "get", config, okay), []string{
			"user:ann CALLED configmap:billing/c k8s:Get:configmaps READ OK", "user:ann GRANTED_BY group:dev member", "configmap:billing/c PART_OF namespace:billing"}},
		{"a pod's token", made("1", userSA, "get", config, okay), []string{
			"token:j-1 CALLED configmap:billing/c k8s:Get:configmaps READ OK", "token:j-1 OF sa:billing/reader", "session:billing/reader-0@p-1 OF sa:billing/reader",
			"session:billing/reader-0@p-1 HOLDS token:j-1", "pod:billing/reader-0 RUNS session:billing/reader-0@p-1", "pod:billing/reader-0 RUNS_AS sa:billing/reader",
			"configmap:billing/c PART_OF namespace:billing"}},
		{"a role of AWS", made("1", userAWS, "get", config, okay), []string{
			"aws:key:ASIAEXAMPLEEXAMPLE CALLED configmap:billing/c k8s:Get:configmaps READ OK", "aws:key:ASIAEXAMPLEEXAMPLE OF arn:aws:iam::111122223333:role/deploy",
			"aws:key:ASIAEXAMPLEEXAMPLE OF user:kubernetes-admin", "arn:aws:iam::111122223333:role/deploy GRANTED_BY group:system:masters member", "configmap:billing/c PART_OF namespace:billing"}},
		{"impersonation", made("1", userIAM, "get", config, okay+`,"impersonatedUser":{"username":"system:serviceaccount:billing:reader"}`), []string{
			"arn:aws:iam::111122223333:user/erik ISSUED session:arn:aws:iam::111122223333:user/erik:as:system:serviceaccount:billing:reader key_join",
			"session:arn:aws:iam::111122223333:user/erik:as:system:serviceaccount:billing:reader CALLED configmap:billing/c k8s:Get:configmaps READ OK",
			"session:arn:aws:iam::111122223333:user/erik:as:system:serviceaccount:billing:reader OF sa:billing/reader", "configmap:billing/c PART_OF namespace:billing"}},
		{"an agent", strings.Replace(made("1", userAnn, "get", config, okay), "kubectl/v1.35.1", "kubernetes-mcp-server/v0.9", 1), []string{
			"agent:kubernetes-mcp-server:user:ann DRIVES user:ann", "user:ann CALLED configmap:billing/c k8s:Get:configmaps READ OK by agent:kubernetes-mcp-server:user:ann",
			"user:ann GRANTED_BY group:dev member", "configmap:billing/c PART_OF namespace:billing"}},
		{"a token issued", made("1", kubelet, "create", `{"resource":"serviceaccounts","namespace":"billing","name":"reader","subresource":"token"}`,
			`"responseStatus":{"code":201},"annotations":{"authentication.kubernetes.io/issued-credential-id":"JTI=j-1"},"requestObject":{"spec":{"audiences":["sts.amazonaws.com"],"boundObjectRef":{"kind":"Pod","name":"reader-0","uid":"p-1"}}},"responseObject":{"status":{"token":"x","expirationTimestamp":"2026-11-22T11:02:11Z"}}`), []string{
			"user:system:node:n1 CALLED sa:billing/reader k8s:Create:serviceaccounts/token USE OK", "user:system:node:n1 ISSUED token:j-1 key_join", "node:n1 RUNS_AS user:system:node:n1",
			"user:system:node:n1 GRANTED_BY group:system:nodes member", "token:j-1 OF sa:billing/reader ended 2026-11-22T11:02:11Z", "pod:billing/reader-0 RUNS session:billing/reader-0@p-1",
			"session:billing/reader-0@p-1 OF sa:billing/reader", "session:billing/reader-0@p-1 HOLDS token:j-1 ended 2026-11-22T11:02:11Z", "pod:billing/reader-0 RUNS_AS sa:billing/reader",
			"pod:billing/reader-0 PART_OF namespace:billing", "sa:billing/reader PART_OF namespace:billing"}},
		{"an owner chain", made("1", userAnn, "create", `{"resource":"pods","namespace":"billing"}`,
			`"responseStatus":{"code":201},"responseObject":{"kind":"Pod","metadata":{"name":"web-1","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web"}]},"spec":{"serviceAccountName":"reader","containers":[{"env":[{"name":"AWS_ROLE_ARN","value":"arn:aws:iam::111122223333:role/reader"}]}]}}`), []string{
			"user:ann CALLED pod:billing/web-1 k8s:Create:pods CONTROL OK", "user:ann CALLED sa:billing/reader k8s:Create:pods  OK passed_role", "user:ann GRANTED_BY group:dev member",
			"pod:billing/web-1 PART_OF replicaset:billing/web", "pod:billing/web-1 PART_OF namespace:billing", "replicaset:billing/web PART_OF namespace:billing", "pod:billing/web-1 RUNS_AS sa:billing/reader",
			"sa:billing/reader PART_OF namespace:billing", "sa:billing/reader RUNS_AS arn:aws:iam::111122223333:role/reader began 2026-11-22T10:02:11.123Z"}},
		{"bridges to clouds", made("1", userAnn, "update", `{"resource":"serviceaccounts","namespace":"billing","name":"reader"}`,
			okay+`,"requestObject":{"kind":"ServiceAccount","metadata":{"annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::111122223333:role/reader","iam.gke.io/gcp-service-account":"r@p.iam.gserviceaccount.com","azure.workload.identity/client-id":"AB-1"}}}`), []string{
			"user:ann CALLED sa:billing/reader k8s:Update:serviceaccounts CHANGE OK", "user:ann GRANTED_BY group:dev member", "sa:billing/reader PART_OF namespace:billing",
			"sa:billing/reader RUNS_AS arn:aws:iam::111122223333:role/reader began 2026-11-22T10:02:11.123Z", "sa:billing/reader RUNS_AS gcp:serviceaccount:r@p.iam.gserviceaccount.com began 2026-11-22T10:02:11.123Z",
			"sa:billing/reader RUNS_AS azure:application:ab-1 began 2026-11-22T10:02:11.123Z"}},
		{"rights given", made("1", userIAM, "create", rbac("rolebindings"), okay+`,"requestObject":`+binding), []string{
			"arn:aws:iam::111122223333:user/erik CALLED rolebinding:billing/b k8s:Create:rolebindings.rbac.authorization.k8s.io GRANT OK",
			"arn:aws:iam::111122223333:user/erik CALLED sa:billing/reader k8s:Create:rolebindings.rbac.authorization.k8s.io GRANT OK",
			"arn:aws:iam::111122223333:user/erik CALLED group:dev k8s:Create:rolebindings.rbac.authorization.k8s.io GRANT OK",
			"arn:aws:iam::111122223333:user/erik CALLED user:ann k8s:Create:rolebindings.rbac.authorization.k8s.io GRANT OK",
			"arn:aws:iam::111122223333:user/erik CALLED role:billing/r k8s:Create:rolebindings.rbac.authorization.k8s.io  OK policy",
			"sa:billing/reader GRANTED_BY role:billing/r binding:billing/b began 2026-11-22T10:02:11.123Z", "group:dev GRANTED_BY role:billing/r binding:billing/b began 2026-11-22T10:02:11.123Z",
			"user:ann GRANTED_BY role:billing/r binding:billing/b began 2026-11-22T10:02:11.123Z", "rolebinding:billing/b PART_OF namespace:billing", "role:billing/r PART_OF namespace:billing", "sa:billing/reader PART_OF namespace:billing"}},
		{"rights taken", made("1", userIAM, "delete", rbac("rolebindings"), okay), []string{
			"arn:aws:iam::111122223333:user/erik CALLED rolebinding:billing/b k8s:Delete:rolebindings.rbac.authorization.k8s.io GRANT OK", "rolebinding:billing/b PART_OF namespace:billing"}},
		{"refused: nothing follows", made("1", userIAM, "create", rbac("rolebindings"), `"responseStatus":{"code":403},"requestObject":`+binding), []string{
			"arn:aws:iam::111122223333:user/erik CALLED rolebinding:billing/b k8s:Create:rolebindings.rbac.authorization.k8s.io GRANT DENIED", "rolebinding:billing/b PART_OF namespace:billing"}},
		{"no name yet", made("1", userIAM, "create", `{"resource":"secrets","namespace":"billing"}`, `"responseStatus":{"code":409}`), []string{
			"arn:aws:iam::111122223333:user/erik CALLED namespace:billing k8s:Create:secrets CREATE ERROR"}},
		{"a list", made("1", userIAM, "list", `{"resource":"secrets"}`, okay), []string{"arn:aws:iam::111122223333:user/erik CALLED secret:* k8s:List:secrets SECRET_READ OK"}},
		{"no object", strings.Replace(made("1", userIAM, "get", `null`, okay), `"/x"`, `"/metrics?password=S3CRET"`, 1), []string{"arn:aws:iam::111122223333:user/erik CALLED k8s:cluster:prod k8s:Get:/metrics READ OK"}},
	} {
		s, report := ingested(t, map[string]string{"a": c.event})
		if len(report.Rejected) > 0 || len(report.Skipped) > 0 || report.Calls != 1 {
			t.Errorf("%s: %+v", c.name, report)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), edges(t, s)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestEffects(t *testing.T) {
	for _, c := range []struct {
		verb, resource, sub, request string
		want                         graph.Effect
	}{
		{"get", "pods", "", "", graph.Read}, {"get", "pods", "log", "", graph.Read}, {"get", "pods", "exec", "", graph.Control}, {"create", "pods", "portforward", "", graph.Control},
		{"get", "secrets", "", "", graph.SecretRead}, {"watch", "secrets", "", "", graph.SecretRead}, {"delete", "secrets", "", "", graph.Delete}, {"deletecollection", "pods", "", "", graph.Delete},
		{"create", "pods", "eviction", "", graph.Delete}, {"patch", "pods", "ephemeralcontainers", "", graph.Control}, {"get", "pods", "ephemeralcontainers", "", graph.Read},
		{"create", "pods", "binding", "", graph.Change}, {"update", "deployments", "scale", "", graph.Change}, {"update", "deployments", "", "", graph.Control},
		{"patch", "deployments", "", `{"spec":{"replicas":2}}`, graph.Change}, {"patch", "deployments", "", `{"spec":{"template":{"metadata":{}}}}`, graph.Control},
		{"patch", "cronjobs", "", `{"spec":{"suspend":true}}`, graph.Change}, {"patch", "pods", "", `{"metadata":{}}`, graph.Change}, {"patch", "pods", "", `[{"op":"add"}]`, graph.Control},
		{"create", "roles", "", "", graph.Grant}, {"delete", "clusterrolebindings", "", "", graph.Grant}, {"get", "clusterroles", "", "", graph.Read},
		{"update", "certificatesigningrequests", "approval", "", graph.Grant}, {"create", "serviceaccounts", "token", "", graph.Use}, {"create", "selfsubjectaccessreviews", "", "", graph.Read},
		{"get", "services", "proxy", "", graph.Use}, {"create", "nodes", "proxy", "", graph.Control}, {"get", "nodes", "proxy", "", graph.Read}, {"create", "widgets", "", "", graph.Create}, {"patch", "widgets", "status", "", graph.Change},
	} {
		e := &event{verb: c.verb, ref: objectRef{resource: c.resource, subresource: c.sub}, request: value(c.request)}
		if got := effect(e); got != c.want {
			t.Errorf("%s %s/%s %s: %s, want %s", c.verb, c.resource, c.sub, c.request, got, c.want)
		}
	}
	if e := (&event{verb: "get", uri: "/api/v1/nodes/n/proxy/exec/x?command=sh", ref: objectRef{resource: "nodes", subresource: "proxy"}}); effect(e) != graph.Control {
		t.Error("exec through the kubelet")
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		verb, more string
		want       graph.Outcome
	}{
		{"get", `"responseStatus":{"code":200}`, graph.OK}, {"create", `"responseStatus":{"code":101}`, graph.OK}, {"get", `"responseStatus":{"code":403}`, graph.Denied},
		{"get", `"responseStatus":{"code":401}`, graph.Denied}, {"get", `"responseStatus":{"code":429}`, graph.Throttled}, {"get", `"responseStatus":{"code":404}`, graph.Probe},
		{"delete", `"responseStatus":{"code":404}`, graph.Failed}, {"update", `"responseStatus":{"code":409}`, graph.Failed}, {"get", `"responseStatus":{"code":503}`, graph.Fault},
		{"get", `"annotations":{"authorization.k8s.io/decision":"forbid"}`, graph.Denied}, {"get", `"annotations":{}`, graph.OK},
	} {
		d := &reader{}
		if _, unusable, err := d.Decode([]byte(made("1", userAnn, c.verb, config, c.more)), 0); err != nil || unusable != nil {
			t.Fatal(err, unusable)
		}
		if got := outcome(&d.ev); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.verb, c.more, got, c.want)
		}
	}
}

// The same event comes out of every wrapping, of the cluster that it says.
func TestWrappings(t *testing.T) {
	a := made("a", userAnn, "get", config, okay)
	quoted := strconv.Quote(a)
	cloudwatch := `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/aws/eks/shop/cluster","logStream":"kube-apiserver-audit-1","logEvents":[{"id":"1","timestamp":1,"message":` + quoted + `}]}`
	aks := `{"records":[{"category":"kube-audit","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/SHOP","time":"2026-11-22T10:02:13Z","properties":{"log":` + strconv.Quote(a+"\n") + `,"stream":"stdout"}}]}`
	for name, c := range map[string]struct{ text, cluster string }{
		"lines":              {a + "\n", "prod"},
		"list":               {`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + a + `]}`, "prod"},
		"list of the API":    {`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + strings.Replace(a, `"kind":"Event","apiVersion":"audit.k8s.io/v1",`, "", 1) + `]}`, "prod"},
		"array":              {"[" + a + "]", "prod"},
		"v1beta1":            {strings.Replace(a, "audit.k8s.io/v1", "audit.k8s.io/v1beta1", 1), "prod"},
		"old":                {strings.Replace(strings.Replace(a, `"requestReceivedTimestamp"`, `"timestamp"`, 1), `"apiVersion":"audit.k8s.io/v1",`, "", 1), "prod"},
		"CloudWatch":         {cloudwatch, "shop"},
		"CloudWatch, twice":  {cloudwatch + "\n" + cloudwatch, "shop"},
		"CloudWatch, CLI":    {`{"events":[{"logStreamName":"kube-apiserver-audit-1","timestamp":1,"message":` + quoted + `,"eventId":"1"}]}`, "prod"},
		"CloudWatch, to S3":  {"2026-11-22T10:02:12.345Z " + a + "\n", "prod"},
		"Event Hub":          {aks, "shop"},
		"Event Hub, lines":   {aks[len(`{"records":[`) : len(aks)-2], "shop"},
		"log shipper":        {`{"log":` + quoted + `,"stream":"stderr"}`, "prod"},
		"rule tests":         {`{"rule":"r","log":` + a + `}`, "prod"},
		"stages":             {strings.Replace(a, "ResponseComplete", "ResponseStarted", 1) + "\n" + a, "prod"},
		"stages, and others": {strings.Replace(a, "ResponseComplete", "RequestReceived", 1) + "\n" + a, "prod"},
	} {
		s, report := ingested(t, map[string]string{"a": c.text})
		want := []string{"configmap:billing/c PART_OF namespace:billing", "user:ann CALLED configmap:billing/c k8s:Get:configmaps READ OK", "user:ann GRANTED_BY group:dev member"}
		got := edges(t, s)
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], "k8s:"+c.cluster+":", "")
		}
		if diff := cmp.Diff(want, got); diff != "" || report.Calls != 1 || len(report.Rejected) > 0 {
			t.Errorf("%s: %s %+v", name, diff, report)
		}
		for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Detail: graph.Evidence}) {
			if o := e.Observations; err != nil || len(o) != 1 || o[0].Evidence != "a@"+c.cluster || o[0].At.String() != "2026-11-22T10:02:11.123Z" {
				t.Errorf("%s: %v %+v", name, err, o)
			}
		}
		raw, err := New(Options{Cluster: "prod"}).Raw(context.Background(), &ingest.File{Data: []byte(c.text)}, 0, "a@"+c.cluster)
		var back struct{ AuditID string }
		if err != nil || json.Unmarshal(raw, &back) != nil || back.AuditID != "a" {
			t.Errorf("%s: raw %v %s", name, err, raw)
		}
	}
}

func TestGoogle(t *testing.T) {
	entry := func(method, name, status, email string) string {
		return `{"insertId":"i-1","logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"k8s.io","methodName":"` + method +
			`","resourceName":"` + name + `","authenticationInfo":{"principalEmail":"` + email + `"},"requestMetadata":{"callerIp":"203.0.113.7","callerSuppliedUserAgent":"kubectl/v1"},"status":` + status +
			`},"resource":{"type":"k8s_cluster","labels":{"cluster_name":"shop","location":"europe-north1"}},"timestamp":"2026-11-22T10:02:11.5Z"}`
	}
	for _, c := range []struct{ entry, want string }{
		{entry("io.k8s.core.v1.pods.exec.create", "core/v1/namespaces/billing/pods/web/exec", "{}", "ann@example.com"), "k8s:shop:user:ann@example.com CALLED k8s:shop:pod:billing/web k8s:Create:pods/exec CONTROL OK"},
		{entry("io.k8s.core.v1.secrets.list", "core/v1/namespaces/billing/secrets", `{"code":7}`, "bot@p.iam.gserviceaccount.com"), "gcp:serviceaccount:bot@p.iam.gserviceaccount.com CALLED k8s:shop:secret:billing/* k8s:List:secrets SECRET_READ DENIED"},
		{entry("io.k8s.authorization.rbac.v1.clusterroles.delete", "rbac.authorization.k8s.io/v1/clusterroles/r", `{"code":5}`, "system:serviceaccount:a:b"), "k8s:shop:sa:a/b CALLED k8s:shop:clusterrole:r k8s:Delete:clusterroles.rbac.authorization.k8s.io GRANT ERROR"},
	} {
		s, report := ingested(t, map[string]string{"a": c.entry + "\n" + strings.Replace(c.entry, `"k8s.io"`, `"compute.googleapis.com"`, 1)})
		if got := edges(t, s); !slices.Contains(got, c.want) || report.Skipped["another service of Google's"] != 1 || len(report.Rejected) > 0 {
			t.Errorf("%q %+v, want %s", got, report, c.want)
		}
	}
}

func TestSkipsAndRejects(t *testing.T) {
	good := made("a", userAnn, "get", config, okay)
	other := `{"messageType":"DATA_MESSAGE","logGroup":"/aws/eks/shop/cluster","logStream":"kube-scheduler-1","logEvents":[{"id":"1","timestamp":1,"message":"I1122 started"}]}`
	azure := `{"records":[{"category":"guard","resourceId":"/S/MANAGEDCLUSTERS/SHOP","properties":{"log":"text"}}]}`
	_, report := ingested(t, map[string]string{"a": good + other + azure + `{"kind":"Event","apiVersion":"v1","reason":"Pulled","message":"x"}` + strings.Replace(good, `"verb":"get"`, `"verb":""`, 1) +
		strings.Replace(good, `"2026-11-22T10:02:11.123456Z"`, `"soon"`, 1) + strings.Replace(good, `"username":"ann"`, `"x":1`, 1)})
	if report.Calls != 1 || report.Skipped[skipOther] != 2 || report.Skipped[skipNobody] != 1 || len(report.Rejected) != 3 {
		t.Errorf("%+v", report)
	}
	for i, why := range []string{"no audit event", "it has no verb", `no time in its "\"soon\""`} {
		if i < len(report.Rejected) && !strings.Contains(report.Rejected[i].Reason, why) {
			t.Errorf("%s, want %s", report.Rejected[i].Reason, why)
		}
	}
}

func TestRecognise(t *testing.T) {
	f := New(Options{})
	for _, other := range []string{"", "{}", `{"kind":0}`, `{"kind":"Event","apiVersion":"v1","involvedObject":{},"reason":"Pulled"}`, `{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"x"}}]}`,
		`{"Records":[{"eventSource":"s3.amazonaws.com","eventName":"PutObject","eventTime":"2026-11-22T10:02:11Z"}]}`, `{"resourceSpans":[]}`, `{"time":1,"actor":"a","action":"b","target":"c"}`,
		`{"protoPayload":{"serviceName":"compute.googleapis.com","methodName":"a.b"}}`, `{"log":"hello"}`, `{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/x","logEvents":[{"message":"{}"}]}`} {
		if f.Recognise("", []byte(other)) {
			t.Errorf("recognised %s", other)
		}
	}
	long := made("a", userAnn, "get", config, `"requestObject":{"a":"`+strings.Repeat("x", 70<<10)+`"}`)
	if !f.Recognise("", []byte(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[]}`)) {
		t.Error("a list of no events")
	}
	if !f.Recognise("", []byte(long)[:64<<10]) {
		t.Error("an event longer than the head")
	}
}

// The same events in any order, wrapping and number are one graph.
func TestOrder(t *testing.T) {
	var events []string
	for i := range 40 {
		user := []string{userAnn, userSA, userAWS, userIAM, kubelet}[i%5]
		e := made(fmt.Sprint("id-", i), user, []string{"get", "create", "patch", "delete"}[i%4], fmt.Sprintf(`{"resource":"%s","namespace":"billing","name":"n%d"}`, []string{"pods", "secrets", "serviceaccounts"}[i%3], i%7),
			`"responseObject":{"metadata":{"ownerReferences":[{"kind":"ReplicaSet","apiVersion":"apps/v1","name":"rs"}],"annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/r"}},"spec":{"serviceAccountName":"reader"}}`)
		events = append(events, strings.ReplaceAll(e, "T10:02:1", fmt.Sprintf("T%02d:%02d:1", 8+i%6, i)))
	}
	whole, report := ingested(t, map[string]string{"a": strings.Join(events, "\n")})
	if report.Calls != len(events) || len(report.Rejected) > 0 {
		t.Fatalf("%+v", report)
	}
	want := hashOf(t, whole)
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 5))
		dealt := slices.Concat(events, events[:rng.IntN(len(events))])
		rng.Shuffle(len(dealt), func(i, j int) { dealt[i], dealt[j] = dealt[j], dealt[i] })
		cut := 1 + rng.IntN(len(dealt)-1)
		s, report := ingested(t, map[string]string{"a": strings.Join(dealt[:cut], "\n"), "b": `{"kind":"EventList","items":[` + strings.Join(dealt[cut:], ",") + `]}`})
		if hashOf(t, s) != want || len(report.Rejected) > 0 {
			t.Errorf("seed %d: another graph", seed)
		}
	}
}

// The data of secrets is neither stored nor shown.
func TestRedaction(t *testing.T) {
	const plant = "UExBTlRFRC1TRUNSRVQ"
	secret := `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"kind\":\"Secret\",\"data\":{\"a\":\"` + plant + `\"}}"}},"data":{"a":"` + plant + `"},"stringData":{"b":"` + plant + `"}}`
	ref := `{"resource":"secrets","namespace":"billing","name":"s"}`
	for name, e := range map[string]string{
		"create":      made("a", userAnn, "create", ref, okay+`,"requestObject":`+secret+`,"responseObject":`+secret),
		"list":        made("a", userAnn, "list", ref, okay+`,"responseObject":{"kind":"SecretList","items":[{"data":{"a":"`+plant+`"}}]}`),
		"merge patch": made("a", userAnn, "patch", ref, okay+`,"requestObject":{"data":{"a":"`+plant+`"}}`),
		"JSON patch":  made("a", userAnn, "patch", ref, okay+`,"requestObject":[{"op":"replace","path":"/data/a","value":"`+plant+`"}]`),
		"in a list":   made("a", userAnn, "create", config, okay+`,"requestObject":{"kind":"List","items":[`+secret+`]}`),
		"token":       made("a", userAnn, "create", `{"resource":"tokenreviews"}`, okay+`,"requestObject":{"spec":{"token":"`+plant+plant+`"}}`),
		"variable":    made("a", userAnn, "create", `{"resource":"pods","namespace":"billing","name":"p"}`, okay+`,"requestObject":{"spec":{"serviceAccountName":"x","containers":[{"env":[{"name":"DB_PASSWORD","value":"`+plant+`"}]}]}}`),
		"exec":        strings.Replace(made("a", userAnn, "create", `{"resource":"pods","namespace":"billing","name":"p","subresource":"exec"}`, okay), `"/x"`, `"/x?command=login&command=--password=`+plant+`"`, 1),
		"Google": `{"insertId":"a","protoPayload":{"serviceName":"k8s.io","methodName":"io.k8s.core.v1.secrets.create","resourceName":"core/v1/namespaces/b/secrets/s","authenticationInfo":{"principalEmail":"a@b.c"},"request":{"@type":"core.k8s.io/v1.Secret","data":{"a":"` + plant +
			`"}},"response":{"data":{"a":"` + plant + `"}}},"resource":{"labels":{"cluster_name":"prod"}},"timestamp":"2026-11-22T10:02:11.5Z"}`,
		"in a string": `{"log":` + strconv.Quote(made("a", userAnn, "create", ref, okay+`,"requestObject":`+secret)) + `}`,
	} {
		s, report := ingested(t, map[string]string{"a": e})
		if text := fmt.Sprint(edges(t, s), nodes(t, s), report); report.Calls != 1 || strings.Contains(text, plant) {
			t.Errorf("%s: stored: %s", name, text)
		}
		raw, err := New(Options{}).Raw(context.Background(), &ingest.File{Data: []byte(e)}, 0, "")
		shown := string(ingest.Redact(raw))
		if err != nil || strings.Contains(shown, plant) || !strings.Contains(shown, ingest.Redacted) || !json.Valid([]byte(shown)) {
			t.Errorf("%s: %v shown: %s", name, err, shown)
		}
	}
}
