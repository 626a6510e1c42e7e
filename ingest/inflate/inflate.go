// Package inflate decompresses a whole gzip member held in memory, about twice
// as fast as a streaming decoder: it writes straight into the output, which
// serves as its own window. The design is libdeflate's (a 64-bit bit buffer
// refilled without branches, one table lookup for most symbols).
//
// It refuses rather than guesses: every output is checked against the member's
// CRC-32 and length, and the caller falls back to a streaming decoder on
// ErrUnsupported.
package inflate

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrUnsupported means that this decoder will not say more: the data may be
// damaged, truncated, of several members or too large for it. A streaming
// decoder has the last word.
var ErrUnsupported = errors.New("inflate: not a single whole gzip member")

// Padding is how many bytes of slack must lie between len(src) and cap(src).
// Their content does not matter and may be overwritten.
const Padding = 16

// slack is the room that the inner loop needs in the output: three literals,
// the longest match, and the word-wise overrun of a copy.
const slack = 3 + 258 + 16

// Decoder holds the tables. It is not safe for concurrent use.
type Decoder struct {
	lit  [litSize]uint32
	dist [distSize]uint32
	cl   [1 << 7]uint32
	lens [288 + 32]uint8
}

// Gunzip inflates the one gzip member that src is, into dst's memory where it
// is large enough, and returns the output. The output is at most max bytes.
// src must have Padding bytes of spare capacity.
func (d *Decoder) Gunzip(dst, src []byte, max int) ([]byte, error) {
	body := header(src)
	if body < 0 || len(src) < body+8+2 || cap(src)-len(src) < Padding {
		return nil, ErrUnsupported
	}
	sum := binary.LittleEndian.Uint32(src[len(src)-8:])
	size := int(binary.LittleEndian.Uint32(src[len(src)-4:]))
	// Deflate cannot do better than 1032:1, so a larger size is a lie.
	if size > max || size > (len(src)+1)*1032 {
		return nil, ErrUnsupported
	}
	if cap(dst) < size+slack {
		dst = make([]byte, size+slack)
	}
	dst = dst[:size+slack]
	in := src[body : len(src)-8]
	n, used, ok := d.inflate(dst, in[:len(in)+8+Padding], len(in))
	if !ok || n != size || used != len(in) || crc32.ChecksumIEEE(dst[:n]) != sum {
		return nil, ErrUnsupported
	}
	return dst[:n], nil
}

// header is the length of the gzip header, or -1 (RFC 1952 section 2.3).
func header(b []byte) int {
	if len(b) < 10 || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&0xe0 != 0 {
		return -1
	}
	flags, i := b[3], 10
	if flags&4 != 0 { // FEXTRA
		if len(b) < i+2 {
			return -1
		}
		i += 2 + int(binary.LittleEndian.Uint16(b[i:]))
	}
	for _, f := range []byte{8, 16} { // FNAME, FCOMMENT
		if flags&f != 0 {
			for i < len(b) && b[i] != 0 {
				i++
			}
			i++
		}
	}
	if flags&2 != 0 { // FHCRC
		i += 2
	}
	if i > len(b) {
		return -1
	}
	return i
}

