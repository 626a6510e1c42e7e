package explore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Suspects answers: who may have caused the failure of a resource.
type Suspects struct {
	Status
	Resource Resource      `json:"resource"`
	At       graph.Time    `json:"at"`
	LookBack string        `json:"lookBack"`
	Baseline Baseline      `json:"baseline"`
	Verdict  Verdict       `json:"verdict"`
	Reason   string        `json:"reason"`
	Total    SuspectsTotal `json:"total"`
	// Weights are the terms of the score, in order, with why they weigh so. A
	// score orders the candidates of one answer and means nothing beside it.
	Weights    []Weight  `json:"weights"`
	Candidates []Suspect `json:"candidates"` // named ones first, then by score
}

// Verdict says whether anybody is named.
type Verdict string

// The verdicts. Nobody is an answer: every change was of a kind that its maker
// makes anyway, or there was none.
const (
	Named  Verdict = "NAMED"
	Nobody Verdict = "NOBODY"
)

// SuspectsTotal counts what the answer rests on.
type SuspectsTotal struct {
	Candidates int `json:"candidates"`
	Named      int `json:"named"`
	Changes    int `json:"changes"`  // successful calls that changed it or what it relied on
	ReliedOn   int `json:"reliedOn"` // things it relied on that were looked at
}

// Suspect is one candidate: a session, else a credential or identity, with all
// it did that may matter.
type Suspect struct {
	Rank     int     `json:"rank"` // from one; candidates of equal score share it
	Tied     int     `json:"tied"` // how many share the rank
	Named    bool    `json:"named"`
	Score    float64 `json:"score"`
	Actor    Node    `json:"actor"`
	Identity Node    `json:"identity"`
	// Agent is behind what it did, as far as evidence shows.
	Agent          graph.ID  `json:"agent"`
	AgentCertainty Certainty `json:"agentCertainty"`
	Why            string    `json:"why"`
	Terms          []Term    `json:"terms"`
	Acts           []Act     `json:"acts"` // the one that the terms speak of first, then by time, latest first
	ActsTotal      int       `json:"actsTotal"`
	Chain          []Hop     `json:"chain"`
	Origin         *Origin   `json:"origin"` // nil where the actor was not issued
}

// Relation says how an act bears on the failure.
type Relation string

// The relations.
const (
	Direct  Relation = "DIRECT"  // it changed the resource, or a part of it
	Relied  Relation = "RELIED"  // it changed what the resource relied on
	Enabled Relation = "ENABLED" // it set going, or gave the means to, who then changed it
)

// Act is one call, or the like calls of an hour on data, that may have led to the
// failure.
type Act struct {
	Relation  Relation     `json:"relation"`
	Action    string       `json:"action"`
	Effect    graph.Effect `json:"effect"`
	Target    graph.ID     `json:"target"`
	At        graph.Time   `json:"at"`
	Actor     graph.ID     `json:"actor"`
	Agent     graph.ID     `json:"agent"`
	Service   graph.ID     `json:"service"` // that made the call on the actor's behalf
	Certainty Certainty    `json:"certainty"`
	Then      graph.ID     `json:"then"` // of ENABLED, who acted after it
	Evidence  []string     `json:"evidence"`
	Approval  *Approvals   `json:"approval"` // nil where it changes nothing that is approved

	data  bool // on the data plane
	grave graph.Effect
	via   graph.Via
}

// SuspectsQuery asks Explorer.Suspects.
type SuspectsQuery struct {
	Resource string
	At       graph.Time    // when it failed
	LookBack time.Duration // zero: DefaultLast
	Baseline time.Duration // zero: DefaultBaseline
	Budget   Budget
	AsOf     uint64
}

// secondMillis is added to the time of the failure: event times are whole
// seconds, so what is stamped with its second may have come before it.
const secondMillis = 1000

// The bounds of an answer.
const (
	maxRelied = 200 // things relied on that are looked at
	maxActs   = 10  // acts shown of one candidate
)

// suspecting is one question on its way.
type suspecting struct {
	r       *reader
	e       *Explorer
	q       SuspectsQuery
	window  graph.Window
	scope   *scope
	relied  map[graph.ID]string // what it relied on, with how
	set     map[uint64]bool     // distinct calls that changed something
	acts    []Act
	a       *ancestry
	past    *past
	changed map[habitKey]map[int64]bool // days of the baseline
	assumed map[[2]graph.ID]bool        // identity and role, in the baseline
}

