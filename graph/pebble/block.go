package pebble

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A block holds the event edges of one node, direction and hour. An event that
// shows several edges stands in it once: first come the times of all events,
// then the edges with the numbers of their events, then what else is known of
// the events, one column after the other.
//
//	uvarint events<<5 | flags
//	each event: uvarint step of time
//	uvarint length of the edges
//	each edge, by other, shape and agent: uvarint step of other<<1 | agent given,
//	    uvarint shape, [uvarint agent], uvarint events, and runs of their numbers:
//	    uvarint gap<<1 | long, and of a long one uvarint length-2
//	each event, or once for all: svarint step of seq
//	each event, unless light: svarint step of record
//	each event: evidence; light: 6 bytes of its hash; uniform: what they begin
//	    with stands once, before them
//	each event, if any is given: call
//
// Events are sorted by compareEvent. Two of one evidence stand apart where they
// differ in source or call, as edges may.
const (
	flagSeconds = 1 << iota // times are in seconds (CloudTrail's are), else in milliseconds
	flagRepeats             // two events may be one call; without it the calls of an edge are as many as its events
	flagUniform             // all evidence is UUIDs with one suffix
	flagCalls               // calls are given
	flagOneSeq              // all have one seq

	flagBits = 5
	keyBytes = 6
	noCall   = 1 // what packs an empty call
)

// edgeHead is the identity of an edge in a block: the node at the other end,
// the shape by its number in the dictionary, and the agent.
type edgeHead struct{ other, shape, agent uint32 }

func (h edgeHead) compare(g edgeHead) int {
	return cmp.Or(cmp.Compare(h.other, g.other), cmp.Compare(h.shape, g.shape), cmp.Compare(h.agent, g.agent))
}

// edgeSights is an edge with its sights, from:to of an array, normalized.
type edgeSights struct {
	edgeHead
	from, to int
}

// packer holds scratch memory for packing.
type packer struct {
	edges  []edgeSights
	sights []sight
	order  []ranked
	number []uint32 // by sight: that of its event
	table  []uint32 // by event: a sight of it
	keys   []uint64
	rows   []byte
	view   blockView
	arena  []byte
}

type ranked struct {
	rank uint64
	at   uint32
}

// join sorts edges and unites equal ones; their sights may move behind the
// others.
func (p *packer) join(edges []edgeSights, sights []sight, light bool) ([]edgeSights, []sight) {
	byHead := func(a, b edgeSights) int { return a.compare(b.edgeHead) }
	if !slices.IsSortedFunc(edges, byHead) {
		slices.SortFunc(edges, byHead)
	}
	out := edges[:0]
	for i := 0; i < len(edges); {
		e := edges[i]
		j := i + 1
		for j < len(edges) && edges[j].edgeHead == e.edgeHead {
			j++
		}
		if j > i+1 {
			from := len(sights)
			for _, x := range edges[i:j] {
				sights = append(sights, sights[x.from:x.to]...)
			}
			n := len(normalize(sights[from:], light))
			sights = sights[:from+n]
			e.from, e.to = from, from+n
		}
		out = append(out, e)
		i = j
	}
	return out, sights
}

// pack appends the block of joined edges, at least one.
func (p *packer) pack(dst []byte, edges []edgeSights, sights []sight, light bool) []byte {
	p.number = slices.Grow(p.number[:0], len(sights))[:len(sights)]
	p.tabulate(edges, sights, light)
	unit, flags := uint32(1000), uint64(flagSeconds|flagUniform|flagOneSeq)
	var tag uint64
	for i, at := range p.table {
		s := &sights[at]
		if s.ms%1000 != 0 {
			unit, flags = 1, flags&^flagSeconds
		}
		if len(s.call) > 0 {
			flags |= flagCalls
		}
		if s.seq != sights[p.table[0]].seq {
			flags &^= flagOneSeq
		}
		if light || flags&flagUniform == 0 {
			continue
		}
		if t, n := uvarint(s.ev); t&3 != formUUID || i > 0 && t != tag || len(s.ev) != n+16 {
			flags &^= flagUniform
		} else {
			tag = t
		}
	}
	if light {
		flags &^= flagUniform
	}
	if flags&flagCalls != 0 || p.repeats(sights, light) {
		flags |= flagRepeats
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.table))<<flagBits|flags)
	at := uint32(0)
	for _, i := range p.table {
		t := sights[i].ms / unit
		dst = binary.AppendUvarint(dst, uint64(t-at))
		at = t
	}
	p.packEdges(edges)
	dst = binary.AppendUvarint(dst, uint64(len(p.rows)))
	dst = append(dst, p.rows...)
	seq, record := uint64(0), uint32(0)
	for _, i := range p.table {
		dst = binary.AppendVarint(dst, int64(sights[i].seq-seq))
		if seq = sights[i].seq; flags&flagOneSeq != 0 {
			break
		}
	}
	if !light {
		for _, i := range p.table {
			dst = binary.AppendVarint(dst, int64(sights[i].record)-int64(record))
			record = sights[i].record
		}
	}
	if flags&flagUniform != 0 {
		dst = binary.AppendUvarint(dst, tag)
	}
	for _, i := range p.table {
		switch ev := sights[i].ev; {
		case light:
			dst = appendKey(dst, sights[i].key)
		case flags&flagUniform != 0:
			dst = append(dst, ev[len(ev)-16:]...)
		default:
			dst = append(dst, ev...)
		}
	}
	if flags&flagCalls != 0 {
		for _, i := range p.table {
			if call := sights[i].call; len(call) > 0 {
				dst = append(dst, call...)
			} else {
				dst = append(dst, noCall)
			}
		}
	}
	return dst
}

