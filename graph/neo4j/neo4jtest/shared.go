package neo4jtest

import (
	"context"
	"os"
	"sync"
	"testing"
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
