package neo4j

import (
	"bytes"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// mostSights is how many observations an edge holds itself. Beyond, they move
// to one node a minute, so that a batch rewrites only the minutes it adds to.
const mostSights = 512

// eventEdge is what a batch, or Prune, makes of one event edge.
type eventEdge struct {
	edgeKey
	row    *graph.EventRow // the first of the batch's; nil where it is only rewritten
	kind   graph.EdgeKind
	sights []graph.Observation
	stored map[int][]byte // what is stored: by minute, or at whole; nil: it is new
}

// whole is the key of observations that the edge itself holds.
const whole = -1

// observe takes in what is stored.
func (e *eventEdge) observe(obs, slices any) error {
	e.stored = map[int][]byte{}
	take := func(b []byte, spilled bool) error {
		set, err := decodeSights(nil, b, hourOf(e.h))
		for _, s := range set {
			e.sights = append(e.sights, s.Observation)
		}
		if err == nil && spilled && len(set) > 0 {
			e.stored[minuteOf(set[0].At)] = b
		} else {
			e.stored[whole] = b
		}
		return err
	}
	if b, ok := obs.([]byte); ok {
		if err := take(b, false); err != nil {
			return err
		}
	}
	list, _ := slices.([]any)
	for _, b := range list {
		if err := take(b.([]byte), true); err != nil {
			return err
		}
	}
	return nil
}

// minuteOf is the minute of the hour that t lies in.
func minuteOf(t graph.Time) int { return int(int64(t-t.Hour().Start()) / 60_000) }

// eventWriter gathers the rows that write event edges.
type eventWriter struct {
	w            *writer
	creates      map[graph.EdgeKind][][]any
	updates      map[graph.EdgeKind][][]any
	deletes      map[graph.EdgeKind][][]any
	slices       [][]any
	drops        [][]any
	tokens       []string
	seen         map[string]bool
	sightsBuffer []sight
}

func (w *writer) newEventWriter() *eventWriter {
	return &eventWriter{w: w, creates: map[graph.EdgeKind][][]any{}, updates: map[graph.EdgeKind][][]any{}, deletes: map[graph.EdgeKind][][]any{}, seen: map[string]bool{}}
}

// writeEvents merges the batch's event edges into those stored.
func (w *writer) writeEvents(b *graph.Batch, ids []string, base uint64) error {
	targets := make(map[graph.NodeRef]int64)
	keys := make([]string, len(b.Nodes))
	key := func(r graph.NodeRef) string {
		if keys[r-1] == "" {
			keys[r-1] = w.s.keys.key(b.Nodes[r-1].ID)
		}
		return keys[r-1]
	}
	kinds := map[graph.EdgeKind][]*eventEdge{}
	edges := make(map[edgeKey]*eventEdge, len(b.Events))
	for i := range b.Events {
		r := &b.Events[i]
		if r.From == 0 || r.To == 0 {
			return &graph.Error{Code: graph.CodeInvalid, Message: "an edge of the batch lacks an end"}
		}
		target, ok := targets[r.To]
		if !ok {
			target = hash(key(r.To))
			targets[r.To] = target
		}
		k := edgeKey{w.s.hourKey(r.Hour), target, identity(key(r.From), r.Kind, b.Labels[r.Label], r.Outcome, via(b, r))}
		e := edges[k]
		for _, o := range r.Observations {
			if o.At < w.floor {
				w.refused++
				continue
			}
			if e == nil {
				e = &eventEdge{edgeKey: k, row: r, kind: r.Kind, sights: make([]graph.Observation, 0, len(r.Observations))}
				edges[k] = e
				kinds[r.Kind] = append(kinds[r.Kind], e)
			}
			o.Source.Seq += base
			o.CallKey = graph.CallKeyOf(o.CallID())
			e.sights = append(e.sights, o)
		}
	}
	out := w.newEventWriter()
	for _, row := range graph.EdgeKinds {
		of := kinds[row.Kind]
		slices.SortFunc(of, func(a, b *eventEdge) int { return compareKey(a.edgeKey, b.edgeKey) })
		finds := make([][]int64, len(of))
		for i, e := range of {
			finds[i] = []int64{e.h, e.target, e.edge, int64(i)}
		}
		if err := runAll(w, cypherFindEvents(row), "rows", finds, nil, func(found []any) error {
			return of[found[0].(int64)].observe(found[1], found[2])
		}); err != nil {
			return err
		}
		for _, e := range of {
			out.add(b, ids, e)
		}
	}
	return out.flush()
}

func via(b *graph.Batch, r *graph.EventRow) graph.Via {
	id := func(r graph.NodeRef) graph.ID {
		if r == 0 {
			return ""
		}
		return b.Nodes[r-1].ID
	}
	return graph.Via{Agent: id(r.Agent), Client: id(r.Client), Service: id(r.Service)}
}

// add makes the rows of one edge: none where nothing changes. A batch is needed
// for an edge that is new.
func (x *eventWriter) add(b *graph.Batch, ids []string, e *eventEdge) {
	set := graph.UnionObservations(e.sights, nil)
	hour := hourOf(e.h)
	sights := x.sightsBuffer[:0]
	for _, o := range set {
		sights = append(sights, sight{o, x.w.superseded[o.Evidence]})
	}
	x.sightsBuffer = sights
	if len(sights) == 0 {
		x.deletes[e.kind] = append(x.deletes[e.kind], []any{e.h, e.target, e.edge})
		for minute := range e.stored {
			if minute != whole {
				x.drops = append(x.drops, []any{e.h, e.target, e.edge, minute})
			}
		}
		return
	}
	_, held := e.stored[whole]
	spilled := len(sights) > mostSights || len(e.stored) > 0 && !held
	var obs, tokens any
	if spilled {
		if !x.addSlices(e, sights, hour) {
			return
		}
	} else {
		packed := encodeSights(sights, hour)
		if bytes.Equal(packed, e.stored[whole]) {
			return
		}
		obs, tokens = packed, x.tokensOf(sights)
	}
	n, first, last := count(sights)
	var spilledProp any
	if spilled {
		spilledProp = true
	}
	if e.stored != nil {
		x.updates[e.kind] = append(x.updates[e.kind], []any{e.h, e.target, e.edge, n, moment(first), moment(last), obs, tokens, spilledProp})
		return
	}
	r := e.row
	l, v := b.Labels[r.Label], via(b, r)
	x.creates[r.Kind] = append(x.creates[r.Kind], []any{ids[r.From-1], ids[r.To-1], e.h, e.target, e.edge,
		optional(l.Action), optional(word(l.Effect)), optional(word(l.Match)), optional(word(l.Role)), optional(word(l.Plane)), optional(word(l.Join)), optional(l.Detail),
		optional(word(r.Outcome)), optional(string(v.Agent)), optional(string(v.Client)), optional(string(v.Service)),
		n, moment(first), moment(last), obs, tokens, spilledProp})
}

// word spells an enum; zero is the empty word.
func word[T interface {
	~uint8
	String() string
}](v T) string {
	if v == 0 {
		return ""
	}
	return v.String()
}

// addSlices writes the minutes that change, and reports whether any does.
func (x *eventWriter) addSlices(e *eventEdge, sights []sight, hour graph.Hour) (changed bool) {
	left := make(map[int]bool, len(e.stored))
	for minute := range e.stored {
		left[minute] = true
	}
	for len(sights) > 0 {
		minute := minuteOf(sights[0].At)
		n := slices.IndexFunc(sights, func(s sight) bool { return minuteOf(s.At) != minute })
		if n < 0 {
			n = len(sights)
		}
		packed := encodeSights(sights[:n], hour)
		if !bytes.Equal(packed, e.stored[minute]) {
			x.slices = append(x.slices, []any{e.h, e.target, e.edge, minute, n, packed, x.tokensOf(sights[:n])})
			changed = true
		}
		delete(left, minute)
		sights = sights[n:]
	}
	for minute := range left {
		if changed = true; minute != whole {
			x.drops = append(x.drops, []any{e.h, e.target, e.edge, minute})
		}
	}
	return changed
}

// count is how many calls are visible now, and when the first and last were.
func count(sights []sight) (n int, first, last graph.Time) {
	var few [16]uint64
	calls := few[:0]
	for i := range sights {
		s := &sights[i]
		if s.by != 0 {
			continue
		}
		if len(calls) == 0 {
			first = s.At
		}
		last = s.At
		calls = append(calls, s.CallKey)
	}
	slices.Sort(calls)
	return len(slices.Compact(calls)), first, last
}

// tokensOf is what the full-text index reads of observations.
func (x *eventWriter) tokensOf(sights []sight) string {
	clear(x.seen)
	x.tokens = x.tokens[:0]
	for i := range sights {
		if t := eventToken(sights[i].Evidence); !x.seen[t] {
			x.seen[t] = true
			x.tokens = append(x.tokens, t)
		}
	}
	return strings.Join(x.tokens, " ")
}

// flush writes the rows.
func (x *eventWriter) flush() error {
	w := x.w
	for _, row := range graph.EdgeKinds {
		if err := runAll(w, cypherUpdateEvents(row), "rows", x.updates[row.Kind], nil, nil); err != nil {
			return err
		}
		if err := runAll(w, cypherCreateEvents(row), "rows", x.creates[row.Kind], nil, nil); err != nil {
			return err
		}
		if err := runAll(w, cypherDeleteEdges(row), "rows", x.deletes[row.Kind], nil, nil); err != nil {
			return err
		}
	}
	if err := runAll(w, cypherSlices, "rows", x.slices, nil, nil); err != nil {
		return err
	}
	return runAll(w, cypherDropSlices, "rows", x.drops, nil, nil)
}
