package ndjson

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// emitter writes records as nodes and edges. It remembers what texts name, as
// long as the builder stays the same: forgetting changes nothing but the speed.
type emitter struct {
	b      *graph.Builder
	known  [slots]map[string]graph.NodeRef // what texts name, by slot
	n      int                             // of these
	labels map[label]graph.LabelRef
	facts  map[parties][]int // rows of the standing facts between them
	plain  graph.LabelRef
	chunk  []byte // of evidence; what was written stays as it is
}

// parties are who takes part in a call, as far as standing facts join them.
type parties struct{ actor, credential, session, agent, human graph.NodeRef }

type label struct {
	action string
	effect graph.Effect
}

func newEmitter() *emitter { return &emitter{} }

// maxKnown bounds what is remembered.
const maxKnown = 65_536

// begin makes b the builder at hand.
func (e *emitter) begin(b *graph.Builder) {
	if e.b != b || e.n > maxKnown || len(e.labels)+len(e.facts) > maxKnown {
		e.b, e.n, e.labels, e.facts = b, 0, map[label]graph.LabelRef{}, map[parties][]int{}
		for i := range e.known {
			e.known[i] = map[string]graph.NodeRef{}
		}
		e.plain = b.Label(graph.Label{})
	}
}

// end forgets what shares the memory of a file.
func (e *emitter) end() { e.b = nil }

// node is the node that a text names in a slot; zero for an empty one.
func (e *emitter) node(text string, s slot) graph.NodeRef {
	if text == "" {
		return 0
	}
	if ref, ok := e.known[s][text]; ok {
		return ref
	}
	id, kind, typ := name(text, s)
	ref := e.b.Node(id, kind, typ)
	e.known[s][text] = ref
	e.n++
	return ref
}

// emit writes what a record shows.
func (e *emitter) emit(b *graph.Builder, src graph.Ref, r *record) {
	e.begin(b)
	w := writer{e, r, src, e.evidence(r), nil}
	p := parties{actor: e.node(r.actor, slotIdentity), credential: e.node(r.credential, slotCredential), session: e.node(r.session, slotSession), human: e.node(r.behalf, slotIdentity)}
	p.agent = w.agent(first(p.session, p.credential, p.actor))
	if rows, ok := e.facts[p]; ok {
		for _, row := range rows {
			b.See(row, r.at, src)
		}
	} else {
		w.stand(p)
		e.facts[p] = w.rows
	}
	k := graph.EventKey{From: first(p.credential, p.session, p.actor), Agent: p.agent, Client: e.client(r.client), Kind: graph.Called, Outcome: r.outcome}
	k.Label = e.label(label{r.action, r.effect})
	for _, text := range r.targets {
		k.To = e.node(text, slotResource)
		w.event(k)
		w.approved(k.To)
	}
}

// approved writes who approved what the call did to a target: it covers this call
// and no other.
func (w *writer) approved(target graph.NodeRef) {
	for i := range w.r.approvals {
		a := &w.r.approvals[i]
		by, at := w.node(a.by, slotIdentity), a.at
		if at == 0 {
			at = w.r.at
		}
		if by != target {
			w.b.Event(graph.EventKey{From: by, To: target, Kind: graph.Approved, Outcome: graph.OK, Label: w.b.Label(graph.Label{Detail: graph.DeclaredApproval(ingest.RedactText(a.reference))})},
				graph.Observation{At: at, Evidence: w.ev, Source: w.src})
		}
	}
}

func first(refs ...graph.NodeRef) graph.NodeRef {
	for _, r := range refs {
		if r != 0 {
			return r
		}
	}
	return 0
}

// label is a call's label. Every target takes the effect: a record names only
// what the call did it to.
func (e *emitter) label(l label) graph.LabelRef {
	if ref, ok := e.labels[l]; ok {
		return ref
	}
	plane := graph.DataPlane
	if l.effect == graph.Grant || l.effect == graph.Control {
		plane = graph.ControlPlane
	}
	ref := e.b.Label(graph.Label{Action: ingest.RedactText(l.action), Effect: l.effect, Match: graph.Declared, Role: graph.Primary, Plane: plane})
	e.labels[l] = ref
	return ref
}

