package cloudtrail

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// What one record may be. AWS delivers at most 256 KB an event.
const (
	maxRecord = 1 << 20 // bytes
	maxDepth  = 100     // nested objects and arrays, the record included
)

// What stops the reading of a JSON text.
var (
	errCut    = errors.New("the text ends within the record")
	errSyntax = errors.New("malformed JSON")
	errDeep   = errors.New("nested deeper than 100 levels")
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

// quoted is the index after the string whose opening quote stands at i. odd
// reports whether its text differs from its bytes, or may: it holds a backslash
// or a byte beyond ASCII. A raw control character is malformed, so a string
// torn at the end of its line ends there.
func quoted(b []byte, i int) (end int, odd bool, err error) {
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
			return j, odd || high&tops != 0, errSyntax
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
			return j, odd, errSyntax
		case c >= 0x80:
			odd = true
		}
		j++
	}
	return len(b), odd, errCut
}

// skip is the index after the value that begins at i, which may nest room
// levels. It finds the end without judging what is inside: brackets are
// counted, not matched by kind.
func skip(b []byte, i, room int) (int, error) {
	if i >= len(b) {
		return i, errCut
	}
	switch c := b[i]; {
	case c == '"':
		end, _, err := quoted(b, i)
		return end, err
	case c == '{' || c == '[':
		depth := 0
		for j := i; j < len(b); {
			switch b[j] {
			case '"':
				end, _, err := quoted(b, j)
				if err != nil {
					return end, err
				}
				j = end
				continue
			case '{', '[':
				if depth++; depth > room {
					return j, errDeep
				}
			case '}', ']':
				if depth--; depth == 0 {
					return j + 1, nil
				}
			}
			j++
		}
		return len(b), errCut
	case c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n':
		j := i + 1
		for j < len(b) && b[j] != ',' && b[j] != '}' && b[j] != ']' && b[j] > ' ' {
			j++
		}
		if j == len(b) {
			return j, errCut
		}
		return j, nil
	}
	return i, errSyntax
}

func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// readMember reads the key at i and the colon after it: at is where the value
// begins.
func readMember(b []byte, i int) (key string, at int, err error) {
	if i >= len(b) {
		return "", i, errCut
	}
	if b[i] != '"' {
		return "", i, errSyntax
	}
	end, odd, err := quoted(b, i)
	if err != nil {
		return "", end, err
	}
	if odd {
		key = unescape(b[i+1 : end-1])
	} else {
		key = share(b[i+1 : end-1])
	}
	if end < len(b) && b[end] != ':' {
		end = space(b, end)
	}
	if end >= len(b) {
		return "", end, errCut
	}
	if b[end] != ':' {
		return "", end, errSyntax
	}
	at = end + 1
	if at < len(b) && b[at] <= ' ' {
		at = space(b, at)
	}
	return key, at, nil
}

// first is where the first member or element of the object or array at i
// stands, after its opening bracket; done where it has none, and next then
// follows the closing one.
func first(b []byte, i int, closing byte) (next int, done bool, err error) {
	i = space(b, i+1)
	if i >= len(b) {
		return i, false, errCut
	}
	if b[i] == closing {
		return i + 1, true, nil
	}
	return i, false, nil
}

// more goes on after a member or element: to the next one, or, done, past the
// closing bracket.
func more(b []byte, i int, closing byte) (next int, done bool, err error) {
	if i < len(b) && b[i] <= ' ' {
		i = space(b, i)
	}
	if i >= len(b) {
		return i, false, errCut
	}
	switch b[i] {
	case ',':
		i++
		if i < len(b) && b[i] <= ' ' {
			i = space(b, i)
		}
		return i, false, nil
	case closing:
		return i + 1, true, nil
	}
	return i, false, errSyntax
}

// text is the value at i as text: a string's, a number's or a boolean's; empty
// for null, object and array.
func text(b []byte, i, room int) (s string, end int, err error) {
	if i < len(b) && b[i] == '"' {
		end, odd, err := quoted(b, i)
		if err != nil {
			return "", end, err
		}
		if odd {
			return unescape(b[i+1 : end-1]), end, nil
		}
		return share(b[i+1 : end-1]), end, nil
	}
	end, err = skip(b, i, room)
	if err != nil {
		return "", end, err
	}
	return Value(b[i:end]).Text(), end, nil
}

// value is the value at i, nil for null.
func value(b []byte, i, room int) (v Value, end int, err error) {
	end, err = skip(b, i, room)
	if err != nil || b[i] == 'n' {
		return nil, end, err
	}
	return Value(b[i:end:end]), end, nil
}
