package explore

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// The node types that decide who acts.
const (
	typeLongLived   = "aws.key.longlived"
	typePassword    = "aws.password"
	typeService     = "aws.service"
	typeWebIdentity = "aws.webidentity"
	typeSAML        = "aws.saml"
	typeCertificate = "aws.certificate"
	typeDirectory   = "aws.identitycenter.user"
	typeSignIn      = "aws.session.signin"
	typeRoot        = "aws.iam.root"
	typeUser        = "aws.iam.user"
	typeRequest     = "aws.request"

	typeServiceAccount = "k8s.serviceaccount"
	typeOtelService    = "otel.service"
	typeAppToken       = "github.token.app"
	typeWorkflowRun    = "github.workflowrun"
)

// programTypes are the types that only programs act as, or with, each with the
// reason.
var programTypes = map[string]string{"github.app": "a GitHub app", "github.token": "long-lived token", typeAppToken: "an app's token",
	typeWorkflowRun: "a workflow run", "github.key": "a key that programs use", typeOtelService: "a service, by its traces"}

// who is what decides about a call: its narrowest actor and what it came
// through.
type who struct {
	actor   graph.ID
	agent   bool
	browser bool
	service bool
}

// verdict is a class with its reason, a phrase without names.
type verdict struct {
	class  Class
	reason string
}

// ci are the web-identity providers that only pipelines and workloads use.
var ci = []string{"token.actions.githubusercontent.com", "gitlab", "oidc.circleci.com", "app.terraform.io", "vstoken.dev.azure.com", "agent.buildkite.com", "oidc.eks.", "system:serviceaccount:"}

// who says who made a call; the first rule that fits decides.
func (a *ancestry) who(actor graph.ID, via graph.Via) verdict {
	return a.decide(who{actor, via.Agent != "", interactive(via.Client), via.Service != ""}, map[graph.ID]bool{})
}

// interactive reports whether the client is a program that only people use.
func interactive(client graph.ID) bool {
	return client == "client:browser" || client == "client:console"
}

func (a *ancestry) decide(w who, path map[graph.ID]bool) verdict {
	if v, ok := a.verdicts[w]; ok {
		return v
	}
	v := a.rules(w, path)
	if len(path) == 0 {
		a.verdicts[w] = v
	}
	return v
}

func (a *ancestry) rules(w who, path map[graph.ID]bool) verdict {
	typ := a.typ(w.actor)
	switch {
	case w.agent:
		return verdict{NHI, "through an AI agent"}
	case typ == typeLongLived:
		return verdict{NHI, "long-lived key"}
	case typ == typeService:
		return verdict{NHI, "AWS service"}
	case typ == typeCertificate:
		return verdict{NHI, "workload certificate"}
	case programTypes[typ] != "":
		return verdict{NHI, programTypes[typ]}
	case typ == typeWebIdentity && pipeline(w.actor):
		return verdict{NHI, "CI or workload token"}
	case serviceLinked(a.identity(w.actor)):
		return verdict{NHI, "service-linked role"}
	}
	for _, s := range a.sessions(w.actor) {
		if len(a.runBy[s]) > 0 {
			return verdict{NHI, "workload's own session"}
		}
	}
	if typ == typePassword || w.browser || a.console(w.actor) {
		return verdict{Human, map[bool]string{true: "browser", false: "console session"}[w.browser && !a.console(w.actor) && typ != typePassword]}
	}
	if w.service {
		return verdict{NHI, "made by a service on the caller's behalf"}
	}
	switch typ {
	case typeDirectory, typeSAML:
		return verdict{Human, "workforce sign-in"}
	case typeSignIn:
		return verdict{Human, "console sign-in"}
	}
	return a.inherited(w.actor, path)
}

// inherited is the class of whoever issued the actor, or the session that holds
// it.
func (a *ancestry) inherited(actor graph.ID, path map[graph.ID]bool) verdict {
	if path[actor] {
		return verdict{Unknown, "issued in a circle"}
	}
	path[actor] = true
	behind := append([]graph.ID{actor}, a.sessions(actor)...)
	for _, s := range a.sessions(actor) {
		behind = append(behind, a.siblings(s)...)
	}
	defer delete(path, actor)
	for _, id := range behind {
		if len(a.issued[id]) == 0 {
			continue
		}
		i := a.issued[id][0]
		v := a.decide(who{i.from, i.via.Agent != "", interactive(i.via.Client), i.via.Service != ""}, path)
		if v.class != Unknown && !strings.HasPrefix(v.reason, "issued to: ") {
			v.reason = "issued to: " + v.reason
		}
		return v
	}
	switch a.kind(actor) {
	case graph.Identity:
		return verdict{Unknown, "no credential in the record"}
	case graph.Credential, graph.Session:
		return verdict{Unknown, "its issuer is not in the data"}
	}
	return verdict{Unknown, "nothing is known of the caller"}
}

// console reports whether there is evidence that the actor is, or belongs to, a
// console session.
func (a *ancestry) console(actor graph.ID) bool {
	for _, s := range a.sessions(actor) {
		n := a.nodes[s]
		if n.Attrs.Value("console") == "true" {
			return true
		}
	}
	return false
}

func pipeline(id graph.ID) bool {
	for _, p := range ci {
		if strings.Contains(string(id), p) {
			return true
		}
	}
	return false
}

func serviceLinked(id graph.ID) bool { return strings.Contains(string(id), ":role/aws-service-role/") }

// class says what an identity is, from what is known of it and, where that is
// silent, from the calls seen.
func (a *ancestry) class(id graph.ID, seen map[Class]int) verdict {
	n := a.nodes[id]
	if c, ok := a.corrects[id]; ok {
		return verdict{c, "corrected by hand"}
	}
	if v, ok := plainClass(&n); ok {
		return v
	}
	switch {
	case n.Kind == graph.Credential || n.Kind == graph.Session:
		return a.who(id, graph.Via{})
	case a.people[id]:
		return verdict{Human, "has a password for the console"}
	case seen[Human] > 0:
		return verdict{Human, "a person was seen acting as it"}
	case seen[NHI] > 0 && seen[Unknown] == 0:
		return verdict{NHI, "only non-human calls were seen"}
	}
	return verdict{Unknown, "the data does not say"}
}

// plainClass is the class that type and id alone give.
func plainClass(n *graph.Node) (verdict, bool) {
	switch {
	case n.Type == typeService:
		return verdict{NHI, "AWS service"}, true
	case serviceLinked(n.ID):
		return verdict{NHI, "service-linked role"}, true
	case n.Type == typeDirectory:
		return verdict{Human, "user of a workforce directory"}, true
	case n.Type == typeRoot:
		return verdict{Human, "root of the account"}, true
	case strings.Contains(string(n.ID), ":role/aws-reserved/sso.amazonaws.com/"):
		return verdict{Human, "permission set of IAM Identity Center"}, true
	case n.Type == typeServiceAccount:
		return verdict{NHI, "service account"}, true
	case n.Kind != graph.Credential && programTypes[n.Type] != "":
		return verdict{NHI, programTypes[n.Type]}, true
	}
	return verdict{}, false
}

func hasPrefix(id graph.ID, p string) bool { return strings.HasPrefix(string(id), p) }
