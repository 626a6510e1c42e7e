package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// grantee is the user, role or group that an IAM call is about, by its name;
// false where it failed or names none.
func (e *emitter) grantee() (graph.NodeRef, bool) {
	if e.outcome != graph.OK {
		return 0, false
	}
	for _, word := range [...]string{"user", "role", "group"} {
		if name := e.r.Request.Get(word + "Name").Str(); name != "" && name != hidden {
			return e.thing(arnID(partitionOf(e.r.Region), "iam", "", accountOf(e.r), word+"/"+name)), true
		}
	}
	return 0, false
}

// grantedBy writes where permissions come from since now, or until now.
func (e *emitter) grantedBy(from, to graph.NodeRef, how string) {
	kind := graph.Began
	if strings.HasPrefix(e.r.EventName, "Detach") || strings.HasPrefix(e.r.EventName, "Remove") {
		kind = graph.Ended
	}
	e.b.Standing(graph.StandingKey{From: from, To: to, Kind: graph.GrantedBy, Label: e.b.Label(graph.Label{Detail: how})}, e.t, e.src, e.mark(kind, e.t))
}

// attached is a managed policy attached or detached.
func (e *emitter) attached() {
	policy := e.r.Request.Get("policyArn").Str()
	if from, ok := e.grantee(); ok && isARN(policy) {
		e.grantedBy(from, e.thing(graph.ID(policy)), "attached")
	}
}

// grouped is a user put into a group or taken out of it.
func (e *emitter) grouped() {
	group := e.r.Request.Get("groupName").Str()
	if from, ok := e.grantee(); ok && group != "" && e.r.Request.Get("userName").Str() != "" {
		e.grantedBy(from, e.thing(arnID(partitionOf(e.r.Region), "iam", "", accountOf(e.r), "group/"+group)), "member")
	}
}

// inlined is an inline policy written: it replaces the one of its name. A
// deletion does not show the text, and so not which one it ends.
func (e *emitter) inlined() {
	name := e.r.Request.Get("policyName").Str()
	doc := awsid.Document(e.r.Request.Get("policyDocument").Str())
	if from, ok := e.grantee(); ok && doc != nil {
		to, _ := awsid.Policy(e.b, doc, e.t)
		e.grantedBy(from, to, "inline:"+strings.Clone(name))
	}
}

// versioned is a version of a managed policy written. Which one is in force,
// the record of its making or of SetDefaultPolicyVersion says.
func (e *emitter) versioned() {
	if e.outcome != graph.OK {
		return
	}
	arn := firstOf(e.r.Request.Get("policyArn").Str(), e.r.Response.At("policy", "arn").Str())
	version := firstOf(e.r.Response.At("policyVersion", "versionId").Str(), e.r.Response.At("policy", "defaultVersionId").Str(), e.r.Request.Get("versionId").Str())
	if !isARN(arn) || version == "" {
		return
	}
	policy := e.thing(graph.ID(arn))
	if e.r.EventName != "CreatePolicyVersion" || e.r.Request.Get("setAsDefault").Text() == "true" {
		e.b.Attr(policy, "defaultVersion", strings.Clone(version), e.t)
	}
	if doc := awsid.Document(e.r.Request.Get("policyDocument").Str()); doc != nil {
		to, _ := awsid.Policy(e.b, doc, e.t)
		e.grantedBy(policy, to, "version:"+strings.Clone(version))
	}
}
