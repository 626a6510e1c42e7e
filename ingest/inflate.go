package ingest

import (
	"encoding/binary"
	"hash/crc32"
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
	// 7+8 behind its bound, and writes 3 literals, a match of 258 and 7 more,
	// or of 3 and 29 more.
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
			case offset >= 8: // four words at once, as most matches are no longer
				store(dp, op, load(dp, from))
				store(dp, op+8, load(dp, from+8))
				store(dp, op+16, load(dp, from+16))
				store(dp, op+24, load(dp, from+24))
				for op, from = op+32, from+32; op < to; op, from = op+8, from+8 {
					store(dp, op, load(dp, from))
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
