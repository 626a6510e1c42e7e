package pebble

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// kv is a key to write: merged where its tag is, else set.
type kv struct{ key, value []byte }

// writer turns a batch into keys. It is used under the writing lock and keeps
// its memory from batch to batch.
type writer struct {
	s    *Store
	next state
	kvs  [256][]kv // by tag; sorted by close
	// What must be undone where a batch is not committed.
	newLabels   []graph.Label
	newSuffixes []string
	newShapes   []shape

	suffix       string // the last one interned, and its number
	suffixNumber uint32

	nodes   []nodeSpan
	entries []*nodeEntry // of new nodes, for the cache
	stamp   uint32       // of this batch
	stamps  []uint32     // by node number: the batch that it was last in
	once    map[graph.ID]struct{}
	label   []uint32
	rows    []row
	sights  []sight
	edges   []edgeSights
	hits    [1 << bucketBits][]evidenceHit
	blocks  sorter
	arena   []byte
	p       packer
	seen    *recent
	known   idFilter // of node ids, where whole
	whole   bool
	missed  uint32 // lookups of nodes while it was not
}

// nodeSpan is a node of the batch.
type nodeSpan struct {
	number      uint32
	first, last uint32
	entry       *nodeEntry // nil: new
}

// row is an event row with its sights, from:to of the writer's, normalized.
type row struct {
	from, to, shape       uint32
	source, target, agent uint32
	day                   uint32
	hod                   uint8
}

func (w *writer) init(s *Store) {
	w.s, w.once, w.seen = s, map[graph.ID]struct{}{}, newRecent(1<<16)
}

// intern numbers an evidence suffix; zero where the dictionary is full.
func (w *writer) intern(suffix string) uint32 {
	if suffix == w.suffix && w.suffixNumber != 0 {
		return w.suffixNumber
	}
	n, ok := w.s.suffixes[suffix]
	if !ok {
		if len(suffix) > maxSuffixLen || len(w.s.suffixes) >= maxSuffixes {
			return 0
		}
		suffix = strings.Clone(suffix)
		w.next.suffixes = append(w.next.suffixes, suffix)
		n = uint32(len(w.next.suffixes))
		w.s.suffixes[suffix] = n
		w.newSuffixes = append(w.newSuffixes, suffix)
		w.put(tagSuffix, numberKey(nil, tagSuffix, n), []byte(suffix))
	}
	w.suffix, w.suffixNumber = strings.Clone(suffix), n
	return n
}

func (w *writer) put(tag byte, key, value []byte) { w.kvs[tag] = append(w.kvs[tag], kv{key, value}) }

// build makes the keys of a batch and the state after it.
func (w *writer) build(b *graph.Batch) error {
	w.reset()
	base := w.next.watermark + 1
	if err := w.addNodes(b); err != nil {
		return err
	}
	w.addLabels(b)
	if err := w.addEvents(b, base); err != nil {
		return err
	}
	w.writeBlocks(tagOut)
	w.writeHits()
	w.writeBlocks(tagIn)
	if err := w.addStanding(b, base); err != nil {
		return err
	}
	w.addSupersedes(b, base)
	w.writeNodes(b)
	if err := w.addSources(b, base); err != nil {
		return err
	}
	before := w.s.state.Load()
	if w.next.refused != before.refused {
		w.put(tagMeta, stringKey(nil, tagMeta, "refused"), binary.AppendUvarint(nil, w.next.refused))
	}
	if w.next.kinds != before.kinds {
		w.put(tagMeta, stringKey(nil, tagMeta, "kinds"), binary.AppendUvarint(nil, uint64(w.next.kinds)))
	}
	return w.sort()
}

func (w *writer) reset() {
	w.next = *w.s.state.Load()
	for i := range w.kvs {
		w.kvs[i] = w.kvs[i][:0]
	}
	w.newLabels, w.newSuffixes, w.newShapes = w.newLabels[:0], w.newSuffixes[:0], w.newShapes[:0]
	clear(w.once)
	w.stamp++
	w.nodes, w.entries, w.label, w.rows = w.nodes[:0], w.entries[:0], w.label[:0], w.rows[:0]
	w.sights = w.sights[:0]
	w.blocks.reset()
	// The arena's old memory may still be read by nobody: keys and values are
	// copied by the commit.
	w.arena = w.arena[:0]
}

// undo forgets what build numbered.
func (w *writer) undo() {
	for _, l := range w.newLabels {
		delete(w.s.labels, l)
	}
	for _, x := range w.newShapes {
		delete(w.s.shapes, x)
	}
	for _, x := range w.newSuffixes {
		delete(w.s.suffixes, x)
	}
	w.suffix, w.suffixNumber = "", 0
	w.seen.clear()
}

