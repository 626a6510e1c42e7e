package explore

import (
	"cmp"
	"context"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// The size of a picture that a person can read, and the largest that is drawn.
const (
	DefaultPictureNodes = 300
	DefaultPictureEdges = 600
	MaxPictureNodes     = 25_000
	MaxPictureEdges     = 50_000
)

// PictureQuery asks Explorer.Picture.
type PictureQuery struct {
	Of     []string
	Window graph.Window
	Who    Who // empty: WhoNHI
	// Match is how loosely a record may name its target; zero: Derived.
	// Wildcards that cover what was asked are never drawn.
	Match  graph.Match
	Probes bool
	// Nodes and Edges bound what is drawn; zero: the defaults. Siblings fold
	// into groups until the picture fits.
	Nodes, Edges int
	Budget       Budget
	AsOf         uint64
}

// MembersQuery asks Explorer.Members for a page of a group of the picture that
// the same PictureQuery draws.
type MembersQuery struct {
	PictureQuery
	Group string
	First int
	After string
}

// Picture is the graph to draw around what was asked: who acted on it, with
// which credentials and from where they came, and what else those that changed
// it did. Nothing is left out silently: what is not drawn stands in a group,
// and where even that is too much Truncated says so.
type Picture struct {
	Status
	Of       []Node         `json:"of"`
	Nodes    []PictureNode  `json:"nodes"` // by first touch, then id
	Edges    []PictureEdge  `json:"edges"`
	Groups   []PictureGroup `json:"groups"`
	Shown    PictureSize    `json:"shown"`
	All      PictureSize    `json:"all"` // before siblings were folded
	Excluded Excluded       `json:"excluded"`
}

// PictureSize counts nodes and edges.
type PictureSize struct {
	Nodes int `json:"nodes"`
	Edges int `json:"edges"`
}

// PictureNode is a node of a picture.
type PictureNode struct {
	Node  Node       `json:"node"`
	Tool  string     `json:"tool"` // of an agent
	Asked bool       `json:"asked"`
	First graph.Time `json:"first"` // its first touch inside the window
	Last  graph.Time `json:"last"`
	Calls int        `json:"calls"` // drawn calls it made or took
	// Worst is the gravest outcome of its calls; OK where all went well, zero
	// where it has none.
	Worst graph.Outcome `json:"worst"`
}

// PictureEdge joins two nodes of a picture: all observations of one kind
// between them, or a standing fact.
type PictureEdge struct {
	ID        string         `json:"id"`
	From      graph.ID       `json:"from"`
	To        graph.ID       `json:"to"`
	Kind      graph.EdgeKind `json:"kind"`
	Labels    []string       `json:"labels"` // actions, most calls first, or how it was joined
	Effect    graph.Effect   `json:"effect"` // the gravest effect of its calls
	Calls     int            `json:"calls"`
	Outcomes  []OutcomeCount `json:"outcomes"`
	First     graph.Time     `json:"first"`
	Last      graph.Time     `json:"last"`
	Certainty Certainty      `json:"certainty"`
	Agent     graph.ID       `json:"agent"` // that all or some of the calls came through
	Evidence  []string       `json:"evidence"`
}

// PictureGroup stands for siblings that are not drawn: nodes of one kind and
// account that hang on one node in the same way.
type PictureGroup struct {
	ID      string         `json:"id"`
	Hub     graph.ID       `json:"hub"` // the node they hang on
	Inward  bool           `json:"inward"`
	Edge    graph.EdgeKind `json:"edge"`
	Kind    graph.Kind     `json:"kind"`
	Account string         `json:"account"`
	Count   int            `json:"count"`
	Calls   int            `json:"calls"`
	Worst   graph.Outcome  `json:"worst"`
	First   graph.Time     `json:"first"`
}

// Members is a page of the nodes that a group stands for, with their edges.
type Members struct {
	Nodes  []PictureNode `json:"nodes"`
	Edges  []PictureEdge `json:"edges"`
	Total  int           `json:"total"`
	Cursor string        `json:"cursor"` // continues; empty at the end
	AsOf   int           `json:"asOf"`
}

// Picture draws what was asked.
func (e *Explorer) Picture(ctx context.Context, q PictureQuery) (*Picture, error) {
	r, s, err := e.sketch(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &Picture{Of: []Node{}, Nodes: []PictureNode{}, Edges: []PictureEdge{}, Groups: []PictureGroup{}, Excluded: s.excluded, All: PictureSize{len(s.full.dots), len(s.full.strokes)}}
	for _, x := range s.asked {
		out.Of = append(out.Of, s.a.show(x))
	}
	for _, g := range s.groups {
		out.Groups = append(out.Groups, g.show())
	}
	out.Nodes, out.Edges = s.show(s.drawn())
	out.Shown = PictureSize{len(out.Nodes), len(out.Edges)}
	out.Status, err = e.status(r, q.Window)
	return out, err
}

// Members pages through a group of a picture.
func (e *Explorer) Members(ctx context.Context, q MembersQuery) (*Members, error) {
	first, err := pageSize(q.First, 50)
	if err != nil {
		return nil, err
	}
	r, s, err := e.sketch(ctx, q.PictureQuery)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.groups, func(g *fold) bool { return g.key.String() == q.Group })
	if i < 0 {
		return nil, &graph.Error{Code: graph.CodeNotFound, Message: "the picture has no such group", Hint: "ask with the window, filters and asOf of the picture that the group is from"}
	}
	members := s.groups[i].members
	from := 0
	if q.After != "" {
		if from = 1 + slices.Index(members, graph.ID(q.After)); from == 0 {
			return nil, badCursor(q.After)
		}
	}
	page := members[from:min(from+first, len(members))]
	out := &Members{Total: len(members), AsOf: int(r.seen)}
	if from+len(page) < len(members) {
		out.Cursor = string(page[len(page)-1])
	}
	on := map[graph.ID]bool{s.groups[i].key.hub: true}
	for _, id := range page {
		on[id] = true
	}
	out.Nodes, out.Edges = s.show(on)
	out.Nodes = slices.DeleteFunc(out.Nodes, func(n PictureNode) bool { return n.Node.ID == s.groups[i].key.hub })
	return out, nil
}

// show is what is drawn of these nodes, and the edges among them.
func (s *sketch) show(on map[graph.ID]bool) ([]PictureNode, []PictureEdge) {
	nodes, edges := []PictureNode{}, []PictureEdge{}
	for id := range on {
		d := s.fit.dots[id]
		n := PictureNode{Node: s.a.show(id), Tool: s.a.node(id).Attrs.Value(graph.AttrTool), Asked: slices.Contains(s.asked, id),
			First: d.first, Last: d.last, Calls: d.calls, Worst: d.worst}
		if n.Node.Kind == graph.Identity {
			n.Node = s.a.showIdentity(id, nil)
		}
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(x, y PictureNode) int {
		return cmp.Or(cmp.Compare(x.First, y.First), cmp.Compare(x.Node.ID, y.Node.ID))
	})
	for k, x := range s.fit.strokes {
		if on[k.from] && on[k.to] {
			edges = append(edges, x.show(k))
		}
	}
	slices.SortFunc(edges, func(x, y PictureEdge) int { return cmp.Compare(x.ID, y.ID) })
	return nodes, edges
}
