package ingest

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"unsafe"
)

// inflater inflates a gzip file that is held whole, into a buffer that holds
// all of it: no window, no copy, no state between calls but tables. Its design
// is libdeflate's: a 64-bit bit buffer refilled by one load, tables of 11 bits
// for literals and lengths, 8 for distances, a second level behind them. On
// CloudTrail it takes about half the time of a streaming reader.
//
// It says no to anything out of the ordinary (several members, a wrong length
// or checksum, damage) and leaves that to a streaming reader, which names it.
type inflater struct {
	lit   [1<<litBits + 144*16]uint32 // 288 symbols make at most 144 second tables of 4 bits
	dist  [1<<distBits + 16*128]uint32
	pre   [1 << preBits]uint32
	lens  [288 + 32 + 137]uint8 // a run may pass the end by 137
	fixed bool                  // lit and dist hold the fixed code
}

const (
	litBits, distBits, preBits = 11, 8, 7

	// A table entry: what to consume in bits 0-7, the code's own bits in
	// 8-11, flags, and a value from 16 on.
	isLiteral = 1 << 31
	isSpecial = 1 << 15 // second table, end of block or no code
	isTable   = 1 << 14
	isEnd     = 1 << 13

	// inPad is how far behind the input the decoder may read, outPad how far
	// behind the size it may write: a turn of its loop loads 8 bytes at most
	// 7+8 behind its bound, and writes 3 literals, a match of 258 and 7 more.
	inPad  = 32
	outPad = 3 + 258 + 16
)

// gunzip inflates stored into dst's memory, growing it, and reports whether it
// did; the slice returned replaces dst either way.
func (f *inflater) gunzip(dst, stored []byte, max int64) ([]byte, bool) {
	n := len(stored)
	start, ok := gzipHeader(stored)
	if !ok || n-start < 8 {
		return dst, false
	}
	size := int64(binary.LittleEndian.Uint32(stored[n-4:]))
	if size > max || size > bombFloor && size > bombRatio*int64(n) || size > 1040*int64(n) {
		return dst, false
	}
	in := stored
	if cap(in) < n+inPad {
		in = append(make([]byte, 0, n+inPad), stored...)
	}
	dst = growBuffer(dst[:0], int(size)+outPad)
	out := dst[:int(size)+outPad]
	end, ok := f.inflate(out, in[:n+inPad], start, n-8, int(size))
	if !ok || end != n-8 || crc32.ChecksumIEEE(out[:size]) != binary.LittleEndian.Uint32(stored[n-8:]) {
		return dst, false
	}
	return out[:size], true
}

// gzipHeader is where the deflate stream begins (RFC 1952, section 2.3).
func gzipHeader(b []byte) (int, bool) {
	if len(b) < 18 || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&^0x1f != 0 {
		return 0, false
	}
	flags, i := b[3], 10
	if flags&4 != 0 { // extra
		i += 2 + int(binary.LittleEndian.Uint16(b[10:]))
	}
	for _, flag := range []byte{8, 16} { // name, comment
		if flags&flag == 0 {
			continue
		}
		for i < len(b) && b[i] != 0 {
			i++
		}
		i++
	}
	return i, flags&2 == 0 && i < len(b) // a header checksum is rare: not here
}

func load(p unsafe.Pointer, i int) uint64       { return *(*uint64)(unsafe.Add(p, i)) }
func store(p unsafe.Pointer, i int, v uint64)   { *(*uint64)(unsafe.Add(p, i)) = v }
func storeByte(p unsafe.Pointer, i int, v byte) { *(*byte)(unsafe.Add(p, i)) = v }

