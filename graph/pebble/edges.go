package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// Edges implements graph.Store. It never reads more than the blocks of the
// frontier in the window's hours; a nil frontier reads the window's days.
func (s *Store) Edges(ctx context.Context, frontier []graph.ID, dir graph.Direction, f graph.Filter) iter.Seq2[graph.Edge, error] {
	return func(yield func(graph.Edge, error) bool) {
		r := &reader{s: s, ctx: ctx, f: f, yield: yield, in: dir == graph.In && frontier != nil}
		r.stream(frontier)
	}
}

// Callers implements graph.Callers: of each caller and day it reads blocks until
// one has a call that passes.
func (s *Store) Callers(ctx context.Context, w graph.Window, asOf uint64) iter.Seq2[graph.ID, error] {
	return func(yield func(graph.ID, error) bool) {
		r := &reader{s: s, ctx: ctx, f: graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, AsOf: asOf}, callers: true,
			yield: func(e graph.Edge, err error) bool { return yield(e.From, err) }}
		r.stream(nil)
	}
}

// reader answers one call of Edges, on one view of the store.
type reader struct {
	s     *Store
	ctx   context.Context
	f     graph.Filter
	yield func(graph.Edge, error) bool
	in    bool
	// callers says that of each edge only From is wanted, once a day; caller
	// was yielded last.
	callers bool
	caller  uint32
	it      *pebble.Iterator
	join    *pebble.Iterator // on the same view, made when first needed
	st      *state

	kinds, outcomes, effects uint32     // bits by number
	from, to                 graph.Time // the window, cut at the floor
	first, last              graph.Hour // its hours
	events, standing         bool       // whether such edges are wanted
	want                     []uint64   // hashes of the wanted evidence
	wanted                   map[string]bool
	key                      []byte
	steps                    int
	calls                    []uint64
	text, packed             []byte
	view                     blockView
	twin                     blockView // of a block keyed by From
}

// endOfTime is behind all times that a store holds.
const endOfTime = graph.Time(1<<31-1) * graph.Time(graph.HourMillis)

// stream yields everything, and the error that ended it.
func (r *reader) stream(frontier []graph.ID) {
	err := r.run(frontier)
	if r.it != nil {
		if e := r.close(); err == nil && e != nil {
			err = readError("read edges", e)
		}
	}
	if err != nil && err != errStop {
		r.yield(graph.Edge{}, err)
	}
}

func (r *reader) run(frontier []graph.ID) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if frontier != nil && len(frontier) == 0 {
		return nil
	}
	r.s.mu.RLock()
	it, err := r.s.db.NewIter(&pebble.IterOptions{UseL6Filters: true})
	r.st = r.s.state.Load()
	r.s.mu.RUnlock()
	if err != nil {
		return readError("read edges", err)
	}
	r.it = it
	r.compile()
	var nodes []*nodeEntry
	for _, id := range frontier {
		e, err := r.s.node(id)
		if err != nil {
			return err
		}
		if e != nil {
			nodes = append(nodes, e)
		}
	}
	if len(nodes) > 1 {
		slices.SortFunc(nodes, func(a, b *nodeEntry) int { return int(int64(a.number) - int64(b.number)) })
		nodes = slices.CompactFunc(nodes, func(a, b *nodeEntry) bool { return a.number == b.number })
	}
	if r.events {
		switch {
		case frontier != nil:
			err = r.atNodes(nodes)
		case len(r.f.Evidence) > 0:
			err = r.byEvidence()
		default:
			err = r.wholeWindow()
		}
	}
	if err == nil && r.standing {
		err = r.standingEdges(frontier == nil, nodes)
	}
	return err
}

func (r *reader) close() error {
	var err error
	if r.join != nil {
		err = r.join.Close()
	}
	if e := r.it.Close(); err == nil {
		err = e
	}
	return err
}

