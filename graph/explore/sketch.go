package explore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// sketch is a picture being drawn.
type sketch struct {
	asked    []graph.ID
	a        *ancestry
	excluded Excluded
	full     *drawing // everything
	fit      *drawing // what is drawn: full, with quiet identities in place of their credentials where that is too much
	groups   []*fold
	hidden   map[graph.ID]bool // nodes of fit that stand in a group or were cut
	cut      *Truncation       // the limit that was met
	notes    []string
}

// drawing is nodes with edges between them.
type drawing struct {
	dots    map[graph.ID]*dot
	strokes map[strokeKey]*stroke
}

type dot struct {
	first, last graph.Time
	calls       int
	worst       graph.Outcome
	degree      int // strokes that end here
}

type strokeKey struct {
	from, to graph.ID
	kind     graph.EdgeKind
}

func (k strokeKey) String() string {
	return k.kind.String() + "|" + string(k.from) + "|" + string(k.to)
}

// stroke is all that joins two nodes in one way.
type stroke struct {
	calls       map[uint64]graph.Outcome
	labels      map[string]int
	effect      graph.Effect
	first, last graph.Time
	certainty   Certainty
	agent       graph.ID
	sights      []sight
}

// sketch is what a picture shows, fitted to its bounds: kept, or drawn now.
func (e *Explorer) sketch(ctx context.Context, q PictureQuery) (*reader, *sketch, error) {
	if len(q.Of) == 0 {
		return nil, nil, &graph.Error{Code: graph.CodeInvalid, Message: "nothing was asked for", Hint: "give a resource, identity, credential, session, agent or workload"}
	}
	q.Nodes, q.Edges = cmp.Or(q.Nodes, DefaultPictureNodes), cmp.Or(q.Edges, DefaultPictureEdges)
	if q.Nodes < 1 || q.Nodes > MaxPictureNodes || q.Edges < 1 || q.Edges > MaxPictureEdges {
		return nil, nil, &graph.Error{Code: graph.CodeInvalid, Message: "the bounds of the picture are out of range", Hint: "at most 25000 nodes and 50000 edges"}
	}
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, nil, err
	}
	key := q.key(r.asOf)
	s, err := e.kept(r, key, func() (*sketch, error) {
		all := key
		all.nodes, all.edges = 0, 0 // the same for every size
		whole, err := e.kept(r, all, func() (*sketch, error) { return e.draw(r, q) })
		if err != nil {
			return nil, err
		}
		return whole.composed(r, q.Nodes, q.Edges), nil
	})
	return r, s, err
}

// kept is the sketch kept under that key, with what its reader had to say of
// it; else it is made and kept.
func (e *Explorer) kept(r *reader, key sketchKey, draw func() (*sketch, error)) (*sketch, error) {
	if s := e.sketches.get(r.mark, key); s != nil {
		if s.cut != nil {
			r.cut(s.cut.Limit, s.cut.Value)
		}
		for _, n := range s.notes {
			r.note("%s", n)
		}
		return s, nil
	}
	s, err := draw()
	if err != nil {
		return nil, err
	}
	s.cut, s.notes = r.truncated, slices.Clone(r.notes)
	e.sketches.keep(r.mark, key, s)
	return s, nil
}

// draw reads all that a picture may show.
func (e *Explorer) draw(r *reader, q PictureQuery) (*sketch, error) {
	sel, err := r.selection(q.Of, q.Window)
	if err != nil {
		return nil, err
	}
	calls, err := r.drawable(sel, q)
	if err != nil {
		return nil, err
	}
	s := &sketch{asked: sel.asked, full: newDrawing(), hidden: map[graph.ID]bool{}}
	actors := map[graph.ID]bool{}
	loose := slices.Clone(s.asked)
	for i := range calls {
		actors[calls[i].From] = true
		loose = append(loose, calls[i].To, calls[i].Via.Agent)
	}
	if s.a, err = e.ancestry(r, slices.Sorted(maps.Keys(actors))); err != nil {
		return nil, err
	}
	if err = s.a.load(r, loose); err != nil {
		return nil, err
	}
	last := map[graph.ID]graph.Time{}
	for i := range calls {
		if c := &calls[i]; s.wanted(c, q) {
			s.full.call(c, s.a)
			last[c.From] = max(last[c.From], c.Last)
		}
	}
	s.full.origins(s.a, last, q.Window)
	for _, id := range s.asked {
		s.full.dot(id)
	}
	s.full.settle(q.Window)
	s.full.order()
	s.fit = s.full
	return s, nil
}

