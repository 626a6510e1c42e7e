package explore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Workflow answers: which identities took part in the workflow around a thing,
// why each belongs, and what each did in the window.
type Workflow struct {
	Status
	Of       []Node   `json:"of"`
	Total    Total    `json:"total"`
	Excluded Excluded `json:"excluded"`
	Members  []Member `json:"members"` // by first call
	// Workloads ran a member's session, or were set going by a member.
	Workloads []Workload `json:"workloads"`
	// Hubs were met and not walked through: they would join what has nothing
	// to do with each other.
	Hubs []Hub `json:"hubs"`
}

// Member is one identity of the workflow.
type Member struct {
	Identity    Node           `json:"identity"`
	Why         []Membership   `json:"why"` // nearest to what was asked first
	Total       int            `json:"total"`
	First       graph.Time     `json:"first"`
	Last        graph.Time     `json:"last"`
	Credentials []Actor        `json:"credentials"`
	Sessions    []Actor        `json:"sessions"`
	Via         []Intermediary `json:"via"`
	Calls       []CallRow      `json:"calls"`
}

// Workload is a member that is no identity.
type Workload struct {
	Node Node       `json:"node"`
	Why  Membership `json:"why"`
}

// Hub is what many share, with why it joins nothing.
type Hub struct {
	Node   Node   `json:"node"`
	Reason string `json:"reason"`
}

// MembershipKind says why something belongs to a workflow.
type MembershipKind string

// The kinds of membership.
const (
	Asked      MembershipKind = "ASKED"      // it is what was asked, or acts for it
	Toucher    MembershipKind = "CALLED"     // it called what was asked; only those calls count
	Changer    MembershipKind = "CHANGED"    // it changed what was asked
	Issuer     MembershipKind = "ISSUER"     // it issued a member
	IssuedBy   MembershipKind = "ISSUED"     // a member issued it
	Holder     MembershipKind = "HOLDS"      // it holds, or is held by, a member
	AgentRun   MembershipKind = "AGENT_RUN"  // the same run of an agent drove it
	PipeRun    MembershipKind = "CI_RUN"     // the same pipeline's token obtained it
	Runner     MembershipKind = "RUNS"       // a workload and its session
	Controlled MembershipKind = "CONTROLLED" // a member set the workload going, or its code
	Delegator  MembershipKind = "DELEGATOR"  // a member acted for it
)

// Membership is one reason to belong: how Node is joined to From.
type Membership struct {
	Kind      MembershipKind `json:"kind"`
	Node      graph.ID       `json:"node"`
	From      graph.ID       `json:"from"`
	Join      graph.Join     `json:"join"`
	Certainty Certainty      `json:"certainty"`
	At        graph.Time     `json:"at"`
	Hops      int            `json:"hops"`
	Evidence  []string       `json:"evidence"`
}

// WorkflowQuery asks Explorer.Workflow.
type WorkflowQuery struct {
	Of       []string // things, or the event id of a change
	Window   graph.Window
	Who      Who // empty: WhoNHI
	Probes   bool
	Evidence EvidencePage
	Budget   Budget
	AsOf     uint64
}

// maxIssued is how many credentials a session may have issued in the window
// and still be walked through: one that issued more is a broker.
const maxIssued = 32

// workflow is a walk from what was asked to what took part. It goes from a
// session or temporary key to what issued, holds, runs and drives it and to
// what it issued, and on from there. What many share is reached and not walked
// through, or every workflow would be the whole account: identities (a role's
// other sessions have nothing to do with each other), AWS services, accounts,
// long-lived keys, passwords and people's sign-ins, endpoints, and sessions that
// issued more than maxIssued. A pipeline's token is walked through, as it stands
// for one branch of one repository, within the window.
type workflow struct {
	r       *reader
	e       *Explorer
	window  graph.Window
	a       *ancestry
	why     map[graph.ID]Membership
	next    []graph.ID
	touched map[graph.ID]bool // callers of what was asked and what is behind them: not walked down from
	acting  *actors           // of what was asked, where only an agent's calls count
	scope   *scope
	hubs    map[graph.ID]string
	sids    map[string]bool
}

