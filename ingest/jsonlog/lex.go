package jsonlog

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// What one record may be: beyond it a record is rejected, not read. Logs stay
// well below (CloudTrail 256 KB an event, Kubernetes audit some 100 KB).
const (
	MaxRecord = 1 << 20 // bytes
	MaxDepth  = 100     // nested objects and arrays, the record included
)

// What stops the reading of a JSON text.
var (
	ErrCut    = errors.New("the text ends within the record")
	ErrSyntax = errors.New("malformed JSON")
	ErrDeep   = errors.New("nested deeper than 100 levels")
)

// One byte in all eight of a word.
const (
	ones    = 0x0101010101010101
	tops    = 0x80 * ones
	quotes  = '"' * ones
	slashes = '\\' * ones
	blanks  = 0x20 * ones
)

// stops marks, by their top bit, the quotes, backslashes and control characters
// among the eight bytes of w. The lowest mark is exact; those above it may be
// borrowed.
func stops(w uint64) uint64 {
	q, s := w^quotes, w^slashes
	return ((q-ones)&^q | (s-ones)&^s | (w-blanks)&^w) & tops
}

// Quoted is the index after the string whose opening quote stands at i. odd
// reports whether its text differs from its bytes, or may: it holds a backslash
// or a byte beyond ASCII. A raw control character is malformed, so a string
// torn at the end of its line ends there.
func Quoted(b []byte, i int) (end int, odd bool, err error) {
	j := i + 1
	var high uint64
	for uint(j)+8 <= uint(len(b)) {
		w := binary.LittleEndian.Uint64(b[j:])
		m := stops(w)
		if m == 0 {
			high |= w
			j += 8
			continue
		}
		high |= w & (m&-m - 1)
		j += bits.TrailingZeros64(m) >> 3
		if b[j] == '"' {
			return j + 1, odd || high&tops != 0, nil
		}
		if b[j] != '\\' {
			return j, odd || high&tops != 0, ErrSyntax
		}
		odd = true
		j += 2
	}
	odd = odd || high&tops != 0
	for j < len(b) {
		switch c := b[j]; {
		case c == '"':
			return j + 1, odd, nil
		case c == '\\':
			odd = true
			j++
		case c < ' ':
			return j, odd, ErrSyntax
		case c >= 0x80:
			odd = true
		}
		j++
	}
	return len(b), odd, ErrCut
}

// Skip is the index after the value that begins at i, which may nest room
// levels. It finds the end without judging what is inside: brackets are
// counted, not matched by kind.
func Skip(b []byte, i, room int) (int, error) {
	if i >= len(b) {
		return i, ErrCut
	}
	switch c := b[i]; {
	case c == '"':
		end, _, err := Quoted(b, i)
		return end, err
	case c == '{' || c == '[':
		depth := 0
		for j := i; j < len(b); {
			switch b[j] {
			case '"':
				end, _, err := Quoted(b, j)
				if err != nil {
					return end, err
				}
				j = end
				continue
			case '{', '[':
				if depth++; depth > room {
					return j, ErrDeep
				}
			case '}', ']':
				if depth--; depth == 0 {
					return j + 1, nil
				}
			}
			j++
		}
		return len(b), ErrCut
	case c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n':
		j := i + 1
		for j < len(b) && b[j] != ',' && b[j] != '}' && b[j] != ']' && b[j] > ' ' {
			j++
		}
		if j == len(b) {
			return j, ErrCut
		}
		return j, nil
	}
	return i, ErrSyntax
}

// Space is the index of the first byte at or after i that is no white space.
func Space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// Member reads the key at i and the colon after it: at is where the value
// begins.
func Member(b []byte, i int) (key string, at int, err error) {
	if i >= len(b) {
		return "", i, ErrCut
	}
	if b[i] != '"' {
		return "", i, ErrSyntax
	}
	end, odd, err := Quoted(b, i)
	if err != nil {
		return "", end, err
	}
	if odd {
		key = Unescape(b[i+1 : end-1])
	} else {
		key = Share(b[i+1 : end-1])
	}
	if end < len(b) && b[end] != ':' {
		end = Space(b, end)
	}
	if end >= len(b) {
		return "", end, ErrCut
	}
	if b[end] != ':' {
		return "", end, ErrSyntax
	}
	at = end + 1
	if at < len(b) && b[at] <= ' ' {
		at = Space(b, at)
	}
	return key, at, nil
}

// First is where the first member or element of the object or array at i
// stands, after its opening bracket; done where it has none, and next then
// follows the closing one.
func First(b []byte, i int, closing byte) (next int, done bool, err error) {
	i = Space(b, i+1)
	if i >= len(b) {
		return i, false, ErrCut
	}
	if b[i] == closing {
		return i + 1, true, nil
	}
	return i, false, nil
}

// More goes on after a member or element: to the next one, or, done, past the
// closing bracket.
func More(b []byte, i int, closing byte) (next int, done bool, err error) {
	if i < len(b) && b[i] <= ' ' {
		i = Space(b, i)
	}
	if i >= len(b) {
		return i, false, ErrCut
	}
	switch b[i] {
	case ',':
		i++
		if i < len(b) && b[i] <= ' ' {
			i = Space(b, i)
		}
		return i, false, nil
	case closing:
		return i + 1, true, nil
	}
	return i, false, ErrSyntax
}

// Text is the value at i as text: a string's, a number's or a boolean's; empty
// for null, object and array.
func Text(b []byte, i, room int) (s string, end int, err error) {
	if i < len(b) && b[i] == '"' {
		end, odd, err := Quoted(b, i)
		if err != nil {
			return "", end, err
		}
		if odd {
			return Unescape(b[i+1 : end-1]), end, nil
		}
		return Share(b[i+1 : end-1]), end, nil
	}
	end, err = Skip(b, i, room)
	if err != nil {
		return "", end, err
	}
	return Value(b[i:end]).Text(), end, nil
}

// ValueAt is the value at i, nil for null.
func ValueAt(b []byte, i, room int) (v Value, end int, err error) {
	end, err = Skip(b, i, room)
	if err != nil || b[i] == 'n' {
		return nil, end, err
	}
	return Value(b[i:end:end]), end, nil
}

// Object calls f for each member of the object at i, which returns where the
// member's value ends; room is what a value may nest. A value that is no object
// is skipped.
func Object(b []byte, i, room int, f func(key string, i, room int) (int, error)) (int, error) {
	if i >= len(b) || b[i] != '{' {
		return Skip(b, i, room)
	}
	if room--; room < 0 {
		return i, ErrDeep
	}
	i, done, err := First(b, i, '}')
	for !done && err == nil {
		var key string
		if key, i, err = Member(b, i); err != nil {
			break
		}
		if i, err = f(key, i, room); err == nil {
			i, done, err = More(b, i, '}')
		}
	}
	return i, err
}
