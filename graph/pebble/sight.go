package pebble

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// sight is one observation of an edge, as stored. Keyed by From it is whole;
// keyed by To it is light: of the evidence there is only the key, and the record
// in its source is left to the twin keyed by From.
type sight struct {
	ms     uint32 // in the hour
	record uint32
	seq    uint64
	key    uint64 // 48 bits of the evidence's hash; of whole ones left open
	ev     []byte // packed evidence
	call   []byte // packed call; empty: the evidence
}

// rank orders sights by time, then by what of the evidence fits.
func (s *sight) rank(light bool) uint64 {
	low := s.key << 16
	if !light {
		if low = 0; len(s.ev) >= 16 {
			low = binary.BigEndian.Uint64(s.ev[len(s.ev)-16:])
		}
	}
	return uint64(s.ms)<<rankBits | low>>(64-rankBits)
}

const rankBits = 42 // an hour has less than 2^22 milliseconds

// compareSight is zero for sights of one observation.
func compareSight(a, b *sight, light bool) int {
	if c := cmp.Compare(a.rank(light), b.rank(light)); c != 0 {
		return c
	}
	if light {
		return cmp.Compare(a.key, b.key)
	}
	return bytes.Compare(a.ev, b.ev)
}

// compareEvent is zero for sights that are equal in all that is stored.
func compareEvent(a, b *sight, light bool) int {
	if c := compareSight(a, b, light); c != 0 {
		return c
	}
	if c := cmp.Compare(a.seq, b.seq); c != 0 {
		return c
	}
	if !light && a.record != b.record {
		return cmp.Compare(a.record, b.record)
	}
	return bytes.Compare(a.call, b.call)
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
func normalize(s []sight, light bool) []sight {
	sorted, single := true, true
	for i := 1; i < len(s); i++ {
		switch c := compareSight(&s[i-1], &s[i], light); {
		case c > 0:
			sorted = false
		case c == 0:
			single = false
		}
	}
	if !sorted {
		slices.SortFunc(s, func(a, b sight) int { return compareSight(&a, &b, light) })
	}
	if sorted && single {
		return s
	}
	out := s[:0]
	for i := range s {
		if n := len(out); n > 0 && compareSight(&out[n-1], &s[i], light) == 0 {
			out[n-1].fold(&s[i])
			continue
		}
		out = append(out, s[i])
	}
	return out
}
