package otlp

import (
	"encoding/hex"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// evidenceOtel is what shows an AGENT here.
const evidenceOtel = "otel"

// agent is the run of an agent that the span shows, by the semantic conventions
// for generative AI; zero where it shows none. A run is one conversation, or,
// where the span names none, one trace, of one agent.
//
// Many spans of a run carry neither the agent's name nor the conversation. Each
// says what it knows: a span with a name, that what the trace did was done for
// that run; one without, that it did it for the trace.
func (e *emitter) agent() graph.NodeRef {
	a := &e.s.attrs
	operation, provider := a.get(genOperation), a.get(genProvider, genSystem)
	name := toolName(a.get(genAgentName, genAgentID))
	if operation == "" && provider == "" && name == "" && !a[genTool].set {
		return 0
	}
	conversation := e.s.clean(a.get(genConversation))
	var hexTrace [32]byte
	hex.Encode(hexTrace[:], e.s.trace)
	trace := string(hexTrace[:])
	tool := firstOf(name, toolName(provider))
	run := e.run(firstOf(tool, "trace"), firstOf(conversation, trace), firstOf(tool, "unnamed"))
	if whole := e.run("trace", trace, "unnamed"); whole != run {
		if name != "" {
			e.actsFor(whole, run)
		} else {
			e.actsFor(run, whole)
		}
	}
	if user := e.user(); user != 0 {
		e.actsFor(run, user)
	}
	e.b.Event(graph.EventKey{From: run, To: e.svc.ref, Kind: graph.Drives, Label: e.b.Label(graph.Label{Detail: evidenceOtel})},
		graph.Observation{At: e.t, Evidence: e.call(e.s.id), Source: e.src})
	return run
}

// run is an AGENT.
func (e *emitter) run(tool, of, name string) graph.NodeRef {
	ref := e.b.Node(graph.ID("agent:"+tool+":"+of), graph.Agent, "agent."+name)
	e.b.Attr(ref, graph.AttrTool, name, e.t)
	e.b.Attr(ref, graph.AttrEvidence, evidenceOtel, e.t)
	return ref
}

func (e *emitter) actsFor(from, to graph.NodeRef) {
	e.b.Standing(graph.StandingKey{From: from, To: to, Kind: graph.ActsFor, Label: e.plain}, e.t, e.src)
}

// tool writes a tool call: the service runs the tool for the agent.
func (e *emitter) tool(agent graph.NodeRef) {
	name := firstOf(e.s.clean(e.s.attrs.get(genTool)), "unnamed")
	ref := e.b.Node("otel:tool:"+e.svc.id[len("otel:service:"):]+":"+graph.ID(name), graph.Service, typeTool)
	e.b.Attr(ref, graph.AttrName, name, e.t)
	call := e.call(e.s.id)
	e.called(e.svc.ref, ref, agent, graph.Label{Action: "tool:" + name, Effect: graph.Use, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane}, e.s.outcome(other), call, call)
}

// model writes the call of a model.
func (e *emitter) model(agent graph.NodeRef) {
	a := &e.s.attrs
	name := e.s.clean(a.get(genModel))
	ref := e.b.Node(graph.ID("otel:model:"+e.s.clean(a.get(genProvider, genSystem))+"/"+name), graph.Service, typeModel)
	e.b.Attr(ref, graph.AttrName, name, e.t)
	call := e.call(e.s.id)
	e.called(e.svc.ref, ref, agent, graph.Label{Action: "gen_ai:" + firstOf(e.s.clean(a.get(genOperation)), "call"), Effect: graph.Use, Match: graph.Declared,
		Role: graph.Primary, Plane: graph.DataPlane}, e.s.outcome(overHTTP), call, call)
}

// toolName is an agent's name as part of an id: lower case, of letters, digits,
// dots, dashes and underscores, at most 40.
func toolName(s string) string {
	b := make([]byte, 0, min(len(s), 40))
	for i := 0; i < len(s) && len(b) < 40; i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			b = append(b, c)
		case c == ' ':
			b = append(b, '-')
		}
	}
	return strings.Trim(string(b), "-._")
}
