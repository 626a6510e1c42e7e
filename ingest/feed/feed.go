// Package feed finds files: in directories, in an fs.FS, on standard input; its
// folders find them on AWS.
package feed

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Object is one file that a feed found.
type Object struct {
	// Name is where the file lies, in a form that the feed's opener takes
	// again: a cleaned absolute slash path, prefix and path of an fs.FS,
	// s3://bucket/key, or "stdin".
	Name string
	// Size in bytes as listed; negative where it is not known beforehand.
	Size int64
	// Modified is when the file last changed; zero where it is not known.
	Modified time.Time
	// Version is what the place says of the content without its being read,
	// such as an S3 ETag; empty where it says nothing. A file whose Name and
	// Version the ledger has is not opened.
	Version string
	// Once says that Open works one time only.
	Once bool
	// Open begins to read the file as stored. The caller closes it.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Err says why the entry cannot be read at all; then Open is nil.
	Err error
	// Done, where set, is told once what became of the object: nil when all
	// of it is durable in the store, else why nothing of it is stored. It is
	// called in feed order, between commits, and must not block. A run that
	// ends early tells the objects of the batch that failed ErrEnded, and
	// the others that it did not get to nothing.
	Done func(err error)
}

// ErrEnded is what Object.Done is told where the run ended before the object
// was stored.
var ErrEnded = errors.New("the run ended")

// ErrLoop is the error of a directory that leads back to one it lies in.
var ErrLoop = errors.New("directory loop")

// Concat yields the objects of each feed in turn.
func Concat(feeds ...iter.Seq[Object]) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		for _, f := range feeds {
			for o := range f {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// StdinName is the name of what was read from standard input.
const StdinName = "stdin"

// Stdin yields one object that reads r once. Closing it does not close r.
func Stdin(r io.Reader) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		yield(Object{Name: StdinName, Size: -1, Once: true, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(r), nil
		}})
	}
}

// FS yields the files of fsys under root in lexical order. A name is prefix
// and the path in fsys: FS(world, "world", "demo:") yields "demo:world/…".
func FS(fsys fs.FS, root, prefix string) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		// The walk's only error is SkipAll, which WalkDir keeps to itself:
		// an entry's own error is yielded.
		_ = fs.WalkDir(fsys, path.Clean(root), func(p string, d fs.DirEntry, err error) error {
			o := Object{Name: prefix + p, Size: -1, Err: err}
			if err == nil {
				if d.IsDir() {
					return nil
				}
				if info, err := d.Info(); err == nil {
					o.Size = info.Size()
				}
				o.Open = func(context.Context) (io.ReadCloser, error) { return fsys.Open(p) }
			}
			if !yield(o) {
				return fs.SkipAll
			}
			return nil
		})
	}
}

// OpenFS opens names that FS yielded with the same prefix.
func OpenFS(fsys fs.FS, prefix string) func(name string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) {
		p, ok := strings.CutPrefix(name, prefix)
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return fsys.Open(p)
	}
}

// OpenPath opens a name that Directory yielded. Any other name, such as
// "stdin", gives an error that is fs.ErrNotExist.
func OpenPath(name string) (io.ReadCloser, error) {
	p := filepath.FromSlash(name)
	if !filepath.IsAbs(p) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, err // not f: a nil *os.File is no nil io.ReadCloser
	}
	return f, nil
}
