package jsonlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// Layout says how a source lays out its files.
type Layout struct {
	// List reports whether an object's member with that key, where it is an
	// array, lists records: "Records". May be nil: none does.
	List func(key string) bool
	// Begins reports whether a first key is one that records begin with and
	// no object around a list of them. It only saves time. May be nil.
	Begins func(key string) bool
	// Alone reports the same of a key anywhere in the object. May be nil.
	Alone func(key string) bool
	// Hint is what to say of a file that is no JSON.
	Hint string
	// Lines names rejected records by the line they begin on, which costs a
	// look at every byte once more.
	Lines bool
	// Chunk is how much of a stream is read at a time, in bytes; zero is 4 MiB.
	Chunk int
}

// Decoder makes a record of the text of one object, and opens the envelope
// around it, if any. It is for one goroutine; what it has read stands in it
// until the next call.
type Decoder interface {
	// Decode reads the object at b[i] and returns the index after it.
	// lexical is set where the object's end was not found (ErrCut) or its
	// text is malformed; unusable says why an object, whose end was found,
	// is no record. Strings and values may share b's memory, which is not
	// written again while any is held.
	Decode(b []byte, i int) (end int, unusable, lexical error)
	// DecodePlainly reads an object, without hurry, that Decode found
	// malformed; the error is why it is rejected.
	DecodePlainly(raw []byte) error
}

// Around is the optional interface of a Decoder whose records need what stands
// around the list they are in, like the log group of CloudWatch's logEvents.
type Around interface {
	// Enter tells the members before a list of records, as the object's text
	// up to there: only its Each, Get and the like are of use. It is nil at
	// the end of the object.
	Enter(members Value)
}

// Read lets d read every record of the file, in order, and calls yield after
// each, until it returns false. Where one cannot be used err, a *graph.Error,
// says where it stands and why; the file goes on. Read returns an error for
// what makes the rest of the file unreadable: it is cut off, no JSON at all, or
// malformed between records. A record's position is the number of calls of
// yield before its own.
//
// Every wrapping is read alike, in any mixture: an object with lists of records,
// arrays, one object or many, a line each or not, with or without a byte order
// mark, record separators, or a time stamp before each. Memory stays at a record
// and a chunk, however long the stream. A line that is torn spoils only itself;
// an object larger than MaxRecord or deeper than MaxDepth is one rejected record.
func Read(ctx context.Context, f *ingest.File, l Layout, d Decoder, yield func(err error) bool) error {
	if l.Chunk == 0 {
		l.Chunk = chunkSize
	}
	s := splitter{ctx: ctx, l: l, d: d, yield: yield, w: window{b: f.Data, src: f.Reader, size: l.Chunk, count: l.Lines}}
	s.around, _ = d.(Around)
	err := s.file()
	if err == errStop {
		return nil
	}
	if err == nil && s.w.err != nil {
		err = s.w.err
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Name, err)
	}
	return nil
}

// errStop is the consumer's wish to see no more.
var errStop = errors.New("stop")

// splitter finds the records of a file.
type splitter struct {
	ctx    context.Context
	l      Layout
	d      Decoder
	around Around // d, where it wants to know
	line   int    // of the record at hand, from 1, as far as mark was asked
	yield  func(error) bool
	w      window
	n      int // records met
	good   int // of them read
}

