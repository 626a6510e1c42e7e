package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
)

// TestNeo4jScripts runs the program on a Neo4j, each script with graphs of its
// own.
func TestNeo4jScripts(t *testing.T) {
	s := neo4jtest.Shared(t)
	_, host, _ := strings.Cut(s.URI, "://")
	testscript.Run(t, scriptParams("testdata/neo4j", func(e *testscript.Env) {
		e.Setenv("BLASTRADIUS_NEO4J_USERNAME", s.Username)
		e.Setenv("BLASTRADIUS_NEO4J_PASSWORD", s.Password)
		e.Setenv("NEO4J_HOST", "neo4j://"+host)
		for name, scheme := range map[string]string{"NEO4J": "neo4j", "NEO4J_OTHER": "bolt", "NEO4J_TLS": "neo4j+s"} {
			e.Setenv(name, scheme+"://"+host+"/neo4j?graph="+neo4jtest.Fresh(t).Graph)
		}
		e.Setenv("NEO4J_CA", s.CA)
		if err := os.WriteFile(filepath.Join(e.WorkDir, "password"), []byte(s.Password+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}))
}
