package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// What is remembered is bounded, so that an archive of any size needs the same
// memory; past the bound everything is forgotten and worked out again.
const (
	maxPrograms = 8_192
	maxThings   = 65_536
	maxServices = 1_024
)

// emitter turns records into nodes and edges. Each record writes only what it
// alone knows, to ids that other records share, so that no order shows.
//
// It remembers what follows from a user agent or a target's id, and with an
// identity that is remembered the actor that follows from it; and, as long as the builder stays the same, their refs and rows. Forgetting
// changes nothing but the speed.
type emitter struct {
	x        *extractor
	programs map[string]*program
	things   map[graph.ID]*thing
	services map[string]*node

	forget bool // remember nothing between records: the test's oracle

	lastProgram *program

	epoch uint64 // of the builder at hand
	b     *graph.Builder
	plain graph.LabelRef // of standing facts

	// The record at hand.
	r       *Record
	t       graph.Time
	src     graph.Ref
	ev      string // its evidence
	shared  string // its Call
	key     uint64 // its CallKey
	outcome graph.Outcome
	effect  graph.Effect
	a       *actor
	p       *program
	from    *node // who acts: the actor's narrowest node, or what the record shows beyond it

	agent, client, service graph.NodeRef // what the call came through

	reaches reaches
	reach   reach           // scratch
	targets []Target        // that the call reaches
	chunk   []byte          // of evidence; what was written stays as it is
	extra   []graph.NodeRef // policy documents that the call wrote

	streams [3]string // account, region and stream last made
}

func newEmitter(o Options) *emitter {
	return &emitter{x: newExtractor(o.Objects), programs: map[string]*program{}, things: map[graph.ID]*thing{}, services: map[string]*node{},
		reaches: reaches{most: maxReaches}}
}

// stream is what the record's file is a piece of, for coverage.
func (e *emitter) stream(r *Record) string {
	account := accountOf(r)
	if account == "" || r.EventCategory == categoryActivity {
		return ""
	}
	if s := &e.streams; s[0] != account || s[1] != r.Region {
		s[0], s[1] = strings.Clone(account), strings.Clone(r.Region)
		s[2] = "cloudtrail/" + s[0] + "/" + s[1]
	}
	return e.streams[2]
}

// The reasons for which a record carries nothing for the graph.
const (
	skipInsight  = "insight"
	skipVPCE     = "vpc endpoint event without an actor"
	skipNobody   = "no identity"
	skipExchange = "no call"
)

// emit writes a record to b. It returns why there is nothing to write, empty
// where there is.
func (e *emitter) emit(b *graph.Builder, src graph.Ref, r *Record) (skip string) {
	if e.forget {
		clear(e.programs)
		clear(e.things)
		clear(e.services)
		clear(e.reaches.known)
		e.lastProgram = nil
		e.epoch++
	}
	if b != e.b {
		e.b = b
		e.epoch++
		e.plain = b.Label(graph.Label{})
	}
	switch {
	case r.EventCategory == categoryInsight || r.EventType == "AwsCloudTrailInsight":
		return skipInsight
	case r.EventName == "":
		return skipExchange
	}
	e.r, e.t, e.src = r, r.Time, src
	e.a = e.actorOf(r)
	if !e.a.only().known() && !(r.EventSource == "rolesanywhere.amazonaws.com" && r.EventName == "CreateSession") {
		if r.EventType == "AwsVpceEvent" {
			return skipVPCE
		}
		return skipNobody
	}
	e.ev = e.evidence(r)
	e.shared = ""
	if r.SharedEventID != "" {
		e.shared = "shared:" + r.SharedEventID
		e.key = graph.CallKeyOf(e.shared)
	} else {
		e.key = graph.CallKeyOf(e.ev)
	}
	e.p = e.programOf(r.UserAgent)
	act := e.x.action(r)
	pl := plane(r)
	e.effect = e.x.effect(act, r)
	e.outcome = outcome(r, e.effect, pl)

	e.assert(e.a)
	e.from = e.a.only()
	e.extra = e.extra[:0]
	e.through()
	for _, write := range e.x.plan(r).writes {
		write(e)
	}
	if !e.from.known() {
		return skipNobody
	}
	e.derive()
	e.call(act, pl)
	e.correct()
	return ""
}

// evidenceChunk is how many bytes of evidence are allocated at once, and held
// as long as any of them is: no longer than a batch.
const evidenceChunk = 16 << 10

// evidence is evidenceOf, in memory that many records share.
func (e *emitter) evidence(r *Record) string {
	if r.EventID == "" {
		return evidenceOf(r)
	}
	account := evidenceAccount(r)
	n := len(r.EventID) + 1 + len(account)
	if cap(e.chunk)-len(e.chunk) < n {
		e.chunk = make([]byte, 0, max(n, evidenceChunk))
	}
	at := len(e.chunk)
	e.chunk = append(append(append(e.chunk, r.EventID...), '@'), account...)
	return jsonlog.Share(e.chunk[at:])
}

// actorOf is the actor of a record, remembered with its identity.
func (e *emitter) actorOf(r *Record) *actor {
	if r.EventCategory == categoryActivity {
		return partner(r)
	}
	known := r.Identity.known
	if known != nil && known.actor != nil {
		return known.actor
	}
	a := newActor(r)
	if known != nil && a.portable {
		known.actor = a
	}
	return a
}

func (e *emitter) programOf(ua string) *program {
	if e.lastProgram != nil && ua == e.lastProgram.text {
		return e.lastProgram
	}
	p, ok := e.programs[ua]
	if !ok {
		p = programOf(strings.Clone(ua))
		if p.client != "" {
			p.node = node{id: graph.ID("client:" + p.client), kind: graph.Client, typ: "client"}
		}
		if len(e.programs) >= maxPrograms {
			clear(e.programs)
		}
		e.programs[p.text] = p
	}
	e.lastProgram = p
	return p
}

