package cloudtrail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// maxDocument bounds the text of a policy document that is kept, in bytes;
// IAM's own limit for a managed policy is 6,144 characters, S3's 20 kB.
const maxDocument = 20 << 10

// policyText is a policy document as JSON text without white space, whether the
// record holds it as an object, as a string, or URL-encoded; nil where it is
// none.
func policyText(text string) Value {
	if strings.HasPrefix(text, "%7B") || strings.HasPrefix(text, "%7b") {
		if plain, err := url.QueryUnescape(text); err == nil {
			text = plain
		}
	}
	var out bytes.Buffer
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Compact(&out, []byte(text)) != nil {
		return nil
	}
	return Value(out.Bytes())
}

// policy writes the node of a policy document, or of a statement of one, by
// the hash of its text.
func (e *emitter) policy(text Value) (ref graph.NodeRef, hash string) {
	sum := sha256.Sum256(text)
	hash = hex.EncodeToString(sum[:])
	ref = e.b.Node(graph.ID("policy:sha256:"+hash), graph.Policy, "aws.policy.document")
	kept := ingest.RedactText(string(text))
	if len(kept) > maxDocument {
		kept = strings.ToValidUTF8(kept[:maxDocument], "")
	}
	e.b.Attr(ref, "document", kept, e.t)
	return ref, hash
}

// documented is a policy written: the call reaches the document too, which a
// later reader finds by its content.
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
	if doc := policyText(text); doc != nil {
		ref, _ := e.policy(doc)
		e.extra = append(e.extra, ref)
	}
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

// trust writes who may assume a role by a trust policy: each statement's
// principals, with the statement's effect and hash. The statement's text is
// that of the policy node whose hash begins so. A later policy replaces an
// earlier one: what holds at a time are the statements of the latest Began.
func (e *emitter) trust(role graph.NodeRef, text string) {
	doc := policyText(text)
	if doc == nil {
		return
	}
	ref, _ := e.policy(doc)
	e.extra = append(e.extra, ref)
	doc.Get("Statement").Items(func(s Value) bool {
		_, hash := e.policy(s)
		effect := "Allow"
		if s.Get("Effect").Str() == "Deny" {
			effect = "Deny"
		}
		label := e.b.Label(graph.Label{Detail: effect + ":" + hash[:16]})
		each := func(n node) {
			if n.known() {
				e.b.Standing(graph.StandingKey{From: e.ref(&n), To: role, Label: label, Kind: graph.Trusts}, e.t, e.src, e.mark(graph.Began, e.t))
			}
		}
		if p := s.Get("Principal"); !p.Null() {
			principals(p, each)
		} else if !s.Get("NotPrincipal").Null() {
			each(node{id: "aws:principal:*", kind: graph.Identity, typ: typePrincipal}) // everyone but those in the text
		}
		return true
	})
}

// principals calls f for every principal of a policy statement.
func principals(p Value, f func(node)) {
	if p.IsString() {
		f(trusted("AWS", p.Str()))
		return
	}
	p.Each(func(kind string, v Value) bool {
		v.Items(func(v Value) bool {
			f(trusted(kind, v.Str()))
			return true
		})
		return true
	})
}

// trusted is a principal as a policy names it. An account's root ARN stands
// for the whole account there, not for its root user.
func trusted(kind, name string) node {
	name = strings.Clone(name)
	switch {
	case name == "":
		return node{}
	case kind == "Service":
		return serviceNode(name)
	case kind == "Federated" && isARN(name):
		n := node{id: graph.ID(name)}
		n.kind, n.typ = kindType(n.id)
		return n
	case kind == "Federated":
		return node{id: graph.ID("aws:principal:" + name), kind: graph.Identity, typ: typePrincipal}
	case len(name) == 12 && digits(name):
		return node{id: graph.ID("aws:account:" + name), kind: graph.Account, typ: "aws.account"}
	}
	if arn, ok := splitARN(name); ok {
		if arn.Service == "iam" && arn.Resource == "root" {
			return node{id: graph.ID("aws:account:" + arn.Account), kind: graph.Account, typ: "aws.account"}
		}
		if n := arnIdentity(name); n.known() {
			return n
		}
		n := node{id: graph.ID(name)}
		n.kind, n.typ = kindType(n.id)
		return n
	}
	return node{id: graph.ID("aws:principal:" + name), kind: graph.Identity, typ: typePrincipal}
}
