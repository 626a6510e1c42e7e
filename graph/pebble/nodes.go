package pebble

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// Nodes implements graph.Store. Only the zero selector's fields for ids and
// search read all nodes.
func (s *Store) Nodes(ctx context.Context, sel graph.Selector) iter.Seq2[graph.Node, error] {
	return func(yield func(graph.Node, error) bool) {
		if err := s.selectNodes(ctx, sel, yield); err != nil && err != errStop {
			yield(graph.Node{}, err)
		}
	}
}

func (s *Store) selectNodes(ctx context.Context, sel graph.Selector, yield func(graph.Node, error) bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	want := graph.Tokens(sel.Search)
	snap := s.db.NewSnapshot()
	defer snap.Close()
	sent := 0
	// offer yields the node if it matches; a nil record is no node.
	offer := func(id graph.ID, v []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := parseNode(v)
		if err != nil {
			return corrupt(stringKey(nil, tagNode, string(id)), err)
		}
		n := r.node
		n.ID = id
		if len(sel.Kinds) > 0 && !slices.Contains(sel.Kinds, n.Kind) || len(want) > 0 && !graph.MatchTokens(n.Tokens(), want) {
			return nil
		}
		if !yield(n, nil) {
			return errStop
		}
		if sent++; sel.Limit > 0 && sent == sel.Limit {
			return errStop
		}
		return nil
	}
	if len(sel.IDs) == 0 && len(want) == 0 {
		low := stringKey(nil, tagNode, string(sel.After))
		if sel.After != "" {
			low = append(low, 0)
		}
		return scanView(snap, low, []byte{tagNode + 1}, func(k, v []byte) error { return offer(graph.ID(k[1:]), v) })
	}
	var ids []graph.ID
	var err error
	if len(sel.IDs) > 0 {
		ids, err = s.byAlias(snap, sel.IDs)
	} else {
		ids, err = s.search(snap, want)
	}
	if err != nil {
		return err
	}
	slices.Sort(ids)
	it, err := snap.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return readError("read nodes", err)
	}
	var key []byte
	for _, id := range slices.Compact(ids) {
		if sel.After != "" && id <= sel.After {
			continue
		}
		key = stringKey(key[:0], tagNode, string(id))
		if !it.SeekPrefixGE(key) {
			if err = it.Error(); err != nil {
				err = readError("read node "+string(id), err)
				break
			}
			continue
		}
		var v []byte
		if v, err = it.ValueAndErr(); err != nil {
			err = readError("read node "+string(id), err)
			break
		}
		if err = offer(id, v); err != nil {
			break
		}
	}
	if e := it.Close(); err == nil && e != nil {
		err = readError("read nodes", e)
	}
	return err
}

// byAlias are the ids, and those of nodes that carry one as alias.
func (s *Store) byAlias(view pebble.Reader, ids []graph.ID) ([]graph.ID, error) {
	it, err := view.NewIter(&pebble.IterOptions{LowerBound: []byte{tagAlias}, UpperBound: []byte{tagAlias + 1}})
	if err != nil {
		return nil, readError("read aliases", err)
	}
	out := slices.Clone(ids)
	var prefix []byte
	for _, alias := range slices.Sorted(slices.Values(ids)) {
		prefix = append(stringKey(prefix[:0], tagAlias, string(alias)), 0)
		for ok := it.SeekGE(prefix); ok && bytes.HasPrefix(it.Key(), prefix); ok = it.Next() {
			if len(it.Key()) != len(prefix)+4 {
				continue // a longer alias with a zero byte in it
			}
			id, err := s.id(number(it.Key()))
			if err != nil {
				return nil, errors.Join(err, it.Close())
			}
			out = append(out, id)
		}
	}
	if err := it.Close(); err != nil {
		return nil, readError("read aliases", err)
	}
	return out, nil
}

// fewNodes is how many candidates are read and compared rather than narrowed
// by further tokens of the search index.
const fewNodes = 4096

// search are the ids of nodes that may match all wanted tokens.
func (s *Store) search(view pebble.Reader, want []string) ([]graph.ID, error) {
	want = slices.Clone(want)
	slices.SortStableFunc(want, func(a, b string) int { return len(b) - len(a) }) // the longest is likely the rarest
	var found []uint32
	for i, w := range want {
		if i > 0 && len(found) <= fewNodes {
			break
		}
		var nodes []uint32
		prefix := stringKey(nil, tagToken, w)
		err := scanView(view, prefix, upper(prefix), func(k, v []byte) error {
			if len(v)%2 != 0 {
				return errCorrupt
			}
			block := number(k) << tokenBits
			for ; len(v) > 0; v = v[2:] {
				nodes = append(nodes, block|uint32(v[0])<<8|uint32(v[1]))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(nodes)
		nodes = slices.Compact(nodes)
		if i > 0 {
			nodes = slices.DeleteFunc(nodes, func(n uint32) bool {
				_, ok := slices.BinarySearch(found, n)
				return !ok
			})
		}
		found = nodes
	}
	ids := make([]graph.ID, 0, len(found))
	for _, n := range found {
		id, err := s.id(n)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// scanView calls each for the keys in [low, high); the slices are valid for the
// call.
func scanView(view pebble.Reader, low, high []byte, each func(k, v []byte) error) error {
	it, err := view.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: high})
	if err != nil {
		return readError("read store", err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var v []byte
		if v, err = it.ValueAndErr(); err == nil {
			err = each(it.Key(), v)
		}
	}
	if e := it.Close(); err == nil && e != nil {
		err = readError("read store", e)
	}
	return err
}

// cloneID is an id that does not hold on to a batch's memory.
func cloneID(id graph.ID) graph.ID { return graph.ID(strings.Clone(string(id))) }
