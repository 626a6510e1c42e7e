package inflate

import "math/bits"

// A table entry says what the next bits mean. Low 8 bits: how many to consume.
//
//	literal:   bit 31, the byte in bits 16..23
//	length or
//	distance:  base in bits 16..30, the code's own length in bits 8..12; what
//	           lies between it and the low 8 bits is the number of extra bits
//	subtable:  bit 15 and 14, its start in bits 16..30, its bits in 8..12
//	end:       bit 15 and 13
//	invalid:   bit 15 alone
const (
	literal  = 1 << 31
	special  = 1 << 15
	subtable = 1 << 14
	endBlock = 1 << 13
)

const (
	litBits  = 11
	distBits = 8
	maxCode  = 15
	// Room for the main table and every subtable: the bounds of zlib's
	// "enough" program for 288 symbols at 11 bits and 32 at 8, rounded up.
	litSize  = 2400
	distSize = 450
)

// symbols of the length alphabet and of distances: base and extra bits, from
// RFC 1951 section 3.2.5.
var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	codeOrder   = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// litSymbol is the entry of a literal or length symbol, without its code's
// length.
var litSymbol = func() (t [288]uint32) {
	for i := range t {
		switch {
		case i < 256:
			t[i] = literal | uint32(i)<<16
		case i == 256:
			t[i] = special | endBlock
		case i < 257+len(lengthBase):
			t[i] = uint32(lengthBase[i-257])<<16 | uint32(lengthExtra[i-257])
		default:
			t[i] = special
		}
	}
	return t
}()

var distSymbol = func() (t [32]uint32) {
	for i := range t {
		t[i] = special
		if i < len(distBase) {
			t[i] = uint32(distBase[i])<<16 | uint32(distExtra[i])
		}
	}
	return t
}()

// clSymbol is the entry of a symbol of the code-length alphabet.
var clSymbol = func() (t [19]uint32) {
	for i := range t {
		t[i] = uint32(i) << 16
	}
	return t
}()

// entry completes a symbol's entry for a code whose last n bits are looked up.
func entry(sym uint32, n int) uint32 {
	if sym&(literal|special) != 0 {
		return sym | uint32(n)
	}
	return sym&^0xff | uint32(n)<<8 | (sym&0xff + uint32(n))
}

// build fills table for a canonical code and reports whether the code is
// complete (a single code of one bit, or none at all, is allowed too: its
// unused words are invalid).
func build(table []uint32, lens []uint8, symbols []uint32, tableBits int) bool {
	var count [maxCode + 1]int
	for _, l := range lens {
		count[l]++
	}
	used := len(lens) - count[0]
	count[0] = 0
	left := 1
	var offs [maxCode + 2]int
	for l := 1; l <= maxCode; l++ {
		left = left<<1 - count[l]
		if left < 0 {
			return false // over-subscribed
		}
		offs[l+1] = offs[l] + count[l]
	}
	main := table[:1<<tableBits]
	if left > 0 {
		if used > 1 || used == 1 && count[1] != 1 {
			return false
		}
		for i := range main {
			main[i] = special
		}
		for s, l := range lens {
			if l == 1 { // the code 0
				for i := 0; i < len(main); i += 2 {
					main[i] = entry(symbols[s], 1)
				}
			}
		}
		return true
	}
	var sorted [288]uint16
	for s, l := range lens {
		if l != 0 {
			sorted[offs[l]] = uint16(s)
			offs[l]++
		}
	}
	code, n := 0, 0
	next := len(main) // where the next subtable begins
	subStart, subPrefix, subBits := 0, -1, 0
	for l := 1; l <= maxCode; l++ {
		for range count[l] {
			sym := symbols[sorted[n]]
			n++
			rev := int(bits.Reverse16(uint16(code)) >> (16 - l))
			if l <= tableBits {
				e := entry(sym, l)
				for i := rev; i < len(main); i += 1 << l {
					main[i] = e
				}
			} else {
				if prefix := rev & (len(main) - 1); prefix != subPrefix {
					subPrefix, subStart = prefix, next
					// The subtable is as wide as its longest code: widen
					// until the codes left fill it.
					subBits = l - tableBits
					for fill := count[l] - (n - 1 - (offs[l] - count[l])); fill < 1<<subBits; {
						subBits++
						if subBits+tableBits > maxCode {
							return false
						}
						fill = fill<<1 + count[subBits+tableBits]
					}
					next += 1 << subBits
					if next > len(table) {
						return false
					}
					main[prefix] = special | subtable | uint32(subStart)<<16 | uint32(subBits)<<8 | uint32(tableBits)
				}
				e := entry(sym, l-tableBits)
				for i := rev >> tableBits; i < 1<<subBits; i += 1 << (l - tableBits) {
					table[subStart+i] = e
				}
			}
			code++
		}
		code <<= 1
	}
	return true
}
