package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// Edges implements graph.Store. It never reads more than the blocks of the
// frontier in the window's hours; a nil frontier reads the window's days.
func (s *Store) Edges(ctx context.Context, frontier []graph.ID, dir graph.Direction, f graph.Filter) iter.Seq2[graph.Edge, error] {
	return func(yield func(graph.Edge, error) bool) {
		r := &reader{s: s, ctx: ctx, f: f, yield: yield, in: dir == graph.In && frontier != nil}
		err := r.run(frontier)
		if r.it != nil {
			if e := r.close(); err == nil && e != nil {
				err = readError("read edges", e)
			}
		}
		if err != nil && err != errStop {
			yield(graph.Edge{}, err)
		}
	}
}

// reader answers one call of Edges, on one view of the store.
type reader struct {
	s     *Store
	ctx   context.Context
	f     graph.Filter
	yield func(graph.Edge, error) bool
	in    bool
	it    *pebble.Iterator
	join  *pebble.Iterator // on the same view, made when first needed
	st    *state

	kinds, outcomes, effects uint32     // bits by number
	from, to                 graph.Time // the window, cut at the floor
	first, last              graph.Hour // its hours
	events, standing         bool       // whether such edges are wanted
	want                     []uint64   // hashes of the wanted evidence
	key                      []byte
	steps                    int
	calls                    []uint64
	text                     []byte
}

