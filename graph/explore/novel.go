package explore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Novel answers: what did identities do in the window that they never did in
// the baseline before it.
type Novel struct {
	Status
	Baseline   Baseline        `json:"baseline"`
	Total      NovelTotal      `json:"total"`
	Excluded   Excluded        `json:"excluded"`
	Identities []NovelIdentity `json:"identities"`
}

// NovelTotal counts what the answer holds.
type NovelTotal struct {
	Looked        int `json:"looked"`        // identities that acted in the window
	Identities    int `json:"identities"`    // of these, with something new
	NewIdentities int `json:"newIdentities"` // of these, new themselves, or silent in the whole baseline
	Novelties     int `json:"novelties"`
	Folded        int `json:"folded"` // first calls of new identities that are not listed
}

// NovelIdentity is one identity with what was new about it.
type NovelIdentity struct {
	Identity Node       `json:"identity"`
	Since    graph.Time `json:"since"` // known since, in all data
	// New identities have no habits to break: of them only what changes
	// something, came through an agent or edits permissions is listed.
	New         bool      `json:"new"`
	Reason      string    `json:"reason"`      // what a reader must know of its history
	Before      []Count   `json:"before"`      // its most frequent actions in the baseline
	BeforeCalls int       `json:"beforeCalls"` // its calls in the baseline
	Folded      int       `json:"folded"`
	Novelties   []Novelty `json:"novelties"` // by time
}

// NoveltyKind says in what way a call was the first.
type NoveltyKind string

// The kinds. The edits are first edits of that sort by the identity.
const (
	FirstAction  NoveltyKind = "ACTION"        // the identity never made the call; or never with success
	FirstService NoveltyKind = "SERVICE"       // the identity never called the service
	FirstAgent   NoveltyKind = "AGENT"         // the agent's tool never acted as the identity
	AgentService NoveltyKind = "AGENT_SERVICE" // nor, as it, called the service
	FirstNetwork NoveltyKind = "NETWORK"       // the identity never came from the network
	TrustEdit    NoveltyKind = "TRUST_EDIT"
	BoundaryEdit NoveltyKind = "BOUNDARY_EDIT"
	PolicyEdit   NoveltyKind = "POLICY_EDIT"
)

// Novelty is one call that was the first in some way.
type Novelty struct {
	Kinds   []NoveltyKind `json:"kinds"`
	Action  string        `json:"action"`
	Effect  graph.Effect  `json:"effect"`
	Outcome graph.Outcome `json:"outcome"`
	Target  graph.ID      `json:"target"`
	Network string        `json:"network"` // of a NETWORK
	Actor   graph.ID      `json:"actor"`
	Agent   graph.ID      `json:"agent"` // behind the call, as far as evidence shows
	// AgentCertainty is POSSIBLE where the agent only drove what made the call.
	AgentCertainty Certainty  `json:"agentCertainty"`
	Service        graph.ID   `json:"service"` // that made the call on the identity's behalf
	At             graph.Time `json:"at"`
	Count          int        `json:"count"` // of its calls of this action in the window
	Evidence       []string   `json:"evidence"`
}

// NovelQuery asks Explorer.Novel.
type NovelQuery struct {
	Of       []string // what acted; empty: everything
	Window   graph.Window
	Baseline time.Duration // zero: DefaultBaseline
	Who      Who           // empty: WhoNHI
	Budget   Budget
	AsOf     uint64
}

// manyNetworks is from how many networks an identity has no habitual one: a
// function or a fleet behind a provider's addresses.
const manyNetworks = 8

// shortHistory is below what an identity's history says little: a day holds
// the nightly jobs.
const shortHistory = 24 * time.Hour

// shownHabits is how many of an identity's usual actions are shown.
const shownHabits = 5

