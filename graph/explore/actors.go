package explore

import (
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// actors is everything that acts for what was asked: identities through their
// sessions and keys, sessions through their keys, workloads through their
// sessions, agents through what they drove.
type actors struct {
	ids map[graph.ID]bool
	// agents narrow the calls: of an actor in only, only those through one of
	// the agents count.
	agents map[graph.ID]bool
	only   map[graph.ID]bool
}

// named are the words of evidence that make all calls of a driven session the
// agent's, whatever each record shows.
var named = []string{"runtime_role", "name"}

// actors expands what was asked. Sessions and keys last seen before the window
// are left out.
func (r *reader) actors(xs []resolved, w graph.Window) (*actors, error) {
	a := &actors{ids: map[graph.ID]bool{}, agents: map[graph.ID]bool{}, only: map[graph.ID]bool{}}
	var carriers, runners, agents, next []graph.ID
	for _, x := range xs {
		for id := range x.ids {
			a.ids[id] = true
			switch x.node.Kind {
			case graph.Identity:
				carriers = append(carriers, id)
				next = append(next, id)
			case graph.Service:
				runners = append(runners, id)
			case graph.Agent:
				agents = append(agents, id)
				a.agents[id] = true
			default:
				next = append(next, id)
			}
		}
	}
	alive := func(e *graph.Edge) bool { return w.To == 0 || e.First < w.To }
	add := func(id graph.ID) {
		if a.ids[id] {
			return
		}
		if len(a.ids) >= r.budget.Nodes {
			r.cut(LimitNodes, r.budget.Nodes)
			return
		}
		a.ids[id] = true
		next = append(next, id)
	}
	of := graph.Filter{Kinds: []graph.EdgeKind{graph.Of}}
	if err := r.edges(carriers, graph.In, of, func(e *graph.Edge) {
		if alive(e) && e.Last >= w.From {
			add(e.From)
		}
	}); err != nil {
		return nil, err
	}
	if err := r.edges(runners, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Runs}}, func(e *graph.Edge) {
		if alive(e) {
			add(e.To)
		}
	}); err != nil {
		return nil, err
	}
	drives := graph.Filter{Kinds: []graph.EdgeKind{graph.Drives}, Window: w}
	if err := r.edges(agents, graph.Out, drives, func(e *graph.Edge) {
		if !a.ids[e.To] && !slices.Contains(named, e.Label.Detail) {
			a.only[e.To] = true
		}
		add(e.To)
	}); err != nil {
		return nil, err
	}
	// Holders' credentials, hop by hop: user → key, session → key.
	for from := 0; from < len(next); {
		frontier := next[from:]
		from = len(next)
		if err := r.edges(frontier, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}, func(e *graph.Edge) {
			if !alive(e) {
				return
			}
			if a.only[e.From] && !a.ids[e.To] {
				a.only[e.To] = true
			}
			add(e.To)
		}); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// counts reports whether the call of an edge is one of theirs.
func (a *actors) counts(e *graph.Edge) bool {
	return !a.only[e.From] || a.agents[e.Via.Agent]
}

func (a *actors) list() []graph.ID {
	out := make([]graph.ID, 0, len(a.ids))
	for id := range a.ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}
