package graph

import "slices"

// Batch is one commit: one or more small files, or one segment of a large one
// (at most MaxBatchRecords records), each with its ledger entry. Rows refer to
// nodes and labels by index, so that a store looks each up once.
//
// Strings in a batch must stay valid until Apply returns; a store that keeps
// one longer copies it.
type Batch struct {
	Sources    []Source // their Seq is given by the store, in order
	Nodes      []Node   // each ID once
	Labels     []Label  // each once
	Events     []EventRow
	Standing   []StandingRow
	Supersedes []Supersede
}

// MaxBatchRecords bounds a batch.
const MaxBatchRecords = 50_000

// NodeRef is a node of the batch: its index in Nodes plus one; zero is none.
type NodeRef uint32

// LabelRef is an index in Labels.
type LabelRef uint32

// EventKey is the identity of an event edge within a batch.
type EventKey struct {
	From, To               NodeRef
	Agent, Client, Service NodeRef
	Label                  LabelRef
	Hour                   Hour
	Kind                   EdgeKind
	Outcome                Outcome
}

// EventRow is one event edge with its observations. In a batch the Source.Seq
// of an observation is an index in Sources; CallKey is set.
type EventRow struct {
	EventKey
	Observations []Observation
}

// StandingKey is the identity of a standing edge within a batch.
type StandingKey struct {
	From, To NodeRef
	Label    LabelRef
	Kind     EdgeKind
}

// StandingRow is one standing edge. Source.Seq is an index in Sources, in
// marks too.
type StandingRow struct {
	StandingKey
	First, Last Time
	Source      Ref
	Marks       []Mark
}

// Supersede removes the observations and marks that rest on Evidence, whichever
// comes first, for every AsOf from Source on; its standing facts remain.
type Supersede struct {
	Evidence string
	Source   Ref // Seq is an index in Sources
}

// Builder gathers a batch. It is not safe for concurrent use. Adding the same
// thing twice changes nothing; order shows only in the indexes.
type Builder struct {
	b        Batch
	nodes    map[ID]NodeRef
	labels   map[Label]LabelRef
	events   eventIndex
	standing map[StandingKey]int
	calls    int

	// Observations in the order they came, each with its row: a list of
	// chunks costs less than a slice for each row, and never moves.
	observations [][]Observation
	rows         []uint32
}

// The lengths of the first and of the longest chunk of observations.
const (
	firstChunk = 64
	maxChunk   = 4096
)

// NewBuilder returns an empty builder.
func NewBuilder() *Builder { return NewBuilderFor(Room{}) }

// Room is how many things of each sort a builder takes without growing.
type Room struct{ Nodes, Labels, Events, Standing int }

// Room is as much as the batch holds.
func (b *Batch) Room() Room {
	return Room{len(b.Nodes), len(b.Labels), len(b.Events), len(b.Standing)}
}

// NewBuilderFor returns an empty builder with room for a batch like another.
func NewBuilderFor(r Room) *Builder {
	b := &Builder{nodes: make(map[ID]NodeRef, r.Nodes), labels: make(map[Label]LabelRef, r.Labels),
		standing: make(map[StandingKey]int, r.Standing)}
	b.b.Nodes, b.b.Labels = make([]Node, 0, r.Nodes), make([]Label, 0, r.Labels)
	b.b.Events, b.b.Standing = make([]EventRow, 0, r.Events), make([]StandingRow, 0, r.Standing)
	b.events.reserve(r.Events)
	return b
}

// Source begins a ledger entry and returns its index, the Seq of refs to it.
// The entry's counts may be set later through SourceAt.
func (b *Builder) Source(s Source) uint64 {
	b.b.Sources = append(b.b.Sources, s)
	return uint64(len(b.b.Sources) - 1)
}

// SourceAt is the entry with that index, to be completed in place.
func (b *Builder) SourceAt(i uint64) *Source { return &b.b.Sources[i] }

// Node adds a node, or finds it, and returns its reference. An empty ID gives
// zero.
func (b *Builder) Node(id ID, kind Kind, typ string) NodeRef {
	if id == "" {
		return 0
	}
	if r, ok := b.nodes[id]; ok {
		n := &b.b.Nodes[r-1]
		if n.Kind != kind || n.Type != typ {
			*n = n.Merge(Node{Kind: kind, Type: typ})
		}
		return r
	}
	b.b.Nodes = append(b.b.Nodes, Node{ID: id, Kind: kind, Type: typ})
	r := NodeRef(len(b.b.Nodes))
	b.nodes[id] = r
	return r
}