// Workflow answers who took part in the workflow around what is asked.
func (e *Explorer) Workflow(ctx context.Context, q WorkflowQuery) (*Workflow, error) {
	if len(q.Of) == 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "nothing was asked for", Hint: "give a resource, session, key, agent, workload, or the event id of a change"}
	}
	r, err := e.reader(ctx, q.Budget, q.AsOf)
	if err != nil {
		return nil, err
	}
	f := &workflow{r: r, e: e, window: q.Window, why: map[graph.ID]Membership{}, touched: map[graph.ID]bool{}, acting: &actors{},
		scope: &scope{targets: map[graph.ID]target{}}, hubs: map[graph.ID]string{}, sids: map[string]bool{}}
	out := &Workflow{Of: []Node{}, Members: []Member{}, Workloads: []Workload{}, Hubs: []Hub{}}
	if out.Of, err = f.seeds(q.Of); err != nil {
		return nil, err
	}
	for depth := 1; len(f.next) > 0; depth++ {
		if depth > r.budget.Depth {
			r.cut(LimitDepth, r.budget.Depth)
			break
		}
		if err := f.hop(depth); err != nil {
			return nil, err
		}
	}
	set, err := f.calls(q.Evidence.First != 0)
	if err != nil {
		return nil, err
	}
	if f.a, err = e.ancestry(r, append(slices.Collect(maps.Keys(f.why)), set.actors()...)); err != nil {
		return nil, err
	}
	set.settle(f.a)
	if err := set.approve(r, f.a); err != nil {
		return nil, err
	}
	if err := f.a.load(r, slices.Concat(set.vias(), slices.Collect(maps.Keys(f.hubs)), slices.Collect(maps.Keys(f.why)))); err != nil {
		return nil, err
	}
	sh := set.show(f.a, cmp.Or(q.Who, WhoNHI), q.Probes)
	out.Excluded = sh.excluded
	if out.Members, err = f.members(set, sh, q.Evidence); err != nil {
		return nil, err
	}
	out.Total = Total{len(out.Members), sh.total}
	out.Workloads, out.Hubs = f.workloads(), f.shared()
	out.Status, err = e.status(r, q.Window)
	return out, err
}

// add takes a member in, once, and has it walked from. What is behind one that
// only called what was asked is not walked down from either, unless it is behind
// another member too.
func (f *workflow) add(m Membership) {
	if m.Node == "" {
		return
	}
	side := f.touched[m.From] || m.Kind == Toucher
	if _, ok := f.why[m.Node]; ok && (side || !f.touched[m.Node]) {
		return
	}
	if side {
		f.touched[m.Node] = true
	} else {
		delete(f.touched, m.Node)
	}
	if len(f.why) >= f.r.budget.Nodes {
		f.r.cut(LimitNodes, f.r.budget.Nodes)
		return
	}
	m.Evidence = firstTen(m.Evidence)
	f.why[m.Node] = m
	f.next = append(f.next, m.Node)
}

// hub notes what is not walked through.
func (f *workflow) hub(id graph.ID, reason string) {
	if _, ok := f.hubs[id]; !ok {
		f.hubs[id] = reason
	}
}

// hop walks one step from the members that came last.
func (f *workflow) hop(depth int) error {
	frontier := f.next
	f.next = nil
	slices.Sort(frontier)
	var err error
	if f.a, err = f.e.ancestry(f.r, frontier); err != nil {
		return err
	}
	var agents, down, workloads []graph.ID
	for _, id := range frontier {
		f.up(id, depth)
		switch n := f.a.node(id); {
		case n.Kind == graph.Agent:
			agents = append(agents, id)
		case n.Kind == graph.Service:
			workloads = append(workloads, id)
		case f.touched[id]:
		case f.why[id].Kind == Asked || f.through(&n):
			down = append(down, id)
		}
	}
	if err := f.agents(agents, depth); err != nil {
		return err
	}
	if err := f.down(down, depth); err != nil {
		return err
	}
	return f.r.edges(workloads, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Runs}}, func(e *graph.Edge) {
		// What the workload ran since it joined; one that was asked for, all it ran.
		m := f.why[e.From]
		if f.window.Overlaps(e.First, e.Last+1) && (m.Kind == Asked || e.Last >= m.At) {
			f.add(Membership{Kind: Runner, Node: e.To, From: e.From, Certainty: m.Certainty, At: e.First, Hops: depth})
		}
	})
}

// through reports whether a node stands for one bounded use, and notes it as a
// hub where it does not.
func (f *workflow) through(n *graph.Node) bool {
	switch {
	case n.Type == typeWebIdentity && pipeline(n.ID):
		return true
	case n.Kind == graph.Identity:
		f.hub(n.ID, "an identity: its other sessions are other workflows")
	case n.Type == typeLongLived:
		f.hub(n.ID, "a long-lived key: what else it obtained may have another purpose")
	case n.Type == typePassword, n.Type == typeSAML, n.Type == typeSignIn, n.Type == typeCertificate, n.Type == typeDirectory, n.Type == typeWebIdentity:
		f.hub(n.ID, "a sign-in: what else it opened may have another purpose")
	case n.Kind == graph.Session || n.Kind == graph.Credential:
		return true
	}
	return false
}

