package k8saudit

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// value is the text of one JSON value.
type value = jsonlog.Value

// What is remembered is bounded; past the bound everything is forgotten and
// worked out again, which changes nothing but the speed.
const (
	maxActors   = 16_384
	maxThings   = 65_536
	maxPrograms = 4_096
	maxLabels   = 4_096
)

// emitter turns events into nodes and edges. Each event writes only what it
// alone knows, to ids that other events and other sources share, so that no order
// shows.
type emitter struct {
	actors   map[string]*actor
	things   map[objectKey]*thing
	programs map[string]*program
	labels   map[labelKey]*knownLabel

	epoch uint64 // of the builder at hand
	b     *graph.Builder
	plain graph.LabelRef // of standing facts without a label

	// The event at hand.
	e       *event
	src     graph.Ref
	ev      string
	outcome graph.Outcome
	effect  graph.Effect
	a       *actor
	key     graph.EventKey // from, and what it came through

	scratch []byte
	streams [2]string // cluster and stream last made
}

type objectKey struct {
	cluster string
	ref     objectRef
}

func newEmitter() *emitter {
	return &emitter{actors: map[string]*actor{}, things: map[objectKey]*thing{}, programs: map[string]*program{}, labels: map[labelKey]*knownLabel{}}
}

// The reasons for which an event carries nothing for the graph.
const skipNobody = "no user"

// emit writes an event to b. It returns why there is nothing to write, empty
// where there is.
func (w *emitter) emit(b *graph.Builder, src graph.Ref, e *event) (skip string) {
	if e.skip != "" {
		return e.skip
	}
	if b != w.b {
		w.b = b
		w.epoch++
		w.plain = b.Label(graph.Label{})
	}
	w.e, w.src = e, src
	if w.a = w.actorOf(e); !w.a.identity.known() {
		return skipNobody
	}
	w.ev = e.evidence()
	w.outcome, w.effect = outcome(e), effect(e)
	w.assert(w.a)
	if w.a.real != nil {
		w.assert(w.a.real)
	}
	w.through()
	w.call()
	if w.outcome == graph.OK {
		w.shown()
	}
	return ""
}

// actorOf is the actor of an event, remembered by the text that it follows from.
func (w *emitter) actorOf(e *event) *actor {
	k := append(w.scratch[:0], e.cluster...)
	k = append(append(append(k, 0), e.user.raw...), 0)
	k = append(k, e.as.raw...)
	w.scratch = k
	if e.user.raw == nil {
		return newActor(e)
	}
	if a, ok := w.actors[string(k)]; ok {
		return a
	}
	a := newActor(e)
	if len(w.actors) >= maxActors {
		clear(w.actors)
	}
	w.actors[string(k)] = a
	return a
}

// sighting is what was asserted of a thing in the builder at hand: over which
// times, and from which event first.
type sighting struct {
	epoch       uint64
	first, last graph.Time
	src         graph.Ref
}

// covers reports whether a sight at t from src adds nothing.
func (s *sighting) covers(epoch uint64, t graph.Time, src graph.Ref) bool {
	return s.epoch == epoch && s.first <= t && t <= s.last && !src.Before(s.src)
}

func (s *sighting) extend(t graph.Time, src graph.Ref) {
	s.first, s.last = min(s.first, t), max(s.last, t)
	if src.Before(s.src) {
		s.src = src
	}
}

func (w *emitter) ref(n *node) graph.NodeRef {
	n.ref = n.In(w.b)
	return n.ref
}

// assert writes the actor's standing facts and attributes. Attributes are dated
// by the hour.
func (w *emitter) assert(a *actor) {
	t := w.e.at
	if a.seen.covers(w.epoch, t, w.src) && a.hour == t.Hour() {
		return
	}
	fresh := a.seen.epoch != w.epoch
	if fresh {
		a.seen = sighting{w.epoch, t, t, w.src}
		for _, n := range [...]*node{&a.identity, &a.credential, &a.session} {
			if n.known() {
				w.ref(n)
			}
		}
		for i := range a.facts {
			f := &a.facts[i]
			k := graph.StandingKey{From: w.ref(f.from), To: w.ref(f.to), Kind: f.kind, Label: w.plain}
			if f.label != (graph.Label{}) {
				k.Label = w.b.Label(f.label)
			}
			f.row = w.b.Standing(k, t, w.src)
		}
	} else {
		a.seen.extend(t, w.src)
		for i := range a.facts {
			w.b.See(a.facts[i].row, t, w.src)
		}
	}
	if fresh || a.hour != t.Hour() {
		a.hour = t.Hour()
		for _, x := range a.attrs {
			w.b.Attr(w.ref(x.of), x.name, x.value, a.hour.Start())
		}
	}
}

