package ingest

import (
	"math/bits"
	"unsafe"
)

var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the header of a block with its own codes (RFC 1951, section
// 3.2.7). It takes and returns the state of the bit buffer.
func (f *inflater) readTables(ip unsafe.Pointer, limit int, buf uint64, cnt uint, pos int) (uint64, uint, int, bool) {
	nlit, ndist, npre := int(buf&31)+257, int(buf>>5&31)+1, int(buf>>10&15)+4
	buf >>= 14
	cnt -= 14
	var pre [19]uint8
	for i := range npre {
		if cnt < 3 {
			if pos > limit {
				return 0, 0, 0, false
			}
			buf |= load(ip, pos) << (cnt & 63)
			pos += int(63-cnt) >> 3
			cnt |= 56
		}
		pre[preOrder[i]] = uint8(buf & 7)
		buf >>= 3
		cnt -= 3
	}
	if nlit > 286 || ndist > 30 || !build(f.pre[:], preBits, pre[:], plainSymbols[:19]) {
		return 0, 0, 0, false
	}
	lens := &f.lens
	for i := 0; i < nlit+ndist; {
		if pos > limit {
			return 0, 0, 0, false
		}
		buf |= load(ip, pos) << (cnt & 63)
		pos += int(63-cnt) >> 3
		cnt |= 56
		e := f.pre[buf&(1<<preBits-1)]
		if e&isSpecial != 0 {
			return 0, 0, 0, false
		}
		buf >>= e & 63
		cnt -= uint(e & 63)
		sym := uint8(e >> 16)
		if sym < 16 {
			lens[i] = sym
			i++
			continue
		}
		var value uint8
		var n int
		switch sym {
		case 16:
			if i == 0 {
				return 0, 0, 0, false
			}
			value, n = lens[i-1], 3+int(buf&3)
			buf >>= 2
			cnt -= 2
		case 17:
			n = 3 + int(buf&7)
			buf >>= 3
			cnt -= 3
		default:
			n = 11 + int(buf&127)
			buf >>= 7
			cnt -= 7
		}
		for range n {
			lens[i] = value
			i++
		}
		if i > nlit+ndist {
			return 0, 0, 0, false
		}
	}
	ok := lens[256] != 0 && build(f.lit[:], litBits, lens[:nlit], litSymbols[:]) && build(f.dist[:], distBits, lens[nlit:nlit+ndist], distSymbols[:])
	return buf, cnt, pos, ok
}

// fixedTables sets up the fixed code (RFC 1951, section 3.2.6).
func (f *inflater) fixedTables() bool {
	if f.fixed {
		return true
	}
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	var dist [32]uint8
	for i := range dist {
		dist[i] = 5
	}
	f.fixed = build(f.lit[:], litBits, lens[:], litSymbols[:]) && build(f.dist[:], distBits, dist[:], distSymbols[:])
	return f.fixed
}

// The entries of each symbol, without the bits of its code.
var plainSymbols, litSymbols, distSymbols = func() (plain [19]uint32, lit [288]uint32, dist [32]uint32) {
	for i := range plain {
		plain[i] = uint32(i) << 16
	}
	for i := range 256 {
		lit[i] = isLiteral | uint32(i)<<16
	}
	lit[256] = isSpecial | isEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(0, i/4-1))
		lit[257+i] = base<<16 | extra
		base += 1 << extra
	}
	lit[285] = 258 << 16
	lit[286], lit[287] = isSpecial, isSpecial
	base = 1
	for i := range 30 {
		extra := uint32(max(0, i/2-1))
		dist[i] = base<<16 | extra
		base += 1 << extra
	}
	dist[30], dist[31] = isSpecial, isSpecial
	return plain, lit, dist
}()

// build fills a table from the code lengths of its symbols. It refuses codes
// that are over-subscribed, or incomplete beyond the one code of one bit, or
// none, that deflate allows.
func build(table []uint32, tableBits uint, lens []uint8, symbols []uint32) bool {
	var count, next [17]int
	longest := uint(0)
	for _, l := range lens {
		count[l]++
		longest = max(longest, uint(l))
	}
	count[0] = 0
	code := 0
	for l := 1; l <= int(longest); l++ {
		code = (code + count[l-1]) << 1
		next[l] = code
	}
	if code += count[longest]; longest > 0 && code != 1<<longest && !(code == 1 && longest == 1) {
		return false
	}
	main := table[:1<<tableBits]
	clear(main)
	free := 1 << tableBits
	for sym, l := range lens {
		if l == 0 {
			continue
		}
		n := uint(l)
		r := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		if n <= tableBits {
			e := symbols[sym] + uint32(n)*257
			for j := r; j < len(main); j += 1 << n {
				main[j] = e
			}
			continue
		}
		sub := longest - tableBits
		prefix := r & (1<<tableBits - 1)
		if main[prefix] == 0 {
			main[prefix] = uint32(free)<<16 | isSpecial | isTable | uint32(sub)<<8 | uint32(tableBits)
			free += 1 << sub
		}
		at := int(main[prefix] >> 16)
		e := symbols[sym] + uint32(n-tableBits)*257
		for j := r >> tableBits; j < 1<<sub; j += 1 << (n - tableBits) {
			table[at+j] = e
		}
	}
	if code != 1<<longest || longest == 0 {
		for i, e := range main {
			if e == 0 {
				main[i] = isSpecial // no code
			}
		}
	}
	return true
}
