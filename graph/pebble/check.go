package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// Report is the outcome of Check.
type Report struct {
	Nodes, Edges, Observations uint64
	// Problems found, the first hundred, in words.
	Problems []string
	// More problems were found than are listed.
	More int
}

// OK reports whether nothing was found.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) problem(format string, args ...any) {
	if len(r.Problems) == 100 {
		r.More++
		return
	}
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Check reads the whole store, which verifies the checksum of every block, and
// computes anew what must agree: every event edge has its twin by target with
// the same observations, and no twin stands alone; so for standing edges; every
// observation is in the evidence index; every number stands for a node or a
// label; every node has its number and its search entries. The error says that
// checking was not possible, or where it stopped.
func (s *Store) Check(ctx context.Context) (Report, error) {
	s.mu.RLock()
	view, st := s.db.NewSnapshot(), s.state.Load()
	s.mu.RUnlock()
	defer view.Close()
	c := &checker{view: view, st: st}
	for _, part := range []func(context.Context) error{c.nodes, c.events, c.standing, c.rest} {
		if err := part(ctx); err != nil {
			return c.report, readError("check store", err)
		}
	}
	return c.report, nil
}

type checker struct {
	view   *pebble.Snapshot
	st     *state
	report Report

	day     uint32 // of the buckets
	buckets [1 << bucketBits]bucketHits
}

// has reports whether the key is there, and its value.
func (c *checker) has(key []byte) ([]byte, bool, error) {
	v, closer, err := c.view.Get(key)
	if err == pebble.ErrNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return bytes.Clone(v), true, closer.Close()
}

func (c *checker) nodes(ctx context.Context) error {
	err := scanView(c.view, []byte{tagNode}, []byte{tagNode + 1}, func(k, v []byte) error {
		c.report.Nodes++
		r, err := parseNode(v)
		if err != nil {
			return corrupt(k, err)
		}
		id, ok, err := c.has(numberKey(nil, tagNumber, r.number))
		if err == nil && (!ok || string(id) != string(k[1:])) {
			c.report.problem("node %s has number %d, which is that of %q", k[1:], r.number, id)
		}
		n := r.node
		n.ID = graph.ID(k[1:])
		for _, t := range n.Tokens() {
			v, _, e := c.has(tokenKey(t, r.number>>tokenBits))
			if e != nil {
				return e
			}
			low := binary.BigEndian.AppendUint16(nil, uint16(r.number&(1<<tokenBits-1)))
			if !posted(v, low) {
				c.report.problem("node %s is not found by %q", n.ID, t)
			}
		}
		for _, a := range n.Attrs.Values(graph.AttrAlias) {
			if _, ok, e := c.has(aliasKey(a, r.number)); e != nil {
				return e
			} else if !ok {
				c.report.problem("node %s is not found by its alias %q", n.ID, a)
			}
		}
		if err == nil {
			err = ctx.Err()
		}
		return err
	})
	if n := uint64(c.st.nextNode - 1); err == nil && n != c.report.Nodes {
		c.report.problem("there are %d nodes and %d numbers", c.report.Nodes, n)
	}
	return err
}

// posted reports whether a posting list holds a number.
func posted(list, low []byte) bool {
	for ; len(list) >= 2; list = list[2:] {
		if bytes.Equal(list[:2], low) {
			return true
		}
	}
	return false
}

// known checks the numbers of an edge.
func (c *checker) known(k []byte, label uint32, nodes ...uint32) {
	for _, n := range nodes {
		if n >= c.st.nextNode {
			c.report.problem("an edge at %x refers to node %d of %d", k, n, c.st.nextNode-1)
		}
	}
	if int(label) >= len(c.st.labels) {
		c.report.problem("an edge at %x refers to label %d of %d", k, label, len(c.st.labels))
	}
}

func (c *checker) events(ctx context.Context) error {
	floor := c.st.floor
	var twin blockView
	err := eachEdge(ctx, c.view, tagOut, floor, func(k []byte, v *blockView, e *edgeView) error {
		c.report.Edges++
		if int(e.shape) >= len(c.st.shapes) {
			c.report.problem("an edge at %x refers to shape %d of %d", k, e.shape, len(c.st.shapes))
			return nil
		}
		x := c.st.shapes[e.shape]
		c.known(k, x.label, e.other, e.agent, x.client, x.service)
		day, node, hod := blockKey(k)
		if err := v.details(); err != nil {
			return corrupt(k, err)
		}
		other := appendBlockKey(nil, tagIn, day, e.other, hod)
		block, ok, err := c.has(other)
		if err != nil {
			return err
		}
		var in edgeView
		if !ok || twin.parse(block, true) != nil || twin.find(edgeHead{node, e.shape, e.agent}, &in) != nil {
			c.report.problem("an edge at %x has no twin at %x", k, other)
			return nil
		}
		if err := twin.details(); err != nil {
			return corrupt(other, err)
		}
		return c.sights(k, v, e, &twin, &in, uint32(max(0, floor-hourAt(day, hod).Start())))
	})
	if err != nil {
		return err
	}
	twins := uint64(0)
	err = eachEdge(ctx, c.view, tagIn, floor, func([]byte, *blockView, *edgeView) error { twins++; return nil })
	if err == nil && twins != c.report.Edges {
		c.report.problem("there are %d event edges by source and %d by target", c.report.Edges, twins)
	}
	return err
}

