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
	u := mergers.Get().(*unionMerger)
	u.tag, u.ops, u.in = key[0], u.ops[:0], u.in[:0]
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

// unionMerger gathers operands in memory that it keeps: most keys have one or
// two, and there are many keys.
type unionMerger struct {
	packer
	tag     byte
	ops     [][]byte
	in, out []byte
}

var mergers = sync.Pool{New: func() any { return new(unionMerger) }}

// maxKept is the memory that a merger at rest may hold on to.
const maxKept = 1 << 20

func (u *unionMerger) MergeNewer(value []byte) error {
	n := len(u.in)
	u.in = append(u.in, value...)
	u.ops = append(u.ops, u.in[n:len(u.in):len(u.in)])
	return nil
}

func (u *unionMerger) MergeOlder(value []byte) error { return u.MergeNewer(value) }

func (u *unionMerger) Finish(bool) ([]byte, io.Closer, error) {
	if len(u.ops) == 1 {
		return u.ops[0], u, nil
	}
	steps := len(u.ops) > 2
	u.rough, u.settle = steps, false
	for len(u.ops) > 2 {
		half := u.ops[:0]
		for i := 0; i+1 < len(u.ops); i += 2 {
			a, b := u.ops[i], u.ops[i+1]
			v, err := unions[u.tag](&u.packer, make([]byte, 0, len(a)+len(b)), a, b)
			if err != nil {
				return nil, nil, err
			}
			half = append(half, v)
		}
		if len(u.ops)%2 == 1 {
			half = append(half, u.ops[len(u.ops)-1])
		}
		u.ops = half
	}
	u.rough, u.settle = false, steps
	var err error
	u.out, err = unions[u.tag](&u.packer, u.out[:0], u.ops[0], u.ops[1])
	return u.out, u, err
}

// Close gives the memory back.
func (u *unionMerger) Close() error {
	if cap(u.in)+cap(u.out) <= maxKept {
		mergers.Put(u)
	}
	return nil
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
