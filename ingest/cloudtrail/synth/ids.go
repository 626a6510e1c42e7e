package synth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// IDs makes the identifiers of a story from its seed and what they name, so
// that a change in one place of the story changes no id elsewhere.
type IDs struct{ Seed string }

func (g IDs) sum(parts []string) []byte {
	s := sha256.Sum256([]byte(g.Seed + "\x00" + strings.Join(parts, "\x00")))
	return s[:]
}

// UUID is a version 4 UUID.
func (g IDs) UUID(parts ...string) string {
	b := g.sum(parts)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// letters writes n characters of the alphabet.
func (g IDs) letters(alphabet string, n int, parts []string) string {
	b := g.sum(parts)
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[int(b[i%len(b)]^byte(i/len(b)*85))%len(alphabet)]
	}
	return string(out)
}

const (
	base32  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // of AWS's unique ids
	upper36 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	alnum   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// Key is an access key id, 20 characters. It ends in EXAMPLE like those of
// AWS's documentation, so that nobody takes it for a real one.
func (g IDs) Key(prefix string, parts ...string) string {
	return prefix + g.letters(base32, 9, append(parts, "key")) + "EXAMPLE"
}

// Unique is the unique id of a principal, 21 characters (AROA…, AIDA…).
func (g IDs) Unique(prefix string, parts ...string) string {
	return prefix + g.letters(base32, 10, append(parts, "id")) + "EXAMPLE"
}

// Hex is n hexadecimal digits, at most 64.
func (g IDs) Hex(n int, parts ...string) string { return hex.EncodeToString(g.sum(parts))[:n] }

// Token is a session token; it holds SecretMarker.
func (g IDs) Token(parts ...string) string {
	return "IQoJb3JpZ2luX2Vj" + SecretMarker + base64.StdEncoding.EncodeToString(g.sum(append(parts, "token")))
}

// request is a request id in the form the service uses.
func (g IDs) request(service, event string) string {
	switch service {
	case "s3":
		return g.letters(upper36, 16, []string{"request", event})
	case "dynamodb":
		return g.letters(upper36, 52, []string{"request", event})
	}
	return g.UUID("request", event)
}
