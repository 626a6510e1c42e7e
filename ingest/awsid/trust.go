package awsid

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Trusts writes who may assume a role by a trust policy: each statement's
// principals. The label is "Allow:" or "Deny:" and the first 16 digits of the
// statement's hash, then ":if" where the statement has conditions and ":except"
// where its principals are all but those it names; the statement's text is that
// of the policy node whose hash begins so. Where marks say when a policy was
// set, it replaces an earlier one: what holds at a time are the statements of
// the latest Began.
func Trusts(b *graph.Builder, role graph.NodeRef, doc []byte, t graph.Time, src graph.Ref, marks ...graph.Mark) {
	for _, s := range statements(doc) {
		_, hash := Policy(b, s.text, t)
		detail := "Allow:" + hash[:16]
		if s.Effect == "Deny" {
			detail = "Deny:" + hash[:16]
		}
		if len(s.Condition) > 0 {
			detail += ":if"
		}
		who := principals(s.Principal)
		if s.Principal == nil && s.NotPrincipal != nil {
			detail += ":except"
			who = []Node{Principal("*")}
		}
		label := b.Label(graph.Label{Detail: detail})
		for _, n := range who {
			b.Standing(graph.StandingKey{From: n.In(b), To: role, Label: label, Kind: graph.Trusts}, t, src, marks...)
		}
	}
}

// principals are those that a statement's Principal names.
func principals(p json.RawMessage) (out []Node) {
	add := func(kind string, names words) {
		for _, name := range names {
			out = append(out, trusted(kind, name))
		}
	}
	var byKind map[string]words
	if json.Unmarshal(p, &byKind) == nil {
		for _, kind := range slices.Sorted(maps.Keys(byKind)) {
			add(kind, byKind[kind])
		}
		return out
	}
	var names words
	if json.Unmarshal(p, &names) == nil {
		add("AWS", names)
	}
	return out
}

// trusted is a principal as a policy names it. An account's root ARN stands
// for the whole account there, not for its root user.
func trusted(kind, name string) Node {
	arn, isARN := graph.ParseARN(name)
	switch {
	case kind == "Service":
		return Service(name)
	case len(name) == 12 && strings.Trim(name, "0123456789") == "":
		return Account(name)
	case !isARN:
		return Principal(name)
	case arn.Service == "iam" && arn.Resource == "root":
		return Account(arn.Account)
	}
	if n := Identity(name); n.Known() && kind != "Federated" {
		return n
	}
	word, _, _ := strings.Cut(arn.Resource, "/")
	return Node{graph.ID(name), graph.Resource, "aws." + arn.Service + "." + strings.ToLower(word)}
}
