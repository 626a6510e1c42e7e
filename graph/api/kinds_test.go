package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/google/go-cmp/cmp"
)

// The enums of the schema are the tables of graph, word for word and in order.
func TestSchemaHoldsTheTables(t *testing.T) {
	words := func(word func(i uint8) string) (out []string) {
		for i := uint8(1); !strings.Contains(word(i), "("); i++ { // beyond its list a word is "kind(12)"
			out = append(out, word(i))
		}
		return out
	}
	for name, word := range map[string]func(uint8) string{
		"Kind":     func(i uint8) string { return graph.Kind(i).String() },
		"EdgeKind": func(i uint8) string { return graph.EdgeKind(i).String() },
		"Outcome":  func(i uint8) string { return graph.Outcome(i).String() },
		"Effect":   func(i uint8) string { return graph.Effect(i).String() },
		"Match":    func(i uint8) string { return graph.Match(i).String() },
		"Role":     func(i uint8) string { return graph.Role(i).String() },
		"Plane":    func(i uint8) string { return graph.Plane(i).String() },
		"Join":     func(i uint8) string { return graph.Join(i).String() },
		"Physics":  func(i uint8) string { return graph.Physics(i).String() },
		"Taint":    func(i uint8) string { return graph.Taint(i).String() },
	} {
		var got []string
		for _, v := range parsedSchema.Types[name].EnumValues {
			got = append(got, v.Name)
			if v.Description == "" {
				t.Errorf("%s.%s has no description", name, v.Name)
			}
		}
		if d := cmp.Diff(words(word), got); d != "" {
			t.Errorf("enum %s (-graph +schema):\n%s", name, d)
		}
	}
	if n := len(graph.Kinds); fmt.Sprint(graph.Kinds[n-1].Kind) != graph.Kinds[n-1].Name {
		t.Error("the table of kinds is shifted")
	}
}
