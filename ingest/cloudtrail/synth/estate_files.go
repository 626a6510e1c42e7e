package synth

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// file is a trail file ready to be compressed.
type file struct {
	trail
	name  string
	order []int // of the records; nil as they came
	n     int   // the records in it, the first of order
}

// late are the records left to the next file.
func (f *file) late() []int {
	if f.order == nil {
		return nil
	}
	return f.order[f.n:]
}

// writer compresses and writes files beside the generator, on a core of its
// own where there is one. It writes nothing more after its first error.
type writer struct {
	level int
	work  chan *file
	free  chan []byte   // buffers of files written
	fail  chan struct{} // closed at the first error
	done  chan error
	zip   *gzip.Writer
	out   bytes.Buffer
	made  map[string]bool // directories
}

func newWriter(level int) *writer {
	w := &writer{level: level, work: make(chan *file, 1), free: make(chan []byte, 4), fail: make(chan struct{}), done: make(chan error, 1), made: map[string]bool{}}
	go func() {
		var failed error
		for f := range w.work {
			if failed == nil {
				if failed = w.write(f); failed != nil {
					close(w.fail)
				}
			}
			select {
			case w.free <- f.text[:0]:
			default:
			}
		}
		w.done <- failed
	}()
	return w
}

// buffer is an empty buffer for records, an old one if there is any.
func (w *writer) buffer() []byte {
	select {
	case b := <-w.free:
		return b
	default:
		return nil
	}
}

// close waits for the last file and says what went wrong first.
func (w *writer) close() error {
	close(w.work)
	return <-w.done
}

func (w *writer) write(f *file) error {
	w.out.Reset()
	if w.zip == nil {
		z, err := gzip.NewWriterLevel(nil, w.level)
		if err != nil {
			return fmt.Errorf("open gzip: %w", err)
		}
		w.zip = z
	}
	w.zip.Reset(&w.out)
	// The writer keeps its first error for Close.
	w.zip.Write([]byte(`{"Records":[`))
	if f.order == nil {
		w.zip.Write(f.text[:len(f.text)-1])
	} else {
		for _, i := range f.order[:f.n-1] {
			w.zip.Write(f.record(i))
		}
		end := f.record(f.order[f.n-1])
		w.zip.Write(end[:len(end)-1])
	}
	w.zip.Write([]byte("]}"))
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("compress file: %w", err)
	}
	if dir := filepath.Dir(f.name); !w.made[dir] {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		w.made[dir] = true
	}
	if err := os.WriteFile(f.name, w.out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
