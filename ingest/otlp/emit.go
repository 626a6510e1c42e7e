package otlp

import (
	"encoding/hex"
	"unsafe"

	"github.com/blastradius/blastradius/graph"
)

// emitter turns spans into nodes and edges. It remembers, as long as the builder
// stays the same, refs; forgetting changes nothing but the speed.
type emitter struct {
	epoch uint64 // of the builder at hand
	b     *graph.Builder
	plain graph.LabelRef // of standing facts
	chunk []byte         // of evidence; what was written stays as it is
	texts map[string]string

	// The span at hand.
	s   *span
	t   graph.Time
	src graph.Ref
	svc *service
}

func newEmitter() *emitter { return &emitter{texts: map[string]string{}} }

// skipInternal is the reason for which a span carries nothing but its service.
const skipInternal = "internal span"

// emit writes a span to b. It returns why there is no call to write, empty where
// there is one.
func (e *emitter) emit(b *graph.Builder, src graph.Ref, s *span) (skip string) {
	if b != e.b {
		e.b = b
		e.epoch++
		e.plain = b.Label(graph.Label{})
	}
	e.s, e.t, e.src = s, s.at(), src
	s.texts = e.texts
	e.svc = s.resource.service()
	e.service()
	agent := e.agent()
	p := s.protocol()
	kind := s.kind
	if kind <= 1 && s.attrs.get(peerService, peerServiceNew) != "" {
		kind = kindClient // instrumentation that does not say the kind
	}
	switch {
	case s.attrs[genTool].set || s.attrs.get(genOperation) == "execute_tool":
		e.tool(agent)
	case kind == kindClient && agent != 0 && s.attrs.get(genModel) != "":
		e.model(agent)
	case p == toMessaging && kind >= kindServer && kind <= kindConsumer && s.destination().id != "":
		e.client(p, s.destination(), agent)
	case kind == kindClient || kind == kindProducer:
		e.client(p, e.peer(p), agent)
	case kind == kindServer || kind == kindConsumer: // a consumer of no named queue is as good as called by the producer
		e.server(p, agent)
	case agent != 0: // the run itself
	default:
		return skipInternal
	}
	return ""
}

// service writes the span's service and what it runs in.
func (e *emitter) service() {
	v := e.svc
	if v.epoch != e.epoch {
		*v = service{ns: v.ns, name: v.name, id: v.id, host: v.host, hostType: v.hostType, account: v.account, attrs: v.attrs, epoch: e.epoch}
		v.ref = e.b.Node(v.id, graph.Service, typeService)
	}
	// Attributes and standing facts are a matter of first and last sight: only a
	// span that widens these adds anything.
	if v.written != 0 && e.t >= v.first && e.t <= v.last {
		if v.partsSeen {
			e.b.See(v.parts, e.t, e.src)
		}
		if v.runsSeen {
			e.b.See(v.runs, e.t, e.src)
		}
		return
	}
	if v.written == 0 {
		v.first, v.last = e.t, e.t
	}
	v.first, v.last, v.written = min(v.first, e.t), max(v.last, e.t), e.t
	for _, a := range v.attrs {
		e.b.Attr(v.ref, a.name, a.value, e.t)
	}
	if v.host != "" {
		v.hostRef = e.b.Node(v.host, graph.Service, v.hostType)
		v.parts, v.partsSeen = e.b.Standing(graph.StandingKey{From: v.hostRef, To: v.ref, Kind: graph.PartOf, Label: e.plain}, e.t, e.src), true
	}
	if v.account != "" {
		sa := e.b.Node(v.account, graph.Identity, typeAccount)
		v.runs, v.runsSeen = e.b.Standing(graph.StandingKey{From: v.ref, To: sa, Kind: graph.RunsAs, Label: e.plain}, e.t, e.src), true
	}
}

// peer is what the span calls, as far as it says.
func (e *emitter) peer(p protocol) peer {
	switch p {
	case toDatabase:
		return e.s.database(e.svc)
	case toAWS:
		return e.s.aws(e.s.resource)
	}
	return e.s.callee(e.svc)
}

