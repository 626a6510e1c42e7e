package pebble

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"
)

// merger unites merge operands. Every union is commutative, associative and
// idempotent, so operands may meet in any order and grouping.
var merger = &pebble.Merger{Name: "blastradius.1", Merge: func(key, value []byte) (pebble.ValueMerger, error) {
	if len(key) == 0 || unions[key[0]] == nil {
		return nil, fmt.Errorf("key %x takes no merge operands: %w", key, errCorrupt)
	}
	u := mergers.Get().(*unionMerger)
	u.tag, u.ops, u.in = key[0], u.ops[:0], u.in[:0]
	return u, u.MergeNewer(value)
}}

// union appends the union of two or more operands.
type union func(p *packer, dst []byte, ops [][]byte) ([]byte, error)

// unions are the merged tags.
var unions = [256]union{
	tagOut:        func(p *packer, dst []byte, ops [][]byte) ([]byte, error) { return p.mergeBlocks(dst, ops, false) },
	tagIn:         func(p *packer, dst []byte, ops [][]byte) ([]byte, error) { return p.mergeBlocks(dst, ops, true) },
	tagEvidence:   inPairs(mergeEvidence),
	tagToken:      inPairs(mergeToken),
	tagNode:       inPairs(mergeNode),
	tagStanding:   inPairs(mergeStanding),
	tagStandingIn: inPairs(mergeStanding),
}

// inPairs unites pairs, and pairs of pairs: n operands cost n log n, not n².
func inPairs(two func(dst, a, b []byte) ([]byte, error)) union {
	return func(_ *packer, dst []byte, ops [][]byte) (_ []byte, err error) {
		for len(ops) > 2 {
			half := ops[:0]
			for i := 0; i < len(ops); i += 2 {
				v := ops[i]
				if i+1 < len(ops) {
					if v, err = two(make([]byte, 0, len(v)+len(ops[i+1])), v, ops[i+1]); err != nil {
						return dst, err
					}
				}
				half = append(half, v)
			}
			ops = half
		}
		return two(dst, ops[0], ops[1])
	}
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
	var err error
	u.out, err = unions[u.tag](&u.packer, u.out[:0], u.ops)
	return u.out, u, err
}

// Close gives the memory back.
func (u *unionMerger) Close() error {
	if cap(u.in)+cap(u.out)+cap(u.arena)+cap(u.sights)*int(unsafe.Sizeof(sight{})) <= maxKept {
		mergers.Put(u)
	}
	return nil
}

// evidenceHit is a place where an event may lie, the node that its edge comes
// from and the hour of the day, and the rest of its hash.
type evidenceHit struct {
	place uint64 // node<<5 | hour of the day
	rest  uint16
}

// appendHit packs a hit behind one at the place last; hits are sorted.
func appendHit(dst []byte, h evidenceHit, last uint64) []byte {
	return binary.BigEndian.AppendUint16(binary.AppendUvarint(dst, h.place-last), h.rest)
}

// next reads the hit behind h; n is zero where there is none.
func (h *evidenceHit) next(b []byte) (n int) {
	step, n := uvarint(b)
	if n <= 0 || len(b) < n+2 {
		return 0
	}
	h.place, h.rest = h.place+step, binary.BigEndian.Uint16(b[n:])
	return n + 2
}

func (h evidenceHit) compare(g evidenceHit) int {
	return cmp.Or(cmp.Compare(h.place, g.place), cmp.Compare(h.rest, g.rest))
}

func mergeEvidence(dst, a, b []byte) ([]byte, error) {
	var x, y evidenceHit
	last := uint64(0)
	n, m := x.next(a), y.next(b)
	for n+m > 0 {
		c := -1
		switch {
		case n == 0:
			c = 1
		case m != 0:
			c = x.compare(y)
		}
		h := x
		if c > 0 {
			h = y
		}
		dst = appendHit(dst, h, last)
		last = h.place
		if c <= 0 {
			a = a[n:]
			n = x.next(a)
		}
		if c >= 0 {
			b = b[m:]
			m = y.next(b)
		}
	}
	if len(a)+len(b) > 0 {
		return nil, errCorrupt
	}
	return dst, nil
}

// A posting list of the search index is the low tokenBits bits of node numbers,
// two bytes each, ascending; the rest of the number is in the key.
const tokenBits = 12

func mergeToken(dst, a, b []byte) ([]byte, error) {
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
