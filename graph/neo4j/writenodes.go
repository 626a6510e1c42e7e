package neo4j

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// nodeCache remembers nodes that are stored: what it says of one stays true,
// for nodes are merged and never deleted. It keeps up to twice cacheNodes, the
// latest.
type nodeCache struct{ young, old map[string]nodeEntry }

const cacheNodes = 1 << 17

type nodeEntry struct {
	element string // the server's id of the node
	kind    graph.Kind
	typ     string
}

func (c *nodeCache) find(key string) (nodeEntry, bool) {
	if e, ok := c.young[key]; ok {
		return e, true
	}
	e, ok := c.old[key]
	return e, ok
}

func (c *nodeCache) add(fresh map[string]nodeEntry) {
	if c.young == nil || len(c.young) >= cacheNodes {
		c.young, c.old = make(map[string]nodeEntry, len(fresh)), c.young
	}
	for key, e := range fresh { // copied: a batch's strings are good only until Apply returns
		e.typ = strings.Clone(e.typ)
		c.young[strings.Clone(key)] = e
	}
}

// stored is what the database holds of a node.
type stored struct {
	element string
	node    graph.Node
}

// writeNodes merges the batch's nodes into those stored, and returns the
// server's ids of all, by index.
func (w *writer) writeNodes(b *graph.Batch) ([]string, error) {
	keys := make([]string, len(b.Nodes))
	ids := make([]string, len(b.Nodes))
	index := make(map[string]int, len(b.Nodes))
	var read []string
	for i := range b.Nodes {
		n := &b.Nodes[i]
		keys[i] = w.s.keys.key(n.ID)
		if e, ok := w.s.nodes.find(keys[i]); ok && len(n.Attrs) == 0 && e.says(n) {
			ids[i] = e.element
			continue
		}
		index[keys[i]] = i
		read = append(read, keys[i])
	}
	have := make(map[string]stored, len(read))
	if err := runAll(w, cypherReadNodes, "keys", read, nil, func(row []any) error {
		n, err := decodeNode(row[2], row[3], row[4])
		have[row[0].(string)] = stored{row[1].(string), n}
		return err
	}); err != nil {
		return nil, err
	}
	fresh := map[graph.Kind][]map[string]any{}
	var updates []map[string]any
	var aliases [][]any
	relabel := map[[2]graph.Kind][]string{}
	for _, key := range read {
		i := index[key]
		n := &b.Nodes[i]
		old, ok := have[key]
		merged := graph.Node{ID: n.ID, Kind: old.node.Kind, Type: old.node.Type, Attrs: slices.Clone(old.node.Attrs)}.Merge(*n)
		if merged.Kind == 0 || int(merged.Kind) > len(graph.Kinds) {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("the node %s has no kind", n.ID)}
		}
		for _, a := range merged.Attrs {
			if a.Name == graph.AttrAlias && !slices.Contains(old.node.Attrs.Values(graph.AttrAlias), a.Value) {
				aliases = append(aliases, []any{w.s.keys.key(graph.ID(a.Value)), key})
			}
		}
		switch {
		case !ok:
			fresh[merged.Kind] = append(fresh[merged.Kind], map[string]any{"id": key, "props": w.nodeProps(&merged)})
			continue // its id comes with its making
		case old.node.Kind != merged.Kind:
			swap := [2]graph.Kind{old.node.Kind, merged.Kind}
			relabel[swap] = append(relabel[swap], key)
		}
		if old.node.Type != merged.Type || !slices.Equal(old.node.Attrs, merged.Attrs) {
			updates = append(updates, map[string]any{"id": key, "props": w.nodeProps(&merged)})
		}
		ids[i] = old.element
		w.fresh[key] = nodeEntry{old.element, merged.Kind, merged.Type}
	}
	for _, k := range graph.Kinds {
		if err := runAll(w, cypherCreateNodes(k), "rows", fresh[k.Kind], nil, func(row []any) error {
			key := row[0].(string)
			i := index[key]
			ids[i] = row[1].(string)
			w.fresh[key] = nodeEntry{ids[i], k.Kind, b.Nodes[i].Type}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if err := runAll(w, cypherUpdateNodes, "rows", updates, nil, nil); err != nil {
		return nil, err
	}
	for swap, keys := range relabel {
		if err := runAll(w, cypherRelabel(graph.Kinds[swap[0]-1], graph.Kinds[swap[1]-1]), "keys", keys, nil, nil); err != nil {
			return nil, err
		}
	}
	return ids, runAll(w, cypherAliases, "rows", aliases, nil, nil)
}

// says reports whether n adds nothing to kind and type.
func (e nodeEntry) says(n *graph.Node) bool {
	m := graph.Node{Kind: e.kind, Type: e.typ}.Merge(graph.Node{Kind: n.Kind, Type: n.Type})
	return m.Kind == e.kind && m.Type == e.typ
}

// ownProps are properties with a meaning of their own; an attribute of such a
// name stands in attrs alone.
var ownProps = []string{"id", "longId", "type", "attrs", "tokens"}

// nodeProps are a node's properties: the attributes for people, and attrs with
// all there is to them.
func (w *writer) nodeProps(n *graph.Node) map[string]any {
	p := map[string]any{"type": text(n.Type), "attrs": encodeAttrs(n.Attrs), "tokens": w.s.keys.searchText(n)}
	if whole := w.s.keys.whole(n.ID); len(whole) > maxKey {
		p["longId"] = whole
	}
	for _, a := range n.Attrs {
		name := text(a.Name)
		if slices.Contains(ownProps, name) {
			continue
		}
		if !graph.SetAttr(a.Name) {
			p[name] = text(a.Value)
			continue
		}
		list, _ := p[name].([]string)
		p[name] = append(list, text(a.Value))
	}
	return p
}

// decodeNode reads labels, type and attrs; the ID is left empty.
func decodeNode(labels, typ, attrs any) (n graph.Node, err error) {
	for _, l := range labels.([]any) {
		if k := kindOf(l.(string)); k != 0 {
			n.Kind = k
		}
	}
	s, _ := typ.(string)
	n.Type = plain(s)
	b, _ := attrs.([]byte)
	n.Attrs, err = decodeAttrs(b)
	return n, err
}

// kindOf is the kind with a label, zero where there is none.
func kindOf(label string) graph.Kind {
	for _, row := range graph.Kinds {
		if row.Label == label {
			return row.Kind
		}
	}
	return 0
}