// through finds who called and what the call came through, and writes who
// impersonates, the agent behind the call, and its network.
func (w *emitter) through() {
	a, p := w.a, w.programOf(w.e.userAgent)
	w.key = graph.EventKey{From: a.from().ref}
	if p.client != "" {
		w.key.Client = w.b.Node(p.client, graph.Client, "client")
	}
	caller := a
	if a.real != nil {
		caller = a.real
	}
	if p.tool != "" {
		driven := &caller.session
		if !driven.known() {
			driven = caller.from()
		}
		w.key.Agent = w.b.Node(graph.ID("agent:"+p.tool+":"+string(driven.ID)), graph.Agent, "agent."+p.tool)
		w.b.Attr(w.key.Agent, graph.AttrTool, p.tool, w.e.at)
		w.b.Attr(w.key.Agent, graph.AttrEvidence, evidenceToken, w.e.at)
		w.event(graph.EventKey{From: w.key.Agent, To: driven.ref, Kind: graph.Drives}, graph.Label{Detail: evidenceToken})
	}
	if a.real != nil {
		k := w.key
		k.From, k.To, k.Kind = a.real.from().ref, a.session.ref, graph.Issued
		w.event(k, graph.Label{Join: graph.KeyJoin})
	}
	w.network(caller)
}

// network writes the network that the call came from to what made it.
func (w *emitter) network(a *actor) {
	o, hour := &a.origin, w.e.at.Hour()
	if o.ip != w.e.ip {
		*o = origin{ip: strings.Clone(w.e.ip), network: ingest.NetworkOf(w.e.ip)}
	}
	if o.network != "" && (o.epoch != w.epoch || o.hour != hour) {
		o.epoch, o.hour = w.epoch, hour
		w.b.Attr(a.from().ref, graph.AttrNetwork, o.network, hour.Start())
	}
}

// call writes the CALLED edge to what the request was about.
func (w *emitter) call() {
	l := w.label(graph.Primary, graph.Declared)
	w.called(w.target(), l)
}

func (w *emitter) called(to graph.NodeRef, l graph.LabelRef) {
	k := w.key
	k.To, k.Kind, k.Label, k.Outcome = to, graph.Called, l, w.outcome
	w.observe(k)
}

// target is the thing that the request was about: an object, all of a kind in a
// namespace where it names none, or the cluster.
func (w *emitter) target() graph.NodeRef {
	r := w.e.ref
	if r.resource == "" {
		return w.cluster()
	}
	if r.name == "" {
		r.name = w.made().Get("name").Str()
	}
	switch {
	case r.name == "" && w.e.verb == "create": // it was not told what it became
		if r.namespace == "" || r.resource == "namespaces" {
			return w.cluster()
		}
		return w.object("", "namespaces", "", r.namespace)
	case questions[r.resource]:
		return w.cluster()
	}
	return w.object(r.group, r.resource, r.namespace, r.name)
}

// made is the metadata of the object that the answer or the request shows.
func (w *emitter) made() value {
	if m := w.e.response.Get("metadata"); !m.Get("name").Null() {
		return m
	}
	return w.e.request.Get("metadata")
}

func (w *emitter) cluster() graph.NodeRef { return k8sid.Cluster(w.e.cluster).In(w.b) }

// event writes an observation of an event edge.
func (w *emitter) event(k graph.EventKey, l graph.Label) {
	k.Label = w.b.Label(l)
	w.observe(k)
}

func (w *emitter) observe(k graph.EventKey) {
	if k.From != 0 && k.To != 0 && k.From != k.To {
		w.b.Event(k, graph.Observation{At: w.e.at, Evidence: w.ev, Source: w.src})
	}
}

// standing writes a sight of a standing fact.
func (w *emitter) standing(from, to graph.NodeRef, kind graph.EdgeKind, marks ...graph.Mark) {
	if from != 0 && to != 0 && from != to {
		w.b.Standing(graph.StandingKey{From: from, To: to, Kind: kind, Label: w.plain}, w.e.at, w.src, marks...)
	}
}

// mark is a mark that rests on the event.
func (w *emitter) mark(kind graph.MarkKind, at graph.Time) graph.Mark {
	return graph.Mark{Kind: kind, At: at, Evidence: w.ev, Source: w.src}
}

// labelKey is what a call's label follows from.
type labelKey struct {
	verb, group, resource, subresource, path string

	effect graph.Effect
	role   graph.Role
	match  graph.Match
}

type knownLabel struct {
	label graph.Label
	ref   graph.LabelRef
	epoch uint64
}

// label is the label of a call on a target that plays that part. Only the
// primary one takes the effect.
func (w *emitter) label(role graph.Role, match graph.Match) graph.LabelRef {
	r := &w.e.ref
	k := labelKey{verb: w.e.verb, group: r.group, resource: r.resource, subresource: r.subresource, effect: w.effect, role: role, match: match}
	if r.resource == "" {
		k.path = path(w.e.uri)
	}
	l, ok := w.labels[k]
	if !ok {
		l = &knownLabel{label: graph.Label{Action: ingest.RedactText(strings.Clone(action(w.e))), Match: match, Role: role, Plane: plane(w.e)}}
		if role == graph.Primary {
			l.label.Effect = w.effect
		}
		if len(w.labels) >= maxLabels {
			clear(w.labels)
		}
		for _, s := range [...]*string{&k.verb, &k.group, &k.resource, &k.subresource, &k.path} {
			*s = strings.Clone(*s)
		}
		w.labels[k] = l
	}
	if l.epoch != w.epoch {
		l.ref, l.epoch = w.b.Label(l.label), w.epoch
	}
	return l.ref
}
