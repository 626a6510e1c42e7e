// Package spool keeps what a live receiver is sent in ordinary files, before the
// sender is told that it arrived. A spool is a directory: records are appended
// to one file, made durable in groups, and after a second or some megabytes the
// file is sealed under a name of its own and never changes again. Sealed files
// are for an ingest.Watcher, which says when each is in the store; those stay,
// for questions that read a record again, until they are older than Options.Keep.
package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// Framing says how records are told apart in a file.
type Framing uint8

// The framings.
const (
	Prefixed Framing = iota // each behind its length, 4 bytes, big endian
	Lines                   // each on a line of its own; a record must hold no line feed
)

// Options of a Spool. The zero value is good.
type Options struct {
	Framing Framing
	// Ext is the ending of sealed files. Default: ".spool".
	Ext string
	// RotateEvery is how old a file's first record may be when it is sealed.
	// Default: 500 ms.
	RotateEvery time.Duration
	// RotateBytes is from which size on a file is sealed. Default: 8 MiB.
	RotateBytes int64
	// MaxRecord is the longest record, in bytes. Default: 16 MiB.
	MaxRecord int
	// MaxBehind is how many bytes may wait to be ingested, in files or in
	// memory; beyond it Append refuses. Default: 1 GiB.
	MaxBehind int64
	// Keep is how long ingested files stay; negative: for ever. Default: 7
	// days.
	Keep time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

func (o *Options) fill() {
	o.Ext = cmp.Or(o.Ext, ".spool")
	o.RotateEvery = cmp.Or(o.RotateEvery, 500*time.Millisecond)
	o.RotateBytes = cmp.Or(o.RotateBytes, 8<<20)
	o.MaxRecord = cmp.Or(o.MaxRecord, 16<<20)
	o.MaxBehind = cmp.Or(o.MaxBehind, 1<<30)
	o.Keep = cmp.Or(o.Keep, 7*24*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
}

// The errors that a sender is told of.
var (
	// ErrBehind says that too much waits to be ingested: the sender should try
	// again later, and keeps its record until then.
	ErrBehind = &graph.Error{Code: graph.CodeUnavailable, Message: "the spool is full: ingest is behind", Hint: "try again in a few seconds"}
	// ErrTooLarge says that a record will never be taken.
	ErrTooLarge = &graph.Error{Code: graph.CodeInvalid, Message: "the record is too large for the spool", Hint: "send smaller batches"}
	// ErrClosed says that the spool takes no more.
	ErrClosed = &graph.Error{Code: graph.CodeUnavailable, Message: "the spool is closed", Hint: "try again when the server is back"}
)

// Spool is an open spool. It is safe for concurrent use.
type Spool struct {
	dir  string
	o    Options
	lock *os.File

	in     chan *entry
	closed chan struct{} // no more is taken
	ended  chan struct{} // the writer has ended
	once   sync.Once

	mu      sync.Mutex
	files   []*file // sealed, oldest first
	behind  int64   // bytes not ingested, of sealed files, the open one and what waits for it
	written int64
	records int64
	refused int64
	syncs   int64
	failed  error // why the last write failed; nil after one that did not
}

// entry is a record on its way.
type entry struct {
	record []byte
	done   chan error
}

// file is a sealed file.
type file struct {
	path   string
	size   int64
	sealed time.Time
	stored bool // in the store, or refused by it for good
}

// Open opens the spool in dir, which is made where there is none. What a killed
// process left is sealed, without the record that it did not finish. The error
// has the code LOCKED where another process has it open.
func Open(dir string, o Options) (*Spool, error) {
	o.fill()
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "make the spool", Err: err}
	}
	lock, err := lockFile(filepath.Join(dir, "LOCK"))
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeLocked, Message: "open the spool " + dir, Err: err, Hint: "another process receives into it"}
	}
	s := &Spool{dir: dir, o: o, lock: lock, in: make(chan *entry, 1024), closed: make(chan struct{}), ended: make(chan struct{})}
	if err := s.recover(); err != nil {
		lock.Close()
		return nil, &graph.Error{Code: graph.CodeUnavailable, Message: "recover the spool " + dir, Err: err}
	}
	go s.write()
	return s, nil
}

