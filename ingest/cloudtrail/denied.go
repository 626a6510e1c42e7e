package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// exactness says how much of a resource a denial names.
type exactness uint8

const (
	noResource  exactness = iota // the message names none
	anyResource                  // "*"
	wildcard                     // a pattern: arn:aws:ec2:us-east-1:1:security-group/*
	named                        // an IAM thing by type and name, made into an ARN
	bareName                     // a name without its type; no ARN can be made
	exactARN
)

// denial is what the message of a refused call says.
type denial struct {
	Action     string // as IAM spells it
	Principal  string // ARN, or what stands in its place
	Resource   string // ARN, pattern, name, "*" or empty
	Exactness  exactness
	PolicyType string // identity-based, resource-based, service control …; empty where not said
	PolicyARN  string // the policy with the explicit deny, where named
}

// denialText is where a record explains a refusal: its errorMessage, or for
// services that leave that empty (GuardDuty) the message of its response.
func denialText(r *Record) string {
	if r.ErrorMessage != "" || len(r.Response) == 0 {
		return r.ErrorMessage
	}
	return r.Response.Fold("message").Str()
}

// refusal is what a record's own denial message says, if it has one.
func refusal(r *Record) (denial, bool) {
	if r.ErrorCode == "" && r.ErrorMessage == "" {
		return denial{}, false
	}
	return parseDenied(denialText(r), r)
}

// parseDenied reads the sentence IAM writes when it refuses a call:
//
//	User: P is not authorized to perform: A on resource: R because no T policy allows the A action
//	User: P is not authorized to perform: A on resource: R with an explicit deny in a T policy: arn:…
//
// with whatever service-specific text before and behind it. It reports false
// for anything else, such as EC2's encoded messages.
func parseDenied(msg string, r *Record) (denial, bool) {
	const pivot = "not authorized to perform"
	i := strings.Index(msg, pivot)
	for i >= 0 && strings.HasPrefix(msg[i+len(pivot):], " this ") { // "You are not authorized to perform this operation. …"
		next := strings.Index(msg[i+len(pivot):], pivot)
		if next < 0 {
			return denial{}, false
		}
		i += len(pivot) + next
	}
	if i < 0 {
		return denial{}, false
	}
	var d denial
	if head := msg[:i]; strings.Contains(head, "User: ") {
		d.Principal, _, _ = strings.Cut(head[strings.LastIndex(head, "User: ")+len("User: "):], " ")
	}
	rest := strings.TrimLeft(msg[i+len(pivot):], ": ")
	act, rest, _ := strings.Cut(rest, " ")
	act = strings.TrimRight(act, ".,")
	if prefix, name, ok := strings.Cut(act, ":"); !ok || prefix == "" || name == "" {
		return denial{}, false
	}
	d.Action = spell(act)

	if quoted, ok := strings.CutPrefix(rest, `on resource: "`); ok { // as S3 writes it
		if res, reason, ok := strings.Cut(quoted, `"`); ok {
			d.Resource, d.Exactness = deniedResource(res, d.Action, r)
			d.PolicyType, d.PolicyARN = deniedPolicy(reason)
			return d, true
		}
	}
	reason := len(rest)
	for _, s := range []string{"because ", "with an explicit deny", "Encoded authorization failure"} {
		if j := strings.Index(rest, s); j >= 0 && j < reason {
			reason = j
		}
	}
	if res, ok := strings.CutPrefix(rest[:reason], "on resource: "); ok {
		d.Resource, d.Exactness = deniedResource(strings.TrimRight(strings.TrimSpace(res), "."), d.Action, r)
	}
	d.PolicyType, d.PolicyARN = deniedPolicy(rest[reason:])
	return d, true
}

// deniedPolicy reads "because no T policy allows the A action" and "with an
// explicit deny in a T policy: ARN".
func deniedPolicy(reason string) (typ, arn string) {
	for _, lead := range []string{"because no ", "explicit deny in a ", "explicit deny in an ", "explicit deny in the "} {
		i := strings.Index(reason, lead)
		if i < 0 {
			continue
		}
		rest := reason[i+len(lead):]
		end := strings.Index(rest, " policy")
		if b := strings.Index(rest, " boundary"); b >= 0 && (end < 0 || b < end) { // stands without the word policy
			end = b + len(" boundary")
		}
		if end < 0 {
			return "", ""
		}
		typ, rest = rest[:end], strings.TrimPrefix(rest[end:], " policy")
		if a, ok := strings.CutPrefix(rest, ": "); ok && strings.HasPrefix(a, "arn:") {
			arn, _, _ = strings.Cut(a, " ")
			arn = strings.TrimRight(arn, ".")
		}
		return typ, arn
	}
	return "", ""
}

// iamWords are the types that IAM writes before a bare name, with the resource
// part of their ARN.
var iamWords = []struct{ word, resource string }{
	{"user ", "user/"}, {"role ", "role/"}, {"policy ", "policy/"}, {"group ", "group/"},
	{"instance profile ", "instance-profile/"}, {"server certificate ", "server-certificate/"},
	{"mfa device ", "mfa/"}, {"SAML provider ", "saml-provider/"}, {"OIDC provider ", "oidc-provider/"},
}

// deniedResource makes an ARN of what stands behind "on resource:".
func deniedResource(s, act string, r *Record) (string, exactness) {
	switch {
	case s == "":
		return "", noResource
	case s == "*":
		return s, anyResource
	case strings.HasPrefix(s, "arn:"):
		if !strings.HasPrefix(s, "arn:aws:s3:") { // an object's key may hold spaces
			s, _, _ = strings.Cut(s, " ")
		}
		if strings.Contains(s, "*") {
			return s, wildcard
		}
		return s, exactARN
	}
	for _, w := range iamWords {
		name, ok := strings.CutPrefix(s+" ", w.word)
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(strings.TrimSpace(name), " ") // "policy arn:… version v2"
		if !strings.HasPrefix(name, "arn:") {
			name = graph.ARN{Partition: partitionOf(r.Region), Service: "iam", Account: accountOf(r),
				Resource: w.resource + name}.String()
		}
		return name, named
	}
	if id, ok := fillOne(templatesOf(act), s, r); ok && !strings.Contains(s, " ") {
		return string(id), named
	}
	return s, bareName
}
