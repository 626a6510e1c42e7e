package explore

import (
	"cmp"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// terrain is a part of the graph in memory, with nodes and edges numbered: what
// one walk has read, or what the hot window holds for many. Joins of two records
// are made here, so that the walk sees edges only.
type terrain struct {
	num      map[graph.ID]int32
	nodes    []site
	links    []link
	instants []instant // of the links of events
	facts    []fact    // of the links of standing facts
	words    numbered[graph.Label]
	vias     numbered[graph.Via]
	tails    numbered[string]
	grown    []int32                // nodes with links that are not in order
	cuts     *scissors              // what is taken to have been cut; may be nil
	full     uint32                 // kinds of edges that are known of every node, as a mask
	rotated  map[int32][]graph.Time // bounds of what rotates, for one walk over a held terrain
	size     int64                  // bytes of text and of facts
}

// site is a node of the terrain.
type site struct {
	graph.Node
	read, inert   bool    // read: Node is whole; of an unknown node it never is anything but its ID
	lived         bool    // life is known
	outs, ins     []arc   // standing facts, then events by hour
	gotOut, gotIn uint32  // kinds of edges that were read, as a mask
	guises        *guises // nil: it means one thing at all times
	life          []graph.Span
}

// arc is a link as one of its ends has it.
type arc struct {
	hour graph.Hour // the link's: what lies in a window is found without looking at links
	link int32
}

// guises are the times and ids by which a node means several things.
type guises struct {
	bounds  []graph.Time // where a new generation begins, sorted
	bearers []bearer     // nodes that this one is the short id of
	short   []int32      // the short ids of this one
	rotates bool         // bounds depend on what the walk may see
}

// bearer is a node that has another one's id as alias, with when it does.
type bearer struct {
	node   int32
	window graph.Window
}

func newTerrain() *terrain { return &terrain{num: map[graph.ID]int32{}} }

// number is the node's number.
func (t *terrain) number(id graph.ID) int32 {
	n, ok := t.num[id]
	if !ok {
		n = int32(len(t.nodes))
		t.num[id] = n
		t.nodes = append(t.nodes, site{Node: graph.Node{ID: id}, gotOut: t.full, gotIn: t.full})
		t.size += int64(len(id))
	}
	return n
}

// put adds a link.
func (t *terrain) put(l link) {
	n := int32(len(t.links))
	t.links = append(t.links, l)
	t.nodes[l.from].outs = append(t.nodes[l.from].outs, arc{l.hour, n})
	t.nodes[l.to].ins = append(t.nodes[l.to].ins, arc{l.hour, n})
	t.grown = append(t.grown, l.from, l.to)
}

// order puts the links of each node in order.
func (t *terrain) order() {
	slices.Sort(t.grown)
	by := func(a, b arc) int { return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.link, b.link)) }
	for _, n := range slices.Compact(t.grown) {
		slices.SortFunc(t.nodes[n].outs, by)
		slices.SortFunc(t.nodes[n].ins, by)
	}
	t.grown = t.grown[:0]
}

// within splits the links of one side of a node into its standing facts and the
// events from the hour of one time to that of another.
func within(side []arc, from, to graph.Time) (facts, events []arc) {
	at := func(h graph.Hour) int {
		lo, hi := 0, len(side)
		for lo < hi {
			if mid := (lo + hi) / 2; side[mid].hour < h {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return lo
	}
	if len(side) == 0 {
		return nil, nil
	}
	first := at(standing + 1)
	low, high := at(max(from.Hour(), 0)), len(side)
	if to != forever {
		high = at(to.Hour() + 1)
	}
	return side[:first], side[low:max(low, high)]
}

// own are the ids whose edges are the node's: itself and its short ids.
func (t *terrain) own(n int32) []int32 { return append([]int32{n}, t.short(n)...) }

// short are the node's short ids.
func (t *terrain) short(n int32) []int32 {
	if g := t.nodes[n].guises; g != nil {
		return g.short
	}
	return nil
}

// numbered gives each of a few different values a number.
type numbered[T comparable] struct {
	all []T
	num map[T]uint32
}

func (x *numbered[T]) number(v T) uint32 {
	n, ok := x.num[v]
	if !ok {
		if x.num == nil {
			x.num = map[T]uint32{}
		}
		n = uint32(len(x.all))
		x.all, x.num[v] = append(x.all, v), n
	}
	return n
}
