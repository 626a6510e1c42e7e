// Package storetest is the suite that every graph.Store passes, with Model, a
// slow store that is plainly right, as its oracle.
package storetest

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Model is a graph.Store in memory: maps of whole values, searched from end to
// end. It is the oracle of the suite, and a store for tests of what is built on
// stores. It is durable only in the sense that it lives as long as the process.
type Model struct {
	mu       sync.RWMutex
	nodes    map[graph.ID]graph.Node
	events   map[identity]map[sight]graph.Observation
	standing map[identity]graph.Edge
	ledger   []graph.Source
	removed  map[string]graph.Ref // superseded evidence and the smallest source that says so
	floor    graph.Time
	refused  int
}

// identity is what tells edges apart.
type identity struct {
	From, To graph.ID
	Kind     graph.EdgeKind
	Label    graph.Label
	Outcome  graph.Outcome
	Via      graph.Via
	Hour     graph.Hour
}

// sight is what tells the observations of an edge apart.
type sight struct {
	At       graph.Time
	Evidence string
}

var (
	_ graph.Store     = (*Model)(nil)
	_ graph.Watermark = (*Model)(nil)
)

// NewModel returns an empty store.
func NewModel() *Model {
	return &Model{nodes: map[graph.ID]graph.Node{}, events: map[identity]map[sight]graph.Observation{},
		standing: map[identity]graph.Edge{}, removed: map[string]graph.Ref{}}
}

// Apply implements graph.Store.
func (m *Model) Apply(ctx context.Context, b *graph.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	base := m.watermark() + 1
	ref := func(r graph.Ref) graph.Ref { return graph.Ref{Seq: base + r.Seq, Record: r.Record} }
	id := func(r graph.NodeRef) graph.ID {
		if r == 0 {
			return ""
		}
		return graph.ID(strings.Clone(string(b.Nodes[r-1].ID)))
	}
	label := func(r graph.LabelRef) graph.Label {
		l := b.Labels[r]
		l.Action, l.Detail = strings.Clone(l.Action), strings.Clone(l.Detail)
		return l
	}
	for i, s := range b.Sources {
		s.Seq = base + uint64(i)
		s.Lists = slices.Clone(s.Lists)
		m.ledger = append(m.ledger, s)
	}
	for _, n := range b.Nodes {
		n.ID, n.Type, n.Attrs = graph.ID(strings.Clone(string(n.ID))), strings.Clone(n.Type), slices.Clone(n.Attrs)
		for i := range n.Attrs { // a batch's strings are its own
			n.Attrs[i].Name, n.Attrs[i].Value = strings.Clone(n.Attrs[i].Name), strings.Clone(n.Attrs[i].Value)
		}
		old := m.nodes[n.ID]
		old.ID = n.ID
		old.Attrs = slices.Clone(old.Attrs)
		m.nodes[n.ID] = old.Merge(n)
	}
	for _, r := range b.Events {
		k := identity{id(r.From), id(r.To), r.Kind, label(r.Label), r.Outcome,
			graph.Via{Agent: id(r.Agent), Client: id(r.Client), Service: id(r.Service)}, r.Hour}
		for _, o := range r.Observations {
			if o.At < m.floor {
				m.refused++
				continue
			}
			if m.events[k] == nil {
				m.events[k] = map[sight]graph.Observation{}
			}
			o.Evidence, o.Call, o.Source = strings.Clone(o.Evidence), strings.Clone(o.Call), ref(o.Source)
			if old, ok := m.events[k][sight{o.At, o.Evidence}]; ok {
				if old.Source.Before(o.Source) {
					o.Source = old.Source
				}
				o.Call = max(o.Call, old.Call)
			}
			o.CallKey = graph.CallKeyOf(o.CallID())
			m.events[k][sight{o.At, o.Evidence}] = o
		}
	}
	for _, r := range b.Standing {
		k := identity{From: id(r.From), To: id(r.To), Kind: r.Kind, Label: label(r.Label)}
		e, ok := m.standing[k]
		if !ok {
			e = graph.Edge{From: k.From, To: k.To, Kind: k.Kind, Label: k.Label, First: r.First, Last: r.Last, Source: ref(r.Source)}
		}
		e.First, e.Last = min(e.First, r.First), max(e.Last, r.Last)
		if s := ref(r.Source); s.Before(e.Source) {
			e.Source = s
		}
		e.Marks = slices.Clone(e.Marks)
		for _, x := range r.Marks {
			x.Evidence, x.Source = strings.Clone(x.Evidence), ref(x.Source)
			e.Marks = graph.MergeMarks(e.Marks, []graph.Mark{x})
		}
		m.standing[k] = e
	}
	for _, s := range b.Supersedes {
		r := ref(s.Source)
		if old, ok := m.removed[s.Evidence]; !ok || r.Before(old) {
			m.removed[s.Evidence] = r
		}
	}
	return nil
}

// Nodes implements graph.Store.
func (m *Model) Nodes(ctx context.Context, sel graph.Selector) iter.Seq2[graph.Node, error] {
	return func(yield func(graph.Node, error) bool) {
		m.mu.RLock()
		var found []graph.Node
		want := graph.Tokens(sel.Search)
		for _, n := range m.nodes {
			if len(sel.IDs) > 0 && !slices.ContainsFunc(sel.IDs, func(id graph.ID) bool {
				return n.ID == id || slices.Contains(n.Attrs.Values(graph.AttrAlias), string(id))
			}) {
				continue
			}
			if len(sel.Kinds) > 0 && !slices.Contains(sel.Kinds, n.Kind) || !graph.MatchTokens(n.Tokens(), want) || sel.After != "" && n.ID <= sel.After {
				continue
			}
			n.Attrs = slices.Clone(n.Attrs)
			found = append(found, n)
		}
		m.mu.RUnlock()
		slices.SortFunc(found, func(a, b graph.Node) int { return cmp.Compare(a.ID, b.ID) })
		if sel.Limit > 0 && len(found) > sel.Limit {
			found = found[:sel.Limit]
		}
		stream(ctx, found, yield)
	}
}

