package pebble

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// sight is a stored observation. Keyed by To it is light: evidence is 48 bits
// of its hash, and the record in its source is left to the twin keyed by From.
type sight struct {
	ms     uint32 // in the hour
	record uint32
	seq    uint64
	ev     []byte // packed evidence, or 6 bytes of its hash
	call   []byte // packed call; empty: the evidence
}

const keyBytes = 6 // of a light sight's evidence

// body is the observations of one edge, sorted by time and packed evidence:
//
//	uvarint n<<2 | seconds<<1 | repeats
//	uvarint first, uvarint last-first
//	n times: uvarint step<<1 | call given, svarint step of seq, [uvarint record,] evidence, [call]
//
// Times are in seconds if all are whole ones (CloudTrail's are), else in
// milliseconds. repeats says that two observations may be one call; where it is
// not set the number of calls is that of observations.
type body struct {
	b       []byte // the observations
	n       int
	unit    uint32 // milliseconds
	first   uint32 // of unit
	last    uint32
	repeats bool
	light   bool
}

var errCorrupt = errors.New("corrupt block")

func parseBody(b []byte, light bool) (body, error) {
	v := body{light: light, unit: 1}
	head, i := binary.Uvarint(b)
	if i <= 0 {
		return v, errCorrupt
	}
	first, j := binary.Uvarint(b[i:])
	if j <= 0 {
		return v, errCorrupt
	}
	span, k := binary.Uvarint(b[i+j:])
	if k <= 0 {
		return v, errCorrupt
	}
	if head>>2 == 0 || head>>2 > uint64(len(b)) || first+span >= uint64(graph.HourMillis) {
		return v, errCorrupt
	}
	v.n, v.repeats = int(head>>2), head&1 != 0
	if head&2 != 0 {
		v.unit = 1000
	}
	v.first, v.last, v.b = uint32(first), uint32(first+span), b[i+j+k:]
	return v, nil
}

// cursor walks a body.
type cursor struct {
	body
	at  uint32 // of unit
	seq uint64
	bad bool
}

func (v body) cursor() cursor { return cursor{body: v, at: v.first} }

// next reads the next observation into s; its slices point into the block. It
// reports false at the end and where the block is broken, which sets c.bad.
func (c *cursor) next(s *sight) bool {
	if c.n == 0 {
		return false
	}
	c.n--
	b := c.b
	step, i := uvarint(b)
	if i <= 0 {
		c.bad = true
		return false
	}
	z, j := uvarint(b[i:])
	if j <= 0 {
		c.bad = true
		return false
	}
	i += j
	c.at += uint32(step >> 1)
	c.seq += uint64(int64(z>>1) ^ -int64(z&1))
	s.ms, s.seq, s.record, s.call = c.at*c.unit, c.seq, 0, nil
	if c.light {
		if len(b) < i+keyBytes {
			c.bad = true
			return false
		}
		s.ev = b[i : i+keyBytes]
		i += keyBytes
	} else {
		rec, j := uvarint(b[i:])
		if j <= 0 {
			c.bad = true
			return false
		}
		s.record = uint32(rec)
		i += j
		n := evidenceLen(b[i:])
		if n == 0 {
			c.bad = true
			return false
		}
		s.ev = b[i : i+n]
		i += n
	}
	if step&1 != 0 {
		n := callLen(b[i:])
		if n == 0 {
			c.bad = true
			return false
		}
		s.call = b[i : i+n]
		i += n
	}
	c.b = b[i:]
	return true
}

// uvarint is binary.Uvarint with its commonest case inlined.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}

func compareSight(a, b *sight) int {
	if c := cmp.Compare(a.ms, b.ms); c != 0 {
		return c
	}
	return bytes.Compare(a.ev, b.ev)
}

// fold merges b, the same observation, into a.
func (a *sight) fold(b *sight) {
	if b.seq < a.seq || b.seq == a.seq && b.record < a.record {
		a.seq, a.record = b.seq, b.record
	}
	if len(b.call) > 0 && (len(a.call) == 0 || callText(b.call) > callText(a.call)) {
		a.call = b.call
	}
}

// normalize sorts sights and folds those that are one. It reuses the memory.
func normalize(s []sight) []sight {
	sorted, single := true, true
	for i := 1; i < len(s); i++ {
		switch c := compareSight(&s[i-1], &s[i]); {
		case c > 0:
			sorted = false
		case c == 0:
			single = false
		}
	}
	if !sorted {
		slices.SortFunc(s, func(a, b sight) int { return compareSight(&a, &b) })
	}
	if sorted && single {
		return s
	}
	out := s[:0]
	for i := range s {
		if n := len(out); n > 0 && compareSight(&out[n-1], &s[i]) == 0 {
			out[n-1].fold(&s[i])
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// packer holds scratch memory for packing.
type packer struct {
	// rough leaves it open whether calls repeat, for blocks that are only a
	// step towards another.
	rough bool
	// settle finds it out for edges that a rough step left open.
	settle bool
	keys   []uint64
	sights []sight
	body   []byte
}

// appendBody packs normalized sights, at least one.
func (p *packer) appendBody(dst []byte, s []sight, light bool) []byte {
	unit, flags := uint32(1000), uint64(2)
	for i := range s {
		if s[i].ms%1000 != 0 {
			unit, flags = 1, 0
			break
		}
	}
	if p.repeats(s) {
		flags |= 1
	}
	dst = binary.AppendUvarint(dst, uint64(len(s))<<2|flags)
	at := s[0].ms / unit
	dst = binary.AppendUvarint(dst, uint64(at))
	dst = binary.AppendUvarint(dst, uint64(s[len(s)-1].ms/unit-at))
	seq := uint64(0)
	for i := range s {
		o := &s[i]
		step := uint64(o.ms/unit-at) << 1
		if len(o.call) > 0 {
			step |= 1
		}
		dst = binary.AppendUvarint(dst, step)
		dst = binary.AppendVarint(dst, int64(o.seq-seq))
		if !light {
			dst = binary.AppendUvarint(dst, uint64(o.record))
		}
		dst = append(dst, o.ev...)
		dst = append(dst, o.call...)
		at, seq = o.ms/unit, o.seq
	}
	return dst
}

// repeats reports whether two of the sights may be one call: never falsely no.
func (p *packer) repeats(s []sight) bool {
	if len(s) == 1 || p.rough {
		return p.rough
	}
	keys := p.keys[:0]
	for i := range s {
		if len(s[i].call) > 0 {
			p.keys = keys
			return true
		}
		keys = append(keys, digest(s[i].ev))
	}
	p.keys = keys
	if len(keys) <= 12 {
		for i, k := range keys {
			for _, l := range keys[:i] {
				if k == l {
					return true
				}
			}
		}
		return false
	}
	slices.Sort(keys)
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] {
			return true
		}
	}
	return false
}

// digest is a hash of packed evidence: equal for equal evidence.
func digest(b []byte) uint64 {
	h := uint64(len(b))
	for len(b) >= 8 {
		h = mix64(h ^ binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	var last [8]byte
	copy(last[:], b)
	return mix64(h ^ binary.LittleEndian.Uint64(last[:]))
}
