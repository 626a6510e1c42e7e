package explore

import (
	"cmp"
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

// found is one mark of one node, with the label that has it.
type found struct {
	ReachMark
	label int32
}

// marked gathers the marks of a node, strongest first: of each mark the definite
// way where there is one, else the possible one. It appends to out.
func (w *spread) marked(n int32, out []found) []found {
	own := len(out)
	for i := w.first[n] - 1; i >= 0; i = w.labels[i].more - 1 {
		l := &w.labels[i]
		if !w.shows(l.state) {
			continue
		}
		f := found{ReachMark{l.state.state.Taint(), l.at, int(l.hops), Definite}, i}
		if l.state.class == possibly {
			f.Certainty = Possible
		}
		if w.f.backward && w.f.physics == graph.Failure {
			f.Mark = graph.ReliedOn
		}
		if w.f.backward && l.link >= 0 {
			f.At = l.by
		}
		fs := out[own:]
		i := slices.IndexFunc(fs, func(g found) bool { return g.Mark == f.Mark })
		switch {
		case i < 0:
			out = append(out, f)
		case w.before(&f, &fs[i]):
			fs[i] = f
		}
	}
	slices.SortFunc(out[own:], func(a, b found) int { return cmp.Compare(a.Mark, b.Mark) })
	return out
}

// before reports whether f is to be shown rather than g.
func (w *spread) before(f, g *found) bool {
	a, b := &w.labels[f.label], &w.labels[g.label]
	at := cmp.Compare(a.at, b.at)
	if w.f.backward {
		at = -at
	}
	return cmp.Or(cmp.Compare(f.Certainty, g.Certainty), at, cmp.Compare(f.Hops, g.Hops), // DEFINITE < POSSIBLE
		cmp.Compare(a.state.gen, b.state.gen), cmp.Compare(a.state.state, b.state.state), -cmp.Compare(a.state.class, b.state.class)) < 0
}

// reached are the nodes of the answer.
func (run *reachRun) reached() []ReachedNode {
	type row struct {
		n        int32
		from, to int32 // its marks
		seed     bool
		at       graph.Time
		id       graph.ID
		hops     int
	}
	seeds := map[int32]bool{}
	for id := range run.seeds {
		seeds[run.num[id]] = true
	}
	rows := make([]row, 0, len(run.met))
	all := make([]found, 0, len(run.met)+len(run.met)/4)
	for _, n := range run.met {
		from := len(all)
		if all = run.marked(n, all); len(all) == from {
			continue
		}
		p := &run.nodes[n]
		x := row{n: n, from: int32(from), to: int32(len(all)), seed: seeds[n], at: all[from].At, id: p.ID, hops: all[from].Hops}
		if run.f.backward {
			x.at = -x.at
		}
		rows = append(rows, x)
	}
	slices.SortFunc(rows, func(a, b row) int {
		if a.seed != b.seed {
			return map[bool]int{true: -1, false: 1}[a.seed]
		}
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return cmp.Or(cmp.Compare(a.hops, b.hops), cmp.Compare(a.id, b.id))
	})
	out := make([]ReachedNode, len(rows))
	run.shownNodes = make([]int32, len(rows))
	marks := make([]ReachMark, 0, len(all))
	for i := range rows {
		r, x := &rows[i], &out[i]
		fs, first := all[r.from:r.to], len(marks)
		run.shownNodes[i] = r.n
		x.Node, x.Seed, x.Path = run.card(r.n).show(&run.nodes[r.n].Node), r.seed, []ReachHop{}
		x.Mark, x.At, x.Hops, x.Certainty = fs[0].Mark, fs[0].At, fs[0].Hops, fs[0].Certainty
		for _, f := range fs {
			marks = append(marks, f.ReachMark)
			if l := &run.labels[f.label]; l.state.state == graph.Planted && !run.f.backward {
				x.Readers = run.readers(r.n, l.at)
			}
		}
		x.Marks = marks[first:len(marks):len(marks)]
		if !run.q.NoPaths {
			x.Path = run.path(fs[0].label)
		}
	}
	return out
}

// readers counts who read the node from then on and has no mark.
func (run *reachRun) readers(n int32, from graph.Time) int {
	var who []int32
	w := overlap(graph.Window{From: from}, run.window)
	for _, id := range run.own(n) {
		_, ins := within(run.nodes[id].ins, w.From, cmp.Or(w.To, forever)-1)
		for _, x := range ins {
			l := &run.links[x.link]
			if run.takes(l)&run.readings == 0 || run.marks(l.from) {
				continue
			}
			if seen, _ := run.seen(l, w); len(seen) > 0 {
				who = append(who, l.from)
			}
		}
	}
	slices.Sort(who)
	return len(slices.Compact(who))
}

// marks reports whether the node is part of the answer.
func (w *spread) marks(n int32) bool {
	for i := w.first[n] - 1; i >= 0; i = w.labels[i].more - 1 {
		if w.shows(w.labels[i].state) {
			return true
		}
	}
	return false
}

// path is the way to a label, in the order in which it happened.
func (w *spread) path(i int32) []ReachHop {
	out := []ReachHop{}
	for l := &w.labels[i]; l.link >= 0; l = &w.labels[l.next] {
		e := &w.links[l.link]
		src, dst := w.labels[l.next].state, l.state
		word := w.label(e)
		if w.f.backward {
			src, dst = dst, src
		}
		h := ReachHop{From: w.nodes[src.node].ID, To: w.nodes[dst.node].ID, Kind: e.kind, Against: l.pass.Against, Action: word.Action, Effect: word.Effect,
			Outcome: e.outcome, Join: word.Join, Agent: w.through(e).Agent, At: l.by, Mark: dst.state.Taint(), Certainty: Definite, Evidence: []string{}, Why: l.pass.Why}
		if dst.class == possibly {
			h.Certainty = Possible
		}
		if ev := w.shown(l); ev != "" {
			h.Evidence = append(h.Evidence, ev)
		}
		for _, m := range w.fact(e).marks {
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

// total counts the nodes that are no seeds, of what reached gave last.
func (run *reachRun) total(nodes []ReachedNode) ReachTotal {
	var t ReachTotal
	var count [5]tallying
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
		c := run.card(run.shownNodes[i])
		for d, name := range [5]string{x.Mark.String(), x.Node.Kind.String(), c.account, c.region, c.service} {
			count[d].add(name, definite)
		}
	}
	for i, to := range [5]*[]Tally{&t.ByMark, &t.ByKind, &t.ByAccount, &t.ByRegion, &t.ByService} {
		*to = count[i].sorted()
	}
	return t
}

// tallying counts names, of which there are few.
type tallying struct {
	all []Tally
	num map[string]int
	at  int // of the last name
}

func (t *tallying) add(name string, definite int) {
	if len(t.all) == 0 || t.all[t.at].Name != name {
		n, ok := t.num[name]
		if !ok {
			if t.num == nil {
				t.num = map[string]int{}
			}
			n = len(t.all)
			t.all, t.num[name] = append(t.all, Tally{Name: name}), n
		}
		t.at = n
	}
	t.all[t.at].Count++
	t.all[t.at].Definite += definite
}

// sorted are the counts, largest first, then by name.
func (t *tallying) sorted() []Tally {
	slices.SortFunc(t.all, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return orEmpty(t.all)
}

// card is what an ID and attributes say of a node: an attribute, else the ARN.
type card struct{ name, account, region, service string }

func cardOf(n *graph.Node) card {
	c := card{name: n.Attrs.Value(graph.AttrName), account: n.Attrs.Value(graph.AttrAccount)}
	arn, ok := graph.ParseARN(string(n.ID))
	if !ok {
		c.region = n.Attrs.Value(graph.AttrRegion)
		return c
	}
	c.account, c.region, c.service = cmp.Or(c.account, arn.Account), arn.Region, arn.Service
	if c.name == "" {
		c.name = lastSegment(arn.Resource)
	}
	return c
}

// card is that of a node.
func (w *spread) card(n int32) card {
	if w.held != nil {
		return w.held.cards[n]
	}
	return cardOf(&w.nodes[n].Node)
}

// late counts calls of reached credentials after their end that would have been
// walked before it.
func (w *spread) late() (n int) {
	if w.f.physics != graph.Compromise || w.f.backward {
		return 0
	}
	for _, node := range w.met {
		lives := w.lives(node)
		if len(lives) == 0 || !w.controls(node) {
			continue
		}
		_, outs := within(w.nodes[node].outs, w.window.From, cmp.Or(w.window.To, forever)-1)
		for _, x := range outs {
			if l := &w.links[x.link]; l.kind == graph.Called && w.takes(l)&w.rules[graph.InControl].out != 0 {
				seen, _ := w.seen(l, w.window)
				for j := range seen {
					if !alive(lives, seen[j].at, w.epsilon) {
						n++
					}
				}
			}
		}
	}
	return n
}

// controls reports whether the walk took control of the node.
func (w *spread) controls(n int32) bool {
	for i := w.first[n] - 1; i >= 0; i = w.labels[i].more - 1 {
		if w.labels[i].state.state == graph.InControl {
			return true
		}
	}
	return false
}