// composed is a copy that fits the bounds.
func (s *sketch) composed(r *reader, nodes, edges int) *sketch {
	out := *s
	out.compose(r, nodes, edges)
	if out.fit != out.full {
		out.fit.order()
	}
	return &out
}

// order puts the sightings of each stroke in order of time, each once.
func (d *drawing) order() {
	for _, x := range d.strokes {
		slices.SortFunc(x.sights, compareSight)
		x.sights = slices.Compact(x.sights)
	}
}

// drawable reads the calls of the selection and, of those that changed what was
// asked, what else they changed: each edge once.
func (r *reader) drawable(sel *selection, q PictureQuery) ([]graph.Edge, error) {
	var out []graph.Edge
	seen := map[edgeKey]bool{}
	match := cmp.Or(q.Match, graph.Derived)
	culprits := map[graph.ID]bool{}
	take := func(e *graph.Edge, own graph.Window) {
		k := edgeKey{e.From, e.To, e.Hour, e.Label, e.Outcome, e.Via}
		if seen[k] || e.Label.Match > match {
			return
		}
		seen[k] = true
		c := *e
		c.Observations = slices.DeleteFunc(slices.Clone(e.Observations), func(o graph.Observation) bool { return !own.Contains(o.At) })
		if len(c.Observations) == 0 {
			return
		}
		if t, ok := sel.targets.targets[e.To]; ok {
			c.To = sel.targets.asked[t.resource].node.ID
			if e.Outcome == graph.OK && e.Label.Effect.Mutates() {
				culprits[e.From] = true
			}
		}
		out = append(out, c)
	}
	if err := sel.read(r, q.Window, graph.Evidence, take); err != nil {
		return nil, err
	}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: q.Window, Detail: graph.Evidence,
		Effects: []graph.Effect{graph.SecretRead, graph.Create, graph.Change, graph.Delete, graph.Grant, graph.Control}}
	err := r.edges(slices.Sorted(maps.Keys(culprits)), graph.Out, f, func(e *graph.Edge) { take(e, graph.Window{}) })
	return out, err
}

// edgeKey tells the edges of a picture's calls apart.
type edgeKey struct {
	from, to graph.ID
	hour     graph.Hour
	label    graph.Label
	outcome  graph.Outcome
	via      graph.Via
}

// wanted reports whether the calls of an edge are shown, and counts them where
// not.
func (s *sketch) wanted(e *graph.Edge, q PictureQuery) bool {
	n := len(e.Observations)
	if e.Outcome == graph.Probe && !q.Probes {
		s.excluded.Probes += n
		return false
	}
	human := s.a.who(e.From, e.Via).class == Human
	switch cmp.Or(q.Who, WhoNHI) {
	case WhoNHI:
		if human {
			s.excluded.HumanCalls += n
		}
		return !human
	case WhoHuman:
		if !human {
			s.excluded.NonHumanCalls += n
		}
		return human
	}
	return true
}

func newDrawing() *drawing {
	return &drawing{dots: map[graph.ID]*dot{}, strokes: map[strokeKey]*stroke{}}
}

func (d *drawing) dot(id graph.ID) *dot {
	x := d.dots[id]
	if x == nil {
		x = &dot{}
		d.dots[id] = x
	}
	return x
}

func (d *drawing) stroke(k strokeKey) *stroke {
	x := d.strokes[k]
	if x == nil {
		x = &stroke{calls: map[uint64]graph.Outcome{}, labels: map[string]int{}, certainty: Definite}
		d.strokes[k] = x
		d.dot(k.from)
		d.dot(k.to)
	}
	return x
}

