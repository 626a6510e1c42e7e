package explore

import (
	"cmp"
	"maps"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// seeds resolves what was asked: of what acts, itself and what acts for it; of
// what is acted on, its callers; of an event, who made the call and the
// workload it was about.
func (f *workflow) seeds(of []string) ([]Node, error) {
	r := f.r
	var acting []resolved
	out := []Node{}
	for _, text := range of {
		xs, err := r.resolve([]string{text}, selects)
		if graph.Code(err) == graph.CodeNotFound {
			var by []graph.Node
			by, err = f.event(text, err)
			for i := range by {
				out = append(out, showNode(&by[i]))
			}
		}
		if err != nil {
			return nil, err
		}
		for _, x := range xs {
			out = append(out, showNode(&x.node))
			if x.node.Kind == graph.Client {
				return nil, &graph.Error{Code: graph.CodeInvalid, Message: string(x.node.ID) + " is a program, which many use", Hint: "ask for a resource, session, key, agent or workload"}
			}
			if slices.Contains(acts, x.node.Kind) {
				acting = append(acting, x)
			}
			if slices.Contains(isActedOn, x.node.Kind) && x.node.Type != "aws.endpoint" {
				f.scope.asked = append(f.scope.asked, x)
			}
		}
	}
	var err error
	if f.acting, err = r.actors(acting, f.window); err != nil {
		return nil, err
	}
	for _, id := range f.acting.list() {
		f.add(Membership{Kind: Asked, Node: id, From: id, Certainty: Definite})
	}
	if err := r.fill(f.scope, true, false); err != nil {
		return nil, err
	}
	return out, f.callers()
}

// event seeds the walk with who made the call that the event shows; where there
// is no such event, notFound stands.
func (f *workflow) event(text string, notFound error) ([]graph.Node, error) {
	var by []graph.ID
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Evidence: []string{text}, Detail: graph.Evidence}
	err := f.r.everywhere(flt, func(e *graph.Edge) {
		by = append(by, e.From)
		f.add(Membership{Kind: Asked, Node: e.From, From: e.From, Certainty: Definite, At: e.First, Evidence: evidences(e)})
		f.add(Membership{Kind: AgentRun, Node: e.Via.Agent, From: e.From, Certainty: Definite, At: e.First, Evidence: evidences(e)})
	})
	if err == nil && len(by) == 0 {
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(by)
	return f.r.nodes(slices.Compact(by))
}

// callers seeds the walk with what called the things that were asked for.
func (f *workflow) callers() error {
	var by []Membership
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: f.window, Detail: graph.Evidence}
	err := f.r.edges(f.scope.ids, graph.In, flt, func(e *graph.Edge) {
		if e.Label.Match > graph.Derived || e.Outcome == graph.Probe {
			return
		}
		m := Membership{Kind: Toucher, Node: e.From, From: e.To, Certainty: Definite, At: e.First, Evidence: evidences(e)}
		if e.Outcome == graph.OK && e.Label.Effect.Mutates() && e.Label.Plane != graph.DataPlane {
			m.Kind = Changer
		}
		by = append(by, m)
	})
	changed := func(m Membership) int { return map[MembershipKind]int{Changer: 0, Toucher: 1}[m.Kind] }
	slices.SortFunc(by, func(x, y Membership) int { // those that changed it first
		return cmp.Or(changed(x)-changed(y), cmp.Compare(x.At, y.At), cmp.Compare(x.Node, y.Node), cmp.Compare(x.From, y.From))
	})
	for _, m := range by {
		f.add(m)
	}
	return err
}

// calls reads what the members did in the window. Of those that only called
// what was asked, only those calls count.
func (f *workflow) calls(evidence bool) (*callSet, error) {
	set := newCallSet()
	set.primaryFirst = true
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: f.window, Detail: graph.Times}
	if evidence {
		flt.Detail = graph.Evidence
	}
	err := f.r.edges(slices.Sorted(maps.Keys(f.why)), graph.Out, flt, func(e *graph.Edge) {
		if !f.walked(e.From) {
			return
		}
		if t, onIt := f.scope.targets[e.To]; f.touched[e.From] {
			if onIt && e.Label.Match <= graph.Derived {
				set.add(e, -1, t.window, false)
			}
			return
		}
		if f.acting.counts(e) {
			set.add(e, -1, graph.Window{}, false)
		}
	})
	return set, err
}

// walked reports whether a member's own calls are the workflow's: not those of
// what many share, unless it was asked for.
func (f *workflow) walked(id graph.ID) bool {
	if k := f.why[id].Kind; k == Asked || k == Toucher || k == Changer {
		return true
	}
	_, hub := f.hubs[id]
	return !hub
}

// members are the identities behind the members of the walk.
func (f *workflow) members(set *callSet, sh *shown, page EvidencePage) ([]Member, error) {
	why := map[graph.ID][]Membership{}
	for id, m := range f.why {
		if k := f.a.kind(id); k == graph.Agent || k == graph.Service || hasPrefix(id, requestPrefix) {
			continue
		}
		who := f.a.identity(id)
		why[who] = append(why[who], m)
	}
	out := []Member{}
	for id, ms := range why {
		p := sh.people[id]
		if p == nil {
			p = &person{}
		}
		slices.SortFunc(ms, func(x, y Membership) int {
			return cmp.Or(cmp.Compare(x.Hops, y.Hops), cmp.Compare(x.At, y.At), cmp.Compare(x.Node, y.Node))
		})
		m := Member{Identity: f.a.showIdentity(id, p.classes), Why: ms, Total: p.total, First: p.first, Last: p.last,
			Credentials: p.used(graph.Credential), Sessions: p.used(graph.Session), Via: sortVia(p.via), Calls: []CallRow{}}
		var err error
		if m.Calls, err = p.callRows(id, set, nil, page); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	never := graph.Time(1 << 62)
	slices.SortFunc(out, func(x, y Member) int {
		return cmp.Or(cmp.Compare(cmp.Or(x.First, never), cmp.Or(y.First, never)), cmp.Compare(x.Identity.ID, y.Identity.ID))
	})
	return out, nil
}

func (f *workflow) workloads() []Workload {
	out := []Workload{}
	for id, m := range f.why {
		if f.a.kind(id) == graph.Service {
			out = append(out, Workload{Node: f.a.show(id), Why: m})
		}
	}
	slices.SortFunc(out, func(x, y Workload) int { return cmp.Compare(x.Node.ID, y.Node.ID) })
	return out
}

func (f *workflow) shared() []Hub {
	out := []Hub{}
	for id, reason := range f.hubs {
		out = append(out, Hub{Node: f.a.show(id), Reason: reason})
	}
	slices.SortFunc(out, func(x, y Hub) int { return cmp.Compare(x.Node.ID, y.Node.ID) })
	return out
}
