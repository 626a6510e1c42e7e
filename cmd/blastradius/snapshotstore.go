package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/snapshot"
	"github.com/spf13/cobra"
)

// snapshotStore is a snapshot, opened: a store of its own in a temporary
// directory, which Close removes. It is not written to.
type snapshotStore struct {
	*pebble.Store
	snapshot *snapshot.Snapshot
	known    bool // whoever signed it is who the caller says
	dir      string
}

// Close implements graph.Store.
func (s *snapshotStore) Close() error {
	return errors.Join(s.Store.Close(), os.RemoveAll(s.dir))
}

// readSnapshot reads and proves a snapshot file.
func readSnapshot(path string) (*snapshot.Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "open snapshot", Err: err}
	}
	defer f.Close()
	s, err := snapshot.Read(f)
	if err != nil {
		return nil, &graph.Error{Code: graph.Code(err), Message: "read snapshot " + path, Err: err, Hint: graph.Hint(err)}
	}
	return s, nil
}

// openSnapshot opens the snapshot in a file. Whoever signed it is told to
// people, unless the caller says whose key it must be.
func (m *Main) openSnapshot(cmd *cobra.Command, path string, use storeUse) (*snapshotStore, error) {
	if use != readStore {
		return nil, usage(cmd, "ingest into a store; snapshot create takes a new snapshot of it", "a snapshot is read-only")
	}
	s, err := readSnapshot(path)
	if err != nil {
		return nil, err
	}
	known, _ := cmd.Flags().GetString("snapshot-key")
	if known != "" {
		if err := signedBy(s, known); err != nil {
			return nil, err
		}
	} else {
		fmt.Fprintf(m.Stderr, "note: the snapshot is whole; who signed it is not checked: --snapshot-key %s\n", snapshot.PublicText(s.Key))
	}
	st, err := replay(cmd.Context(), s)
	if err == nil {
		st.known = known != ""
	}
	return st, err
}

// signedBy is an error unless the snapshot was signed with that key: the text of
// it, or a file that holds it.
func signedBy(s *snapshot.Snapshot, known string) error {
	if text, err := os.ReadFile(known); err == nil {
		known = string(text)
	}
	key, err := snapshot.ParsePublic(known)
	if err != nil {
		return err
	}
	if !ed25519.PublicKey.Equal(key, s.Key) {
		return &graph.Error{Code: graph.CodeUnauthorized, Message: "the snapshot is signed with another key, " + snapshot.PublicText(s.Key),
			Hint: "it is not from whom you think, or they have a new key: ask them another way"}
	}
	return nil
}

// replay opens a snapshot that was read.
func replay(ctx context.Context, s *snapshot.Snapshot) (_ *snapshotStore, err error) {
	dir, err := os.MkdirTemp("", "blastradius-snapshot-")
	if err != nil {
		return nil, fmt.Errorf("make temporary store: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	st, err := openDirectory(dir, writeStore, 0)
	if err != nil {
		return nil, err
	}
	if err := s.Replay(ctx, st); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := st.Close(); err != nil {
		return nil, err
	}
	if st, err = openDirectory(dir, readStore, 0); err != nil {
		return nil, err
	}
	return &snapshotStore{Store: st, snapshot: s, dir: dir}, nil
}

// clock is the clock that windows up to now are resolved by: over a snapshot it
// stands at the end of the snapshot's window, so that the same question has the
// same answer on any day.
func (m *Main) clock(st graph.Store) func() time.Time {
	if s, ok := st.(*snapshotStore); ok {
		return func() time.Time { return s.snapshot.Manifest.Window.To.Time() }
	}
	return m.Now
}
