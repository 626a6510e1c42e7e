package explore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Activity answers: what did these identities, credentials, sessions, agents
// or workloads do.
type Activity struct {
	Status
	Of           []Node         `json:"of"`
	Total        Total          `json:"total"`
	Excluded     Excluded       `json:"excluded"`
	UnknownCalls int            `json:"unknownCalls"`
	Identities   []Node         `json:"identities"`
	Credentials  []Actor        `json:"credentials"`
	Sessions     []Actor        `json:"sessions"`
	Via          []Intermediary `json:"via"`
	Services     []Count        `json:"services"` // calls by called service, most first
	Regions      []Count        `json:"regions"`  // calls by region of the target; "global" where it has none
	Calls        []CallRow      `json:"calls"`
}

// Count is a number of distinct calls, or of nodes, under a name.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Activity answers what these did, through all their sessions and keys. Each
// call counts once, under its primary target.
func (e *Explorer) Activity(ctx context.Context, q ActivityQuery) (*Activity, error) {
	if len(q.Of) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "nothing was asked for", Hint: "give an identity, credential, session, agent or workload"}
	}
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	xs, err := r.resolve(q.Of, actorKinds)
	if err != nil {
		return nil, err
	}
	acting, err := r.actors(xs, q.Window)
	if err != nil {
		return nil, err
	}
	set := newCallSet()
	set.primaryFirst = true
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: q.Window, Detail: graph.Times}
	if q.Evidence.First != 0 {
		f.Detail = graph.Evidence
	}
	err = r.edges(acting.list(), graph.Out, f, func(e *graph.Edge) {
		if acting.counts(e) {
			set.add(e, -1, graph.Window{}, false)
		}
	})
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
	sh := set.show(a, cmp.Or(q.Who, WhoAll), q.Probes)
	out := &Activity{Of: []Node{}, Total: Total{len(sh.people), sh.total}, Excluded: sh.excluded, UnknownCalls: sh.unknown,
		Identities: []Node{}, Credentials: []Actor{}, Sessions: []Actor{}, Calls: []CallRow{}}
	for _, x := range xs {
		n := showNode(&x.node)
		out.Of = append(out.Of, n)
		if len(n.UniqueIDs) > 1 {
			r.note("%s was recreated: it had %d unique ids, and what all of them did is shown.", n.ID, len(n.UniqueIDs))
		}
	}
	via := map[graph.ID]*Intermediary{}
	services, regions := map[string]int{}, map[string]int{}
	for _, id := range sh.order {
		p := sh.people[id]
		out.Identities = append(out.Identities, a.showIdentity(id, p.classes))
		out.Credentials = append(out.Credentials, p.used(graph.Credential)...)
		out.Sessions = append(out.Sessions, p.used(graph.Session)...)
		rows, err := p.callRows(id, set, nil, q.Evidence)
		if err != nil {
			return nil, err
		}
		out.Calls = append(out.Calls, rows...)
		p.contradictions(r, a)
		for v, x := range p.via {
			if via[v] == nil {
				via[v] = &Intermediary{ID: x.ID, Kind: x.Kind, Type: x.Type, Tool: x.Tool, Evidence: x.Evidence}
			}
			via[v].Calls += x.Calls
		}
		for k, row := range p.rows {
			service, _, _ := strings.Cut(k.label.Action, ":")
			services[service] += row.count
			regions[region(k.target)] += row.count
		}
	}
	out.Via, out.Services, out.Regions = sortVia(via), sortCounts(services), sortCounts(regions)
	slices.SortStableFunc(out.Calls, func(x, y CallRow) int { return -cmp.Compare(x.Count, y.Count) })
	out.Status, err = e.status(r, q.Window)
	return out, err
}

// region is where a target lies, as its id says: "global" where it does not.
func region(id graph.ID) string {
	if arn, ok := graph.ParseARN(string(id)); ok && arn.Region != "" {
		return arn.Region
	}
	if rest, ok := strings.CutPrefix(string(id), "aws:endpoint:"); ok {
		if part := strings.Split(rest, ":"); len(part) == 3 && part[1] != "" {
			return part[1]
		}
	}
	return "global"
}

// sortCounts is the map as a list, most first.
func sortCounts(m map[string]int) []Count {
	out := []Count{}
	for name, n := range m {
		out = append(out, Count{name, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name)) })
	return out
}
