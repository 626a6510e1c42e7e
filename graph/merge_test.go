package graph_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/blastradius/blastradius/graph"
)

// Attributes merge to one set, in whatever order and grouping they come.
func TestAttrsMergeIsFreeOfOrder(t *testing.T) {
	attr := rapid.Custom(func(t *rapid.T) graph.Attr {
		at := graph.Time(rapid.IntRange(1, 5).Draw(t, "at"))
		return graph.Attr{Name: rapid.SampledFrom([]string{graph.AttrName, graph.AttrTool, "other"}).Draw(t, "name"),
			Value: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "value"), First: at, Last: at}
	})
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(attr, 1, 8).Draw(t, "attrs")
		var one graph.Attrs
		for _, x := range xs {
			one = one.Merge(graph.Attrs{x})
		}
		ys := rapid.Permutation(xs).Draw(t, "permuted")
		cut := rapid.IntRange(0, len(ys)).Draw(t, "cut")
		var left, right graph.Attrs
		for _, y := range ys[:cut] {
			left = left.Merge(graph.Attrs{y})
		}
		for _, y := range ys[cut:] {
			right = right.Merge(graph.Attrs{y})
		}
		if diff := cmp.Diff(one, left.Merge(right)); diff != "" {
			t.Fatalf("merged otherwise (-one by one, +in groups):\n%s", diff)
		}
	})
}

// An observation that gains its call in a merge counts under that call.
func TestUnionObservationsKeepsCallAndKeyTogether(t *testing.T) {
	plain := graph.Observation{At: 1, Evidence: "e@1", CallKey: graph.CallKeyOf("e@1"), Source: graph.Ref{Seq: 1}}
	shared := graph.Observation{At: 1, Evidence: "e@1", Call: "shared:s", CallKey: graph.CallKeyOf("shared:s"), Source: graph.Ref{Seq: 2}}
	for _, in := range [][]graph.Observation{{plain, shared}, {shared, plain}} {
		got := graph.UnionObservations(slices.Clone(in), nil)
		if len(got) != 1 || got[0].CallKey != graph.CallKeyOf(got[0].CallID()) || got[0].Call != "shared:s" || got[0].Source.Seq != 1 {
			t.Errorf("union of %v is %v", in, got)
		}
	}
}
