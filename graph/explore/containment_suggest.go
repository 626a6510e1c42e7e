package explore

import (
	"cmp"
	"maps"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// CutSuggestion is a cheap set of cuts that keeps the attacker away from what is
// to be protected: a minimum vertex cut of the graph of all hops that some walk
// in time can take from then on, less what turns out not to be needed in time.
// It is enough, which was checked by walking with it; another one may be cheaper.
type CutSuggestion struct {
	Cut  []SuggestedCut `json:"cut"`
	Cost int            `json:"cost"`
	// Sufficient says that the walk with these cuts reaches nothing protected.
	Sufficient bool `json:"sufficient"`
	// Protected counts the nodes that it keeps the attacker from; Open are those
	// that the attacker reaches from then on whatever is cut.
	Protected int    `json:"protected"`
	Open      []Node `json:"open"`
}

// SuggestedCut is one of them. Its cost is 1 and a unit for each recorded call
// that it, or a key of the session that it is, made in the window before the
// attacker had it.
type SuggestedCut struct {
	Node Node `json:"node"`
	Cost int  `json:"cost"`
}

// vertex is a node in a state, in the graph of hops.
type vertex struct {
	spot
	state graph.State
}

// suggest finds the cheapest cut at the time.
func (run *reachRun) suggest(at graph.Time, protect []string) (*CutSuggestion, error) {
	only := map[graph.ID]bool{}
	if len(protect) > 0 {
		xs, err := run.r.resolve(protect, selects)
		if err != nil {
			return nil, err
		}
		for _, x := range xs {
			maps.Copy(only, has(x.ids))
		}
	}
	arrived := run.arrived()
	var vs []vertex
	for v := range arrived {
		vs = append(vs, v)
	}
	slices.SortFunc(vs, func(a, b vertex) int {
		return cmp.Or(cmp.Compare(run.nodes[a.node].ID, run.nodes[b.node].ID), cmp.Compare(a.gen, b.gen), cmp.Compare(a.state, b.state))
	})
	index := map[vertex]int{}
	costs := make([]int, len(vs))
	everything := &scissors{at: at, stops: map[int32]bool{}, agents: map[graph.ID]bool{}}
	for i, v := range vs {
		index[v] = i
		costs[i] = uncuttable
		if c, ok := run.cost(v, arrived[v], at); ok {
			costs[i] = c
			run.stop(everything, []int32{v.node})
		}
	}
	edges, past := run.hops(index, at)
	// What is reached though everything is cut is lost already.
	run.again(everything)
	lost := run.arrived()
	var sources, sinks []int
	out := &CutSuggestion{Cut: []SuggestedCut{}, Open: []Node{}}
	protected, open := map[int32]bool{}, map[int32]bool{}
	for i, v := range vs {
		id := run.nodes[v.node].ID
		protects := only[id] || len(only) == 0 && v.state.Taint() != graph.Controlled
		if was, ok := lost[v]; ok {
			sources = append(sources, i)
			if protects && was >= at && !open[v.node] {
				open[v.node] = true
				out.Open = append(out.Open, showNode(&run.nodes[v.node].Node))
			}
			continue
		}
		if protects {
			sinks = append(sinks, i)
			protected[v.node] = true
			costs[i] = uncuttable
		}
	}
	out.Protected = len(protected)
	defer run.again(nil)
	if len(sinks) == 0 {
		if len(open) == 0 {
			return nil, nil
		}
		return out, nil
	}
	all, edges, sources := around(costs, edges, past, sources)
	cut, ok := vertexCut(all, edges, sources, sinks)
	if !ok { // some way is too late in time: all that can be cut is enough
		cut = slices.DeleteFunc(slices.Collect(maps.Values(index)), func(i int) bool { return costs[i] == uncuttable })
	}
	separates := func(cut []int) bool {
		c := &scissors{at: at, stops: map[int32]bool{}, agents: map[graph.ID]bool{}}
		for _, i := range cut {
			run.stop(c, []int32{vs[i].node})
		}
		run.again(c)
		left := run.arrived()
		return !slices.ContainsFunc(sinks, func(i int) bool { _, ok := left[vs[i]]; return ok })
	}
	slices.SortFunc(cut, func(a, b int) int { return cmp.Or(cmp.Compare(costs[b], costs[a]), cmp.Compare(a, b)) })
	for _, i := range slices.Clone(cut[:min(len(cut), maxTrials)]) {
		if less := slices.DeleteFunc(slices.Clone(cut), func(j int) bool { return i == j }); separates(less) {
			cut = less
		}
	}
	out.Sufficient = separates(cut)
	for _, i := range cut {
		out.Cut = append(out.Cut, SuggestedCut{showNode(&run.nodes[vs[i].node].Node), costs[i]})
		out.Cost += costs[i]
	}
	return out, nil
}

// maxTrials bounds how many cuts are tried to be left out.
const maxTrials = 50

func has[V any](m map[graph.ID]V) map[graph.ID]bool {
	out := map[graph.ID]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}

// arrived are the states that the walk reached, with when at the earliest.
func (run *reachRun) arrived() map[vertex]graph.Time {
	out := map[vertex]graph.Time{}
	for i := range run.labels {
		s, l := run.labels[i].state, &run.labels[i]
		v := vertex{s.spot, s.state}
		if at, ok := out[v]; !ok || l.at < at {
			out[v] = l.at
		}
	}
	return out
}

// cost is what cutting a state costs, and whether it can be cut: a credential,
// session or agent in control that is there by then. A session takes its keys
// with it.
func (run *reachRun) cost(v vertex, since, at graph.Time) (int, bool) {
	p := &run.nodes[v.node]
	can := p.Kind == graph.Credential || p.Kind == graph.Agent || p.Kind == graph.Session && p.Type != typeRequest
	if born := run.birth(v.node); v.state != graph.InControl || !can || born != forever && born >= at && since >= at {
		return 0, false
	}
	cost := 1 + run.calls(v.node, since)
	if p.Kind == graph.Session {
		facts, _ := within(p.outs, 0, 0)
		for _, x := range facts {
			if l := &run.links[x.link]; l.kind == graph.Holds {
				cost += run.calls(l.to, since)
			}
		}
	}
	return cost, true
}

// calls counts the recorded calls of a node in the window before a time.
func (run *reachRun) calls(n int32, before graph.Time) (count int) {
	for _, x := range run.nodes[n].outs {
		if l := &run.links[x.link]; l.kind == graph.Called {
			seen, _ := run.seen(l, run.window)
			for j := range seen {
				if seen[j].at < before {
					count++
				}
			}
		}
	}
	return count
}

// hops are the hops between reached states that some walk in time can take from
// then on, and those of them that cutting the first of the two does not stop.
func (run *reachRun) hops(index map[vertex]int, at graph.Time) (edges, past [][2]int) {
	seen := map[[2]int]bool{}
	went := map[[2]int]bool{}
	for i := range run.labels {
		s, l := run.labels[i].state, &run.labels[i]
		if s.class != possibly {
			continue
		}
		from := index[vertex{s.spot, s.state}]
		for r := range run.passes {
			p := &run.passes[r]
			if p.From != s.state {
				continue
			}
			for _, n := range run.own(s.node) {
				side := run.nodes[n].outs
				if p.Against {
					side = run.nodes[n].ins
				}
				for _, x := range side {
					i := x.link
					e := &run.links[i]
					if e.kind != p.Along || !p.Takes(run.label(e), e.outcome, run.dataFlow) {
						continue
					}
					run.moves(p, i, func(m move) {
						c, ok := m.onto(possibly)
						if !ok || c != possibly || m.src != s.spot || l.at > run.latest(&m, possibly) {
							return
						}
						to, ok := index[vertex{m.dst, p.To}]
						k := [2]int{from, to}
						switch {
						case !ok:
						case e.kind.Standing() || m.at < at:
							went[k] = true
						default:
							seen[k] = true
						}
					})
				}
			}
		}
	}
	order := func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }
	return slices.SortedFunc(maps.Keys(seen), order), slices.SortedFunc(maps.Keys(went), order)
}

