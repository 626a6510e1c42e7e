package neo4j

import (
	"context"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/blastradius/blastradius/graph"
)

// The choice between expanding a target and asking the index hour by hour: for
// windows of at most fewHours, on targets with more than manyCalls edges.
const (
	fewHours  = 48
	manyCalls = 256
)

// endOfHours is behind all hours of a graph.
const endOfHours = 1 << 31

// Edges implements graph.Store. It is one statement, whatever the frontier.
func (s *Store) Edges(ctx context.Context, frontier []graph.ID, dir graph.Direction, f graph.Filter) iter.Seq2[graph.Edge, error] {
	return func(yield func(graph.Edge, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(graph.Edge{}, err)
			return
		}
		if frontier != nil && len(frontier) == 0 {
			return
		}
		r := edgeReader{s: s, f: f}
		text, params := r.question(frontier, dir)
		if text == "" {
			return
		}
		err := s.read(ctx, text, params, func(row []any) error {
			e, ok, err := r.edge(row)
			if err != nil {
				return err
			}
			if ok && !yield(e, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(graph.Edge{}, err)
		}
	}
}

// edgeReader answers one call of Edges.
type edgeReader struct {
	s        *Store
	f        graph.Filter
	from, to graph.Time // the window, without open ends
	sights   []sight
	calls    []uint64
}

// question is the statement that reads a superset of the answer, with the
// observations that the rest of the filter needs. Empty: nothing can match.
func (r *edgeReader) question(frontier []graph.ID, dir graph.Direction) (string, map[string]any) {
	f, s := &r.f, r.s
	r.from, r.to = max(f.Window.From, 0), f.Window.To
	if end := graph.Hour(math.MaxInt32).Start(); r.to == 0 || r.to > end {
		r.to = end
	}
	events, standing := false, false
	for _, row := range graph.EdgeKinds {
		if len(f.Kinds) == 0 || slices.Contains(f.Kinds, row.Kind) {
			events = events || hasEvents(row)
			standing = standing || row.Standing
		}
	}
	events = events && r.from < r.to
	standing = standing && len(f.Evidence) == 0
	if !events && !standing {
		return "", nil
	}
	p := map[string]any{"from": int64(0), "to": int64(0), "standing": int64(-1), "firstHour": int64(-1), "lastHour": int64(-1),
		"outcomes": words(f.Outcomes), "effects": words(f.Effects),
		"all": f.Detail > graph.Summary || f.AsOf != 0 || len(f.Evidence) > 0}
	hours := 0
	if events {
		first, last := max(r.from.Hour(), 1), (r.to - 1).Hour() // hour zero is that of standing edges
		hours = int(last) - int(first) + 1
		p["from"], p["to"] = s.hourKey(first), s.hourKey(last)+1
		if r.from > first.Start() {
			p["firstHour"] = s.hourKey(first)
		}
		if r.to < last.Start()+graph.Time(graph.HourMillis) {
			p["lastHour"] = s.hourKey(last)
		}
	}
	if standing {
		p["standing"] = s.hourKey(0)
	}
	switch {
	case frontier == nil && len(f.Evidence) > 0:
		tokens := make([]string, len(f.Evidence))
		for i, ev := range f.Evidence {
			tokens[i] = eventToken(ev)
		}
		p["query"], p["types"], p["standing"] = strings.Join(tokens, " "), strings.Split(types(f.Kinds), "|"), s.hourKey(0)
		return cypherByEvidence, p
	case frontier == nil:
		return cypherWindow(f.Kinds), p
	}
	p["frontier"] = s.frontier(frontier)
	switch {
	case dir == graph.Out:
		return cypherOut(f.Kinds), p
	case hours > 0 && hours <= fewHours && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, graph.Called)):
		list := make([]int64, hours)
		for i := range list {
			list[i] = p["from"].(int64) + int64(i)
		}
		p["hours"], p["many"] = list, manyCalls
		return cypherInHours(f.Kinds), p
	}
	return cypherIn(f.Kinds), p
}

// frontier are the keys and hashes of ids, each once.
func (s *Store) frontier(ids []graph.ID) [][]any {
	out := make([][]any, 0, len(ids))
	seen := make(map[graph.ID]bool, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			key := s.keys.key(id)
			out = append(out, []any{key, hash(key)})
		}
	}
	return out
}

// words spells enums for a filter, nil where it is open.
func words[T interface{ String() string }](vs []T) any {
	if len(vs) == 0 {
		return nil
	}
	var out []string
	for _, v := range vs {
		out = append(out, v.String())
	}
	return out
}

// The columns of edgeColumns.
const (
	colFrom = iota
	colTo
	colKind
	colHour
	colAction
	colEffect
	colMatch
	colRole
	colPlane
	colJoin
	colDetail
	colOutcome
	colAgent
	colClient
	colService
	colCalls
	colFirst
	colLast
	colObservations
	colSeq
	colRecord
	colMarks
)

