package explore

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// class is how certain a state is, and what its time is worth.
type class uint8

// The classes. Everything that holds in another one holds possibly too. Of
// plainly, the next hop must come ε later to be definite; inborn, it may come up
// to ε earlier, as identity proves the order; exactly, the time is no stamp of a
// clock, or that of the very record of the next hop.
const (
	possibly class = iota
	plainly
	inborn
	exactly
)

// state is a spot with what a physics put on it.
type state struct {
	spot
	state graph.State
	class class
}

// label is how a state is reached: forward, at the earliest time it is; backward,
// at the latest time from which it still leads to a seed.
type label struct {
	at    graph.Time
	hops  int32
	next  state       // towards the seeds
	link  int32       // -1 of a seed
	sight int32       // of the link's event; -1 of a standing fact
	by    graph.Time  // the time of the hop itself
	pass  *graph.Pass // the rule
	done  bool
}

// spread is one walk over a terrain.
type spread struct {
	*survey
	epsilon  graph.Time
	window   graph.Window
	dataFlow bool
	// blind is a walk that does not look at time: the closure.
	blind  bool
	labels map[state]*label
	queue  queue
	rules  map[graph.State][]*graph.Pass
	spots  map[spot]bool
}

// queued is a state waiting to be walked on from.
type queued struct {
	state
	at   graph.Time // negated going backward
	hops int32
}

type queue []queued

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].hops < q[j].hops
}
func (q *queue) Push(x any) { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// run walks from the seeds until nothing new is reached or a limit is met.
func (w *spread) run(seeds []seedState) {
	w.labels, w.spots, w.queue = map[state]*label{}, map[spot]bool{}, w.queue[:0]
	if w.rules == nil {
		w.rules = map[graph.State][]*graph.Pass{}
		for i := range graph.Spreads[w.f.physics] {
			p := &graph.Spreads[w.f.physics][i]
			s := p.From
			if w.f.backward {
				s = p.To
			}
			w.rules[s] = append(w.rules[s], p)
		}
	}
	for _, s := range seeds {
		w.relax(s.state, label{at: s.at, link: -1, sight: -1, by: s.at})
	}
	for len(w.queue) > 0 {
		q := heap.Pop(&w.queue).(queued)
		l := w.labels[q.state]
		if l.done {
			continue
		}
		l.done = true
		w.expand(q.state, l)
		if w.r.truncated != nil && w.r.truncated.Limit == LimitNodes {
			return
		}
	}
}

// expand walks on from a state along every edge that a rule lets it pass.
func (w *spread) expand(s state, l *label) {
	for _, p := range w.rules[s.state] {
		for _, n := range w.own(s.node) {
			side := w.nodes[n].outs
			if p.Against != w.f.backward {
				side = w.nodes[n].ins
			}
			for _, i := range side {
				if e := &w.links[i]; e.kind == p.Along && p.Takes(e.label, e.outcome, w.dataFlow) {
					w.cross(s, l, p, i)
				}
			}
		}
	}
}

// cross relaxes what lies at the other end of the link.
func (w *spread) cross(s state, l *label, p *graph.Pass, i int32) {
	w.moves(p, i, func(m move) {
		if !w.f.backward {
			if m.src != s.spot {
				return
			}
			if c, ok := m.onto(s.class); ok && l.at <= w.latest(&m, s.class) {
				w.relax(state{m.dst, p.To, c}, label{at: max(m.at, l.at), next: s, hops: l.hops, link: i, sight: m.sight, by: m.shown(max(m.at, l.at)), pass: p})
			}
			return
		}
		if m.dst != s.spot || m.at > l.at {
			return
		}
		for c := possibly; c <= exactly; c++ {
			if onto, ok := m.onto(c); ok && onto == s.class {
				w.relax(state{m.src, p.From, c}, label{at: min(w.latest(&m, c), l.at), next: s, hops: l.hops, link: i, sight: m.sight, by: m.shown(l.at), pass: p})
			}
		}
	})
}

// relax notes a way to a state if it is the best so far.
func (w *spread) relax(s state, n label) {
	if w.nodes[s.node].inert && w.f.physics == graph.Compromise && n.link >= 0 {
		return
	}
	if end := w.ends(s.spot); w.f.backward {
		n.at = min(n.at, end-1)
	} else if n.at >= end {
		return
	}
	if w.f.backward && n.at < w.window.From {
		return
	}
	if n.link >= 0 && w.nodes[s.node].Type != typeRequest {
		n.hops++
	}
	old := w.labels[s]
	if old != nil && w.compare(old, &n) <= 0 {
		return
	}
	if old != nil {
		n.done = old.done // only which of two equal ways is shown may change then
		*old = n
		if n.done {
			return
		}
	} else {
		if int(n.hops) > w.r.budget.Depth {
			w.r.cut(LimitDepth, w.r.budget.Depth)
			return
		}
		if !w.spots[s.spot] {
			if len(w.spots) >= w.r.budget.Nodes {
				w.r.cut(LimitNodes, w.r.budget.Nodes)
				return
			}
			w.spots[s.spot] = true
		}
		w.labels[s] = &n
	}
	at := n.at
	if w.f.backward {
		at = -at
	}
	heap.Push(&w.queue, queued{s, at, n.hops})
}

// ends is where the generation ends: no state outlives it.
func (w *spread) ends(s spot) graph.Time {
	if b := w.nodes[s.node].bounds; !w.blind && int(s.gen) < len(b) {
		return b[s.gen]
	}
	return forever
}

// compare orders ways to one state: better first, then by what they are, so that
// the order of reading never shows.
func (w *spread) compare(a, b *label) int {
	at := cmp.Compare(a.at, b.at)
	if w.f.backward {
		at = -at
	}
	if c := cmp.Or(at, cmp.Compare(a.hops, b.hops)); c != 0 || a.link < 0 || b.link < 0 {
		return c
	}
	x, y := &w.links[a.link], &w.links[b.link]
	return cmp.Or(cmp.Compare(w.nodes[a.next.node].ID, w.nodes[b.next.node].ID), cmp.Compare(a.next.gen, b.next.gen),
		cmp.Compare(a.next.state, b.next.state), -cmp.Compare(a.next.class, b.next.class), cmp.Compare(a.by, b.by),
		cmp.Compare(x.kind, y.kind), x.label.Compare(*y.label), cmp.Compare(x.outcome, y.outcome), compareVia(x.via, y.via),
		cmp.Compare(w.evidence(a), w.evidence(b)))
}

func compareVia(a, b graph.Via) int {
	return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Service, b.Service))
}