// Novel answers what was new in the window: first calls by identity and action,
// identity and service, agent and service, networks, and edits of trust, policies
// and boundaries, each with its evidence. The window and the baseline are each
// read once.
func (e *Explorer) Novel(ctx context.Context, q NovelQuery) (*Novel, error) {
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	out := &Novel{Identities: []NovelIdentity{}}
	if out.Baseline, err = e.baseline(r, q.Window, q.Baseline); err != nil {
		return nil, err
	}
	set, err := r.made(q.Of, q.Window)
	if err != nil {
		return nil, err
	}
	a, err := e.ancestry(r, set.actors())
	if err != nil {
		return nil, err
	}
	set.settle(a)
	f := newFirsts(set, a, cmp.Or(q.Who, WhoNHI), &out.Excluded)
	if err := a.load(r, f.behind()); err != nil {
		return nil, err
	}
	past, err := r.past(f.order, out.Baseline, nil, nil)
	if err != nil {
		return nil, err
	}
	out.Baseline.Complete = past.whole
	out.Total.Looked = len(f.order)
	for _, id := range f.order {
		n := f.of(id, past.of[id], q.Window)
		if len(n.Novelties) == 0 && !n.New {
			continue
		}
		out.Identities = append(out.Identities, n)
		out.Total.Identities++
		out.Total.Novelties += len(n.Novelties)
		out.Total.Folded += n.Folded
		if n.New {
			out.Total.NewIdentities++
		}
	}
	slices.SortStableFunc(out.Identities, func(x, y NovelIdentity) int {
		return cmp.Or(-cmp.Compare(weightiest(x.Novelties), weightiest(y.Novelties)), -cmp.Compare(len(x.Novelties), len(y.Novelties)))
	})
	out.Status, err = e.status(r, q.Window)
	return out, err
}

// made reads the calls that these made in the window, each under its primary
// target; of nothing, all calls.
func (r *reader) made(of []string, w graph.Window) (*callSet, error) {
	set := newCallSet()
	set.primaryFirst = true
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, Detail: graph.Evidence}
	if len(of) == 0 {
		return set, r.everywhere(f, func(e *graph.Edge) { set.add(e, -1, graph.Window{}, false) })
	}
	xs, err := r.resolve(of, actorKinds)
	if err != nil {
		return nil, err
	}
	acting, err := r.actors(xs, w)
	if err != nil {
		return nil, err
	}
	return set, r.edges(acting.list(), graph.Out, f, func(e *graph.Edge) {
		if acting.counts(e) {
			set.add(e, -1, graph.Window{}, false)
		}
	})
}

// firsts are the calls of a window by identity, in order of time.
type firsts struct {
	set     *callSet
	a       *ancestry
	calls   map[graph.ID][]uint64
	classes map[graph.ID]map[Class]int
	order   []graph.ID
}

// newFirsts groups the calls that the filter lets through, and counts the
// others.
func newFirsts(set *callSet, a *ancestry, filter Who, excluded *Excluded) *firsts {
	f := &firsts{set: set, a: a, calls: map[graph.ID][]uint64{}, classes: map[graph.ID]map[Class]int{}}
	for key, c := range set.calls {
		if c.outcome == graph.Probe {
			excluded.Probes++
			continue
		}
		class := a.who(c.from, c.via).class
		switch {
		case filter == WhoNHI && class == Human:
			excluded.HumanCalls++
			continue
		case filter == WhoHuman && class != Human:
			excluded.NonHumanCalls++
			continue
		}
		id := a.identity(c.from)
		f.calls[id] = append(f.calls[id], key)
		if f.classes[id] == nil {
			f.classes[id] = map[Class]int{}
		}
		f.classes[id][class]++
	}
	for id, keys := range f.calls {
		f.order = append(f.order, id)
		slices.SortFunc(keys, func(x, y uint64) int {
			a, b := set.calls[x], set.calls[y]
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.label.Action, b.label.Action), cmp.Compare(a.outcome, b.outcome), cmp.Compare(x, y))
		})
	}
	slices.Sort(f.order)
	return f
}

// behind are the nodes whose attributes are asked for.
func (f *firsts) behind() (ids []graph.ID) {
	for _, keys := range f.calls {
		for _, k := range keys {
			ids = append(ids, f.set.calls[k].from)
		}
	}
	return append(ids, f.order...)
}

