package neo4j

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// errStop ends a stream whose consumer has broken out.
var errStop = errors.New("stop")

// Nodes implements graph.Store.
func (s *Store) Nodes(ctx context.Context, sel graph.Selector) iter.Seq2[graph.Node, error] {
	return func(yield func(graph.Node, error) bool) {
		if err := s.selectNodes(ctx, sel, yield); err != nil && err != errStop {
			yield(graph.Node{}, err)
		}
	}
}

// selectNodes asks until the limit is reached: what the full-text index finds
// is verified here, so that a page may come short.
func (s *Store) selectNodes(ctx context.Context, sel graph.Selector, yield func(graph.Node, error) bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	want := graph.Tokens(sel.Search)
	text := cypherNodes
	p := s.keys.span(sel.After)
	p["labels"] = nil
	if len(sel.Kinds) > 0 {
		var labels []string
		for _, k := range sel.Kinds {
			if k > 0 && int(k) <= len(graph.Kinds) {
				labels = append(labels, graph.Kinds[k-1].Label)
			}
		}
		p["labels"] = labels
	}
	switch {
	case len(sel.IDs) > 0:
		keys := make([]string, len(sel.IDs))
		for i, id := range sel.IDs {
			keys[i] = s.keys.key(id)
		}
		text, p["keys"] = cypherNodesByID, keys
	case len(want) > 0:
		text, p["query"] = cypherSearch, s.keys.searchQuery(want)
	}
	left := int64(math.MaxInt64)
	if sel.Limit > 0 {
		left = int64(sel.Limit)
	}
	for {
		page, rows := left, int64(0)
		p["limit"] = page
		err := s.read(ctx, text, p, func(row []any) error {
			n, err := decodeNode(row[1], row[2], row[3])
			if err != nil {
				return err
			}
			rows++
			n.ID = s.keys.id(row[0].(string))
			p["after"] = s.keys.key(n.ID)
			if !graph.MatchTokens(n.Tokens(), want) {
				return nil
			}
			if left--; !yield(n, nil) {
				return errStop
			}
			return nil
		})
		if err != nil || left == 0 || rows < page {
			return err
		}
	}
}

// Sources implements graph.Store.
func (s *Store) Sources(ctx context.Context) iter.Seq2[graph.Source, error] {
	return func(yield func(graph.Source, error) bool) {
		err := ctx.Err()
		if err == nil {
			err = s.read(ctx, cypherSources, map[string]any{"graph": s.o.Graph}, func(row []any) error {
				if !yield(decodeSource(row[0].(map[string]any)), nil) {
					return errStop
				}
				return nil
			})
		}
		if err != nil && err != errStop {
			yield(graph.Source{}, err)
		}
	}
}

func decodeSource(p map[string]any) graph.Source {
	number := func(name string) int {
		n, _ := p[name].(int64)
		return int(n)
	}
	final, _ := p["final"].(bool)
	src := graph.Source{Seq: uint64(number("seq")), Name: textOf(p["name"]), Kind: textOf(p["kind"]), Stream: textOf(p["stream"]),
		Size: int64(number("size")), Hash: textOf(p["hash"]), Version: textOf(p["version"]), Segment: number("segment"), Final: final,
		Records: number("records"), Rejected: number("rejected"), Skipped: number("skipped"),
		First: timeOf(p["first"]), Last: timeOf(p["last"]), Note: textOf(p["note"])}
	list, _ := p["lists"].([]any)
	for _, l := range list {
		src.Lists = append(src.Lists, textOf(l))
	}
	return src
}

// Stats is what a graph holds.
type Stats struct {
	Nodes, Sources uint64
	// Edges by kind; event edges once an hour.
	Edges map[graph.EdgeKind]uint64
	// Calls are distinct within an edge-hour.
	Calls uint64
	// Refused observations lay before the floor.
	Refused   uint64
	Watermark uint64
	Floor     graph.Time
	Format    int
}

