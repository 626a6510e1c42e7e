package cloudtrail

import (
	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// policy writes a policy document that the call set: the call reaches it too,
// and a later reader finds it by its content. It is nil where text is none.
func (e *emitter) policy(text string) (doc []byte) {
	if doc = awsid.Document(text); doc != nil {
		ref, _ := awsid.Policy(e.b, doc, e.t)
		e.extra = append(e.extra, ref)
	}
	return doc
}

// documented is a policy written.
func (e *emitter) documented() {
	if e.outcome != graph.OK {
		return
	}
	var text string
	for _, key := range [...]string{"policyDocument", "bucketPolicy", "policy", "resourcePolicy", "policyText", "content"} {
		v := e.r.Request.Get(key)
		if v.IsObject() {
			text = string(v)
		} else {
			text = v.Str()
		}
		if text != "" {
			break
		}
	}
	e.policy(text)
}

// trustSet is UpdateAssumeRolePolicy: it replaces all that a role trusted.
func (e *emitter) trustSet() {
	name := e.r.Request.Get("roleName").Str()
	if e.outcome != graph.OK || name == "" {
		return
	}
	role := e.thing(arnID(partitionOf(e.r.Region), "iam", "", accountOf(e.r), "role/"+name))
	e.trust(role, e.r.Request.Get("policyDocument").Str())
}

// trust writes who may assume a role from now on.
func (e *emitter) trust(role graph.NodeRef, text string) {
	awsid.Trusts(e.b, role, e.policy(text), e.t, e.src, e.mark(graph.Began, e.t))
}