// endOfTime is behind all times that a store holds.
const endOfTime = graph.Time(1<<31-1) * graph.Time(graph.HourMillis)

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
			r.events = r.events || !row.Standing || row.Kind == graph.ActsFor
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
	for _, ev := range r.f.Evidence {
		r.want = append(r.want, hashID(ev))
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
		if h := hourAt(day, hod); h < r.first || h > r.last {
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
	for _, day := range r.st.daysWithin(dayOf(r.first), dayOf(r.last)) {
		for _, h := range r.want {
			if err := r.step(); err != nil {
				return err
			}
			r.key = appendEvidenceKey(r.key[:0], day, uint16(h>>restBits))
			if !r.it.SeekPrefixGE(r.key) {
				continue
			}
			v, err := r.it.ValueAndErr()
			if err != nil {
				return readError("read evidence index", err)
			}
			for len(v) > 0 {
				hit, n := nextHit(v)
				if n == 0 {
					return corrupt(r.key, errCorrupt)
				}
				v = v[n:]
				if hit.rest == uint32(h) {
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
func (r *reader) block(v []byte, id graph.ID, node, day uint32, hod uint8) error {
	hour := hourAt(day, hod)
	start := hour.Start()
	low := uint32(max(0, r.from-start))
	high := uint32(min(graph.Time(graph.HourMillis), r.to-start))
	twins := r.in && (r.f.Detail == graph.Evidence || len(r.f.Evidence) > 0)
	var twin []byte // the block keyed by From that was read last
	twinOf := uint32(0)
	var e edgeView
	for len(v) > 0 {
		var err error
		if v, err = nextEdge(v, &e); err != nil {
			return corrupt(appendBlockKey(nil, tagOut, day, node, hod), err)
		}
		if r.kinds&(1<<e.kind) == 0 {
			continue
		}
		if int(e.label) >= len(r.st.labels) {
			return corrupt(appendBlockKey(nil, tagOut, day, node, hod), errCorrupt)
		}
		label := &r.st.labels[e.label]
		if e.kind == graph.Called && (r.outcomes&(1<<(e.outcome&31)) == 0 || r.effects&(1<<(label.Effect&31)) == 0) {
			continue
		}
		light := r.in
		if twins {
			if twinOf != e.other {
				if twin, err = r.outBlock(day, e.other, hod); err != nil {
					return err
				}
				twinOf = e.other
			}
			if err := findTwin(twin, node, &e); err != nil {
				return corrupt(appendBlockKey(nil, tagOut, day, e.other, hod), err)
			}
			light = false
		}
		edge := graph.Edge{Kind: e.kind, Label: *label, Outcome: e.outcome, Hour: hour}
		if ok, err := r.observations(&edge, e.body, light, start, low, high); err != nil {
			return corrupt(appendBlockKey(nil, tagOut, day, node, hod), err)
		} else if !ok {
			continue
		}
		other, err := r.s.id(e.other)
		if err != nil {
			return err
		}
		edge.From, edge.To = id, other
		if r.in {
			edge.From, edge.To = other, id
		}
		if e.agent|e.client|e.service != 0 {
			if edge.Via, err = r.via(&e); err != nil {
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
	return nil
}

func (r *reader) via(e *edgeView) (v graph.Via, err error) {
	if v.Agent, err = r.s.id(e.agent); err != nil {
		return v, err
	}
	if v.Client, err = r.s.id(e.client); err != nil {
		return v, err
	}
	v.Service, err = r.s.id(e.service)
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

// findTwin points e.body to the whole observations of the edge.
func findTwin(block []byte, to uint32, e *edgeView) error {
	var x edgeView
	for len(block) > 0 {
		var err error
		if block, err = nextEdge(block, &x); err != nil {
			return err
		}
		if x.other == to && x.kind == e.kind && x.outcome == e.outcome && x.label == e.label && x.agent == e.agent && x.client == e.client && x.service == e.service {
			e.body = x.body
			return nil
		}
	}
	return errCorrupt
}

// observations fills the edge with those that pass, between low and high
// milliseconds of its hour; false where none does.
func (r *reader) observations(edge *graph.Edge, b []byte, light bool, start graph.Time, low, high uint32) (bool, error) {
	v, err := parseBody(b, light)
	if err != nil {
		return false, err
	}
	first, last := v.first*v.unit, v.last*v.unit
	if last < low || first >= high {
		return false, nil
	}
	corrected := len(r.st.superseded.text) > 0
	if r.f.Detail == graph.Summary && low <= first && last < high && r.f.AsOf == 0 && !corrected && !v.repeats && len(r.want) == 0 {
		edge.Calls, edge.First, edge.Last = v.n, start+graph.Time(first), start+graph.Time(last)
		return true, nil
	}
	if r.f.Detail != graph.Summary {
		edge.Observations = make([]graph.Observation, 0, v.n)
	}
	r.calls = r.calls[:0]
	n := 0
	c := v.cursor()
	var s sight
	for c.next(&s) {
		if s.ms < low {
			continue
		}
		if s.ms >= high {
			break
		}
		if r.f.AsOf != 0 && s.seq > r.f.AsOf || corrected && r.hidden(&s, light) || len(r.want) > 0 && !r.evident(&s) {
			continue
		}
		at := start + graph.Time(s.ms)
		if n == 0 {
			edge.First = at
		}
		edge.Last = at
		n++
		if r.f.Detail == graph.Summary && !v.repeats {
			continue
		}
		o := graph.Observation{At: at}
		if r.f.Detail == graph.Evidence {
			r.text = appendEvidenceText(r.text[:0], s.ev, r.st.suffixes)
			o.Evidence, o.Source = string(r.text), graph.Ref{Seq: s.seq, Record: s.record}
			if len(s.call) > 0 {
				o.Call = callText(s.call)
			}
		}
		o.CallKey = r.callKey(&s, light)
		if v.repeats {
			r.calls = append(r.calls, o.CallKey)
		}
		if r.f.Detail != graph.Summary {
			edge.Observations = append(edge.Observations, o)
		}
	}
	if c.bad {
		return false, errCorrupt
	}
	edge.Calls = n
	if v.repeats {
		slices.Sort(r.calls)
		edge.Calls = len(slices.Compact(r.calls))
	}
	if r.f.Detail == graph.Evidence && !slices.IsSortedFunc(edge.Observations, graph.CompareObservation) {
		slices.SortFunc(edge.Observations, graph.CompareObservation) // packed order differs inside a millisecond
	}
	return n > 0, nil
}

func (r *reader) callKey(s *sight, light bool) uint64 {
	if len(s.call) > 0 {
		return graph.CallKeyOf(callText(s.call))
	}
	if light {
		return keyOf(s.ev)
	}
	r.text = appendEvidenceText(r.text[:0], s.ev, r.st.suffixes)
	return callKeyOf(r.text)
}

func (r *reader) hidden(s *sight, light bool) bool {
	if light {
		seq, ok := r.st.superseded.byKey[keyOf(s.ev)]
		return hides(seq, ok, r.f.AsOf)
	}
	seq, ok := r.st.superseded.by[string(s.ev)]
	return hides(seq, ok, r.f.AsOf)
}

// evident reports whether the sight, a whole one, has wanted evidence.
func (r *reader) evident(s *sight) bool {
	h := uint64(0)
	if s.ev[0]&3 == formUUID {
		h = hashUUID(s.ev[len(s.ev)-16:])
		if !slices.Contains(r.want, h) {
			return false
		}
	}
	r.text = appendEvidenceText(r.text[:0], s.ev, r.st.suffixes)
	ev := string(r.text)
	return slices.ContainsFunc(r.f.Evidence, func(w string) bool { return ev == w || strings.HasPrefix(ev, w) && ev[len(w)] == '@' })
}

// standingEdges yields the standing edges at the nodes, or all.
func (r *reader) standingEdges(all bool, nodes []*nodeEntry) error {
	tag := byte(tagStanding)
	if r.in {
		tag = tagStandingIn
	}
	if all {
		for ok := r.it.SeekGE([]byte{tag}); ok && r.it.Key()[0] == tag; ok = r.it.Next() {
			if err := r.standingEdge(); err != nil {
				return err
			}
		}
		if err := r.it.Error(); err != nil {
			return readError("read edges", err)
		}
		return nil
	}
	for _, n := range nodes {
		r.key = numberKey(r.key[:0], tag, n.number)
		for ok := r.it.SeekPrefixGE(r.key); ok; ok = r.it.Next() {
			if err := r.standingEdge(); err != nil {
				return err
			}
		}
		if err := r.it.Error(); err != nil {
			return readError("read edges", err)
		}
	}
	return nil
}

func (r *reader) standingEdge() error {
	if err := r.step(); err != nil {
		return err
	}
	node, kind, other, label := standingKey(r.it.Key())
	if r.kinds&(1<<kind) == 0 {
		return nil
	}
	v, err := r.it.ValueAndErr()
	if err != nil {
		return readError("read edges", err)
	}
	rec, err := parseStanding(v)
	if err != nil || int(label) >= len(r.st.labels) {
		return corrupt(r.it.Key(), errCorrupt)
	}
	if r.f.AsOf != 0 && rec.source.Seq > r.f.AsOf {
		return nil
	}
	e := graph.Edge{Kind: kind, Label: r.st.labels[label], First: rec.first, Last: rec.last, Source: rec.source, Marks: r.st.visible(rec.marks, r.f.AsOf)}
	if e.From, err = r.s.id(node); err != nil {
		return err
	}
	if e.To, err = r.s.id(other); err != nil {
		return err
	}
	if r.in {
		e.From, e.To = e.To, e.From
	}
	if !r.yield(e, nil) {
		return errStop
	}
	return nil
}

// visible are the marks seen as of asOf; it reuses the memory.
func (st *state) visible(marks []graph.Mark, asOf uint64) []graph.Mark {
	return slices.DeleteFunc(marks, func(m graph.Mark) bool {
		seq, ok := st.superseded.text[m.Evidence]
		return asOf != 0 && m.Source.Seq > asOf || hides(seq, ok, asOf)
	})
}

// callKeyOf is graph.CallKeyOf without making a string.
func callKeyOf(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range text {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix64(h) & (1<<graph.CallKeyBits - 1)
}

// number reads the number that a key ends with.
func number(k []byte) uint32 { return binary.BigEndian.Uint32(k[len(k)-4:]) }
