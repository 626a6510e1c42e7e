package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"syscall"
)

// Directory yields the files at the paths, in the order given, those of a
// directory in lexical order of their names at each level, so the same tree
// gives the same order. Symbolic links are followed; a real directory is walked
// once, under the first name that leads to it, and one that leads back to a
// directory it lies in is yielded with ErrLoop. What cannot be read, or is no
// regular file, is yielded with Err and the walk goes on; a pipe or device is
// read only where a path names it outright.
func Directory(paths ...string) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		w := walk{yield: yield, done: map[string]bool{}}
		for _, p := range paths {
			abs, err := filepath.Abs(p)
			if err != nil {
				if !yield(Object{Name: filepath.ToSlash(filepath.Clean(p)), Size: -1, Err: fmt.Errorf("resolve path: %w", err)}) {
					return
				}
				continue
			}
			if !w.entry(abs, true) {
				return
			}
		}
	}
}

// walk is one pass over directories.
type walk struct {
	yield func(Object) bool
	done  map[string]bool // real paths of directories walked or being walked
	stack []string        // those being walked
}

// entry yields what lies at path and reports whether to go on.
func (w *walk) entry(path string, named bool) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return w.fail(path, err)
	case info.IsDir():
		return w.dir(path)
	case !info.Mode().IsRegular() && !named:
		return w.fail(path, errors.New("not a regular file"))
	}
	o := Object{Name: filepath.ToSlash(path), Size: info.Size(), Modified: info.ModTime(), Open: func(context.Context) (io.ReadCloser, error) { return OpenPath(filepath.ToSlash(path)) }}
	if !info.Mode().IsRegular() {
		o.Size, o.Once = -1, true
	}
	return w.yield(o)
}

func (w *walk) dir(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return w.fail(path, err)
	}
	for _, up := range w.stack {
		if up == real {
			return w.fail(path, fmt.Errorf("%w: it leads back to %s", ErrLoop, filepath.ToSlash(real)))
		}
	}
	if w.done[real] {
		return true
	}
	w.done[real] = true
	w.stack = append(w.stack, real)
	defer func() { w.stack = w.stack[:len(w.stack)-1] }()

	entries, err := os.ReadDir(path) // sorted; what was read before an error stands
	for _, e := range entries {
		if !w.entry(filepath.Join(path, e.Name()), false) {
			return false
		}
	}
	return err == nil || w.fail(path, err)
}

// fail yields an entry that cannot be read. The path is not said twice, and a
// link that leads to itself is a loop too.
func (w *walk) fail(path string, err error) bool {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if errors.Is(err, syscall.ELOOP) {
		err = fmt.Errorf("%w: a link that leads to itself", ErrLoop)
	}
	return w.yield(Object{Name: filepath.ToSlash(path), Size: -1, Err: err})
}
