package explore

import (
	"github.com/blastradius/blastradius/graph"
)

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
		sight := int32(-1)
		if l.hour != standing {
			seen, before := w.seen(l, w.f.window)
			if sight = before; len(seen) == 0 {
				return
			}
		}
		for _, from := range w.meant(src) {
			for _, to := range w.meant(dst) {
				if m := (move{src: from, dst: to, until: forever, kind: maybe, sight: sight}); w.joins(p, m) {
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
	case p.When == graph.Since && l.hour != standing:
		lives := w.lives(dst)
		seen, before := w.seen(l, w.f.window)
		for n := range seen {
			if at := seen[n].at; n == 0 || lives != nil || !w.simple(src) || !w.simple(dst) {
				out(move{src: w.at(src, at), dst: w.at(dst, at), at: at, until: lapse(lives, at), kind: maybe, sight: before + int32(n)})
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
	sure := !p.Possible && (l.kind != graph.Issued || !w.label(l).Join.Heuristic())
	seen, before := w.seen(l, w.window)
	for n := range seen {
		at := seen[n].at
		if w.cuts.removes(w.terrain, l, &seen[n]) || mortal && !alive(lives, at, w.epsilon) {
			continue
		}
		m.src, m.dst, m.at, m.sight = w.terrain.at(src, at), w.terrain.at(dst, at), at, before+int32(n)
		m.certain = sure && (!mortal || alive(lives, at, -w.epsilon))
		out(m)
	}
}

// stands are the moves of a standing fact, over each of its spans and each
// meaning of its ends.
func (w *spread) stands(p *graph.Pass, l *link, src, dst int32, out func(move)) {
	lives := []graph.Span{{}}
	if of := w.lives(dst); w.f.physics == graph.Compromise && of != nil {
		lives = of
	}
	f := w.fact(l)
	for _, span := range f.spans {
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
					w.holds(p, f, from.spot, to.spot, to.window, out)
				}
			}
		}
	}
}

// holds are the moves of a fact that holds over the window, from its beginning
// if that is known, else with an open start.
func (w *spread) holds(p *graph.Pass, f *fact, src, dst spot, over graph.Window, out func(move)) {
	m := move{src: src, dst: dst, at: over.From, until: over.To, kind: maybe, sight: -1}
	if m.until == 0 {
		m.until = forever
	}
	out(m)
	shown := max(over.From, f.first)
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
	bs := w.bearers(n)
	if len(bs) == 0 {
		return []spot{{n, 0}}
	}
	out := make([]spot, len(bs))
	for i, b := range bs {
		out[i].node = b.node
	}
	return out
}