func (s *splitter) file() error {
	s.w.fill()
	if s.w.next() && strings.HasPrefix(Share(s.w.b[s.w.i:]), "\ufeff") {
		s.w.i += len("\ufeff")
	}
	for s.w.next() {
		var err error
		switch s.w.b[s.w.i] {
		case '{':
			if s.list() {
				err = s.container()
			} else {
				err = s.record(true)
			}
		case '[':
			s.w.i++
			err = s.elements()
		default:
			err = s.garbage()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// list reports whether the object at hand is a container: whether one of its
// members, before it gets too long for a record, lists records. If so reading
// stands at that list's bracket.
func (s *splitter) list() bool {
	if s.l.List == nil {
		return false
	}
	// Nearly always the first key tells; only then look for the line's end.
	end := min(s.w.i+64, len(s.w.b))
	for {
		at, found, err := s.l.listIn(s.w.b[:end], s.w.i+1, true)
		if found {
			if s.around != nil {
				s.around.Enter(s.w.b[s.w.i:at:at])
			}
			s.w.i = at
			return true
		}
		if err != ErrCut {
			return false
		}
		limit, torn := s.w.limit()
		if end >= min(limit, s.w.i+MaxRecord) && (torn || end-s.w.i >= MaxRecord || !s.w.more()) {
			return false
		}
		limit, _ = s.w.limit()
		end = min(limit, s.w.i+MaxRecord)
	}
}

// listIn finds the bracket of a list of records among the members from b[i] on;
// where there is none, at is past the object. With early, a first key that only
// records begin with settles it, and so does a key that stands alone: at then is
// nothing.
func (l *Layout) listIn(b []byte, i int, early bool) (at int, found bool, err error) {
	first := early
	if i = Space(b, i); i < len(b) && b[i] == '}' {
		return i + 1, false, nil
	}
	for ; ; first = false {
		var key string
		if key, i, err = Member(b, i); err != nil {
			return i, false, err
		}
		if i >= len(b) {
			return i, false, ErrCut
		}
		if b[i] == '[' && l.List(key) {
			return i, true, nil
		}
		if first && l.Begins != nil && l.Begins(key) || early && l.Alone != nil && l.Alone(key) {
			return i, false, nil
		}
		if i, err = Skip(b, i, MaxDepth); err != nil {
			return i, false, err
		}
		var done bool
		if i, done, err = More(b, i, '}'); done || err != nil {
			return i, false, err
		}
	}
}

// container reads the list at hand and the rest of the object around it, which
// may hold further lists.
func (s *splitter) container() error {
	for {
		s.w.i++
		if err := s.elements(); err != nil {
			return err
		}
		if !s.w.next() {
			return s.cut("object")
		}
		switch c := s.w.b[s.w.i]; c {
		case '}':
			s.w.i++
			s.leave()
			return nil
		case '"':
			if more, err := s.rest(); !more {
				s.leave()
				return err
			}
		default:
			return s.fail("%q stands where a list of records should end", c)
		}
	}
}

func (s *splitter) leave() {
	if s.around != nil {
		s.around.Enter(nil)
	}
}

// rest moves from the member after a list to the next list, and reports whether
// there is one; otherwise past the object.
func (s *splitter) rest() (more bool, err error) {
	for {
		end := min(len(s.w.b), s.w.i+MaxRecord)
		at, found, err := s.l.listIn(s.w.b[:end], s.w.i, false)
		switch {
		case err == ErrCut && end < s.w.i+MaxRecord && s.w.more():
			continue
		case err == ErrCut && end < s.w.i+MaxRecord:
			return false, s.cut("object")
		case err != nil:
			return false, s.fail("what follows a list of records is no member, or longer than %d bytes", MaxRecord)
		}
		s.w.i = at
		return found, nil
	}
}

// elements reads the list whose opening bracket was just passed.
func (s *splitter) elements() error {
	for s.w.next() {
		switch c := s.w.b[s.w.i]; c {
		case ']':
			s.w.i++
			return nil
		case '{':
			if err := s.record(false); err != nil {
				return err
			}
		case '[':
			at := s.w.offset()
			s.mark()
			if _, _, whole := s.w.span(false); !whole {
				return s.cutAt("element", at)
			}
			if err := s.reject(at, errors.New("a list stands where a record should")); err != nil {
				return err
			}
		default:
			if c == '}' || c == ':' || c < ' ' {
				return s.fail("%q stands where a record should", c)
			}
			at := s.w.offset()
			s.mark()
			if !s.scalar() {
				return s.cutAt("element", at)
			}
			if err := s.reject(at, errors.New("a plain value stands where a record should")); err != nil {
				return err
			}
		}
	}
	return s.cut("list")
}

// scalar moves past a string, number or word in a list, and reports whether its
// end was found.
func (s *splitter) scalar() bool {
	if s.w.b[s.w.i] == '"' {
		_, _, whole := s.w.span(false)
		return whole
	}
	for ; s.w.i < len(s.w.b) || s.w.more(); s.w.i++ {
		switch s.w.b[s.w.i] {
		case ',', ']', '}', ' ', '\n', '\t', '\r', '{', '[', '"', ':':
			return true
		}
	}
	return false
}

// record reads the object at hand, by lines where it stands at the top level of
// the file.
func (s *splitter) record(lines bool) error {
	if s.n&1023 == 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	w := &s.w
	var lexical error
	for {
		end, torn := len(w.b), false
		if lines {
			end, torn = w.limit()
		}
		var unusable error
		var past int
		past, unusable, lexical = s.d.Decode(w.b[:end], w.i)
		if lexical == nil && past-w.i <= MaxRecord {
			at := w.offset()
			if unusable != nil {
				s.mark()
			}
			w.i = past
			if unusable != nil {
				return s.reject(at, unusable)
			}
			return s.emit()
		}
		if lexical != ErrCut || torn || len(w.b)-w.i > MaxRecord || !w.more() {
			break
		}
	}
	at := w.offset()
	s.mark()
	raw, size, whole := w.span(lines)
	switch {
	case !whole && w.i == len(w.b):
		return s.cutAt("record", at)
	case size > MaxRecord:
		return s.reject(at, fmt.Errorf("it has %d bytes, and a record may have %d", size, MaxRecord))
	case !whole:
		return s.reject(at, errors.New("its line ends within it"))
	case lexical == ErrDeep:
		return s.reject(at, ErrDeep)
	}
	if err := s.d.DecodePlainly(raw); err != nil {
		return s.reject(at, err)
	}
	return s.emit()
}

// garbage moves past text that begins no JSON. Behind the last record it is
// nothing; between records it is rejected as one; a file with nothing else is
// no file of records.
func (s *splitter) garbage() error {
	s.w.fill()
	s.mark()
	at, head := s.w.offset(), s.w.b[s.w.i:min(s.w.i+16, len(s.w.b))]
	noJSON := &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("no JSON: the text at byte %d is %q", at, head),
		Hint: s.l.Hint}
	if s.good == 0 && isBinary(head) {
		return noJSON
	}
	for {
		if k := strings.IndexAny(Share(s.w.b[s.w.i:]), "{["); k >= 0 {
			s.w.i += k
			break
		}
		s.w.i = len(s.w.b)
		if s.w.more() {
			continue
		}
		if s.n > 0 {
			return nil
		}
		return noJSON
	}
	if isStamp(head) {
		return nil
	}
	return s.reject(at, fmt.Errorf("%d bytes that are no JSON, beginning with %q", s.w.offset()-at, head))
}

func isBinary(head []byte) bool {
	return bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == utf8.RuneError })
}

