package pebble

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/blastradius/blastradius/graph"
)

// nodeCache finds nodes by id and by number. It is direct-mapped: a slot keeps
// the last node that fell into it, so that its size is bounded and reading
// takes no lock.
type nodeCache struct {
	seed     maphash.Seed
	mask     uint64
	byID     []atomic.Pointer[nodeEntry]
	byNumber []atomic.Pointer[nodeEntry]
	types    *sync.Map // of string: one copy of each, there are few
}

// nodeEntry is immutable.
type nodeEntry struct {
	id          graph.ID
	number      uint32
	first, last uint32 // days with event edges, as in nodeRecord
	kind        graph.Kind
	typ         string
}

func newNodeCache(n int) nodeCache {
	size := 1
	for size < n {
		size *= 2
	}
	return nodeCache{maphash.MakeSeed(), uint64(size - 1), make([]atomic.Pointer[nodeEntry], size), make([]atomic.Pointer[nodeEntry], size), new(sync.Map)}
}

func (c *nodeCache) hash(id graph.ID) uint64 { return maphash.String(c.seed, string(id)) }

func (c *nodeCache) find(id graph.ID) *nodeEntry { return c.findHashed(id, c.hash(id)) }

func (c *nodeCache) findHashed(id graph.ID, h uint64) *nodeEntry {
	if e := c.byID[h&c.mask].Load(); e != nil && e.id == id {
		return e
	}
	return nil
}

// typ is the type as all entries share it.
func (c *nodeCache) typ(t string) string {
	if x, ok := c.types.Load(t); ok {
		return x.(string)
	}
	x, _ := c.types.LoadOrStore(strings.Clone(t), strings.Clone(t))
	return x.(string)
}

func (c *nodeCache) at(n uint32) *nodeEntry {
	if e := c.byNumber[uint64(n)&c.mask].Load(); e != nil && e.number == n {
		return e
	}
	return nil
}

func (c *nodeCache) put(e *nodeEntry) {
	c.byID[c.hash(e.id)&c.mask].Store(e)
	c.byNumber[uint64(e.number)&c.mask].Store(e)
}

// node finds a node by id, nil where there is none. An entry is never older
// than the last commit: filling the cache and committing exclude each other.
func (s *Store) node(id graph.ID) (*nodeEntry, error) {
	if e := s.nodes.find(id); e != nil {
		return e, nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.value(stringKey(nil, tagNode, string(id)))
	if b == nil || err != nil {
		return nil, err
	}
	r, err := parseNode(b)
	if err != nil {
		return nil, corrupt(stringKey(nil, tagNode, string(id)), err)
	}
	e := &nodeEntry{graph.ID(strings.Clone(string(id))), r.number, r.first, r.last, r.node.Kind, s.nodes.typ(r.node.Type)}
	s.nodes.put(e)
	return e, nil
}

// id is the id of the node with that number; empty for zero.
func (s *Store) id(n uint32) (graph.ID, error) {
	if n == 0 {
		return "", nil
	}
	if e := s.nodes.at(n); e != nil {
		return e.id, nil
	}
	key := numberKey(nil, tagNumber, n)
	b, err := s.value(key)
	if err == nil && b == nil {
		err = corrupt(key, errCorrupt)
	}
	if err != nil {
		return "", err
	}
	if _, err := s.node(graph.ID(b)); err != nil { // into the cache
		return "", err
	}
	return graph.ID(b), nil
}
