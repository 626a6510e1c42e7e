package explore

import (
	"cmp"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// ReachStatic is what a walk that does not look at time would reach over the
// same window, by the same rules.
type ReachStatic struct {
	Total ReachTotal `json:"total"`
	// Removed counts what time removed: reached there and not here. Of them
	// the first MaxPage by ID are listed.
	Removed int    `json:"removed"`
	Nodes   []Node `json:"nodes"`
}

// closure is the same walk without time, over a window.
func (run *reachRun) closure(w graph.Window) (*reachRun, error) {
	q := run.q
	q.Window, q.NoPaths = w, true
	blind := &reachRun{q: q, from: run.from, seeds: map[graph.ID]bool{}, spread: run.e.newSpread(run.r, &q, run.from, run.held != nil && w == run.window)}
	blind.blind = true
	return blind, blind.walk()
}

func (run *reachRun) static(nodes []ReachedNode) (*ReachStatic, error) {
	blind, err := run.closure(run.window)
	if err != nil {
		return nil, err
	}
	in := map[graph.ID]bool{}
	for i := range nodes {
		in[nodes[i].Node.ID] = true
	}
	all := blind.reached()
	out := &ReachStatic{Total: blind.total(all), Nodes: []Node{}}
	for i := range all {
		if !in[all[i].Node.ID] {
			out.Nodes = append(out.Nodes, all[i].Node)
		}
	}
	blind.release()
	out.Removed = len(out.Nodes)
	slices.SortFunc(out.Nodes, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	out.Nodes = out.Nodes[:min(len(out.Nodes), MaxPage)]
	return out, nil
}
