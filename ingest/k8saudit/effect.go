package k8saudit

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// action is what was done, in IAM's style: k8s:<Verb>:<resource>[.<group>][/<subresource>],
// as k8s:Create:pods/exec or k8s:Patch:deployments.apps. Of a request that is
// about no resource it is the path: k8s:Get:/healthz.
func action(e *event) string {
	verb := e.verb
	if verb != "" {
		verb = strings.ToUpper(verb[:1]) + verb[1:]
	}
	r := &e.ref
	if r.resource == "" {
		return "k8s:" + verb + ":" + path(e.uri)
	}
	s := "k8s:" + verb + ":" + r.resource
	if r.group != "" {
		s += "." + r.group
	}
	if r.subresource != "" {
		s += "/" + r.subresource
	}
	return s
}

// path is the first part of a URI's path, and the second of what is grouped:
// few enough to be labels. The query, which may hold anything, is left out.
func path(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	parts := strings.SplitN(strings.TrimPrefix(uri, "/"), "/", 3)
	keep := 1
	switch parts[0] {
	case "apis", "api", "openapi", ".well-known":
		keep = 2
	}
	return "/" + strings.Join(parts[:min(keep, len(parts))], "/")
}

// channels are subresources that open a way into what runs. They are GET over
// WebSockets and POST before (Kubernetes 1.31), so the verb does not count.
var channels = map[string]graph.Effect{"pods/exec": graph.Control, "pods/attach": graph.Control, "pods/portforward": graph.Control,
	"pods/proxy": graph.Use, "services/proxy": graph.Use}

// effects is our own table of what a change of a subresource does.
var effects = map[string]graph.Effect{
	"pods/ephemeralcontainers": graph.Control, "pods/eviction": graph.Delete,
	"serviceaccounts/token":               graph.Use, // like AssumeRole: a credential for rights that are there already
	"certificatesigningrequests/approval": graph.Grant,
}

// questions are created to be answered: they change nothing.
var questions = map[string]bool{"tokenreviews": true, "subjectaccessreviews": true, "localsubjectaccessreviews": true,
	"selfsubjectaccessreviews": true, "selfsubjectrulesreviews": true, "selfsubjectreviews": true}

// rights are the resources that say who may do what.
var rights = map[string]bool{"roles": true, "clusterroles": true, "rolebindings": true, "clusterrolebindings": true}

// workloads are the resources that run code under a service account, with where
// their template of a pod stands.
var workloads = map[string][]string{
	"pods": {"spec"}, "podtemplates": {"template", "spec"},
	"deployments": {"spec", "template", "spec"}, "replicasets": {"spec", "template", "spec"}, "statefulsets": {"spec", "template", "spec"},
	"daemonsets": {"spec", "template", "spec"}, "replicationcontrollers": {"spec", "template", "spec"}, "jobs": {"spec", "template", "spec"},
	"cronjobs": {"spec", "jobTemplate", "spec", "template", "spec"},
}

// effect says what a call does to its primary target, by our own table, else by
// the verb.
func effect(e *event) graph.Effect {
	r := &e.ref
	if r.subresource != "" {
		sub := r.resource + "/" + r.subresource
		if f, ok := channels[sub]; ok {
			return f
		}
		if f, ok := effects[sub]; ok && !readVerb(e.verb) {
			return f
		}
		if sub == "nodes/proxy" && (!readVerb(e.verb) || strings.Contains(e.uri, "/exec") || strings.Contains(e.uri, "/run")) {
			return graph.Control // the kubelet's own API runs commands in any of its pods
		}
	}
	switch {
	case readVerb(e.verb):
		if r.resource == "secrets" && r.group == "" {
			return graph.SecretRead
		}
		return graph.Read
	case e.verb == "create" && questions[r.resource]:
		return graph.Read
	case rights[r.resource] && r.subresource == "":
		return graph.Grant
	case e.verb == "delete" || e.verb == "deletecollection":
		return graph.Delete
	case workloads[r.resource] != nil && r.subresource == "" && setsCode(e):
		return graph.Control
	case e.verb == "create" && r.subresource == "":
		return graph.Create
	case r.resource == "":
		return graph.Use
	}
	return graph.Change
}

func readVerb(verb string) bool {
	switch verb {
	case "get", "list", "watch", "head", "options":
		return true
	}
	return false
}

// setsCode reports whether a change of a workload may change what runs: where
// the request is logged it must touch the template of the pods.
func setsCode(e *event) bool {
	if e.verb == "create" || !e.request.IsObject() {
		return true
	}
	return !e.request.At(templateOf(e.ref.resource)...).Null()
}

// templateOf is where the template of a workload's pods stands.
func templateOf(resource string) []string {
	at := workloads[resource]
	if len(at) > 1 {
		return at[:len(at)-1]
	}
	return at
}

// plane is DATA where the call goes through the API server to a program.
func plane(e *event) graph.Plane {
	switch e.ref.subresource {
	case "proxy", "portforward":
		return graph.DataPlane
	}
	return graph.ControlPlane
}

// outcome is how the call ended, by the status of the answer: 401 and 403 are
// DENIED, 429 THROTTLED, other 4xx the caller's ERROR, 5xx and a panic the API
// server's FAULT. A read of what is not there is a PROBE. Without an answer the
// decision of the authorizer says it.
func outcome(e *event) graph.Outcome {
	switch c := e.code; {
	case e.stage == stagePanic || c >= 500:
		return graph.Fault
	case c == 401 || c == 403:
		return graph.Denied
	case c == 429:
		return graph.Throttled
	case c == 404 && readVerb(e.verb) && plane(e) == graph.ControlPlane:
		return graph.Probe
	case c >= 400:
		return graph.Failed
	case c == 0 && e.note("authorization.k8s.io/decision") == "forbid":
		return graph.Denied
	}
	return graph.OK
}
