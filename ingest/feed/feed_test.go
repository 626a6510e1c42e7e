package feed

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// list is each object's name below base, with what it holds or why it cannot
// be read.
func list(t *testing.T, base string, seq iter.Seq[Object]) []string {
	t.Helper()
	var out []string
	for o := range seq {
		name := strings.TrimPrefix(o.Name, filepath.ToSlash(base)+"/")
		switch {
		case errors.Is(o.Err, ErrLoop):
			out = append(out, name+" LOOP")
		case o.Err != nil:
			out = append(out, name+" ERR")
		default:
			r, err := o.Open(context.Background())
			if err != nil {
				out = append(out, name+" OPEN")
				continue
			}
			b, err := io.ReadAll(r)
			r.Close()
			if err != nil || o.Size >= 0 && o.Size != int64(len(b)) {
				t.Errorf("%s: size %d, read %d, %v", name, o.Size, len(b), err)
			}
			out = append(out, name+"="+string(b))
		}
	}
	return out
}

func write(t *testing.T, base string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		p := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestDirectoryOrderAndNames(t *testing.T) {
	base := t.TempDir()
	write(t, base, map[string]string{"b/2": "two", "b/10": "ten", "a.gz": "a", "b/c/x": "x", "empty": ""})
	t.Chdir(base)
	equal(t, list(t, base, Directory(".")), []string{"a.gz=a", "b/10=ten", "b/2=two", "b/c/x=x", "empty="})
	equal(t, list(t, base, Directory("b//2", "./a.gz")), []string{"b/2=two", "a.gz=a"})
	equal(t, list(t, base, Directory("nosuch", "a.gz")), []string{"nosuch ERR", "a.gz=a"})
	for o := range Directory("b/../b") {
		if !filepath.IsAbs(filepath.FromSlash(o.Name)) || strings.Contains(o.Name, "..") {
			t.Errorf("name %q is not a cleaned absolute path", o.Name)
		}
	}
}

func TestDirectoryStops(t *testing.T) {
	base := t.TempDir()
	write(t, base, map[string]string{"a": "", "b/c": "", "d": ""})
	n := 0
	for range Directory(base) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("yielded %d after the break at 2", n)
	}
}

func TestDirectoryLinks(t *testing.T) {
	base, other := t.TempDir(), t.TempDir()
	write(t, base, map[string]string{"a/f": "f", "z/g": "g"})
	write(t, other, map[string]string{"h": "h"})
	link(t, "..", filepath.Join(base, "a", "up"))       // loop
	link(t, other, filepath.Join(base, "b"))            // outside
	link(t, "z", filepath.Join(base, "c"))              // z under another name first
	link(t, "nowhere", filepath.Join(base, "dangling")) // broken
	link(t, "self", filepath.Join(base, "self"))        // loop of one
	link(t, "a/f", filepath.Join(base, "file"))
	equal(t, list(t, base, Directory(base)), []string{
		"a/f=f", "a/up LOOP", "b/h=h", "c/g=g", "dangling ERR", "file=f", "self LOOP"})
}

// Many directories that all link to each other have a factorial number of
// paths; each is walked once.
func TestDirectoryLinkMesh(t *testing.T) {
	base := t.TempDir()
	dirs := strings.Split("abcdefghijklmnop", "")
	for _, d := range dirs {
		write(t, base, map[string]string{d + "/f": d})
		for _, e := range dirs {
			link(t, filepath.Join(base, e), filepath.Join(base, d, "to-"+e))
		}
	}
	files := 0
	for o := range Directory(base) {
		if o.Err == nil {
			files++
		}
	}
	if files != len(dirs) {
		t.Errorf("%d files, want %d", files, len(dirs))
	}
}

func TestDirectoryUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("root reads everything: the directory without permission is not asked for here")
	}
	base := t.TempDir()
	write(t, base, map[string]string{"a/f": "f", "b": "b"})
	if err := os.Chmod(filepath.Join(base, "a"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(base, "a"), 0o755) })
	want := []string{"a ERR", "b=b"}
	if os.Geteuid() == 0 {
		want[0] = "a/f=f"
	}
	equal(t, list(t, base, Directory(base)), want)
}

func TestFS(t *testing.T) {
	fsys := fstest.MapFS{"world/b.json": {Data: []byte("b")}, "world/a/x.json": {Data: []byte("x")}, "other": {Data: []byte("o")}}
	equal(t, list(t, "", FS(fsys, "world", "demo:")), []string{"demo:world/a/x.json=x", "demo:world/b.json=b"})
	equal(t, list(t, "", FS(fsys, "nosuch", "demo:")), []string{"demo:nosuch ERR"})
	equal(t, list(t, "", Concat(FS(fsys, "other", ""), Stdin(strings.NewReader("in")))), []string{"other=o", "stdin=in"})
	open := OpenFS(fsys, "demo:")
	r, err := open("demo:world/b.json")
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(r); string(b) != "b" {
		t.Errorf("read %q", b)
	}
	if _, err := open("s3:world/b.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("foreign prefix: %v", err)
	}
}

func TestOpenPath(t *testing.T) {
	base := t.TempDir()
	write(t, base, map[string]string{"f": "f"})
	for o := range Directory(base) {
		r, err := OpenPath(o.Name)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	if r, err := OpenPath(StdinName); !errors.Is(err, fs.ErrNotExist) || r != nil {
		t.Errorf("stdin: %v, %v", r, err)
	}
	if r, err := OpenPath(filepath.ToSlash(filepath.Join(base, "gone"))); !errors.Is(err, fs.ErrNotExist) || r != nil {
		t.Errorf("gone: %v, %v", r, err)
	}
}
