package pebble

import (
	"encoding/binary"

	"github.com/blastradius/blastradius/graph"
)

// shape is what event edges have in common beside their ends, hour and agent.
// There are about as many as ways of calling an action, so that a dictionary of
// them is kept in memory. Nodes and label are by number.
type shape struct {
	kind                   graph.EdgeKind
	outcome                graph.Outcome
	label, client, service uint32
}

// kindBits bounds the kinds of event edges, which are kept as bits of a number.
const kindBits = 32

func appendShape(dst []byte, s shape) []byte {
	dst = append(dst, byte(s.kind), byte(s.outcome))
	for _, n := range [...]uint32{s.label, s.client, s.service} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	return dst
}

func parseShape(b []byte) (shape, error) {
	d := decoder{b: b}
	s := shape{kind: graph.EdgeKind(d.byte()), outcome: graph.Outcome(d.byte()), label: uint32(d.uvarint()), client: uint32(d.uvarint()), service: uint32(d.uvarint())}
	return s, d.end()
}

// shape numbers a shape.
func (w *writer) shape(s shape) uint32 {
	n, ok := w.s.shapes[s]
	if !ok {
		n = uint32(len(w.next.shapes))
		w.next.shapes = append(w.next.shapes, s)
		w.s.shapes[s] = n
		w.newShapes = append(w.newShapes, s)
		w.put(tagShape, numberKey(nil, tagShape, n), appendShape(nil, s))
	}
	return n
}
