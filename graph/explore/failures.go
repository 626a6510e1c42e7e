package explore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Failures answers: what was deleted and what failed, in order of onset.
type Failures struct {
	Status
	Total    FailureTotal `json:"total"`
	Excluded Excluded     `json:"excluded"`
	Failures []Failure    `json:"failures"`
	Bursts   []Burst      `json:"bursts"`
}

// FailureTotal counts distinct calls.
type FailureTotal struct {
	Deletions int `json:"deletions"`
	Faults    int `json:"faults"` // FAULT and ERROR
	Denials   int `json:"denials"`
	Throttles int `json:"throttles"`
}

// Failure is a group of deletions or faults of one target, action and outcome.
type Failure struct {
	Target     graph.ID      `json:"target"`
	TargetKind graph.Kind    `json:"targetKind"`
	Action     string        `json:"action"`
	Effect     graph.Effect  `json:"effect"`
	Outcome    graph.Outcome `json:"outcome"`
	Onset      graph.Time    `json:"onset"`
	Last       graph.Time    `json:"last"`
	Count      int           `json:"count"`
	Identities []graph.ID    `json:"identities"`
	Via        []graph.ID    `json:"via"`
	Evidence   []string      `json:"evidence"` // the first ten
}

// Burst is a run of denials or throttles of one identity with no pause longer
// than BurstPause.
type Burst struct {
	Identity graph.ID      `json:"identity"`
	Outcome  graph.Outcome `json:"outcome"`
	First    graph.Time    `json:"first"`
	Last     graph.Time    `json:"last"`
	Count    int           `json:"count"`
	Actions  []Count       `json:"actions"`
	Targets  int           `json:"targets"`
	Evidence []string      `json:"evidence"` // the first ten
}

// BurstPause is the pause that ends a burst of denials or throttles.
const BurstPause = 10 * time.Minute

// Failures answers what was deleted and what failed, in order of onset: the
// first call of a group, not how many there are. Denials and throttles stand
// apart as bursts; probes are counted.
func (e *Explorer) Failures(ctx context.Context, q FailuresQuery) (*Failures, error) {
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	set := newFailureSet()
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: q.Window, Detail: graph.Evidence,
		Outcomes: []graph.Outcome{graph.Denied, graph.Throttled, graph.Fault, graph.Failed, graph.Probe}}
	if err := r.everywhere(f, set.add); err != nil {
		return nil, err
	}
	f.Outcomes, f.Effects = []graph.Outcome{graph.OK}, []graph.Effect{graph.Delete}
	if err := r.everywhere(f, set.add); err != nil {
		return nil, err
	}
	a, err := e.ancestry(r, slices.Sorted(maps.Keys(set.actors)))
	if err != nil {
		return nil, err
	}
	var targets []graph.ID
	for k := range set.groups {
		targets = append(targets, k.target)
	}
	if err := a.load(r, targets); err != nil {
		return nil, err
	}
	out := &Failures{Failures: set.failures(a), Bursts: set.bursts(a), Excluded: Excluded{Probes: len(set.calls[graph.Probe])}}
	out.Total = FailureTotal{Deletions: len(set.calls[graph.OK]), Faults: len(set.calls[graph.Fault]) + len(set.calls[graph.Failed]),
		Denials: len(set.calls[graph.Denied]), Throttles: len(set.calls[graph.Throttled])}
	out.Status, err = e.status(r, q.Window)
	return out, err
}

type failureKey struct {
	target  graph.ID
	action  string
	outcome graph.Outcome
}

// failureGroup is one row to be.
type failureGroup struct {
	effect graph.Effect
	calls  map[uint64]bool
	sights []sight
	actors map[graph.ID]bool
	via    map[graph.ID]bool
}

// refusal is one sight of a denied or throttled call.
type refusal struct {
	sight
	key     uint64
	action  string
	target  graph.ID
	outcome graph.Outcome
	from    graph.ID
}

type failureSet struct {
	groups   map[failureKey]*failureGroup
	refusals []refusal
	calls    map[graph.Outcome]map[uint64]bool
	actors   map[graph.ID]bool
}

func newFailureSet() *failureSet {
	return &failureSet{groups: map[failureKey]*failureGroup{}, calls: map[graph.Outcome]map[uint64]bool{}, actors: map[graph.ID]bool{}}
}

