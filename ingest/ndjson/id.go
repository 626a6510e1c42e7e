package ndjson

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsid"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// slot is the part that something plays in a record.
type slot uint8

// The slots.
const (
	slotIdentity slot = iota
	slotCredential
	slotSession
	slotResource
	slotClient
	slots
)

// plain is what a plain word in a slot names: ndjson:<word>:<text>.
var plain = [slots]struct {
	word string
	kind graph.Kind
}{{"identity", graph.Identity}, {"credential", graph.Credential}, {"session", graph.Session}, {"resource", graph.Resource}, {"client", graph.Client}}

// typed are the beginnings of ids that other sources write: a text that begins
// so is used as it is, and so joins with them.
var typed = []string{"arn:", "aws:", "k8s:", "otel:", "gcp:", "azure:", "github:", "agent:", "client:", "ndjson:", "spiffe://"}

// name is the node that a text in a slot names: by an id that any source uses,
// an AWS key as people paste it, or a word of its own. Secrets in it are removed.
func name(text string, s slot) (id graph.ID, kind graph.Kind, typ string) {
	text = ingest.RedactText(text)
	switch {
	case strings.HasPrefix(text, "arn:"):
		return arn(text, s)
	case isKey(text):
		n := awsid.Key(text)
		return n.ID, n.Kind, n.Type
	}
	for _, p := range typed {
		if strings.HasPrefix(text, p) && len(text) > len(p) {
			kind, typ := kindType(text, s)
			return graph.ID(text), kind, typ
		}
	}
	return graph.ID("ndjson:" + plain[s].word + ":" + text), plain[s].kind, "ndjson." + plain[s].word
}

// arn is what an ARN names in a slot. Its kind is left to sources that know the
// provider's types, where they see it: a larger kind gives way (graph.Node.Merge).
func arn(text string, s slot) (graph.ID, graph.Kind, string) {
	if n := awsid.Identity(text); n.Known() {
		return n.ID, n.Kind, n.Type
	}
	if s == slotIdentity {
		return graph.ID(text), graph.Service, "" // what acts and is no principal runs code
	}
	return graph.ID(text), plain[s].kind, ""
}

// kinds of typed ids, by their beginning; the first that fits counts.
var kinds = []struct {
	prefix string
	kind   graph.Kind
	typ    string
}{
	{"aws:password:", graph.Credential, awsid.TypePassword}, {"aws:webidentity:", graph.Credential, "aws.webidentity"},
	{"aws:oauth:", graph.Credential, "aws.oauth"}, {"aws:saml:", graph.Credential, "aws.saml"}, {"aws:certificate:", graph.Credential, "aws.certificate"},
	{"aws:session:", graph.Session, ""}, {"aws:request:", graph.Session, "aws.request"},
	{"aws:service:", graph.Identity, awsid.TypeService}, {"aws:principal:", graph.Identity, awsid.TypePrincipal},
	{"aws:account:", graph.Account, awsid.TypeAccount}, {"aws:endpoint:", graph.Resource, "aws.endpoint"},
	{"otel:service:", graph.Service, ""}, {"agent:", graph.Agent, ""}, {"client:", graph.Client, "client"},
	{"ndjson:identity:", graph.Identity, "ndjson.identity"}, {"ndjson:credential:", graph.Credential, "ndjson.credential"},
	{"ndjson:session:", graph.Session, "ndjson.session"}, {"ndjson:resource:", graph.Resource, "ndjson.resource"},
}

func kindType(text string, s slot) (graph.Kind, string) {
	if key, ok := strings.CutPrefix(text, "aws:key:"); ok {
		n := awsid.Key(key)
		return n.Kind, n.Type
	}
	if kind, typ, ok := k8sid.KindType(graph.ID(text)); ok {
		return kind, typ
	}
	for _, k := range kinds {
		if strings.HasPrefix(text, k.prefix) {
			return k.kind, k.typ
		}
	}
	return plain[s].kind, ""
}

// isKey reports whether a text is an AWS access key id.
func isKey(s string) bool {
	if len(s) < 16 || len(s) > 128 || s[:4] != "AKIA" && s[:4] != "ASIA" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
