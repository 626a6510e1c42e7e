package pebble

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// Apply implements graph.Store.
func (s *Store) Apply(ctx context.Context, b *graph.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.broken != nil {
		return s.broken
	}
	err := s.w.build(b)
	if err == nil {
		err = s.commitBatch()
	}
	if err != nil {
		s.w.undo()
		return fmt.Errorf("apply batch: %w", err)
	}
	return nil
}

func (s *Store) commitBatch() error {
	size := 0
	for tag := range s.w.kvs {
		for _, x := range s.w.kvs[tag] {
			size += len(x.key) + len(x.value)
		}
	}
	batch := s.db.NewBatchWithSize(size + size/4 + 1024)
	defer batch.Close()
	for tag := range s.w.kvs {
		for _, x := range s.w.kvs[tag] {
			var err error
			if unions[tag] != nil {
				err = batch.Merge(x.key, x.value, nil)
			} else {
				err = batch.Set(x.key, x.value, nil)
			}
			if err != nil {
				return fmt.Errorf("write batch: %w", err)
			}
		}
	}
	return s.commit(func() error { return batch.Commit(pebble.Sync) })
}

// commit runs write and publishes the writer's state, as one step to readers.
// A panic of Pebble's means that it does not know the state of its files: the
// store then refuses all further writing.
func (s *Store) commit(write func() error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			s.broken = &graph.Error{Code: graph.CodeUnavailable, Message: "the store cannot be written", Hint: "is the disk full? free space and start again; committed batches are safe", Err: cause}
			err = s.broken
		}
	}()
	if err := write(); err != nil {
		return unavailable(err)
	}
	next := s.w.next
	for i := range s.w.nodes {
		n := &s.w.nodes[i]
		if e := n.entry; e != nil && (n.first < e.first || n.last > e.last) {
			c := *e
			c.first, c.last = min(e.first, n.first), max(e.last, n.last)
			s.nodes.put(&c)
		}
	}
	for _, e := range s.w.entries {
		s.w.known.add(s.nodes.hash(e.id))
		s.nodes.put(e)
	}
	s.state.Store(&next)
	return nil
}

func unavailable(err error) error {
	var e *graph.Error
	if errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &graph.Error{Code: graph.CodeUnavailable, Message: "the store cannot be written", Hint: "is the disk full? free space and try again; committed batches are safe", Err: err}
}