// of finds what is new of the identity against its history.
func (f *firsts) of(id graph.ID, h *history, w graph.Window) NovelIdentity {
	n := NovelIdentity{Identity: f.a.showIdentity(id, f.classes[id]), Since: h.since, Before: h.top(shownHabits), BeforeCalls: h.calls, Novelties: []Novelty{}}
	first := f.set.calls[f.calls[id][0]].at
	switch {
	case h.since == 0:
		n.New, n.Since, n.Reason = true, first, "a new identity: first seen in the window"
	case h.calls == 0:
		n.New, n.Reason = true, fmt.Sprintf("silent in the whole baseline; last known of at %s", h.seen)
	case w.From.Time().Sub(h.since.Time()) < shortHistory:
		n.Reason = fmt.Sprintf("known for %s before the window only", lasting(h.since, w.From))
	}
	counts := map[string]int{}
	for _, k := range f.calls[id] {
		counts[f.set.calls[k].label.Action]++
	}
	networks := f.networks(id, h, w)
	if n.New {
		clear(networks)
	} else if len(h.networks) >= manyNetworks {
		clear(networks)
		n.Reason = strings.Trim(fmt.Sprintf("%s; came from %d networks before: new ones say nothing", n.Reason, len(h.networks)), "; ")
	}
	for _, k := range f.calls[id] {
		c := f.set.calls[k]
		agent, certainty := f.a.agent(c)
		kinds := h.firsts(c, agent)
		x := Novelty{Action: c.label.Action, Effect: c.label.Effect, Outcome: c.outcome, Target: c.target, Actor: c.from, Agent: agent,
			AgentCertainty: certainty, Service: c.via.Service, At: c.at, Count: counts[c.label.Action]}
		if network := networks[arrival{c.from, c.at}]; network != "" && c.via.Service == "" && !h.networks[network] {
			h.networks[network], x.Network = true, network
			kinds = append(kinds, FirstNetwork)
		}
		if len(kinds) == 0 {
			continue
		}
		if n.New && !c.label.Effect.Mutates() && c.label.Effect != graph.SecretRead && agent == "" {
			n.Folded++
			continue
		}
		x.Kinds = kinds
		sights := slices.Clone(f.set.sights[k])
		slices.SortFunc(sights, compareSight)
		x.Evidence = firstSights(sights)
		n.Novelties = append(n.Novelties, x)
	}
	return n
}

// arrival is an actor's first call from a network.
type arrival struct {
	actor graph.ID
	at    graph.Time
}

// networks are the arrivals in the window of what acts for the identity.
func (f *firsts) networks(id graph.ID, h *history, w graph.Window) map[arrival]string {
	out := map[arrival]string{}
	done := map[graph.ID]bool{}
	for _, k := range f.calls[id] {
		from := f.set.calls[k].from
		if done[from] {
			continue
		}
		done[from] = true
		for _, x := range f.a.nodes[from].Attrs {
			if x.Name == graph.AttrNetwork && w.Contains(x.First) && !h.networks[x.Value] {
				out[arrival{from, x.First}] = x.Value
			}
		}
	}
	return out
}

// firsts says in which ways the call is a first, and takes it into the history.
func (h *history) firsts(c *call, agent graph.ID) (kinds []NoveltyKind) {
	action, service := c.label.Action, serviceOf(c.label.Action)
	x := h.actions[action]
	if x == nil || !x.ok && c.outcome == graph.OK {
		kinds = append(kinds, FirstAction)
		x = &habit{}
	}
	x.ok = x.ok || c.outcome == graph.OK
	h.actions[action] = x
	if !h.services[service] {
		h.services[service] = true
		kinds = append(kinds, FirstService)
	}
	if k := editKind(c.label); k != "" && c.outcome == graph.OK && !h.grants[k] {
		h.grants[k] = true
		kinds = append(kinds, k)
	}
	tool := toolOf(agent)
	if tool == "" {
		return kinds
	}
	if !h.tools[tool] {
		h.tools[tool] = true
		kinds = append(kinds, FirstAgent)
	}
	if k := [2]string{tool, service}; !h.reach[k] {
		h.reach[k] = true
		kinds = append(kinds, AgentService)
	}
	return kinds
}

// editKind is what a call edits of permissions, empty where it is none of it.
func editKind(l graph.Label) NoveltyKind {
	if l.Effect != graph.Grant {
		return ""
	}
	_, verb, _ := strings.Cut(l.Action, ":")
	switch {
	case strings.Contains(verb, "PermissionsBoundary"):
		return BoundaryEdit
	case strings.Contains(verb, "AssumeRolePolicy"), strings.Contains(verb, "TrustAnchor"), strings.Contains(verb, "OpenIDConnectProvider"), strings.Contains(verb, "SAMLProvider"):
		return TrustEdit
	case strings.Contains(verb, "Policy"), strings.Contains(verb, "Policies"), strings.Contains(verb, "Permission"), strings.Contains(verb, "Acl"):
		return PolicyEdit
	}
	return ""
}

// weightiest is the heaviest effect of the novelties.
func weightiest(ns []Novelty) int {
	most := 0
	for _, n := range ns {
		most = max(most, effectRank[n.Effect])
	}
	return most
}

// effectRank orders effects by how hard they are to undo.
var effectRank = map[graph.Effect]int{graph.Read: 1, graph.Use: 2, graph.SecretRead: 3, graph.Create: 4, graph.Change: 5, graph.Control: 6, graph.Grant: 7, graph.Delete: 8}