// evidenceChunk is how many bytes of evidence are allocated at once, and held as
// long as any of them is: no longer than a batch.
const evidenceChunk = 16 << 10

// evidence is the record's, in memory that many records share.
func (e *emitter) evidence(r *record) string {
	if r.id == "" {
		return r.evidence()
	}
	if cap(e.chunk)-len(e.chunk) < len(r.id)+len(suffix) {
		e.chunk = make([]byte, 0, max(len(r.id)+len(suffix), evidenceChunk))
	}
	at := len(e.chunk)
	e.chunk = append(append(e.chunk, r.id...), suffix...)
	return jsonlog.Share(e.chunk[at:])
}

// writer writes the edges of one record.
type writer struct {
	*emitter
	r    *record
	src  graph.Ref
	ev   string
	rows []int // of standing facts
}

// stand writes whose credential and session they are, and who delegated.
func (w *writer) stand(p parties) {
	w.standing(first(p.agent, p.session, p.actor, p.credential), p.human, graph.ActsFor)
	if p.session != 0 {
		w.standing(p.session, p.credential, graph.Holds)
		w.standing(p.session, p.actor, graph.Of)
	}
	if p.session == 0 && strings.HasPrefix(strings.TrimPrefix(w.r.credential, "aws:key:"), "AKIA") {
		w.standing(p.actor, p.credential, graph.Holds) // a long-lived key
		return
	}
	w.standing(p.credential, p.actor, graph.Of)
}

// standing writes a sight of a standing fact, where both ends are known.
func (w *writer) standing(from, to graph.NodeRef, kind graph.EdgeKind) {
	if from != 0 && to != 0 && from != to {
		w.rows = append(w.rows, w.b.Standing(graph.StandingKey{From: from, To: to, Kind: kind, Label: w.plain}, w.r.at, w.src))
	}
}

func (w *writer) event(k graph.EventKey) {
	w.b.Event(k, graph.Observation{At: w.r.at, Evidence: w.ev, Source: w.src})
}

// evidenceDeclared is how the record shows an agent: its writer says so.
const evidenceDeclared = "declared"

// agent writes the agent behind the call. A tool's name becomes a run of that
// tool with what it drove; an agent: id is used as it is.
func (w *writer) agent(driven graph.NodeRef) graph.NodeRef {
	if w.r.agent == "" {
		return 0
	}
	id, tool := ingest.RedactText(w.r.agent), ""
	if rest, ok := strings.CutPrefix(id, "agent:"); ok {
		tool, _, _ = strings.Cut(rest, ":")
	} else {
		tool = word(id)
		driven, _, _ := name(firstText(w.r.session, w.r.credential, w.r.actor), w.drivenSlot())
		id = "agent:" + tool + ":" + string(driven)
	}
	ref := w.b.Node(graph.ID(id), graph.Agent, "agent."+tool)
	w.b.Attr(ref, graph.AttrTool, tool, w.r.at)
	w.b.Attr(ref, graph.AttrEvidence, evidenceDeclared, w.r.at)
	w.event(graph.EventKey{From: ref, To: driven, Kind: graph.Drives, Label: w.b.Label(graph.Label{Detail: evidenceDeclared})})
	return ref
}

func (w *writer) drivenSlot() slot {
	switch {
	case w.r.session != "":
		return slotSession
	case w.r.credential != "":
		return slotCredential
	}
	return slotIdentity
}

func firstText(s ...string) string {
	for _, s := range s {
		if s != "" {
			return s
		}
	}
	return ""
}

// client is the node of a program, without its version; zero for an empty one.
func (e *emitter) client(text string) graph.NodeRef {
	if text == "" {
		return 0
	}
	if ref, ok := e.known[slotClient][text]; ok {
		return ref
	}
	s, _, _ := strings.Cut(strings.TrimPrefix(ingest.RedactText(text), "client:"), "/")
	ref := e.b.Node(graph.ID("client:"+word(s)), graph.Client, "client")
	e.known[slotClient][text] = ref
	e.n++
	return ref
}

// word is a name as part of an id: lower case, without spaces.
func word(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") }
