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

	suffix       string // the last one interned, and its number
	suffixNumber uint32

	nodes   []nodeSpan
	entries []*nodeEntry // of new nodes, for the cache
	stamp   uint32       // of this batch
	stamps  []uint32     // by node number: the batch that it was last in
	once    map[graph.ID]struct{}
	label   []uint32
	rows    []row
	full    []sight
	light   []sight
	one     []sight
	heads   [][]byte
	hits    sorter
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

// row is an event row with its sights, full[from:to] and light[from:to], each
// normalized.
type row struct {
	*graph.EventRow
	from, to, label             uint32
	source, target              uint32
	agent, client, service, day uint32
	hod                         uint8
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
	w.writeBlocks(tagIn)
	w.writeHits()
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
	w.newLabels, w.newSuffixes = w.newLabels[:0], w.newSuffixes[:0]
	clear(w.once)
	w.stamp++
	w.nodes, w.entries, w.label, w.rows = w.nodes[:0], w.entries[:0], w.label[:0], w.rows[:0]
	w.full, w.light = w.full[:0], w.light[:0]
	w.hits.reset()
	// The arena's old memory may still be read by nobody: keys and values are
	// copied by the commit.
	w.arena = w.arena[:0]
}

// undo forgets what build numbered.
func (w *writer) undo() {
	for _, l := range w.newLabels {
		delete(w.s.labels, l)
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
	var hash uint64
	for i := range b.Events {
		e := &b.Events[i]
		top := graph.NodeRef(len(b.Nodes))
		if e.From == 0 || e.To == 0 || max(e.From, e.To, e.Agent, e.Client, e.Service) > top || int(e.Label) >= len(w.label) || e.Hour < 0 || e.Kind > kindMask || len(w.next.labels) == 0 {
			return invalid("event row %d of the batch refers to what is not there", i)
		}
		from := len(w.full)
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
			ev := w.arena[n:]
			if ev[0]&3 == formUUID {
				hash = hashUUID(ev[len(ev)-16:])
			} else {
				hash = hashID(o.Evidence)
			}
			m := len(w.arena)
			w.arena = appendKey(w.arena, evidenceKey(o))
			key := w.arena[m:]
			var call []byte
			if o.Call != "" {
				c := len(w.arena)
				w.arena = appendCall(w.arena, o.Call)
				call = w.arena[c:]
			}
			w.full = append(w.full, sight{uint32(o.At - start), o.Source.Record, base + o.Source.Seq, ev, call})
			w.light = append(w.light, sight{uint32(o.At - start), 0, base + o.Source.Seq, key, call})
			w.hits.add(hash, uint32(len(w.rows)))
		}
		if len(w.full) == from {
			continue
		}
		to := from + len(normalize(w.full[from:]))
		normalize(w.light[from:])
		w.full, w.light = w.full[:to], w.light[:to]
		w.next.kinds |= 1 << e.Kind
		day := dayOf(e.Hour)
		w.rows = append(w.rows, row{EventRow: e, from: uint32(from), to: uint32(to), label: w.label[e.Label],
			source: w.at(e.From, day, true), target: w.at(e.To, day, true),
			agent: w.at(e.Agent, 0, false), client: w.at(e.Client, 0, false), service: w.at(e.Service, 0, false), day: day, hod: hourOfDay(e.Hour)})
	}
	w.addDays()
	return nil
}

// addDays adds the days of the rows to the state, and puts them in front of
// the hashes of the evidence index.
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
	for i, r := range w.hits.index {
		w.hits.keys[i] |= uint64(w.rows[r].day-days[0]) << hashBits
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
	sights := w.full
	if light {
		sights = w.light
	}
	w.blocks.reset()
	w.heads = w.heads[:0]
	first := w.rows[0].day
	for i := range w.rows {
		first = min(first, w.rows[i].day)
	}
	for i := range w.rows {
		r := &w.rows[i]
		node, other := r.source, r.target
		if light {
			node, other = other, node
		}
		w.blocks.add(uint64(r.day-first)<<37|uint64(node)<<5|uint64(r.hod), uint32(i))
		n := len(w.arena)
		w.arena = appendHeader(w.arena, r.EventKey, other, r.label, r.agent, r.client, r.service)
		w.heads = append(w.heads, w.arena[n:len(w.arena):len(w.arena)])
	}
	w.blocks.sort()
	keys, index := w.blocks.keys, w.blocks.index
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[j] == keys[i] {
			j++
		}
		group := index[i:j]
		if len(group) > 1 {
			slices.SortFunc(group, func(a, b uint32) int { return bytes.Compare(w.heads[a], w.heads[b]) })
		}
		n := len(w.arena)
		w.arena = appendBlockKey(w.arena, tag, uint32(keys[i]>>37)+first, uint32(keys[i]>>5), uint8(keys[i]&31))
		m := len(w.arena)
		for g := 0; g < len(group); {
			r := &w.rows[group[g]]
			head, own := w.heads[group[g]], sights[r.from:r.to]
			g++
			if g < len(group) && bytes.Equal(head, w.heads[group[g]]) {
				w.one = append(w.one[:0], own...)
				for ; g < len(group) && bytes.Equal(head, w.heads[group[g]]); g++ {
					r := &w.rows[group[g]]
					w.one = append(w.one, sights[r.from:r.to]...)
				}
				own = normalize(w.one)
			}
			w.arena = w.p.appendEdge(w.arena, head, own, light)
		}
		w.put(tag, w.arena[n:m:m], w.arena[m:len(w.arena):len(w.arena)])
		i = j
	}
}

// writeHits packs the evidence index.
func (w *writer) writeHits() {
	w.hits.sort()
	keys, index := w.hits.keys, w.hits.index
	for i := 0; i < len(keys); {
		group := keys[i] >> restBits
		n := len(w.arena)
		w.arena = appendEvidenceKey(w.arena, w.rows[index[i]].day, uint8(group))
		m := len(w.arena)
		last := uint32(0)
		for i < len(keys) && keys[i]>>restBits == group {
			rest := uint32(keys[i] & (1<<restBits - 1))
			j := i + 1
			for j < len(keys) && keys[j] == keys[i] {
				j++
			}
			var buf [4]uint64
			places := buf[:0]
			for _, r := range index[i:j] {
				places = append(places, uint64(w.rows[r].source)<<5|uint64(w.rows[r].hod))
			}
			slices.Sort(places)
			for _, p := range slices.Compact(places) {
				w.arena = appendHit(w.arena, evidenceHit{rest, p}, last)
				last = rest
			}
			i = j
		}
		w.put(tagEvidence, w.arena[n:m:m], w.arena[m:len(w.arena):len(w.arena)])
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
		slices.SortStableFunc(kvs, func(a, b kv) int { return bytes.Compare(a.key, b.key) })
		out := kvs[:1]
		for _, x := range kvs[1:] {
			last := &out[len(out)-1]
			switch {
			case !bytes.Equal(last.key, x.key):
				out = append(out, x)
			case unions[tag] == nil:
				last.value = x.value
			default:
				v, err := unions[tag](&w.p, nil, last.value, x.value)
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