// compile prepares the filter.
func (r *reader) compile() {
	r.kinds, r.outcomes, r.effects = ^uint32(0), ^uint32(0), ^uint32(0)
	if len(r.f.Kinds) > 0 {
		r.kinds = 0
		for _, k := range r.f.Kinds {
			r.kinds |= 1 << (k & 31)
		}
	}
	if len(r.f.Outcomes) > 0 {
		r.outcomes = 0
		for _, o := range r.f.Outcomes {
			r.outcomes |= 1 << (o & 31)
		}
	}
	if len(r.f.Effects) > 0 {
		r.effects = 0
		for _, e := range r.f.Effects {
			r.effects |= 1 << (e & 31)
		}
	}
	for _, row := range graph.EdgeKinds {
		if r.kinds&(1<<row.Kind) != 0 {
			r.standing = r.standing || row.Standing && len(r.f.Evidence) == 0
			r.events = r.events || r.st.kinds&(1<<row.Kind) != 0
		}
	}
	r.from, r.to = max(r.f.Window.From, r.st.floor, 0), r.f.Window.To
	if r.to == 0 || r.to > endOfTime {
		r.to = endOfTime
	}
	if r.from >= r.to {
		r.events = false
		return
	}
	r.first, r.last = r.from.Hour(), (r.to - 1).Hour()
	if len(r.f.Evidence) > 0 {
		r.wanted = make(map[string]bool, len(r.f.Evidence))
	}
	for _, ev := range r.f.Evidence {
		r.want = append(r.want, hashID(ev))
		r.wanted[ev] = true
	}
}

// step is called now and then, to end the stream when its context has ended.
func (r *reader) step() error {
	if r.steps++; r.steps%64 == 0 {
		return r.ctx.Err()
	}
	return nil
}

func (r *reader) atNodes(nodes []*nodeEntry) error {
	tag := byte(tagOut)
	if r.in {
		tag = tagIn
	}
	firstDay, lastDay := dayOf(r.first), dayOf(r.last)
	for _, day := range r.st.daysWithin(firstDay, lastDay) {
		low, high := uint8(0), uint8(23)
		if day == firstDay {
			low = hourOfDay(r.first)
		}
		if day == lastDay {
			high = hourOfDay(r.last)
		}
		for _, n := range nodes {
			if day < n.first || day > n.last {
				continue
			}
			if err := r.step(); err != nil {
				return err
			}
			r.key = appendBlockKey(r.key[:0], tag, day, n.number, low)
			for ok := r.it.SeekPrefixGE(r.key); ok; ok = r.it.Next() {
				k := r.it.Key()
				if k[blockPrefix] > high {
					break
				}
				v, err := r.it.ValueAndErr()
				if err != nil {
					return readError("read edges", err)
				}
				if err := r.block(v, n.id, n.number, day, k[blockPrefix]); err != nil {
					return err
				}
			}
			if err := r.it.Error(); err != nil {
				return readError("read edges", err)
			}
		}
	}
	return nil
}

func (r *reader) wholeWindow() error {
	firstDay, lastDay := dayOf(r.first), dayOf(r.last)
	for ok := r.it.SeekGE(numberKey(nil, tagOut, firstDay)); ok; ok = r.it.Next() {
		k := r.it.Key()
		if k[0] != tagOut {
			break
		}
		day, node, hod := blockKey(k)
		if day > lastDay {
			break
		}
		if err := r.step(); err != nil {
			return err
		}
		if h := hourAt(day, hod); h < r.first || h > r.last || r.callers && node == r.caller {
			continue
		}
		id, err := r.s.id(node)
		if err != nil {
			return err
		}
		v, err := r.it.ValueAndErr()
		if err != nil {
			return readError("read edges", err)
		}
		if err := r.block(v, id, node, day, hod); err != nil {
			return err
		}
	}
	if err := r.it.Error(); err != nil {
		return readError("read edges", err)
	}
	return nil
}

