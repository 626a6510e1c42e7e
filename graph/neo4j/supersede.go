package neo4j

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// hide rewrites the edges that rest on evidence newly superseded, and records
// it. Rows hold evidence, seq and record.
func (w *writer) hide(rows []any) error {
	events := w.newEventWriter()
	updates := map[graph.EdgeKind][][]any{}
	for len(rows) > 0 {
		n := min(len(rows), 200) // terms of one question to the index
		terms := make([]string, n)
		for i, r := range rows[:n] {
			terms[i] = eventToken(plain(r.([]any)[0].(string)))
		}
		err := w.run(cypherCarriers, map[string]any{"query": strings.Join(terms, " "), "low": w.s.hourKey(0), "high": w.s.hourKey(0) + 1<<32}, func(row []any) error {
			var kind graph.EdgeKind
			if err := kind.UnmarshalText([]byte(row[0].(string))); err != nil {
				return err
			}
			k := edgeKey{row[1].(int64), row[2].(int64), row[3].(int64)}
			if hourOf(k.h) != 0 {
				e := &eventEdge{edgeKey: k, kind: kind}
				if err := e.observe(row[4], row[5]); err != nil {
					return err
				}
				events.add(nil, nil, e)
				return nil
			}
			e := &standingEdge{edgeKey: k}
			if err := e.observe(row[6:]); err != nil {
				return err
			}
			if props := e.props(w.superseded); !sameRow(props, e.stored) {
				updates[kind] = append(updates[kind], append([]any{k.h, k.target, k.edge}, props...))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := w.run(cypherSupersede, map[string]any{"graph": w.s.o.Graph, "rows": rows[:n]}, nil); err != nil {
			return err
		}
		rows = rows[n:]
	}
	if err := events.flush(); err != nil {
		return err
	}
	for _, row := range graph.EdgeKinds {
		if err := runAll(w, cypherUpdateStanding(row), "rows", updates[row.Kind], nil, nil); err != nil {
			return err
		}
	}
	return nil
}
