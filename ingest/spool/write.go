package spool

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// part is the ending of the file that is being written.
const part = ".part"

// groupBytes is how much is made durable at once, at most.
const groupBytes = 4 << 20

// writer is the state of the goroutine that writes.
type writer struct {
	s     *Spool
	f     *os.File
	path  string
	size  int64
	since time.Time // of the first record
	n     int       // files of this process
	buf   []byte
}

// write takes records until the spool is closed: all that wait are written and
// made durable together.
func (s *Spool) write() {
	defer close(s.ended)
	w := &writer{s: s}
	tick := time.NewTicker(s.o.RotateEvery / 4)
	defer tick.Stop()
	pruned := s.o.Now()
	for {
		select {
		case e := <-s.in:
			w.group(e)
		case <-tick.C:
		case <-s.closed:
			for {
				select {
				case e := <-s.in:
					w.group(e)
					continue
				default:
				}
				break
			}
			w.seal()
			return
		}
		now := s.o.Now()
		if w.f != nil && (w.size >= s.o.RotateBytes || now.Sub(w.since) >= s.o.RotateEvery) {
			w.seal()
		}
		if now.Sub(pruned) > time.Minute {
			pruned = now
			s.prune()
		}
	}
}

// group writes a record with those that wait behind it.
func (w *writer) group(first *entry) {
	entries := []*entry{first}
	w.buf = w.frame(w.buf[:0], first.record)
more:
	for len(w.buf) < groupBytes {
		select {
		case e := <-w.s.in:
			entries = append(entries, e)
			w.buf = w.frame(w.buf, e.record)
		default:
			break more
		}
	}
	err := w.durable(w.buf)
	w.s.mu.Lock()
	w.s.failed = err
	if err == nil {
		w.s.records += int64(len(entries))
		w.s.written += int64(len(w.buf))
		w.s.syncs++
	} else {
		w.s.behind -= int64(len(w.buf))
	}
	w.s.mu.Unlock()
	for _, e := range entries {
		e.done <- err
	}
	if cap(w.buf) > 4*groupBytes {
		w.buf = nil
	}
}

func (w *writer) frame(dst, record []byte) []byte {
	if w.s.o.Framing == Lines {
		return append(append(dst, record...), '\n')
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(record))), record...)
}

// durable appends b to the open file, or leaves the file as it was.
func (w *writer) durable(b []byte) error {
	if w.f == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	_, err := w.f.Write(b)
	if err == nil {
		err = w.f.Sync()
	}
	if err == nil {
		w.size += int64(len(b))
		return nil
	}
	// Whether b is on disk is not known: what was acknowledged is sealed, and
	// nothing is ever written behind b.
	if terr := w.f.Truncate(w.size); terr != nil {
		err = fmt.Errorf("%w; then %w", err, terr)
	}
	w.seal()
	return fmt.Errorf("write spool: %w", err)
}

// begin makes the next file. Names sort in the order of their making.
func (w *writer) begin() error {
	now := w.s.o.Now().UTC()
	w.path = filepath.Join(w.s.dir, fmt.Sprintf("%s-%06d%s", now.Format("20060102T150405.000000000"), w.n, part))
	w.n++
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make spool file: %w", err)
	}
	if err := syncDir(w.s.dir); err != nil {
		f.Close()
		return err
	}
	w.f, w.size, w.since = f, 0, now
	return nil
}

// seal ends the open file. One that cannot be renamed now is found at the next
// start.
func (w *writer) seal() {
	if w.f == nil {
		return
	}
	_ = w.f.Close() // all that counts was synced
	w.f = nil
	if w.size == 0 {
		_ = os.Remove(w.path)
		return
	}
	f, err := w.s.rename(w.path, w.size)
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if f != nil {
		w.s.files = append(w.s.files, f)
	}
	if err != nil {
		w.s.failed = fmt.Errorf("seal spool file: %w", err)
	}
}

func (s *Spool) rename(path string, size int64) (*file, error) {
	to := strings.TrimSuffix(path, part) + s.o.Ext
	if err := os.Rename(path, to); err != nil {
		return nil, err
	}
	return &file{path: to, size: size, sealed: s.o.Now()}, syncDir(s.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// recover finds the sealed files, and seals what a killed process left.
func (s *Spool) recover() error {
	entries, err := os.ReadDir(s.dir) // sorted
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		info, err := e.Info()
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
		case strings.HasSuffix(path, part):
			size, err := s.whole(path)
			if err == nil && size == 0 {
				err = os.Remove(path)
			} else if err == nil {
				var f *file
				if err = os.Truncate(path, size); err == nil {
					f, err = s.rename(path, size)
				}
				if err == nil {
					s.files = append(s.files, f)
				}
			}
			if err != nil {
				return readError(path, err)
			}
		case strings.HasSuffix(path, s.o.Ext):
			s.files = append(s.files, &file{path: path, size: info.Size(), sealed: info.ModTime()})
		}
	}
	slices.SortFunc(s.files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	for _, f := range s.files {
		s.behind += f.size
	}
	return nil
}

// whole is the length of the whole records at the beginning of a file.
func (s *Spool) whole(path string) (int64, error) {
	b, err := os.ReadFile(path) // RotateBytes and one group at most
	if err != nil {
		return 0, err
	}
	if s.o.Framing == Lines {
		return int64(strings.LastIndexByte(string(b), '\n') + 1), nil
	}
	at := 0
	for at+4 <= len(b) {
		n := int(binary.BigEndian.Uint32(b[at:]))
		if n == 0 || n > len(b)-at-4 {
			break
		}
		at += 4 + n
	}
	return int64(at), nil
}

func openFile(path string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err // not f: a nil *os.File is no nil io.ReadCloser
		}
		return f, nil
	}
}