// evidence is that of the label's hop, empty where there is none.
func (w *spread) evidence(l *label) string {
	if l.link < 0 || l.sight < 0 {
		return ""
	}
	return w.links[l.link].sights[l.sight].evidence
}

// move is one way over an edge: what is in its state at the source by latest is
// in the new one at the target from at on.
type move struct {
	src, dst spot
	at       graph.Time
	until    graph.Time // of a span: where it ends; forever: open
	kind     moveKind
	certain  bool  // of an event
	to       class // of a certain event
	sight    int32
}

type moveKind uint8

const (
	event  moveKind = iota // at one time
	maybe                  // over a span, possibly
	surely                 // over a span, keeping the class
)

// onto is the class at the target of a state of class c.
func (m *move) onto(c class) (class, bool) {
	switch {
	case m.kind == surely:
		return c, c != possibly
	case c == possibly:
		return possibly, true
	case m.kind == maybe || !m.certain:
		return 0, false
	}
	return m.to, true
}

// shown is the time of the hop: of an event its own.
func (m *move) shown(otherwise graph.Time) graph.Time {
	if m.kind == event || m.sight >= 0 {
		return m.at
	}
	return otherwise
}

// latest is the last time at which a state of class c still passes.
func (w *spread) latest(m *move, c class) graph.Time {
	e := w.epsilon
	switch {
	case w.blind:
		return forever
	case m.kind == event:
		return m.at + [...]graph.Time{possibly: e, plainly: -e, inborn: e, exactly: 0}[c]
	case m.until == forever:
		return forever
	}
	return m.until - 1 + [...]graph.Time{possibly: e, plainly: -e, inborn: -e, exactly: 0}[c]
}

// moves are the ways over a link by a rule.
func (w *spread) moves(p *graph.Pass, i int32, yield func(move)) {
	l := &w.links[i]
	src, dst := l.from, l.to
	if p.Against {
		src, dst = dst, src
	}
	if w.blind {
		for _, from := range w.meant(src) {
			for _, to := range w.meant(dst) {
				if m := (move{src: from, dst: to, until: forever, kind: maybe, sight: int32(min(len(l.sights), 1) - 1)}); w.joins(p, m) {
					yield(m)
				}
			}
		}
		return
	}
	out := func(m move) {
		if m.at < w.end() && w.joins(p, m) {
			yield(m)
		}
	}
	switch {
	case p.When == graph.Event:
		w.events(p, l, src, dst, out)
	case p.When == graph.Birth:
		if t := w.birth(dst); t >= w.window.From && t < forever && (w.cuts == nil || !w.cuts.barred[dst]) {
			out(move{src: w.at(src, t), dst: w.at(dst, t), at: t, kind: event, sight: -1})
		}
	case p.When == graph.Since && !l.kind.Standing():
		lives := w.lives(dst)
		for n, s := range l.sights {
			if n == 0 || lives != nil || !w.simple(src) || !w.simple(dst) {
				out(move{src: w.at(src, s.at), dst: w.at(dst, s.at), at: s.at, until: lapse(lives, s.at), kind: maybe, sight: int32(n)})
			}
		}
	default:
		w.stands(p, l, src, dst, out)
	}
}

// end is the end of the window, forever where it is open.
func (w *spread) end() graph.Time {
	if w.window.To == 0 {
		return forever
	}
	return w.window.To
}

