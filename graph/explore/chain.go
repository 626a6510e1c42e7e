package explore

import (
	"context"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Chain answers: where did this credential or session come from.
type Chain struct {
	Status
	Of      []Node     `json:"of"`
	At      graph.Time `json:"at"`
	Hops    []Hop      `json:"hops"` // nearest first
	Origins []Origin   `json:"origins"`
	Nodes   []Node     `json:"nodes"` // every node of the hops
}

// actorKinds are the kinds that a bare name may mean when what acted is asked
// for.
var actorKinds = []graph.Kind{graph.Identity, graph.Credential, graph.Session, graph.Agent, graph.Service}

// Chain answers where credentials or sessions came from, issuer by issuer back
// to the origin. Of a workload, its own sessions are followed; of an agent, what
// it drove; an identity has no issuer and is refused with code INVALID.
func (e *Explorer) Chain(ctx context.Context, q ChainQuery) (*Chain, error) {
	if len(q.Of) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "nothing was asked for", Hint: "give a key id, a credential or a session"}
	}
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	xs, err := r.resolve(q.Of, actorKinds)
	if err != nil {
		return nil, err
	}
	out := &Chain{Of: []Node{}, At: q.At, Hops: []Hop{}, Origins: []Origin{}, Nodes: []Node{}}
	var seeds, through []graph.ID
	for _, x := range xs {
		out.Of = append(out.Of, showNode(&x.node))
		switch x.node.Kind {
		case graph.Credential, graph.Session:
			seeds = append(seeds, x.node.ID)
		case graph.Service, graph.Agent:
			through = append(through, x.node.ID)
		default:
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: string(x.node.ID) + " is no credential or session: it was not issued by anybody",
				Hint: "ask for its activity: that lists its credentials and sessions"}
		}
	}
	err = r.edges(through, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Runs, graph.Drives}}, func(e *graph.Edge) {
		if (q.At == 0 || e.First <= q.At) && !hasPrefix(e.To, requestPrefix) {
			seeds = append(seeds, e.To)
		}
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(seeds)
	seeds = slices.Compact(seeds)
	a, err := e.ancestry(r, seeds)
	if err != nil {
		return nil, err
	}
	c := a.chains()
	for _, id := range seeds {
		out.Origins = append(out.Origins, c.follow(id, q.At))
	}
	out.Hops = orEmpty(c.hops)
	var ids []graph.ID
	for _, h := range c.hops {
		ids = append(ids, h.From, h.To)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if a.kind(id) == graph.Identity {
			out.Nodes = append(out.Nodes, a.showIdentity(id, nil))
			continue
		}
		out.Nodes = append(out.Nodes, a.show(id))
	}
	w, err := e.bounded(r, graph.Window{To: q.At})
	if err != nil {
		return nil, err
	}
	r.whole = true // no calls are read, but those beside forwarded credentials
	if out.Status, err = e.status(r, w); err == nil {
		out.Coverage.Window = graph.Window{} // its origins say what is not joined
	}
	return out, err
}