// edge reads a row, and reports whether the edge passes the filter.
func (r *edgeReader) edge(row []any) (e graph.Edge, ok bool, err error) {
	s := r.s
	e.From, e.To = s.keys.id(row[colFrom].(string)), s.keys.id(row[colTo].(string))
	e.Label.Action, e.Label.Detail = textOf(row[colAction]), textOf(row[colDetail])
	e.Via = graph.Via{Agent: graph.ID(textOf(row[colAgent])), Client: graph.ID(textOf(row[colClient])), Service: graph.ID(textOf(row[colService]))}
	for col, to := range map[int]interface{ UnmarshalText([]byte) error }{colKind: &e.Kind, colEffect: &e.Label.Effect, colMatch: &e.Label.Match,
		colRole: &e.Label.Role, colPlane: &e.Label.Plane, colJoin: &e.Label.Join, colOutcome: &e.Outcome} {
		if w, ok := row[col].(string); ok {
			if err := to.UnmarshalText([]byte(w)); err != nil {
				return e, false, err
			}
		}
	}
	e.Hour = hourOf(row[colHour].(int64))
	if e.Hour == 0 {
		return r.standing(e, row)
	}
	switch obs := row[colObservations].(type) {
	case nil: // the whole hour counts
		n, _ := row[colCalls].(int64)
		e.Calls, e.First, e.Last = int(n), timeOf(row[colFirst]), timeOf(row[colLast])
		return e, n > 0, nil
	case []byte:
		r.sights, err = decodeSights(r.sights[:0], obs, e.Hour)
	case []any:
		r.sights = r.sights[:0]
		for _, b := range obs {
			if r.sights, err = decodeSights(r.sights, b.([]byte), e.Hour); err != nil {
				return e, false, err
			}
		}
		slices.SortFunc(r.sights, func(a, b sight) int { return graph.CompareObservation(a.Observation, b.Observation) })
	}
	if err != nil {
		return e, false, err
	}
	r.count(&e)
	if e.Calls == 0 {
		return e, false, nil
	}
	return e, true, nil
}

// count takes the observations that the filter lets through into the edge.
func (r *edgeReader) count(e *graph.Edge) {
	r.calls = r.calls[:0]
	for i := range r.sights {
		x := &r.sights[i]
		if x.At < r.from || x.At >= r.to || hidden(x.Source.Seq, x.by, r.f.AsOf) || !evident(x.Evidence, r.f.Evidence) {
			continue
		}
		if len(r.calls) == 0 {
			e.First = x.At
		}
		e.Last = x.At
		r.calls = append(r.calls, x.CallKey)
		switch r.f.Detail {
		case graph.Times:
			e.Observations = append(e.Observations, graph.Observation{At: x.At, CallKey: x.CallKey})
		case graph.Evidence:
			e.Observations = append(e.Observations, x.Observation)
		}
	}
	slices.Sort(r.calls)
	e.Calls = len(slices.Compact(r.calls))
}

// evident reports whether evidence is one of those wanted.
func evident(evidence string, want []string) bool {
	return len(want) == 0 || slices.ContainsFunc(want, func(w string) bool {
		return evidence == w || len(evidence) > len(w) && evidence[len(w)] == '@' && strings.HasPrefix(evidence, w)
	})
}

// standing reads the rest of a standing edge.
func (r *edgeReader) standing(e graph.Edge, row []any) (graph.Edge, bool, error) {
	e.First, e.Last = timeOf(row[colFirst]), timeOf(row[colLast])
	e.Source = graph.Ref{Seq: uint64(row[colSeq].(int64)), Record: uint32(row[colRecord].(int64))}
	if r.f.AsOf != 0 && e.Source.Seq > r.f.AsOf {
		return e, false, nil
	}
	b, _ := row[colMarks].([]byte)
	ms, err := decodeMarks(b)
	for _, m := range ms {
		if !hidden(m.Source.Seq, m.by, r.f.AsOf) {
			e.Marks = append(e.Marks, m.Mark)
		}
	}
	return e, err == nil, err
}

// textOf undoes optional.
func textOf(v any) string {
	s, _ := v.(string)
	return plain(s)
}

// read runs a reading statement and hands its rows over. One that fails before
// its first row, because the server does not answer, is tried again: a pooled
// connection may be older than the server.
func (s *Store) read(ctx context.Context, text string, params map[string]any, each func([]any) error) error {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		begun := false
		err := func() error {
			session := s.session(ctx, neo4j.AccessModeRead)
			defer session.Close(context.WithoutCancel(ctx))
			s.counters.statements.Add(1)
			res, err := session.Run(ctx, text, params)
			if err != nil {
				return err
			}
			return rows(ctx, res, func(row []any) error { begun = true; return each(row) })
		}()
		switch {
		case err == nil || err == errStop:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case begun || attempt == attempts || classify(err) != gone:
			return s.explain("read the graph", err)
		}
	}
}
