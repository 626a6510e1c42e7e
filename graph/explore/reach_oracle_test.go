package explore_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// The slow walk: every state at every time at which it can be had, found by
// trying every edge from each until nothing new comes. It knows nothing of the
// table of passes, of earliest times nor of going backward: what could have led
// to a node are the seeds from which it is reached.

// fact is an edge of a random graph, whole.
type fact struct {
	kind     graph.EdgeKind
	from, to string
	effect   graph.Effect
	action   string
	outcome  graph.Outcome
	plane    graph.Plane
	role     graph.Role
	match    graph.Match
	join     graph.Join
	times    []graph.Time // of an event
	first    graph.Time   // of a standing fact
	begins   []graph.Time
	ends     []graph.Time
}

// estate is a random graph with its nodes' creation and deletion times.
type estate struct {
	nodes  []string
	facts  []fact
	bounds map[string][]graph.Time
	gone   map[string]bool // which of the bounds are deletions, as id@time
}

// The kinds of nodes, by what their ids begin with.
func isKind(id string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(id, p) })
}

const (
	aUser, aRole, aKey, aTemp, aPass, aSess, anAgent = "arn:aws:iam::1:user/", "arn:aws:iam::1:role/", "aws:key:AKIA", "aws:key:ASIA", "aws:password:", "aws:session:AROA", "agent:"
	aBox, aThing, anEndpoint, aService, aRequest     = "arn:aws:ec2:r:1:instance/", "arn:aws:s3:::", "aws:endpoint:", "aws:service:", "aws:request:"
)

func identity(id string) bool   { return isKind(id, aUser, aRole, aService) }
func credential(id string) bool { return isKind(id, aKey, aTemp, aPass) }
func aSession(id string) bool   { return isKind(id, aSess, aRequest) }
func workload(id string) bool   { return isKind(id, aBox) }
func inert(id string) bool      { return isKind(id, anEndpoint, aService) }

func second(n int) graph.Time { return t0 + graph.Time(n)*1000 }

