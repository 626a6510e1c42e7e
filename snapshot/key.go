package snapshot

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// keyPrefix stands before a public key as people copy it.
const keyPrefix = "ed25519:"

// PublicText is a public key as people copy it: ed25519: and base64.
func PublicText(key ed25519.PublicKey) string {
	return keyPrefix + base64.StdEncoding.EncodeToString(key)
}

// ParsePublic reads what PublicText wrote. Errors have code INVALID.
func ParsePublic(text string) (ed25519.PublicKey, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	key, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(key) != ed25519.PublicKeySize {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "this is no public key", Hint: "as snapshot create printed it: " + keyPrefix + "…"}
	}
	return key, nil
}

// NewKey makes a key from randomness, and the text of its file: PKCS #8 in PEM,
// as openssl genpkey -algorithm ed25519 writes it.
func NewKey(random io.Reader) (ed25519.PrivateKey, []byte, error) {
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ParseKey reads the text of a key file. Its errors say nothing of the text.
func ParseKey(text []byte) (ed25519.PrivateKey, error) {
	invalid := &graph.Error{Code: graph.CodeInvalid, Message: "the file holds no Ed25519 key", Hint: "snapshot create --key FILE --new-key makes one"}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, invalid
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := any.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, invalid
	}
	return key, nil
}