// isStamp reports whether text begins with a time, as exports of CloudWatch
// Logs and the logs of containers have it before each line's object.
func isStamp(text []byte) bool {
	if len(text) < len("2006-01-02T15:04") {
		return false
	}
	_, err := time.Parse("2006-01-02T15:04", Share(text[:16]))
	return err == nil
}

func (s *splitter) emit() error {
	s.n++
	s.good++
	if !s.yield(nil) {
		return errStop
	}
	return nil
}

// mark notes the line that reading stands on, for a record that may be rejected.
func (s *splitter) mark() {
	if s.l.Lines {
		s.line = s.w.line()
	}
}

func (s *splitter) reject(at int64, why error) error {
	err := &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("record %d at byte %d cannot be used", s.n, at), Err: why}
	if s.l.Lines {
		err.Message = fmt.Sprintf("line %d cannot be used", s.line)
	}
	s.n++
	if !s.yield(err) {
		return errStop
	}
	return nil
}

// cut is the error of a file that ends too soon.
func (s *splitter) cut(what string) error { return s.cutAt(what, s.w.offset()) }

func (s *splitter) cutAt(what string, at int64) error {
	end := s.w.base + int64(len(s.w.b))
	if s.w.err != nil {
		return &graph.Error{Code: graph.CodeInvalid, Err: s.w.err,
			Message: fmt.Sprintf("the file breaks off at byte %d, within the %s at byte %d", end, what, at),
			Hint:    fmt.Sprintf("the %d records before it were read", s.n)}
	}
	return &graph.Error{Code: graph.CodeInvalid,
		Message: fmt.Sprintf("the file ends at byte %d, within the %s at byte %d", end, what, at),
		Hint:    fmt.Sprintf("it was cut off; the %d records before it were read", s.n)}
}

func (s *splitter) fail(format string, args ...any) error {
	return &graph.Error{Code: graph.CodeInvalid,
		Message: fmt.Sprintf("malformed JSON at byte %d: ", s.w.offset()) + fmt.Sprintf(format, args...)}
}
