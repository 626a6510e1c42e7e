package neo4j

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Sets that must be exact are kept in byte arrays: a property each, which one
// statement writes whole. Their first byte is the form, for later ones.
const blobForm = 1

// The forms of packed evidence.
const (
	formText = iota // length and text
	formUUID        // 16 bytes, and the number of a suffix: what stands behind "@"
	formSHA         // 32 bytes
)

const shaPrefix = "sha256:"

// sight is an observation, and the source from which on it is superseded: zero
// where it is not.
type sight struct {
	graph.Observation
	by uint64
}

// hidden reports whether evidence from a source, superseded by another (zero:
// not), is out of sight as of a ledger number (zero: now).
func hidden(seq, by, asOf uint64) bool {
	return asOf != 0 && seq > asOf || by != 0 && (asOf == 0 || by <= asOf)
}

// encoder appends values.
type encoder struct{ b []byte }

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)   { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// decoder reads what an encoder wrote. After a fault it gives zeroes, and bad
// is set.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() { d.b, d.bad = nil, true }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return make([]byte, min(n, 32))
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) string() string { return string(d.bytes(d.uint())) }

// count reads a number of things that take a byte each at least.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

// decode checks the form and that all was read.
func decode(b []byte, read func(*decoder)) error {
	d := &decoder{b: b}
	if form := d.bytes(1); d.bad || form[0] != blobForm {
		return &graph.Error{Code: graph.CodeCorrupt, Message: "a property of the graph has an unknown form",
			Hint: "was it written by a newer blastradius, or changed by hand?"}
	}
	read(d)
	if d.bad || len(d.b) > 0 {
		return &graph.Error{Code: graph.CodeCorrupt, Message: "a property of the graph does not read as it was written",
			Hint: "was it changed by hand? ingest the logs again into another graph"}
	}
	return nil
}

// encodeSights packs observations, sorted, of an hour.
func encodeSights(set []sight, hour graph.Hour) []byte {
	e := &encoder{make([]byte, 1, 16+32*len(set))}
	e.b[0] = blobForm
	var suffixes []string
	number := func(suffix string) uint64 {
		i := slices.Index(suffixes, suffix)
		if i < 0 {
			i = len(suffixes)
			suffixes = append(suffixes, suffix)
		}
		return uint64(i) + 1
	}
	for i := range set {
		if id, suffix, ok := strings.Cut(set[i].Evidence, "@"); ok && len(id) == 36 {
			if _, ok := graph.AppendUUID(nil, id); ok {
				number(suffix)
			}
		}
	}
	e.uint(uint64(len(suffixes)))
	for _, s := range suffixes {
		e.string(s)
	}
	e.uint(uint64(len(set)))
	last := int64(hour.Start())
	for i := range set {
		s := &set[i]
		e.int(int64(s.At) - last)
		last = int64(s.At)
		flags := uint64(0)
		if s.Call != "" {
			flags |= 1
		}
		if s.by != 0 {
			flags |= 2
		}
		e.evidence(s.Evidence, flags, number)
		if s.Call != "" {
			e.string(s.Call)
		}
		e.uint(s.Source.Seq)
		e.uint(uint64(s.Source.Record))
		if s.by != 0 {
			e.uint(s.by)
		}
	}
	return e.b
}

// evidence appends evidence with two flags before it.
func (e *encoder) evidence(ev string, flags uint64, number func(string) uint64) {
	id, suffix, cut := strings.Cut(ev, "@")
	if len(id) == 36 {
		if b, ok := graph.AppendUUID(nil, id); ok {
			n := uint64(0)
			if cut {
				n = number(suffix)
			}
			e.uint(n<<4 | flags<<2 | formUUID)
			e.b = append(e.b, b...)
			return
		}
	}
	if sum, ok := strings.CutPrefix(ev, shaPrefix); ok && len(sum) == 64 && strings.ToLower(sum) == sum {
		if b, err := hex.DecodeString(sum); err == nil {
			e.uint(flags<<2 | formSHA)
			e.b = append(e.b, b...)
			return
		}
	}
	e.uint(flags<<2 + formText)
	e.string(ev)
}

// decodeSights appends the observations of a packed set.
func decodeSights(dst []sight, b []byte, hour graph.Hour) ([]sight, error) {
	err := decode(b, func(d *decoder) {
		suffixes := make([]string, d.count())
		for i := range suffixes {
			suffixes[i] = d.string()
		}
		last := int64(hour.Start())
		n := d.count()
		dst = slices.Grow(dst, n)
		for range n {
			last += d.int()
			s := sight{Observation: graph.Observation{At: graph.Time(last)}}
			tag := d.uint()
			switch tag & 3 {
			case formUUID:
				text := graph.AppendUUIDText(make([]byte, 0, 64), d.bytes(16))
				if n := tag >> 4; n > uint64(len(suffixes)) {
					d.fail()
				} else if n > 0 {
					text = append(append(text, '@'), suffixes[n-1]...)
				}
				s.Evidence = string(text)
			case formSHA:
				s.Evidence = shaPrefix + hex.EncodeToString(d.bytes(32))
			default:
				s.Evidence = d.string()
			}
			if tag&4 != 0 {
				s.Call = d.string()
			}
			s.CallKey = graph.CallKeyOf(s.CallID())
			s.Source = graph.Ref{Seq: d.uint(), Record: uint32(d.uint())}
			if tag&8 != 0 {
				s.by = d.uint()
			}
			dst = append(dst, s)
		}
	})
	return dst, err
}

// mark is a mark of a standing edge, and the source from which on it is
// superseded.
type mark struct {
	graph.Mark
	by uint64
}

func encodeMarks(ms []mark) []byte {
	if len(ms) == 0 {
		return nil
	}
	e := &encoder{[]byte{blobForm}}
	e.uint(uint64(len(ms)))
	for _, m := range ms {
		e.uint(uint64(m.Kind))
		e.int(int64(m.At))
		e.string(m.Evidence)
		e.uint(m.Source.Seq)
		e.uint(uint64(m.Source.Record))
		e.uint(m.by)
	}
	return e.b
}

func decodeMarks(b []byte) (out []mark, err error) {
	if len(b) == 0 {
		return nil, nil
	}
	err = decode(b, func(d *decoder) {
		for range d.count() {
			out = append(out, mark{graph.Mark{Kind: graph.MarkKind(d.uint()), At: graph.Time(d.int()), Evidence: d.string(),
				Source: graph.Ref{Seq: d.uint(), Record: uint32(d.uint())}}, d.uint()})
		}
	})
	return out, err
}

func encodeAttrs(as graph.Attrs) []byte {
	if len(as) == 0 {
		return nil
	}
	e := &encoder{[]byte{blobForm}}
	e.uint(uint64(len(as)))
	for _, a := range as {
		e.string(a.Name)
		e.string(a.Value)
		e.int(int64(a.Last))
		e.uint(uint64(a.Last - a.First))
	}
	return e.b
}

func decodeAttrs(b []byte) (out graph.Attrs, err error) {
	if len(b) == 0 {
		return nil, nil
	}
	err = decode(b, func(d *decoder) {
		for range d.count() {
			a := graph.Attr{Name: d.string(), Value: d.string(), Last: graph.Time(d.int())}
			a.First = a.Last - graph.Time(d.uint())
			out = append(out, a)
		}
	})
	return out, err
}
