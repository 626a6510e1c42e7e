package explore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// RoleCut says how a role is cut.
type RoleCut string

// The ways to cut a role.
const (
	DenyIssued RoleCut = "DENY_ISSUED" // deny every session and key of it that was issued before
	BlockNew   RoleCut = "BLOCK_NEW"   // let nobody assume it any more; what was issued lives on
)

// ContainmentQuery asks Explorer.Containment.
type ContainmentQuery struct {
	// Cut are credentials, sessions, users, roles and agents by id, ARN or name,
	// and trusts as "PRINCIPAL->ROLE". Empty: only the suggestion is wanted.
	Cut     []string
	From    []string   // what the attacker has; empty: what is cut
	Protect []string   // what the suggestion is to keep away; empty: all that was altered or read
	Role    RoleCut    // empty: DenyIssued
	At      graph.Time // when it is cut; zero: the start of the window
	Window  graph.Window
	Epsilon time.Duration // zero: DefaultEpsilon; negative: none
	Budget  Budget
	AsOf    uint64
}

// Containment answers: what would it have changed to cut these at a time, by
// what is recorded from then on. Nothing is executed.
type Containment struct {
	Status
	At     graph.Time  `json:"at"`
	From   []Node      `json:"from"`
	Cuts   []CutEffect `json:"cuts"`
	Events int         `json:"events"` // recorded calls and issues that would not have happened
	Before ReachTotal  `json:"before"` // what the attacker reached
	After  ReachTotal  `json:"after"`  // and would have reached all the same
	// Lost are the nodes that the attacker would not have reached; Weakened
	// those that it would have reached later, or only possibly.
	Lost     []ReachedNode `json:"lost"`
	Weakened []ReachedNode `json:"weakened"` // as after the cut
	// Alive are the credentials in the attacker's control that go on working.
	Alive  []AliveCredential `json:"alive"`
	Breaks []BrokenCaller    `json:"breaks"`
	// Suggestion is a cheapest set of cuts; null where the attacker reached
	// nothing from then on that is to be protected.
	Suggestion *CutSuggestion `json:"suggestion"`
}

// CutEffect is what one cut does.
type CutEffect struct {
	Asked string `json:"asked"`
	Node  Node   `json:"node"`  // of a trust, the role
	What  string `json:"what"`  // a sentence
	Stops int    `json:"stops"` // how many credentials, sessions and agents
}

// AliveCredential is a credential or session that outlives the cut.
type AliveCredential struct {
	Node      Node       `json:"node"`
	Since     graph.Time `json:"since"` // in the attacker's control
	Certainty Certainty  `json:"certainty"`
	Until     graph.Time `json:"until"` // its recorded end; zero: none is recorded
	Path      []ReachHop `json:"path"`
}

// BrokenCaller is who used what is cut, and not as the attacker: would break.
type BrokenCaller struct {
	Identity Node       `json:"identity"`
	By       Node       `json:"by"` // the credential, session or agent that is cut
	Client   graph.ID   `json:"client"`
	Agent    graph.ID   `json:"agent"`
	Workload graph.ID   `json:"workload"`
	Calls    int        `json:"calls"`
	First    graph.Time `json:"first"`
	Last     graph.Time `json:"last"`
	Actions  []Count    `json:"actions"`
	// Shared is set where the attacker had the same credential at the time of
	// some of these calls: the records do not tell the two apart.
	Shared bool `json:"shared"`
}

// Containment answers what cutting would have changed: what the attacker loses,
// what stays alive, who else breaks. Cutting a credential stops its own calls
// and issues; what it has issued lives on. Cutting a session or a user stops its
// credentials, an agent the calls through it.
func (e *Explorer) Containment(ctx context.Context, q ContainmentQuery) (*Containment, error) {
	if len(q.Cut)+len(q.From) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "nothing is to be cut", Hint: "give a key, session, user, role, agent or PRINCIPAL->ROLE, or --seed for a suggestion"}
	}
	rq := ReachQuery{From: q.From, Window: q.Window, Epsilon: q.Epsilon, Budget: q.Budget, AsOf: q.AsOf}
	if len(rq.From) == 0 {
		for _, c := range q.Cut {
			if !strings.Contains(c, "->") {
				rq.From = append(rq.From, c)
			}
		}
	}
	run, err := e.startReach(ctx, &rq, false)
	if err != nil {
		return nil, err
	}
	if err := run.walk(); err != nil {
		return nil, err
	}
	out := &Containment{At: cmp.Or(q.At, rq.Window.From), From: []Node{}, Cuts: []CutEffect{}, Lost: []ReachedNode{}, Weakened: []ReachedNode{}, Alive: []AliveCredential{}, Breaks: []BrokenCaller{}}
	for _, x := range run.from {
		out.From = append(out.From, showNode(&x.node))
	}
	c := &scissors{at: out.At, stops: map[int32]bool{}, agents: map[graph.ID]bool{}, barred: map[int32]bool{}, issues: map[issueKey]bool{}}
	for _, text := range q.Cut {
		effect, err := run.cut(c, text, cmp.Or(q.Role, DenyIssued))
		if err != nil {
			return nil, err
		}
		out.Cuts = append(out.Cuts, effect)
	}
	run.again(nil) // what was read for the cuts may say more
	before := run.reached()
	out.Before = run.total(before)
	if out.Breaks, out.Events, err = run.breaks(c); err != nil {
		return nil, err
	}
	if out.Suggestion, err = run.suggest(c.at, q.Protect); err != nil {
		return nil, err
	}
	run.again(c)
	after := run.reached()
	out.After = run.total(after)
	out.compare(before, after)
	out.Alive = run.alive(c)
	out.Status, err = e.status(run.r, rq.Window)
	return out, err
}

