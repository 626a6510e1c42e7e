package pebble

import (
	"encoding/binary"

	"github.com/blastradius/blastradius/graph"
)

// nodeRecord is what is stored of a node: its number, and the days from and to
// which it has event edges in either direction (first > last: none).
type nodeRecord struct {
	number      uint32
	first, last uint32
	node        graph.Node // without ID
}

const noDay = ^uint32(0)

func appendNode(dst []byte, r *nodeRecord) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.number))
	dst = binary.AppendUvarint(dst, uint64(r.first))
	dst = binary.AppendUvarint(dst, uint64(r.last))
	dst = append(dst, byte(r.node.Kind))
	dst = appendString(dst, r.node.Type)
	dst = binary.AppendUvarint(dst, uint64(len(r.node.Attrs)))
	for _, a := range r.node.Attrs {
		dst = appendString(dst, a.Name)
		dst = appendString(dst, a.Value)
		dst = binary.AppendVarint(dst, int64(a.First))
		dst = binary.AppendVarint(dst, int64(a.Last-a.First))
	}
	return dst
}

func parseNode(b []byte) (r nodeRecord, err error) {
	d := decoder{b: b}
	r.number, r.first, r.last = uint32(d.uvarint()), uint32(d.uvarint()), uint32(d.uvarint())
	r.node.Kind, r.node.Type = graph.Kind(d.byte()), d.string()
	n := d.uvarint()
	if n > uint64(len(b)) {
		return r, errCorrupt
	}
	if n > 0 {
		r.node.Attrs = make(graph.Attrs, 0, n)
	}
	for range n {
		a := graph.Attr{Name: d.string(), Value: d.string(), First: graph.Time(d.varint())}
		a.Last = a.First + graph.Time(d.varint())
		r.node.Attrs = append(r.node.Attrs, a)
	}
	return r, d.end()
}

func mergeNode(dst, a, b []byte) ([]byte, error) {
	x, err := parseNode(a)
	if err != nil {
		return nil, err
	}
	y, err := parseNode(b)
	if err != nil {
		return nil, err
	}
	x.first, x.last = min(x.first, y.first), max(x.last, y.last)
	x.node = x.node.Merge(y.node)
	return appendNode(dst, &x), nil
}

// standingRecord is what is stored of a standing edge beside its key. Here the
// evidence of its marks is packed, and they are sorted by that.
type standingRecord struct {
	first, last graph.Time
	source      graph.Ref
	marks       []graph.Mark
}

func appendStanding(dst []byte, r *standingRecord) []byte {
	dst = binary.AppendVarint(dst, int64(r.first))
	dst = binary.AppendVarint(dst, int64(r.last-r.first))
	dst = appendRef(dst, r.source)
	dst = binary.AppendUvarint(dst, uint64(len(r.marks)))
	for _, m := range r.marks {
		dst = append(dst, byte(m.Kind))
		dst = binary.AppendVarint(dst, int64(m.At))
		dst = append(dst, m.Evidence...)
		dst = appendRef(dst, m.Source)
	}
	return dst
}

func parseStanding(b []byte) (r standingRecord, err error) {
	d := decoder{b: b}
	r.first = graph.Time(d.varint())
	r.last = r.first + graph.Time(d.varint())
	r.source = d.ref()
	n := d.uvarint()
	if n > uint64(len(b)) {
		return r, errCorrupt
	}
	for range n {
		r.marks = append(r.marks, graph.Mark{Kind: graph.MarkKind(d.byte()), At: graph.Time(d.varint()), Evidence: d.evidence(), Source: d.ref()})
	}
	return r, d.end()
}

func mergeStanding(dst, a, b []byte) ([]byte, error) {
	x, err := parseStanding(a)
	if err != nil {
		return nil, err
	}
	y, err := parseStanding(b)
	if err != nil {
		return nil, err
	}
	x.first, x.last = min(x.first, y.first), max(x.last, y.last)
	if y.source.Before(x.source) {
		x.source = y.source
	}
	x.marks = graph.MergeMarks(x.marks, y.marks)
	return appendStanding(dst, &x), nil
}

func appendLabel(dst []byte, l graph.Label) []byte {
	dst = append(dst, byte(l.Effect), byte(l.Match), byte(l.Role), byte(l.Plane), byte(l.Join))
	return appendString(appendString(dst, l.Action), l.Detail)
}

func parseLabel(b []byte) (graph.Label, error) {
	d := decoder{b: b}
	l := graph.Label{Effect: graph.Effect(d.byte()), Match: graph.Match(d.byte()), Role: graph.Role(d.byte()),
		Plane: graph.Plane(d.byte()), Join: graph.Join(d.byte())}
	l.Action, l.Detail = d.string(), d.string()
	return l, d.end()
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendRef(dst []byte, r graph.Ref) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, r.Seq), uint64(r.Record))
}

// decoder reads fields; after the first that is broken all are zero, and end
// says so.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// evidence reads packed evidence.
func (d *decoder) evidence() string {
	n := evidenceLen(d.b)
	if n == 0 {
		d.bad, d.b = true, nil
		return ""
	}
	ev := string(d.b[:n])
	d.b = d.b[n:]
	return ev
}

func (d *decoder) ref() graph.Ref { return graph.Ref{Seq: d.uvarint(), Record: uint32(d.uvarint())} }

func (d *decoder) end() error {
	if d.bad || len(d.b) > 0 {
		return errCorrupt
	}
	return nil
}

// uvarint is binary.Uvarint with its commonest case inlined.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}
