package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

func open(t *testing.T, dir string, o Options) *Spool {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// records are all records of the sealed files, and the files.
func records(t *testing.T, s *Spool) (out []string, files []feed.Object) {
	t.Helper()
	for o := range s.Files() {
		files = append(files, o)
		b, err := os.ReadFile(filepath.FromSlash(o.Name))
		if err != nil {
			t.Fatal(err)
		}
		if s.o.Framing == Lines {
			out = append(out, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
			continue
		}
		for len(b) > 0 {
			n := binary.BigEndian.Uint32(b)
			out = append(out, string(b[4:4+n]))
			b = b[4+n:]
		}
	}
	return out, files
}

// Many senders at once: every record stands once, in groups fewer than records,
// and files are sealed by age and by size.
func TestAppend(t *testing.T) {
	for _, framing := range []Framing{Prefixed, Lines} {
		s := open(t, t.TempDir(), Options{Framing: framing, RotateEvery: 20 * time.Millisecond, RotateBytes: 4000})
		var wg sync.WaitGroup
		for g := range 20 {
			wg.Go(func() {
				for i := range 50 {
					if err := s.Append(context.Background(), fmt.Appendf(nil, "record %d of %d", i, g)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		st := s.Status()
		if st.Records != 1000 || st.Syncs >= 1000 || st.Err != nil {
			t.Errorf("%+v", st)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		got, files := records(t, s)
		seen := map[string]bool{}
		for _, r := range got {
			seen[r] = true
		}
		if len(got) != 1000 || len(seen) != 1000 || len(files) < 2 {
			t.Errorf("%d records, %d distinct, in %d files", len(got), len(seen), len(files))
		}
		if err := s.Append(context.Background(), []byte("late")); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
}

// What a killed process left is found again, without the record it did not
// finish.
func TestRecover(t *testing.T) {
	for framing, torn := range map[Framing]string{Prefixed: "\x00\x00\x00\x05whole\x00\x00\x00\x09torn", Lines: "whole\ntorn"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "20260101T000000.000000000-000000"+part), []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{Framing: framing})
		if got, _ := records(t, s); len(got) != 1 || got[0] != "whole" {
			t.Errorf("recovered %q", got)
		}
	}
}

// A spool that is behind refuses, and takes again once files are in the store.
func TestBehind(t *testing.T) {
	s := open(t, t.TempDir(), Options{RotateEvery: 10 * time.Millisecond, MaxBehind: 1000, MaxRecord: 600, Keep: -1})
	ctx := context.Background()
	record := make([]byte, 400)
	for range 2 {
		if err := s.Append(ctx, record); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(ctx, record); !errors.Is(err, ErrBehind) {
		t.Fatalf("a full spool: %v", err)
	}
	if err := s.Append(ctx, make([]byte, 601)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("a large record: %v", err)
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got, _ := records(t, s); len(got) == 2 { // in one file or two
			break
		}
	}
	for o := range s.Files() {
		o.Done(feed.ErrEnded) // not stored
	}
	if s.Status().Behind != 808 {
		t.Errorf("behind %d after a run that ended early", s.Status().Behind)
	}
	for o := range s.Files() {
		o.Done(nil)
		o.Done(nil)
	}
	if st := s.Status(); st.Behind != 0 || st.Refused != 1 || st.Waiting != 0 || st.Files == 0 {
		t.Errorf("%+v", st)
	}
	if err := s.Append(ctx, record); err != nil {
		t.Error(err)
	}
}

// Only what is ingested is removed, and only when it is old.
func TestKeep(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	s := open(t, t.TempDir(), Options{Keep: time.Hour, Now: clock, RotateBytes: 1, RotateEvery: time.Millisecond})
	for _, r := range []string{"a", "b"} {
		if err := s.Append(context.Background(), []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); s.Status().Waiting < 2 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	for o := range s.Files() {
		o.Done(nil)
		break
	}
	s.prune()
	if n := s.Status().Files; n != 2 {
		t.Errorf("%d files, none is old", n)
	}
	mu.Lock()
	now = now.Add(2 * time.Hour)
	mu.Unlock()
	s.prune()
	if got, _ := records(t, s); len(got) != 1 || got[0] != "b" || s.Status().Files != 1 {
		t.Errorf("left: %q", got)
	}
}

func TestLocked(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	if _, err := Open(s.Dir(), Options{}); graph.Code(err) != graph.CodeLocked {
		t.Errorf("a second one: %v", err)
	}
}
