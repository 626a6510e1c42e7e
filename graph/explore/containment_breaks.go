package explore

import (
	"cmp"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// user is one way in which something that is cut was used.
type user struct {
	actor         int32
	agent, client graph.ID
}

// use is what is known of it.
type use struct {
	calls       map[uint64]bool
	actions     map[string]map[uint64]bool
	first, last graph.Time
	shared      bool
}

// breaks lists who used what is cut in the window, other than the attacker: the
// calls of what stops, the calls through a cut agent, the issues that are barred.
// It counts the events that would not have happened.
func (run *reachRun) breaks(c *scissors) (_ []BrokenCaller, removed int, err error) {
	controlled := map[int32]graph.Time{} // since when, as far as possible
	for i := range run.labels {
		s, l := run.labels[i].state, &run.labels[i]
		if at, ok := controlled[s.node]; s.state == graph.InControl && (!ok || l.at < at) {
			controlled[s.node] = l.at
		}
	}
	uses := map[user]*use{}
	events := map[uint64]bool{}
	note := func(e *graph.Edge) {
		n := run.number(e.From)
		k := user{n, e.Via.Agent, e.Via.Client}
		since, bad := controlled[n]
		for _, o := range e.Observations {
			if o.At >= c.at {
				events[o.CallKey] = true
			}
			u := uses[k]
			if u == nil {
				u = &use{calls: map[uint64]bool{}, actions: map[string]map[uint64]bool{}}
				uses[k] = u
			}
			u.calls[o.CallKey] = true
			action := cmp.Or(e.Label.Action, e.Kind.String())
			if u.actions[action] == nil {
				u.actions[action] = map[uint64]bool{}
			}
			u.actions[action][o.CallKey] = true
			u.first, u.last = earlier(u.first, o.At), max(u.last, o.At)
			u.shared = u.shared || bad && o.At >= since
		}
	}
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: run.window, Detail: graph.Times}
	var actors, through []graph.ID
	for n := range c.stops {
		if id := run.nodes[n].ID; c.agents[id] {
			through = append(through, id)
		} else {
			actors = append(actors, id)
		}
	}
	slices.Sort(actors)
	if err := run.r.edges(actors, graph.Out, flt, note); err != nil {
		return nil, 0, err
	}
	driven, err := run.driven(through)
	if err != nil {
		return nil, 0, err
	}
	if err := run.r.edges(driven, graph.Out, flt, func(e *graph.Edge) {
		if c.agents[e.Via.Agent] && !c.stops[run.number(e.From)] {
			note(e)
		}
	}); err != nil {
		return nil, 0, err
	}
	for i := range run.links {
		l := &run.links[i]
		if l.kind != graph.Issued || l.derived || run.nodes[l.from].Type == typeRequest {
			continue
		}
		e := graph.Edge{From: run.nodes[l.from].ID, Kind: graph.Issued, Via: *run.through(l)}
		seen, _ := run.seen(l, run.f.window)
		for j := range seen {
			if x := &seen[j]; c.removes(run.terrain, l, x) && !c.stops[l.from] && !c.agents[e.Via.Agent] {
				e.Observations = append(e.Observations, graph.Observation{At: x.at, CallKey: graph.CallKeyOf(run.evidence(x))})
			}
		}
		note(&e)
	}
	out, err := run.showUses(uses)
	return out, len(events), err
}

// driven are the sessions and keys that agents acted with.
func (run *reachRun) driven(agents []graph.ID) ([]graph.ID, error) {
	slices.Sort(agents)
	ids := map[graph.ID]bool{}
	var out []graph.ID
	add := func(e *graph.Edge) {
		if !ids[e.To] {
			ids[e.To] = true
			out = append(out, e.To)
		}
	}
	if err := run.r.edges(agents, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Drives}, Window: run.window}, add); err != nil {
		return nil, err
	}
	err := run.r.edges(slices.Clone(out), graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}, add)
	slices.Sort(out)
	return out, err
}

// showUses folds uses to identities and workloads.
func (run *reachRun) showUses(uses map[user]*use) ([]BrokenCaller, error) {
	var actors []graph.ID
	for k := range uses {
		actors = append(actors, run.nodes[k.actor].ID)
	}
	slices.Sort(actors)
	a, err := run.e.ancestry(run.r, slices.Compact(actors))
	if err != nil {
		return nil, err
	}
	out := []BrokenCaller{}
	for k, u := range uses {
		id := run.nodes[k.actor].ID
		b := BrokenCaller{Identity: a.showIdentity(a.identity(id), nil), By: a.show(id), Client: k.client, Agent: k.agent, Calls: len(u.calls), First: u.first, Last: u.last, Actions: []Count{}, Shared: u.shared}
		for _, s := range a.sessions(id) {
			if by := a.runBy[s]; len(by) > 0 {
				b.Workload = by[0].From
			}
		}
		for action, calls := range u.actions {
			b.Actions = append(b.Actions, Count{action, len(calls)})
		}
		slices.SortFunc(b.Actions, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b BrokenCaller) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.By.ID, b.By.ID), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Agent, b.Agent))
	})
	return out, nil
}
