package ndjson

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// emitter writes records as nodes and edges. It remembers what texts name, as
// long as the builder stays the same: forgetting changes nothing but the speed.
type emitter struct {
	b      *graph.Builder
	known  map[known]graph.NodeRef
	labels map[label]graph.LabelRef
	plain  graph.LabelRef
}

type known struct {
	text string
	slot string
}

type label struct {
	action string
	effect graph.Effect
}

func newEmitter() *emitter { return &emitter{} }

// maxKnown bounds what is remembered.
const maxKnown = 65_536

// begin makes b the builder at hand.
func (e *emitter) begin(b *graph.Builder) {
	if e.b != b || len(e.known) > maxKnown || len(e.labels) > maxKnown {
		e.b, e.known, e.labels = b, map[known]graph.NodeRef{}, map[label]graph.LabelRef{}
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
	k := known{text, s.word}
	if ref, ok := e.known[k]; ok {
		return ref
	}
	id, kind, typ := name(text, s)
	ref := e.b.Node(id, kind, typ)
	e.known[k] = ref
	return ref
}

// emit writes what a record shows.
func (e *emitter) emit(b *graph.Builder, src graph.Ref, r *record) {
	e.begin(b)
	w := writer{e, r, src, r.evidence()}
	actor := e.node(r.actor, slotIdentity)
	credential, session := e.node(r.credential, slotCredential), e.node(r.session, slotSession)
	w.facts(actor, credential, session)
	from := first(credential, session, actor)
	driven := first(session, credential, actor)

	k := graph.EventKey{From: from, Kind: graph.Called, Outcome: r.outcome}
	k.Agent = w.agent(driven)
	if r.client != "" {
		k.Client = e.node(client(r.client), slot{"client", graph.Client})
	}
	if human := e.node(r.behalf, slotIdentity); human != 0 {
		w.standing(first(k.Agent, session, actor, credential), human, graph.ActsFor)
	}
	k.Label = e.label(label{r.action, r.effect})
	for _, text := range r.targets {
		k.To = e.node(text, slotResource)
		w.event(k)
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
	ref := e.b.Label(graph.Label{Action: l.action, Effect: l.effect, Match: graph.Declared, Role: graph.Primary, Plane: plane})
	e.labels[l] = ref
	return ref
}

// writer writes the edges of one record.
type writer struct {
	*emitter
	r   *record
	src graph.Ref
	ev  string
}

// facts writes whose credential and session they are.
func (w *writer) facts(actor, credential, session graph.NodeRef) {
	if session != 0 {
		w.standing(session, credential, graph.Holds)
		w.standing(session, actor, graph.Of)
	}
	if session == 0 && strings.HasPrefix(strings.TrimPrefix(w.r.credential, "aws:key:"), "AKIA") {
		w.standing(actor, credential, graph.Holds) // a long-lived key
		return
	}
	w.standing(credential, actor, graph.Of)
}

// standing writes a sight of a standing fact, where both ends are known.
func (w *writer) standing(from, to graph.NodeRef, kind graph.EdgeKind) {
	if from != 0 && to != 0 && from != to {
		w.b.Standing(graph.StandingKey{From: from, To: to, Kind: kind, Label: w.plain}, w.r.at, w.src)
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
	id, tool := w.r.agent, ""
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

// client is the id of a program, without its version.
func client(s string) string {
	s = strings.TrimPrefix(s, "client:")
	s, _, _ = strings.Cut(s, "/")
	return "client:" + word(s)
}

// word is a name as part of an id: lower case, without spaces.
func word(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") }
