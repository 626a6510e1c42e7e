package neo4j_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
)

// What goes wrong at opening has a code and a hint, and never the password.
func TestOpenErrors(t *testing.T) {
	const secret = "swordfish-4711"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "bolt://" + ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	good := neo4jtest.Fresh(t)
	for _, c := range []struct {
		name   string
		change func(*neo4j.Options)
		code   string
		says   string
	}{
		{"no server", func(o *neo4j.Options) { o.URI, o.Password = nobody, secret }, graph.CodeUnavailable, "no Neo4j answers at bolt://127.0.0.1"},
		{"wrong password", func(o *neo4j.Options) { o.Password = secret }, graph.CodeUnauthorized, "refuses the user"},
		{"no such database", func(o *neo4j.Options) { o.Database = "nowhere" }, graph.CodeInvalid, `no database "nowhere"`},
		{"no such graph", func(o *neo4j.Options) { o.ReadOnly = true }, graph.CodeInvalid, "holds no graph " + good.Graph},
		{"password in the address", func(o *neo4j.Options) { o.URI = "bolt://neo4j:" + secret + "@127.0.0.1:7687" }, graph.CodeInvalid, "holds a user or password"},
		{"no address", func(o *neo4j.Options) { o.URI = "http://" + secret + "@x" }, graph.CodeInvalid, "cannot be read"},
		{"broken address", func(o *neo4j.Options) { o.URI = "neo4j://x:" + secret + "@h:%zz" }, graph.CodeInvalid, "cannot be read"},
		{"name of a graph", func(o *neo4j.Options) { o.Graph = "A~b" }, graph.CodeInvalid, "no name of a graph"},
		{"TLS with a stranger", func(o *neo4j.Options) {
			o.URI = strings.Replace(o.URI, "bolt://", "bolt+s://", 1)
		}, graph.CodeUnavailable, "no Neo4j answers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := good
			c.change(&o)
			s, err := neo4j.Open(t.Context(), o)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if graph.Code(err) != c.code || !strings.Contains(err.Error(), c.says) || graph.Hint(err) == "" {
				t.Errorf("got %s: %v (hint: %s), want %s and %q", graph.Code(err), err, graph.Hint(err), c.code, c.says)
			}
			if text := err.Error() + graph.Hint(err); strings.Contains(text, secret) || strings.Contains(text, good.Password) {
				t.Errorf("the error shows the password: %s", text)
			}
		})
	}
}

// The server's codes for rights and versions that the community server here
// cannot show.
func TestErrorCodes(t *testing.T) {
	for code, want := range map[string]string{
		"Neo.ClientError.Security.Forbidden":                    graph.CodeUnauthorized,
		"Neo.ClientError.General.ForbiddenOnReadOnlyDatabase":   graph.CodeUnauthorized,
		"Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": graph.CodeUnauthorized,
		"Neo.ClientError.Security.AuthenticationRateLimit":      graph.CodeUnauthorized,
		"Neo.ClientError.Security.CredentialsExpired":           graph.CodeUnauthorized,
		"Neo.TransientError.General.MemoryPoolOutOfMemoryError": graph.CodeUnavailable,
		"Neo.ClientError.Statement.SyntaxError":                 graph.CodeInternal,
	} {
		if err := neo4j.Explain(code); graph.Code(err) != want {
			t.Errorf("%s is %s: %v, want %s", code, graph.Code(err), err, want)
		} else if want != graph.CodeInternal && graph.Hint(err) == "" {
			t.Errorf("%s has no hint", code)
		}
	}
	for version, ok := range map[string]bool{"5.26.12": true, "5.26.0-SNAPSHOT": true, "2025.10.1": true, "6.0": true, "5.25.1": false, "4.4.48": false, "": false, "x.y": false} {
		if err := neo4j.Supported("Neo4j Kernel", version); (err == nil) != ok || err != nil && (graph.Code(err) != graph.CodeVersion || graph.Hint(err) == "") {
			t.Errorf("version %q: %v", version, err)
		}
	}
	if err := neo4j.Supported("", "5.26.12"); graph.Code(err) != graph.CodeVersion {
		t.Errorf("another product: %v", err)
	}
}

// A question under way ends with its context, and writing to what is read only
// is refused.
func TestReadOnly(t *testing.T) {
	o := neo4jtest.Fresh(t)
	s, err := neo4j.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.ReadOnly = true
	if s, err = neo4j.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Apply(t.Context(), &graph.Batch{}); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("Apply: %v", err)
	}
	if err := s.Prune(t.Context(), time.Now()); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("Prune: %v", err)
	}
}
