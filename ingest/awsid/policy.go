package awsid

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// maxDocument bounds the text of a policy document that is kept, in bytes: IAM's
// limit for a managed policy is 6,144 characters, S3's for a bucket's 20 kB, but
// policies of AWS's own exceed both.
const maxDocument = 128 << 10

// The attributes of a policy document.
const (
	// AttrDocument is its text.
	AttrDocument = "document"
	// AttrEverything says that a statement of it allows every action on every
	// resource: "always", or "conditions" where each such statement has some.
	AttrEverything = "allowsEverything"
)

// Document is the canonical text of a policy document, the same whichever
// source shows it: members sorted, no white space. The text may be JSON or
// percent-encoded JSON; nil where it is no JSON object.
func Document(text string) []byte {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") && strings.IndexByte(text, '%') >= 0 {
		if plain, err := url.PathUnescape(text); err == nil { // IAM encodes by RFC 3986
			text = strings.TrimSpace(plain)
		}
	}
	if !strings.HasPrefix(text, "{") {
		return nil
	}
	out, err := jsontext.AppendFormat(nil, []byte(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true),
		jsontext.ReorderRawObjects(true), jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	if err != nil {
		return nil
	}
	return out
}

// Policy writes the node of a policy document, or of a statement of one, by the
// hash of its canonical text, which it returns in hex.
func Policy(b *graph.Builder, doc []byte, t graph.Time) (ref graph.NodeRef, hash string) {
	sum := sha256.Sum256(doc)
	hash = hex.EncodeToString(sum[:])
	ref = b.Node(graph.ID("policy:sha256:"+hash), graph.Policy, TypeDocument)
	kept := ingest.RedactText(string(doc))
	if len(kept) > maxDocument {
		kept = strings.ToValidUTF8(kept[:maxDocument], "")
	}
	b.Attr(ref, AttrDocument, kept, t)
	b.Attr(ref, AttrEverything, everything(doc), t)
	return ref, hash
}

// statement is one statement of a policy, with its text.
type statement struct {
	Effect       word
	Action       words
	Resource     words
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]json.RawMessage

	text []byte
}

// statements are those of a document; what is none is left out.
func statements(doc []byte) []statement {
	var d struct{ Statement many }
	if json.Unmarshal(doc, &d) != nil {
		return nil
	}
	var out []statement
	for _, text := range d.Statement {
		s := statement{text: text}
		if json.Unmarshal(text, &s) == nil {
			out = append(out, s)
		}
	}
	return out
}

// everything is the value of AttrEverything; empty where nothing allows
// everything.
func everything(doc []byte) string {
	found := ""
	for _, s := range statements(doc) {
		if s.Effect != "Allow" || !slices.Contains(s.Resource, "*") || !slices.ContainsFunc(s.Action, func(a string) bool { return a == "*" || a == "*:*" }) {
			continue
		}
		if len(s.Condition) == 0 {
			return "always"
		}
		found = "conditions"
	}
	return found
}

// many is a value or a list of values; null has none.
type many []json.RawMessage

func (m *many) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if string(b) != "null" && json.Unmarshal(b, &list) != nil {
		list = []json.RawMessage{slices.Clone(b)}
	}
	*m = list
	return nil
}

// word is a string; any other value is none.
type word string

func (w *word) UnmarshalJSON(b []byte) error {
	var s string
	_ = json.Unmarshal(b, &s) // what is no string leaves it empty
	*w = word(s)
	return nil
}

// words is a string or a list of strings; other values are left out.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	var list many
	_ = list.UnmarshalJSON(b) // never fails
	for _, v := range list {
		var s word
		if _ = s.UnmarshalJSON(v); s != "" {
			*w = append(*w, string(s))
		}
	}
	return nil
}
