package explore_test

import (
	"cmp"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// The slow walk: every state at every time at which it can be had, found by
// trying every edge from each until nothing new comes. It knows nothing of the
// table of passes, of earliest times nor of going backward: what could have led
// to a node are the seeds from which it is reached.

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