// ref is the node's ref in the builder at hand.
func (e *emitter) ref(n *node) graph.NodeRef {
	n.ref = e.b.Node(n.id, n.kind, n.typ)
	return n.ref
}

// issued writes that this call issued something, with what it came through.
func (e *emitter) issued(from, to *node, join graph.Join) {
	e.issue(graph.EventKey{Agent: e.agent, Client: e.client, Service: e.service}, from, to, join, e.t)
}

// inferred writes an issue that the record does not make but only shows.
func (e *emitter) inferred(from, to *node, join graph.Join, at graph.Time) {
	e.issue(graph.EventKey{}, from, to, join, at)
}

func (e *emitter) issue(k graph.EventKey, from, to *node, join graph.Join, at graph.Time) {
	if from.known() && to.known() && from.id != to.id {
		k.From, k.To, k.Kind = e.ref(from), e.ref(to), graph.Issued
		e.event(k, graph.Label{Join: join}, at)
	}
}

// through finds what the call came through.
func (e *emitter) through() {
	e.agent, e.client, e.service = e.drives(), 0, 0
	if e.p.node.known() {
		if e.p.epoch != e.epoch {
			e.p.epoch = e.epoch
			e.ref(&e.p.node)
		}
		e.client = e.p.node.ref
	} else if e.r.FromConsole && e.r.UserAgent == "AWS Internal" {
		e.client = e.b.Node("client:console", graph.Client, "client")
	}
	if via := e.via(); via.known() {
		e.service = e.ref(via)
	}
}

// call writes the CALLED edges.
func (e *emitter) call(act string, pl graph.Plane) {
	from := e.from.ref
	if e.from != e.a.only() { // else assert has just found it
		from = e.ref(e.from)
	}
	e.network(from)
	k := graph.EventKey{From: from, Agent: e.agent, Client: e.client, Service: e.service, Kind: graph.Called, Outcome: e.outcome}
	things := e.reached(act)
	for i := range e.targets {
		t := &e.targets[i]
		l := graph.Label{Action: act, Match: t.Match, Role: t.Role, Plane: pl}
		if t.Role == graph.Primary {
			l.Effect = e.effect
		}
		k.To, k.Label = e.see(things[i]), e.label(l)
		e.observe(k, e.t)
	}
	for _, to := range e.extra {
		k.To = to
		e.event(k, graph.Label{Action: act, Match: graph.Derived, Role: graph.PolicyRole, Plane: pl}, e.t)
	}
	e.configured()
}

// label is the label's ref in the builder at hand, remembered by event.
func (e *emitter) label(l graph.Label) graph.LabelRef {
	p := e.x.plan(e.r)
	for i := range p.labels {
		if k := &p.labels[i]; k.Label == l {
			if k.epoch != e.epoch {
				k.ref, k.epoch = e.b.Label(l), e.epoch
			}
			return k.ref
		}
	}
	ref := e.b.Label(l)
	if l.Action == p.action { // a refusal may name any
		l.Action = p.action
		p.labels = append(p.labels, knownLabel{l, ref, e.epoch})
	}
	return ref
}

// reached finds the call's targets, with what is known of each.
func (e *emitter) reached(act string) []*thing {
	if known := e.reaches.find(e.x, e.r); known != nil {
		e.targets = known.targets
		return known.things
	}
	r := &e.reach
	r.targets, r.things = e.x.targets(e.r, act, r.targets[:0]), r.things[:0]
	for i := range r.targets {
		r.things = append(r.things, e.thingOf(r.targets[i].ID))
	}
	e.reaches.keep(e.x, e.r, r)
	e.targets = r.targets
	return r.things
}

// via is the AWS service that called for the caller, if any.
func (e *emitter) via() *node {
	switch {
	case e.a.via.known():
		return &e.a.via
	case e.a.identity.typ != typeService && isService(e.r.SourceIP):
		return e.serviceOf(e.r.SourceIP)
	}
	return &none
}

// none is no node.
var none node

// serviceOf is the node of an AWS service, by the name that a record gives.
func (e *emitter) serviceOf(name string) *node {
	if n, ok := e.services[name]; ok {
		return n
	}
	n := serviceNode(name)
	if len(e.services) >= maxServices {
		clear(e.services)
	}
	e.services[strings.Clone(name)] = &n
	return &n
}

// drives writes the agent behind the call, if something shows one.
func (e *emitter) drives() graph.NodeRef {
	tool, evidence := agentOf(e.r, e.a, e.p)
	if tool == "" {
		return 0
	}
	driven := e.a.driven()
	if !driven.known() {
		return 0
	}
	id := "agent:" + tool + ":" + string(driven.id)
	if e.p.terminal != "" {
		id += ":" + e.p.terminal
	}
	ref := e.b.Node(graph.ID(id), graph.Agent, "agent."+tool)
	e.b.Attr(ref, graph.AttrTool, tool, e.t)
	e.b.Attr(ref, graph.AttrEvidence, evidence, e.t)
	e.event(graph.EventKey{From: ref, To: e.ref(driven), Kind: graph.Drives}, graph.Label{Detail: evidence}, e.t)
	e.requests(ref)
	return ref
}

// correct says which record this one corrects.
func (e *emitter) correct() {
	if e.r.Addendum.Null() {
		return
	}
	original := e.r.Addendum.Get("originalEventID").Str()
	if original == "" || original == e.r.EventID { // only delivered late
		return
	}
	e.b.Supersede(original+"@"+firstOf(e.r.RecipientAccountID, e.r.Identity.AccountID, "-"), e.src)
}
