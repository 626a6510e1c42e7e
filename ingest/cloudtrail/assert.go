package cloudtrail

import "github.com/blastradius/blastradius/graph"

// sighting is what was asserted of a thing in the builder at hand: over which
// times, and from which record first.
type sighting struct {
	epoch       uint64
	first, last graph.Time
	src         graph.Ref
}

// covers reports whether a sight at t from src adds nothing.
func (s *sighting) covers(epoch uint64, t graph.Time, src graph.Ref) bool {
	return s.epoch == epoch && s.first <= t && t <= s.last && !src.Before(s.src)
}

func (s *sighting) extend(t graph.Time, src graph.Ref) {
	s.first, s.last = min(s.first, t), max(s.last, t)
	if src.Before(s.src) {
		s.src = src
	}
}

// assert writes the actor's standing facts and attributes.
func (e *emitter) assert(a *actor) {
	if a.seen.covers(e.epoch, e.t, e.src) {
		return
	}
	fresh := a.seen.epoch != e.epoch || e.src.Before(a.seen.src)
	if fresh {
		a.seen = sighting{e.epoch, e.t, e.t, e.src}
		for _, n := range [...]*node{&a.identity, &a.session, &a.credential, &a.human, &a.declared, &a.signIn, &a.via, &a.pod, &a.scope} {
			if n.known() {
				e.ref(n)
			}
		}
		for i := range a.facts {
			f := &a.facts[i]
			f.row = e.standing(f.from.ref, f.to.ref, f.kind)
			if f.began != 0 {
				e.began(f.from.ref, f.to.ref, f.kind, f.began)
			}
		}
	} else {
		a.seen.extend(e.t, e.src)
		for i := range a.facts {
			e.b.See(a.facts[i].row, e.t, e.src)
		}
	}
	if a.scope.known() {
		e.thing(a.scope.id)
	}
	for i := range a.attrs {
		switch t := &a.attrs[i]; {
		case t.at != 0:
			if fresh {
				e.b.Attr(t.of.ref, t.name, t.value, t.at)
			}
		case t.exact:
			e.b.Attr(t.of.ref, t.name, t.value, e.t)
		case fresh || t.hour != e.t.Hour():
			t.hour = e.t.Hour()
			e.b.Attr(t.of.ref, t.name, t.value, t.hour.Start())
		}
	}
}

// standing writes a sight of a standing fact at the record's time.
func (e *emitter) standing(from, to graph.NodeRef, kind graph.EdgeKind, marks ...graph.Mark) (row int) {
	return e.b.Standing(graph.StandingKey{From: from, To: to, Kind: kind, Label: e.plain}, e.t, e.src, marks...)
}

// began marks the beginning of a fact that every record of a session shows: it
// carries no evidence of its own, the fact's Source leads to the first record
// that shows it. Else each use would add a mark.
func (e *emitter) began(from, to graph.NodeRef, kind graph.EdgeKind, at graph.Time) {
	e.standing(from, to, kind, graph.Mark{Kind: graph.Began, At: at, Source: e.src})
}

// mark is a mark that rests on the record.
func (e *emitter) mark(kind graph.MarkKind, at graph.Time) graph.Mark {
	return graph.Mark{Kind: kind, At: at, Evidence: e.ev, Source: e.src}
}

// event writes an observation of an event edge at a time of its own.
func (e *emitter) event(k graph.EventKey, label graph.Label, at graph.Time) {
	k.Label = e.b.Label(label)
	e.observe(k, at)
}

// observe writes an observation of an event edge.
func (e *emitter) observe(k graph.EventKey, at graph.Time) {
	e.b.Event(k, graph.Observation{At: at, Evidence: e.ev, Call: e.shared, CallKey: e.key, Source: e.src})
}
