package synth

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// The Kubernetes cluster of the world, as its audit log tells of it.
const (
	clusterName = "halden-apps"
	clusterLog  = "k8s/halden-apps-audit.ndjson"
	controlIP   = "10.20.0.11"
)

// audited is an event of the API server's audit log, as the one who writes a
// story thinks of it.
type audited struct {
	at          string // 13:50:31
	user        Object // username, uid, groups, extra
	as          Object // impersonated, nil: nobody
	verb, agent string
	ip          string
	namespace   string
	resource    string
	subresource string
	name        string
	group       string // of the API; empty: core
	code        int
	reason      string // of a refusal
	request     any
	response    any
	notes       Object // annotations
}

// cluster writes the audit log of the cluster, as a subscription of its
// CloudWatch log group delivers it: one delivery a line, each with the events
// of ten minutes.
func (w *world) cluster() []byte {
	var events []audited
	add := func(e audited) { events = append(events, e) }
	w.tokens(add)
	w.rollouts(add)
	w.hands(add)
	slices.SortStableFunc(events, func(a, b audited) int { return w.clock(a.at).Compare(w.clock(b.at)) })

	var b bytes.Buffer
	stream := "kube-apiserver-audit-" + w.ids.Hex(32, "audit stream")
	for i := 0; i < len(events); {
		slot := w.clock(events[i].at).Truncate(10 * time.Minute)
		var lines []Object
		for ; i < len(events) && w.clock(events[i].at).Truncate(10*time.Minute).Equal(slot); i++ {
			text, err := marshal(w.auditEvent(&events[i], i))
			if err != nil {
				w.err = err
				return nil
			}
			lines = append(lines, Object{"id", w.ids.letters("0123456789", 32, []string{"log event", strconv.Itoa(i)}),
				"timestamp", w.clock(events[i].at).UnixMilli(), "message", string(text)})
		}
		delivery, err := marshal(Object{"messageType", "DATA_MESSAGE", "owner", prod, "logGroup", "/aws/eks/" + clusterName + "/cluster", "logStream", stream,
			"subscriptionFilters", []string{"audit-to-s3"}, "logEvents", lines})
		if err != nil {
			w.err = err
			return nil
		}
		b.Write(delivery)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// auditEvent is the event as audit.k8s.io/v1 has it.
func (w *world) auditEvent(e *audited, n int) Object {
	id := w.ids.UUID("audit", e.at, e.verb, e.resource, e.name, strconv.Itoa(n))
	api := "/api/v1"
	if e.group != "" {
		api = "/apis/" + e.group + "/v1"
	}
	uri := api
	if e.namespace != "" {
		uri += "/namespaces/" + e.namespace
	}
	uri += "/" + e.resource
	ref := Object{"resource", e.resource}
	if e.namespace != "" {
		ref = append(ref, "namespace", e.namespace)
	}
	if e.name != "" {
		uri += "/" + e.name
		ref = append(ref, "name", e.name)
	}
	if e.group != "" {
		ref = append(ref, "apiGroup", e.group)
	}
	ref = append(ref, "apiVersion", "v1")
	if e.subresource != "" {
		uri += "/" + e.subresource
		ref = append(ref, "subresource", e.subresource)
	}
	at := w.clock(e.at)
	status := Object{"metadata", Object{}, "code", e.code}
	if e.reason != "" {
		status = Object{"metadata", Object{}, "status", "Failure", "message", e.reason, "reason", "Forbidden", "code", e.code}
	}
	out := Object{"kind", "Event", "apiVersion", "audit.k8s.io/v1", "level", "Metadata", "auditID", id, "stage", "ResponseComplete",
		"requestURI", uri, "verb", e.verb, "user", e.user}
	if e.as != nil {
		out = append(out, "impersonatedUser", e.as)
	}
	out = append(out, "sourceIPs", []string{e.ip}, "userAgent", e.agent, "objectRef", ref, "responseStatus", status)
	if e.request != nil {
		out[5] = "RequestResponse"
		out = append(out, "requestObject", e.request)
	}
	if e.response != nil {
		out = append(out, "responseObject", e.response)
	}
	notes := Object{"authorization.k8s.io/decision", "allow", "authorization.k8s.io/reason", ""}
	if e.code == 403 {
		notes[1] = "forbid"
	}
	return append(out, "requestReceivedTimestamp", at.Format("2006-01-02T15:04:05.000000Z"), "stageTimestamp", at.Add(7*time.Millisecond).Format("2006-01-02T15:04:05.000000Z"),
		"annotations", append(notes, e.notes...))
}

// The users of the cluster.

func (w *world) nodeUser(node string) Object {
	return Object{"username", "system:node:" + node, "uid", "aws-iam-authenticator:" + prod + ":" + w.who.node.Role.ID, "groups", []string{"system:nodes", "system:authenticated"},
		"extra", Object{"accessKeyId", []string{w.who.node.Key}, "arn", []string{w.who.node.ARN()}, "canonicalArn", []string{w.who.node.Role.ARN()}, "sessionName", []string{w.who.node.Name}}}
}

// accountUser is a service account, by a token that was issued under that id.
func (w *world) accountUser(namespace, name, pod, credential string) Object {
	return Object{"username", "system:serviceaccount:" + namespace + ":" + name, "uid", w.ids.UUID("service account", namespace, name),
		"groups", []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		"extra", Object{"authentication.kubernetes.io/credential-id", []string{"JTI=" + credential}, "authentication.kubernetes.io/node-name", []string{appNode},
			"authentication.kubernetes.io/pod-name", []string{pod}, "authentication.kubernetes.io/pod-uid", []string{w.ids.UUID("pod", pod)}}}
}

// roleUser is a role session of AWS that an access entry lets in: EKS notes
// the very key.
func (w *world) roleUser(s Session, groups ...string) Object {
	return Object{"username", s.ARN(), "uid", "aws-iam-authenticator:" + s.Role.Account + ":" + s.Role.ID, "groups", append(groups, "system:authenticated"),
		"extra", Object{"accessKeyId", []string{s.Key}, "arn", []string{s.ARN()}, "canonicalArn", []string{s.Role.ARN()}, "principalId", []string{s.Role.ID}, "sessionName", []string{s.Name}}}
}

const (
	appNode   = "ip-10-20-6-91.eu-north-1.compute.internal"
	readerPod = "ledger-reader-5b8f6d9c7-q4tzl"
	reportPod = "invoice-report-6d9f7c5b88-x2vqk"
	portalPod = "customer-portal-7c9d5f6b4-hj8wm"
	portalNew = "customer-portal-6f4b8c9d7-k2nxp" // after the restart of 13:50
	kubectl   = "kubectl/v1.35.1 (darwin/arm64) kubernetes/8adc0f0"
)

// podToken is the id of the token that a pod holds in that hour.
func (w *world) podToken(pod string, hour int) string {
	return w.ids.UUID("token", pod, strconv.Itoa(hour))
}

// tokens are what the kubelet asks for its pods each hour, and what the pods
// do with them.
func (w *world) tokens(add func(audited)) {
	kubelet := "kubelet/v1.35.1 (linux/arm64) kubernetes/8adc0f0"
	for h := 8; h < 14; h++ {
		for _, p := range [][2]string{{"ledger-reader", readerPod}, {"invoice-report", reportPod}} {
			add(audited{at: fmt.Sprintf("%02d:00:2%d", h, len(p[0])%10), user: w.nodeUser(appNode), verb: "create", agent: kubelet, ip: "10.20.6.91",
				namespace: "billing", resource: "serviceaccounts", subresource: "token", name: p[0], code: 201,
				request: Object{"kind", "TokenRequest", "apiVersion", "authentication.k8s.io/v1", "spec", Object{"audiences", []string{"sts.amazonaws.com"}, "expirationSeconds", 3607,
					"boundObjectRef", Object{"kind", "Pod", "apiVersion", "v1", "name", p[1], "uid", w.ids.UUID("pod", p[1])}}},
				response: Object{"kind", "TokenRequest", "apiVersion", "authentication.k8s.io/v1", "status", Object{"token", w.ids.Token(p[1], strconv.Itoa(h)), "expirationTimestamp", fmt.Sprintf("%s%02d:00:29Z", day, h+1)}},
				notes:    Object{"authentication.kubernetes.io/issued-credential-id", "JTI=" + w.podToken(p[1], h)}})
		}
		add(audited{at: fmt.Sprintf("%02d:05:03", h), user: w.accountUser("billing", "invoice-report", reportPod, w.podToken(reportPod, h)), verb: "get",
			agent: "Python-urllib/3.13", ip: "10.20.6.140", namespace: "billing", resource: "configmaps", name: "report-schedule", code: 200})
	}
}

// deployment is the object of a deployment, with what a rollout changes.
func deployment(namespace, name, image, restarted string) Object {
	meta := Object{"annotations", Object{}}
	if restarted != "" {
		meta = Object{"annotations", Object{"kubectl.kubernetes.io/restartedAt", restarted}}
	}
	return Object{"kind", "Deployment", "apiVersion", "apps/v1", "metadata", Object{"name", name, "namespace", namespace},
		"spec", Object{"template", Object{"metadata", meta, "spec", Object{"serviceAccountName", name, "containers", []Object{{"name", name, "image", image}}}}}}
}

// rollouts are how the portal was deployed by CI, and what controllers made of
// it and of the agent's restart.
func (w *world) rollouts(add func(audited)) {
	image := tooling + ".dkr.ecr." + north + ".amazonaws.com/customer-portal:8f31c2d"
	ci := w.session(w.who.ciDeploy, "GitHubActions", "11:20:07")
	add(audited{at: "11:21:40", user: w.roleUser(ci, "halden:deployers"), verb: "patch", agent: "helm/v3.19.2 kubernetes/8adc0f0", ip: runners,
		namespace: "shop", resource: "deployments", group: "apps", name: "customer-portal", code: 200, request: deployment("shop", "customer-portal", image, "")})
	for _, r := range []struct{ at, pod, set string }{{"11:21:41", portalPod, "customer-portal-7c9d5f6b4"}, {"13:50:32", portalNew, "customer-portal-6f4b8c9d7"}} {
		controller := func(name string) Object {
			return Object{"username", "system:serviceaccount:kube-system:" + name, "uid", w.ids.UUID("service account", "kube-system", name),
				"groups", []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}}
		}
		agent := "kube-controller-manager/v1.35.1 (linux/amd64) kubernetes/8adc0f0/system:serviceaccount:kube-system:"
		set := Object{"kind", "ReplicaSet", "apiVersion", "apps/v1", "metadata", Object{"name", r.set, "namespace", "shop",
			"ownerReferences", []Object{{"apiVersion", "apps/v1", "kind", "Deployment", "name", "customer-portal", "uid", w.ids.UUID("deployment", "customer-portal"), "controller", true}}}}
		add(audited{at: r.at, user: controller("deployment-controller"), verb: "create", agent: agent + "deployment-controller", ip: controlIP,
			namespace: "shop", resource: "replicasets", group: "apps", name: r.set, code: 201, request: set})
		pod := Object{"kind", "Pod", "apiVersion", "v1", "metadata", Object{"name", r.pod, "namespace", "shop",
			"ownerReferences", []Object{{"apiVersion", "apps/v1", "kind", "ReplicaSet", "name", r.set, "uid", w.ids.UUID("replicaset", r.set), "controller", true}}},
			"spec", Object{"serviceAccountName", "customer-portal", "containers", []Object{{"name", "customer-portal", "image", image}}}}
		add(audited{at: r.at, user: controller("replicaset-controller"), verb: "create", agent: agent + "replicaset-controller", ip: controlIP,
			namespace: "shop", resource: "pods", name: r.pod, code: 201, request: pod})
	}
}

// hands are what people did with kubectl, and the agent with its second key:
// it restarts the portal, which does not help, and reads a secret on the way.
func (w *world) hands(add func(audited)) {
	erik := Object{"username", "erik.sand", "uid", "aws-iam-authenticator:" + prod + ":" + w.who.erik.ID, "groups", []string{"halden:viewers", "system:authenticated"},
		"extra", Object{"arn", []string{w.who.erik.ARN()}, "canonicalArn", []string{w.who.erik.ARN()}}}
	mira := w.roleUser(w.who.mira, "halden:platform")
	agent := w.roleUser(w.who.deploy, "system:masters")
	linux := "kubectl/v1.35.1 (linux/amd64) kubernetes/8adc0f0"
	add(audited{at: "10:44:10", user: erik, verb: "list", agent: linux, ip: office, namespace: "billing", resource: "pods", code: 200})
	add(audited{at: "10:44:52", user: erik, verb: "get", agent: linux, ip: office, namespace: "billing", resource: "secrets", name: "ledger-encryption", code: 403,
		reason: `secrets "ledger-encryption" is forbidden: User "erik.sand" cannot get resource "secrets" in API group "" in the namespace "billing"`})
	add(audited{at: "10:47:30", user: erik, as: Object{"username", "system:serviceaccount:billing:invoice-report", "groups", []string{"system:serviceaccounts", "system:authenticated"}},
		verb: "get", agent: linux, ip: office, namespace: "billing", resource: "configmaps", name: "report-schedule", code: 200})
	add(audited{at: "13:31:12", user: mira, verb: "list", agent: kubectl, ip: office, namespace: "billing", resource: "pods", code: 200})
	add(audited{at: "13:49:40", user: agent, verb: "list", agent: kubectl, ip: office, namespace: "shop", resource: "pods", code: 200})
	add(audited{at: "13:50:04", user: agent, verb: "get", agent: kubectl, ip: office, namespace: "billing", resource: "secrets", name: "ledger-encryption", code: 200})
	add(audited{at: "13:50:31", user: agent, verb: "patch", agent: kubectl, ip: office, namespace: "shop", resource: "deployments", group: "apps", name: "customer-portal", code: 200,
		request: Object{"spec", Object{"template", Object{"metadata", Object{"annotations", Object{"kubectl.kubernetes.io/restartedAt", day + "13:50:31Z"}}}}}})
	add(audited{at: "13:58:20", user: mira, verb: "create", agent: kubectl, ip: office, namespace: "shop", resource: "pods", subresource: "exec", name: portalNew, code: 101})
}
