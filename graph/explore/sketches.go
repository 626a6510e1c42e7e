package explore

import (
	"slices"
	"strings"
	"sync"

	"github.com/blastradius/blastradius/graph"
)

// maxSketches bounds the sketches kept, by the nodes, edges and sightings that
// they are made of, some hundred bytes each.
const maxSketches = 800_000

// sketchKey is all that a sketch depends on, at one state of the store.
type sketchKey struct {
	of           string
	window       graph.Window
	who          Who
	match        graph.Match
	probes       bool
	nodes, edges int
	budget       Budget
	asOf         uint64
}

// key of the question, asked as of that ledger number.
func (q PictureQuery) key(asOf uint64) sketchKey {
	return sketchKey{strings.Join(q.Of, "\x00"), q.Window, q.Who, q.Match, q.Probes, q.Nodes, q.Edges, q.Budget, asOf}
}

// sketches keeps the latest sketches that fit, for one state of the store, so
// that the pages of a group and a colleague's look need no second drawing. A
// sketch that is kept is never changed.
type sketches struct {
	mu   sync.Mutex
	mark uint64
	kept []keptSketch // the oldest first
	size int
}

type keptSketch struct {
	key sketchKey
	s   *sketch
}

// get is the sketch of that state and question; nil: none is kept.
func (m *sketches) get(mark uint64, key sketchKey) *sketch {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.find(mark, key); i >= 0 {
		return m.kept[i].s
	}
	return nil
}

func (m *sketches) find(mark uint64, key sketchKey) int {
	if m.mark != mark {
		return -1
	}
	return slices.IndexFunc(m.kept, func(k keptSketch) bool { return k.key == key })
}

// keep adds a sketch of that state. Older states are forgotten.
func (m *sketches) keep(mark uint64, key sketchKey, s *sketch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mark > m.mark {
		m.mark, m.kept, m.size = mark, nil, 0
	}
	if mark < m.mark || m.find(mark, key) >= 0 {
		return
	}
	m.kept, m.size = append(m.kept, keptSketch{key, s}), m.size+s.size()
	for m.size > maxSketches {
		m.size -= m.kept[0].s.size()
		m.kept = slices.Delete(m.kept, 0, 1)
	}
}

// size counts what a sketch is made of; what it shares with others counts for
// each.
func (s *sketch) size() int {
	n := len(s.a.nodes) + len(s.hidden) + s.full.size()
	if s.fit != s.full {
		n += s.fit.size()
	}
	return n
}

func (d *drawing) size() int {
	n := len(d.dots) + len(d.strokes)
	for _, x := range d.strokes {
		n += len(x.calls) + len(x.sights)
	}
	return n
}