// inflate decodes the deflate stream in[pos:inEnd] into out[:size] and returns
// where it ended. len(in) >= inEnd+8+inPad, len(out) >= size+outPad.
func (f *inflater) inflate(out, in []byte, pos, inEnd, size int) (end int, ok bool) {
	var (
		ip    = unsafe.Pointer(unsafe.SliceData(in))
		dp    = unsafe.Pointer(unsafe.SliceData(out))
		limit = inEnd + 8 // the buffer may be 7 bytes ahead
		op    int
		buf   uint64 // the low cnt bits are next; those above repeat what is at pos
		cnt   uint
	)
	for final := false; !final; {
		if pos > limit {
			return 0, false
		}
		buf |= load(ip, pos) << (cnt & 63)
		pos += int(63-cnt) >> 3
		cnt |= 56
		final = buf&1 != 0
		kind := buf >> 1 & 3
		buf >>= 3
		cnt -= 3
		switch kind {
		case 0:
			pos -= int(cnt >> 3)
			buf, cnt = 0, 0
			if pos+4 > inEnd {
				return 0, false
			}
			n := int(binary.LittleEndian.Uint16(in[pos:]))
			if n != int(^binary.LittleEndian.Uint16(in[pos+2:])) || n > inEnd-pos-4 || n > size-op {
				return 0, false
			}
			op += copy(out[op:], in[pos+4:pos+4+n])
			pos += 4 + n
			continue
		case 1:
			if !f.fixedTables() {
				return 0, false
			}
		case 2:
			f.fixed = false
			if buf, cnt, pos, ok = f.readTables(ip, limit, buf, cnt, pos); !ok {
				return 0, false
			}
		default:
			return 0, false
		}
		lit, dist := &f.lit, &f.dist
		for {
			if pos > limit || op > size {
				return 0, false
			}
			buf |= load(ip, pos) << (cnt & 63)
			pos += int(63-cnt) >> 3
			cnt |= 56
			e := lit[buf&(1<<litBits-1)]
			if e&isLiteral != 0 {
				buf >>= e & 63
				cnt -= uint(e & 63)
				storeByte(dp, op, byte(e>>16))
				op++
				e = lit[buf&(1<<litBits-1)]
				if e&isLiteral != 0 {
					buf >>= e & 63
					cnt -= uint(e & 63)
					storeByte(dp, op, byte(e>>16))
					op++
					e = lit[buf&(1<<litBits-1)]
				}
			}
			if e&isSpecial != 0 {
				if e&isTable != 0 {
					buf >>= litBits
					cnt -= litBits
					e = lit[e>>16&0x3fff+uint32(buf)&(1<<(e>>8&15)-1)]
				}
				if e&isSpecial != 0 {
					if e&isEnd == 0 {
						return 0, false
					}
					buf >>= e & 63
					cnt -= uint(e & 63)
					break
				}
			}
			before := buf
			buf >>= e & 63
			cnt -= uint(e & 63)
			if e&isLiteral != 0 {
				storeByte(dp, op, byte(e>>16))
				op++
				continue
			}
			length := int(e>>16) + int(before&(1<<(e&63)-1)>>(e>>8&15))

			buf |= load(ip, pos) << (cnt & 63)
			pos += int(63-cnt) >> 3
			cnt |= 56
			d := dist[buf&(1<<distBits-1)]
			if d&isSpecial != 0 {
				if d&isTable == 0 {
					return 0, false
				}
				buf >>= distBits
				cnt -= distBits
				d = dist[d>>16&0x3fff+uint32(buf)&(1<<(d>>8&15)-1)]
				if d&isSpecial != 0 {
					return 0, false
				}
			}
			before = buf
			buf >>= d & 63
			cnt -= uint(d & 63)
			offset := int(d>>16) + int(before&(1<<(d&63)-1)>>(d>>8&15))
			if offset > op {
				return 0, false
			}
			from := op - offset
			switch to := op + length; {
			case offset >= 8:
				for op < to {
					store(dp, op, load(dp, from))
					op += 8
					from += 8
				}
				op = to
			case offset == 1:
				for v := uint64(out[from]) * 0x0101010101010101; op < to; op += 8 {
					store(dp, op, v)
				}
				op = to
			default:
				for ; op < to; op++ {
					storeByte(dp, op, *(*byte)(unsafe.Add(dp, from)))
					from++
				}
			}
		}
	}
	pos -= int(cnt >> 3)
	return pos, op == size && pos <= inEnd
}

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
