package explore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// ReachExplain says why a node is in or out.
type ReachExplain struct {
	Node Node `json:"node"`
	In   bool `json:"in"`
	// Reasons are sentences: of a node that is in, the hops of its path; of one
	// that is out, what each way to it lacks.
	Reasons []string `json:"reasons"`
}

// maxReasons bounds the sentences of an explanation.
const maxReasons = 5

// explain says why the node asked about is in or out. For one that is out it
// looks at the same walk without time: over the window, then over all data.
func (run *reachRun) explain(nodes []ReachedNode) (*ReachExplain, error) {
	xs, err := run.r.resolve([]string{run.q.Explain}, selects)
	if err != nil {
		return nil, err
	}
	x := xs[0]
	out := &ReachExplain{Node: showNode(&x.node)}
	for i := range nodes {
		if _, ok := x.ids[nodes[i].Node.ID]; ok {
			out.In, out.Reasons = true, run.inReasons(&nodes[i])
			return out, nil
		}
	}
	all, err := run.e.bounded(run.r, graph.Window{})
	if err != nil {
		return nil, err
	}
	all.From, all.To = min(all.From, run.window.From), max(all.To, run.window.To)
	for _, w := range []graph.Window{run.window, all} {
		blind, err := run.closure(w)
		if err != nil {
			return nil, err
		}
		for _, id := range slices.Sorted(maps.Keys(x.ids)) {
			n, ok := blind.num[id]
			if !ok {
				continue
			}
			for _, m := range blind.meant(n) {
				if len(out.Reasons) == 0 {
					out.Reasons = run.outReasons(blind, m.node)
				}
			}
		}
		if len(out.Reasons) > 0 {
			return out, nil
		}
	}
	out.Reasons, err = run.refused(slices.Sorted(maps.Keys(x.ids)))
	return out, err
}

func (run *reachRun) inReasons(n *ReachedNode) []string {
	if n.Seed {
		return []string{"it is where the walk starts"}
	}
	path := n.Path
	if run.q.NoPaths {
		return []string{fmt.Sprintf("%s from %s, %s", n.Mark, n.At, strings.ToLower(string(n.Certainty)))}
	}
	out := []string{}
	for _, h := range path {
		s := fmt.Sprintf("%s: %s %s %s", h.At, h.From, h.Why, h.To)
		if h.Action != "" {
			s += " (" + h.Action + ")"
		}
		if h.Certainty == Possible {
			s += ", possibly"
		}
		out = append(out, s)
	}
	return out
}

// arrivals are when each node got each state in this walk, by ID: the earliest
// time or, backward, the latest.
func (run *reachRun) arrivals() map[graph.ID]map[graph.State]graph.Time {
	out := map[graph.ID]map[graph.State]graph.Time{}
	for i := range run.labels {
		s, l := run.labels[i].state, &run.labels[i]
		id := run.nodes[s.node].ID
		if out[id] == nil {
			out[id] = map[graph.State]graph.Time{}
		}
		old, ok := out[id][s.state]
		if !ok || run.f.backward && l.at > old || !run.f.backward && l.at < old {
			out[id][s.state] = l.at
		}
	}
	return out
}

// way is one edge by which the closure enters a node.
type way struct {
	from  graph.ID // nearer to the seeds
	at    graph.Time
	pass  *graph.Pass
	links []int32
}

// outReasons says what each way of the closure to the node lacks in time; empty
// where the closure does not reach it either.
func (run *reachRun) outReasons(blind *reachRun, n int32) []string {
	arrived := run.arrivals()
	var through string
	for range len(blind.nodes) {
		ways, reached := blind.ways(n, arrived)
		if !reached {
			return nil
		}
		if len(ways) > 0 {
			var out []string
			for _, w := range ways {
				if s := run.lacks(blind, n, &w); len(out) < maxReasons && !slices.Contains(out, through+s) {
					out = append(out, through+s)
				}
			}
			return out
		}
		n = blind.nearer(n) // nothing next to it is reached: look nearer to the seeds
		through = fmt.Sprintf("it leads there only through %s: ", blind.nodes[n].ID)
	}
	return nil
}