// habitKey is an action of an identity on one thing.
type habitKey struct {
	identity graph.ID
	action   string
	on       graph.ID
}

// Suspects ranks who may have caused the failure of the resource: who changed
// it in the time before, or what it relied on, and who set those going or gave
// them the means. Each term of a score is shown with its evidence. Nobody is
// named where everybody did what they do anyway.
func (e *Explorer) Suspects(ctx context.Context, q SuspectsQuery) (*Suspects, error) {
	if q.At == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "no time of the failure was said", Hint: "failures lists the onsets"}
	}
	if q.LookBack <= 0 {
		q.LookBack = DefaultLast
	}
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	s := &suspecting{r: r, e: e, q: q, window: graph.Window{From: max(q.At.Add(-q.LookBack), 1), To: q.At + secondMillis}, relied: map[graph.ID]string{},
		set: map[uint64]bool{}, changed: map[habitKey]map[int64]bool{}, assumed: map[[2]graph.ID]bool{}}
	if s.scope, err = r.scope([]string{q.Resource}, true, false); err != nil {
		return nil, err
	}
	if len(s.scope.asked) != 1 {
		return nil, &graph.Error{Code: graph.CodeAmbiguous, Message: fmt.Sprintf("%q is several things", q.Resource), Hint: "ask for one of them by its id"}
	}
	out := &Suspects{Resource: s.scope.show()[0], At: q.At, LookBack: lasting(s.window.From, q.At), Weights: weights, Candidates: []Suspect{}}
	if out.Baseline, err = e.baseline(r, s.window, q.Baseline); err != nil {
		return nil, err
	}
	if err := s.reliedOn(ctx); err != nil {
		return nil, err
	}
	if err := s.direct(); err != nil {
		return nil, err
	}
	if err := s.enabling(ctx); err != nil {
		return nil, err
	}
	if err := s.habits(out.Baseline); err != nil {
		return nil, err
	}
	out.Baseline.Complete = s.past.whole
	if err := s.approve(); err != nil {
		return nil, err
	}
	out.Candidates = s.candidates()
	out.Total = SuspectsTotal{Candidates: len(out.Candidates), Changes: len(s.set), ReliedOn: len(s.relied)}
	for _, c := range out.Candidates {
		if c.Named {
			out.Total.Named++
		}
	}
	out.Verdict, out.Reason = verdictOf(out)
	out.Status, err = e.status(r, s.window)
	return out, err
}

// verdictOf says who is named, or why nobody is.
func verdictOf(s *Suspects) (Verdict, string) {
	switch {
	case s.Total.Named > 0:
		return Named, fmt.Sprintf("%d of %d candidates did what they do not usually do", s.Total.Named, s.Total.Candidates)
	case s.Total.Candidates == 0:
		return Nobody, "nothing is seen to have changed it or what it relied on in the time looked at"
	}
	return Nobody, fmt.Sprintf("each of the %d candidates did what it does anyway, in the way it does it: the baseline holds like changes of the same things", s.Total.Candidates)
}

// reliedOn finds what the resource relied on.
func (s *suspecting) reliedOn(ctx context.Context) error {
	a, err := s.e.Reach(ctx, ReachQuery{From: []string{string(s.scope.asked[0].node.ID)}, Mode: graph.Failure, Direction: Backward, Window: s.window, Budget: s.q.Budget, AsOf: s.q.AsOf})
	if err != nil {
		return err
	}
	s.cut(a.Truncated)
	for i := range a.Nodes {
		x := &a.Nodes[i]
		if _, own := s.scope.targets[x.Node.ID]; own || x.Seed || len(x.Path) == 0 || x.Node.Type == "aws.endpoint" || x.Node.Type == typeService {
			continue
		}
		if len(s.relied) == maxRelied {
			s.r.note("More than %d things were relied on; the others were not looked at.", maxRelied)
			return nil
		}
		s.relied[x.Node.ID] = x.Path[0].Why
	}
	return nil
}

// cut takes over the limit that a walk met.
func (s *suspecting) cut(t *Truncation) {
	if t != nil {
		s.r.cut(t.Limit, t.Value)
	}
}

