package snapshot

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// renumber makes the ledger's numbers 1, 2, 3 …, as a store gives them.
func (s *Snapshot) renumber() error {
	old := make([]uint64, len(s.Ledger))
	for i := range s.Ledger {
		if old[i] = s.Ledger[i].Seq; i > 0 && old[i] <= old[i-1] {
			return corrupt("the ledger's numbers are out of order")
		}
	}
	if len(old) == 0 || old[len(old)-1] == uint64(len(old)) {
		return s.refs(func(r *graph.Ref) bool { return r.Seq >= 1 && r.Seq <= uint64(len(old)) })
	}
	for i := range s.Ledger {
		s.Ledger[i].Seq = uint64(i + 1)
	}
	return s.refs(func(r *graph.Ref) bool {
		i, _ := slices.BinarySearch(old, r.Seq)
		r.Seq = uint64(i + 1)
		return i < len(old)
	})
}

// refs hands every place to f, which says whether it is one.
func (s *Snapshot) refs(f func(*graph.Ref) bool) error {
	ok := true
	for i := range s.Events {
		for j := range s.Events[i].Observations {
			ok = ok && f(&s.Events[i].Observations[j].Source)
		}
	}
	for i := range s.Standing {
		ok = ok && f(&s.Standing[i].Source)
		for j := range s.Standing[i].Marks {
			ok = ok && f(&s.Standing[i].Marks[j].Source)
		}
	}
	if !ok {
		return corrupt("a fact comes from a source that the ledger does not list")
	}
	return nil
}

// piece is one observation of an event, or one standing fact or mark, with the
// source that brought it.
type piece struct {
	seq         uint64
	edge        int // in Events, or in Standing
	observation int // of an event; -1: a standing fact, -2-i: its mark i
}

// batchPieces is how many pieces a batch has at most, unless one source has more.
const batchPieces = 20_000

// Replay writes the snapshot into an empty store: with the same ledger numbers,
// so that asOf means the same.
func (s *Snapshot) Replay(ctx context.Context, st graph.Store) error {
	for range st.Sources(ctx) {
		return &graph.Error{Code: graph.CodeInvalid, Message: "the store is not empty", Hint: "name a new one"}
	}
	pieces := s.pieces()
	attrs := true // the first batch brings all nodes with their attributes
	for from := 0; from < len(s.Ledger); {
		to, n := from, 0
		for n < len(pieces) && to < len(s.Ledger) {
			next := n
			for next < len(pieces) && pieces[next].seq == s.Ledger[to].Seq {
				next++
			}
			if to > from && next > batchPieces {
				break
			}
			to, n = to+1, next
		}
		if n == len(pieces) {
			to = len(s.Ledger)
		}
		if err := st.Apply(ctx, s.batch(s.Ledger[from:to], pieces[:n], attrs)); err != nil {
			return fmt.Errorf("write snapshot into store: %w", err)
		}
		from, pieces, attrs = to, pieces[n:], false
	}
	return nil
}

// pieces are all facts by source.
func (s *Snapshot) pieces() []piece {
	var out []piece
	for i := range s.Events {
		for j, o := range s.Events[i].Observations {
			out = append(out, piece{o.Source.Seq, i, j})
		}
	}
	for i := range s.Standing {
		out = append(out, piece{s.Standing[i].Source.Seq, i, -1})
		for j, m := range s.Standing[i].Marks {
			out = append(out, piece{m.Source.Seq, i, -2 - j})
		}
	}
	slices.SortStableFunc(out, func(a, b piece) int { return cmp.Compare(a.seq, b.seq) })
	return out
}

// batch is what some sources brought.
func (s *Snapshot) batch(sources []graph.Source, pieces []piece, attrs bool) *graph.Batch {
	b := graph.NewBuilder()
	base := sources[0].Seq
	for _, src := range sources {
		src.Seq = 0
		b.Source(src)
	}
	node := func(id graph.ID) graph.NodeRef {
		if id == "" {
			return 0
		}
		n := graph.Node{ID: id}
		if i, ok := s.find(id); ok {
			n = s.Nodes[i]
		}
		return b.Node(id, n.Kind, n.Type)
	}
	local := func(r graph.Ref) graph.Ref { return graph.Ref{Seq: r.Seq - base, Record: r.Record} }
	if attrs {
		for _, n := range s.Nodes {
			b.Node(n.ID, n.Kind, n.Type)
		}
	}
	for _, p := range pieces {
		if p.observation >= 0 {
			e := &s.Events[p.edge]
			o := e.Observations[p.observation]
			o.Source = local(o.Source)
			b.Event(graph.EventKey{From: node(e.From), To: node(e.To), Agent: node(e.Via.Agent), Client: node(e.Via.Client), Service: node(e.Via.Service),
				Label: b.Label(e.Label), Kind: e.Kind, Outcome: e.Outcome}, o)
			continue
		}
		e := &s.Standing[p.edge]
		src := e.Source
		var marks []graph.Mark
		if p.observation < -1 {
			m := e.Marks[-2-p.observation]
			src = m.Source
			m.Source = local(m.Source)
			marks = append(marks, m)
		}
		row := b.Standing(graph.StandingKey{From: node(e.From), To: node(e.To), Label: b.Label(e.Label), Kind: e.Kind}, e.First, local(src), marks...)
		b.See(row, e.Last, local(src))
	}
	out := b.Batch()
	if attrs {
		for i := range out.Nodes {
			if j, ok := s.find(out.Nodes[i].ID); ok {
				out.Nodes[i].Attrs = s.Nodes[j].Attrs
			}
		}
	}
	return out
}

// find is the index of a node.
func (s *Snapshot) find(id graph.ID) (int, bool) {
	return slices.BinarySearchFunc(s.Nodes, id, func(n graph.Node, id graph.ID) int { return cmp.Compare(n.ID, id) })
}
