package neo4jtest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/blastradius/blastradius/graph/neo4j"
)

// EnvRequire, where it is set, makes a test fail that would be skipped for want
// of a server.
const EnvRequire = "BLASTRADIUS_TEST_REQUIRE"

var started struct {
	once sync.Once
	s    *Server
	err  error
}

// Shared is the server that the environment names, else one that this process
// starts on the first call and that ends with it. Where neither can be had the
// test is skipped, or fails where EnvRequire is set.
func Shared(t testing.TB) *Server {
	t.Helper()
	if uri := os.Getenv(EnvURI); uri != "" {
		return &Server{URI: uri, Username: os.Getenv(EnvUsername), Password: os.Getenv(EnvPassword), CA: os.Getenv(EnvCA)}
	}
	started.once.Do(func() { started.s, started.err = Start(context.Background(), Options{}) })
	if started.err != nil {
		if os.Getenv(EnvRequire) != "" {
			t.Fatal(started.err)
		}
		t.Skipf("NOT TESTED ON NEO4J: %v; %s", started.err, needs)
	}
	return started.s
}

// Fresh are the options of a graph on the shared server that no other test has.
func Fresh(t testing.TB) neo4j.Options {
	t.Helper()
	s := Shared(t)
	return neo4j.Options{URI: s.URI, Username: s.Username, Password: s.Password, Graph: "test" + strings.ToLower(rand.Text())}
}

// Open opens a fresh graph on the shared server, until the test ends.
func Open(t testing.TB) *neo4j.Store {
	t.Helper()
	s, err := neo4j.Open(context.Background(), Fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
