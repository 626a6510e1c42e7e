package pebble_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
)

// crashBatches are the same at every call; each has one source.
func crashBatches() []*graph.Batch {
	e := newEstate(11, 3000)
	var out []*graph.Batch
	for i := range 48 {
		out = append(out, e.batch(20+i%3*100))
	}
	return out
}

// childDir names the store for a child process, which applies the batches that
// the ledger lacks and says each one's number once it is durable.
const childDir = "BLASTRADIUS_TEST_CHILD_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(dir string) error {
	s, err := pebble.Open(dir, pebble.Options{MemTableBytes: 128 << 10})
	if err != nil {
		return err
	}
	for i, b := range crashBatches() {
		if uint64(i) < watermark(s) {
			continue
		}
		if err := s.Apply(context.Background(), b); err != nil {
			return err
		}
		fmt.Println(i + 1)
	}
	return s.Close()
}

func hashOf(t *testing.T, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// prefixes are the hashes of the graph after each number of batches.
func prefixes(t *testing.T) []string {
	t.Helper()
	out, err := hashes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var hashes = sync.OnceValues(func() (out []string, err error) {
	m := storetest.NewModel()
	for _, b := range append([]*graph.Batch{{}}, crashBatches()...) {
		if err := m.Apply(context.Background(), b); err != nil {
			return nil, err
		}
		h, err := storetest.Hash(context.Background(), m)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
})

// A process killed at a random moment leaves every batch that it reported, and
// none half applied; going on from there ends in the same graph.
func TestKilled(t *testing.T) {
	want := prefixes(t)
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	kills, committed := 0, 0
	for committed < len(want)-1 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var acked atomic.Int64
		acked.Store(int64(committed))
		read := make(chan struct{})
		go func() {
			defer close(read)
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if n, err := strconv.Atoi(lines.Text()); err == nil {
					acked.Store(int64(n))
				}
			}
		}()
		kill := committed + 1 + rng.IntN(20)
		for acked.Load() < int64(kill) && kill < len(want) {
			select {
			case <-read:
				kill = len(want)
			case <-time.After(100 * time.Microsecond):
			}
		}
		if kill < len(want) {
			time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
			_ = cmd.Process.Kill()
			kills++
		}
		<-read
		err = cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); err != nil && !(ok && status.Signaled()) {
			t.Fatalf("child: %v", err)
		}
		s, err := pebble.Open(dir, pebble.Options{})
		if err != nil {
			t.Fatalf("Open after %d kills: %v", kills, err)
		}
		committed = int(watermark(s))
		if committed < int(acked.Load()) {
			t.Fatalf("%d batches were reported durable, %d are there", acked.Load(), committed)
		}
		if got := hashOf(t, s); got != want[committed] {
			t.Fatalf("after %d batches and %d kills the graph is another", committed, kills)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if kills == 0 {
		t.Error("no child was killed")
	}
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := s.Check(context.Background()); err != nil || !r.OK() {
		t.Errorf("Check after %d kills: %v, %v", kills, r.Problems, err)
	}
}

// Power fails after every batch: what Apply returned from is on the disk, what
// was not synced is lost.
func TestPowerFailure(t *testing.T) {
	want := prefixes(t)
	fs := vfs.NewCrashableMem()
	s, err := pebble.Open("store", pebble.Options{FS: fs, MemTableBytes: 128 << 10, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, b := range crashBatches() {
		if err := s.Apply(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		if i%8 != 7 {
			continue
		}
		after, err := pebble.Open("store", pebble.Options{FS: fs.CrashClone(vfs.CrashCloneCfg{}), CacheBytes: 1 << 20, CacheNodes: 16})
		if err != nil {
			t.Fatal(err)
		}
		if got := hashOf(t, after); got != want[i+1] || watermark(after) != uint64(i+1) {
			t.Errorf("after batch %d and a power failure the watermark is %d, the graph %s; want %s", i+1, watermark(after), got, want[i+1])
		}
		if err := after.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A disk that is full at any write: Apply fails with a code and a hint, the
// graph is as before, and once there is room the batch goes in.
func TestFullDisk(t *testing.T) {
	want := prefixes(t)
	batches := crashBatches()
	failures := 0
	for at := int64(0); at < 40; at += 4 {
		mem := vfs.NewCrashableMem()
		var left atomic.Int64
		left.Store(1 << 40)
		full := errorfs.InjectorFunc(func(op errorfs.Op) error {
			switch op.Kind {
			case errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFilePreallocate, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpReuseForWrite, errorfs.OpMkdirAll:
				if left.Add(-1) < 0 {
					return syscall.ENOSPC
				}
			}
			return nil
		})
		s, err := pebble.Open("store", pebble.Options{FS: errorfs.Wrap(mem, full), CacheBytes: 1 << 20, CacheNodes: 16})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range batches[:3] {
			if err := s.Apply(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
		left.Store(at)
		err = s.Apply(context.Background(), batches[3])
		done := 3
		if err == nil {
			done = 4
		} else {
			failures++
			if graph.Code(err) != graph.CodeUnavailable || graph.Hint(err) == "" {
				t.Errorf("a full disk at write %d gives %v, code %s, hint %q", at, err, graph.Code(err), graph.Hint(err))
			}
		}
		left.Store(1 << 40)
		// Starting again is always a way out.
		again, err := pebble.Open("store", pebble.Options{FS: mem.CrashClone(vfs.CrashCloneCfg{}), CacheBytes: 1 << 20})
		if err != nil {
			t.Fatalf("Open after a full disk at write %d: %v", at, err)
		}
		if n := int(watermark(again)); n < done || n > 4 || hashOf(t, again) != want[n] {
			t.Errorf("after a full disk at write %d there are %d batches, or their graph is another", at, n)
		}
		for _, b := range batches[watermark(again):6] {
			if err := again.Apply(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
		if hashOf(t, again) != want[6] {
			t.Errorf("after a full disk at write %d and going on, the graph is another", at)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil && graph.Code(err) != graph.CodeUnavailable {
			t.Errorf("Close after a full disk: %v", err)
		}
	}
	if failures == 0 {
		t.Error("the disk was never full")
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = pebble.Open(dir, pebble.Options{})
	if graph.Code(err) != graph.CodeLocked || graph.Hint(err) == "" {
		t.Errorf("a second Open in one process: %v, code %s, hint %q", err, graph.Code(err), graph.Hint(err))
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("a second process opened the store")
	}
	if want := "another process has the store " + dir + " open"; !strings.Contains(string(out), want) {
		t.Errorf("the second process says %q, want %q", out, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Flipped bytes are found, not answered with.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range crashBatches()[:4] {
		if err := s.Apply(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	for _, name := range tables {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[40] ^= 0x55
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err = pebble.Open(dir, pebble.Options{})
	if err != nil {
		if graph.Code(err) != graph.CodeCorrupt {
			t.Errorf("Open of a damaged store: %v, code %s", err, graph.Code(err))
		}
		return
	}
	defer s.Close()
	if _, err := s.Check(context.Background()); graph.Code(err) != graph.CodeCorrupt {
		t.Errorf("Check of a damaged store: %v, code %s", err, graph.Code(err))
	}
}

// Close does not wait for room on a full disk: what was applied is in the log.
func TestCloseOnFullDisk(t *testing.T) {
	want := prefixes(t)
	mem := vfs.NewCrashableMem()
	var full atomic.Bool
	s, err := pebble.Open("store", pebble.Options{CacheBytes: 1 << 20, FS: errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFilePreallocate, errorfs.OpReuseForWrite:
			if full.Load() && strings.HasSuffix(op.Path, ".sst") {
				return syscall.ENOSPC
			}
		}
		return nil
	}))})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range crashBatches()[:3] {
		if err := s.Apply(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	full.Store(true)
	if err := s.Close(); err != nil {
		t.Errorf("Close on a full disk: %v", err)
	}
	again, err := pebble.Open("store", pebble.Options{FS: mem.CrashClone(vfs.CrashCloneCfg{}), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if hashOf(t, again) != want[3] {
		t.Error("after Close on a full disk the graph is another")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// watermark is the largest ledger number of a store in memory.
func watermark(s graph.Watermark) uint64 {
	n, _ := s.Watermark(context.Background()) // it is in memory
	return n
}
