package explore

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Of a call between services the caller's span and the callee's are two records,
// and neither names both ends (ingest/otlp says why and how): the caller's
// observation has the call as its evidence, the callee's the call and behind an
// @ its own span, on an edge from a placeholder. They are joined here, as edges
// are read, so that no question sees a half whose other half is in the data. The
// joined edge has the callee's label, outcome and times.

// The ids of services, and of the placeholders for what a half does not name.
const (
	servicePrefix = "otel:service:"
	callerPrefix  = "otel:caller:"
	calleePrefix  = "otel:callee:"
)

// joinWithin is how far apart the ends of a caller's and of a callee's span may
// lie for the two to be joined.
const joinWithin = graph.Time(time.Hour / time.Millisecond)

// lookups is how many calls are looked up at a time (a full-text query of Neo4j
// takes 1,024 terms), and heldSights how many observations of halves wait for
// that.
const (
	lookups    = 1000
	heldSights = 1 << 16
)

// joined yields what the store yields, with the halves of calls joined.
func (r *reader) joined(frontier []graph.ID, dir graph.Direction, flt graph.Filter) iter.Seq2[graph.Edge, error] {
	if !r.mayJoin(frontier, &flt) {
		return r.store.Edges(r.ctx, frontier, dir, flt)
	}
	return func(yield func(graph.Edge, error) bool) {
		s := &splicer{r: r, flt: flt, frontier: frontier, dir: dir, yield: yield}
		if err := s.run(); err != nil && err != errStopped {
			yield(graph.Edge{}, err)
		}
	}
}

// mayJoin reports whether there may be halves among the edges.
func (r *reader) mayJoin(frontier []graph.ID, flt *graph.Filter) bool {
	if len(flt.Evidence) > 0 || len(flt.Kinds) > 0 && !slices.Contains(flt.Kinds, graph.Called) {
		return false
	}
	if frontier != nil {
		return slices.ContainsFunc(frontier, func(id graph.ID) bool {
			return hasPrefix(id, servicePrefix) || hasPrefix(id, callerPrefix) || hasPrefix(id, calleePrefix)
		})
	}
	if r.spans == nil {
		found := false
		for n, err := range r.store.Nodes(r.ctx, graph.Selector{Kinds: []graph.Kind{graph.Service}, Search: "otel", Limit: 1}) {
			found = err != nil || n.ID != "" // an error shows again in what is read next
		}
		r.spans = &found
	}
	return *r.spans
}

type stopped struct{}

func (stopped) Error() string { return "stopped" }

// errStopped ends a stream that nobody reads any more.
var errStopped = error(stopped{})

// splicer joins the halves of one stream.
type splicer struct {
	r        *reader
	flt      graph.Filter
	frontier []graph.ID
	dir      graph.Direction
	yield    func(graph.Edge, error) bool

	held  []graph.Edge // halves
	waits int          // their observations
}

func (s *splicer) run() error {
	callers, callees := map[graph.ID]bool{}, map[graph.ID]bool{}
	for e, err := range s.r.store.Edges(s.r.ctx, s.frontier, s.dir, s.flt) {
		switch {
		case err != nil:
			return err
		case e.Kind == graph.Called && hasPrefix(e.From, callerPrefix):
			callers[e.From] = true
		case e.Kind == graph.Called && hasPrefix(e.To, calleePrefix):
			callees[e.To] = true
		case !s.yield(e, nil):
			return errStopped
		}
	}
	if err := s.halves(callers, graph.Out); err != nil {
		return err
	}
	if err := s.halves(callees, graph.In); err != nil {
		return err
	}
	if s.frontier != nil && s.dir == graph.Out {
		return s.callees()
	}
	return nil
}

