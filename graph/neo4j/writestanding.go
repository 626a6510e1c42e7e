package neo4j

import (
	"bytes"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// standingEdge is what a batch makes of one standing edge.
type standingEdge struct {
	edgeKey
	row         *graph.StandingRow // the first of the batch's; nil where it is only rewritten
	first, last graph.Time
	source      graph.Ref
	marks       []graph.Mark
	stored      []any // first, last, seq, record and marks; nil: it is new
}

// writeStanding merges the batch's standing edges into those stored.
func (w *writer) writeStanding(b *graph.Batch, ids []string, base uint64) error {
	edges := make(map[edgeKey]*standingEdge, len(b.Standing))
	kinds := map[graph.EdgeKind][]*standingEdge{}
	for i := range b.Standing {
		r := &b.Standing[i]
		if r.From == 0 || r.To == 0 {
			return &graph.Error{Code: graph.CodeInvalid, Message: "an edge of the batch lacks an end"}
		}
		k := edgeKey{w.s.hourKey(0), hash(w.s.keys.key(b.Nodes[r.To-1].ID)),
			identity(w.s.keys.key(b.Nodes[r.From-1].ID), r.Kind, b.Labels[r.Label], 0, graph.Via{})}
		source := r.Source
		source.Seq += base
		var marks []graph.Mark
		for _, m := range r.Marks {
			m.Source.Seq += base
			marks = append(marks, m)
		}
		e := edges[k]
		if e == nil {
			e = &standingEdge{edgeKey: k, row: r, first: r.First, last: r.Last, source: source}
			edges[k] = e
			kinds[r.Kind] = append(kinds[r.Kind], e)
		}
		e.merge(r.First, r.Last, source, marks)
	}
	for _, row := range graph.EdgeKinds {
		of := kinds[row.Kind]
		slices.SortFunc(of, func(a, b *standingEdge) int { return compareKey(a.edgeKey, b.edgeKey) })
		finds := make([][]int64, len(of))
		for i, e := range of {
			finds[i] = []int64{e.h, e.target, e.edge, int64(i)}
		}
		if err := runAll(w, cypherFindStanding(row), "rows", finds, nil, func(found []any) error {
			return of[found[0].(int64)].observe(found[1:])
		}); err != nil {
			return err
		}
		var creates, updates [][]any
		for _, e := range of {
			props := e.props(w.superseded)
			switch {
			case e.stored == nil:
				l := b.Labels[e.row.Label]
				creates = append(creates, append([]any{ids[e.row.From-1], ids[e.row.To-1], e.h, e.target, e.edge,
					optional(l.Action), optional(word(l.Effect)), optional(word(l.Match)), optional(word(l.Role)), optional(word(l.Plane)),
					optional(word(l.Join)), optional(l.Detail)}, props...))
			case !sameRow(props, e.stored):
				updates = append(updates, append([]any{e.h, e.target, e.edge}, props...))
			}
		}
		if err := runAll(w, cypherCreateStanding(row), "rows", creates, nil, nil); err != nil {
			return err
		}
		if err := runAll(w, cypherUpdateStanding(row), "rows", updates, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (e *standingEdge) merge(first, last graph.Time, source graph.Ref, marks []graph.Mark) {
	e.first, e.last = min(e.first, first), max(e.last, last)
	if source.Before(e.source) {
		e.source = source
	}
	for _, m := range marks { // one by one: a batch's need not be sorted
		e.marks = graph.MergeMarks(e.marks, []graph.Mark{m})
	}
}

// observe takes in what is stored: first, last, seq, record, marks.
func (e *standingEdge) observe(row []any) error {
	e.stored = row
	b, _ := row[4].([]byte)
	ms, err := decodeMarks(b)
	marks := make([]graph.Mark, len(ms))
	for i, m := range ms {
		marks[i] = m.Mark
	}
	first, last, source := timeOf(row[0]), timeOf(row[1]), graph.Ref{Seq: uint64(row[2].(int64)), Record: uint32(row[3].(int64))}
	if e.row == nil && e.source == (graph.Ref{}) {
		e.first, e.last, e.source = first, last, source
	}
	e.merge(first, last, source, marks)
	return err
}

// props are the columns from first on.
func (e *standingEdge) props(by superseded) []any {
	ms := make([]mark, len(e.marks))
	var tokens []string
	seen := map[string]bool{}
	times := map[graph.MarkKind][]any{}
	for i, m := range e.marks {
		ms[i] = mark{m, by[m.Evidence]}
		if t := eventToken(m.Evidence); !seen[t] {
			seen[t] = true
			tokens = append(tokens, t)
		}
		if ms[i].by == 0 && m.At != 0 {
			times[m.Kind] = append(times[m.Kind], moment(m.At))
		}
	}
	var ids, packed, began, ended any
	if len(ms) > 0 {
		ids, packed = strings.Join(tokens, " "), encodeMarks(ms)
	}
	if ts := times[graph.Began]; ts != nil {
		began = ts
	}
	if ts := times[graph.Ended]; ts != nil {
		ended = ts
	}
	return []any{moment(e.first), moment(e.last), int64(e.source.Seq), int64(e.source.Record), packed, ids, began, ended}
}

// sameRow compares the columns that hold everything: first, last, seq, record
// and marks.
func sameRow(a, stored []any) bool {
	x, _ := a[4].([]byte)
	y, _ := stored[4].([]byte)
	return timeOf(a[0]) == timeOf(stored[0]) && timeOf(a[1]) == timeOf(stored[1]) && a[2] == stored[2] && a[3] == stored[3] && bytes.Equal(x, y)
}