// mutations are the effects that change something.
var mutations = []graph.Effect{graph.Create, graph.Change, graph.Delete, graph.Grant, graph.Control}

// direct reads who changed the resource, and what it relied on.
func (s *suspecting) direct() error {
	ids := slices.Sorted(maps.Keys(s.relied))
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: s.window, Outcomes: []graph.Outcome{graph.OK}, Effects: mutations, Detail: graph.Evidence}
	return s.r.edges(slices.Concat(s.scope.ids, ids), graph.In, f, func(e *graph.Edge) {
		if e.Label.Match > graph.Derived || e.Label.Role > graph.Primary {
			return
		}
		relation := Relied
		t, own := s.scope.targets[e.To]
		if own {
			relation = Direct
		} else if e.Label.Plane == graph.DataPlane {
			return // its data, not what it is
		}
		x := Act{Relation: relation, Action: e.Label.Action, Effect: e.Label.Effect, Target: e.To, Actor: e.From, Agent: e.Via.Agent,
			Service: e.Via.Service, Certainty: Definite, data: e.Label.Plane == graph.DataPlane, grave: e.Label.Effect, via: e.Via}
		for i := range e.Observations {
			o := &e.Observations[i]
			if !t.window.Contains(o.At) {
				continue
			}
			s.set[o.CallKey] = true
			x.At, x.Evidence = o.At, append(slices.Clip(x.Evidence), o.Evidence)
			if !x.data { // of data, an hour's calls are one act
				s.acts = append(s.acts, x)
				x.Evidence = nil
			}
		}
		if x.data && len(x.Evidence) > 0 {
			x.Evidence = x.Evidence[max(0, len(x.Evidence)-DefaultEvidence):]
			s.acts = append(s.acts, x)
		}
	})
}

// enabling finds who set going, or gave the means to, who changed it: the hops of
// the ways that lead to it, backward in time, that pass from one actor to
// another by more than obtaining a credential for oneself.
func (s *suspecting) enabling(ctx context.Context) error {
	if len(s.acts) == 0 {
		return nil
	}
	from := map[string]bool{string(s.scope.asked[0].node.ID): true}
	for i := range s.acts {
		if s.acts[i].Relation == Relied {
			from[string(s.acts[i].Target)] = true
		}
	}
	a, err := s.e.Reach(ctx, ReachQuery{From: slices.Sorted(maps.Keys(from)), Mode: graph.Compromise, Direction: Backward, Window: s.window, Budget: s.q.Budget, AsOf: s.q.AsOf})
	if err != nil {
		return err
	}
	s.cut(a.Truncated)
	type key struct {
		from, to graph.ID
		action   string
		at       graph.Time
	}
	seen := map[key]bool{}
	for i := range a.Nodes {
		path := a.Nodes[i].Path
		if len(path) < 2 {
			continue
		}
		last := &path[len(path)-1]
		certainty := Definite
		for j := len(path) - 2; j >= 0; j-- {
			h := &path[j]
			if path[j+1].Certainty == Possible || h.Certainty == Possible {
				certainty = Possible
			}
			passes := h.Kind == graph.Called && (h.Effect == graph.Control || h.Effect == graph.Grant) || h.Kind == graph.Issued && lasts(h)
			k := key{h.From, h.To, h.Action, h.At}
			if !passes || seen[k] || !last.Effect.Mutates() {
				continue
			}
			seen[k] = true
			data := slices.ContainsFunc(s.acts, func(x Act) bool {
				return x.data && x.Actor == last.From && x.Target == last.To && x.Action == last.Action
			})
			action := h.Action
			if h.Kind == graph.Issued {
				action = "ISSUED " + h.Join.String()
			}
			s.acts = append(s.acts, Act{Relation: Enabled, Action: action, Effect: cmp.Or(h.Effect, graph.Grant), Target: h.To, At: h.At, Actor: h.From,
				Agent: h.Agent, Certainty: certainty, Then: last.From, Evidence: h.Evidence, data: data, grave: last.Effect, via: graph.Via{Agent: h.Agent}})
		}
	}
	return nil
}

// lasts reports whether what was issued is a key without an end: a means for
// another, or for later, where a session is one's own.
func lasts(h *ReachHop) bool { return hasPrefix(h.To, "aws:key:AKIA") }