// Stats counts what the graph holds.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	out := Stats{Edges: map[graph.EdgeKind]uint64{}, Format: formatVersion}
	p := s.keys.span("")
	p["graph"] = s.o.Graph
	if err := s.read(ctx, cypherStats, p, func(row []any) error {
		out.Watermark, out.Floor, out.Refused, out.Nodes = uint64(row[0].(int64)), graph.Time(row[1].(int64)), uint64(row[2].(int64)), uint64(row[3].(int64))
		out.Sources = out.Watermark
		return nil
	}); err != nil {
		return out, err
	}
	for _, k := range graph.EdgeKinds {
		if err := s.read(ctx, cypherCount(k), map[string]any{"low": s.hourKey(0), "high": s.hourKey(0) + endOfHours}, func(row []any) error {
			out.Edges[k.Kind] = uint64(row[0].(int64))
			if k.Kind == graph.Called {
				out.Calls = uint64(row[1].(int64))
			}
			return nil
		}); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Prune implements graph.Store. The floor is set first; whole hours then go by
// the index, a part a transaction. Where it is interrupted the floor stands,
// and the next Prune completes it.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	var floor graph.Time
	if err := s.write(ctx, "prune", func(w *writer, _ int) error {
		floor = max(w.floor, min(graph.TimeOf(before), graph.Hour(math.MaxInt32).Start()), 0)
		return w.run(cypherFloor, map[string]any{"graph": s.o.Graph, "floor": int64(floor)}, nil)
	}); err != nil || floor == 0 {
		return err
	}
	first, at := s.hourKey(1), s.hourKey(floor.Hour())
	statements := []string{cypherPruneSlices}
	for _, k := range graph.EdgeKinds {
		if hasEvents(k) {
			statements = append(statements, cypherPrune(k))
		}
	}
	for _, text := range statements {
		for deleted := int64(chunk); deleted == chunk; {
			if err := s.write(ctx, "prune", func(w *writer, _ int) error {
				return w.run(text, map[string]any{"from": first, "to": at, "limit": chunk}, func(row []any) error { deleted = row[0].(int64); return nil })
			}); err != nil {
				return err
			}
		}
	}
	return s.write(ctx, "prune", func(w *writer, _ int) error {
		if err := w.pruneHour(at, floor); err != nil {
			return err
		}
		return w.pruneCredentials(floor)
	})
}

// pruneHour rewrites the event edges of the floor's hour.
func (w *writer) pruneHour(at int64, floor graph.Time) error {
	if at == w.s.hourKey(0) {
		return nil
	}
	out := w.newEventWriter()
	for _, k := range graph.EdgeKinds {
		if !hasEvents(k) {
			continue
		}
		if err := w.run(cypherHour(k), map[string]any{"from": at, "to": at + 1}, func(row []any) error {
			e := &eventEdge{edgeKey: edgeKey{row[0].(int64), row[1].(int64), row[2].(int64)}, kind: k.Kind}
			if err := e.observe(row[3], row[4]); err != nil {
				return err
			}
			left := e.sights[:0]
			for _, o := range e.sights {
				if o.At >= floor {
					left = append(left, o)
				}
			}
			e.sights = left
			out.add(nil, nil, e)
			return nil
		}); err != nil {
			return err
		}
	}
	return out.flush()
}

// pruneCredentials drops the standing edges of temporary credentials long
// ended.
func (w *writer) pruneCredentials(floor graph.Time) error {
	p := w.s.keys.span("")
	p["standing"] = w.s.hourKey(0)
	drop := map[graph.EdgeKind][][]any{}
	if err := w.run(cypherTemporary, p, func(row []any) error {
		var visible []graph.Mark
		for _, b := range row[2].([]any) {
			ms, err := decodeMarks(b.([]byte))
			if err != nil {
				return err
			}
			for _, m := range ms {
				if m.by == 0 {
					visible = append(visible, m.Mark)
				}
			}
		}
		if graph.LongEnded(visible, floor) {
			for _, x := range row[1].([]any) {
				x := x.([]any)
				var kind graph.EdgeKind
				if err := kind.UnmarshalText([]byte(x[0].(string))); err != nil {
					return err
				}
				drop[kind] = append(drop[kind], x[1:])
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, k := range graph.EdgeKinds {
		if err := runAll(w, cypherDeleteEdges(k), "rows", drop[k.Kind], nil, nil); err != nil {
			return err
		}
	}
	return nil
}