// randomEstate has few nodes, many edges, few different times.
func randomEstate(r *rand.Rand) *estate {
	e := &estate{bounds: map[string][]graph.Time{}, gone: map[string]bool{}}
	some := func(prefix string, n int) {
		for i := range 1 + r.IntN(n) {
			e.nodes = append(e.nodes, fmt.Sprintf("%s%dNODE0000000000", prefix, i))
		}
	}
	for _, p := range []string{aUser, aRole, aKey, aPass, anAgent, anEndpoint, aService, aRequest} {
		some(p, 1)
	}
	for _, p := range []string{aTemp, aSess, aBox, aThing} {
		some(p, 2)
	}
	of := func(prefixes ...string) string {
		var fit []string
		for _, id := range e.nodes {
			if isKind(id, prefixes...) {
				fit = append(fit, id)
			}
		}
		return fit[r.IntN(len(fit))]
	}
	at := func() graph.Time { return second(r.IntN(16)) }
	times := func(n int) (out []graph.Time) {
		for range 1 + r.IntN(n) {
			out = append(out, at())
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	actor := []string{aKey, aTemp, aSess, aUser, aBox, aService}
	for range 10 + r.IntN(25) {
		f := fact{}
		switch r.IntN(9) {
		case 0, 1, 2:
			f = fact{kind: graph.Called, from: of(actor...), to: of(aThing, aThing, aRole, aBox, aBox, aTemp, anEndpoint), effect: graph.Effect(r.IntN(9)),
				action: []string{"x:Do", "x:DetachIt", "ssm:GetParameter"}[r.IntN(3)], outcome: graph.Outcome(1 + r.IntN(6)), plane: graph.Plane(1 + r.IntN(2)), role: graph.Role(1 + max(0, r.IntN(5)-3)), match: graph.Match(1 + max(0, r.IntN(6)-3)), times: times(3)}
			if r.IntN(2) == 0 {
				f.outcome = graph.OK
			}
		case 3, 4:
			f = fact{kind: graph.Issued, from: of(append(actor, aPass, aRequest)...), to: of(aTemp, aSess, aPass, aRequest), join: []graph.Join{graph.KeyJoin, graph.KeyJoin, graph.RequestJoin, graph.SessionName}[r.IntN(4)], times: times(2)}
		case 5:
			f = fact{kind: graph.Drives, from: of(anAgent), to: of(aSess, aTemp), times: times(2)}
		case 6:
			f = fact{kind: graph.Holds, from: of(aUser, aSess), to: of(aKey, aTemp, aPass)}
		case 7:
			f = fact{kind: graph.Of, from: of(aTemp, aSess), to: of(aUser, aRole, aRole)}
		default:
			switch r.IntN(3) {
			case 0:
				f = fact{kind: graph.Runs, from: of(aBox), to: of(aSess)}
			case 1:
				f = fact{kind: graph.PartOf, from: of(aBox, aThing), to: of(aBox, aThing)}
			default:
				f = fact{kind: graph.RunsAs, from: of(aBox), to: of(aRole, aThing)}
			}
		}
		if f.from == f.to {
			continue
		}
		if f.kind.Standing() {
			f.first = at()
			if r.IntN(2) == 0 {
				f.begins = times(2)
			}
			if r.IntN(2) == 0 {
				f.ends = times(2)
			}
			if slices.ContainsFunc(e.facts, func(g fact) bool { return g.kind == f.kind && g.from == f.from && g.to == f.to }) {
				continue // one edge has one validity
			}
		}
		e.facts = append(e.facts, f)
	}
	if r.IntN(3) == 0 { // a role that was made again
		id := of(aRole, aUser)
		e.bounds[id] = times(2)
		for _, b := range e.bounds[id] {
			e.gone[fmt.Sprint(id, b)] = r.IntN(2) == 0
		}
	}
	return e
}

// world writes the estate into the store's own terms.
func (e *estate) world() *world {
	w := newWorld()
	for _, id := range e.nodes {
		w.node(id)
		for i, b := range e.bounds[id] {
			name := graph.AttrCreated
			if e.gone[fmt.Sprint(id, b)] {
				name = graph.AttrDeleted
			}
			w.attr(id, name, fmt.Sprintf("b%d", i), b)
		}
	}
	for _, f := range e.facts {
		if f.kind.Standing() {
			var marks []graph.Mark
			for i, b := range f.begins {
				marks = append(marks, graph.Mark{Kind: graph.Began, At: b, Evidence: fmt.Sprintf("b%d", i)})
			}
			for i, b := range f.ends {
				marks = append(marks, graph.Mark{Kind: graph.Ended, At: b, Evidence: fmt.Sprintf("e%d", i)})
			}
			w.stands(f.kind, f.from, f.to, f.first, marks...)
			continue
		}
		k := graph.EventKey{From: w.node(f.from), To: w.node(f.to), Kind: f.kind, Outcome: f.outcome}
		l := graph.Label{Action: f.action, Effect: f.effect, Match: f.match, Role: f.role, Plane: f.plane, Join: f.join}
		for _, at := range f.times {
			w.fact(k, l, graph.Observation{At: at})
		}
	}
	return w
}

// worth is what the time of a state is worth.
type worth int

const (
	mayBe  worth = iota // possible
	from                // definite, ε counts
	bornAt              // definite, since it was issued
	exact               // definite, no skew
)

// has is that a node in one generation is in a state from a time on.
type has struct {
	id    string
	gen   int
	what  string
	worth worth
	at    graph.Time
}

// slow walks an estate.
type slow struct {
	*estate
	failure  bool
	dataFlow bool
	eps      graph.Time
	w        graph.Window
}

func (s *slow) generation(id string, at graph.Time) int {
	bounds := slices.Clone(s.bounds[id])
	if isKind(id, aPass) {
		for _, f := range s.facts {
			if f.to == id && f.kind == graph.Issued {
				for _, t := range f.times { // the walk knows what happened in its window
					if s.seen().Contains(t) {
						bounds = append(bounds, t)
					}
				}
			}
			if f.to == id && f.kind == graph.Holds {
				bounds = append(bounds, f.begins...)
			}
		}
	}
	slices.Sort(bounds)
	n := 0
	for _, b := range slices.Compact(bounds) {
		if b <= at {
			n++
		}
	}
	return n
}

// seen is the window of what is read: dependence counts from before.
func (s *slow) seen() graph.Window {
	if s.failure {
		return graph.Window{From: s.w.From - 3000, To: s.w.To}
	}
	return s.w
}

// interval is when a standing fact holds; open ends are zero.
type interval struct {
	from, to graph.Time
	known    bool
	first    graph.Time // its beginning, or first sight
}

func (f *fact) intervals() (out []interval) {
	// Instant by instant: it holds from a beginning to the next end; before all
	// marks it holds if the first is an end, or if there is no beginning.
	end := func(t graph.Time) graph.Time {
		for _, x := range f.ends {
			if x >= t {
				return x
			}
		}
		return 0
	}
	if len(f.begins) == 0 || len(f.ends) > 0 && f.ends[0] < f.begins[0] {
		out = append(out, interval{0, end(0), false, f.first})
	}
	for _, b := range f.begins {
		if n := len(out); n > 0 && (out[n-1].to == 0 || b < out[n-1].to) {
			continue
		}
		out = append(out, interval{b, end(b), true, b})
	}
	return out
}

// life is when a credential is valid; none says always.
func (s *slow) life(id string) (out []interval) {
	if !credential(id) {
		return nil
	}
	for i := range s.facts {
		if f := &s.facts[i]; f.kind == graph.Holds && f.to == id && identity(f.from) {
			out = append(out, f.intervals()...)
		}
	}
	order := func() []interval {
		slices.SortFunc(out, func(a, b interval) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.to, b.to)) })
		return out
	}
	if len(out) > 0 {
		return order()
	}
	ended := false
	for i := range s.facts {
		if f := &s.facts[i]; f.kind == graph.Of && f.from == id {
			for _, x := range f.intervals() {
				out = append(out, x)
				ended = ended || x.to != 0
			}
		}
	}
	if ended {
		out = slices.DeleteFunc(out, func(x interval) bool { return x.to == 0 })
	}
	return order()
}

