package snapshot

import (
	"encoding/binary"

	"github.com/blastradius/blastradius/graph"
)

// Facts are written as they are, field by field: numbers as varints, texts as
// their length and their bytes. Equal facts have equal bytes. Where a fact was
// read (the places) is written apart.

type encoder struct{ b []byte }

func (e *encoder) uint(n uint64)     { e.b = binary.AppendUvarint(e.b, n) }
func (e *encoder) time(t graph.Time) { e.b = binary.AppendVarint(e.b, int64(t)) }
func (e *encoder) text(s string)     { e.uint(uint64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) byte(v uint8)      { e.b = append(e.b, v) }
func (e *encoder) ref(r graph.Ref)   { e.uint(r.Seq); e.uint(uint64(r.Record)) }

func (e *encoder) node(n *graph.Node) {
	e.text(string(n.ID))
	e.byte(uint8(n.Kind))
	e.text(n.Type)
	e.uint(uint64(len(n.Attrs)))
	for _, a := range n.Attrs {
		e.text(a.Name)
		e.text(a.Value)
		e.time(a.First)
		e.time(a.Last)
	}
}

func (e *encoder) ends(x *graph.Edge) {
	e.text(string(x.From))
	e.text(string(x.To))
	e.byte(uint8(x.Kind))
	l := &x.Label
	e.text(l.Action)
	for _, v := range [...]uint8{uint8(l.Effect), uint8(l.Match), uint8(l.Role), uint8(l.Plane), uint8(l.Join)} {
		e.byte(v)
	}
	e.text(l.Detail)
}

func (e *encoder) event(x *graph.Edge) {
	e.ends(x)
	e.byte(uint8(x.Outcome))
	e.text(string(x.Via.Agent))
	e.text(string(x.Via.Client))
	e.text(string(x.Via.Service))
	e.time(graph.Time(x.Hour))
	e.uint(uint64(len(x.Observations)))
	for _, o := range x.Observations {
		e.time(o.At)
		e.text(o.Evidence)
		e.text(o.Call)
	}
}

func (e *encoder) eventPlaces(x *graph.Edge) {
	for _, o := range x.Observations {
		e.ref(o.Source)
	}
}

func (e *encoder) standing(x *graph.Edge) {
	e.ends(x)
	e.time(x.First)
	e.time(x.Last)
	e.uint(uint64(len(x.Marks)))
	for _, m := range x.Marks {
		e.byte(uint8(m.Kind))
		e.time(m.At)
		e.text(m.Evidence)
	}
}

func (e *encoder) standingPlaces(x *graph.Edge) {
	e.ref(x.Source)
	for _, m := range x.Marks {
		e.ref(m.Source)
	}
}

// decoder reads what encoder wrote; bad is set where the bytes say something
// else.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) more() bool { return len(d.b) > 0 && !d.bad }

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

func (d *decoder) time() graph.Time {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return graph.Time(v)
}

func (d *decoder) text() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) byte() uint8 {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) ref() graph.Ref { return graph.Ref{Seq: d.uint(), Record: uint32(d.uint())} }

// count is the length of a list, each item of which takes at least a byte.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) node() (n graph.Node) {
	n.ID, n.Kind, n.Type = graph.ID(d.text()), graph.Kind(d.byte()), d.text()
	for range d.count() {
		n.Attrs = append(n.Attrs, graph.Attr{Name: d.text(), Value: d.text(), First: d.time(), Last: d.time()})
	}
	return n
}

func (d *decoder) ends() (x graph.Edge) {
	x.From, x.To, x.Kind = graph.ID(d.text()), graph.ID(d.text()), graph.EdgeKind(d.byte())
	x.Label = graph.Label{Action: d.text(), Effect: graph.Effect(d.byte()), Match: graph.Match(d.byte()), Role: graph.Role(d.byte()),
		Plane: graph.Plane(d.byte()), Join: graph.Join(d.byte()), Detail: d.text()}
	return x
}

func (d *decoder) event() graph.Edge {
	x := d.ends()
	x.Outcome = graph.Outcome(d.byte())
	x.Via = graph.Via{Agent: graph.ID(d.text()), Client: graph.ID(d.text()), Service: graph.ID(d.text())}
	x.Hour = graph.Hour(d.time())
	for range d.count() {
		o := graph.Observation{At: d.time(), Evidence: d.text(), Call: d.text()}
		o.CallKey = graph.CallKeyOf(o.CallID())
		x.Observations = append(x.Observations, o)
	}
	return x
}

func (d *decoder) standing() graph.Edge {
	x := d.ends()
	x.First, x.Last = d.time(), d.time()
	for range d.count() {
		x.Marks = append(x.Marks, graph.Mark{Kind: graph.MarkKind(d.byte()), At: d.time(), Evidence: d.text()})
	}
	return x
}