// again walks once more over what was read, with these cuts.
func (run *reachRun) again(c *scissors) {
	run.cuts = c
	run.settle(run.f.window)
	run.run(run.starts())
}

// compare fills in what the attacker loses.
func (out *Containment) compare(before, after []ReachedNode) {
	still := map[graph.ID]*ReachedNode{}
	for i := range after {
		still[after[i].Node.ID] = &after[i]
	}
	for i := range before {
		b := &before[i]
		a := still[b.Node.ID]
		switch {
		case a == nil:
			out.Lost = append(out.Lost, *b)
		case !slices.EqualFunc(a.Marks, b.Marks, func(x, y ReachMark) bool {
			return x.Mark == y.Mark && x.Certainty == y.Certainty && x.At == y.At
		}):
			out.Weakened = append(out.Weakened, *a)
		}
	}
}

// cut resolves one cut.
func (run *reachRun) cut(c *scissors, text string, how RoleCut) (CutEffect, error) {
	effect := CutEffect{Asked: text}
	principal, role, trust := strings.Cut(text, "->")
	if !trust {
		role = text
	}
	xs, err := run.r.resolve([]string{strings.TrimSpace(role)}, selects)
	if err != nil {
		return effect, err
	}
	x := xs[0]
	effect.Node = showNode(&x.node)
	var own []int32
	for _, id := range slices.Sorted(maps.Keys(x.ids)) {
		n := run.number(id)
		run.unread[n] = true
		own = append(own, n)
	}
	isRole := x.node.Kind == graph.Identity && !hasPrefix(x.node.ID, "aws:service:") && x.node.Type != typeUser && x.node.Type != typeRoot
	switch {
	case trust:
		effect.What = "nobody of " + strings.TrimSpace(principal) + " may assume it any more; what was issued lives on"
		effect.Stops, err = run.cutTrust(c, strings.TrimSpace(principal), own)
	case x.node.Kind == graph.Agent:
		effect.What = "nothing comes through it any more; the other calls of its sessions go on"
		if _, err = run.read(); err == nil {
			effect.Stops = run.stop(c, own)
		}
	case x.node.Kind == graph.Credential:
		effect.What = "it is refused; what it has issued lives on to its expiry"
		if _, err = run.read(); err == nil {
			effect.Stops = run.stop(c, own)
		}
	case x.node.Kind == graph.Session:
		effect.What = "it and its keys are refused; what they have issued lives on to its expiry"
		effect.Stops, err = run.cutHolder(c, own, ask{out: bit(graph.Holds)}, nil)
	case isRole && how == BlockNew:
		effect.What = "nobody may assume it any more; sessions and keys issued before live on to their expiry"
		effect.Stops, err = run.blockNew(c, own)
	case isRole:
		effect.What = "its sessions and keys issued before are refused; it can be assumed anew"
		effect.Stops, err = run.cutHolder(c, own, ask{in: bit(graph.Of)}, func(n int32) bool { return run.birth(n) < c.at })
	case x.node.Kind == graph.Identity && !x.node.Inert():
		effect.What = "its keys, password and sessions are refused; what they have issued lives on to its expiry"
		effect.Stops, err = run.cutHolder(c, own, ask{out: bit(graph.Holds), in: bit(graph.Of)}, nil)
	default:
		return effect, &graph.Error{Code: graph.CodeInvalid, Message: string(x.node.ID) + " is nothing that can be cut",
			Hint: "a key, session, user, role, agent, or a trust as PRINCIPAL->ROLE"}
	}
	return effect, err
}

// stop makes the nodes, by all their ids, act no more.
func (run *reachRun) stop(c *scissors, ns []int32) int {
	for _, n := range ns {
		for _, id := range run.own(n) {
			c.stops[id] = true
			if run.nodes[id].Kind == graph.Agent {
				c.agents[run.nodes[id].ID] = true
			}
		}
	}
	return len(ns)
}

