package explore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/blastradius/blastradius/graph"
)

// hold reads the terrain of a window whole: every edge that a pass of any
// physics takes, every standing fact that some pass or life is read from, the
// nodes at their ends, and what was forwarded joined to its issuers.
func (e *Explorer) hold(ctx context.Context, mark uint64, w graph.Window, limit int64) (*heldTerrain, error) {
	r := &reader{ctx: ctx, store: e.store, seen: mark, left: math.MaxInt, budget: Budget{math.MaxInt, math.MaxInt, math.MaxInt}}
	f := &filters{window: w}
	s := e.survey(r, f)
	flt, takes := needed(w)
	n := 0
	for edge, err := range r.joined(nil, graph.Out, flt) {
		if err != nil {
			return nil, fmt.Errorf("read edges: %w", err)
		}
		if edge.Kind == graph.Called && !takes(&edge) {
			continue
		}
		s.add(&edge, graph.Out, f)
		if n++; n%1024 == 0 && s.bytes() > limit {
			return nil, errTooWide
		}
	}
	s.full = ^uint32(0)
	for i := range s.nodes {
		s.nodes[i].gotOut, s.nodes[i].gotIn = s.full, s.full
		s.unread[int32(i)] = true
	}
	if err := s.readNodes(); err != nil {
		return nil, err
	}
	for i := range s.links {
		if l := &s.links[i]; l.kind == graph.Issued && s.label(l).Join == graph.ForwardedAccess {
			s.forwards = append(s.forwards, int32(i))
		}
	}
	if err := s.forwarded(); err != nil {
		return nil, err
	}
	s.settle(w)
	s.pack()
	out := &heldTerrain{terrain: s.terrain, mark: mark, window: w, bytes: s.bytes()}
	out.cards = make([]card, len(s.nodes))
	out.bytes += int64(len(s.nodes)) * int64(unsafe.Sizeof(card{}))
	out.scratch = &sync.Pool{New: func() any {
		return &labelling{first: make([]int32, len(out.nodes)), charged: make([]uint8, len(out.nodes))}
	}}
	if out.bytes > limit {
		return nil, errTooWide
	}
	for i := range s.nodes {
		s.lives(int32(i))
		out.cards[i] = cardOf(&s.nodes[i].Node)
		if g := s.nodes[i].guises; g != nil && g.rotates {
			if len(g.bearers)+len(g.short) > 0 {
				return nil, errors.New("what rotates is known by two ids: its generations depend on the walk")
			}
			out.rotating = append(out.rotating, int32(i))
		}
	}
	return out, nil
}

// needed is what a terrain for every walk over the window needs of the store:
// the filter to read by, and which of the calls read are of use.
func needed(w graph.Window) (graph.Filter, func(*graph.Edge) bool) {
	flt := graph.Filter{Window: w, Detail: graph.Evidence}
	kinds, outcomes := lifeOut|lifeIn, uint32(0)
	var calls []*graph.Pass
	for _, rows := range graph.Spreads {
		for i := range rows {
			p := &rows[i]
			kinds |= bit(p.Along)
			if p.Along != graph.Called {
				continue
			}
			calls = append(calls, p)
			for _, o := range p.Outcomes {
				outcomes |= bit(o)
			}
		}
	}
	(&filters{outcomes: outcomes}).narrow(&flt, kinds, ^uint32(0))
	return flt, func(e *graph.Edge) bool {
		return slices.ContainsFunc(calls, func(p *graph.Pass) bool { return p.Takes(&e.Label, e.Outcome, true) })
	}
}

// pack puts the numbers of all links side by side.
func (t *terrain) pack() {
	all := make([]arc, 0, 2*len(t.links))
	add := func(side []arc) []arc {
		n := len(all)
		all = append(all, side...)
		return all[n:len(all):len(all)]
	}
	for i := range t.nodes {
		p := &t.nodes[i]
		p.outs, p.ins = add(p.outs), add(p.ins)
	}
	t.links, t.instants, t.nodes, t.grown = slices.Clip(t.links), slices.Clip(t.instants), slices.Clip(t.nodes), nil
}

// entrySize is about how many bytes an ID takes in a map, beside its text.
const entrySize = 40

// bytes is about how much memory the terrain takes.
func (t *terrain) bytes() int64 {
	return int64(cap(t.links))*int64(unsafe.Sizeof(link{})+2*unsafe.Sizeof(arc{})) + int64(cap(t.instants))*int64(unsafe.Sizeof(instant{})) +
		int64(cap(t.nodes))*int64(unsafe.Sizeof(site{})) + int64(len(t.nodes))*entrySize + t.size
}
