package pebble_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
)

// open opens a store in memory, small enough to have many.
func open(t *testing.T) graph.Store {
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem(), CacheBytes: 1 << 20, CacheNodes: 4, MemTableBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) { storetest.Run(t, open) }

func TestReopen(t *testing.T) {
	storetest.Reopen(t, func(t *testing.T) (graph.Store, func() graph.Store) {
		dir := t.TempDir()
		var s *pebble.Store
		reopen := func() graph.Store {
			if s != nil {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			if s, err = pebble.Open(dir, pebble.Options{}); err != nil {
				t.Fatal(err)
			}
			return s
		}
		t.Cleanup(func() { _ = s.Close() })
		return reopen(), reopen
	})
}
