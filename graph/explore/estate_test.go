package explore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

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
