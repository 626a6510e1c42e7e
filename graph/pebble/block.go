package pebble

import (
	"bytes"
	"encoding/binary"

	"github.com/blastradius/blastradius/graph"
)

// A block holds the event edges of one node, direction and hour, sorted by the
// bytes of their headers:
//
//	header, uvarint len(body), body
//
// and a header is
//
//	kind | agent given<<4 | client given<<5 | service given<<6, outcome,
//	uvarint other, uvarint label, then the given ones of agent, client, service
const (
	kindMask   = 0x0f
	hasAgent   = 0x10
	hasClient  = 0x20
	hasService = 0x40
)

// edgeView is an edge inside a block; its slices point into the block.
type edgeView struct {
	head                   []byte
	body                   []byte
	kind                   graph.EdgeKind
	outcome                graph.Outcome
	other, label           uint32
	agent, client, service uint32
}

func appendHeader(dst []byte, k graph.EventKey, other, label, agent, client, service uint32) []byte {
	b0 := byte(k.Kind) & kindMask
	if agent != 0 {
		b0 |= hasAgent
	}
	if client != 0 {
		b0 |= hasClient
	}
	if service != 0 {
		b0 |= hasService
	}
	dst = append(dst, b0, byte(k.Outcome))
	dst = binary.AppendUvarint(dst, uint64(other))
	dst = binary.AppendUvarint(dst, uint64(label))
	for _, via := range [...]uint32{agent, client, service} {
		if via != 0 {
			dst = binary.AppendUvarint(dst, uint64(via))
		}
	}
	return dst
}

// nextEdge reads the edge that the block begins with and returns what follows
// it. Fields behind the header's first bytes are filled by fields.
func nextEdge(b []byte, e *edgeView) (rest []byte, err error) {
	if len(b) < 2 {
		return nil, errCorrupt
	}
	b0 := b[0]
	e.kind, e.outcome = graph.EdgeKind(b0&kindMask), graph.Outcome(b[1])
	i := 2
	read := func() uint32 {
		v, n := uvarint(b[i:])
		if n <= 0 {
			err = errCorrupt
			return 0
		}
		i += n
		return uint32(v)
	}
	e.other, e.label = read(), read()
	e.agent, e.client, e.service = 0, 0, 0
	if b0&(hasAgent|hasClient|hasService) != 0 {
		if b0&hasAgent != 0 {
			e.agent = read()
		}
		if b0&hasClient != 0 {
			e.client = read()
		}
		if b0&hasService != 0 {
			e.service = read()
		}
	}
	e.head = b[:i]
	size := uint64(0)
	if n := 0; err == nil {
		if size, n = uvarint(b[i:]); n <= 0 {
			err = errCorrupt
		}
		i += n
	}
	if err != nil || size > uint64(len(b)-i) {
		return nil, errCorrupt
	}
	e.body = b[i : i+int(size)]
	return b[i+int(size):], nil
}

// appendEdge packs an edge of normalized sights.
func (p *packer) appendEdge(dst, head []byte, s []sight, light bool) []byte {
	p.body = p.appendBody(p.body[:0], s, light)
	dst = append(dst, head...)
	dst = binary.AppendUvarint(dst, uint64(len(p.body)))
	return append(dst, p.body...)
}

// mergeBlocks is the union of two blocks: edges that only one has are copied,
// those that both have are united observation by observation.
func (p *packer) mergeBlocks(dst, a, b []byte, light bool) ([]byte, error) {
	var ea, eb edgeView
	var err error
	read := func(from []byte, e *edgeView) (whole, rest []byte) {
		if len(from) == 0 || err != nil {
			return nil, nil
		}
		if rest, err = nextEdge(from, e); err != nil {
			return nil, nil
		}
		return from[:len(from)-len(rest)], rest
	}
	wa, a := read(a, &ea)
	wb, b := read(b, &eb)
	for (wa != nil || wb != nil) && err == nil {
		c := -1
		switch {
		case wa == nil:
			c = 1
		case wb != nil:
			c = bytes.Compare(ea.head, eb.head)
		}
		switch {
		case c < 0:
			dst, err = p.copyEdge(dst, wa, &ea, light)
		case c > 0:
			dst, err = p.copyEdge(dst, wb, &eb, light)
		case bytes.Equal(wa, wb):
			dst, err = p.copyEdge(dst, wa, &ea, light)
		default:
			if p.sights, err = unite(p.sights[:0], ea.body, eb.body, light); err == nil {
				dst = p.appendEdge(dst, ea.head, p.sights, light)
			}
		}
		if c <= 0 {
			wa, a = read(a, &ea)
		}
		if c >= 0 {
			wb, b = read(b, &eb)
		}
	}
	return dst, err
}

// copyEdge copies an edge as it is, but for what settle asks.
func (p *packer) copyEdge(dst, whole []byte, e *edgeView, light bool) ([]byte, error) {
	if !p.settle {
		return append(dst, whole...), nil
	}
	v, err := parseBody(e.body, light)
	if err != nil || !v.repeats {
		return append(dst, whole...), err
	}
	if p.sights, err = sights(p.sights[:0], e.body, light); err != nil {
		return dst, err
	}
	return p.appendEdge(dst, e.head, p.sights, light), nil
}

// unite merges two bodies; the sights point into them.
func unite(dst []sight, a, b []byte, light bool) ([]sight, error) {
	va, err := parseBody(a, light)
	if err != nil {
		return dst, err
	}
	vb, err := parseBody(b, light)
	if err != nil {
		return dst, err
	}
	ca, cb := va.cursor(), vb.cursor()
	var x, y sight
	moreA, moreB := ca.next(&x), cb.next(&y)
	for moreA || moreB {
		c := -1
		switch {
		case !moreA:
			c = 1
		case moreB:
			c = compareSight(&x, &y)
		}
		if c == 0 {
			x.fold(&y)
		}
		if c <= 0 {
			dst = append(dst, x)
			moreA = ca.next(&x)
		} else {
			dst = append(dst, y)
		}
		if c >= 0 {
			moreB = cb.next(&y)
		}
	}
	if ca.bad || cb.bad {
		return dst, errCorrupt
	}
	return dst, nil
}

// sights unpacks a body.
func sights(dst []sight, b []byte, light bool) ([]sight, error) {
	v, err := parseBody(b, light)
	if err != nil {
		return dst, err
	}
	c := v.cursor()
	var s sight
	for c.next(&s) {
		dst = append(dst, s)
	}
	if c.bad {
		return dst, errCorrupt
	}
	return dst, nil
}
