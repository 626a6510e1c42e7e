package k8saudit

import (
	"encoding/json"
	"strings"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// scrub is an event without what only Kubernetes says to be secret: the data of
// Secrets, wherever they stand, and values of variables and patches whose name
// says secret. What looks like a secret anywhere is left to ingest.Redact. It is
// compact, and of malformed text holds only what could be read.
func scrub(raw jsonlog.Value) []byte {
	secrets := raw.At("objectRef", "resource").Str() == "secrets" || strings.Contains(raw.At("protoPayload", "resourceName").Str(), "/secrets")
	s := scrubber{secrets: secrets}
	s.value(raw, false, 0)
	return s.out
}

type scrubber struct {
	out     []byte
	secrets bool // the request is about secrets
}

func (s *scrubber) value(v jsonlog.Value, secret bool, depth int) {
	switch {
	case depth > jsonlog.MaxDepth:
		s.text(ingest.Redacted)
	case v.IsObject():
		s.object(v, secret, depth)
	case v.IsArray():
		s.out = append(s.out, '[')
		first := true
		v.Items(func(e jsonlog.Value) bool {
			if !first {
				s.out = append(s.out, ',')
			}
			first = false
			s.value(e, secret, depth+1)
			return true
		})
		s.out = append(s.out, ']')
	case v.IsString():
		s.text(v.Str())
	case v.Null():
		s.out = append(s.out, "null"...)
	default:
		s.out = append(s.out, v...)
	}
}

// object writes an object. secret says that it is, or lies in, a Secret's
// object.
func (s *scrubber) object(v jsonlog.Value, secret bool, depth int) {
	kind, name := v.Get("kind").Str(), v.Get("name").Str()+v.Get("path").Str()
	secret = secret || kind == "Secret" || kind == "SecretList" || strings.HasSuffix(v.Get("@type").Str(), ".Secret")
	s.out = append(s.out, '{')
	first := true
	v.Each(func(key string, m jsonlog.Value) bool {
		if !first {
			s.out = append(s.out, ',')
		}
		first = false
		s.text(key)
		s.out = append(s.out, ':')
		switch {
		case secret && (key == "data" || key == "stringData" || key == "value" || key == "patch"),
			key == "value" && secretName(name),
			key == "kubectl.kubernetes.io/last-applied-configuration" && (secret || strings.Contains(m.Str(), `"Secret"`)):
			if !m.Null() {
				s.text(ingest.Redacted)
				return true
			}
		}
		s.value(m, secret || s.secrets && (key == "requestObject" || key == "responseObject" || key == "request" || key == "response"), depth+1)
		return true
	})
	s.out = append(s.out, '}')
}

// secretName reports whether the name of a variable says that its value is
// secret.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, word := range [...]string{"password", "passwd", "secret", "token", "credential", "private", "apikey", "api_key", "access_key", "dsn"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func (s *scrubber) text(t string) {
	b, err := json.Marshal(t)
	if err != nil { // cannot happen: a string always encodes
		b = []byte(`""`)
	}
	s.out = append(s.out, b...)
}
