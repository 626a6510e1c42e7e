package explore

import (
	"cmp"

	"github.com/blastradius/blastradius/graph"
)

// class is how certain a state is, and what its time is worth.
type class uint8

// The classes. Everything that holds in another one holds possibly too. Of
// plainly, the next hop must come ε later to be definite; inborn, it may come up
// to ε earlier, as identity proves the order; exactly, the time is no stamp of a
// clock, or that of the very record of the next hop.
const (
	possibly class = iota
	plainly
	inborn
	exactly
)

// state is a spot with what a physics put on it.
type state struct {
	spot
	state graph.State
	class class
}

// label is how a state is reached: forward, at the earliest time it is; backward,
// at the latest time from which it still leads to a seed.
type label struct {
	state state
	at    graph.Time
	by    graph.Time  // the time of the hop itself
	pass  *graph.Pass // the rule
	hops  int32
	next  int32 // the label towards the seeds
	link  int32 // -1 of a seed
	sight int32 // of the link's event; -1 of a standing fact
	more  int32 // the next label of the node, plus one
	done  bool
}

// labelling is all labels of a walk, and what waits to be walked on from. A label
// keeps its number.
type labelling struct {
	labels  []label
	queue   queue
	met     []int32 // nodes with a label
	spots   int
	first   []int32 // by node: its first label, plus one
	charged []uint8 // by node, over the hot window: which of its sides were counted against the budget
}

// reset forgets the labels.
func (x *labelling) reset() {
	for _, n := range x.met {
		x.first[n] = 0
	}
	x.labels, x.queue, x.met, x.spots = x.labels[:0], x.queue[:0], x.met[:0], 0
}

// find is the number of the state's label, -1 if it has none, and whether
// anything is at its spot.
func (x *labelling) find(s *state) (n int32, known bool) {
	for i := x.first[s.node]; i > 0; i = x.labels[i-1].more {
		at := &x.labels[i-1].state
		if *at == *s {
			return i - 1, true
		}
		known = known || at.gen == s.gen
	}
	return -1, known
}

// note adds the label of a state that has none, and returns its number.
func (x *labelling) note(l label, fresh bool) int32 {
	if fresh {
		x.spots++
	}
	node := l.state.node
	if l.more = x.first[node]; l.more == 0 {
		x.met = append(x.met, node)
	}
	x.labels = append(x.labels, l)
	x.first[node] = int32(len(x.labels))
	return x.first[node] - 1
}

// compare orders ways to one state: better first, then by what they are, so that
// the order of reading never shows.
func (w *spread) compare(a, b *label) int {
	at := cmp.Compare(a.at, b.at)
	if w.f.backward {
		at = -at
	}
	if c := cmp.Or(at, cmp.Compare(a.hops, b.hops)); c != 0 || a.link < 0 || b.link < 0 {
		return c
	}
	x, y := &w.links[a.link], &w.links[b.link]
	s, t := &w.labels[a.next].state, &w.labels[b.next].state
	if s.node != t.node {
		return cmp.Compare(w.nodes[s.node].ID, w.nodes[t.node].ID)
	}
	if c := cmp.Or(cmp.Compare(s.gen, t.gen), cmp.Compare(s.state, t.state), -cmp.Compare(s.class, t.class), cmp.Compare(a.by, b.by)); c != 0 {
		return c
	}
	if a.link == b.link && a.sight >= 0 && b.sight >= 0 {
		return cmp.Compare(a.sight, b.sight) // of one time: by evidence
	}
	return cmp.Or(cmp.Compare(x.kind, y.kind), w.label(x).Compare(*w.label(y)), cmp.Compare(x.outcome, y.outcome), compareVia(w.through(x), w.through(y)),
		cmp.Compare(w.shown(a), w.shown(b)))
}

func compareVia(a, b *graph.Via) int {
	return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Service, b.Service))
}

// shown is the evidence of the label's hop, empty where there is none.
func (w *spread) shown(l *label) string {
	if l.link < 0 || l.sight < 0 {
		return ""
	}
	return w.evidence(&w.instants[w.links[l.link].first+l.sight])
}

// queued is a label waiting to be walked on from.
type queued struct {
	at    graph.Time // negated going backward
	hops  int32
	label int32
}

func (a queued) before(b queued) bool { return a.at < b.at || a.at == b.at && a.hops < b.hops }

// queue is a binary heap, earliest first.
type queue []queued

func (q *queue) push(x queued) {
	h := append(*q, x)
	i := len(h) - 1
	for i > 0 && x.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = x
	*q = h
}

func (q *queue) pop() queued {
	h := *q
	top, x := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	for i := 0; len(h) > 0; {
		c := 2*i + 1
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if c >= len(h) || !h[c].before(x) {
			h[i] = x
			break
		}
		h[i] = h[c]
		i = c
	}
	*q = h
	return top
}
