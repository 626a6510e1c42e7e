package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"iter"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
	"go.uber.org/goleak"
)

// startServer serves st until the test ends it; done gives what serveHTTP
// returned.
func startServer(t *testing.T, o serverOptions) (url string, stop func(), done <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan string, 1), make(chan error, 1)
	o.Explorer = explore.New(o.Store, explore.Options{})
	o.Limits = api.DefaultLimits
	o.Now = time.Now
	o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.Listening = func(url string) { listening <- url }
	go func() { ended <- serveHTTP(ctx, o) }()
	select {
	case url = <-listening:
	case err := <-ended:
		cancel()
		t.Fatal(err)
	}
	return url, cancel, ended
}

// slowStore answers Sources only when it is let.
type slowStore struct {
	*storetest.Model
	asked, release chan struct{}
}

func (s slowStore) Sources(context.Context) iter.Seq2[graph.Source, error] {
	return func(yield func(graph.Source, error) bool) {
		s.asked <- struct{}{}
		<-s.release
		yield(graph.Source{Seq: 7}, nil)
	}
}

// Told to end, the server takes nothing new, and finishes what is under way.
func TestServerDrains(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // servers that other tests share go on
	st := slowStore{storetest.NewModel(), make(chan struct{}), make(chan struct{})}
	url, stop, done := startServer(t, serverOptions{Store: st, Listen: "127.0.0.1:0"})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer := make(chan string, 1)
	go func() {
		res, err := client.Post(url+"/graphql", "application/json", strings.NewReader(`{"query":"{ sources { sources { seq } } }"}`))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		answer <- string(text)
	}()
	<-st.asked
	stop()
	for range 100 { // the listener closes soon
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		_ = c.Close()
		time.Sleep(10 * time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("ended with a request under way: %v", err)
	default:
	}
	go func() { // explore may read the ledger more than once
		for range st.asked {
		}
	}()
	close(st.release)
	if got := <-answer; !strings.Contains(got, `"seq":7`) {
		t.Errorf("answered %s", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	close(st.asked)
}

// With tokens and TLS the server may be reached from elsewhere, under any name.
func TestServerWithTLS(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // servers that other tests share go on
	dir := t.TempDir()
	pool := writeCertificate(t, dir)
	tokens := filepath.Join(dir, "tokens")
	if err := os.WriteFile(tokens, []byte("0123456789abcdef0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url, stop, done := startServer(t, serverOptions{Store: storetest.NewModel(), Listen: "0.0.0.0:0", TokensFile: tokens,
		TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
	if err != nil || !strings.HasPrefix(url, "https://") {
		t.Fatal(url, err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.test"}}}
	for token, want := range map[string]int{"0123456789abcdef0123": 200, "wrong": 401, "": 401} {
		req, err := http.NewRequest("POST", "https://127.0.0.1:"+port+"/graphql", strings.NewReader(`{"query":"{ watermark }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "example.test"
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("token %q: %d, want %d", token, res.StatusCode, want)
		}
	}
	old := &tls.Config{RootCAs: pool, ServerName: "example.test", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", "127.0.0.1:"+port, old); err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 was taken")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

// A panic below the API is logged for the operator and hidden from the client.
func TestServerSurvivesPanic(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // servers that other tests share go on
	url, stop, done := startServer(t, serverOptions{Store: brokenStore{storetest.NewModel()}, Listen: "127.0.0.1:0"})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 2 {
		res, err := client.Post(url+"/graphql", "application/json", strings.NewReader(`{"query":"{ sources { cursor } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if !strings.Contains(string(text), `"INTERNAL"`) || strings.Contains(string(text), "detail") {
			t.Errorf("%s", text)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

type brokenStore struct{ *storetest.Model }

func (brokenStore) Sources(context.Context) iter.Seq2[graph.Source, error] { panic("detail") }
