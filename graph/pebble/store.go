// Package pebble keeps the graph in a directory, by way of the key-value store
// Pebble. It is the default store.
//
// A batch is one atomic commit, its ledger entries included: after a crash it
// is there whole or not at all. One process at a time holds the directory.
package pebble

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
)

// Options of a store. The zero value is good.
type Options struct {
	// FS is the file system. Default: the operating system's.
	FS vfs.FS
	// CacheBytes bounds the cache of blocks read. Default: 128 MiB.
	CacheBytes int64
	// CacheNodes bounds the node ids kept in memory, about 160 bytes each.
	// It is rounded up to a power of two. Default: 1,048,576.
	CacheNodes int
	// MemTableBytes is how much of what was applied gathers in memory, and in
	// the log, before it is sorted into a file; while that is written as much
	// again may gather. Default: 64 MiB.
	MemTableBytes int
	// ReadOnly opens without writing; Apply and Prune fail. Default: false.
	ReadOnly bool
}

// Validate reports an option that makes no sense.
func (o Options) Validate() error {
	if o.CacheBytes < 0 || o.CacheNodes < 0 || o.MemTableBytes < 0 {
		return &graph.Error{Code: graph.CodeInvalid, Message: "a size of the store's options is negative"}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 128 << 20
	}
	if o.CacheNodes == 0 {
		o.CacheNodes = 1 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 64 << 20
	}
	return o
}

// formatVersion is that of the layout in key.go.
const formatVersion = 3

// pebbleFormat is pinned so that a newer Pebble does not change files unasked.
const pebbleFormat = pebble.FormatValueSeparation

// compression is the same at every level: most of a store lies in
// files that are seldom written again.
var compression = pebble.UniformDBCompressionSettings(block.GoodCompression)

// Store implements graph.Store in a directory.
type Store struct {
	db  *pebble.DB
	dir string
	o   Options

	background chan struct{} // closed where flushing or compacting has failed

	// writing serializes Apply and Prune; what only they use follows.
	writing  sync.Mutex
	labels   map[graph.Label]uint32
	suffixes map[string]uint32
	shapes   map[shape]uint32
	w        writer
	broken   error // set where a commit's end is not known

	// mu lets a reader take its view of keys and state together: a commit and
	// the publishing of its state happen under the write lock.
	mu    sync.RWMutex
	state atomic.Pointer[state]
	nodes nodeCache
}

// state is what a view knows beside the keys. It is immutable.
type state struct {
	labels     []graph.Label // by number
	suffixes   []string      // by number minus one
	shapes     []shape       // by number
	days       []uint32      // with event edges, ascending
	kinds      uint32        // that event edges have, as bits by number
	superseded *superseded
	nextNode   uint32 // numbers begin at 1
	watermark  uint64
	floor      graph.Time
	refused    uint64
}

var (
	_ graph.Store     = (*Store)(nil)
	_ graph.Watermark = (*Store)(nil)
	_ graph.Callers   = (*Store)(nil)
)

// Open opens the store in dir, or makes one. The error is a *graph.Error:
// LOCKED where another process holds it, VERSION where a newer program wrote
// it, CORRUPT where it does not read as it was written.
func Open(dir string, o Options) (*Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	cache := pebble.NewCache(o.CacheBytes)
	defer cache.Unref()
	background := make(chan struct{})
	failed := sync.OnceFunc(func() { close(background) })
	po := &pebble.Options{
		FS: o.FS, Cache: cache, Comparer: comparer, Merger: merger, FormatMajorVersion: pebbleFormat,
		MemTableSize: uint64(o.MemTableBytes), MemTableStopWritesThreshold: 2,
		L0CompactionThreshold: 12, L0CompactionFileThreshold: 1000, L0StopWritesThreshold: 64,
		LBaseMaxBytes: 256 << 20, MaxOpenFiles: 1000, ReadOnly: o.ReadOnly,
		CompactionConcurrencyRange: func() (int, int) { return 1, max(1, runtime.GOMAXPROCS(0)/2) },
		Logger:                     quiet{},
		// Reading returns the error; Pebble need not end the process for it.
		EventListener: &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}, BackgroundError: func(error) { failed() }},
	}
	for i := range po.Levels {
		l := &po.Levels[i]
		l.BlockSize, l.IndexBlockSize = 16<<10, 64<<10
		l.FilterPolicy = bloom.FilterPolicy(10)
	}
	po.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return compression })
	for i := range po.TargetFileSizes {
		po.TargetFileSizes[i] = min(int64(4<<20)<<i, 64<<20)
	}
	po.EnsureDefaults()
	db, err := pebble.Open(dir, po)
	if err != nil {
		return nil, openError(dir, err)
	}
	s := &Store{db: db, dir: dir, o: o, background: background, nodes: newNodeCache(o.CacheNodes), labels: map[graph.Label]uint32{}, suffixes: map[string]uint32{}, shapes: map[shape]uint32{}}
	s.w.init(s)
	if err := s.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func openError(dir string, err error) error {
	switch {
	case strings.Contains(err.Error(), "lock held by current process") || errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "resource temporarily unavailable"):
		return &graph.Error{Code: graph.CodeLocked, Message: fmt.Sprintf("another process has the store %s open", dir),
			Hint: "stop it, ask its server (--server URL), or use another --store directory", Err: err}
	case pebble.IsCorruptionError(err):
		return &graph.Error{Code: graph.CodeCorrupt, Message: fmt.Sprintf("the store %s is damaged", dir),
			Hint: damagedHint, Err: err}
	case strings.Contains(err.Error(), "format version") || strings.Contains(err.Error(), "format major version"):
		return &graph.Error{Code: graph.CodeVersion, Message: fmt.Sprintf("the store %s was written by a newer program", dir), Hint: "use that version of blastradius", Err: err}
	}
	return &graph.Error{Code: graph.CodeUnavailable, Message: fmt.Sprintf("the store %s does not open", dir), Hint: "is the directory there, writable, and a store of blastradius?", Err: err}
}

