package pebble

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// addNodes finds the numbers of the batch's nodes, and numbers the new ones.
func (w *writer) addNodes(b *graph.Batch) error {
	for i := range b.Nodes {
		id := b.Nodes[i].ID
		if id == "" {
			return invalid("node %d of the batch has no id", i)
		}
		e, err := w.find(id)
		if err != nil {
			return fmt.Errorf("find node %s: %w", id, err)
		}
		n := nodeSpan{first: noDay, entry: e}
		if e != nil {
			n.number = e.number
			if int(n.number) >= len(w.stamps) {
				w.stamps = append(w.stamps, make([]uint32, max(1024, int(n.number)-len(w.stamps)+1))...)
			}
			if w.stamps[n.number] == w.stamp {
				return invalid("node %s stands twice in the batch", id)
			}
			w.stamps[n.number] = w.stamp
		} else {
			n.number = w.next.nextNode
			w.next.nextNode++
			if _, twice := w.once[id]; twice {
				return invalid("node %s stands twice in the batch", id)
			}
			w.once[id] = struct{}{}
			w.put(tagNumber, numberKey(nil, tagNumber, n.number), []byte(id))
		}
		w.nodes = append(w.nodes, n)
	}
	return nil
}

// find finds a stored node, nil where there is none. Most ids that are not in
// the cache are new: a filter of all ids tells, which is read from the store as
// soon as looking ids up there has cost about as much.
func (w *writer) find(id graph.ID) (*nodeEntry, error) {
	h := w.s.nodes.hash(id)
	if e := w.s.nodes.findHashed(id, h); e != nil {
		return e, nil
	}
	if !w.whole {
		if stored := w.s.state.Load().nextNode - 1; w.missed < stored/lookupCost {
			w.missed++
			return w.s.node(id)
		}
		if err := w.s.scan(tagNumber, func(_, v []byte) error {
			w.known.add(w.s.nodes.hash(graph.ID(v)))
			return nil
		}); err != nil {
			return nil, err
		}
		w.whole = true
	}
	if !w.known.has(h) {
		return nil, nil
	}
	return w.s.node(id)
}

// lookupCost is about how many ids are scanned in the time of one lookup.
const lookupCost = 32

// writeNodes writes the nodes that are new or say something new, and their
// entries in the search and alias indexes.
func (w *writer) writeNodes(b *graph.Batch) {
	tokens := map[string][]uint32{}
	for i := range b.Nodes {
		n, x := &w.nodes[i], &b.Nodes[i]
		e := n.entry
		if e == nil || len(x.Attrs) > 0 || n.first < e.first || n.last > e.last || x.Kind != e.kind || x.Type != e.typ {
			k := len(w.arena)
			w.arena = stringKey(w.arena, tagNode, string(x.ID))
			v := len(w.arena)
			w.arena = appendNode(w.arena, &nodeRecord{n.number, n.first, n.last, *x})
			w.put(tagNode, w.arena[k:v:v], w.arena[v:len(w.arena):len(w.arena)])
		}
		if e == nil {
			w.entries = append(w.entries, &nodeEntry{cloneID(x.ID), n.number, n.first, n.last, x.Kind, w.s.nodes.typ(x.Type)})
			for _, t := range graph.Tokens(string(x.ID)) {
				tokens[t] = append(tokens[t], n.number)
			}
		}
		for _, a := range x.Attrs {
			if a.Name != graph.AttrAlias && a.Name != graph.AttrName || w.seen.has(n.number, a.Name, a.Value) {
				continue
			}
			for _, t := range graph.Tokens(a.Value) {
				tokens[t] = append(tokens[t], n.number)
			}
			if a.Name == graph.AttrAlias {
				w.put(tagAlias, aliasKey(a.Value, n.number), nil)
			}
		}
	}
	for t, nodes := range tokens {
		slices.Sort(nodes)
		for len(nodes) > 0 {
			block, n := nodes[0]>>tokenBits, 1
			for n < len(nodes) && nodes[n]>>tokenBits == block {
				n++
			}
			w.put(tagToken, tokenKey(t, block), appendPostings(nil, nodes[:n]))
			nodes = nodes[n:]
		}
	}
}

func aliasKey(alias string, node uint32) []byte {
	return binary.BigEndian.AppendUint32(append(stringKey(nil, tagAlias, alias), 0), node)
}

func tokenKey(token string, block uint32) []byte {
	return binary.BigEndian.AppendUint32(append(stringKey(nil, tagToken, token), 0), block)
}
