package neo4j_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/graph/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel() // with TestServerKilled, which waits for servers
	storetest.Run(t, func(t *testing.T) graph.Store { return neo4jtest.Open(t) })
}

// Where the JDK can run a calendar version, the suite passes on it too.
func TestStoreOnCalendarVersion(t *testing.T) {
	neo4jtest.Shared(t)
	versions, err := neo4jtest.Versions(t.Context())
	if err != nil || len(versions) < 2 {
		t.Skip("no JDK for a second version: ", err)
	}
	server, err := neo4jtest.Start(t.Context(), neo4jtest.Options{Version: versions[1]})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	storetest.Run(t, func(t *testing.T) graph.Store {
		o := neo4jtest.Fresh(t)
		o.URI, o.Username, o.Password = server.URI, server.Username, server.Password
		s, err := neo4j.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}

// A hop is one statement, however many nodes it starts from, also where an
// edge's observations lie in many nodes.
func TestOneStatementAHop(t *testing.T) {
	s := neo4jtest.Open(t)
	at := graph.TimeOf(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	b := graph.NewBuilder()
	src := b.Source(graph.Source{Name: "hops"})
	frontier := []graph.ID{}
	for i := range 300 {
		from := graph.ID(fmt.Sprintf("from-%d", i))
		frontier = append(frontier, from)
		for n := range 1 + 600*(1-min(i, 1)) { // the first has more than an edge holds
			b.Event(graph.EventKey{From: b.Node(from, graph.Credential, "t"), To: b.Node("to", graph.Resource, "t"), Kind: graph.Called, Outcome: graph.OK, Label: b.Label(graph.Label{Action: "a"})},
				graph.Observation{At: at + graph.Time(n*5000), Evidence: fmt.Sprintf("e%d-%d", i, n), Source: graph.Ref{Seq: src, Record: uint32(n)}})
		}
	}
	if err := s.Apply(t.Context(), b.Batch()); err != nil {
		t.Fatal(err)
	}
	w := graph.Window{From: at + 90_000, To: at + 30*60_000}
	for _, c := range []struct {
		frontier []graph.ID
		dir      graph.Direction
		f        graph.Filter
		edges    int
	}{
		{frontier, graph.Out, graph.Filter{}, 300},
		{frontier, graph.Out, graph.Filter{Window: w}, 1},
		{[]graph.ID{"to"}, graph.In, graph.Filter{Window: w, Detail: graph.Times}, 1},
		{[]graph.ID{"to"}, graph.In, graph.Filter{Window: graph.Window{From: at, To: at + 1}}, 300},
		{nil, graph.Out, graph.Filter{Window: w}, 1},
		{nil, graph.Out, graph.Filter{Evidence: []string{"e0-450", "e7-0"}}, 2},
	} {
		before := s.Counters().Statements
		n := 0
		for _, err := range s.Edges(t.Context(), c.frontier, c.dir, c.f) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if sent := s.Counters().Statements - before; n != c.edges || sent != 1 {
			t.Errorf("%d of a frontier, %+v: %d edges by %d statements, want %d by one", len(c.frontier), c.f, n, sent, c.edges)
		}
	}
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
