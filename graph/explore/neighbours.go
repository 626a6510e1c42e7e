package explore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Neighbours is a page of what a node is joined to.
type Neighbours struct {
	Status
	Node       Node        `json:"node"`
	Total      int         `json:"total"` // neighbours, over all pages
	Calls      int         `json:"calls"` // distinct calls, over all pages
	Neighbours []Neighbour `json:"neighbours"`
	Cursor     string      `json:"cursor"`
}

// Neighbour is one node at the other end of edges of one kind and direction.
type Neighbour struct {
	Node      Node           `json:"node"`
	Kind      graph.EdgeKind `json:"kind"`
	Direction Direction      `json:"direction"`
	Calls     int            `json:"calls"` // distinct calls; zero for standing facts
	First     graph.Time     `json:"first"`
	Last      graph.Time     `json:"last"`
	Labels    []string       `json:"labels"` // actions, joins or details
	Outcomes  []OutcomeCount `json:"outcomes"`
	Worst     graph.Outcome  `json:"worst"`     // the gravest outcome of its calls; zero where it has none
	ValidFrom graph.Time     `json:"validFrom"` // of standing facts, at the window's end
	ValidTo   graph.Time     `json:"validTo"`
}

// OutcomeCount counts calls of one outcome.
type OutcomeCount struct {
	Outcome graph.Outcome `json:"outcome"`
	Count   int           `json:"count"`
}

// Direction of neighbours as seen from the node.
type Direction string

// The directions.
const (
	Outward Direction = "OUT"
	Inward  Direction = "IN"
	Both    Direction = "BOTH"
)

// end tells neighbours apart.
type end struct {
	kind graph.EdgeKind
	dir  Direction
	id   graph.ID
}

func compareEnd(a, b end) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.dir, b.dir), cmp.Compare(a.id, b.id))
}

func (k end) String() string {
	return k.kind.String() + "|" + string(k.dir) + "|" + string(k.id)
}

func parseEnd(cursor string) (end, error) {
	part := strings.SplitN(cursor, "|", 3)
	if len(part) != 3 {
		return end{}, badCursor(cursor)
	}
	k := end{dir: Direction(part[1]), id: graph.ID(part[2])}
	if err := k.kind.UnmarshalText([]byte(part[0])); err != nil {
		return end{}, badCursor(cursor)
	}
	return k, nil
}

// bond is what is known of one neighbour.
type bond struct {
	calls       map[uint64]graph.Outcome
	first, last graph.Time
	labels      map[string]bool
	valid       graph.Window
	known       bool
}

// Neighbours answers what a node is joined to, by kind of edge, direction and
// id. The totals are those of all pages.
func (e *Explorer) Neighbours(ctx context.Context, q NeighboursQuery) (*Neighbours, error) {
	first, err := pageSize(q.First, 50)
	if err != nil {
		return nil, err
	}
	r, x, err := e.one(ctx, q.ID, q.AsOf)
	if err != nil {
		return nil, err
	}
	bonds := map[end]*bond{}
	calls := map[uint64]bool{}
	gather := func(dir Direction) func(*graph.Edge) {
		return func(e *graph.Edge) {
			k := end{e.Kind, dir, e.To}
			own := x.ids[e.From]
			if dir == Inward {
				k.id, own = e.From, x.ids[e.To]
			}
			b := bonds[k]
			if b == nil {
				b = &bond{calls: map[uint64]graph.Outcome{}, labels: map[string]bool{}}
			}
			if b.add(e, own, q.Window.To) {
				bonds[k] = b
			}
			if e.Kind != graph.Called {
				return
			}
			for _, o := range e.Observations {
				if own.Contains(o.At) {
					calls[o.CallKey] = true
				}
			}
		}
	}
	ids := slices.Sorted(maps.Keys(x.ids))
	f := graph.Filter{Kinds: q.Kinds, Window: q.Window, Detail: graph.Times}
	if q.Direction != Inward {
		if err := r.edges(ids, graph.Out, f, gather(Outward)); err != nil {
			return nil, err
		}
	}
	if q.Direction != Outward {
		if err := r.edges(ids, graph.In, f, gather(Inward)); err != nil {
			return nil, err
		}
	}
	keys := slices.SortedFunc(maps.Keys(bonds), compareEnd)
	out := &Neighbours{Node: showNode(&x.node), Total: len(keys), Calls: len(calls), Neighbours: []Neighbour{}}
	from := 0
	if q.After != "" {
		after, err := parseEnd(q.After)
		if err != nil {
			return nil, err
		}
		var found bool
		if from, found = slices.BinarySearchFunc(keys, after, compareEnd); found {
			from++
		}
	}
	to := min(from+first, len(keys))
	if to < len(keys) {
		out.Cursor = keys[to-1].String()
	}
	a := &ancestry{nodes: map[graph.ID]graph.Node{}}
	var wanted []graph.ID
	for _, k := range keys[from:to] {
		wanted = append(wanted, k.id)
	}
	if err := a.load(r, wanted); err != nil {
		return nil, err
	}
	for _, k := range keys[from:to] {
		n := bonds[k].show()
		n.Node, n.Kind, n.Direction = a.show(k.id), k.kind, k.dir
		out.Neighbours = append(out.Neighbours, n)
	}
	out.Status, err = e.status(r, q.Window)
	return out, err
}

// add adds an edge, of which only sights in the window own count. It reports
// whether any did.
func (b *bond) add(e *graph.Edge, own graph.Window, at graph.Time) bool {
	word := cmp.Or(e.Label.Action, e.Label.Detail)
	if e.Kind == graph.Issued {
		word = e.Label.Join.String()
	}
	if e.Kind.Standing() {
		b.first, b.last = earlier(b.first, e.First), max(b.last, e.Last)
		b.valid, b.known = e.Valid(cmp.Or(at, e.Last))
	} else {
		any := false
		for _, o := range e.Observations {
			if !own.Contains(o.At) {
				continue
			}
			any = true
			b.first, b.last = earlier(b.first, o.At), max(b.last, o.At)
			if old, ok := b.calls[o.CallKey]; !ok || e.Outcome < old {
				b.calls[o.CallKey] = e.Outcome
			}
		}
		if !any {
			return false
		}
	}
	if word != "" {
		b.labels[word] = true
	}
	return true
}

func (b *bond) show() Neighbour {
	out := Neighbour{Calls: len(b.calls), First: b.first, Last: b.last, Labels: orEmpty(slices.Sorted(maps.Keys(b.labels))), Outcomes: []OutcomeCount{}, ValidTo: b.valid.To}
	if b.known {
		out.ValidFrom = b.valid.From
	}
	count := map[graph.Outcome]int{}
	for _, o := range b.calls {
		if o != 0 {
			count[o]++
		}
	}
	for _, o := range slices.Sorted(maps.Keys(count)) {
		out.Outcomes = append(out.Outcomes, OutcomeCount{o, count[o]})
		out.Worst = graver(out.Worst, o)
	}
	return out
}
