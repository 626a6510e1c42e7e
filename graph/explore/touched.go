package explore

import (
	"context"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Resource is one thing asked for, as it was resolved.
type Resource struct {
	Asked string     `json:"asked"`
	Node  Node       `json:"node"`
	IDs   []graph.ID `json:"ids"` // the node with its aliases, whose calls are its own
	Parts int        `json:"parts"`
	Note  string     `json:"note"` // how it was resolved, where that is not plain
}

// Touched answers: which identities touched these resources, and how.
type Touched struct {
	Status
	Resources    []Resource        `json:"resources"`
	Total        Total             `json:"total"`
	Excluded     Excluded          `json:"excluded"`
	UnknownCalls int               `json:"unknownCalls"` // shown calls of class UNKNOWN
	Identities   []TouchedIdentity `json:"identities"`
}

// TouchedIdentity is one identity with the calls it made on what was asked.
type TouchedIdentity struct {
	Identity     Node           `json:"identity"`
	Total        int            `json:"total"`
	UnknownCalls int            `json:"unknownCalls"`
	First        graph.Time     `json:"first"`
	Last         graph.Time     `json:"last"`
	Credentials  []Actor        `json:"credentials"`
	Sessions     []Actor        `json:"sessions"`
	Via          []Intermediary `json:"via"`
	Calls        []CallRow      `json:"calls"`
	Chain        []Hop          `json:"chain"`
	Origins      []Origin       `json:"origins"`
}

// Touched answers which identities touched these resources, and how. A call
// counts once per identity and once in all, at its strictest match, then as
// primary; calls through sessions and keys fold to the identity whose
// permissions they carry.
func (e *Explorer) Touched(ctx context.Context, q TouchedQuery) (*Touched, error) {
	if len(q.Resources) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "no resource was asked for", Hint: "give at least one id, ARN or name"}
	}
	if q.Who == "" {
		q.Who = WhoNHI
	}
	if q.Match == 0 {
		q.Match = graph.Derived
	}
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	s, err := r.scope(q.Resources, q.Parts, q.Match == graph.Mentioned)
	if err != nil {
		return nil, err
	}
	set, err := r.callsOn(s, q.Window, q.Match, q.Evidence.First != 0)
	if err != nil {
		return nil, err
	}
	a, err := e.ancestry(r, set.actors())
	if err != nil {
		return nil, err
	}
	set.settle(a)
	if err := set.approve(r, a); err != nil {
		return nil, err
	}
	if err := a.load(r, set.vias()); err != nil {
		return nil, err
	}
	sh := set.show(a, q.Who, q.Probes)
	out := &Touched{Total: Total{len(sh.people), sh.total}, Excluded: sh.excluded, UnknownCalls: sh.unknown,
		Resources: s.show(), Identities: []TouchedIdentity{}}
	for _, id := range sh.order {
		p := sh.people[id]
		t := TouchedIdentity{Identity: a.showIdentity(id, p.classes), Total: p.total, UnknownCalls: p.unknown, First: p.first, Last: p.last,
			Credentials: p.used(graph.Credential), Sessions: p.used(graph.Session), Via: sortVia(p.via), Chain: []Hop{}, Origins: []Origin{}}
		if t.Calls, err = p.callRows(id, set, s.asked, q.Evidence); err != nil {
			return nil, err
		}
		if !q.NoChain {
			t.Chain, t.Origins = p.chain(a)
		}
		p.contradictions(r, a)
		out.Identities = append(out.Identities, t)
	}
	if out.Status, err = e.status(r, q.Window); err != nil {
		return nil, err
	}
	if s.rolledUp {
		out.Coverage.incomplete("an object was asked for and its bucket answered")
	}
	return out, nil
}

// callsOn reads the calls on everything in scope, one read for all.
func (r *reader) callsOn(s *scope, w graph.Window, match graph.Match, evidence bool) (*callSet, error) {
	set := newCallSet()
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, Detail: graph.Times}
	if evidence {
		f.Detail = graph.Evidence
	}
	err := r.edges(s.ids, graph.In, f, func(e *graph.Edge) {
		t := s.targets[e.To]
		if e.Label.Match > match || t.wildcard && match < graph.Mentioned {
			return
		}
		set.add(e, t.resource, t.window, t.wildcard)
	})
	return set, err
}

// chain is where the person's credentials came from, and the sessions it used
// without one: shared hops stand once.
func (p *person) chain(a *ancestry) ([]Hop, []Origin) {
	c := a.chains()
	origins := []Origin{}
	held := map[graph.ID]bool{}
	for _, x := range p.used(graph.Credential) {
		for _, s := range a.sessions(x.ID) {
			held[s] = true
		}
		origins = append(origins, c.follow(x.ID, x.Last))
	}
	for _, x := range p.used(graph.Session) {
		if !held[x.ID] {
			origins = append(origins, c.follow(x.ID, x.Last))
		}
	}
	return orEmpty(c.hops), origins
}

func (s *scope) show() []Resource {
	out := []Resource{}
	for i, x := range s.asked {
		r := Resource{Asked: x.asked, Node: showNode(&x.node), IDs: []graph.ID{}, Parts: s.parts[i], Note: x.note}
		for id := range x.ids {
			r.IDs = append(r.IDs, id)
		}
		slices.Sort(r.IDs)
		out = append(out, r)
	}
	return out
}
