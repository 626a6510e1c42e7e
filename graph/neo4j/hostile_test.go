package neo4j_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/graph/storetest"
)

// Text of any kind comes back as it was: bytes that are no UTF-8, ids longer
// than an index takes, what looks like our own marks, attributes with the names
// of our properties.
func TestHostileText(t *testing.T) {
	long := strings.Repeat("x", 9000)
	ids := []graph.ID{"plain", "\xff\xfe", "~", "~~", "~other~id", "~~~", "\uFFFEq", "a\x00b", graph.ID(long + "1"), graph.ID(long + "2"), "ünïcode 🦊", "\U0010FFFF"}
	s, m := neo4jtest.Open(t), storetest.NewModel()
	for _, st := range []graph.Store{s, m} {
		b := graph.NewBuilder()
		src := b.Source(graph.Source{Name: "\xffname", Kind: "k", Note: long})
		for i, id := range ids {
			n := b.Node(id, graph.Resource, "type\xff")
			for _, name := range []string{"id", "longId", "type", "attrs", "tokens", "h", "name\xff", graph.AttrName, graph.AttrAlias, graph.AttrTag} {
				b.Attr(n, name, fmt.Sprintf("%s %d \xff %s", name, i, long[:i*200]), 5)
			}
			next := b.Node(ids[(i+1)%len(ids)], graph.Resource, "")
			b.Event(graph.EventKey{From: n, To: next, Kind: graph.Called, Outcome: graph.OK, Agent: next, Label: b.Label(graph.Label{Action: "a\xff" + long, Detail: string(id)})},
				graph.Observation{At: 1e12, Evidence: string(id), Call: "c\xff", Source: graph.Ref{Seq: src}})
			b.Standing(graph.StandingKey{From: n, To: next, Kind: graph.Trusts, Label: b.Label(graph.Label{Detail: long})}, 1e12, graph.Ref{Seq: src},
				graph.Mark{Kind: graph.Began, At: 7, Evidence: string(id), Source: graph.Ref{Seq: src}})
		}
		if err := st.Apply(t.Context(), b.Batch()); err != nil {
			t.Fatal(err)
		}
	}
	edges := func(st graph.Store, frontier []graph.ID, f graph.Filter) (out []graph.Edge) {
		f.Detail = graph.Evidence
		for e, err := range st.Edges(t.Context(), frontier, graph.In, f) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, e)
		}
		slices.SortFunc(out, func(a, b graph.Edge) int { return a.Compare(&b) })
		return out
	}
	nodes := func(st graph.Store, sel graph.Selector) map[graph.ID]graph.Node {
		out := map[graph.ID]graph.Node{}
		for n, err := range st.Nodes(t.Context(), sel) {
			if err != nil {
				t.Fatal(err)
			}
			out[n.ID] = n
		}
		return out
	}
	for _, id := range ids {
		if diff := cmp.Diff(edges(m, []graph.ID{id}, graph.Filter{}), edges(s, []graph.ID{id}, graph.Filter{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("edges to %.20q (-want +got):\n%s", id, diff)
		}
		if diff := cmp.Diff(nodes(m, graph.Selector{IDs: []graph.ID{id}}), nodes(s, graph.Selector{IDs: []graph.ID{id}})); diff != "" {
			t.Errorf("node %.20q (-want +got):\n%s", id, diff)
		}
		f := graph.Filter{Evidence: []string{string(id)}}
		if diff := cmp.Diff(edges(m, nil, f), edges(s, nil, f), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("edges by evidence %.20q (-want +got):\n%s", id, diff)
		}
	}
	if diff := cmp.Diff(nodes(m, graph.Selector{}), nodes(s, graph.Selector{})); diff != "" {
		t.Errorf("all nodes (-want +got):\n%s", diff)
	}
	for src, err := range s.Sources(t.Context()) {
		if err != nil || src.Name != "\xffname" || src.Note != long {
			t.Errorf("ledger entry %.20q, %v", src.Name, err)
		}
	}
	for _, k := range []string{"default", "g"} {
		for _, id := range ids {
			if got := neo4j.IDOf(k, id); got != id {
				t.Errorf("graph %s: %.20q comes back as %.20q", k, id, got)
			}
		}
	}
}
