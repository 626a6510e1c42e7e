package otlp

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// errWire is the error of what is no protobuf.
var errWire = errors.New("broken protobuf")

// field reads the field that b begins with: its number, its wire type, and its
// content: of a length-delimited field the bytes, else the number. n is its
// length, zero where it is broken.
func field(b []byte) (num, typ int, content []byte, v uint64, n int) {
	var tag uint64
	if b[0] < 0x80 {
		tag, n = uint64(b[0]), 1
	} else if tag, n = binary.Uvarint(b); n <= 0 {
		return 0, 0, nil, 0, 0
	}
	if num, typ = int(tag>>3), int(tag&7); num == 0 || tag > math.MaxUint32 {
		return 0, 0, nil, 0, 0
	}
	switch typ {
	case 0:
		v, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return 0, 0, nil, 0, 0
		}
		return num, typ, nil, v, n + m
	case 1:
		if len(b) < n+8 {
			return 0, 0, nil, 0, 0
		}
		return num, typ, nil, binary.LittleEndian.Uint64(b[n:]), n + 8
	case 5:
		if len(b) < n+4 {
			return 0, 0, nil, 0, 0
		}
		return num, typ, nil, uint64(binary.LittleEndian.Uint32(b[n:])), n + 4
	case 2:
		var size uint64
		m := 1
		if n < len(b) && b[n] < 0x80 {
			size = uint64(b[n])
		} else if size, m = binary.Uvarint(b[n:]); m <= 0 {
			return 0, 0, nil, 0, 0
		}
		n += m
		if size > uint64(len(b)-n) {
			return 0, 0, nil, 0, 0
		}
		return num, typ, b[n : n+int(size)], 0, n + int(size)
	case 3: // a group, which no schema of ours has
		if m := protowire.ConsumeFieldValue(protowire.Number(num), protowire.StartGroupType, b[n:]); m >= 0 {
			return num, typ, nil, 0, n + m
		}
	}
	return 0, 0, nil, 0, 0
}

// fields calls f for each field of a message. It reports false where the message
// is broken.
func fields(b []byte, f func(num, typ int, content []byte, v uint64) bool) bool {
	for len(b) > 0 {
		num, typ, content, v, n := field(b)
		if n == 0 || !f(num, typ, content, v) {
			return false
		}
		b = b[n:]
	}
	return true
}

// text is b as a string that shares its memory.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// protoReader reads ResourceSpans by hand.
type protoReader struct {
	s     span
	known map[string]*resource // by the message's bytes
	bare  bool                 // attributes of spans are not wanted
}

// maxResources bounds what is remembered of resources.
const maxResources = 4096

// resourceSpans hands each span of a ResourceSpans message to yield. It returns
// an error where the message, or the frame of a span in it, is broken; a span
// that is broken itself is yielded with an error. ok is false once yield is.
func (r *protoReader) resourceSpans(b []byte, yield func(*span, error) bool) (ok bool, err error) {
	var res *resource
	n := 0
	if !fields(b, func(num, typ int, content []byte, _ uint64) bool {
		if num == 1 && typ == 2 {
			if n++; n == 1 {
				res = r.resource(content)
			} else { // several are one, by the rules of protobuf
				res = &resource{attrs: res.attrs, raw: append(append([]byte{}, res.raw...), content...)}
				return attributes(content, 1, &res.attrs)
			}
		}
		return res != nil || num != 1
	}) {
		return true, errWire
	}
	if res == nil {
		res = r.resource(nil)
	}
	ok = true
	whole := fields(b, func(num, typ int, content []byte, _ uint64) bool {
		if num != 2 || typ != 2 {
			return true
		}
		return fields(content, func(num, typ int, content []byte, _ uint64) bool {
			if num != 2 || typ != 2 {
				return true
			}
			r.s = span{resource: res, raw: content}
			var err error
			if !r.s.proto(content, r.bare) {
				err = errWire
			}
			ok = yield(&r.s, err)
			return ok
		})
	})
	if !whole && ok {
		return true, errWire
	}
	return ok, nil
}

