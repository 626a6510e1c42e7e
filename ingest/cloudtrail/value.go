package cloudtrail

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// Value is the text of one JSON value, nil where it is absent. Its methods are
// lazy and lenient: they never fail, and on malformed text find nothing more.
// Strings without escapes share the value's memory.
type Value []byte

// Null reports whether the value is absent or null.
func (v Value) Null() bool { return len(v) == 0 || v[0] == 'n' }

// IsObject reports whether the value is an object.
func (v Value) IsObject() bool { return len(v) > 0 && v[0] == '{' }

// IsArray reports whether the value is an array.
func (v Value) IsArray() bool { return len(v) > 0 && v[0] == '[' }

// IsString reports whether the value is a string.
func (v Value) IsString() bool { return len(v) > 0 && v[0] == '"' }

// Str is the string's text, unescaped; empty for anything but a string.
func (v Value) Str() string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	return unescape(v[1 : len(v)-1])
}

// Text is the text of a string, number or boolean; empty for null, object and
// array.
func (v Value) Text() string {
	if len(v) == 0 {
		return ""
	}
	switch v[0] {
	case '"':
		return v.Str()
	case '{', '[', 'n':
		return ""
	}
	return share(v)
}

// Get is the member with that key, absent where there is none or the value is
// no object.
func (v Value) Get(key string) Value {
	var out Value
	v.Each(func(k string, m Value) bool {
		if k == key {
			out = m
			return false
		}
		return true
	})
	return out
}

// At is Get along a path of keys.
func (v Value) At(path ...string) Value {
	for _, k := range path {
		v = v.Get(k)
	}
	return v
}

// Fold is the first member whose key equals key under case folding.
func (v Value) Fold(key string) Value {
	var out Value
	v.Each(func(k string, m Value) bool {
		if strings.EqualFold(k, key) {
			out = m
			return false
		}
		return true
	})
	return out
}

// Each calls f for each member of an object, in order, until f returns false.
func (v Value) Each(f func(key string, m Value) bool) {
	if !v.IsObject() {
		return
	}
	i := space(v, 1)
	for i < len(v) && v[i] == '"' {
		end := stringEnd(v, i)
		if end < 0 {
			return
		}
		key := unescape(v[i+1 : end-1])
		i = space(v, end)
		if i >= len(v) || v[i] != ':' {
			return
		}
		i = space(v, i+1)
		end = valueEnd(v, i)
		if end < 0 || !f(key, v[i:end]) {
			return
		}
		i = space(v, end)
		if i >= len(v) || v[i] != ',' {
			return
		}
		i = space(v, i+1)
	}
}

// Items calls f for each element of an array, in order, until f returns false.
// A value that is no array counts as one element, as XML services write a list
// of one; null has none.
func (v Value) Items(f func(e Value) bool) {
	if v.Null() {
		return
	}
	if !v.IsArray() {
		f(v)
		return
	}
	i := space(v, 1)
	for i < len(v) && v[i] != ']' {
		end := valueEnd(v, i)
		if end < 0 || !f(v[i:end]) {
			return
		}
		i = space(v, end)
		if i >= len(v) || v[i] != ',' {
			return
		}
		i = space(v, i+1)
	}
}

// Strings calls f for every string inside the value, at any depth, until f
// returns false; keys are not visited.
func (v Value) Strings(f func(s string) bool) bool {
	switch {
	case v.IsString():
		return f(v.Str())
	case v.IsObject():
		ok := true
		v.Each(func(_ string, m Value) bool { ok = m.Strings(f); return ok })
		return ok
	case v.IsArray():
		ok := true
		v.Items(func(e Value) bool { ok = e.Strings(f); return ok })
		return ok
	}
	return true
}

// share is the bytes as a string, without a copy.
func share(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// stringEnd is the index after the closing quote of the string that opens at
// i, or -1.
func stringEnd(b []byte, i int) int {
	for j := i + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return -1
}

// valueEnd is the index after the value that begins at i, or -1. Brackets are
// counted, not matched by kind; the record's decoder has the last word on what
// is valid.
func valueEnd(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		depth := 0
		for j := i; j < len(b); j++ {
			switch b[j] {
			case '"':
				if j = stringEnd(b, j); j < 0 {
					return -1
				}
				j--
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return j + 1
				}
			}
		}
		return -1
	}
	j := i
	for j < len(b) && b[j] != ',' && b[j] != '}' && b[j] != ']' && b[j] > ' ' {
		j++
	}
	if j == i {
		return -1
	}
	return j
}

// unescape is the text of a JSON string's inside; it shares memory where there
// is no backslash. Lone surrogates become U+FFFD, as in encoding/json.
func unescape(b []byte) string {
	i := 0
	for i < len(b) && b[i] != '\\' {
		i++
	}
	if i == len(b) {
		return share(b)
	}
	out := append(make([]byte, 0, len(b)), b[:i]...)
	for i < len(b) {
		c := b[i]
		if c != '\\' || i+1 >= len(b) {
			out = append(out, c)
			i++
			continue
		}
		i += 2
		switch b[i-1] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r := hex4(b, i)
			i += 4
			if utf16.IsSurrogate(r) && i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
				if pair := utf16.DecodeRune(r, hex4(b, i+2)); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			if utf16.IsSurrogate(r) {
				r = utf8.RuneError
			}
			out = utf8.AppendRune(out, r)
			i = min(i, len(b))
		default:
			out = append(out, b[i-1])
		}
	}
	return share(out)
}

func hex4(b []byte, i int) rune {
	if i+4 > len(b) {
		return utf8.RuneError
	}
	var r rune
	for _, c := range b[i : i+4] {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r |= rune(c|0x20-'a') + 10
		default:
			return utf8.RuneError
		}
	}
	return r
}