// usable says whether a credential may be used at t, by slack after its end.
func (s *slow) usable(id string, t, slack graph.Time) bool {
	life := s.life(id)
	for n, x := range life {
		if (n == 0 || !x.known || x.from <= t+max(slack, 0)) && (x.to == 0 || t < x.to+slack) {
			return true
		}
	}
	return len(life) == 0
}

// reach is every state that follows from the seeds.
func (s *slow) reach(seeds []has) map[has]bool {
	all := map[has]bool{}
	todo := slices.Clone(seeds)
	for len(todo) > 0 {
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if all[h] {
			continue
		}
		all[h] = true
		for i := range s.facts {
			s.pass(h, &s.facts[i], func(n has) {
				if n.at < s.w.To && s.generation(n.id, n.at) == n.gen && (s.failure || !inert(n.id)) && !all[n] {
					todo = append(todo, n)
				}
			})
		}
	}
	return all
}

// on is whether a state had since a with that worth holds at t.
func (s *slow) on(h has, t graph.Time) bool {
	switch h.worth {
	case from:
		return h.at+s.eps <= t
	case exact:
		return h.at <= t
	}
	return h.at <= t+s.eps
}

// happens passes h over an event at t to a state of the node.
func (s *slow) happens(h has, t graph.Time, to, what string, sure bool, worthy worth, yield func(has)) {
	n := has{to, s.generation(to, t), what, mayBe, max(t, h.at)}
	if h.at <= t+s.eps {
		yield(n)
	}
	if sure && h.worth != mayBe && s.on(h, t) {
		n.worth = worthy
		yield(n)
	}
}

// event passes h over each time of an event in the window.
func (s *slow) event(h has, f *fact, to, what string, sure bool, worthy worth, yield func(has)) {
	if f.kind != graph.Called || f.role <= graph.Primary && f.match != graph.Mentioned {
		for _, t := range f.times {
			ok := sure
			if s.w.Contains(t) && s.generation(h.id, t) == h.gen {
				if !s.failure && h.what == "control" && credential(h.id) {
					if !s.usable(h.id, t, s.eps) {
						continue
					}
					ok = ok && s.usable(h.id, t, -s.eps)
				}
				s.happens(h, t, to, what, ok, worthy, yield)
			}
		}
	}
}

