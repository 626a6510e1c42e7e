package explore

import (
	"context"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// SearchResult is a page of nodes, ordered by id.
type SearchResult struct {
	Nodes  []Node `json:"nodes"`
	Cursor string `json:"cursor"` // continues; empty at the end
	AsOf   int    `json:"asOf"`
}

// NodeDetail is a node with what is known of its generations and its edges.
type NodeDetail struct {
	Node        Node         `json:"node"`
	Aliases     []graph.ID   `json:"aliases"` // nodes that this id names, or that name it
	Generations []Generation `json:"generations"`
	AsOf        int          `json:"asOf"`
}

// Generation is one life of a principal or resource that was recreated.
type Generation struct {
	UniqueID string     `json:"uniqueId"`
	First    graph.Time `json:"first"`
	Last     graph.Time `json:"last"`
	Created  []string   `json:"created"` // event ids
	Deleted  []string   `json:"deleted"`
}

// Search finds nodes of which every word of the text begins a word of the id,
// alias or name, ordered by id. Empty text finds every node of the kinds.
func (e *Explorer) Search(ctx context.Context, q SearchQuery) (*SearchResult, error) {
	first, err := pageSize(q.First, 20)
	if err != nil {
		return nil, err
	}
	r, err := e.reader(ctx, Budget{}, 0)
	if err != nil {
		return nil, err
	}
	out := &SearchResult{Nodes: []Node{}, AsOf: int(r.seen)}
	sel := graph.Selector{Search: q.Text, Kinds: q.Kinds, After: graph.ID(q.After), Limit: first + 1}
	for n, err := range e.store.Nodes(ctx, sel) {
		if err != nil {
			return nil, fmt.Errorf("search nodes: %w", err)
		}
		if len(out.Nodes) == first {
			out.Cursor = string(out.Nodes[first-1].ID)
			break
		}
		out.Nodes = append(out.Nodes, showNode(&n))
	}
	return out, nil
}

// Node describes one node: an id, an alias, or a name that fits one.
func (e *Explorer) Node(ctx context.Context, id string) (*NodeDetail, error) {
	r, x, err := e.one(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	out := &NodeDetail{Node: showNode(&x.node), Aliases: []graph.ID{}, Generations: generations(&x.node), AsOf: int(r.seen)}
	for a := range x.ids {
		if a != x.node.ID {
			out.Aliases = append(out.Aliases, a)
		}
	}
	slices.Sort(out.Aliases)
	if x.node.Kind == graph.Identity {
		a, err := e.ancestry(r, []graph.ID{x.node.ID})
		if err != nil {
			return nil, err
		}
		v := a.class(x.node.ID, nil)
		out.Node.Class, out.Node.ClassReason = v.class, v.reason
	}
	return out, nil
}

// one resolves a single node of any kind.
func (e *Explorer) one(ctx context.Context, id string, asOf uint64) (*reader, *resolved, error) {
	r, err := e.reader(ctx, Budget{}, asOf)
	if err != nil {
		return nil, nil, err
	}
	xs, err := r.resolve([]string{id}, nil)
	if err != nil {
		return nil, nil, err
	}
	if len(xs) > 1 {
		var ns []graph.Node
		for _, x := range xs {
			ns = append(ns, x.node)
		}
		return nil, nil, ambiguous(id, ns)
	}
	return r, &xs[0], nil
}

// generations are the lives of a node: one for each unique id, with the
// creations and deletions since the one before was last seen.
func generations(n *graph.Node) []Generation {
	out := []Generation{}
	for _, a := range n.Attrs {
		if a.Name == graph.AttrUniqueID {
			out = append(out, Generation{UniqueID: a.Value, First: a.First, Last: a.Last, Created: []string{}, Deleted: []string{}})
		}
	}
	slices.SortStableFunc(out, func(a, b Generation) int { return int(min(max(a.First-b.First, -1), 1)) })
	for _, a := range n.Attrs {
		if a.Name != graph.AttrCreated && a.Name != graph.AttrDeleted {
			continue
		}
		if len(out) == 0 {
			out = append(out, Generation{First: a.First, Last: a.Last, Created: []string{}, Deleted: []string{}})
		}
		g := &out[0]
		for i := range out {
			// A creation begins the first life seen after it; a deletion ends the last seen before it.
			if a.Name == graph.AttrDeleted && out[i].First <= a.First || a.Name == graph.AttrCreated && (i == 0 || out[i-1].Last < a.First) {
				g = &out[i]
			}
		}
		if a.Name == graph.AttrCreated {
			g.Created = append(g.Created, a.Value)
		} else {
			g.Deleted = append(g.Deleted, a.Value)
		}
		if g.UniqueID == "" {
			g.First, g.Last = min(g.First, a.First), max(g.Last, a.Last)
		}
	}
	return out
}