// sights compares the observations of twins from cut on, and looks them up in
// the index.
func (c *checker) sights(k []byte, v *blockView, e *edgeView, twin *blockView, in *edgeView, cut uint32) error {
	type light struct {
		ms  uint32
		seq uint64
		key uint64
	}
	day, node, hod := blockKey(k)
	have := map[light]int{}
	cursor := in.cursor()
	for i, ok := cursor.next(); ok; i, ok = cursor.next() {
		if twin.times[i] >= cut {
			have[light{twin.times[i], twin.seqs[i], twin.key(i)}]++
		}
	}
	cursor = e.cursor()
	for i, ok := cursor.next(); ok; i, ok = cursor.next() {
		if v.times[i] < cut {
			continue
		}
		c.report.Observations++
		text := string(appendEvidenceText(nil, v.appendEvidence(nil, i), c.st.suffixes))
		l := light{v.times[i], v.seqs[i], graph.CallKeyOf(text)}
		if have[l] == 0 {
			c.report.problem("observation %s at %x is not in the twin", text, k)
		} else if have[l]--; have[l] == 0 {
			delete(have, l)
		}
		if ok, err := c.indexed(day, uint64(node)<<5|uint64(hod), hashID(text)); err != nil {
			return err
		} else if !ok {
			c.report.problem("observation %s at %x is not in the evidence index", text, k)
		}
	}
	if len(have) > 0 {
		c.report.problem("the twin of an edge at %x has %d observations more", k, len(have))
	}
	return nil
}

// bucketHits is a key of the evidence index, read as the places of a day are
// come by.
type bucketHits struct {
	read bool
	rest []byte      // behind next
	next evidenceHit // not before the place come by last
	n    int         // length of next, zero at the end
}

// indexed reports whether the evidence index has the hash at the place. Places
// must be asked for in the order in which event edges lie by From.
func (c *checker) indexed(day uint32, place, hash uint64) (bool, error) {
	if day != c.day {
		c.day, c.buckets = day, [1 << bucketBits]bucketHits{}
	}
	b := &c.buckets[uint8(hash>>restBits)]
	if !b.read {
		v, _, err := c.has(appendEvidenceKey(nil, day, uint8(hash>>restBits)))
		if err != nil {
			return false, err
		}
		b.read, b.n = true, b.next.next(v)
		b.rest = v[b.n:]
	}
	for b.n > 0 && b.next.place < place {
		b.n = b.next.next(b.rest)
		b.rest = b.rest[b.n:]
	}
	h, rest := b.next, b.rest
	for n := b.n; n > 0 && h.place == place; {
		if h.rest == uint16(hash) {
			return true, nil
		}
		n = h.next(rest)
		rest = rest[n:]
	}
	return false, nil
}

func (c *checker) standing(ctx context.Context) error {
	twins := [2]uint64{}
	for i, tags := range [][2]byte{{tagStanding, tagStandingIn}, {tagStandingIn, tagStanding}} {
		err := scanView(c.view, tags[:1], []byte{tags[0] + 1}, func(k, v []byte) error {
			twins[i]++
			if _, err := parseStanding(v); err != nil {
				return corrupt(k, err)
			}
			node, kind, other, label := standingKey(k)
			c.known(k, label, other)
			twin, _, err := c.has(appendStandingKey(nil, tags[1], other, kind, node, label))
			if err == nil && !bytes.Equal(v, twin) {
				c.report.problem("the standing edge at %x differs from its twin", k)
			}
			if err == nil {
				err = ctx.Err()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	c.report.Edges += twins[0]
	return nil
}

// rest reads what was not read yet, for its checksums, and the ledger.
func (c *checker) rest(ctx context.Context) error {
	next := uint64(1)
	err := scanView(c.view, []byte{tagLedger}, []byte{tagLedger + 1}, func(k, v []byte) error {
		if seq := binary.BigEndian.Uint64(k[1:]); seq != next {
			c.report.problem("ledger entry %d follows %d", seq, next-1)
		}
		next++
		_, err := parseSource(v)
		return err
	})
	if err == nil && next-1 != c.st.watermark {
		c.report.problem("the ledger has %d entries, the watermark is %d", next-1, c.st.watermark)
	}
	if err != nil {
		return err
	}
	return scanView(c.view, []byte{0}, []byte{0xff}, func(_, _ []byte) error { return ctx.Err() })
}
