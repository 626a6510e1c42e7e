package explore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// DefaultEpsilon is how far apart two clocks may be: CloudTrail stamps whole
// seconds at the serving host, and hosts differ.
const DefaultEpsilon = 5 * time.Second

// DefaultDependence is how long before an outage a use shows a dependence.
const DefaultDependence = 24 * time.Hour

// ReachDirection is the direction of a walk.
type ReachDirection string

// The directions.
const (
	Forward  ReachDirection = "FORWARD"  // what follows from the seeds
	Backward ReachDirection = "BACKWARD" // what could have led to them
)

// ReachQuery asks Explorer.Reach.
type ReachQuery struct {
	From       []string
	Mode       graph.Physics  // zero: Compromise
	Direction  ReachDirection // empty: Forward
	Window     graph.Window
	Epsilon    time.Duration // zero: DefaultEpsilon; negative: none
	Dependence time.Duration // of a failure, before the window; zero: DefaultDependence
	DataFlow   bool          // walks every reader of what was altered
	Static     bool          // adds the time-blind closure
	Explain    string        // says why this node is in or out
	NoPaths    bool          // leaves Path empty, which is cheaper
	Budget     Budget
	AsOf       uint64
}

// ReachAnswer answers: how far does it spread, or who could have caused it.
// Nodes are ordered by time (backward: latest first), then ID; seeds come first.
type ReachAnswer struct {
	Status
	Mode      graph.Physics  `json:"mode"`
	Direction ReachDirection `json:"direction"`
	Epsilon   string         `json:"epsilon"`
	From      []Node         `json:"from"`
	Total     ReachTotal     `json:"total"`
	Nodes     []ReachedNode  `json:"nodes"`
	Static    *ReachStatic   `json:"static"`
	Explain   *ReachExplain  `json:"explain"`
}

// ReachTotal is the scope statement: how many nodes, and of what. Seeds and
// what only joins two records do not count.
type ReachTotal struct {
	Nodes     int     `json:"nodes"`
	Definite  int     `json:"definite"`
	Possible  int     `json:"possible"`
	ByMark    []Tally `json:"byMark"`
	ByKind    []Tally `json:"byKind"`
	ByAccount []Tally `json:"byAccount"`
	ByRegion  []Tally `json:"byRegion"`
	ByService []Tally `json:"byService"`
}

// Tally counts one name; an empty name is "not known".
type Tally struct {
	Name     string `json:"name"`
	Count    int    `json:"count"`
	Definite int    `json:"definite"`
}

// ReachedNode is a node with the strongest mark that reached it. At is the
// earliest time at which it has the mark or, backward, the latest at which
// having it could still lead to the seeds; the definite one where there is one.
type ReachedNode struct {
	Node      Node        `json:"node"`
	Seed      bool        `json:"seed"`
	Mark      graph.Taint `json:"mark"`
	At        graph.Time  `json:"at"`
	Hops      int         `json:"hops"`
	Certainty Certainty   `json:"certainty"`
	Marks     []ReachMark `json:"marks"` // all of them, strongest first
	// Readers counts who read it after it was altered and is not reached.
	Readers int `json:"readers"`
	// Path is one way, in the order in which it happened: from a seed to the
	// node or, backward, from the node to a seed.
	Path []ReachHop `json:"path"`
}

// ReachMark is one mark of a node.
type ReachMark struct {
	Mark      graph.Taint `json:"mark"`
	At        graph.Time  `json:"at"`
	Hops      int         `json:"hops"`
	Certainty Certainty   `json:"certainty"`
}

// ReachHop is one step of a path: From passed Mark on to To. The edge runs the
// other way where Against is set.
type ReachHop struct {
	From      graph.ID       `json:"from"`
	To        graph.ID       `json:"to"`
	Kind      graph.EdgeKind `json:"kind"`
	Against   bool           `json:"against"`
	Action    string         `json:"action"`
	Effect    graph.Effect   `json:"effect"`
	Outcome   graph.Outcome  `json:"outcome"`
	Join      graph.Join     `json:"join"`
	Agent     graph.ID       `json:"agent"`
	At        graph.Time     `json:"at"`
	Mark      graph.Taint    `json:"mark"`
	Certainty Certainty      `json:"certainty"`
	Evidence  []string       `json:"evidence"`
	Why       string         `json:"why"` // the verb between the ends
}

// reachRun is one question on its way.
type reachRun struct {
	*spread
	q     ReachQuery
	from  []resolved
	seeds map[graph.ID]bool
	// shownNodes are the numbers of the nodes of the last answer.
	shownNodes []int32
}

