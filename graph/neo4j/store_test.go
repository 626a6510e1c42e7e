package neo4j_test

import (
	"context"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/graph/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel() // with TestServerKilled, which waits for servers
	storetest.Run(t, func(t *testing.T) graph.Store { return neo4jtest.Open(t) })
}

func TestReopen(t *testing.T) {
	storetest.Reopen(t, func(t *testing.T) (graph.Store, func() graph.Store) {
		o := neo4jtest.Fresh(t)
		var s *neo4j.Store
		reopen := func() graph.Store {
			if s != nil {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			if s, err = neo4j.Open(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			return s
		}
		t.Cleanup(func() { _ = s.Close() })
		return reopen(), reopen
	})
}