// holds passes h over a standing fact for as long as it holds.
func (s *slow) holds(h has, f *fact, to, what string, sure, forever bool, yield func(has)) {
	lives := []interval{{}}
	if l := s.life(to); !s.failure && l != nil {
		lives = l
	}
	// The pieces over which it holds and both ends are of one generation.
	var cuts []graph.Time
	for _, x := range f.intervals() {
		for _, y := range lives {
			lo, hi := x.from, x.to
			if y.known {
				lo = max(lo, y.from)
			}
			if y.to != 0 && (hi == 0 || y.to < hi) {
				hi = y.to
			}
			if forever {
				hi = 0
			}
			if hi != 0 && hi <= lo {
				continue
			}
			cuts = append(cuts[:0], lo)
			for t := t0; t <= second(20); t += 1000 { // where a generation changes, to the second
				if t > lo && (hi == 0 || t < hi) && (s.generation(h.id, t) != s.generation(h.id, t-1) || s.generation(to, t) != s.generation(to, t-1)) {
					cuts = append(cuts, t)
				}
			}
			for i, lo := range cuts {
				hi := hi
				if i+1 < len(cuts) {
					hi = cuts[i+1]
				}
				if s.generation(h.id, lo) != h.gen {
					continue
				}
				s.piece(h, f.first, lo, hi, has{to, s.generation(to, lo), what, mayBe, 0}, sure, yield)
			}
		}
	}
}

// piece passes h over [lo, hi); lo zero is from ever, hi zero for ever.
func (s *slow) piece(h has, first, lo, hi graph.Time, n has, sure bool, yield func(has)) {
	within := func(t, slack graph.Time) bool { return hi == 0 || t < hi+slack }
	if within(h.at, s.eps) {
		n.at = max(h.at, lo)
		yield(n)
	}
	shown := max(lo, first)
	if !sure || h.worth == mayBe || !within(shown, 0) {
		return
	}
	if h.worth == exact && within(h.at, 0) || h.worth != exact && within(h.at, -s.eps) {
		yield(has{n.id, n.gen, n.what, h.worth, max(h.at, shown)})
	}
	if s.on(h, shown) {
		yield(has{n.id, n.gen, n.what, exact, max(h.at, shown)})
	}
	if lo >= s.w.From && s.on(h, lo) {
		yield(has{n.id, n.gen, n.what, bornAt, max(h.at, lo)})
	}
}

// pass tries one edge from one state.
func (s *slow) pass(h has, f *fact, yield func(has)) {
	if s.failure {
		s.fails(h, f, yield)
		return
	}
	controls := h.what == "control"
	switch {
	case controls && f.from == h.id && f.kind == graph.Issued && (credential(f.to) || aSession(f.to)):
		s.event(h, f, f.to, "control", f.join < graph.ForwardedAccess, bornAt, yield)
	case controls && f.from == h.id && (f.kind == graph.Holds || f.kind == graph.Runs):
		s.holds(h, f, f.to, "control", true, false, yield)
	case controls && f.to == h.id && f.kind == graph.Of && identity(h.id):
		s.holds(h, f, f.from, "control", true, false, yield)
	case controls && f.from == h.id && f.kind == graph.Drives:
		s.event(h, f, f.to, "control", true, exact, yield)
	case controls && f.from == h.id && f.kind == graph.Called && f.outcome == graph.OK:
		switch f.effect {
		case graph.Control:
			if workload(f.to) || isKind(f.to, anEndpoint) {
				s.event(h, f, f.to, "control", true, from, yield)
			}
			s.event(h, f, f.to, "planted", true, from, yield)
		case graph.Create, graph.Change:
			s.event(h, f, f.to, "planted", true, from, yield)
		case graph.Grant:
			s.event(h, f, f.to, map[bool]string{true: "changed", false: "granted"}[f.action == "x:DetachIt"], true, from, yield)
		case graph.Delete:
			s.event(h, f, f.to, "changed", true, from, yield)
		case graph.Read, graph.SecretRead:
			s.event(h, f, f.to, "seen", true, from, yield)
		}
	case h.what == "granted" && f.to == h.id && f.kind == graph.Of && identity(h.id):
		came := graph.Time(0)
		for _, g := range s.facts {
			if g.kind == graph.Of && g.from == f.from && (came == 0 || g.first < came) {
				came = g.first
			}
			if g.kind == graph.Holds && (g.from == f.from || g.to == f.from) {
				for _, b := range g.begins {
					if came == 0 || b < came {
						came = b
					}
				}
			}
		}
		if s.w.Contains(came) && s.generation(h.id, came) == h.gen {
			s.happens(h, came, f.from, "control", false, 0, yield)
		}
	case h.what == "planted" && f.to == h.id && f.kind == graph.Called && f.outcome == graph.OK && (credential(f.from) || aSession(f.from) || workload(f.from)):
		if f.effect == graph.SecretRead || f.effect == graph.Read && (s.dataFlow || f.action == "ssm:GetParameter") {
			s.event(h, f, f.from, "control", false, 0, yield)
		}
	}
}