// Reach answers how far something spreads in time from the seeds, or what could
// have led to them. Seeds are in their state from the start of the window on or,
// backward, at its end. An answer that met a limit says which.
func (e *Explorer) Reach(ctx context.Context, q ReachQuery) (*ReachAnswer, error) {
	run, err := e.startReach(ctx, &q, true)
	if err != nil {
		return nil, err
	}
	if err := run.walk(); err != nil {
		return nil, err
	}
	out := &ReachAnswer{Mode: q.Mode, Direction: q.Direction, Epsilon: q.Epsilon.String(), From: []Node{}}
	for _, x := range run.from {
		out.From = append(out.From, showNode(&x.node))
	}
	out.Nodes = run.reached()
	out.Total = run.total(out.Nodes)
	if q.Static {
		if out.Static, err = run.static(out.Nodes); err != nil {
			return nil, err
		}
	}
	if q.Explain != "" {
		if out.Explain, err = run.explain(out.Nodes); err != nil {
			return nil, err
		}
	}
	if n := run.late(); n > 0 {
		run.r.note("%d successful calls by a credential after its recorded end were not walked: they contradict the record.", n)
	}
	run.release()
	out.Status, err = e.status(run.r, q.Window)
	return out, err
}

// startReach fills in what the question leaves open and resolves its seeds. Only
// a walk that changes nothing may be over the hot window.
func (e *Explorer) startReach(ctx context.Context, q *ReachQuery, hot bool) (*reachRun, error) {
	if len(q.From) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "nothing was asked for", Hint: "give at least one id, ARN or name to start from"}
	}
	q.Mode, q.Direction = cmp.Or(q.Mode, graph.Compromise), cmp.Or(q.Direction, Forward)
	q.Epsilon, q.Dependence = max(cmp.Or(q.Epsilon, DefaultEpsilon), 0), cmp.Or(q.Dependence, DefaultDependence)
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	if q.Window, err = e.bounded(r, q.Window); err != nil {
		return nil, err
	}
	run := &reachRun{q: *q, seeds: map[graph.ID]bool{}}
	if run.from, err = r.resolve(q.From, selects); err != nil {
		return nil, err
	}
	for _, x := range run.from {
		if (x.node.Kind == graph.Client || x.node.Inert() && q.Mode == graph.Compromise) && q.Direction == Forward {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: string(x.node.ID) + " stands for everybody's calls: nothing spreads from it",
				Hint: "start from an identity, credential, session, agent, workload or resource"}
		}
	}
	run.spread = e.newSpread(r, q, run.from, hot)
	return run, nil
}

// newSpread is a walk that has read nothing, or one over the hot window where
// that holds its window and the nodes that it starts from.
func (e *Explorer) newSpread(r *reader, q *ReachQuery, from []resolved, hot bool) *spread {
	w := q.Window
	if q.Mode == graph.Failure {
		w.From = max(w.From.Add(-q.Dependence), 1)
	}
	s := e.survey(r, newFilters(q.Mode, q.Direction == Backward, w))
	x := &labelling{}
	if hot {
		s.held = e.hot.view(r, w, from)
		if s.held != nil {
			s.terrain, x = s.held.terrain, s.held.scratch.Get().(*labelling)
		}
	}
	return &spread{survey: s, labelling: x, window: q.Window, epsilon: graph.Time(q.Epsilon.Milliseconds()), dataFlow: q.DataFlow}
}

// walk walks and reads in turn until the walk needs nothing more.
func (run *reachRun) walk() error {
	if run.held != nil {
		run.run(run.starts())
		return nil
	}
	for _, x := range run.from {
		for id := range x.ids {
			run.unread[run.number(id)] = true
		}
	}
	for {
		if _, err := run.read(); err != nil {
			return err
		}
		run.run(run.starts())
		run.demand()
		if !run.more() || run.r.truncated != nil && run.r.truncated.Limit == LimitEdges {
			return nil
		}
	}
}

// seedState is a state to start from, with its time.
type seedState struct {
	state
	at graph.Time
}

// starts are the states of the seeds, in each generation that the window sees.
func (run *reachRun) starts() (out []seedState) {
	for _, x := range run.from {
		for _, id := range slices.Sorted(maps.Keys(x.ids)) {
			n := run.num[id]
			for _, m := range run.meanings(n, overlap(x.ids[id], run.window)) {
				run.seeds[run.nodes[m.spot.node].ID] = true
				at := max(m.window.From, run.window.From)
				if run.f.backward {
					at = cmp.Or(m.window.To, forever) - 1
				}
				for _, s := range seedStates(run.f.physics, run.f.backward, &run.nodes[m.spot.node].Node) {
					for _, c := range run.seedClasses() {
						out = append(out, seedState{state{m.spot, s, c}, at})
					}
				}
			}
		}
	}
	return out
}

// meanings are what the node's id means over the window.
func (w *spread) meanings(n int32, over graph.Window) (out []meaning) {
	if !w.blind {
		return w.means(n, over)
	}
	for _, s := range w.meant(n) {
		out = append(out, meaning{s, over})
	}
	return out
}

// seedClasses are the classes of a seed: forward it is exactly what it is, and so
// possibly too; backward any way to it will do.
func (run *reachRun) seedClasses() []class {
	switch {
	case run.blind:
		return []class{possibly}
	case run.f.backward:
		return []class{possibly, plainly, inborn, exactly}
	}
	return []class{possibly, exactly}
}