// gather reads edges of the nodes and returns the far ends.
func (run *reachRun) gather(ns []int32, a ask) ([]int32, error) {
	for _, n := range ns {
		run.want(n, a)
	}
	if _, err := run.read(); err != nil {
		return nil, err
	}
	var out []int32
	for _, n := range ns {
		for _, x := range run.nodes[n].outs {
			if l := &run.links[x.link]; a.out&bit(l.kind) != 0 {
				out = append(out, l.to)
			}
		}
		for _, x := range run.nodes[n].ins {
			if l := &run.links[x.link]; a.in&bit(l.kind) != 0 {
				out = append(out, l.from)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// cutHolder stops the nodes and what they hold, or what carries their
// permissions, as far as it fits.
func (run *reachRun) cutHolder(c *scissors, own []int32, a ask, fits func(int32) bool) (int, error) {
	held, err := run.gather(own, a)
	if err != nil {
		return 0, err
	}
	if _, err := run.gather(held, ask{out: bit(graph.Holds) | bit(graph.Of), in: bit(graph.Holds)}); err != nil {
		return 0, err // when they came to be
	}
	if fits == nil {
		run.stop(c, own)
	} else {
		held = slices.DeleteFunc(held, func(n int32) bool { return !fits(n) })
	}
	return run.stop(c, held), nil
}

// blockNew bars what would be issued from the role.
func (run *reachRun) blockNew(c *scissors, own []int32) (int, error) {
	held, err := run.gather(own, ask{in: bit(graph.Of)})
	if err != nil {
		return 0, err
	}
	if _, err := run.gather(held, ask{out: bit(graph.Holds) | bit(graph.Of), in: bit(graph.Holds) | bit(graph.Issued)}); err != nil {
		return 0, err
	}
	stops := 0
	for _, n := range held {
		if run.birth(n) >= c.at {
			c.barred[n] = true
			stops++
		}
	}
	return stops, nil
}

// cutTrust bars what somebody of the principal would issue from the role: the
// principal is an identity, a service, a provider, an account or everybody.
func (run *reachRun) cutTrust(c *scissors, principal string, own []int32) (int, error) {
	xs, err := run.r.resolve([]string{principal}, []graph.Kind{graph.Identity, graph.Account})
	if err != nil {
		return 0, err
	}
	held, err := run.gather(own, ask{in: bit(graph.Of)})
	if err != nil {
		return 0, err
	}
	issuers, err := run.gather(held, ask{in: bit(graph.Issued)})
	if err != nil {
		return 0, err
	}
	ids := make([]graph.ID, len(issuers))
	for i, n := range issuers {
		ids[i] = run.nodes[n].ID
	}
	a, err := run.e.ancestry(run.r, ids)
	if err != nil {
		return 0, err
	}
	of := func(issuer graph.ID) bool {
		who := a.identity(issuer)
		account := run.nodes[run.number(who)].Attrs.Value(graph.AttrAccount)
		if arn, ok := graph.ParseARN(string(who)); ok {
			account = arn.Account
		}
		for _, x := range xs {
			_, named := x.ids[who]
			if _, itself := x.ids[issuer]; named || itself || x.node.ID == "aws:principal:*" || x.node.Kind == graph.Account && x.node.ID == graph.ID("aws:account:"+account) {
				return true
			}
		}
		return false
	}
	stops := map[int32]bool{}
	for _, n := range held {
		for _, x := range run.nodes[n].ins {
			if l := &run.links[x.link]; l.kind == graph.Issued && of(run.nodes[l.from].ID) {
				seen, _ := run.seen(l, run.f.window)
				for j := range seen {
					if seen[j].at >= c.at {
						c.issues[issueKey{n, run.evidence(&seen[j])}] = true
						stops[n] = true
					}
				}
			}
		}
	}
	return len(stops), nil
}

// alive lists what the attacker controls, is not cut and goes on working.
func (run *reachRun) alive(c *scissors) []AliveCredential {
	out := []AliveCredential{}
	for _, n := range run.met {
		fs := run.marked(n, nil)
		p := &run.nodes[n]
		if len(fs) == 0 {
			continue
		}
		if fs[0].Mark != graph.Controlled || p.Kind != graph.Credential || c.stops[n] {
			continue
		}
		x := AliveCredential{Node: showNode(&p.Node), Since: fs[0].At, Certainty: fs[0].Certainty, Path: run.path(fs[0].label)}
		if end := lapse(run.lives(n), c.at); end != forever {
			x.Until = end
		}
		if live := run.lives(n); live != nil && lapsed(live, c.at) {
			continue
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b AliveCredential) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Node.ID, b.Node.ID))
	})
	return out
}

// lapsed reports whether every life ended before the time.
func lapsed(lives []graph.Span, at graph.Time) bool {
	return !slices.ContainsFunc(lives, func(s graph.Span) bool { return s.To == 0 || s.To > at })
}