func (s *failureSet) add(e *graph.Edge) {
	if s.calls[e.Outcome] == nil {
		s.calls[e.Outcome] = map[uint64]bool{}
	}
	for _, o := range e.Observations {
		s.calls[e.Outcome][o.CallKey] = true
	}
	if e.Outcome == graph.Probe {
		return
	}
	s.actors[e.From] = true
	if e.Outcome == graph.Denied || e.Outcome == graph.Throttled {
		for _, o := range e.Observations {
			s.refusals = append(s.refusals, refusal{sight{o.At, o.Evidence}, o.CallKey, e.Label.Action, e.To, e.Outcome, e.From})
		}
		return
	}
	if e.Label.Role > graph.Primary {
		return // what else the call names did not fail by it
	}
	k := failureKey{e.To, e.Label.Action, e.Outcome}
	g := s.groups[k]
	if g == nil {
		g = &failureGroup{calls: map[uint64]bool{}, actors: map[graph.ID]bool{}, via: map[graph.ID]bool{}}
		s.groups[k] = g
	}
	g.effect = max(g.effect, e.Label.Effect)
	g.actors[e.From] = true
	g.via[e.Via.Agent], g.via[e.Via.Service] = true, true
	for _, o := range e.Observations {
		g.calls[o.CallKey] = true
		g.sights = append(g.sights, sight{o.At, o.Evidence})
	}
}

// failures are the groups by onset.
func (s *failureSet) failures(a *ancestry) []Failure {
	out := []Failure{}
	for k, g := range s.groups {
		slices.SortFunc(g.sights, compareSight)
		delete(g.via, "")
		f := Failure{Target: k.target, TargetKind: a.kind(k.target), Action: k.action, Effect: g.effect, Outcome: k.outcome,
			Onset: g.sights[0].at, Last: g.sights[len(g.sights)-1].at, Count: len(g.calls), Identities: a.identities(g.actors),
			Via: orEmpty(slices.Sorted(maps.Keys(g.via))), Evidence: firstSights(g.sights)}
		out = append(out, f)
	}
	slices.SortFunc(out, func(x, y Failure) int {
		return cmp.Or(cmp.Compare(x.Onset, y.Onset), cmp.Compare(x.Target, y.Target), cmp.Compare(x.Action, y.Action), cmp.Compare(x.Outcome, y.Outcome))
	})
	return out
}

// identities folds actors, each identity once, sorted.
func (a *ancestry) identities(actors map[graph.ID]bool) []graph.ID {
	ids := map[graph.ID]bool{}
	for id := range actors {
		ids[a.identity(id)] = true
	}
	return orEmpty(slices.Sorted(maps.Keys(ids)))
}

// firstSights are the first ten event ids of sorted sights.
func firstSights(ss []sight) []string {
	out := []string{}
	for _, s := range ss {
		if len(out) == DefaultEvidence {
			break
		}
		if !slices.Contains(out, s.evidence) {
			out = append(out, s.evidence)
		}
	}
	return out
}

// bursts groups the refusals by identity and outcome, and splits them at
// pauses.
func (s *failureSet) bursts(a *ancestry) []Burst {
	type key struct {
		identity graph.ID
		outcome  graph.Outcome
	}
	by := map[key][]refusal{}
	for _, x := range s.refusals {
		k := key{a.identity(x.from), x.outcome}
		by[k] = append(by[k], x)
	}
	out := []Burst{}
	for k, xs := range by {
		slices.SortFunc(xs, func(x, y refusal) int { return compareSight(x.sight, y.sight) })
		for start := 0; start < len(xs); {
			end := start + 1
			for end < len(xs) && xs[end].at-xs[end-1].at <= graph.Time(BurstPause.Milliseconds()) {
				end++
			}
			out = append(out, burst(k.identity, k.outcome, xs[start:end]))
			start = end
		}
	}
	slices.SortFunc(out, func(x, y Burst) int {
		return cmp.Or(cmp.Compare(x.First, y.First), cmp.Compare(x.Identity, y.Identity), cmp.Compare(x.Outcome, y.Outcome))
	})
	return out
}

func burst(identity graph.ID, outcome graph.Outcome, xs []refusal) Burst {
	b := Burst{Identity: identity, Outcome: outcome, First: xs[0].at, Last: xs[len(xs)-1].at}
	calls, targets := map[uint64]bool{}, map[graph.ID]bool{}
	actions := map[string]int{}
	var sights []sight
	for _, x := range xs {
		if !calls[x.key] {
			actions[x.action]++
		}
		calls[x.key], targets[x.target] = true, true
		sights = append(sights, x.sight)
	}
	b.Count, b.Targets, b.Actions, b.Evidence = len(calls), len(targets), sortCounts(actions), firstSights(sights)
	return b
}
