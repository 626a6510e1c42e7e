package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// Redact returns JSON, or what is left of it, without its secret values: those
// under the keys of secretKeys, and what looks like a secret in any string
// (RedactText), also in JSON that stands in strings. All else is kept byte for
// byte, but a string that held a secret may be escaped anew. It is idempotent,
// takes any bytes, and returns its argument where there is nothing to remove.
func Redact(data []byte) []byte {
	out, changed := redactJSON(data, 0)
	if !changed {
		return data
	}
	return out
}

// maxNesting is how many strings within strings are read as JSON; deeper ones
// are treated as text.
const maxNesting = 8

// redactJSON scans tokens rather than parses: what is broken must not pass
// unredacted.
func redactJSON(data []byte, nesting int) (out []byte, changed bool) {
	var (
		stack  []secrecy // of the containers open
		within secrecy   // of the innermost
		value  secrecy   // of the value that comes next
		kept   int       // data up to here is in out
	)
	replace := func(from, to int, by []byte) {
		out = append(append(out, data[kept:from]...), by...)
		kept, changed = to, true
	}
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '"':
			end := stringEnd(data, i)
			body := data[i+1 : end]
			closed := end < len(data)
			next := end
			if closed {
				next++
			}
			if j := skipSpace(data, next); j < len(data) && data[j] == ':' { // a key
				text := unquote(body)
				value = max(within&forced, secrecyOf(text))
				if clean := RedactText(text); clean != text {
					replace(i+1, end, quote(clean))
				}
				i = j + 1
				continue
			}
			if by, ok := redactString(body, max(value, within&forced), nesting); ok {
				replace(i+1, end, by)
			}
			value = public
			i = next
		case c == '{' || c == '[':
			stack = append(stack, within)
			// A list under a secret key holds secrets; an object does only
			// where the key leaves no doubt.
			if value == likely && c == '[' {
				within = likely
			} else {
				within = max(value, within) & forced
			}
			value = within
			i++
		case c == '}' || c == ']':
			if n := len(stack); n > 0 {
				within, stack = stack[n-1], stack[:n-1]
			}
			value = within
			i++
		case c == ',':
			value = within
			i++
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(data) && strings.IndexByte("0123456789+-.eE", data[end]) >= 0 {
				end++
			}
			if value == forced {
				replace(i, end, []byte(`"`+Redacted+`"`))
			}
			i = end
		default:
			i++
		}
	}
	if !changed {
		return data, false
	}
	return append(out, data[kept:]...), true
}

// redactString is the body of a string, between its quotes, without its
// secrets; ok says whether there were any.
func redactString(body []byte, s secrecy, nesting int) (by []byte, ok bool) {
	text := unquote(body)
	switch {
	case s == codeLike && !looksLikeCode(text):
		s = public
	case text == "" || text == Redacted || text == "HIDDEN_DUE_TO_SECURITY_REASONS" || strings.HasPrefix(text, "arn:"):
		return nil, false // nothing, gone already, or a reference
	}
	if s != public {
		return []byte(Redacted), true
	}
	clean := text
	if nesting < maxNesting && strings.IndexByte(text, '"') >= 0 && strings.ContainsAny(text, "{[") {
		if inner, changed := redactJSON([]byte(text), nesting+1); changed {
			clean = string(inner)
		}
	}
	clean = RedactText(clean)
	if clean == text {
		return nil, false
	}
	return quote(clean), true
}

// stringEnd is the index of the quote that closes the string begun at i, or
// the end of data.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(data)
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r') {
		i++
	}
	return i
}

// unquote undoes the escapes of a string's body; one that is not valid is
// taken as it stands.
func unquote(body []byte) string {
	if bytes.IndexByte(body, '\\') < 0 {
		return string(body)
	}
	var s string
	if !utf8.Valid(body) || json.Unmarshal(append(append([]byte{'"'}, body...), '"'), &s) != nil {
		return string(body)
	}
	return s
}

// quote is the body of a JSON string that says s.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil { // cannot happen: a string always encodes
		return []byte(Redacted)
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(b.Bytes()), []byte{'"'}), []byte{'"'})
}

