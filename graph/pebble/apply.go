package pebble

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
)

// ingestBytes is the size from which a batch is written as sorted files that
// Pebble takes over, rather than through its log: it saves writing the bytes
// twice and keeping them in memory, for a few more syncs.
var ingestBytes = 1 << 20

// tables are the ranges of tags that become one file each: events of new days
// then lie beside the older ones, not across them.
var tables = [...][2]int{{0, tagAlias}, {tagAlias + 1, tagEvidence}, {tagEvidence + 1, tagIn}, {tagIn + 1, tagNode}, {tagNode + 1, tagOut}, {tagOut + 1, 255}}

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
		err = s.commitBatch(ctx)
	}
	if err != nil {
		s.w.undo()
		return fmt.Errorf("apply batch: %w", err)
	}
	return nil
}

func (s *Store) commitBatch(ctx context.Context) error {
	size := 0
	for tag := range s.w.kvs {
		for _, x := range s.w.kvs[tag] {
			size += len(x.key) + len(x.value)
		}
	}
	if size >= ingestBytes {
		paths, err := s.writeTables()
		defer func() {
			for _, p := range paths { // gone, if they were taken over
				_ = s.o.FS.Remove(p)
			}
		}()
		if err != nil {
			return unavailable(err)
		}
		return s.commit(func() error { return s.db.Ingest(ctx, paths) })
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

// writeTables writes the keys as sorted files, synced, and returns all it made.
func (s *Store) writeTables() (paths []string, err error) {
	opts := s.po.MakeWriterOptions(0, s.db.TableFormat())
	for i, t := range tables {
		n := 0
		for tag := t[0]; tag <= t[1]; tag++ {
			n += len(s.w.kvs[tag])
		}
		if n == 0 {
			continue
		}
		path := s.o.FS.PathJoin(s.dir, fmt.Sprintf("ingest-%d.tmp", i))
		paths = append(paths, path)
		f, err := s.o.FS.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return paths, fmt.Errorf("create table: %w", err)
		}
		tw := sstable.NewWriter(objstorageprovider.NewFileWritable(f), opts)
		for tag := t[0]; tag <= t[1] && err == nil; tag++ {
			for _, x := range s.w.kvs[tag] {
				if unions[tag] != nil {
					err = tw.Merge(x.key, x.value)
				} else {
					err = tw.Set(x.key, x.value)
				}
				if err != nil {
					break
				}
			}
		}
		if e := tw.Close(); err == nil {
			err = e
		}
		if err != nil {
			return paths, fmt.Errorf("write table: %w", err)
		}
	}
	return paths, nil
}