func (w *writer) addLabels(b *graph.Batch) {
	for _, l := range b.Labels {
		n, ok := w.s.labels[l]
		if !ok {
			l.Action, l.Detail = strings.Clone(l.Action), strings.Clone(l.Detail)
			n = uint32(len(w.next.labels))
			w.next.labels = append(w.next.labels, l)
			w.s.labels[l] = n
			w.newLabels = append(w.newLabels, l)
			w.put(tagLabel, numberKey(nil, tagLabel, n), appendLabel(nil, l))
		}
		w.label = append(w.label, n)
	}
}

// at is the number of a node of the batch, and widens its span of days.
func (w *writer) at(r graph.NodeRef, day uint32, spans bool) uint32 {
	if r == 0 {
		return 0
	}
	n := &w.nodes[r-1]
	if spans {
		n.first, n.last = min(n.first, day), max(n.last, day)
	}
	return n.number
}

func (w *writer) addEvents(b *graph.Batch, base uint64) error {
	for i := range b.Events {
		e := &b.Events[i]
		top := graph.NodeRef(len(b.Nodes))
		if e.From == 0 || e.To == 0 || max(e.From, e.To, e.Agent, e.Client, e.Service) > top || int(e.Label) >= len(w.label) || e.Hour < 0 || e.Kind >= kindBits || len(w.next.labels) == 0 {
			return invalid("event row %d of the batch refers to what is not there", i)
		}
		from := len(w.sights)
		start := e.Hour.Start()
		for j := range e.Observations {
			o := &e.Observations[j]
			if o.At < w.next.floor {
				w.next.refused++
				continue
			}
			if o.At < start || o.At >= start+graph.Time(graph.HourMillis) || o.Source.Seq >= uint64(len(b.Sources)) {
				return invalid("observation %s of the batch lies outside its hour, or has no source", o.Evidence)
			}
			n := len(w.arena)
			w.arena = appendEvidence(w.arena, o.Evidence, w.intern)
			ev := w.arena[n:len(w.arena):len(w.arena)]
			var call []byte
			if o.Call != "" {
				c := len(w.arena)
				w.arena = appendCall(w.arena, o.Call)
				call = w.arena[c:len(w.arena):len(w.arena)]
			}
			w.sights = append(w.sights, sight{uint32(o.At - start), o.Source.Record, base + o.Source.Seq, evidenceKey(o), ev, call})
		}
		if len(w.sights) == from {
			continue
		}
		to := from + len(normalize(w.sights[from:], false))
		w.sights = w.sights[:to]
		w.next.kinds |= 1 << e.Kind
		day := dayOf(e.Hour)
		source, target := w.at(e.From, day, true), w.at(e.To, day, true)
		agent, client, service := w.at(e.Agent, 0, false), w.at(e.Client, 0, false), w.at(e.Service, 0, false)
		w.rows = append(w.rows, row{uint32(from), uint32(to), w.shape(shape{e.Kind, e.Outcome, w.label[e.Label], client, service}),
			source, target, agent, day, hourOfDay(e.Hour)})
	}
	w.addDays()
	return nil
}

// addDays adds the days of the rows to the state.
func (w *writer) addDays() {
	var days []uint32
	last := noDay
	for i := range w.rows {
		if d := w.rows[i].day; d != last {
			days, last = append(days, d), d
		}
	}
	if len(days) == 0 {
		return
	}
	slices.Sort(days)
	days = slices.Compact(days)
	for _, d := range days {
		if i, found := slices.BinarySearch(w.next.days, d); !found {
			w.next.days = slices.Insert(slices.Clone(w.next.days), i, d)
		}
	}
}

// evidenceKey is the 48-bit hash of the observation's evidence.
func evidenceKey(o *graph.Observation) uint64 {
	if o.Call == "" && o.CallKey != 0 {
		return o.CallKey
	}
	return graph.CallKeyOf(o.Evidence)
}

func appendKey(dst []byte, k uint64) []byte {
	return append(dst, byte(k>>40), byte(k>>32), byte(k>>24), byte(k>>16), byte(k>>8), byte(k))
}

func keyOf(b []byte) uint64 {
	return uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
}

// writeBlocks packs the rows by day, node and hour.
func (w *writer) writeBlocks(tag byte) {
	if len(w.rows) == 0 {
		return
	}
	light := tag == tagIn
	w.blocks.reset()
	first := w.rows[0].day
	for i := range w.rows {
		first = min(first, w.rows[i].day)
	}
	for i := range w.rows {
		r := &w.rows[i]
		node := r.source
		if light {
			node = r.target
		}
		w.blocks.add(uint64(r.day-first)<<37|uint64(node)<<5|uint64(r.hod), uint32(i))
	}
	w.blocks.sort()
	keys, index := w.blocks.keys, w.blocks.index
	for i := 0; i < len(keys); {
		w.edges = w.edges[:0]
		k := keys[i]
		for ; i < len(keys) && keys[i] == k; i++ {
			r := &w.rows[index[i]]
			other := r.target
			if light {
				other = r.source
			}
			w.edges = append(w.edges, edgeSights{edgeHead{other, r.shape, r.agent}, int(r.from), int(r.to)})
		}
		w.edges, w.sights = w.p.join(w.edges, w.sights, light)
		n := len(w.arena)
		w.arena = appendBlockKey(w.arena, tag, uint32(k>>37)+first, uint32(k>>5), uint8(k&31))
		m := len(w.arena)
		w.arena = w.p.pack(w.arena, w.edges, w.sights, light)
		w.put(tag, w.arena[n:m:m], w.arena[m:len(w.arena):len(w.arena)])
	}
}