// ways are the edges into the node from nodes that the walk in time has reached,
// and whether the closure reaches the node at all.
func (run *reachRun) ways(n int32, arrived map[graph.ID]map[graph.State]graph.Time) (out []way, reached bool) {
	type key struct {
		from graph.ID
		pass *graph.Pass
	}
	found := map[key]*way{}
	if int(n) >= len(run.first) {
		return nil, false
	}
	for j := run.first[n] - 1; j >= 0; j = run.labels[j].more - 1 {
		s := run.labels[j].state
		reached = true
		for i := range graph.Spreads[run.f.physics] {
			p := &graph.Spreads[run.f.physics][i]
			target, source := p.To, p.From
			if run.f.backward {
				target, source = source, target
			}
			if target != s.state {
				continue
			}
			for _, id := range run.own(n) {
				side := run.nodes[id].ins
				if p.Against != run.f.backward {
					side = run.nodes[id].outs
				}
				for _, x := range side {
					l := x.link
					e := &run.links[l]
					far := e.from
					if p.Against != run.f.backward {
						far = e.to
					}
					if seen, _ := run.seen(e, run.f.window); len(seen) == 0 && e.hour != standing {
						continue
					}
					if e.kind != p.Along || !p.Takes(run.label(e), e.outcome, run.dataFlow) {
						continue
					}
					for _, m := range run.meant(far) {
						k := key{run.nodes[m.node].ID, p}
						at, ok := arrived[k.from][source]
						if !ok {
							continue
						}
						if found[k] == nil {
							found[k] = &way{from: k.from, at: at, pass: p}
						}
						found[k].links = append(found[k].links, l)
					}
				}
			}
		}
	}
	for _, w := range found {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b way) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from), cmp.Compare(a.pass.Why, b.pass.Why), cmp.Compare(a.pass.To, b.pass.To))
	})
	return out, reached
}

// nearer is the next node towards the seeds.
func (run *reachRun) nearer(n int32) int32 {
	next := n
	for i := run.first[n] - 1; i >= 0; i = run.labels[i].more - 1 {
		if l := &run.labels[i]; l.link >= 0 {
			if near := run.labels[l.next].state.node; near != n && (next == n || run.nodes[near].ID < run.nodes[next].ID) {
				next = near
			}
		}
	}
	return next
}

// lacks is the sentence that says why the way cannot be walked in time.
func (run *reachRun) lacks(blind *reachRun, n int32, w *way) string {
	to := blind.nodes[n].ID
	since := fmt.Sprintf("%s was in reach (%s)", w.from, w.at)
	if run.seeds[w.from] {
		since = fmt.Sprintf("the window began (%s)", run.window.From)
	}
	if run.f.backward {
		since = fmt.Sprintf("the last moment at which %s could still lead there (%s)", w.from, w.at)
		if run.seeds[w.from] {
			since = fmt.Sprintf("the window ended (%s)", w.at+1)
		}
	}
	var times []graph.Time
	what := map[string]bool{}
	for _, i := range w.links {
		l := &blind.links[i]
		seen, _ := blind.seen(l, blind.f.window)
		for j := range seen {
			times = append(times, seen[j].at)
			what[cmp.Or(blind.label(l).Action, l.kind.String())] = true
		}
		for _, s := range blind.fact(l).spans {
			what[l.kind.String()] = true
			if s.Known && run.f.backward || s.To == 0 {
				times = append(times, s.From)
			} else {
				times = append(times, s.To)
			}
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	if len(times) == 0 {
		return fmt.Sprintf("%s %s %s, at no time that counts", w.from, w.pass.Why, to)
	}
	words := strings.Join(slices.Sorted(maps.Keys(what)), ", ")
	first, last := times[0], times[len(times)-1]
	head := fmt.Sprintf("its only link with %s (%s) was at %s, ", w.from, words, last)
	if len(times) > 1 {
		head = fmt.Sprintf("its %d links with %s (%s) were from %s to %s, ", len(times), w.from, words, first, last)
	}
	switch {
	case !run.f.backward && last < w.at:
		return head + "before " + since
	case run.f.backward && first > w.at:
		return head + "after " + since
	case run.f.backward && last < run.window.From:
		return head + fmt.Sprintf("before the window began (%s)", run.window.From)
	case !run.f.backward && run.window.To != 0 && first >= run.window.To:
		return head + fmt.Sprintf("after the window ended (%s)", run.window.To)
	}
	return head + "when the credential had ended, the fact did not hold, or the name meant another generation"
}

// refused says what is seen between what was reached and a node that no rule
// leads to.
func (run *reachRun) refused(ids []graph.ID) ([]string, error) {
	arrived := run.arrivals()
	seen := map[string]int{}
	dir := graph.In
	if run.f.backward {
		dir = graph.Out
	}
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Called, graph.Trusts, graph.RunsAs}, Window: run.window}
	err := run.r.edges(ids, dir, flt, func(e *graph.Edge) {
		far := e.From
		if run.f.backward {
			far = e.To
		}
		switch {
		case arrived[far] == nil:
		case e.Kind.Permitted():
			seen[fmt.Sprintf("%s %s %s: that says what may happen, not what did", e.From, e.Kind, e.To)] = 1
		case e.Outcome != graph.OK:
			seen[fmt.Sprintf("%s: %s by %s ended in %s", e.To, e.Label.Action, e.From, e.Outcome)] += e.Calls
		default:
			seen[fmt.Sprintf("%s: %s by %s passes nothing on", e.To, e.Label.Action, e.From)] += e.Calls
		}
	})
	if err != nil {
		return nil, err
	}
	out := slices.Sorted(maps.Keys(seen))
	if len(out) == 0 {
		return []string{"nothing in the data leads from the seeds to it, at any time"}, nil
	}
	return out[:min(len(out), maxReasons)], nil
}
