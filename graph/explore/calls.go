package explore

import (
	"cmp"
	"maps"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// call is one distinct call, as its best sight shows it.
type call struct {
	at       graph.Time // of the first sight
	label    graph.Label
	outcome  graph.Outcome
	target   graph.ID
	resource int // index of what was asked; -1: none
	from     graph.ID
	via      graph.Via
}

// sight is one record's sight of a call.
type sight struct {
	at       graph.Time
	evidence string
}

func compareSight(a, b sight) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.evidence, b.evidence))
}

// caller is an actor with what it came through.
type caller struct {
	from graph.ID
	via  graph.Via
}

// callSet gathers distinct calls. A call that is seen on several edges stands
// once: with its strictest match, then as primary (or, for primaryFirst, the
// other way round), and with its richest caller.
type callSet struct {
	primaryFirst bool
	calls        map[uint64]*call
	callers      map[uint64][]caller // where a call has several
	sights       map[uint64][]sight  // where evidence is read
	targets      map[uint64][]Target // where all targets are wanted
	approved     map[uint64][]Approval
}

func newCallSet() *callSet {
	return &callSet{calls: map[uint64]*call{}, callers: map[uint64][]caller{}, sights: map[uint64][]sight{}}
}

// add adds the edge's calls in the window. A zero match of its label counts as
// DECLARED.
func (s *callSet) add(e *graph.Edge, resource int, w graph.Window, wildcard bool) {
	label := e.Label
	if wildcard {
		label.Match = graph.Mentioned
	} else if label.Match == 0 {
		label.Match = graph.Declared
	}
	for i := range e.Observations {
		o := &e.Observations[i]
		if !w.Contains(o.At) {
			continue
		}
		if o.Evidence != "" {
			s.sights[o.CallKey] = append(s.sights[o.CallKey], sight{o.At, o.Evidence})
		}
		if s.targets != nil {
			if t := (Target{e.To, label.Match, label.Role}); !slices.Contains(s.targets[o.CallKey], t) {
				s.targets[o.CallKey] = append(s.targets[o.CallKey], t)
			}
		}
		c, ok := s.calls[o.CallKey]
		if !ok {
			s.calls[o.CallKey] = &call{o.At, label, e.Outcome, e.To, resource, e.From, e.Via}
			continue
		}
		at := min(c.at, o.At)
		if c.from != e.From || c.via != e.Via {
			cs := s.callers[o.CallKey]
			if cs == nil {
				cs = []caller{{c.from, c.via}}
			}
			if n := (caller{e.From, e.Via}); !slices.Contains(cs, n) {
				cs = append(cs, n)
			}
			s.callers[o.CallKey] = cs
		}
		if n := (call{at, label, e.Outcome, e.To, resource, e.From, e.Via}); s.better(&n, c) {
			*c = n
		}
		c.at = at
	}
}

// better reports whether a is to be shown rather than b: a total order, so that
// the order of edges never shows.
func (s *callSet) better(a, b *call) bool {
	match, role := cmp.Compare(a.label.Match, b.label.Match), cmp.Compare(a.label.Role-1, b.label.Role-1) // no role comes last
	if s.primaryFirst {
		match, role = role, match
	}
	return cmp.Or(match, role, cmp.Compare(a.resource, b.resource), cmp.Compare(a.target, b.target), a.label.Compare(b.label),
		cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.from, b.from)) < 0
}

// actors are all callers, sorted.
func (s *callSet) actors() []graph.ID {
	ids := map[graph.ID]bool{}
	for _, c := range s.calls {
		ids[c.from] = true
	}
	for _, cs := range s.callers {
		for _, c := range cs {
			ids[c.from] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// vias are all agents, clients and services, sorted.
func (s *callSet) vias() []graph.ID {
	ids := map[graph.ID]bool{}
	for _, c := range s.calls {
		ids[c.via.Agent], ids[c.via.Client], ids[c.via.Service] = true, true, true
	}
	delete(ids, "")
	return slices.Sorted(maps.Keys(ids))
}

// settle gives each call its richest caller.
func (s *callSet) settle(a *ancestry) {
	for key, cs := range s.callers {
		best := slices.MinFunc(cs, func(x, y caller) int {
			return cmp.Or(cmp.Compare(a.richness(a.identity(x.from)), a.richness(a.identity(y.from))),
				-cmp.Compare(said(x.via), said(y.via)), cmp.Compare(x.from, y.from),
				cmp.Compare(x.via.Agent, y.via.Agent), cmp.Compare(x.via.Client, y.via.Client), cmp.Compare(x.via.Service, y.via.Service))
		})
		s.calls[key].from, s.calls[key].via = best.from, best.via
	}
}

// said counts what is known of how a call came.
func said(v graph.Via) int {
	n := 0
	for _, id := range []graph.ID{v.Agent, v.Client, v.Service} {
		if id != "" {
			n++
		}
	}
	return n
}
