package explore

import (
	"cmp"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// spot is a node in one of its generations.
type spot struct {
	node int32
	gen  uint16
}

// bounds are where new generations of the node begin, sorted.
func (t *terrain) bounds(n int32) []graph.Time {
	g := t.nodes[n].guises
	switch {
	case g == nil:
		return nil
	case g.rotates && t.rotated != nil:
		return t.rotated[n]
	}
	return g.bounds
}

// bearers are the nodes that this one is the short id of.
func (t *terrain) bearers(n int32) []bearer {
	if g := t.nodes[n].guises; g != nil {
		return g.bearers
	}
	return nil
}

// at is what the node's id means at a time: the node whose short id it is, if
// any, in the generation of that time.
func (t *terrain) at(n int32, at graph.Time) spot {
	if t.nodes[n].guises == nil {
		return spot{n, 0}
	}
	for _, b := range t.bearers(n) {
		if b.window.Contains(at) {
			return spot{b.node, generation(t.bounds(b.node), at)}
		}
	}
	return spot{n, generation(t.bounds(n), at)}
}

// simple reports whether the node means one thing at all times.
func (t *terrain) simple(n int32) bool {
	return t.nodes[n].guises == nil || len(t.bounds(n)) == 0 && len(t.bearers(n)) == 0
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
	for _, b := range t.bounds(n) {
		cut(b)
	}
	for _, b := range t.bearers(n) {
		cut(b.window.From)
		cut(b.window.To)
		for _, at := range t.bounds(b.node) {
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

// settle puts the links in order and works out generations: where a principal
// was created or deleted, where a short id passed from one node to the next,
// where a password was replaced in the window.
func (t *terrain) settle(w graph.Window) {
	t.order()
	for n := range t.nodes {
		t.nodes[n].guises, t.nodes[n].lived = nil, false
	}
	guises := func(n int32) *guises {
		p := &t.nodes[n]
		if p.guises == nil {
			p.guises = newGuises()
		}
		return p.guises
	}
	for n := range t.nodes {
		p := &t.nodes[n]
		if bounds := t.generations(int32(n), w); len(bounds) > 0 || p.Rotates() {
			g := guises(int32(n))
			g.bounds, g.rotates = bounds, p.Rotates()
		}
		for _, alias := range p.Attrs.Values(graph.AttrAlias) {
			if s, ok := t.num[graph.ID(alias)]; ok && s != int32(n) {
				g := guises(int32(n))
				g.short = append(g.short, s)
				g = guises(s)
				g.bearers = append(g.bearers, bearer{node: int32(n)})
			}
		}
	}
	for n := range t.nodes {
		g := t.nodes[n].guises
		if g == nil {
			continue
		}
		t.share(g.bearers)
		if len(g.bearers) == 1 { // one thing, known by two ids
			b := guises(g.bearers[0].node)
			b.bounds = append(b.bounds, g.bounds...)
			g.bounds = nil
		}
	}
	for n := range t.nodes {
		if g := t.nodes[n].guises; g != nil {
			slices.Sort(g.bounds)
			g.bounds = slices.Compact(g.bounds)
		}
	}
}

func newGuises() *guises { return &guises{} }

// generations are the bounds that the node itself shows.
func (t *terrain) generations(n int32, w graph.Window) (out []graph.Time) {
	p := &t.nodes[n]
	for _, a := range p.Attrs {
		if a.Name == graph.AttrCreated || a.Name == graph.AttrDeleted {
			out = append(out, a.First)
		}
	}
	if p.Rotates() {
		out = append(out, t.replaced(p, w)...)
	}
	return out
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
func (t *terrain) replaced(p *site, w graph.Window) (out []graph.Time) {
	for _, x := range p.ins {
		switch l := &t.links[x.link]; l.kind {
		case graph.Issued:
			seen, _ := t.seen(l, w)
			for i := range seen {
				if !t.cuts.removes(t, l, &seen[i]) {
					out = append(out, seen[i].at)
				}
			}
		case graph.Holds:
			for _, m := range t.fact(l).marks {
				if m.Kind == graph.Began {
					out = append(out, m.At)
				}
			}
		}
	}
	return out
}