// call draws the calls of an edge, and the agent that they came through.
func (d *drawing) call(e *graph.Edge, a *ancestry) {
	if e.From == e.To {
		return
	}
	x := d.stroke(strokeKey{e.From, e.To, graph.Called})
	x.effect = max(x.effect, e.Label.Effect)
	x.agent = max(x.agent, e.Via.Agent)
	x.labels[e.Label.Action] += len(e.Observations)
	for _, o := range e.Observations {
		x.calls[o.CallKey] = graver(x.calls[o.CallKey], e.Outcome)
		x.first, x.last = earlier(x.first, o.At), max(x.last, o.At)
		x.sights = append(x.sights, sight{o.At, o.Evidence})
	}
	if agent := e.Via.Agent; agent != "" && agent != e.From {
		y := d.stroke(strokeKey{agent, e.From, graph.Drives})
		for _, w := range a.node(agent).Attrs.Values(graph.AttrEvidence) {
			y.labels[w] = 1
		}
		for _, o := range e.Observations {
			y.first, y.last = earlier(y.first, o.At), max(y.last, o.At)
		}
	}
}

// origins draws whose permissions the actors carry and where they came from.
func (d *drawing) origins(a *ancestry, last map[graph.ID]graph.Time, w graph.Window) {
	c := a.chains()
	for _, actor := range slices.Sorted(maps.Keys(last)) {
		c.follow(actor, last[actor])
	}
	carriers := map[graph.ID]bool{}
	for id := range last {
		carriers[id] = true
	}
	for _, h := range c.hops {
		x := d.stroke(strokeKey{h.From, h.To, h.Kind})
		if h.Join != 0 {
			x.labels[h.Join.String()] = 1
		}
		if h.Certainty == Possible {
			x.certainty = Possible
		}
		x.first, x.last = earlier(x.first, h.At), max(x.last, h.At)
		for _, ev := range h.Evidence {
			x.sights = append(x.sights, sight{h.At, ev})
		}
		carriers[h.From], carriers[h.To] = true, true
	}
	for id := range carriers {
		for _, e := range a.of[id] {
			if x := d.stroke(strokeKey{e.From, e.To, graph.Of}); x.first == 0 {
				x.first, x.last = e.First, e.Last
			}
		}
	}
}

// settle counts at the nodes what ends there, and dates each by its first
// touch inside the window: of its calls, issues and agents, else of what is
// next to it.
func (d *drawing) settle(w graph.Window) {
	for k, x := range d.strokes {
		for _, id := range []graph.ID{k.from, k.to} {
			n := d.dots[id]
			n.degree++
			n.calls += len(x.calls)
			for _, o := range x.calls {
				n.worst = graver(n.worst, o)
			}
			if !k.kind.Standing() {
				n.first, n.last = earlier(n.first, max(x.first, w.From)), max(n.last, x.last)
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(d.strokes), compareStroke)
	for more := true; more; { // a node without events is dated by its neighbours
		more = false
		for _, k := range keys {
			a, b := d.dots[k.from], d.dots[k.to]
			for _, p := range [][2]*dot{{a, b}, {b, a}} {
				if p[0].first == 0 && p[1].first != 0 {
					p[0].first, p[0].last, more = p[1].first, p[1].last, true
				}
			}
		}
	}
}

func compareStroke(a, b strokeKey) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.kind, b.kind))
}

// graver is the worse of two outcomes; zero is none.
func graver(a, b graph.Outcome) graph.Outcome {
	if gravity[b] > gravity[a] {
		return b
	}
	return a
}

// gravity orders outcomes by how much they say that something is wrong.
var gravity = map[graph.Outcome]int{graph.OK: 1, graph.Probe: 2, graph.Throttled: 3, graph.Denied: 4, graph.Failed: 5, graph.Fault: 6}

func (x *stroke) show(k strokeKey) PictureEdge {
	out := PictureEdge{ID: k.String(), From: k.from, To: k.to, Kind: k.kind, Labels: []string{}, Effect: x.effect, Calls: len(x.calls),
		Outcomes: []OutcomeCount{}, First: x.first, Last: x.last, Certainty: x.certainty, Agent: x.agent, Evidence: []string{}}
	for _, c := range sortCounts(x.labels) {
		out.Labels = append(out.Labels, c.Name)
	}
	count := map[graph.Outcome]int{}
	for _, o := range x.calls {
		count[o]++
	}
	for _, o := range slices.Sorted(maps.Keys(count)) {
		out.Outcomes = append(out.Outcomes, OutcomeCount{o, count[o]})
	}
	for _, y := range x.sights {
		if len(out.Evidence) < DefaultEvidence && !slices.Contains(out.Evidence, y.evidence) {
			out.Evidence = append(out.Evidence, y.evidence)
		}
	}
	return out
}