// fails is pass for a failure.
func (s *slow) fails(h has, f *fact, yield func(has)) {
	down := h.what == "down"
	switch {
	case f.kind == graph.Called && f.to == h.id && (f.plane == graph.DataPlane || f.effect == graph.SecretRead || f.effect == graph.Use) && f.role <= graph.Primary && f.match != graph.Mentioned:
		if f.outcome == graph.Fault || f.outcome == graph.Failed {
			s.event(h, f, f.from, "without", true, from, yield)
		}
		if f.outcome != graph.Denied && f.outcome != graph.Probe {
			for _, t := range f.times {
				if !s.seen().Contains(t) || s.generation(h.id, t) != h.gen {
					continue
				}
				over := t // a credential that has ended is not hit
				for _, x := range s.life(f.from) {
					over = max(over, x.to)
					if x.to == 0 {
						over = second(1000)
					}
				}
				if over == t || h.at < over+s.eps {
					yield(has{f.from, s.generation(f.from, t), "without", mayBe, max(t, h.at)})
				}
			}
		}
	case f.kind == graph.PartOf && f.to == h.id:
		s.holds(h, f, f.from, h.what, true, false, yield)
	case f.kind == graph.PartOf && f.from == h.id && workload(h.id) && workload(f.to):
		s.holds(h, f, f.to, "without", false, false, yield)
	case f.kind == graph.Holds && f.to == h.id && down:
		s.holds(h, f, f.from, "without", true, true, yield)
	case f.kind == graph.Holds && f.to == h.id && aSession(f.from):
		s.holds(h, f, f.from, "without", true, false, yield)
	case f.kind == graph.Runs && f.to == h.id:
		s.holds(h, f, f.from, "without", true, false, yield)
	case f.kind == graph.Of && f.to == h.id && down && identity(h.id):
		s.holds(h, f, f.from, "down", true, false, yield)
	case f.kind == graph.RunsAs && f.to == h.id && (down || isKind(h.id, aThing)):
		s.holds(h, f, f.from, "without", false, false, yield)
	}
}

// seeds are the states of a seed from the start of the window on, in each
// generation that the window sees.
func (s *slow) seeds(id string) (out []has) {
	what := []string{"planted", "granted"}
	switch {
	case s.failure:
		what = []string{"down"}
	case identity(id) || credential(id) || aSession(id) || workload(id) || isKind(id, anAgent, anEndpoint):
		what = []string{"control"}
	}
	last := -1
	for t := s.w.From; t < s.w.To; t += 1000 {
		if g := s.generation(id, t); g != last {
			last = g
			for _, x := range what {
				out = append(out, has{id, g, x, mayBe, t}, has{id, g, x, exact, t})
			}
		}
	}
	return out
}

// taints are how states are shown.
var taints = map[string]graph.Taint{"control": graph.Controlled, "planted": graph.Altered, "granted": graph.Altered, "changed": graph.Altered,
	"seen": graph.Exposed, "down": graph.Hit, "without": graph.Hit}
