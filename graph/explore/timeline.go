package explore

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Timeline answers: which calls, in order, each once.
type Timeline struct {
	Status
	Calls  []Call `json:"calls"`
	Cursor string `json:"cursor"` // continues; empty at the end
}

// Call is one call with all its targets.
type Call struct {
	At       graph.Time    `json:"at"`
	Evidence []string      `json:"evidence"` // every sight of it
	Action   string        `json:"action"`
	Effect   graph.Effect  `json:"effect"`
	Outcome  graph.Outcome `json:"outcome"`
	Plane    graph.Plane   `json:"plane"`
	Actor    graph.ID      `json:"actor"`
	Identity graph.ID      `json:"identity"`
	Agent    graph.ID      `json:"agent"`
	Client   graph.ID      `json:"client"`
	Service  graph.ID      `json:"service"`
	Who      Class         `json:"who"`
	Reason   string        `json:"reason"`
	Targets  []Target      `json:"targets"` // the primary ones first
}

// Target is one target of a call.
type Target struct {
	ID    graph.ID    `json:"id"`
	Match graph.Match `json:"match"`
	Role  graph.Role  `json:"role"`
}

// sightSlack is how far apart two records of one call may lie to be taken
// together: shared events carry one event time, so this is generous.
const sightSlack = time.Minute

// place is a timeline's cursor: what the first page saw, and where the page
// before ended.
type place struct {
	From     graph.Time `json:"f"`
	To       graph.Time `json:"t"`
	AsOf     uint64     `json:"s"`
	At       graph.Time `json:"a"`
	Evidence string     `json:"e"`
}