// writeHits packs the evidence index, day by day; the rows are sorted as their
// blocks by source are.
func (w *writer) writeHits() {
	for i := 0; i < len(w.blocks.index); {
		day := w.rows[w.blocks.index[i]].day
		for ; i < len(w.blocks.index) && w.rows[w.blocks.index[i]].day == day; i++ {
			r := &w.rows[w.blocks.index[i]]
			place := uint64(r.source)<<5 | uint64(r.hod)
			for j := r.from; j < r.to; j++ {
				h := hashPacked(w.sights[j].ev, w.next.suffixes)
				hits := &w.hits[uint8(h>>restBits)]
				*hits = append(*hits, evidenceHit{place, uint16(h)})
			}
		}
		for bucket, hits := range &w.hits {
			if len(hits) == 0 {
				continue
			}
			slices.SortFunc(hits, evidenceHit.compare)
			n := len(w.arena)
			w.arena = appendEvidenceKey(w.arena, day, uint8(bucket))
			m := len(w.arena)
			last := uint64(0)
			for _, h := range slices.Compact(hits) {
				w.arena = appendHit(w.arena, h, last)
				last = h.place
			}
			w.put(tagEvidence, w.arena[n:m:m], w.arena[m:len(w.arena):len(w.arena)])
			w.hits[bucket] = hits[:0]
		}
	}
}

func (w *writer) addStanding(b *graph.Batch, base uint64) error {
	for i := range b.Standing {
		r := &b.Standing[i]
		top := graph.NodeRef(len(b.Nodes))
		if r.From == 0 || r.To == 0 || max(r.From, r.To) > top || int(r.Label) >= len(w.label) || r.Source.Seq >= uint64(len(b.Sources)) {
			return invalid("standing row %d of the batch refers to what is not there", i)
		}
		rec := standingRecord{first: r.First, last: r.Last, source: graph.Ref{Seq: base + r.Source.Seq, Record: r.Source.Record}}
		for _, m := range r.Marks {
			m.Source.Seq += base
			m.Evidence = string(w.s.pack(m.Evidence))
			rec.marks = graph.MergeMarks(rec.marks, []graph.Mark{m})
		}
		from, to, label := w.at(r.From, 0, false), w.at(r.To, 0, false), w.label[r.Label]
		v := appendStanding(nil, &rec)
		w.put(tagStanding, appendStandingKey(nil, tagStanding, from, r.Kind, to, label), v)
		w.put(tagStandingIn, appendStandingKey(nil, tagStandingIn, to, r.Kind, from, label), v)
	}
	return nil
}

func (w *writer) addSupersedes(b *graph.Batch, base uint64) {
	if len(b.Supersedes) == 0 {
		return
	}
	u := w.next.superseded.clone()
	for _, x := range b.Supersedes {
		ev, seq := strings.Clone(x.Evidence), base+x.Source.Seq
		u.add(ev, seq, w.s.pack)
		w.put(tagSupersede, stringKey(nil, tagSupersede, ev), appendRef(nil, graph.Ref{Seq: u.text[ev]}))
	}
	w.next.superseded = u
}

// sort sorts the keys of each tag and unites equal ones. Blocks and the
// evidence index are sorted already.
func (w *writer) sort() error {
	for tag := range w.kvs {
		kvs := w.kvs[tag]
		if len(kvs) < 2 || tag == tagOut || tag == tagIn || tag == tagEvidence {
			continue
		}
		byKey := func(a, b kv) int { return bytes.Compare(a.key, b.key) }
		if unions[tag] != nil {
			slices.SortFunc(kvs, byKey)
		} else {
			slices.SortStableFunc(kvs, byKey) // the last one counts
		}
		out := kvs[:1]
		for _, x := range kvs[1:] {
			last := &out[len(out)-1]
			switch {
			case !bytes.Equal(last.key, x.key):
				out = append(out, x)
			case unions[tag] == nil:
				last.value = x.value
			default:
				v, err := unions[tag](&w.p, nil, [][]byte{last.value, x.value})
				if err != nil {
					return err
				}
				last.value = v
			}
		}
		w.kvs[tag] = out
	}
	return nil
}

func invalid(format string, args ...any) error {
	return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf(format, args...), Hint: "this is a fault of the program that made the batch"}
}
