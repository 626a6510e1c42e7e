package explore

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Unjoined counts the sessions and temporary keys that made calls in the window
// of c and whose issuer is not in the data. A key that a session holds counts
// as that session.
func (e *Explorer) Unjoined(ctx context.Context, c *Coverage) (int, error) {
	r, err := e.reader(ctx, Budget{Depth: math.MaxInt, Nodes: math.MaxInt, Edges: math.MaxInt}, c.AsOf)
	if err != nil {
		return 0, err
	}
	actors, err := r.callers(c.Window)
	if err != nil {
		return 0, err
	}
	a, err := e.ancestry(r, actors)
	if err != nil {
		return 0, err
	}
	joined := map[graph.ID]bool{} // by unit: a session, or a key that no session holds
	for _, id := range actors {
		if len(a.of[id]) == 0 || typesOwner[a.typ(id)] { // neither a session nor a temporary key; or no question whose it is
			continue
		}
		unit, known := id, len(a.issued[id]) > 0
		for _, s := range a.sessions(id) {
			unit = s
			known = known || len(a.issued[s]) > 0 || len(a.siblings(s)) > 0
		}
		joined[unit] = joined[unit] || known
	}
	n := 0
	for _, known := range joined {
		if !known {
			n++
		}
	}
	return n, nil
}

// typesOwner are the types of tokens and sessions of service accounts, apps and
// workflow runs: the cluster, or GitHub, issues them to whom they name.
var typesOwner = map[string]bool{typeWebIdentity: true, "k8s.token": true, "k8s.session": true, typeAppToken: true, typeWorkflowRun: true}

// callers are all that made calls in the window, sorted.
func (r *reader) callers(w graph.Window) ([]graph.ID, error) {
	acted := map[graph.ID]bool{}
	if s, ok := r.store.(graph.Callers); ok {
		for id, err := range s.Callers(r.ctx, w, r.asOf) {
			if err != nil {
				return nil, fmt.Errorf("read callers: %w", err)
			}
			acted[id] = true
		}
	} else if err := r.everywhere(graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w}, func(e *graph.Edge) { acted[e.From] = true }); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(acted)), nil
}