// client writes the caller's half of a call.
func (e *emitter) client(p protocol, to peer, agent graph.NodeRef) {
	action, effect := e.s.action(p)
	ref := graph.NodeRef(0)
	match := graph.Derived
	if to.id == "" {
		if e.svc.callee == 0 {
			e.svc.callee = e.b.Node(calleeID(e.svc), graph.Service, typeCallee)
		}
		ref = e.svc.callee
	} else {
		ref = e.b.Node(to.id, to.kind, to.typ)
		e.b.Attr(ref, graph.AttrName, to.name, e.t)
	}
	call := e.call(e.s.id)
	e.called(e.svc.ref, ref, agent, graph.Label{Action: action, Effect: effect, Match: match, Role: graph.Primary, Plane: graph.DataPlane}, e.s.outcome(p), call, call)
	if p == toAWS {
		e.requests()
	}
}

// server writes the callee's half. Where the span has no parent, nobody else
// tells of the call: who made it is the user that the span names, if any.
func (e *emitter) server(p protocol, agent graph.NodeRef) {
	action, effect := e.s.action(p)
	var from graph.NodeRef
	caller := e.s.parent
	if !e.s.child() {
		caller = e.s.id
		from = e.user()
	}
	if from == 0 {
		if e.svc.caller == 0 {
			e.svc.caller = e.b.Node(callerID(e.svc), graph.Service, typeCaller)
		}
		from = e.svc.caller
	}
	evidence := e.evidence(caller, e.s.id)
	e.called(from, e.svc.ref, agent, graph.Label{Action: action, Effect: effect, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane}, e.s.outcome(p),
		evidence, evidence[:callLen])
}

func (e *emitter) called(from, to, agent graph.NodeRef, l graph.Label, o graph.Outcome, evidence, call string) {
	if call == evidence {
		call = ""
	}
	e.b.Event(graph.EventKey{From: from, To: to, Agent: agent, Kind: graph.Called, Outcome: o, Label: e.b.Label(l)},
		graph.Observation{At: e.t, Evidence: evidence, Call: call, Source: e.src})
}

// callLen is the length of a call's id: trace id, hyphen, span id, in hex.
const callLen = 32 + 1 + 16

// call is the id of the call that a caller's span is, and the span's evidence:
// trace-span.
func (e *emitter) call(id []byte) string {
	b := e.room(callLen)
	b = appendCall(b, e.s.trace, id)
	return e.keep(b)
}

// evidence is that of a callee's span: the call, and behind an @ the span.
func (e *emitter) evidence(caller, id []byte) string {
	b := e.room(callLen + 1 + 16)
	b = append(appendCall(b, e.s.trace, caller), '@')
	b = hex.AppendEncode(b, id)
	return e.keep(b)
}

func appendCall(b, trace, id []byte) []byte {
	return hex.AppendEncode(append(hex.AppendEncode(b, trace), '-'), id)
}

// room is memory of a chunk for n bytes.
func (e *emitter) room(n int) []byte {
	if cap(e.chunk)-len(e.chunk) < n {
		e.chunk = make([]byte, 0, 1<<16)
	}
	return e.chunk[len(e.chunk):]
}

func (e *emitter) keep(b []byte) string {
	e.chunk = e.chunk[:len(e.chunk)+len(b)]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func calleeID(v *service) graph.ID { return "otel:callee:" + v.id[len("otel:service:"):] }
func callerID(v *service) graph.ID { return "otel:caller:" + v.id[len("otel:service:"):] }

// user is the user that the span names.
func (e *emitter) user() graph.NodeRef {
	id := e.s.clean(e.s.attrs.get(enduserID, userID))
	if id == "" {
		return 0
	}
	ref := e.b.Node(graph.ID("otel:user:"+id), graph.Identity, typeUser)
	e.b.Attr(ref, graph.AttrName, id, e.t)
	return ref
}