// halves reads the edges at placeholders again, with their evidence, and joins
// them.
func (s *splicer) halves(at map[graph.ID]bool, dir graph.Direction) error {
	if len(at) == 0 {
		return nil
	}
	f := s.flt
	f.Kinds, f.Detail = []graph.EdgeKind{graph.Called}, graph.Evidence
	for e, err := range s.r.store.Edges(s.r.ctx, slices.Sorted(maps.Keys(at)), dir, f) {
		if err != nil {
			return err
		}
		s.held = append(s.held, e)
		if s.waits += len(e.Observations); s.waits >= heldSights {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

// hand yields an edge with as much detail as was asked for.
func (s *splicer) hand(e graph.Edge) error {
	switch s.flt.Detail {
	case graph.Summary:
		e.Observations = nil
	case graph.Times:
		out := make([]graph.Observation, len(e.Observations))
		for i, o := range e.Observations {
			out[i] = graph.Observation{At: o.At, CallKey: o.CallKey}
		}
		e.Observations = out
	}
	if !s.yield(e, nil) {
		return errStopped
	}
	return nil
}

// half is one observation of a half, by its call.
type half struct {
	call string
	at   graph.Time
	edge int // of held
	obs  int
}

// flush joins the halves that are held, and yields those that have no other.
func (s *splicer) flush() error {
	held := s.held
	s.held, s.waits = nil, 0
	var halves []half
	for i := range held {
		for j := range held[i].Observations {
			o := &held[i].Observations[j]
			halves = append(halves, half{callOf(o.Evidence), o.At, i, j})
		}
	}
	found, err := s.find(halves)
	if err != nil {
		return err
	}
	var out joins
	for i := range held {
		e := &held[i]
		var alone []graph.Observation
		for _, o := range e.Observations {
			others := found[callOf(o.Evidence)]
			switch {
			case hasPrefix(e.From, callerPrefix):
				if from, ok := others.caller(o.At); ok {
					if s.frontier == nil || s.dir == graph.In { // the placeholder itself calls nothing
						out.add(from, e, o)
					}
					continue
				}
			case others.called(o.At):
				continue // told by the callee
			}
			alone = append(alone, o)
		}
		if len(alone) > 0 {
			e.Observations = alone
			count(e)
			if err := s.hand(*e); err != nil {
				return err
			}
		}
	}
	return s.handAll(&out)
}

// callees adds the calls of the services in the frontier as their callees tell
// them: the callers' halves lead to these.
func (s *splicer) callees() error {
	var services []graph.ID
	for _, id := range s.frontier {
		if hasPrefix(id, servicePrefix) {
			services = append(services, id)
		}
	}
	if len(services) == 0 {
		return nil
	}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: s.flt.Window, Detail: graph.Evidence, AsOf: s.flt.AsOf}
	if f.Window.From != 0 {
		f.Window.From = max(f.Window.From-joinWithin, 1)
	}
	if f.Window.To != 0 {
		f.Window.To += joinWithin
	}
	var halves []half
	var callers []graph.ID // by half.edge
	look := func() error {
		found, err := s.find(halves)
		if err != nil {
			return err
		}
		var out joins
		for _, h := range halves {
			for _, c := range found[h.call] {
				if c.callee && near(c.at, h.at) && s.passes(&c) {
					out.add(callers[h.edge], c.edge, c.edge.Observations[c.obs])
				}
			}
		}
		halves, callers = halves[:0], callers[:0]
		return s.handAll(&out)
	}
	for e, err := range s.r.store.Edges(s.r.ctx, services, graph.Out, f) {
		if err != nil {
			return err
		}
		if !hasPrefix(e.To, servicePrefix) && !hasPrefix(e.To, calleePrefix) && !hasPrefix(e.To, "otel:peer:") {
			continue // databases and the like tell nothing themselves
		}
		callers = append(callers, e.From)
		for j, o := range e.Observations {
			if !strings.Contains(o.Evidence, "@") {
				halves = append(halves, half{o.Evidence, o.At, len(callers) - 1, j})
			}
		}
		if len(halves) >= heldSights {
			if err := look(); err != nil {
				return err
			}
		}
	}
	return look()
}

// passes reports whether the filter lets a callee's half through.
func (s *splicer) passes(c *other) bool {
	f := &s.flt
	return f.Window.Contains(c.at) && (len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, c.edge.Outcome)) &&
		(len(f.Effects) == 0 || slices.Contains(f.Effects, c.edge.Label.Effect))
}

// other is an observation of a call, as it was looked up.
type other struct {
	edge   *graph.Edge
	obs    int
	at     graph.Time
	callee bool // told by the callee
}

type others []other

// caller is who made the call, by the caller's own span.
func (os others) caller(at graph.Time) (from graph.ID, ok bool) {
	for _, o := range os {
		if !o.callee && near(o.at, at) && (!ok || o.edge.From < from) {
			from, ok = o.edge.From, true
		}
	}
	return from, ok
}

// called reports whether a callee tells of the call.
func (os others) called(at graph.Time) bool {
	return slices.ContainsFunc(os, func(o other) bool { return o.callee && near(o.at, at) })
}

func near(a, b graph.Time) bool { return a-b <= joinWithin && b-a <= joinWithin }

// find looks the calls of the halves up: everything that rests on them.
func (s *splicer) find(halves []half) (map[string]others, error) {
	slices.SortFunc(halves, func(a, b half) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.call, b.call), cmp.Compare(a.edge, b.edge), cmp.Compare(a.obs, b.obs))
	})
	found := map[string]others{}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Detail: graph.Evidence, AsOf: s.flt.AsOf}
	for chunk := range slices.Chunk(halves, lookups) {
		f.Evidence = f.Evidence[:0]
		asked := make(map[string]bool, len(chunk))
		for _, h := range chunk {
			if !asked[h.call] && found[h.call] == nil {
				asked[h.call] = true
				f.Evidence = append(f.Evidence, h.call)
			}
		}
		if len(f.Evidence) == 0 {
			continue
		}
		f.Window = graph.Window{From: max(chunk[0].at-joinWithin, 1), To: chunk[len(chunk)-1].at + joinWithin + 1}
		for e, err := range s.r.store.Edges(s.r.ctx, nil, graph.Out, f) {
			if err != nil {
				return nil, err
			}
			if s.r.left--; s.r.left < 0 { // the reader says so at the next edge
				return found, nil
			}
			for i := range e.Observations {
				o := &e.Observations[i]
				call, own := cutCall(o.Evidence)
				if asked[call] {
					found[call] = append(found[call], other{&e, i, o.At, own})
				}
			}
		}
	}
	return found, nil
}