// inflate decodes the deflate stream of which src[:end] is the whole, into
// dst, which ends with slack bytes. It returns how much it wrote and read.
func (d *Decoder) inflate(dst, src []byte, end int) (written, read int, ok bool) {
	var (
		buf uint64 // unread bits, lowest first; above cnt they repeat what src[pos:] holds
		cnt uint   // how many of them count
		pos int
		out int
	)
	limit := len(dst) - slack
	for {
		if pos > end+8 {
			return 0, 0, false
		}
		buf |= binary.LittleEndian.Uint64(src[pos:]) << (cnt & 63)
		pos += int(7 - cnt>>3&7)
		cnt |= 56
		final := buf&1 != 0
		kind := buf >> 1 & 3
		buf >>= 3
		cnt -= 3
		switch kind {
		case 0:
			pos -= int(cnt >> 3)
			buf, cnt = 0, 0
			if pos < 0 || pos+4 > end {
				return 0, 0, false
			}
			n := int(binary.LittleEndian.Uint16(src[pos:]))
			if n != int(^binary.LittleEndian.Uint16(src[pos+2:])) {
				return 0, 0, false
			}
			pos += 4
			if pos+n > end || out+n > limit {
				return 0, 0, false
			}
			out += copy(dst[out:], src[pos:pos+n])
			pos += n
			if final {
				return out, pos, true
			}
			continue
		case 1:
			d.fixed()
		case 2:
			if buf, cnt, pos, ok = d.dynamic(src, end, buf, cnt, pos); !ok {
				return 0, 0, false
			}
		default:
			return 0, 0, false
		}

		lit, dist := &d.lit, &d.dist
	block:
		for {
			if pos > end+8 || out > limit {
				return 0, 0, false
			}
			buf |= binary.LittleEndian.Uint64(src[pos:]) << (cnt & 63)
			pos += int(7 - cnt>>3&7)
			cnt |= 56
			e := lit[buf&(1<<litBits-1)]
			if e&literal != 0 {
				buf >>= e & 63
				cnt -= uint(e & 63)
				o := dst[out : out+3]
				o[0] = byte(e >> 16)
				e = lit[buf&(1<<litBits-1)]
				if e&literal == 0 {
					out++
				} else {
					buf >>= e & 63
					cnt -= uint(e & 63)
					o[1] = byte(e >> 16)
					e = lit[buf&(1<<litBits-1)]
					if e&literal != 0 {
						buf >>= e & 63
						cnt -= uint(e & 63)
						o[2] = byte(e >> 16)
						out += 3
						continue
					}
					out += 2
				}
				if pos > end+8 {
					return 0, 0, false
				}
				buf |= binary.LittleEndian.Uint64(src[pos:]) << (cnt & 63)
				pos += int(7 - cnt>>3&7)
				cnt |= 56
			}
			if e&special != 0 {
				if e&subtable != 0 {
					buf >>= litBits
					cnt -= litBits
					e = lit[int(e>>16)+int(buf&(1<<(e>>8&31)-1))]
					if e&literal != 0 {
						buf >>= e & 63
						cnt -= uint(e & 63)
						dst[out] = byte(e >> 16)
						out++
						continue
					}
				}
				if e&special != 0 {
					if e&endBlock == 0 {
						return 0, 0, false
					}
					buf >>= e & 63
					cnt -= uint(e & 63)
					break block
				}
			}
			n := int(e>>16) + int(buf&(1<<(e&63)-1)>>(e>>8&31))
			buf >>= e & 63
			cnt -= uint(e & 63)

			e = dist[buf&(1<<distBits-1)]
			if e&special != 0 {
				if e&subtable == 0 {
					return 0, 0, false
				}
				buf >>= distBits
				cnt -= distBits
				e = dist[int(e>>16)+int(buf&(1<<(e>>8&31)-1))]
				if e&special != 0 {
					return 0, 0, false
				}
			}
			back := int(e>>16) + int(buf&(1<<(e&63)-1)>>(e>>8&31))
			buf >>= e & 63
			cnt -= uint(e & 63)
			if back > out || out+n > limit {
				return 0, 0, false
			}
			from := out - back
			if back >= 16 {
				// Whole words: what is written past n is overwritten next.
				to, fr := dst[out:out+n+16], dst[from:from+n+16]
				for i := 0; i < n; i += 16 {
					a, b := binary.LittleEndian.Uint64(fr[i:]), binary.LittleEndian.Uint64(fr[i+8:])
					binary.LittleEndian.PutUint64(to[i:], a)
					binary.LittleEndian.PutUint64(to[i+8:], b)
				}
			} else if back == 1 {
				c := dst[from]
				for i := range dst[out : out+n] {
					dst[out+i] = c
				}
			} else {
				for i := range n {
					dst[out+i] = dst[from+i]
				}
			}
			out += n
		}
		if final {
			pos -= int(cnt >> 3)
			return out, pos, pos <= end && out <= limit
		}
	}
}

// fixed builds the tables of fixed codes (RFC 1951 section 3.2.6).
func (d *Decoder) fixed() {
	for i := range 288 {
		switch {
		case i < 144:
			d.lens[i] = 8
		case i < 256:
			d.lens[i] = 9
		case i < 280:
			d.lens[i] = 7
		default:
			d.lens[i] = 8
		}
	}
	build(d.lit[:], d.lens[:288], litSymbol[:], litBits)
	for i := range 32 {
		d.lens[i] = 5
	}
	build(d.dist[:], d.lens[:32], distSymbol[:], distBits)
}

// dynamic reads the codes of a block and builds its tables (RFC 1951 section
// 3.2.7).
func (d *Decoder) dynamic(src []byte, end int, buf uint64, cnt uint, pos int) (uint64, uint, int, bool) {
	refill := func() bool {
		if pos > end+8 {
			return false
		}
		buf |= binary.LittleEndian.Uint64(src[pos:]) << (cnt & 63)
		pos += int(7 - cnt>>3&7)
		cnt |= 56
		return true
	}
	take := func(n uint) int {
		v := int(buf & (1<<n - 1))
		buf >>= n
		cnt -= n
		return v
	}
	fail := func() (uint64, uint, int, bool) { return 0, 0, 0, false }

	nlit, ndist, ncl := take(5)+257, take(5)+1, take(4)+4
	if nlit > 286 || ndist > 30 {
		return fail()
	}
	var cl [19]uint8
	for i := range ncl {
		if i%8 == 0 && !refill() {
			return fail()
		}
		cl[codeOrder[i]] = uint8(take(3))
	}
	if !build(d.cl[:], cl[:], clSymbol[:], 7) {
		return fail()
	}
	total := nlit + ndist
	for i := 0; i < total; {
		if !refill() {
			return fail()
		}
		e := d.cl[buf&127]
		if e&special != 0 {
			return fail()
		}
		take(uint(e & 63))
		sym := int(e >> 16)
		if sym < 16 {
			d.lens[i] = uint8(sym)
			i++
			continue
		}
		var v uint8
		var n int
		switch sym {
		case 16:
			if i == 0 {
				return fail()
			}
			v, n = d.lens[i-1], 3+take(2)
		case 17:
			n = 3 + take(3)
		default:
			n = 11 + take(7)
		}
		if i+n > total {
			return fail()
		}
		for range n {
			d.lens[i] = v
			i++
		}
	}
	if d.lens[256] == 0 || !build(d.lit[:], d.lens[:nlit], litSymbol[:], litBits) ||
		!build(d.dist[:], d.lens[nlit:total], distSymbol[:], distBits) {
		return fail()
	}
	return buf, cnt, pos, true
}
