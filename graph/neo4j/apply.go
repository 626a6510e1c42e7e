package neo4j

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/blastradius/blastradius/graph"
)

// chunk is how many rows one statement takes.
const chunk = 10_000

// writer is one transaction of Apply or Prune, under the graph's lock.
type writer struct {
	s   *Store
	ctx context.Context
	tx  neo4j.ExplicitTransaction

	// The graph's state, as of the lock.
	watermark uint64
	floor     graph.Time

	superseded superseded // with what this transaction adds
	refused    uint64
	fresh      map[string]nodeEntry // for the cache, once committed
}

// Apply implements graph.Store. The batch is one transaction: it is there whole
// or not at all. A server that is gone is waited for (Options.Patience); a
// commit of which it is not known whether it took place is looked for first.
func (s *Store) Apply(ctx context.Context, b *graph.Batch) error {
	batch := rand.Text()
	return s.write(ctx, "apply batch", func(w *writer, attempt int) error {
		if attempt > 0 && len(b.Sources) > 0 {
			done := false
			if err := w.run(cypherApplied, map[string]any{"batch": batch}, func([]any) error { done = true; return nil }); err != nil || done {
				return err
			}
		}
		return w.apply(b, batch)
	})
}

// write runs work in a transaction under the graph's lock, and again where
// trying again helps.
func (s *Store) write(ctx context.Context, what string, work func(w *writer, attempt int) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.o.ReadOnly {
		return &graph.Error{Code: graph.CodeInvalid, Message: what + ": the store was opened to be read only"}
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.retry(ctx, what, func(attempt int) error {
		session := s.session(ctx, neo4j.AccessModeWrite)
		defer session.Close(context.WithoutCancel(ctx))
		tx, err := session.BeginTransaction(ctx)
		if err != nil {
			return err
		}
		defer tx.Close(context.WithoutCancel(ctx))
		w := &writer{s: s, ctx: ctx, tx: tx, fresh: map[string]nodeEntry{}}
		if err := w.lock(); err != nil {
			return err
		}
		if err := work(w, attempt); err != nil {
			return err
		}
		if err := tx.Commit(ctx); err != nil {
			return err
		}
		s.superseded = w.superseded
		s.nodes.add(w.fresh)
		return nil
	})
}

// run runs a statement of the transaction.
func (w *writer) run(text string, params map[string]any, each func([]any) error) error {
	w.s.counters.statements.Add(1)
	res, err := w.tx.Run(w.ctx, text, params)
	if err != nil {
		return err
	}
	return rows(w.ctx, res, each)
}

// runAll runs a statement over rows, a chunk at a time.
func runAll[T any](w *writer, text, name string, rows []T, more map[string]any, each func([]any) error) error {
	for len(rows) > 0 {
		n := min(len(rows), chunk)
		params := map[string]any{name: rows[:n]}
		maps.Copy(params, more)
		if err := w.run(text, params, each); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// lock waits for the graph's lock and reads its state.
func (w *writer) lock() error {
	found, corrections := false, int64(0)
	if err := w.run(cypherLock, map[string]any{"graph": w.s.o.Graph}, func(row []any) error {
		found = row[0] == w.s.uuid
		w.watermark, w.floor, corrections = uint64(row[1].(int64)), graph.Time(row[2].(int64)), row[3].(int64)
		return nil
	}); err != nil {
		return err
	}
	if !found {
		return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("the graph %s was removed from the database", w.s.o.Graph), Hint: "start again"}
	}
	w.superseded = w.s.superseded
	if int64(len(w.superseded)) == corrections {
		return nil
	}
	w.superseded = superseded{}
	return w.run(cypherSuperseded, map[string]any{"graph": w.s.o.Graph}, func(row []any) error {
		w.superseded[plain(row[0].(string))] = uint64(row[1].(int64))
		return nil
	})
}

// superseded knows from which source on evidence is superseded. It is never
// changed once it is the store's.
type superseded map[string]uint64

// apply writes a batch.
func (w *writer) apply(b *graph.Batch, batch string) error {
	base := w.watermark + 1
	added := w.supersede(b, base)
	if len(added) > 0 {
		if err := w.hide(added); err != nil {
			return fmt.Errorf("supersede: %w", err)
		}
	}
	ids, err := w.writeNodes(b)
	if err != nil {
		return fmt.Errorf("write nodes: %w", err)
	}
	if err := w.writeEvents(b, ids, base); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	if err := w.writeStanding(b, ids, base); err != nil {
		return fmt.Errorf("write standing facts: %w", err)
	}
	if err := runAll(w, cypherLedger, "rows", ledgerRows(b.Sources, base, batch), map[string]any{"graph": w.s.o.Graph}, nil); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return w.run(cypherFinish, map[string]any{"graph": w.s.o.Graph, "watermark": int64(w.watermark) + int64(len(b.Sources)),
		"refused": int64(w.refused), "corrections": len(w.superseded)}, nil)
}

// supersede adds what the batch supersedes, and returns the rows for the
// evidence that was not superseded before; what was keeps its smaller source.
func (w *writer) supersede(b *graph.Batch, base uint64) []any {
	var added []any
	first := map[string]graph.Ref{}
	for _, x := range b.Supersedes {
		r := x.Source
		r.Seq += base
		if old, ok := first[x.Evidence]; !ok || r.Before(old) {
			first[x.Evidence] = r
		}
	}
	next := maps.Clone(w.superseded)
	for ev, r := range first {
		if _, ok := next[ev]; ok {
			continue
		}
		if next == nil {
			next = superseded{}
		}
		next[strings.Clone(ev)] = r.Seq
		added = append(added, []any{text(ev), int64(r.Seq), int64(r.Record)})
	}
	if added != nil {
		w.superseded = next
	}
	return added
}

// ledgerRows are the properties of the ledger's entries. The first carries the
// name of the batch.
func ledgerRows(sources []graph.Source, base uint64, batch string) []map[string]any {
	var out []map[string]any
	for i, src := range sources {
		lists := make([]string, len(src.Lists))
		for i, l := range src.Lists {
			lists[i] = text(l)
		}
		row := map[string]any{"seq": int64(base) + int64(i), "name": text(src.Name), "kind": text(src.Kind), "stream": text(src.Stream),
			"size": src.Size, "hash": text(src.Hash), "version": optional(src.Version), "segment": src.Segment, "final": src.Final, "records": src.Records,
			"rejected": src.Rejected, "skipped": src.Skipped, "first": moment(src.First), "last": moment(src.Last), "note": optional(src.Note)}
		if len(lists) > 0 {
			row["lists"] = lists
		}
		if i == 0 {
			row["batch"] = batch
		}
		out = append(out, row)
	}
	return out
}

// moment is a time as a property: a date-time that Cypher reads, nil for none.
func moment(t graph.Time) any {
	if t == 0 {
		return nil
	}
	return time.UnixMilli(int64(t)).UTC()
}

// timeOf undoes moment.
func timeOf(v any) graph.Time {
	t, ok := v.(time.Time)
	if !ok {
		return 0
	}
	return graph.Time(t.UnixMilli())
}
