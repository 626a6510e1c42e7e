package jsonlog

import (
	"bytes"
	"io"
)

// chunkSize is how much of a stream is read at a time, in bytes.
const chunkSize = 4 << 20

// window is the part of a file that is at hand: all of it, or what was read
// last of a stream. Memory once handed out is never written again, so strings
// may share it.
type window struct {
	b    []byte
	i    int   // where reading stands in b
	base int64 // b[0]'s offset in the file
	src  io.Reader
	size int   // of a chunk
	err  error // what ended src, other than its end

	lines, counted int // the newlines before b[counted]; counted only where lines are asked for
	count          bool

	breakAt, sought int // the next break at or after i, once sought; what of b was sought
}

// offset is b[i]'s offset in the file.
func (w *window) offset() int64 { return w.base + int64(w.i) }

// more drops what was read and reads on; it reports whether there is more.
func (w *window) more() bool {
	if w.src == nil {
		return false
	}
	if w.count {
		w.line()
		w.counted = 0
	}
	held := len(w.b) - w.i
	b := make([]byte, held+max(w.size, held))
	copy(b, w.b[w.i:])
	n := 0
	var err error
	for held+n < len(b) && err == nil {
		var k int
		k, err = w.src.Read(b[held+n:])
		n += k
	}
	if err != nil {
		w.src = nil
		if err != io.EOF {
			w.err = err
		}
	}
	w.base += int64(w.i)
	w.breakAt, w.sought = w.breakAt-w.i, max(0, w.sought-w.i)
	w.b, w.i = b[:held+n], 0
	return n > 0
}

// line is the line that i stands on, from 1. Each byte is looked at once.
func (w *window) line() int {
	if w.i > w.counted {
		w.lines += bytes.Count(w.b[w.counted:w.i], []byte{'\n'})
		w.counted = w.i
	}
	return w.lines + 1
}

// fill reads on until a few bytes are at hand, or all that are left.
func (w *window) fill() {
	for len(w.b)-w.i < 16 && w.more() {
	}
}

// limit is where the value at i must have ended: at the end of a line that a
// line beginning with { follows, for no record is laid out so. It is how a
// torn line is kept from taking the next with it. It is len(b), more false,
// where there is no such line yet.
func (w *window) limit() (end int, torn bool) {
	if w.breakAt > w.i {
		return w.breakAt, true
	}
	from := max(w.sought-1, w.i)
	if from < len(w.b) {
		if k := bytes.Index(w.b[from:], []byte("\n{")); k >= 0 {
			w.breakAt, w.sought = from+k, from+k+1
			return w.breakAt, true
		}
	}
	w.sought = len(w.b)
	return len(w.b), false
}

// next moves past white space, commas and record separators to the next byte
// and reports whether there is one.
func (w *window) next() bool {
	for {
		for w.i < len(w.b) {
			switch w.b[w.i] {
			case ' ', '\n', '\t', '\r', ',', 0x1e:
				w.i++
				continue
			}
			return true
		}
		if !w.more() {
			return false
		}
	}
}

// span measures the object, array or string that begins at i, and moves past
// it. Nothing bounds its size or depth; beyond MaxRecord bytes it is
// not held. raw is the text of what was, other than a string. With lines, it ends at the latest
// where limit says; then whole is false and i stands at that line's end.
func (w *window) span(lines bool) (raw []byte, size int64, whole bool) {
	var depth int
	var str, esc, held = false, false, true
	start, j := w.offset(), w.i
	for {
		for ; j < len(w.b); j++ {
			c := w.b[j]
			switch {
			case lines && c == '{' && j > w.i && w.b[j-1] == '\n':
				size := w.base + int64(j) - start
				w.i = j
				return nil, size, false
			case esc:
				esc = false
			case str:
				esc, str = c == '\\', c != '"'
				if !str && depth == 0 {
					w.i = j + 1
					return nil, w.offset() - start, true
				}
			case c == '"':
				str = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth == 0 {
					size := w.base + int64(j+1) - start
					if held {
						raw = w.b[w.i : j+1 : j+1]
					}
					w.i = j + 1
					return raw, size, true
				}
			}
		}
		if held = held && w.base+int64(j)-start <= MaxRecord; !held && j > 0 {
			w.i = j - 1 // the byte before, to see a line's end by
		}
		at := w.base + int64(j)
		if !w.more() {
			w.i = len(w.b)
			return nil, w.offset() - start, false
		}
		j = int(at - w.base)
	}
}
