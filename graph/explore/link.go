package explore

import (
	"sort"

	"github.com/blastradius/blastradius/graph"
)

// link is an edge of the terrain; of an event, one hour of it. It points
// nowhere, so that the collector need not look at millions of them.
type link struct {
	from, to   int32
	label, via uint32
	first, n   int32      // of an event, its instants; of a standing fact, the number of the fact
	hour       graph.Hour // standing of a standing fact
	kind       graph.EdgeKind
	outcome    graph.Outcome
	derived    bool
}

// standing is the hour of a standing fact: before all others.
const standing graph.Hour = -1

var noFact fact

// fact is what a link of a standing fact holds.
type fact struct {
	first graph.Time
	spans []graph.Span
	marks []graph.Mark
}

// instant is one observation of an event. Evidence is packed: a UUID and the
// number of what follows it, else the number of the whole.
type instant struct {
	at   graph.Time
	uuid [16]byte
	tail uint32
	text bool // there is no UUID
}

// add adds an edge that was read at its From (dir Out) or To, unless the other
// end has brought it.
func (t *terrain) add(e *graph.Edge, dir graph.Direction, f *filters) {
	from, to := t.number(e.From), t.number(e.To)
	bit := uint32(1) << e.Kind
	if dir == graph.In && t.nodes[from].gotOut&bit != 0 && f.brings(graph.Out, e) ||
		dir == graph.Out && t.nodes[to].gotIn&bit != 0 && f.brings(graph.In, e) {
		return
	}
	l := link{from: from, to: to, kind: e.Kind, outcome: e.Outcome, label: t.words.number(e.Label), via: t.vias.number(e.Via), hour: max(e.Hour, 0)}
	if e.Kind.Standing() {
		l.first, l.hour = int32(len(t.facts)), standing
		t.facts = append(t.facts, fact{e.First, e.Spans(), e.Marks})
		t.size += factSize + markSize*int64(len(e.Marks))
	} else {
		l.first, l.n = int32(len(t.instants)), int32(len(e.Observations))
		for i := range e.Observations {
			t.observe(e.Observations[i].At, e.Observations[i].Evidence)
		}
	}
	t.put(l)
}

// About how many bytes a fact and one mark of it take.
const factSize, markSize = 96, 144

// observe appends an instant.
func (t *terrain) observe(at graph.Time, evidence string) {
	x := instant{at: at}
	if id, ok := graph.AppendUUID(x.uuid[:0], evidence); ok {
		copy(x.uuid[:], id)
		x.tail = t.tails.number(evidence[36:])
	} else {
		x.text = true
		x.tail = uint32(len(t.tails.all)) // nearly every one is another: it is not looked up
		t.tails.all = append(t.tails.all, evidence)
		t.size += int64(len(evidence)) + 16
	}
	t.instants = append(t.instants, x)
}

// evidence is the text of an instant's evidence.
func (t *terrain) evidence(x *instant) string {
	if x.text {
		return t.tails.all[x.tail]
	}
	return string(graph.AppendUUIDText(make([]byte, 0, 36), x.uuid[:])) + t.tails.all[x.tail]
}

func (t *terrain) label(l *link) *graph.Label { return &t.words.all[l.label] }
func (t *terrain) through(l *link) *graph.Via { return &t.vias.all[l.via] }

// fact is that of a standing link; of an event it holds nothing.
func (t *terrain) fact(l *link) *fact {
	if l.hour != standing {
		return &noFact
	}
	return &t.facts[l.first]
}

// seen are the instants of a link in a window, by time; before counts those
// that it has before them.
func (t *terrain) seen(l *link, w graph.Window) (in []instant, before int32) {
	if l.n == 0 {
		return nil, 0
	}
	in = t.instants[l.first : l.first+l.n]
	if in[0].at < w.From {
		before = int32(sort.Search(len(in), func(i int) bool { return in[i].at >= w.From }))
		in = in[before:]
	}
	if n := len(in); n > 0 && w.To != 0 && in[n-1].at >= w.To {
		in = in[:sort.Search(n, func(i int) bool { return in[i].at >= w.To })]
	}
	return in, before
}