// quiet keeps Pebble from writing to the program's output. A fatal error is one
// after which the files' state is not known; it panics, for the process must
// not go on.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fatal{fmt.Errorf("store: "+format, args...)})
}

type fatal struct{ error }

// load reads what is kept in memory.
func (s *Store) load() error {
	st := &state{nextNode: 1, superseded: newSuperseded()}
	version, fresh, err := s.meta("format")
	switch {
	case err != nil:
		return err
	case fresh && !s.o.ReadOnly:
		if err := s.db.Set(stringKey(nil, tagMeta, "format"), binary.AppendUvarint(nil, formatVersion), pebble.Sync); err != nil {
			return fmt.Errorf("write format: %w", err)
		}
	case !fresh && version < formatVersion:
		return &graph.Error{Code: graph.CodeVersion, Message: fmt.Sprintf("the store %s has format %d, this program reads %d", s.dir, version, formatVersion),
			Hint: "ingest the logs again into a new store, or use the version of blastradius that wrote it"}
	case version > formatVersion:
		return &graph.Error{Code: graph.CodeVersion, Message: fmt.Sprintf("the store %s has format %d, this program reads up to %d", s.dir, version, formatVersion),
			Hint: "use the version of blastradius that wrote it"}
	}
	kinds, _, err := s.meta("kinds")
	if err != nil {
		return err
	}
	st.kinds = uint32(kinds)
	floor, _, err := s.meta("floor")
	if err != nil {
		return err
	}
	st.floor = graph.Time(floor)
	if st.refused, _, err = s.meta("refused"); err != nil {
		return err
	}
	for _, part := range []struct {
		tag  byte
		each func(k, v []byte) error
	}{
		{tagLabel, func(k, v []byte) error {
			l, err := parseLabel(v)
			if err == nil && binary.BigEndian.Uint32(k[1:]) != uint32(len(st.labels)) {
				err = errCorrupt
			}
			s.labels[l] = uint32(len(st.labels))
			st.labels = append(st.labels, l)
			return err
		}},
		{tagSuffix, func(k, v []byte) error {
			st.suffixes = append(st.suffixes, string(v))
			s.suffixes[string(v)] = uint32(len(st.suffixes))
			if binary.BigEndian.Uint32(k[1:]) != uint32(len(st.suffixes)) {
				return errCorrupt
			}
			return nil
		}},
		{tagShape, func(k, v []byte) error {
			x, err := parseShape(v)
			if err == nil && (binary.BigEndian.Uint32(k[1:]) != uint32(len(st.shapes)) || int(x.label) >= len(st.labels)) {
				err = errCorrupt
			}
			s.shapes[x] = uint32(len(st.shapes))
			st.shapes = append(st.shapes, x)
			return err
		}},
		{tagSupersede, func(k, v []byte) error {
			d := decoder{b: v}
			st.superseded.add(string(k[1:]), d.ref().Seq, s.pack)
			return d.end()
		}},
	} {
		if err := s.scan(part.tag, part.each); err != nil {
			return err
		}
	}
	it, err := s.db.NewIter(nil)
	if err != nil {
		return readError("read store", err)
	}
	if it.SeekLT([]byte{tagLedger + 1}) && it.Key()[0] == tagLedger {
		st.watermark = binary.BigEndian.Uint64(it.Key()[1:])
	}
	if it.SeekLT([]byte{tagNumber + 1}) && it.Key()[0] == tagNumber {
		st.nextNode = binary.BigEndian.Uint32(it.Key()[1:]) + 1
	}
	for ok := it.SeekGE([]byte{tagOut}); ok && it.Key()[0] == tagOut; {
		day, _, _ := blockKey(it.Key())
		st.days = append(st.days, day)
		ok = it.SeekGE(numberKey(nil, tagOut, day+1))
	}
	if err := it.Close(); err != nil {
		return readError("read store", err)
	}
	s.state.Store(st)
	return nil
}