// Dir is the directory, as an absolute path.
func (s *Spool) Dir() string { return s.dir }

// Append adds a record, and returns nil once it would survive a crash. The
// record must not change until Append returns; where ctx ends first it may be
// written or not.
func (s *Spool) Append(ctx context.Context, record []byte) error {
	if len(record) == 0 || len(record) > s.o.MaxRecord {
		return ErrTooLarge
	}
	size := s.framed(record)
	s.mu.Lock()
	if s.behind+size > s.o.MaxBehind {
		s.refused++
		s.mu.Unlock()
		return ErrBehind
	}
	s.behind += size
	s.mu.Unlock()
	e := &entry{record, make(chan error, 1)}
	select {
	case <-s.closed:
		s.forget(size)
		return ErrClosed
	default:
	}
	select {
	case s.in <- e:
	case <-s.closed:
		s.forget(size)
		return ErrClosed
	case <-ctx.Done():
		s.forget(size)
		return ctx.Err()
	}
	select {
	case err := <-e.done:
		return err
	case <-s.ended:
	}
	select { // the writer may have answered last of all
	case err := <-e.done:
		return err
	default:
		s.forget(size)
		return ErrClosed
	}
}

func (s *Spool) framed(record []byte) int64 {
	if s.o.Framing == Lines {
		return int64(len(record)) + 1
	}
	return int64(len(record)) + 4
}

func (s *Spool) forget(n int64) {
	s.mu.Lock()
	s.behind -= n
	s.mu.Unlock()
}

// Files yields the sealed files that are not known to be in the store, oldest
// first; the Done of each notes that it is.
func (s *Spool) Files() iter.Seq[feed.Object] {
	return func(yield func(feed.Object) bool) {
		s.mu.Lock()
		var waiting []*file
		for _, f := range s.files {
			if !f.stored {
				waiting = append(waiting, f)
			}
		}
		s.mu.Unlock()
		for _, f := range waiting {
			o := feed.Object{Name: filepath.ToSlash(f.path), Size: f.size, Version: "sealed"}
			o.Open = openFile(f.path)
			o.Done = func(err error) {
				if !errors.Is(err, feed.ErrEnded) {
					s.stored(f)
				}
			}
			if !yield(o) {
				return
			}
		}
	}
}

// stored notes that a file is ingested.
func (s *Spool) stored(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.stored {
		f.stored = true
		s.behind -= f.size
	}
}

// Status is what a spool has done and what waits.
type Status struct {
	Records int64         // appended since it was opened
	Bytes   int64         // of these
	Refused int64         // appends refused as too much waited
	Syncs   int64         // groups made durable
	Behind  int64         // bytes that wait to be ingested
	Waiting int           // sealed files that do
	Lag     time.Duration // since when the oldest of these was sealed; zero where none waits
	Files   int           // sealed files on disk
	Err     error         // why the last write failed
}

// Status may be asked at any time.
func (s *Spool) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Status{Records: s.records, Bytes: s.written, Refused: s.refused, Syncs: s.syncs, Behind: s.behind, Files: len(s.files), Err: s.failed}
	for _, f := range s.files {
		if !f.stored {
			out.Waiting++
			out.Lag = max(out.Lag, s.o.Now().Sub(f.sealed))
		}
	}
	return out
}

// Close makes what was taken durable, seals it and takes no more.
func (s *Spool) Close() error {
	s.once.Do(func() { close(s.closed) })
	<-s.ended
	return s.lock.Close()
}

// prune removes ingested files that are older than Keep.
func (s *Spool) prune() {
	if s.o.Keep < 0 {
		return
	}
	limit := s.o.Now().Add(-s.o.Keep)
	s.mu.Lock()
	var gone []string
	s.files = slices.DeleteFunc(s.files, func(f *file) bool {
		old := f.stored && f.sealed.Before(limit)
		if old {
			gone = append(gone, f.path)
		}
		return old
	})
	s.mu.Unlock()
	for _, p := range gone {
		_ = os.Remove(p) // one that stays is found again at the next start
	}
}

func readError(name string, err error) error { return fmt.Errorf("%s: %w", filepath.Base(name), err) }