// tabulate numbers the events that the edges show.
func (p *packer) tabulate(edges []edgeSights, sights []sight, light bool) {
	p.order, p.table = p.order[:0], p.table[:0]
	sorted := true
	for _, e := range edges {
		for i := e.from; i < e.to; i++ {
			r := ranked{sights[i].rank(light), uint32(i)}
			sorted = sorted && (len(p.order) == 0 || p.order[len(p.order)-1].rank < r.rank)
			p.order = append(p.order, r)
		}
	}
	if !sorted {
		slices.SortFunc(p.order, func(a, b ranked) int {
			if a.rank != b.rank {
				return cmp.Compare(a.rank, b.rank)
			}
			return compareEvent(&sights[a.at], &sights[b.at], light)
		})
	}
	for i, o := range p.order {
		if i == 0 || p.order[i-1].rank != o.rank || compareEvent(&sights[p.order[i-1].at], &sights[o.at], light) != 0 {
			p.table = append(p.table, o.at)
		}
		p.number[o.at] = uint32(len(p.table) - 1)
	}
}

func (p *packer) packEdges(edges []edgeSights) {
	b, other := p.rows[:0], uint32(0)
	for _, e := range edges {
		head := uint64(e.other-other) << 1
		other = e.other
		if e.agent != 0 {
			head |= 1
		}
		b = binary.AppendUvarint(b, head)
		b = binary.AppendUvarint(b, uint64(e.shape))
		if e.agent != 0 {
			b = binary.AppendUvarint(b, uint64(e.agent))
		}
		own := p.number[e.from:e.to]
		if !slices.IsSorted(own) { // light: the sights were sorted by whole evidence
			slices.Sort(own)
		}
		own = slices.Compact(own)
		b = binary.AppendUvarint(b, uint64(len(own)))
		next := uint32(0) // the smallest number that may follow
		for i := 0; i < len(own); {
			first, n := own[i], uint32(1)
			for i++; i < len(own) && own[i] == first+n; i++ {
				n++
			}
			if n == 1 {
				b = binary.AppendUvarint(b, uint64(first-next)<<1)
			} else {
				b = binary.AppendUvarint(b, uint64(first-next)<<1|1)
				b = binary.AppendUvarint(b, uint64(n-2))
			}
			next = first + n
		}
	}
	p.rows = b
}

// repeats reports whether two of the events may be one call by their evidence:
// never falsely no.
func (p *packer) repeats(sights []sight, light bool) bool {
	if len(p.table) == 1 {
		return false
	}
	keys := p.keys[:0]
	for _, i := range p.table {
		k := sights[i].key
		if !light {
			k = digest(sights[i].ev)
		}
		keys = append(keys, k)
	}
	p.keys = keys
	if len(keys) <= 12 {
		for i, k := range keys {
			if slices.Contains(keys[:i], k) {
				return true
			}
		}
		return false
	}
	slices.Sort(keys)
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] {
			return true
		}
	}
	return false
}

// digest is a hash of packed evidence: equal for equal evidence.
func digest(b []byte) uint64 {
	h := uint64(len(b))
	for len(b) >= 8 {
		h = mix64(h ^ binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	var last [8]byte
	copy(last[:], b)
	return mix64(h ^ binary.LittleEndian.Uint64(last[:]))
}

// unpack appends the edges of a block and their sights, which point into it.
func (p *packer) unpack(edges []edgeSights, sights []sight, b []byte, light bool) ([]edgeSights, []sight, error) {
	v := &p.view
	if err := v.parse(b, light); err != nil {
		return edges, sights, err
	}
	if err := v.details(); err != nil {
		return edges, sights, err
	}
	var e edgeView
	for {
		ok, err := v.next(&e)
		if !ok || err != nil {
			return edges, sights, err
		}
		from := len(sights)
		c := e.cursor()
		for i, ok := c.next(); ok; i, ok = c.next() {
			sights = append(sights, v.sight(i, &p.arena))
		}
		edges = append(edges, edgeSights{e.edgeHead, from, len(sights)})
	}
}

// mergeBlocks is the union of blocks: of their edges, and of the observations
// of those that several have.
func (p *packer) mergeBlocks(dst []byte, blocks [][]byte, light bool) ([]byte, error) {
	edges, sights := p.edges[:0], p.sights[:0]
	p.arena = p.arena[:0]
	var err error
	for _, b := range blocks {
		if edges, sights, err = p.unpack(edges, sights, b, light); err != nil {
			return dst, err
		}
	}
	edges, sights = p.join(edges, sights, light)
	dst = p.pack(dst, edges, sights, light)
	p.edges, p.sights = edges, sights
	return dst, nil
}
