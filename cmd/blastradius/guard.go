package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// A digest is the SHA-256 of a bearer token: tokens themselves are not kept.
type digest [sha256.Size]byte

// readTokens reads bearer tokens from a file, one a line; empty lines and lines
// that begin with # are left out.
func readTokens(path string) ([]digest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read tokens", Err: err}
	}
	var out []digest
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(line) < minToken {
			return nil, &graph.Error{Code: graph.CodeInvalid,
				Message: fmt.Sprintf("read tokens %s: a token is shorter than %d characters", path, minToken),
				Hint:    "openssl rand -hex 32 makes a good one"}
		}
		out = append(out, sha256.Sum256([]byte(line)))
	}
	if len(out) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read tokens " + path + ": no token in the file",
			Hint: "one token a line; openssl rand -hex 32 makes a good one"}
	}
	return out, nil
}

// minToken is the shortest bearer token we take: 16 characters, at least 64
// bits if they are hex.
const minToken = 16

// authorized lets a request through only with one of the tokens; no tokens let
// everything through. All tokens are compared, in constant time.
func authorized(tokens []digest, next http.Handler) http.Handler {
	if len(tokens) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
		found := 0
		for _, t := range tokens {
			found |= subtle.ConstantTimeCompare(t[:], sum[:])
		}
		if !strings.EqualFold(scheme, "Bearer") || found != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="blastradius"`)
			refuse(w, http.StatusUnauthorized, graph.CodeUnauthorized, "no or wrong bearer token",
				"send Authorization: Bearer TOKEN; the command line reads it from BLASTRADIUS_TOKEN or --token-file")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameHost lets a request through only if it names this machine: a page of
// another site that has its name point at loopback (DNS rebinding) sends its own
// name as Host. Any port will do, as tunnels change it.
func sameHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		switch strings.ToLower(strings.Trim(host, "[]")) {
		case "localhost", "127.0.0.1", "::1":
			next.ServeHTTP(w, r)
		default:
			refuse(w, http.StatusMisdirectedRequest, graph.CodeInvalid, "this server does not answer to that host name",
				"on loopback only localhost, 127.0.0.1 and [::1] are taken; for other names listen with --tokens-file and TLS")
		}
	})
}

// sameSite refuses what a browser sends on behalf of another site.
func sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			refuse(w, http.StatusForbidden, graph.CodeUnauthorized, "cross-site request refused", "")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// contentPolicy allows the page its own files and its own API, nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// editorPolicy also allows the query editor the styles that CodeMirror writes
// and the font that its sheet carries.
var editorPolicy = strings.Replace(contentPolicy, "style-src 'self'", "style-src 'self' 'unsafe-inline'; font-src 'self' data:", 1)

// hardened sets the headers that tell a browser to trust nothing.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// refuse answers with one GraphQL-shaped error, so that every client reads it
// the same way.
func refuse(w http.ResponseWriter, status int, code, message, hint string) {
	ext := map[string]string{"code": code}
	if hint != "" {
		ext["hint"] = hint
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": message, "extensions": ext}}})
}

// loopback reports whether a listen address is reachable from this machine
// alone.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
