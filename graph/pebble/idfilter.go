package pebble

// idFilter answers, of a hash, whether it may have been added: never falsely
// no, falsely yes in about one of a thousand. It is a row of Bloom filters, each
// with twice the room of the one before, of blocks as long as a cache line; it
// takes 2 to 4 bytes a hash.
type idFilter struct {
	parts []idFilterPart
}

type idFilterPart struct {
	blocks []idFilterBlock // a power of two
	room   int
}

type idFilterBlock [8]uint64

const (
	firstFilterBlocks = 1 << 10
	hashesPerBlock    = 32 // 16 bits each
)

func (f *idFilter) add(h uint64) {
	n := len(f.parts)
	if n == 0 || f.parts[n-1].room == 0 {
		size := firstFilterBlocks << n
		f.parts = append(f.parts, idFilterPart{make([]idFilterBlock, size), size * hashesPerBlock})
		n++
	}
	p := &f.parts[n-1]
	p.room--
	b := p.block(h)
	for bits := mix64(h); bits != 0; bits >>= 9 {
		b[bits>>6&7] |= 1 << (bits & 63)
	}
}

func (f *idFilter) has(h uint64) bool {
	for i := range f.parts {
		if f.parts[i].has(h) {
			return true
		}
	}
	return false
}

func (p *idFilterPart) has(h uint64) bool {
	b := p.block(h)
	for bits := mix64(h); bits != 0; bits >>= 9 {
		if b[bits>>6&7]&(1<<(bits&63)) == 0 {
			return false
		}
	}
	return true
}

func (p *idFilterPart) block(h uint64) *idFilterBlock { return &p.blocks[h%uint64(len(p.blocks))] }
