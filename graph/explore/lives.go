package explore

import (
	"cmp"
	"math"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// lives are the spans over which a credential is valid, nil where nothing says
// so: what its identity's HOLDS show, else the OF of a temporary one. Until all
// of that was read nothing says so: a walk over less must not reach less.
func (t *terrain) lives(n int32) []graph.Span {
	p := &t.nodes[n]
	if p.Kind != graph.Credential {
		return nil
	}
	if !p.lived {
		p.life, p.lived = t.worked(p), true
	}
	return p.life
}

// worked works out lives.
func (t *terrain) worked(p *site) (out []graph.Span) {
	if p.gotOut&lifeOut == 0 || p.gotIn&bit(graph.Holds) == 0 {
		return nil
	}
	ins, _ := within(p.ins, 0, 0)
	outs, _ := within(p.outs, 0, 0)
	for _, x := range ins {
		switch l := &t.links[x.link]; {
		case l.kind != graph.Holds:
		case !t.nodes[l.from].read:
			return nil
		case t.nodes[l.from].Kind == graph.Identity:
			out = append(out, t.fact(l).spans...)
		}
	}
	if out == nil {
		for _, x := range outs {
			if l := &t.links[x.link]; l.kind == graph.Of {
				out = append(out, t.fact(l).spans...)
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
	outs, _ := within(p.outs, 0, 0)
	ins, _ := within(p.ins, 0, 0)
	for _, x := range outs {
		if l := &t.links[x.link]; l.kind == graph.Of {
			at = min(at, t.fact(l).first)
		}
	}
	for _, side := range [2][]arc{outs, ins} {
		for _, x := range side {
			if l := &t.links[x.link]; l.kind == graph.Holds {
				for _, m := range t.fact(l).marks {
					if m.Kind == graph.Began {
						at = min(at, m.At)
					}
				}
			}
		}
	}
	return at
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
