package pebble

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// merger unites merge operands. Every union is commutative, associative and
// idempotent, so operands may meet in any order and grouping. Operands are
// gathered and united in pairs of pairs: n of them cost n log n, not n².
var merger = &pebble.Merger{Name: "blastradius.1", Merge: func(key, value []byte) (pebble.ValueMerger, error) {
	if len(key) == 0 || unions[key[0]] == nil {
		return nil, fmt.Errorf("key %x takes no merge operands: %w", key, errCorrupt)
	}
	u := &unionMerger{tag: key[0]}
	return u, u.MergeNewer(value)
}}

type union func(p *packer, dst, a, b []byte) ([]byte, error)

// unions are the merged tags.
var unions = [256]union{
	tagOut:        func(p *packer, dst, a, b []byte) ([]byte, error) { return p.mergeBlocks(dst, a, b, false) },
	tagIn:         func(p *packer, dst, a, b []byte) ([]byte, error) { return p.mergeBlocks(dst, a, b, true) },
	tagEvidence:   mergeEvidence,
	tagToken:      mergeToken,
	tagNode:       mergeNode,
	tagStanding:   mergeStanding,
	tagStandingIn: mergeStanding,
}

var packers = sync.Pool{New: func() any { return new(packer) }}

type unionMerger struct {
	tag byte
	ops [][]byte
}

func (u *unionMerger) MergeNewer(value []byte) error {
	u.ops = append(u.ops, bytes.Clone(value))
	return nil
}

func (u *unionMerger) MergeOlder(value []byte) error { return u.MergeNewer(value) }

func (u *unionMerger) Finish(bool) ([]byte, io.Closer, error) {
	p := packers.Get().(*packer)
	defer packers.Put(p)
	v, err := uniteAll(p, u.tag, u.ops)
	return v, nil, err
}

// uniteAll unites operands, at least one; it overwrites the slice of them.
func uniteAll(p *packer, tag byte, ops [][]byte) ([]byte, error) {
	for len(ops) > 1 {
		half := ops[:0]
		for i := 0; i < len(ops); i += 2 {
			if i+1 == len(ops) {
				half = append(half, ops[i])
				break
			}
			if bytes.Equal(ops[i], ops[i+1]) {
				half = append(half, ops[i])
				continue
			}
			v, err := unions[tag](p, make([]byte, 0, len(ops[i])+len(ops[i+1])), ops[i], ops[i+1])
			if err != nil {
				return nil, err
			}
			half = append(half, v)
		}
		ops = half
	}
	return ops[0], nil
}

// evidenceHit is a place where an event may lie: the rest of its hash, the node
// that its edge comes from, and the hour of the day.
type evidenceHit struct {
	rest  uint32
	place uint64 // node<<5 | hour of the day
}

func appendHit(dst []byte, h evidenceHit) []byte {
	return binary.AppendUvarint(binary.BigEndian.AppendUint32(dst, h.rest), h.place)
}

func nextHit(b []byte) (h evidenceHit, n int) {
	if len(b) < 5 {
		return h, 0
	}
	place, n := binary.Uvarint(b[4:])
	if n <= 0 {
		return h, 0
	}
	return evidenceHit{binary.BigEndian.Uint32(b), place}, 4 + n
}

func (h evidenceHit) compare(g evidenceHit) int {
	switch {
	case h.rest < g.rest || h.rest == g.rest && h.place < g.place:
		return -1
	case h == g:
		return 0
	}
	return 1
}

func mergeEvidence(_ *packer, dst, a, b []byte) ([]byte, error) {
	for len(a) > 0 && len(b) > 0 {
		x, n := nextHit(a)
		y, m := nextHit(b)
		if n == 0 || m == 0 {
			return nil, errCorrupt
		}
		c := x.compare(y)
		if c <= 0 {
			dst = append(dst, a[:n]...)
			a = a[n:]
		} else {
			dst = append(dst, b[:m]...)
		}
		if c >= 0 {
			b = b[m:]
		}
	}
	return append(append(dst, a...), b...), nil
}

// A posting list of the search index is the low tokenBits bits of node numbers,
// two bytes each, ascending; the rest of the number is in the key.
const tokenBits = 12

func mergeToken(_ *packer, dst, a, b []byte) ([]byte, error) {
	if len(a)%2 != 0 || len(b)%2 != 0 {
		return nil, errCorrupt
	}
	for len(a) > 0 && len(b) > 0 {
		c := bytes.Compare(a[:2], b[:2])
		if c <= 0 {
			dst = append(dst, a[:2]...)
			a = a[2:]
		} else {
			dst = append(dst, b[:2]...)
		}
		if c >= 0 {
			b = b[2:]
		}
	}
	return append(append(dst, a...), b...), nil
}

func appendPostings(dst []byte, nodes []uint32) []byte {
	slices.Sort(nodes)
	for _, n := range slices.Compact(nodes) {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n&(1<<tokenBits-1)))
	}
	return dst
}