// up adds what issued, holds, runs, drives and stands behind a member.
func (f *workflow) up(id graph.ID, depth int) {
	a := f.a
	for _, s := range a.heldBy[id] {
		if a.kind(s.From) == graph.Session {
			f.add(Membership{Kind: Holder, Node: s.From, From: id, Certainty: Definite, At: s.First, Hops: depth})
		}
	}
	main, _ := a.joins(id, 0)
	for _, i := range main {
		if a.typ(i.from) == typeService {
			f.hub(i.from, "an AWS service: it obtains credentials for everybody")
			continue
		}
		f.add(Membership{Kind: Issuer, Node: i.from, From: id, Join: i.join, Certainty: i.certainty(), At: i.at, Hops: depth, Evidence: i.evidence})
		if i.via.Agent != "" {
			f.add(Membership{Kind: AgentRun, Node: i.via.Agent, From: id, Certainty: i.certainty(), At: i.at, Hops: depth, Evidence: i.evidence})
		}
	}
	for _, e := range a.runBy[id] {
		f.add(Membership{Kind: Runner, Node: e.From, From: id, Certainty: Definite, At: max(e.First, f.window.From), Hops: depth})
	}
	for _, e := range a.actsFor[id] {
		f.add(Membership{Kind: Delegator, Node: e.To, From: id, Certainty: Definite, At: e.First, Hops: depth})
	}
	for i := range a.drivenBy[id] {
		e := &a.drivenBy[id][i]
		if f.window.Overlaps(e.First, e.Last+1) {
			f.add(Membership{Kind: AgentRun, Node: e.From, From: id, Certainty: Definite, At: e.First, Hops: depth, Evidence: evidences(e)})
		}
	}
}

// agents adds what the runs drove in the window, and the same run under another
// credential: same tool, same terminal.
func (f *workflow) agents(ids []graph.ID, depth int) error {
	err := f.r.edges(ids, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Drives}, Window: f.window, Detail: graph.Evidence}, func(e *graph.Edge) {
		f.add(Membership{Kind: AgentRun, Node: e.To, From: e.From, Certainty: Definite, At: e.First, Hops: depth, Evidence: evidences(e)})
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		sid := terminalOf(id)
		if sid == "" || f.sids[sid] {
			continue
		}
		f.sids[sid] = true
		for n, err := range f.r.store.Nodes(f.r.ctx, graph.Selector{Search: sid, Kinds: []graph.Kind{graph.Agent}}) {
			if err != nil {
				return err
			}
			if terminalOf(n.ID) == sid && toolOf(n.ID) == toolOf(id) {
				f.add(Membership{Kind: AgentRun, Node: n.ID, From: id, Certainty: Definite, Hops: depth})
			}
		}
	}
	return nil
}

// down adds what the members issued and hold, and the workloads they set going.
func (f *workflow) down(ids []graph.ID, depth int) error {
	issued := map[graph.ID][]graph.Edge{}
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Issued}, Window: f.window, Detail: graph.Evidence}
	if err := f.r.edges(ids, graph.Out, flt, func(e *graph.Edge) { issued[e.From] = append(issued[e.From], *e) }); err != nil {
		return err
	}
	for _, id := range ids {
		es := issued[id]
		if len(ends(es, func(e graph.Edge) graph.ID { return e.To })) > maxIssued {
			f.hub(id, "a broker: it issued more credentials than one workflow needs")
			continue
		}
		kind := IssuedBy
		if f.a.typ(id) == typeWebIdentity {
			kind = PipeRun
		}
		for i := range es {
			e := &es[i]
			c := Definite
			if e.Label.Join.Heuristic() {
				c = Possible
			}
			f.add(Membership{Kind: kind, Node: e.To, From: id, Join: e.Label.Join, Certainty: c, At: e.First, Hops: depth, Evidence: evidences(e)})
		}
	}
	err := f.r.edges(ids, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}, func(e *graph.Edge) {
		if e.First < f.window.To || f.window.To == 0 {
			f.add(Membership{Kind: Holder, Node: e.To, From: e.From, Certainty: Definite, At: e.First, Hops: depth})
		}
	})
	if err != nil {
		return err
	}
	var set []Membership
	var targets []graph.ID
	flt = graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: f.window, Detail: graph.Evidence, Outcomes: []graph.Outcome{graph.OK}, Effects: []graph.Effect{graph.Control}}
	err = f.r.edges(ids, graph.Out, flt, func(e *graph.Edge) {
		if f.acting.ids == nil || f.acting.counts(e) {
			set = append(set, Membership{Kind: Controlled, Node: e.To, From: e.From, Certainty: Definite, At: e.First, Hops: depth, Evidence: evidences(e)})
			targets = append(targets, e.To)
		}
	})
	if err != nil {
		return err
	}
	if err := f.a.load(f.r, targets); err != nil {
		return err
	}
	slices.SortFunc(set, func(x, y Membership) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Node, y.Node), cmp.Compare(x.From, y.From))
	})
	for _, m := range set {
		switch n := f.a.node(m.Node); {
		case n.Kind != graph.Service:
		case n.Type == "aws.endpoint":
			f.hub(m.Node, "an endpoint: everybody calls it")
		default:
			f.add(m)
		}
	}
	return nil
}

// terminalOf is the terminal that an agent ran in, agent:<tool>:<what it
// drives>:<12 hexadecimal digits>; empty where its id holds none.
func terminalOf(agent graph.ID) string {
	s := string(agent)
	if len(s) < 13 || s[len(s)-13] != ':' {
		return ""
	}
	for _, c := range s[len(s)-12:] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return s[len(s)-12:]
}

func evidences(e *graph.Edge) (ids []string) {
	for _, o := range e.Observations {
		ids = append(ids, o.Evidence)
	}
	return ids
}