// scan calls each for all keys of a tag; the slices are valid for the call.
func (s *Store) scan(tag byte, each func(k, v []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{tag}, UpperBound: []byte{tag + 1}})
	if err != nil {
		return readError("read store", err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if err = each(it.Key(), it.Value()); err != nil {
			err = corrupt(it.Key(), err)
		}
	}
	if e := it.Close(); err == nil && e != nil {
		err = readError("read store", e)
	}
	return err
}

// meta reads a number; fresh says that it is not there.
func (s *Store) meta(name string) (v uint64, fresh bool, err error) {
	b, err := s.value(stringKey(nil, tagMeta, name))
	if b == nil || err != nil {
		return 0, err == nil, err
	}
	d := decoder{b: b}
	v = d.uvarint()
	return v, false, d.end()
}

// value is a copy of a key's value, nil where there is none.
func (s *Store) value(key []byte) ([]byte, error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, readError("read store", err)
	}
	b := append(make([]byte, 0, len(v)), v...)
	return b, closer.Close()
}

// readError says what failed, and says CORRUPT where a checksum does not match.
func readError(what string, err error) error {
	var e *graph.Error
	if pebble.IsCorruptionError(err) && !errors.As(err, &e) {
		return &graph.Error{Code: graph.CodeCorrupt, Message: what, Hint: damagedHint, Err: err}
	}
	return fmt.Errorf("%s: %w", what, err)
}

const damagedHint = "run `blastradius store check`; restore the directory from a copy, or ingest the logs again into a new one"

func corrupt(key []byte, err error) error {
	return &graph.Error{Code: graph.CodeCorrupt, Message: fmt.Sprintf("the store is damaged at key %q", key),
		Hint: damagedHint, Err: err}
}

// pack packs evidence with the suffixes known so far; a new one is interned by
// the writer. It is for use under the writing lock, or while opening.
func (s *Store) pack(ev string) []byte { return appendEvidence(nil, ev, s.w.intern) }

// Watermark implements graph.Watermark.
func (s *Store) Watermark(context.Context) (uint64, error) { return s.state.Load().watermark, nil }

// Floor is the floor set by Prune, zero where there is none.
func (s *Store) Floor() graph.Time { return s.state.Load().floor }

// Close implements graph.Store.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.broken = &graph.Error{Code: graph.CodeUnavailable, Message: "the store is closed"}
	if s.flush() {
		s.dropLogs()
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// flush moves what is in the log into files, so that the next Open need not
// read the log. Where that fails it reports false, the log stays, and nothing is
// lost.
func (s *Store) flush() (done bool) {
	if s.o.ReadOnly {
		return false
	}
	defer func() { _ = recover() }() // of what Fatalf throws where there is no room for a new log
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return false
	}
	select {
	case <-flushed:
		return true
	case <-s.background:
		return false
	}
}

// dropLogs removes the logs that Pebble keeps to use their files again; after
// flush that is all but the newest. Any that stay go at the next Open.
func (s *Store) dropLogs() {
	names, err := s.o.FS.List(s.dir)
	if err != nil {
		return
	}
	logs := slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".log") })
	slices.SortFunc(logs, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // by number
	for i := range len(logs) - 1 {
		_ = s.o.FS.Remove(s.o.FS.PathJoin(s.dir, logs[i]))
	}
}

// errStop ends a scan whose consumer has broken out.
var errStop = errors.New("stop")

// daysWithin are the days of the window that have event edges.
func (st *state) daysWithin(first, last uint32) []uint32 {
	i, _ := slices.BinarySearch(st.days, first)
	j, found := slices.BinarySearch(st.days, last)
	if found {
		j++
	}
	if i >= j {
		return nil
	}
	return st.days[i:j]
}
