package explore

import (
	"sync"

	"github.com/blastradius/blastradius/graph"
)

// hop is a node with the edges behind it: into it from holders, workloads,
// issuers and agents; out of it to identities and credentials.
type hop struct {
	node    graph.Node
	in, out []graph.Edge
}

// maxMemo bounds the hops kept, about 1 kB each.
const maxMemo = 100_000

// memo keeps hops for one state of the store. What stands behind an actor is
// asked again and again and does not depend on the window.
type memo struct {
	mu   sync.Mutex
	mark uint64
	hops map[graph.ID]*hop
}

// known moves what is kept for that state into have and returns what is not.
func (m *memo) known(mark uint64, ids []graph.ID, have map[graph.ID]*hop) (missing []graph.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if h := m.hops[id]; h != nil && m.mark == mark {
			have[id] = h
		} else {
			missing = append(missing, id)
		}
	}
	return missing
}

// keep adds hops of that state. Older states are forgotten.
func (m *memo) keep(mark uint64, ids []graph.ID, hops map[graph.ID]*hop) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mark < m.mark {
		return
	}
	if mark > m.mark || m.hops == nil || len(m.hops)+len(ids) > maxMemo {
		m.mark, m.hops = mark, map[graph.ID]*hop{}
	}
	for _, id := range ids {
		m.hops[id] = hops[id]
	}
}

var (
	intoIt  = []graph.EdgeKind{graph.Holds, graph.Runs, graph.Issued, graph.Drives}
	outOfIt = []graph.EdgeKind{graph.Of, graph.ActsFor, graph.Holds}
)

// behind reads the hops of the ids. Edges that were kept count against the
// budget like those that are read, so that an answer does not depend on what
// was asked before.
func (e *Explorer) behind(r *reader, ids []graph.ID) (map[graph.ID]*hop, error) {
	hops := make(map[graph.ID]*hop, len(ids))
	missing := ids
	if r.asOf == 0 {
		missing = e.memo.known(r.seen, ids, hops)
		for _, h := range hops {
			r.left -= len(h.in) + len(h.out)
		}
		if r.left < 0 {
			r.cut(LimitEdges, r.budget.Edges)
			return map[graph.ID]*hop{}, nil
		}
	}
	if len(missing) == 0 {
		return hops, nil
	}
	for _, id := range missing {
		hops[id] = &hop{node: graph.Node{ID: id}}
	}
	found, err := r.nodes(missing)
	if err != nil {
		return nil, err
	}
	for _, n := range found {
		if h := hops[n.ID]; h != nil {
			h.node = n
		}
	}
	var issued []graph.ID // an identity is held, run and issued by nobody
	for _, id := range missing {
		if hops[id].node.Kind != graph.Identity {
			issued = append(issued, id)
		}
	}
	err = r.edges(issued, graph.In, graph.Filter{Kinds: intoIt, Detail: graph.Evidence}, func(e *graph.Edge) {
		hops[e.To].in = append(hops[e.To].in, *e)
	})
	if err == nil {
		err = r.edges(missing, graph.Out, graph.Filter{Kinds: outOfIt}, func(e *graph.Edge) {
			hops[e.From].out = append(hops[e.From].out, *e)
		})
	}
	if err == nil && r.asOf == 0 && r.truncated == nil {
		e.memo.keep(r.seen, missing, hops)
	}
	return hops, err
}
