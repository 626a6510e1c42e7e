package explore

import (
	"math/bits"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// spread is one walk over a terrain.
type spread struct {
	*survey
	epsilon  graph.Time
	window   graph.Window
	dataFlow bool
	// blind is a walk that does not look at time: the closure.
	blind  bool
	passes []graph.Pass
	rules  [graph.States + 1]rules
	along  [32]uint32 // by kind of edge: which passes are for it
	taken  []uint32   // by label and outcome: which passes take it; 0: not worked out
	// readings are the passes by which it counts who read what was altered.
	readings uint32
	*labelling
}

// rules are the passes that lead on from a state, as masks.
type rules struct {
	out, in uint32 // along edges that leave the node, or that enter it
	anytime bool   // not all of them pass only when an event happens
}

// worked marks what was worked out in spread.taken.
const worked = 1 << 31

// prepare reads the rules off the table of passes.
func (w *spread) prepare() {
	w.passes = graph.Spreads[w.f.physics]
	for i := range w.passes {
		p := &w.passes[i]
		s := p.From
		if w.f.backward {
			s = p.To
		}
		r := &w.rules[s]
		if p.Against == w.f.backward {
			r.out |= 1 << i
		} else {
			r.in |= 1 << i
		}
		r.anytime = r.anytime || p.When != graph.Event
		w.along[p.Along] |= 1 << i
		if p.To == graph.Seen {
			w.readings |= 1 << i
		}
	}
}

// run walks from the seeds until nothing new is reached or a limit is met.
func (w *spread) run(seeds []seedState) {
	if w.passes == nil {
		w.prepare()
	}
	w.reset()
	if w.held == nil {
		w.first = append(w.first, make([]int32, max(len(w.nodes)-len(w.first), 0))...)
	}
	if n := 8 * len(w.words.all); n > len(w.taken) {
		w.taken = append(w.taken, make([]uint32, n-len(w.taken))...)
	}
	for _, s := range seeds {
		w.relax(label{state: s.state, at: s.at, next: -1, link: -1, sight: -1, by: s.at})
	}
	for len(w.queue) > 0 {
		q := w.queue.pop()
		if w.labels[q.label].done {
			continue
		}
		w.labels[q.label].done = true
		w.expand(q.label)
		if t := w.r.truncated; t != nil && (t.Limit == LimitNodes || w.held != nil && t.Limit == LimitEdges) {
			return
		}
	}
}

// expand walks on from a state along every edge that a rule lets it pass.
func (w *spread) expand(i int32) {
	l := w.labels[i]
	r := &w.rules[l.state.state]
	w.sides(i, &l, l.state.node, r)
	for _, n := range w.short(l.state.node) {
		w.sides(i, &l, n, r)
	}
}

func (w *spread) sides(i int32, l *label, n int32, r *rules) {
	p := &w.nodes[n]
	if r.out != 0 {
		if links := w.side(i, l, p.outs, r.out, r.anytime); w.held != nil {
			w.charge(n, 1, links)
		}
	}
	if r.in != 0 {
		if links := w.side(i, l, p.ins, r.in, r.anytime); w.held != nil {
			w.charge(n, 2, links)
		}
	}
}

// side crosses the links of one side by the rules in the mask, and says how many
// it looked at.
func (w *spread) side(i int32, l *label, side []arc, mask uint32, anytime bool) int {
	from, to := w.f.window.From, forever
	if w.f.window.To != 0 {
		to = w.f.window.To - 1
	}
	switch {
	case w.blind:
	case w.f.backward:
		to = min(to, l.at)
	case !anytime:
		from = max(from, l.at-w.epsilon)
	}
	facts, events := within(side, from, to)
	for _, side := range [2][]arc{facts, events} {
		for _, x := range side {
			for m := w.takes(&w.links[x.link]) & mask; m != 0; m &= m - 1 {
				w.cross(i, l, &w.passes[bits.TrailingZeros32(m)], x.link)
			}
		}
	}
	return len(facts) + len(events)
}

// takes are the passes that an edge takes, as a mask.
func (w *spread) takes(l *link) uint32 {
	along := w.along[l.kind]
	if l.kind != graph.Called || along == 0 {
		return along
	}
	known := &w.taken[l.label<<3|uint32(l.outcome)&7]
	if *known == 0 {
		*known = worked
		for i := range w.passes {
			if p := &w.passes[i]; p.Takes(w.label(l), l.outcome, w.dataFlow) {
				*known |= 1 << i
			}
		}
	}
	return *known & along
}

// charge counts what a walk over the hot window looks at of a side of a node
// against the budget, once: what it would have read.
func (w *spread) charge(n int32, side uint8, links int) {
	if w.charged[n]&side != 0 {
		return
	}
	w.charged[n] |= side
	if w.r.left -= links; w.r.left < 0 {
		w.r.cut(LimitEdges, w.r.budget.Edges)
	}
}

// cross relaxes what lies at the other end of the link.
func (w *spread) cross(i int32, l *label, p *graph.Pass, n int32) {
	s := l.state
	w.moves(p, n, func(m move) {
		if !w.f.backward {
			if m.src != s.spot {
				return
			}
			if c, ok := m.onto(s.class); ok && l.at <= w.latest(&m, s.class) {
				w.relax(label{state: state{m.dst, p.To, c}, at: max(m.at, l.at), next: i, hops: l.hops, link: n, sight: m.sight, by: m.shown(max(m.at, l.at)), pass: p})
			}
			return
		}
		if m.dst != s.spot || m.at > l.at {
			return
		}
		for c := possibly; c <= exactly; c++ {
			if onto, ok := m.onto(c); ok && onto == s.class {
				w.relax(label{state: state{m.src, p.From, c}, at: min(w.latest(&m, c), l.at), next: i, hops: l.hops, link: n, sight: m.sight, by: m.shown(l.at), pass: p})
			}
		}
	})
}

// relax notes a way to a state if it is the best so far.
func (w *spread) relax(n label) {
	node := n.state.node
	if w.nodes[node].inert && w.f.physics == graph.Compromise && n.link >= 0 {
		return
	}
	if end := w.ends(n.state.spot); w.f.backward {
		n.at = min(n.at, end-1)
	} else if n.at >= end {
		return
	}
	if w.f.backward && n.at < w.window.From {
		return
	}
	if n.link >= 0 && w.nodes[node].Type != typeRequest {
		n.hops++
	}
	i, known := w.find(&n.state)
	switch {
	case i >= 0:
		old := &w.labels[i]
		if w.compare(old, &n) <= 0 {
			return
		}
		n.done, n.more = old.done, old.more // only which of two equal ways is shown may change once it is done
		*old = n
		if n.done {
			return
		}
	case int(n.hops) > w.r.budget.Depth:
		w.r.cut(LimitDepth, w.r.budget.Depth)
		return
	case !known && w.spots >= w.r.budget.Nodes:
		w.r.cut(LimitNodes, w.r.budget.Nodes)
		return
	default:
		i = w.note(n, !known)
	}
	at := n.at
	if w.f.backward {
		at = -at
	}
	w.queue.push(queued{at, n.hops, i})
}

// release gives back what the walk borrowed from the hot window. It keeps nothing
// then.
func (w *spread) release() {
	if w.held == nil {
		return
	}
	for _, n := range w.met {
		w.charged[n] = 0
		for _, s := range w.short(n) {
			w.charged[s] = 0
		}
	}
	w.reset()
	w.held.scratch.Put(w.labelling)
	w.labelling = &labelling{}
}

// ends is where the generation ends: no state outlives it.
func (w *spread) ends(s spot) graph.Time {
	if b := w.bounds(s.node); !w.blind && int(s.gen) < len(b) {
		return b[s.gen]
	}
	return forever
}

// demand asks for the edges that the states reached so far need.
func (w *spread) demand() {
	if w.held != nil {
		return
	}
	for i := range w.labels {
		s := w.labels[i].state
		w.want(s.node, w.f.wants(s.state, &w.nodes[s.node].Node))
		if w.f.physics != graph.Compromise || w.f.backward {
			continue
		}
		for _, n := range w.own(s.node) {
			for _, x := range w.nodes[n].ins {
				switch l := &w.links[x.link]; {
				case s.state == graph.InControl && l.kind == graph.Holds && w.nodes[n].Kind == graph.Credential:
					w.want(l.from, ask{out: bit(graph.Issued)}) // what was forwarded for its holder
				case s.state == graph.Granted && l.kind == graph.Of:
					w.want(l.from, ask{out: bit(graph.Holds) | bit(graph.Of), in: bit(graph.Holds)}) // when it came to be
				}
			}
		}
	}
}

// seedStates are the states that a seed has, and that seed of a backward walk
// are looked for.
func seedStates(ph graph.Physics, backward bool, n *graph.Node) []graph.State {
	acts := slices.Contains(actorKinds, n.Kind)
	switch {
	case ph == graph.Failure && backward:
		return []graph.State{graph.Down, graph.Without}
	case ph == graph.Failure:
		return []graph.State{graph.Down}
	case backward && n.Kind != graph.Identity && acts:
		return []graph.State{graph.InControl, graph.Planted, graph.Granted, graph.Changed}
	case backward:
		return []graph.State{graph.Planted, graph.Granted, graph.Changed}
	case acts:
		return []graph.State{graph.InControl}
	}
	return []graph.State{graph.Planted, graph.Granted}
}