// Edges implements graph.Store. Edges come in order of Edge.Compare.
func (m *Model) Edges(ctx context.Context, frontier []graph.ID, dir graph.Direction, f graph.Filter) iter.Seq2[graph.Edge, error] {
	return func(yield func(graph.Edge, error) bool) {
		m.mu.RLock()
		var found []graph.Edge
		at := func(k identity) bool {
			return frontier == nil || dir == graph.Out && slices.Contains(frontier, k.From) || dir == graph.In && slices.Contains(frontier, k.To)
		}
		for k, set := range m.events {
			if !at(k) || !m.wanted(k, f) {
				continue
			}
			e := graph.Edge{From: k.From, To: k.To, Kind: k.Kind, Label: k.Label, Outcome: k.Outcome, Via: k.Via, Hour: k.Hour}
			calls := map[string]bool{}
			for _, o := range set {
				if !f.Window.Contains(o.At) || m.hidden(o.Evidence, o.Source, f.AsOf) || !evident(o.Evidence, f.Evidence) {
					continue
				}
				calls[o.CallID()] = true
				e.Observations = append(e.Observations, o)
			}
			if len(e.Observations) == 0 {
				continue
			}
			slices.SortFunc(e.Observations, graph.CompareObservation)
			e.Calls, e.First, e.Last = len(calls), e.Observations[0].At, e.Observations[len(e.Observations)-1].At
			switch f.Detail {
			case graph.Summary:
				e.Observations = nil
			case graph.Times:
				for i, o := range e.Observations {
					e.Observations[i] = graph.Observation{At: o.At, CallKey: o.CallKey}
				}
			}
			found = append(found, e)
		}
		for k, e := range m.standing {
			if !at(k) || !m.wanted(k, f) || len(f.Evidence) > 0 || f.AsOf != 0 && e.Source.Seq > f.AsOf {
				continue
			}
			e.Marks = slices.DeleteFunc(slices.Clone(e.Marks), func(x graph.Mark) bool { return m.hidden(x.Evidence, x.Source, f.AsOf) })
			found = append(found, e)
		}
		m.mu.RUnlock()
		slices.SortFunc(found, func(a, b graph.Edge) int { return a.Compare(&b) })
		stream(ctx, found, yield)
	}
}

// wanted reports whether the identity passes kinds, outcomes and effects.
func (m *Model) wanted(k identity, f graph.Filter) bool {
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, k.Kind) {
		return false
	}
	if k.Kind != graph.Called {
		return true
	}
	return (len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, k.Outcome)) && (len(f.Effects) == 0 || slices.Contains(f.Effects, k.Label.Effect))
}

// hidden reports whether a piece of evidence is later than asOf, or superseded
// as seen from there.
func (m *Model) hidden(evidence string, src graph.Ref, asOf uint64) bool {
	if asOf != 0 && src.Seq > asOf {
		return true
	}
	by, ok := m.removed[evidence]
	return ok && (asOf == 0 || by.Seq <= asOf)
}

func evident(evidence string, want []string) bool {
	return len(want) == 0 || slices.ContainsFunc(want, func(w string) bool { return evidence == w || strings.HasPrefix(evidence, w+"@") })
}

// Sources implements graph.Store.
func (m *Model) Sources(ctx context.Context) iter.Seq2[graph.Source, error] {
	return func(yield func(graph.Source, error) bool) {
		m.mu.RLock()
		found := slices.Clone(m.ledger)
		m.mu.RUnlock()
		stream(ctx, found, yield)
	}
}

// Prune implements graph.Store.
func (m *Model) Prune(ctx context.Context, before time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.floor = max(m.floor, graph.TimeOf(before))
	for k, set := range m.events {
		maps.DeleteFunc(set, func(s sight, _ graph.Observation) bool { return s.At < m.floor })
		if len(set) == 0 {
			delete(m.events, k)
		}
	}
	for _, n := range m.nodes {
		if !n.Temporary() {
			continue
		}
		var marks []graph.Mark
		for k, e := range m.standing {
			if k.From == n.ID || k.To == n.ID {
				marks = append(marks, slices.DeleteFunc(slices.Clone(e.Marks), func(x graph.Mark) bool { return m.hidden(x.Evidence, x.Source, 0) })...)
			}
		}
		if graph.LongEnded(marks, m.floor) {
			maps.DeleteFunc(m.standing, func(k identity, _ graph.Edge) bool { return k.From == n.ID || k.To == n.ID })
		}
	}
	return nil
}

// Watermark implements graph.Watermark.
func (m *Model) Watermark(context.Context) (uint64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.watermark(), nil
}

func (m *Model) watermark() uint64 { return uint64(len(m.ledger)) }

// Refused is how many observations before the floor were refused.
func (m *Model) Refused() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.refused
}

// Close implements graph.Store; a closed Model goes on working.
func (m *Model) Close() error { return nil }

// stream yields the values, and ctx's error when it ends first.
func stream[T any](ctx context.Context, vs []T, yield func(T, error) bool) {
	for _, v := range vs {
		if err := ctx.Err(); err != nil {
			var zero T
			yield(zero, err)
			return
		}
		if !yield(v, nil) {
			return
		}
	}
}