// secrecy says what a key makes of its value. The values are bits so that
// x&forced is what an object hands down.
type secrecy uint8

const (
	public   secrecy = 0
	codeLike secrecy = 1 // a string that looks like an authorization code
	likely   secrecy = 2 // a string, or a list of them; an object is looked into
	forced   secrecy = 4 // everything below
)

// secretKeys are names of secret values, lower case, without - and _. Behind
// them stand the request and response elements of the service APIs: sts
// (credentials, web identity, SAML), iam (login profiles, MFA seeds and codes,
// service-specific credentials), signin and sso-oidc (OAuth), secretsmanager,
// ssm, kms (Plaintext, data key pairs), ec2 (key material, password data, user
// data), rds, redshift and directory service (passwords), ecr and codeartifact
// (authorization tokens), cognito (tokens, codes).
var secretKeys = map[string]secrecy{
	"password": forced, "passwd": forced, "pwd": forced, "passphrase": forced, "passworddata": forced,
	"secretaccesskey": forced, "secretkey": forced, "sessiontoken": forced, "securitytoken": forced,
	"secretstring": forced, "secretbinary": forced, "secretvalue": forced, "clientsecret": forced,
	"plaintext": forced, "privatekey": forced, "privatekeyplaintext": forced, "keymaterial": forced,
	"userdata": forced, "refreshtoken": forced, "accesstoken": forced, "idtoken": forced, "webidentitytoken": forced,
	"samlassertion": forced, "samlresponse": forced, "clientassertion": forced, "subjecttoken": forced,
	"actortoken": forced, "signintoken": forced, "bearertoken": forced, "authtoken": forced, "authorizationtoken": forced,
	"authorizationcode": forced, "devicecode": forced, "usercode": forced, "codeverifier": forced, "tokencode": forced,
	"mfacode": forced, "confirmationcode": forced, "authenticationcode1": forced, "authenticationcode2": forced,
	"base32stringseed": forced, "qrcodepng": forced, "servicepassword": forced, "servicecredentialsecret": forced, "presharedkey": forced,
	"xamzsecuritytoken": forced, "xamzsignature": forced, "apikeyvalue": forced, "tokenvalue": forced,
	"secret": likely, "token": likely, "assertion": likely, "authorization": likely, "proxyauthorization": likely,
	"cookie": likely, "setcookie": likely, "xapikey": likely, "apikey": likely,
	"code": codeLike,
}

// secretSuffixes are how compound names of secrets end: masterUserPassword,
// oauthClientSecret, initialAccessToken.
var secretSuffixes = []struct {
	end string
	is  secrecy
}{
	{"password", forced}, {"passphrase", forced}, {"clientsecret", forced}, {"secretaccesskey", forced},
	{"secretstring", forced}, {"secretbinary", forced}, {"sessiontoken", forced}, {"accesstoken", forced},
	{"refreshtoken", forced}, {"idtoken", forced}, {"authtoken", forced}, {"privatekey", forced}, {"plaintext", forced},
	{"sharedsecret", likely}, {"userdata", forced}, {"userdatabase64", forced},
}

// secrecyOf says what a key makes of its value. Of a name in parts, such as
// http.request.header.authorization, the last part counts.
func secrecyOf(key string) secrecy {
	key = key[strings.LastIndexByte(key, '.')+1:]
	if len(key) > 64 {
		return public
	}
	b := make([]byte, 0, 64)
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case c == '-' || c == '_':
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	if s := secretKeys[string(b)]; s != public {
		return s
	}
	for _, x := range secretSuffixes {
		if bytes.HasSuffix(b, []byte(x.end)) {
			return x.is
		}
	}
	return public
}

// looksLikeCode tells an authorization code from words like AccessDenied or
// Client.UserInitiatedShutdown.
func looksLikeCode(s string) bool {
	return len(s) >= 12 && strings.IndexByte(s, ' ') < 0 && strings.ContainsAny(s, "0123456789")
}
