package cloudtrail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// records calls f for every record of the file, in order, until f returns
// false. The Record is valid until the call returns, its strings and values as
// long as they are held; it must not be changed. Where one record cannot be used rec is nil and err, a
// *graph.Error, says where it stands and why; the file goes on. records returns
// an error for what makes the rest of the file unreadable. A record's position
// is the number of calls before its own.
//
// Every wrapping is read alike, in any mixture: {"Records": […]} and the lists
// of LookupEvents, CloudWatch Logs and PutAuditEvents; arrays; one object or
// many, a line each or not; EventBridge and log shippers' envelopes around each.
func records(ctx context.Context, f *ingest.File, yield func(rec *Record, err error) bool) error {
	return recordsBy(ctx, f, chunkSize, nil, yield)
}

// recordsBy is records, of a stream so many bytes at a time, with the
// habits of earlier files.
func recordsBy(ctx context.Context, f *ingest.File, size int, known *habits, yield func(*Record, error) bool) error {
	s := splitter{ctx: ctx, yield: yield, w: window{b: f.Data, src: f.Reader, size: size}}
	s.read.rec.habits = known
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
	ctx   context.Context
	yield func(*Record, error) bool
	w     window
	read  reader
	n     int // records met
	good  int // of them read
}

func (s *splitter) file() error {
	if s.read.rec.habits == nil {
		s.read.rec.habits = newHabits(nil)
	}
	s.w.fill()
	if s.w.next() && strings.HasPrefix(share(s.w.b[s.w.i:]), "\ufeff") {
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

// isList reports whether an object's member with that key lists records.
func isList(key string) bool {
	switch key {
	case "Records", "records", "Events", "events", "logEvents", "auditEvents":
		return true
	}
	return false
}

// list reports whether the object at hand is a container: whether one of its
// members, before it gets too long for a record, lists records. If so reading
// stands at that list's bracket.
func (s *splitter) list() bool {
	// Nearly always the first key tells; only then look for the line's end.
	end := min(s.w.i+64, len(s.w.b))
	for {
		at, found, err := listIn(s.w.b[:end], s.w.i+1, true)
		if found {
			s.w.i = at
			return true
		}
		if err != errCut {
			return false
		}
		limit, torn := s.w.limit()
		if end >= min(limit, s.w.i+maxRecord) && (torn || end-s.w.i >= maxRecord || !s.w.more()) {
			return false
		}
		limit, _ = s.w.limit()
		end = min(limit, s.w.i+maxRecord)
	}
}

// listIn finds the bracket of a list of records among the members from b[i] on;
// where there is none, at is past the object. With early, a first key that only
// records have settles it: at then is nothing.
func listIn(b []byte, i int, early bool) (at int, found bool, err error) {
	if i = space(b, i); i < len(b) && b[i] == '}' {
		return i + 1, false, nil
	}
	for ; ; early = false {
		var key string
		if key, i, err = readMember(b, i); err != nil {
			return i, false, err
		}
		if i >= len(b) {
			return i, false, errCut
		}
		if isList(key) && b[i] == '[' {
			return i, true, nil
		}
		if early && isField(key) {
			return i, false, nil
		}
		if i, err = skip(b, i, maxDepth); err != nil {
			return i, false, err
		}
		var done bool
		if i, done, err = more(b, i, '}'); done || err != nil {
			return i, false, err
		}
	}
}

// isField reports whether a key is one that records begin with.
func isField(key string) bool {
	switch key {
	case "eventVersion", "userIdentity", "eventTime", "awsRegion", "eventSource", "eventName", "eventID",
		"eventCategory", "additionalEventData", "apiVersion", "EventId", "@timestamp":
		return true
	}
	return false
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
			return nil
		case '"':
			if more, err := s.rest(); !more {
				return err
			}
		default:
			return s.fail("%q stands where a list of records should end", c)
		}
	}
}

// rest moves from the member after a list to the next list, and reports whether
// there is one; otherwise past the object.
func (s *splitter) rest() (more bool, err error) {
	for {
		end := min(len(s.w.b), s.w.i+maxRecord)
		at, found, err := listIn(s.w.b[:end], s.w.i, false)
		switch {
		case err == errCut && end < s.w.i+maxRecord && s.w.more():
			continue
		case err == errCut && end < s.w.i+maxRecord:
			return false, s.cut("object")
		case err != nil:
			return false, s.fail("what follows a list of records is no member, or longer than %d bytes", maxRecord)
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
		past, unusable, lexical = s.read.read(w.b[:end], w.i)
		if lexical == nil && past-w.i <= maxRecord {
			at := w.offset()
			w.i = past
			if unusable != nil {
				return s.reject(at, unusable)
			}
			return s.emit()
		}
		if lexical != errCut || torn || len(w.b)-w.i > maxRecord || !w.more() {
			break
		}
	}
	at := w.offset()
	raw, size, whole := w.span(lines)
	switch {
	case !whole && w.i == len(w.b):
		return s.cutAt("record", at)
	case size > maxRecord:
		return s.reject(at, fmt.Errorf("it has %d bytes, and a record may have %d", size, maxRecord))
	case !whole:
		return s.reject(at, errors.New("its line ends within it"))
	case lexical == errDeep:
		return s.reject(at, errDeep)
	}
	if err := s.read.readPlainly(raw); err != nil {
		return s.reject(at, err)
	}
	return s.emit()
}

// garbage moves past text that begins no JSON. Behind the last record it is
// nothing; between records it is rejected as one; a file with nothing else is
// no file of records.
func (s *splitter) garbage() error {
	s.w.fill()
	at, head := s.w.offset(), s.w.b[s.w.i:min(s.w.i+16, len(s.w.b))]
	noJSON := &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("no JSON: the text at byte %d is %q", at, head),
		Hint: "CloudTrail files are JSON in UTF-8, plain or gzipped"}
	if s.good == 0 && isBinary(head) {
		return noJSON
	}
	for {
		if k := strings.IndexAny(share(s.w.b[s.w.i:]), "{["); k >= 0 {
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
	return s.reject(at, fmt.Errorf("%d bytes that are no JSON, beginning with %q", s.w.offset()-at, head))
}

func isBinary(head []byte) bool {
	return bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == utf8.RuneError })
}

func (s *splitter) emit() error {
	s.n++
	s.good++
	if !s.yield(&s.read.rec, nil) {
		return errStop
	}
	return nil
}

func (s *splitter) reject(at int64, why error) error {
	err := &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("record %d at byte %d cannot be used", s.n, at), Err: why}
	s.n++
	if !s.yield(nil, err) {
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