// byEvidence looks the wanted evidence up in its index.
func (r *reader) byEvidence() error {
	type place struct {
		day  uint32
		node uint64
	}
	var places []place
	buckets := map[uint8]map[uint16]bool{} // the wanted rests by bucket: each is read once
	for _, h := range r.want {
		b := uint8(h >> restBits)
		if buckets[b] == nil {
			buckets[b] = map[uint16]bool{}
		}
		buckets[b][uint16(h)] = true
	}
	for _, day := range r.st.daysWithin(dayOf(r.first), dayOf(r.last)) {
		for bucket, rests := range buckets {
			if err := r.step(); err != nil {
				return err
			}
			r.key = appendEvidenceKey(r.key[:0], day, bucket)
			if !r.it.SeekPrefixGE(r.key) {
				continue
			}
			v, err := r.it.ValueAndErr()
			if err != nil {
				return readError("read evidence index", err)
			}
			var hit evidenceHit
			for len(v) > 0 {
				n := hit.next(v)
				if n == 0 {
					return corrupt(r.key, errCorrupt)
				}
				v = v[n:]
				if rests[hit.rest] {
					places = append(places, place{day, hit.place})
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.day != b.day {
			return int(int64(a.day) - int64(b.day))
		}
		if a.node < b.node {
			return -1
		}
		return 1
	})
	for _, p := range slices.Compact(places) {
		node, hod := uint32(p.node>>5), uint8(p.node&31)
		if h := hourAt(p.day, hod); h < r.first || h > r.last {
			continue
		}
		id, err := r.s.id(node)
		if err != nil {
			return err
		}
		r.key = appendBlockKey(r.key[:0], tagOut, p.day, node, hod)
		if !r.it.SeekPrefixGE(r.key) || !bytes.Equal(r.it.Key(), r.key) {
			continue // pruned since
		}
		v, err := r.it.ValueAndErr()
		if err != nil {
			return readError("read edges", err)
		}
		if err := r.block(v, id, node, p.day, hod); err != nil {
			return err
		}
	}
	if err := r.it.Error(); err != nil {
		return readError("read edges", err)
	}
	return nil
}

// block yields the matching edges of a block.
func (r *reader) block(b []byte, id graph.ID, node, day uint32, hod uint8) error {
	hour := hourAt(day, hod)
	start := hour.Start()
	low := uint32(max(0, r.from-start))
	high := uint32(min(graph.Time(graph.HourMillis), r.to-start))
	broken := func(err error) error {
		tag := byte(tagOut)
		if r.in {
			tag = tagIn
		}
		return corrupt(appendBlockKey(nil, tag, day, node, hod), err)
	}
	if err := r.view.parse(b, r.in); err != nil {
		return broken(err)
	}
	twins := r.in && (r.f.Detail == graph.Evidence || len(r.f.Evidence) > 0)
	twinOf := uint32(0) // whose block r.twin is
	var e edgeView
	for {
		ok, err := r.view.next(&e)
		if err != nil || ok && int(e.shape) >= len(r.st.shapes) {
			return broken(errCorrupt)
		}
		if !ok {
			return nil
		}
		x := &r.st.shapes[e.shape]
		if r.kinds&(1<<x.kind) == 0 {
			continue
		}
		label := &r.st.labels[x.label]
		if x.kind == graph.Called && (r.outcomes&(1<<(x.outcome&31)) == 0 || r.effects&(1<<(label.Effect&31)) == 0) {
			continue
		}
		view, own, other := &r.view, &e, e.other
		if twins {
			var twin edgeView
			if twinOf != other {
				b, err := r.outBlock(day, other, hod)
				if err != nil {
					return err
				}
				if err := r.twin.parse(b, false); err != nil {
					return corrupt(appendBlockKey(nil, tagOut, day, other, hod), err)
				}
				twinOf = other
			}
			if err := r.twin.find(edgeHead{node, e.shape, e.agent}, &twin); err != nil {
				return corrupt(appendBlockKey(nil, tagOut, day, other, hod), err)
			}
			view, own = &r.twin, &twin
		}
		edge := graph.Edge{Kind: x.kind, Label: *label, Outcome: x.outcome, Hour: hour}
		if ok, err := r.observations(&edge, view, own, start, low, high); err != nil {
			return broken(err)
		} else if !ok {
			continue
		}
		if r.callers {
			if r.caller = node; !r.yield(graph.Edge{From: id}, nil) {
				return errStop
			}
			return nil
		}
		end, err := r.s.id(other)
		if err != nil {
			return err
		}
		edge.From, edge.To = id, end
		if r.in {
			edge.From, edge.To = end, id
		}
		if e.agent|x.client|x.service != 0 {
			if edge.Via, err = r.via(e.agent, x); err != nil {
				return err
			}
		}
		if !r.yield(edge, nil) {
			return errStop
		}
		if err := r.step(); err != nil {
			return err
		}
	}
}

func (r *reader) via(agent uint32, x *shape) (v graph.Via, err error) {
	if v.Agent, err = r.s.id(agent); err != nil {
		return v, err
	}
	if v.Client, err = r.s.id(x.client); err != nil {
		return v, err
	}
	v.Service, err = r.s.id(x.service)
	return v, err
}

// outBlock reads a block keyed by From; it is valid until the next one is.
func (r *reader) outBlock(day, node uint32, hod uint8) ([]byte, error) {
	if r.join == nil {
		it, err := r.it.Clone(pebble.CloneOptions{})
		if err != nil {
			return nil, readError("read edges", err)
		}
		r.join = it
	}
	r.key = appendBlockKey(r.key[:0], tagOut, day, node, hod)
	if !r.join.SeekPrefixGE(r.key) || !bytes.Equal(r.join.Key(), r.key) {
		if err := r.join.Error(); err != nil {
			return nil, readError("read edges", err)
		}
		return nil, corrupt(r.key, errCorrupt)
	}
	return r.join.ValueAndErr()
}

// number reads the number that a key ends with.
func number(k []byte) uint32 { return binary.BigEndian.Uint32(k[len(k)-4:]) }
