package jsonlog

import (
	"bytes"
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
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return ""
	}
	return Unescape(v[1 : len(v)-1])
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
	return Share(v)
}

// Get is the member with that key, the last where keys repeat; absent where
// there is none or the value is no object.
func (v Value) Get(key string) Value {
	var out Value
	v.Each(func(k string, m Value) bool {
		if k == key {
			out = m
		}
		return true
	})
	return out
}

// Pick is Get of up to four keys, in one walk.
func (v Value) Pick(keys ...string) (out [4]Value) {
	v.Each(func(k string, m Value) bool {
		for i := range keys {
			if k == keys[i] {
				out[i] = m
			}
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
// A member nested deeper than a record may be counts as malformed, so a walk
// by Each and Items goes no deeper either.
func (v Value) Each(f func(key string, m Value) bool) {
	if !v.IsObject() {
		return
	}
	i, done, err := First(v, 0, '}')
	for !done && err == nil {
		var key string
		var end int
		if key, i, err = Member(v, i); err != nil {
			return
		}
		if end, err = Skip(v, i, MaxDepth); err != nil || !f(key, v[i:end:end]) {
			return
		}
		i, done, err = More(v, end, '}')
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
	i, done, err := First(v, 0, ']')
	for !done && err == nil {
		var end int
		if end, err = Skip(v, i, MaxDepth); err != nil || !f(v[i:end:end]) {
			return
		}
		i, done, err = More(v, end, ']')
	}
}

// Strings calls f for every string inside the value, at any depth, until f
// returns false; keys are not visited. It reports whether f never did.
func (v Value) Strings(f func(s string) bool) bool {
	for i := 0; i < len(v); {
		if v[i] != '"' {
			i++
			continue
		}
		end, _, err := Quoted(v, i)
		if err != nil {
			return true
		}
		next := Space(v, end)
		if (next >= len(v) || v[next] != ':') && !f(v[i:end].Str()) {
			return false
		}
		i = next
	}
	return true
}

// Share is the bytes as a string, without a copy: they must not change while it
// is held.
func Share(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Unescape is the text of a JSON string's inside. It shares memory where the
// text is the bytes; lone surrogates and invalid UTF-8 become U+FFFD, as in
// encoding/json.
func Unescape(b []byte) string {
	i := bytes.IndexByte(b, '\\')
	if i < 0 {
		if utf8.Valid(b) {
			return Share(b)
		}
		return string([]rune(Share(b)))
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
	if !utf8.Valid(out) {
		return string([]rune(Share(out)))
	}
	return Share(out)
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