func (p place) String() string {
	b, _ := json.Marshal(p) // numbers and strings: cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

func parsePlace(cursor string) (place, error) {
	var p place
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.AsOf == 0 {
		return place{}, badCursor(cursor)
	}
	return p, nil
}

// pageSize checks the size of a page: zero takes the default.
func pageSize(n, otherwise int) (int, error) {
	if n < 0 || n > MaxPage {
		return 0, &graph.Error{Code: graph.CodeInvalid, Message: "a page holds 1 to 1000 items", Hint: "ask for less and follow the cursor"}
	}
	return cmp.Or(n, otherwise), nil
}

// timed is a call at its place in the timeline.
type timed struct {
	sight
	key uint64
}

// Timeline answers which calls were made, in order of time and event id, each
// once with all its targets. Pages keep the window and the ledger number of the
// first, so that ingest does not move them.
func (e *Explorer) Timeline(ctx context.Context, q TimelineQuery) (*Timeline, error) {
	first, err := pageSize(q.First, 50)
	if err != nil {
		return nil, err
	}
	var from place
	if q.After != "" {
		if from, err = parsePlace(q.After); err != nil {
			return nil, err
		}
		q.Window, q.AsOf = graph.Window{From: from.From, To: from.To}, from.AsOf
	}
	r, err := e.reader(ctx, Budget{}, q.AsOf)
	if err != nil {
		return nil, err
	}
	w, err := e.bounded(r, q.Window)
	if err != nil {
		return nil, err
	}
	sel, err := r.selection(q.Of, w)
	if err != nil {
		return nil, err
	}
	asOf := r.asOf
	r.asOf = r.seen // pages to come must see what this one sees, whatever is ingested meanwhile
	set, page, more, err := r.page(sel, w, sight{from.At, from.Evidence}, first)
	if err != nil {
		return nil, err
	}
	if err := r.complete(set, page); err != nil {
		return nil, err
	}
	r.asOf = asOf
	a, err := e.ancestry(r, set.actors())
	if err != nil {
		return nil, err
	}
	set.settle(a)
	out := &Timeline{Calls: []Call{}}
	for _, t := range page {
		out.Calls = append(out.Calls, set.showCall(a, t.key))
	}
	if more {
		last := page[len(page)-1]
		out.Cursor = place{w.From, w.To, r.seen, last.at, last.evidence}.String()
	}
	out.Status, err = e.status(r, w)
	return out, err
}

// page reads forward from behind after, in growing spans, until a page is full.
// The set holds the page's calls only.
func (r *reader) page(sel *selection, w graph.Window, after sight, first int) (set *callSet, page []timed, more bool, err error) {
	set = newTimedSet()
	const slack = graph.Time(sightSlack / time.Millisecond)
	step := graph.Time(5 * time.Minute / time.Millisecond)
	for lo := max(w.From, after.at); lo < w.To && !more && r.truncated == nil; {
		hi := min(lo+step, w.To)
		span := newTimedSet()
		read := graph.Window{From: max(w.From, lo-slack), To: min(w.To, hi+slack)}
		if err := sel.read(r, read, graph.Evidence, func(e *graph.Edge, own graph.Window) { span.add(e, -1, own, false) }); err != nil {
			return nil, nil, false, err
		}
		var found []timed
		for key, ss := range span.sights {
			t := timed{slices.MinFunc(ss, compareSight), key}
			if t.at >= lo && t.at < hi && (after.at == 0 || compareSight(t.sight, after) > 0) {
				found = append(found, t)
			}
		}
		slices.SortFunc(found, func(a, b timed) int { return compareSight(a.sight, b.sight) })
		if room := first - len(page); len(found) > room {
			found, more = found[:room], true
		}
		for _, t := range found {
			set.calls[t.key], set.sights[t.key], set.targets[t.key] = span.calls[t.key], span.sights[t.key], span.targets[t.key]
			if cs := span.callers[t.key]; cs != nil {
				set.callers[t.key] = cs
			}
		}
		page = append(page, found...)
		lo, step = hi, step*2
	}
	return set, page, more, nil
}

func newTimedSet() *callSet {
	s := newCallSet()
	s.primaryFirst, s.targets = true, map[uint64][]Target{}
	return s
}

// complete adds the targets of the page's calls that the selection did not
// show.
func (r *reader) complete(set *callSet, page []timed) error {
	if len(page) == 0 {
		return nil
	}
	const slack = graph.Time(sightSlack / time.Millisecond)
	w := graph.Window{From: page[0].at - slack, To: page[len(page)-1].at + slack}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, Detail: graph.Evidence}
	return r.edges(set.actors(), graph.Out, f, func(e *graph.Edge) {
		keep := e.Observations[:0]
		for _, o := range e.Observations {
			if set.calls[o.CallKey] != nil {
				keep = append(keep, o)
			}
		}
		if e.Observations = keep; len(keep) > 0 {
			set.add(e, -1, graph.Window{}, false)
		}
	})
}

// showCall is one call as answers show it.
func (s *callSet) showCall(a *ancestry, key uint64) Call {
	c := s.calls[key]
	v := a.who(c.from, c.via)
	out := Call{At: c.at, Evidence: []string{}, Action: c.label.Action, Effect: c.label.Effect, Outcome: c.outcome, Plane: c.label.Plane,
		Actor: c.from, Identity: a.identity(c.from), Agent: c.via.Agent, Client: c.via.Client, Service: c.via.Service, Who: v.class, Reason: v.reason}
	for _, o := range s.sights[key] {
		out.Evidence = append(out.Evidence, o.evidence)
	}
	slices.Sort(out.Evidence)
	out.Evidence = slices.Compact(out.Evidence)
	strictest := map[graph.ID]Target{}
	for _, t := range s.targets[key] {
		if old, ok := strictest[t.ID]; !ok || compareTarget(t, old) < 0 {
			strictest[t.ID] = t
		}
	}
	out.Targets = []Target{}
	for _, t := range strictest {
		out.Targets = append(out.Targets, t)
	}
	slices.SortFunc(out.Targets, compareTarget)
	return out
}

func compareTarget(a, b Target) int {
	return cmp.Or(cmp.Compare(a.Role-1, b.Role-1), cmp.Compare(a.Match, b.Match), cmp.Compare(a.ID, b.ID))
}
