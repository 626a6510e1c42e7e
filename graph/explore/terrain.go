package explore

import (
	"cmp"
	"math"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// terrain is the part of the graph that a walk has read, with nodes and edges
// numbered. Joins of two records are made here, so that the walk sees edges
// only.
type terrain struct {
	num   map[graph.ID]int32
	nodes []site
	links []link
	cuts  *scissors // what is taken to have been cut; may be nil
	full  uint32    // kinds of edges that are known of every node, as a mask
}

// site is a node of the terrain.
type site struct {
	graph.Node
	read          bool // Node is whole; of an unknown node it never is anything but its ID
	inert         bool
	outs, ins     []int32      // links
	gotOut, gotIn uint32       // kinds of edges that were read, as a mask
	bounds        []graph.Time // where a new generation begins, sorted
	bearers       []bearer     // nodes that this one is the short id of
	short         []int32      // the short ids of this one
}

// bearer is a node that has another one's id as alias, with when it does.
type bearer struct {
	node   int32
	window graph.Window
}

// link is an edge of the terrain. What is the same for the hours of an event
// edge may stand on several links.
type link struct {
	from, to int32
	kind     graph.EdgeKind
	outcome  graph.Outcome
	label    *graph.Label
	via      graph.Via
	sights   []sight // of an event, by time
	first    graph.Time
	spans    []graph.Span // of a standing fact
	marks    []graph.Mark
	derived  bool
}

func newTerrain() *terrain { return &terrain{num: map[graph.ID]int32{}} }

// number is the node's number.
func (t *terrain) number(id graph.ID) int32 {
	n, ok := t.num[id]
	if !ok {
		n = int32(len(t.nodes))
		t.num[id] = n
		t.nodes = append(t.nodes, site{Node: graph.Node{ID: id}, gotOut: t.full, gotIn: t.full})
	}
	return n
}

// add adds an edge that was read at its From (dir Out) or To, unless the other
// end has brought it.
func (t *terrain) add(e *graph.Edge, dir graph.Direction, f *filters) {
	from, to := t.number(e.From), t.number(e.To)
	bit := uint32(1) << e.Kind
	if dir == graph.In && t.nodes[from].gotOut&bit != 0 && f.brings(graph.Out, e) ||
		dir == graph.Out && t.nodes[to].gotIn&bit != 0 && f.brings(graph.In, e) {
		return
	}
	label := e.Label
	l := link{from: from, to: to, kind: e.Kind, outcome: e.Outcome, label: &label, via: e.Via, first: e.First, marks: e.Marks}
	if e.Kind.Standing() {
		l.spans = e.Spans()
	}
	for _, o := range e.Observations {
		l.sights = append(l.sights, sight{o.At, o.Evidence})
	}
	t.put(l)
}

func (t *terrain) put(l link) {
	n := int32(len(t.links))
	t.links = append(t.links, l)
	t.nodes[l.from].outs = append(t.nodes[l.from].outs, n)
	t.nodes[l.to].ins = append(t.nodes[l.to].ins, n)
}

// spot is a node in one of its generations.
type spot struct {
	node int32
	gen  uint16
}

// at is what the node's id means at a time: the node whose short id it is, if
// any, in the generation of that time.
func (t *terrain) at(n int32, at graph.Time) spot {
	p := &t.nodes[n]
	for _, b := range p.bearers {
		if b.window.Contains(at) {
			return spot{b.node, generation(t.nodes[b.node].bounds, at)}
		}
	}
	return spot{n, generation(p.bounds, at)}
}

// simple reports whether the node means one thing at all times.
func (t *terrain) simple(n int32) bool {
	return len(t.nodes[n].bounds) == 0 && len(t.nodes[n].bearers) == 0
}

// means are the spots that the node's id means over a window, each with when.
func (t *terrain) means(n int32, w graph.Window) []meaning {
	if t.simple(n) {
		return []meaning{{spot{n, 0}, w}}
	}
	cuts := []graph.Time{w.From}
	cut := func(at graph.Time) {
		if at > w.From && (w.To == 0 || at < w.To) {
			cuts = append(cuts, at)
		}
	}
	for _, b := range t.nodes[n].bounds {
		cut(b)
	}
	for _, b := range t.nodes[n].bearers {
		cut(b.window.From)
		cut(b.window.To)
		for _, at := range t.nodes[b.node].bounds {
			cut(at)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var out []meaning
	for i, from := range cuts {
		to := w.To
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		out = append(out, meaning{t.at(n, from), graph.Window{From: from, To: to}})
	}
	return out
}

// meaning is what an id means over a window.
type meaning struct {
	spot   spot
	window graph.Window
}

// generation counts the bounds at or before the time.
func generation(bounds []graph.Time, at graph.Time) uint16 {
	n := 0
	for n < len(bounds) && bounds[n] <= at {
		n++
	}
	return uint16(n)
}

// own are the ids whose edges are the node's: itself and its short ids.
func (t *terrain) own(n int32) []int32 { return append([]int32{n}, t.nodes[n].short...) }

// settle works out generations: where a principal was created or deleted, where
// a short id passed from one node to the next, where a password was replaced.
func (t *terrain) settle() {
	for n := range t.nodes {
		t.nodes[n].bounds, t.nodes[n].bearers, t.nodes[n].short = nil, nil, nil
	}
	for n := range t.nodes {
		p := &t.nodes[n]
		for _, a := range p.Attrs {
			if a.Name == graph.AttrCreated || a.Name == graph.AttrDeleted {
				p.bounds = append(p.bounds, a.First)
			}
		}
		if p.Rotates() {
			p.bounds = append(p.bounds, t.replaced(p)...)
		}
		for _, alias := range p.Attrs.Values(graph.AttrAlias) {
			if s, ok := t.num[graph.ID(alias)]; ok && s != int32(n) {
				p.short = append(p.short, s)
				t.nodes[s].bearers = append(t.nodes[s].bearers, bearer{node: int32(n)})
			}
		}
	}
	for n := range t.nodes {
		p := &t.nodes[n]
		t.share(p.bearers)
		if len(p.bearers) == 1 { // one thing, known by two ids
			b := &t.nodes[p.bearers[0].node]
			b.bounds = append(b.bounds, p.bounds...)
			p.bounds = nil
		}
	}
	for n := range t.nodes {
		slices.Sort(t.nodes[n].bounds)
		t.nodes[n].bounds = slices.Compact(t.nodes[n].bounds)
	}
}

// share gives each bearer of one short id its time: from its creation to the
// creation of the next, the first from ever.
func (t *terrain) share(bs []bearer) {
	slices.SortFunc(bs, func(a, b bearer) int {
		return cmp.Or(cmp.Compare(born(&t.nodes[a.node].Node), born(&t.nodes[b.node].Node)), cmp.Compare(t.nodes[a.node].ID, t.nodes[b.node].ID))
	})
	for i := range bs {
		if i > 0 {
			bs[i].window.From = born(&t.nodes[bs[i].node].Node)
		}
		if i+1 < len(bs) {
			bs[i].window.To = born(&t.nodes[bs[i+1].node].Node)
		}
	}
}

// replaced are the times at which the node was issued anew.
func (t *terrain) replaced(p *site) (out []graph.Time) {
	for _, n := range p.ins {
		switch l := &t.links[n]; l.kind {
		case graph.Issued:
			for i := range l.sights {
				if s := &l.sights[i]; !t.cuts.removes(l, s) {
					out = append(out, s.at)
				}
			}
		case graph.Holds:
			for _, m := range l.marks {
				if m.Kind == graph.Began {
					out = append(out, m.At)
				}
			}
		}
	}
	return out
}

// lives are the spans over which a credential is valid, nil where nothing says
// so: what its identity's HOLDS show, else the OF of a temporary one. Until all
// of that was read nothing says so: a walk over less must not reach less.
func (t *terrain) lives(n int32) (out []graph.Span) {
	p := &t.nodes[n]
	if p.Kind != graph.Credential || p.gotOut&lifeOut == 0 || p.gotIn&bit(graph.Holds) == 0 {
		return nil
	}
	for _, i := range p.ins {
		switch l := &t.links[i]; {
		case l.kind != graph.Holds:
		case !t.nodes[l.from].read:
			return nil
		case t.nodes[l.from].Kind == graph.Identity:
			out = append(out, l.spans...)
		}
	}
	if out == nil {
		for _, i := range p.outs {
			if l := &t.links[i]; l.kind == graph.Of {
				out = append(out, l.spans...)
			}
		}
		if slices.ContainsFunc(out, func(s graph.Span) bool { return s.To != 0 }) { // the use of a key does not show its end
			out = slices.DeleteFunc(out, func(s graph.Span) bool { return s.To == 0 })
		}
	}
	slices.SortFunc(out, func(a, b graph.Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

// forever is later than everything.
const forever = graph.Time(math.MaxInt64)

// birth is when the node came to be, as far as the facts about it show.
func (t *terrain) birth(n int32) graph.Time {
	at := forever
	p := &t.nodes[n]
	for _, i := range p.outs {
		if l := &t.links[i]; l.kind == graph.Of {
			at = min(at, l.first)
		}
	}
	for _, side := range [2][]int32{p.outs, p.ins} {
		for _, i := range side {
			if l := &t.links[i]; l.kind == graph.Holds {
				for _, m := range l.marks {
					if m.Kind == graph.Began {
						at = min(at, m.At)
					}
				}
			}
		}
	}
	return at
}
