package ingest

import (
	"math/bits"
	"sync"
)

// Buffers are recycled by size class, powers of two. A buffer goes back only
// when no batch refers to it any more: what a parser hands to the sink shares
// its memory.
var buffers [48]sync.Pool

// newBuffer returns an empty slice with room for at least n bytes.
func newBuffer(n int) []byte {
	c := max(bits.Len(uint(max(n, 1)-1)), 12) // at least 4 KiB
	if c >= len(buffers) {
		return make([]byte, 0, n)
	}
	if p, ok := buffers[c].Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return make([]byte, 0, 1<<c)
}

// freeBuffer recycles b. It must not be used after.
func freeBuffer(b []byte) {
	c := bits.Len(uint(cap(b))) - 1 // every buffer there holds 1<<c
	if c < 12 || c >= len(buffers) {
		return
	}
	b = b[:0]
	buffers[c].Put(&b)
}

// growBuffer returns b with room for n more bytes.
func growBuffer(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	out := append(newBuffer(max(len(b)+n, 2*cap(b))), b...)
	freeBuffer(b)
	return out
}
