package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8420": true, "localhost:0": true, "[::1]:1": true, "127.8.8.8:1": true,
		"0.0.0.0:8420": false, ":8420": false, "[::]:1": false, "10.0.0.1:1": false, "example.com:80": false, "127.0.0.1": false,
		"localhost.evil.example:1": false,
	} {
		if got := loopback(addr); got != want {
			t.Errorf("loopback(%q) = %v", addr, got)
		}
	}
}

func TestSameHost(t *testing.T) {
	h := sameHost(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8420": 200, "127.0.0.1:9": 200, "[::1]:8420": 200, "[::1]": 200, "LOCALHOST:1": 200,
		"evil.example": 421, "evil.example:8420": 421, "localhost.evil.example:8420": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestAuthorized(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte("# of the runbooks\n0123456789abcdef0123\n\n  fedcba9876543210ffff  \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := readTokens(path)
	if err != nil || len(tokens) != 2 {
		t.Fatal(len(tokens), err)
	}
	h := authorized(tokens, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	for header, want := range map[string]int{
		"Bearer 0123456789abcdef0123": 200, "bearer fedcba9876543210ffff": 200,
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer 0123456789abcdef012": 401, "Basic 0123456789abcdef0123": 401,
		"0123456789abcdef0123": 401, "Bearer # of the runbooks": 401,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", header, w.Code, want)
		}
	}
}

func TestReadTokensRefusesWeakFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "# none\n", "short": "secret\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readTokens(path); graph.Code(err) != graph.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readTokens(filepath.Join(dir, "absent")); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("absent: %v", err)
	}
}