// joins reports whether the rule is for such ends.
func (w *spread) joins(p *graph.Pass, m move) bool {
	return p.Joins(w.nodes[m.src.node].Kind, w.nodes[m.dst.node].Kind)
}

// events are the moves at the observations in the window.
func (w *spread) events(p *graph.Pass, l *link, src, dst int32, out func(move)) {
	mortal := w.f.physics == graph.Compromise && !p.Against
	var lives []graph.Span
	if mortal {
		lives = w.lives(src)
	}
	m := move{kind: event}
	switch p.Proof {
	case graph.Issue:
		m.to = inborn
	case graph.SameRecord:
		m.to = exactly
	default:
		m.to = plainly
	}
	sure := !p.Possible && (l.kind != graph.Issued || !l.label.Join.Heuristic())
	for n, s := range l.sights {
		if !w.window.Contains(s.at) || w.cuts.removes(l, &s) || mortal && !alive(lives, s.at, w.epsilon) {
			continue
		}
		m.src, m.dst, m.at, m.sight = w.at(src, s.at), w.at(dst, s.at), s.at, int32(n)
		m.certain = sure && (!mortal || alive(lives, s.at, -w.epsilon))
		out(m)
	}
}

// alive reports whether a credential with those lives may be used at the time,
// up to slack after an end. Before its first life it may: that a record shows.
func alive(lives []graph.Span, at, slack graph.Time) bool {
	for n, s := range lives {
		if (n == 0 || !s.Known || s.From <= at+max(slack, 0)) && (s.To == 0 || at < s.To+slack) {
			return true
		}
	}
	return len(lives) == 0
}

// lapse is when a credential that was used at that time ends for good, forever
// where that is not known.
func lapse(lives []graph.Span, at graph.Time) graph.Time {
	end := at
	for _, s := range lives {
		if s.To == 0 {
			return forever
		}
		end = max(end, s.To)
	}
	if end == at {
		return forever
	}
	return end
}

// stands are the moves of a standing fact, over each of its spans and each
// meaning of its ends.
func (w *spread) stands(p *graph.Pass, l *link, src, dst int32, out func(move)) {
	lives := []graph.Span{{}}
	if of := w.lives(dst); w.f.physics == graph.Compromise && of != nil {
		lives = of
	}
	for _, span := range l.spans {
		for _, life := range lives {
			over := overlap(reachBack(span), reachBack(life))
			if p.When == graph.Since {
				over.To = 0
			}
			if over.To != 0 && over.To <= over.From {
				continue
			}
			for _, from := range w.means(src, over) {
				for _, to := range w.means(dst, from.window) {
					w.holds(p, l, from.spot, to.spot, to.window, out)
				}
			}
		}
	}
}

// holds are the moves of a fact that holds over the window, from its beginning
// if that is known, else with an open start.
func (w *spread) holds(p *graph.Pass, l *link, src, dst spot, over graph.Window, out func(move)) {
	m := move{src: src, dst: dst, at: over.From, until: over.To, kind: maybe, sight: -1}
	if m.until == 0 {
		m.until = forever
	}
	out(m)
	shown := max(over.From, l.first)
	if p.Possible || shown >= m.until {
		return
	}
	m.kind, m.at = surely, shown
	out(m)
	m.kind, m.certain, m.to = event, true, exactly
	out(m)
	if over.From >= max(w.window.From, 1) {
		m.at, m.to = over.From, inborn
		out(m)
	}
}

// reachBack is the span as a window, from ever where its beginning is not known.
func reachBack(s graph.Span) graph.Window {
	if !s.Known {
		s.From = 0
	}
	return s.Window
}

func overlap(a, b graph.Window) graph.Window {
	out := graph.Window{From: max(a.From, b.From), To: a.To}
	if out.To == 0 || b.To != 0 && b.To < out.To {
		out.To = b.To
	}
	return out
}

// meant is all that an id may mean, to a walk that does not look at time.
func (w *spread) meant(n int32) []spot {
	bs := w.nodes[n].bearers
	if len(bs) == 0 {
		return []spot{{n, 0}}
	}
	out := make([]spot, len(bs))
	for i, b := range bs {
		out[i].node = b.node
	}
	return out
}

// demand asks for the edges that the states reached so far need.
func (w *spread) demand() {
	for s := range w.labels {
		w.want(s.node, w.f.wants(s.state, &w.nodes[s.node].Node))
		if w.f.physics != graph.Compromise || w.f.backward {
			continue
		}
		for _, n := range w.own(s.node) {
			for _, i := range w.nodes[n].ins {
				switch l := &w.links[i]; {
				case s.state == graph.InControl && l.kind == graph.Holds && w.nodes[n].Kind == graph.Credential:
					w.want(l.from, ask{out: bit(graph.Issued)}) // what was forwarded for its holder
				case s.state == graph.Granted && l.kind == graph.Of:
					w.want(l.from, ask{out: bit(graph.Holds), in: bit(graph.Holds)}) // when it came to be
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
