package explore

import (
	"cmp"
	"maps"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// shows reports whether a state is part of the answer: forward every one;
// backward what its node would be as a seed.
func (w *spread) shows(s state) bool {
	n := &w.nodes[s.node].Node
	if n.Type == typeRequest {
		return false
	}
	if !w.f.backward {
		return true
	}
	return (s.class == possibly || s.class == exactly) && slices.Contains(seedStates(w.f.physics, false, n), s.state)
}

// found is one mark of one node, with the state that has it.
type found struct {
	ReachMark
	state state
	label *label
}

// marked gathers the marks of each node: of each mark the definite way where
// there is one, else the possible one.
func (w *spread) marked() map[int32][]found {
	out := map[int32][]found{}
	for s, l := range w.labels {
		if !w.shows(s) {
			continue
		}
		f := found{ReachMark{s.state.Taint(), l.at, int(l.hops), Definite}, s, l}
		if s.class == possibly {
			f.Certainty = Possible
		}
		if w.f.backward && w.f.physics == graph.Failure {
			f.Mark = graph.ReliedOn
		}
		if w.f.backward && l.link >= 0 {
			f.At = l.by
		}
		fs := out[s.node]
		i := slices.IndexFunc(fs, func(g found) bool { return g.Mark == f.Mark })
		switch {
		case i < 0:
			out[s.node] = append(fs, f)
		case w.before(&f, &fs[i]):
			fs[i] = f
		}
	}
	for _, fs := range out {
		slices.SortFunc(fs, func(a, b found) int { return cmp.Compare(a.Mark, b.Mark) })
	}
	return out
}

// before reports whether f is to be shown rather than g.
func (w *spread) before(f, g *found) bool {
	at := cmp.Compare(f.label.at, g.label.at)
	if w.f.backward {
		at = -at
	}
	return cmp.Or(cmp.Compare(f.Certainty, g.Certainty), at, cmp.Compare(f.Hops, g.Hops), // DEFINITE < POSSIBLE
		cmp.Compare(f.state.gen, g.state.gen), cmp.Compare(f.state.state, g.state.state), -cmp.Compare(f.state.class, g.state.class)) < 0
}

// reached are the nodes of the answer.
func (run *reachRun) reached() []ReachedNode {
	marked := run.marked()
	out := []ReachedNode{}
	for n, fs := range marked {
		p := &run.nodes[n]
		x := ReachedNode{Node: showNode(&p.Node), Seed: run.seeds[p.ID], Mark: fs[0].Mark, At: fs[0].At, Hops: fs[0].Hops, Certainty: fs[0].Certainty, Path: []ReachHop{}}
		for _, f := range fs {
			x.Marks = append(x.Marks, f.ReachMark)
			if f.state.state == graph.Planted && !run.f.backward {
				x.Readers = run.readers(n, f.label.at, marked)
			}
		}
		if !run.q.NoPaths {
			x.Path = run.path(fs[0].state)
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b ReachedNode) int {
		at := cmp.Compare(a.At, b.At)
		if run.f.backward {
			at = -at
		}
		if a.Seed != b.Seed {
			return map[bool]int{true: -1, false: 1}[a.Seed]
		}
		return cmp.Or(at, cmp.Compare(a.Hops, b.Hops), cmp.Compare(a.Node.ID, b.Node.ID))
	})
	return out
}

// readers counts who read the node from then on and has no mark.
func (run *reachRun) readers(n int32, from graph.Time, marked map[int32][]found) int {
	who := map[int32]bool{}
	for _, id := range run.own(n) {
		for _, i := range run.nodes[id].ins {
			l := &run.links[i]
			if l.kind != graph.Called || l.label.Effect != graph.Read && l.label.Effect != graph.SecretRead || l.label.Role > graph.Primary || marked[l.from] != nil {
				continue
			}
			if slices.ContainsFunc(l.sights, func(s sight) bool { return s.at >= from && run.window.Contains(s.at) }) {
				who[l.from] = true
			}
		}
	}
	return len(who)
}

// path is the way to a state, in the order in which it happened.
func (w *spread) path(s state) []ReachHop {
	out := []ReachHop{}
	for l := w.labels[s]; l.link >= 0; s, l = l.next, w.labels[l.next] {
		e := &w.links[l.link]
		src, dst := l.next, s
		if w.f.backward {
			src, dst = dst, src
		}
		h := ReachHop{From: w.nodes[src.node].ID, To: w.nodes[dst.node].ID, Kind: e.kind, Against: l.pass.Against, Action: e.label.Action, Effect: e.label.Effect,
			Outcome: e.outcome, Join: e.label.Join, Agent: e.via.Agent, At: l.by, Mark: dst.state.Taint(), Certainty: Definite, Evidence: []string{}, Why: l.pass.Why}
		if dst.class == possibly {
			h.Certainty = Possible
		}
		if ev := w.evidence(l); ev != "" {
			h.Evidence = append(h.Evidence, ev)
		}
		for _, m := range e.marks {
			if m.Kind == graph.Began && m.Evidence != "" && len(h.Evidence) < DefaultEvidence {
				h.Evidence = append(h.Evidence, m.Evidence)
			}
		}
		out = append(out, h)
	}
	if !w.f.backward {
		slices.Reverse(out)
	}
	return out
}

// total counts the nodes that are no seeds.
func total(w *spread, nodes []ReachedNode) ReachTotal {
	var t ReachTotal
	count := [5]map[string]Tally{{}, {}, {}, {}, {}}
	for i := range nodes {
		x := &nodes[i]
		if x.Seed {
			continue
		}
		definite := 0
		if x.Certainty == Definite {
			definite = 1
		}
		t.Nodes++
		t.Definite += definite
		t.Possible += 1 - definite
		n := &w.nodes[w.num[x.Node.ID]].Node
		for i, name := range [5]string{x.Mark.String(), x.Node.Kind.String(), x.Node.Account, regionOf(n), ownService(n)} {
			count[i][name] = Tally{name, count[i][name].Count + 1, count[i][name].Definite + definite}
		}
	}
	for i, to := range [5]*[]Tally{&t.ByMark, &t.ByKind, &t.ByAccount, &t.ByRegion, &t.ByService} {
		*to = tallies(count[i])
	}
	return t
}

// tallies are the counts, largest first, then by name.
func tallies(count map[string]Tally) []Tally {
	out := slices.SortedFunc(maps.Values(count), func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return orEmpty(out)
}

// regionOf is the node's region: of its ARN, else as it was seen.
func regionOf(n *graph.Node) string {
	if arn, ok := graph.ParseARN(string(n.ID)); ok {
		return arn.Region
	}
	return n.Attrs.Value(graph.AttrRegion)
}

// ownService is the provider's service that the node's ARN names.
func ownService(n *graph.Node) string {
	arn, _ := graph.ParseARN(string(n.ID))
	return arn.Service
}

// late counts calls of reached credentials after their end.
func (w *spread) late() (n int) {
	if w.f.physics != graph.Compromise || w.f.backward {
		return 0
	}
	seen := map[int32]bool{}
	for s := range w.labels {
		if s.state != graph.InControl || seen[s.node] {
			continue
		}
		seen[s.node] = true
		lives := w.lives(s.node)
		for _, i := range w.nodes[s.node].outs {
			if l := &w.links[i]; l.kind == graph.Called {
				for _, o := range l.sights {
					if w.window.Contains(o.at) && !alive(lives, o.at, w.epsilon) {
						n++
					}
				}
			}
		}
	}
	return n
}