// callOf is the call that evidence is of.
func callOf(evidence string) string {
	call, _ := cutCall(evidence)
	return call
}

func cutCall(evidence string) (call string, callee bool) {
	call, _, callee = strings.Cut(evidence, "@")
	return call, callee
}

// joins gathers joined observations by the edge they are on.
type joins struct {
	edges map[joinKey]int
	out   []graph.Edge
}

type joinKey struct {
	from, to graph.ID
	label    graph.Label
	outcome  graph.Outcome
	via      graph.Via
	hour     graph.Hour
}

// add adds the callee's observation o on e, called by from.
func (js *joins) add(from graph.ID, e *graph.Edge, o graph.Observation) {
	k := joinKey{from, e.To, e.Label, e.Outcome, e.Via, e.Hour}
	i, ok := js.edges[k]
	if !ok {
		if js.edges == nil {
			js.edges = map[joinKey]int{}
		}
		i = len(js.out)
		js.edges[k] = i
		js.out = append(js.out, graph.Edge{From: from, To: e.To, Kind: e.Kind, Label: e.Label, Outcome: e.Outcome, Via: e.Via, Hour: e.Hour})
	}
	js.out[i].Observations = append(js.out[i].Observations, o)
}

func (s *splicer) handAll(js *joins) error {
	for i := range js.out {
		e := &js.out[i]
		e.Observations = graph.UnionObservations(e.Observations, nil)
		count(e)
		if err := s.hand(*e); err != nil {
			return err
		}
	}
	return nil
}

// count counts the edge's calls anew.
func count(e *graph.Edge) {
	keys := make(map[uint64]bool, len(e.Observations))
	e.First, e.Last = e.Observations[0].At, e.Observations[0].At
	for _, o := range e.Observations {
		keys[o.CallKey] = true
		e.First, e.Last = min(e.First, o.At), max(e.Last, o.At)
	}
	e.Calls = len(keys)
}

// placeholder reports whether the node stands for what one half of a call did
// not name, and not for a thing.
func placeholder(n *graph.Node) bool {
	return hasPrefix(n.ID, callerPrefix) || hasPrefix(n.ID, calleePrefix)
}