// around adds, for each vertex with hops that cutting it does not stop, a second
// one that cannot be cut and that only those hops leave.
func around(costs []int, edges, past [][2]int, sources []int) ([]int, [][2]int, []int) {
	second := map[int]int{}
	costs = slices.Clone(costs)
	for _, e := range past {
		if _, ok := second[e[0]]; !ok {
			second[e[0]] = len(costs)
			costs = append(costs, uncuttable)
		}
	}
	for _, e := range slices.Concat(edges, past) {
		if to, ok := second[e[1]]; ok {
			edges = append(edges, [2]int{e[0], to})
		}
	}
	for _, e := range past {
		edges = append(edges, [2]int{second[e[0]], e[1]})
		if to, ok := second[e[1]]; ok {
			edges = append(edges, [2]int{second[e[0]], to})
		}
	}
	for _, v := range sources {
		if to, ok := second[v]; ok {
			sources = append(sources, to)
		}
	}
	return costs, edges, sources
}

// uncuttable is the cost of what cannot be cut.
const uncuttable = 1 << 40

// vertexCut is a cheapest set of vertices without which no path leads from a
// source to a sink, by maximum flow over split vertices (Menger; Edmonds and
// Karp). It reports false where there is none.
func vertexCut(costs []int, edges [][2]int, sources, sinks []int) ([]int, bool) {
	n := len(costs)
	type arc struct{ to, room, back int }
	arcs := make([][]arc, 2*n+2) // in: v, out: v+n
	source, sink := 2*n, 2*n+1
	add := func(a, b, room int) {
		arcs[a] = append(arcs[a], arc{b, room, len(arcs[b])})
		arcs[b] = append(arcs[b], arc{a, 0, len(arcs[a]) - 1})
	}
	for v, c := range costs {
		add(v, v+n, c)
	}
	for _, e := range edges {
		add(e[0]+n, e[1], uncuttable)
	}
	for _, v := range sources {
		add(source, v, uncuttable)
	}
	for _, v := range sinks {
		add(v+n, sink, uncuttable)
	}
	type step struct{ node, arc int }
	for total := 0; ; {
		came := map[int]step{source: {-1, -1}}
		for queue := []int{source}; len(queue) > 0; queue = queue[1:] {
			for i, a := range arcs[queue[0]] {
				if _, ok := came[a.to]; a.room > 0 && !ok {
					came[a.to] = step{queue[0], i}
					queue = append(queue, a.to)
				}
			}
		}
		if _, ok := came[sink]; !ok {
			var cut []int
			for v := range costs {
				_, in := came[v]
				if _, out := came[v+n]; in && !out {
					cut = append(cut, v)
				}
			}
			return cut, true
		}
		room := uncuttable
		for v := sink; v != source; v = came[v].node {
			room = min(room, arcs[came[v].node][came[v].arc].room)
		}
		if total += room; total >= uncuttable {
			return nil, false
		}
		for v := sink; v != source; v = came[v].node {
			a := &arcs[came[v].node][came[v].arc]
			a.room -= room
			arcs[v][a.back].room += room
		}
	}
}