// Attr adds an attribute value seen at t; empty values are left out.
func (b *Builder) Attr(r NodeRef, name, value string, t Time) {
	if r == 0 || value == "" {
		return
	}
	n := &b.b.Nodes[r-1]
	n.Attrs = n.Attrs.add(Attr{name, value, t, t})
}

// Label adds a label, or finds it.
func (b *Builder) Label(l Label) LabelRef {
	if r, ok := b.labels[l]; ok {
		return r
	}
	b.b.Labels = append(b.b.Labels, l)
	r := LabelRef(len(b.b.Labels) - 1)
	b.labels[l] = r
	return r
}

// Event adds an observation to an event edge. Hour is taken from o.At and
// CallKey from o's call.
func (b *Builder) Event(k EventKey, o Observation) {
	k.Hour = o.At.Hour()
	if o.CallKey == 0 {
		o.CallKey = CallKeyOf(o.CallID())
	}
	if k.Kind == Called {
		b.calls++
	}
	i, ok := b.events.find(k, b.b.Events)
	if !ok {
		b.b.Events = append(b.b.Events, EventRow{EventKey: k})
	}
	b.observe(o)
	b.rows = append(b.rows, i)
}

func (b *Builder) observe(o Observation) {
	n := len(b.observations) - 1
	if n < 0 || len(b.observations[n]) == cap(b.observations[n]) {
		size := firstChunk
		if n >= 0 {
			size = min(2*cap(b.observations[n]), maxChunk)
		}
		b.observations = append(b.observations, make([]Observation, 0, size))
		n++
	}
	b.observations[n] = append(b.observations[n], o)
}

// Calls is how many observations of CALLED edges were added so far, repeated
// ones included: a record that left it unchanged showed no call.
func (b *Builder) Calls() int { return b.calls }

// Standing adds a sight of a standing edge at t, with any marks, and returns
// its row for See.
func (b *Builder) Standing(k StandingKey, t Time, src Ref, marks ...Mark) (row int) {
	i, ok := b.standing[k]
	if !ok {
		i = len(b.b.Standing)
		b.standing[k] = i
		b.b.Standing = append(b.b.Standing, StandingRow{StandingKey: k, First: t, Last: t, Source: src})
	}
	b.See(i, t, src)
	if len(marks) > 0 {
		b.b.Standing[i].Marks = MergeMarks(b.b.Standing[i].Marks, marks)
	}
	return i
}

// See adds a further sight at t of the standing edge that Standing gave the
// row of.
func (b *Builder) See(row int, t Time, src Ref) {
	r := &b.b.Standing[row]
	r.First, r.Last = min(r.First, t), max(r.Last, t)
	if src.Before(r.Source) {
		r.Source = src
	}
}

// Supersede says that the record behind evidence was corrected by the record
// at src.
func (b *Builder) Supersede(evidence string, src Ref) {
	b.b.Supersedes = append(b.b.Supersedes, Supersede{evidence, src})
}

// Batch returns what was gathered. Observations of a row are sorted and each
// evidence stands once, with its smallest source. The builder must not be used
// after.
func (b *Builder) Batch() *Batch {
	count := make([]int, len(b.b.Events))
	for _, i := range b.rows {
		count[i]++
	}
	room := make([]Observation, len(b.rows))
	for i, n := range count {
		if r := &b.b.Events[i]; r.Observations == nil {
			r.Observations, room = room[:0:n], room[n:]
		}
	}
	rows := b.rows
	for _, chunk := range b.observations {
		for n := range chunk {
			r := &b.b.Events[rows[n]]
			r.Observations = append(r.Observations, chunk[n])
		}
		rows = rows[len(chunk):]
	}
	for i := range b.b.Events {
		if r := &b.b.Events[i]; len(r.Observations) > 1 {
			r.Observations = UnionObservations(r.Observations, nil)
		}
	}
	b.observations, b.rows = nil, nil
	return &b.b
}

// UnionObservations is the set union of both by evidence, sorted, each with its
// smallest source. Observations of one evidence at different times (the same
// evidence with different content) both stand. It may reuse a's memory.
func UnionObservations(a, b []Observation) []Observation {
	a = append(a, b...)
	slices.SortFunc(a, CompareObservation)
	out := a[:0]
	for _, o := range a {
		if n := len(out); n > 0 && out[n-1].At == o.At && out[n-1].Evidence == o.Evidence {
			if o.Source.Before(out[n-1].Source) {
				out[n-1].Source = o.Source
			}
			if o.Call > out[n-1].Call {
				out[n-1].Call, out[n-1].CallKey = o.Call, o.CallKey
			}
			continue
		}
		out = append(out, o)
	}
	return out
}
