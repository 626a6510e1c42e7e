package graph

import "math/bits"

// eventIndex finds the row of an event edge: a hash table with linear probing
// that holds row numbers only, the keys being in the rows.
type eventIndex struct {
	slots []uint32 // row plus one, zero is free; a power of two, at most half full
}

// find is the row with key k among rows; where there is none it is noted as
// the next one, which the caller must append.
func (x *eventIndex) find(k EventKey, rows []EventRow) (row uint32, ok bool) {
	if 2*len(rows) >= len(x.slots) {
		x.grow(rows)
	}
	mask := uint64(len(x.slots) - 1)
	i := k.hash() & mask
	for ; x.slots[i] != 0; i = (i + 1) & mask {
		if row := x.slots[i] - 1; rows[row].EventKey == k {
			return row, true
		}
	}
	x.slots[i] = uint32(len(rows)) + 1
	return uint32(len(rows)), false
}

// reserve makes room for n rows in an empty index.
func (x *eventIndex) reserve(n int) {
	if n > 0 {
		x.slots = make([]uint32, max(64, 1<<bits.Len(uint(2*n))))
	}
}

func (x *eventIndex) grow(rows []EventRow) {
	x.slots = make([]uint32, max(64, 2*len(x.slots)))
	mask := uint64(len(x.slots) - 1)
	for n := range rows {
		i := rows[n].hash() & mask
		for x.slots[i] != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = uint32(n) + 1
	}
}

// hash folds the key's words by 64x64-bit multiplications (constants: digits
// of pi, as in wyhash's kind). Refs and labels are ours, so nobody can choose
// keys that collide.
func (k *EventKey) hash() uint64 {
	h := fold(uint64(k.From)|uint64(k.To)<<32, 0x243f6a8885a308d3)
	h ^= fold(uint64(k.Label)|uint64(uint32(k.Hour))<<32, 0x13198a2e03707345)
	h ^= fold(uint64(k.Agent)|uint64(k.Client)<<32, 0xa4093822299f31d1)
	return fold(h^(uint64(k.Service)|uint64(k.Kind)<<32|uint64(k.Outcome)<<40), 0x082efa98ec4e6c89)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^b, 0x452821e638d01377)
	return hi ^ lo
}
