package neo4j

import (
	"cmp"

	"github.com/blastradius/blastradius/graph"
)

// edgeKey is what an edge is found by: its hour (with the graph's number above
// it), the hash of its target, and the hash of the rest of its identity.
type edgeKey struct{ h, target, edge int64 }

func compareKey(a, b edgeKey) int {
	return cmp.Or(cmp.Compare(a.h, b.h), cmp.Compare(a.target, b.target), cmp.Compare(a.edge, b.edge))
}

// hourKey is an hour as edges carry it; zero is that of standing edges.
func (s *Store) hourKey(h graph.Hour) int64 { return s.number<<32 | int64(h) }

// hourOf undoes hourKey.
func hourOf(h int64) graph.Hour { return graph.Hour(h & (1<<32 - 1)) }

// identity is the hash of all that tells edges to one target apart.
func identity(from string, k graph.EdgeKind, l graph.Label, o graph.Outcome, v graph.Via) int64 {
	return hash(from, l.Action, string([]byte{byte(k), byte(l.Effect), byte(l.Match), byte(l.Role), byte(l.Plane), byte(l.Join), byte(o)}), l.Detail,
		string(v.Agent), string(v.Client), string(v.Service))
}
