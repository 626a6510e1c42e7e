package pebble

import (
	"encoding/binary"
	"errors"

	"github.com/blastradius/blastradius/graph"
)

var errCorrupt = errors.New("corrupt block")

// blockView reads a block; what it gives out points into the block. It keeps
// its memory from block to block.
type blockView struct {
	light   bool
	uniform bool
	calls   bool
	repeats bool
	oneSeq  bool
	times   []uint32 // by event: milliseconds in the hour
	all     []byte   // edges
	edges   []byte   // of them, those not yet read
	rest    []byte
	other   uint32

	// By event, once details was called.
	detailed bool
	seqs     []uint64
	records  []uint32
	tag      uint64   // of uniform evidence
	ids      []byte   // uniform or light evidence
	evs      [][]byte // other evidence
	callOf   [][]byte
}

// edgeView is an edge of a block.
type edgeView struct {
	edgeHead
	n           int    // events
	first, last uint32 // their smallest and largest number
	runs        []byte
}

// parse reads the times of a block and makes ready for next.
func (v *blockView) parse(b []byte, light bool) error {
	head, i := binary.Uvarint(b)
	n := head >> flagBits
	if i <= 0 || n == 0 || n > uint64(len(b)) {
		return errCorrupt
	}
	v.light, v.uniform, v.calls = light, head&flagUniform != 0, head&flagCalls != 0
	v.repeats, v.oneSeq = head&flagRepeats != 0, head&flagOneSeq != 0
	unit := uint32(1)
	if head&flagSeconds != 0 {
		unit = 1000
	}
	v.times, v.detailed, v.other = v.times[:0], false, 0
	at := uint64(0)
	for range n {
		step, j := uvarint(b[i:])
		if at += step; j <= 0 || step >= uint64(graph.HourMillis) || at*uint64(unit) >= uint64(graph.HourMillis) {
			return errCorrupt
		}
		i += j
		v.times = append(v.times, uint32(at)*unit)
	}
	size, j := uvarint(b[i:])
	if j <= 0 || size > uint64(len(b)-i-j) {
		return errCorrupt
	}
	i += j
	v.all, v.rest = b[i:i+int(size)], b[i+int(size):]
	v.edges = v.all
	return nil
}

// next reads the next edge; false at the end.
func (v *blockView) next(e *edgeView) (bool, error) {
	b := v.edges
	if len(b) == 0 {
		return false, nil
	}
	i, bad := 0, false
	read := func() uint64 {
		x, n := uvarint(b[i:])
		if n <= 0 {
			bad = true
			return 0
		}
		i += n
		return x
	}
	head := read()
	v.other += uint32(head >> 1)
	e.other, e.shape, e.agent = v.other, uint32(read()), 0
	if head&1 != 0 {
		e.agent = uint32(read())
	}
	n := read()
	if bad || n == 0 || n > uint64(len(v.times)) {
		return false, errCorrupt
	}
	e.n = int(n)
	from, at := i, uint64(0)
	for left := n; left > 0; {
		gap, run := read(), uint64(1)
		if gap&1 != 0 {
			run = read() + 2
		}
		at += gap >> 1
		if left == n {
			e.first = uint32(at)
		}
		if at += run; bad || run > left || gap>>1 > uint64(len(v.times)) || at > uint64(len(v.times)) {
			return false, errCorrupt
		}
		left -= run
	}
	e.last = uint32(at - 1)
	e.runs, v.edges = b[from:i], b[i:]
	return true, nil
}

// find finds an edge, wherever next stands; errCorrupt where it is not there.
func (v *blockView) find(h edgeHead, e *edgeView) error {
	for v.edges, v.other = v.all, 0; ; {
		if ok, err := v.next(e); err != nil || !ok {
			return errCorrupt
		}
		if e.edgeHead == h {
			return nil
		}
	}
}

// numbers walks the numbers of an edge's events, ascending.
type numbers struct {
	runs     []byte
	at, stop uint32
}

func (e *edgeView) cursor() numbers { return numbers{runs: e.runs} }

func (c *numbers) next() (int, bool) {
	if c.at == c.stop {
		if len(c.runs) == 0 {
			return 0, false
		}
		gap, n := uvarint(c.runs)
		c.runs = c.runs[n:]
		c.at += uint32(gap >> 1)
		c.stop = c.at + 1
		if gap&1 != 0 {
			long, n := uvarint(c.runs)
			c.runs = c.runs[n:]
			c.stop = c.at + uint32(long) + 2
		}
	}
	c.at++
	return int(c.at - 1), true
}

// details reads what is known of the events beside their times.
func (v *blockView) details() error {
	if v.detailed {
		return nil
	}
	b, n := v.rest, len(v.times)
	v.seqs, v.records, v.evs, v.callOf = v.seqs[:0], v.records[:0], v.evs[:0], v.callOf[:0]
	seq := int64(0)
	for i := range n {
		if i == 0 || !v.oneSeq {
			z, j := uvarint(b)
			if j <= 0 {
				return errCorrupt
			}
			b = b[j:]
			seq += unzigzag(z)
		}
		v.seqs = append(v.seqs, uint64(seq))
	}
	if !v.light {
		record := int64(0)
		for range n {
			z, j := uvarint(b)
			if j <= 0 {
				return errCorrupt
			}
			b = b[j:]
			record += unzigzag(z)
			v.records = append(v.records, uint32(record))
		}
	}
	size := 0
	switch {
	case v.light:
		size = keyBytes
	case v.uniform:
		tag, j := uvarint(b)
		if j <= 0 || tag&3 != formUUID {
			return errCorrupt
		}
		v.tag, b, size = tag, b[j:], 16
	default:
		for range n {
			j := evidenceLen(b)
			if j == 0 {
				return errCorrupt
			}
			v.evs = append(v.evs, b[:j])
			b = b[j:]
		}
	}
	if len(b) < n*size {
		return errCorrupt
	}
	v.ids, b = b[:n*size], b[n*size:]
	if v.calls {
		for range n {
			j := callLen(b)
			if j == 0 {
				return errCorrupt
			}
			call := b[:j]
			if call[0] == noCall {
				call = nil
			}
			v.callOf = append(v.callOf, call)
			b = b[j:]
		}
	}
	if len(b) > 0 {
		return errCorrupt
	}
	v.detailed = true
	return nil
}

func unzigzag(z uint64) int64 { return int64(z>>1) ^ -int64(z&1) }

// key is the hash of the evidence of an event of a light block.
func (v *blockView) key(i int) uint64 { return keyOf(v.ids[i*keyBytes:]) }

// call is the packed call of an event, empty for its evidence.
func (v *blockView) call(i int) []byte {
	if !v.calls {
		return nil
	}
	return v.callOf[i]
}

// appendEvidence appends the packed evidence of an event of a whole block.
func (v *blockView) appendEvidence(dst []byte, i int) []byte {
	if !v.uniform {
		return append(dst, v.evs[i]...)
	}
	return append(binary.AppendUvarint(dst, v.tag), v.ids[16*i:16*i+16]...)
}

// sight is an event as a sight; what does not stand in the block as it is goes
// into the arena.
func (v *blockView) sight(i int, arena *[]byte) sight {
	s := sight{ms: v.times[i], seq: v.seqs[i], call: v.call(i)}
	switch {
	case v.light:
		s.key = v.key(i)
		return s
	case v.uniform:
		n := len(*arena)
		*arena = v.appendEvidence(*arena, i)
		s.ev = (*arena)[n:len(*arena):len(*arena)]
	default:
		s.ev = v.evs[i]
	}
	s.record = v.records[i]
	return s
}