// resource is that of the message, nil where it is broken.
func (r *protoReader) resource(b []byte) *resource {
	if x := r.known[text(b)]; x != nil {
		return x
	}
	x := &resource{raw: append([]byte{}, b...)} // it outlives the file
	if !attributes(x.raw, 1, &x.attrs) {
		return nil
	}
	if r.known == nil || len(r.known) >= maxResources {
		r.known = map[string]*resource{}
	}
	r.known[text(x.raw)] = x
	return x
}

// attributes reads the attributes among a message's fields.
func attributes(b []byte, number int, into *attrs) bool {
	return fields(b, func(num, typ int, content []byte, _ uint64) bool {
		return num != number || typ != 2 || keyValue(content, into)
	})
}

// proto reads a Span message, bare without its attributes. It reports false where
// it is broken.
func (s *span) proto(b []byte, bare bool) bool {
	for len(b) > 0 {
		num, typ, content, v, n := field(b)
		if n == 0 {
			return false
		}
		b = b[n:]
		switch {
		case num == 1 && typ == 2:
			s.trace = content
		case num == 2 && typ == 2:
			s.id = content
		case num == 4 && typ == 2:
			s.parent = content
		case num == 5 && typ == 2:
			s.name = text(content)
		case num == 6 && typ == 0:
			s.kind = int(int32(v))
		case num == 7 && typ == 1:
			s.start = v
		case num == 8 && typ == 1:
			s.end = v
		case num == 9 && typ == 2:
			if !bare && !keyValue(content, &s.attrs) {
				return false
			}
		case num == 15 && typ == 2:
			if !fields(content, func(num, typ int, _ []byte, v uint64) bool {
				if num == 3 && typ == 0 {
					s.status = int(int32(v))
				}
				return true
			}) {
				return false
			}
		}
	}
	return true
}

// keyValue reads a KeyValue message.
func keyValue(b []byte, into *attrs) bool {
	var k key
	var v []byte
	for len(b) > 0 {
		num, typ, content, _, n := field(b)
		if n == 0 {
			return false
		}
		b = b[n:]
		if typ == 2 && num == 1 {
			k = keyNames[text(content)]
		} else if typ == 2 && num == 2 {
			if v != nil { // several are one, by the rules of protobuf
				content = append(append([]byte{}, v...), content...)
			}
			v = content
		}
	}
	if k == 0 {
		return true
	}
	x, ok := anyValue(v)
	into[k] = x
	return ok
}

// anyValue reads an AnyValue message.
func anyValue(b []byte) (x value, ok bool) {
	x.set = true
	var list []byte
	ok = fields(b, func(num, typ int, content []byte, v uint64) bool {
		switch {
		case (num == 1 || num == 7) && typ == 2:
			x.text, x.is, list = "", 'x', nil
			if num == 1 {
				x.text, x.is = text(content), 't'
			}
		case num == 2 && typ == 0:
			x.num, x.is, x.text, list = int64(min(v, 1)), 'b', "", nil
		case num == 3 && typ == 0:
			x.num, x.is, x.text, list = int64(v), 'i', "", nil
		case num == 4 && typ == 1, num == 6 && typ == 2:
			x.is, x.text, list = 'x', "", nil
		case num == 5 && typ == 2:
			if x.is == 'l' {
				content = append(append([]byte{}, list...), content...)
			}
			x.is, x.text, list = 'l', "", content
		}
		return true
	})
	if x.is != 'l' || !ok {
		return x, ok
	}
	x.is = 't'
	first := true
	ok = fields(list, func(num, typ int, content []byte, _ uint64) bool {
		if num == 1 && typ == 2 && first {
			first = false
			return fields(content, func(num, typ int, content []byte, _ uint64) bool {
				switch {
				case num == 1 && typ == 2:
					x.text = text(content)
				case num >= 2 && num <= 7:
					x.text = ""
				}
				return true
			})
		}
		return true
	})
	return x, ok
}
