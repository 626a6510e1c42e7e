package github

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// emitter writes events as nodes and edges. It remembers what repeats as long as
// the builder stays the same: forgetting changes nothing but the speed.
type emitter struct {
	b      *graph.Builder
	nodes  map[name]graph.NodeRef
	seen   map[attrKey]bool
	labels map[labelKey]graph.LabelRef
	facts  map[graph.StandingKey]int // rows of standing facts
	plain  graph.LabelRef

	// The event at hand.
	e    *event
	src  graph.Ref
	ev   string
	from graph.NodeRef // the narrowest known actor
}

// name is what an id is made of: the words before, and the log's own.
type name struct{ prefix, scope, text string }

type attrKey struct {
	of          graph.NodeRef
	name, value string
	hour        graph.Hour
}

type labelKey struct {
	action, operation string
	role              graph.Role
	match             graph.Match
	effect            graph.Effect
}

// maxKnown bounds what is remembered.
const maxKnown = 65_536

// skipNobody is why an event without an actor says nothing.
const skipNobody = "no actor"

// begin makes b the builder at hand.
func (w *emitter) begin(b *graph.Builder) {
	if w.b == b && len(w.nodes)+len(w.seen)+len(w.labels)+len(w.facts) < maxKnown {
		return
	}
	w.b, w.nodes, w.seen = b, map[name]graph.NodeRef{}, map[attrKey]bool{}
	w.labels, w.facts = map[labelKey]graph.LabelRef{}, map[graph.StandingKey]int{}
	w.plain = b.Label(graph.Label{})
}

// end forgets what shares the memory of a file.
func (w *emitter) end() { w.b = nil }

// emit writes what an event shows, and returns why there is nothing to write.
func (w *emitter) emit(b *graph.Builder, src graph.Ref, e *event) (skip string) {
	if e.actor == "" {
		return skipNobody
	}
	w.begin(b)
	w.e, w.src, w.ev = e, src, e.evidence()
	category, verb := e.split()
	effect := effectOf(e.action, e.operation)
	if e.action == "pull_request_review.submit" && strings.EqualFold(e.review, "approved") {
		effect = graph.Grant
	}

	actor := w.actor()
	run := w.run(actor)
	w.from = actor
	if t := w.token(actor); t != 0 {
		w.from = t
	} else if run != 0 && w.isApp() {
		w.from = run // the run's own job speaks
	}
	if n := ingest.NetworkOf(e.ip); n != "" {
		w.attr(w.from, graph.AttrNetwork, n)
		w.attr(actor, graph.AttrNetwork, n)
	}
	k := graph.EventKey{From: w.from, Kind: graph.Called, Client: w.client(), Service: w.through(category), Outcome: outcomeOf(e)}
	k.Agent = w.agent(w.from)
	to := w.target(category, verb, run)
	if to == w.from || to == 0 {
		to = w.owner(w.from)
	}
	k.To, k.Label = to, w.label(effect, graph.Primary, graph.Declared)
	w.event(k)
	if e.user != "" && e.user != e.actor && member(category) {
		if k.To = w.user(e.user); k.To != to {
			k.Label = w.label(0, graph.Member, graph.Declared)
			w.event(k)
		}
	}
	if k.Outcome != graph.OK {
		return ""
	}
	w.approval(to, k.Agent)
	w.life(to)
	if e.action == "workflows.prepared_workflow_job" && run != 0 {
		w.secrets(run)
		w.subjects(run)
	}
	return ""
}

// node is a node whose id is made of the log's words: secrets in them are
// removed. An empty text is none.
func (w *emitter) node(prefix, scope, text string, kind graph.Kind, typ string) graph.NodeRef {
	if text == "" {
		return 0
	}
	n := name{prefix, scope, text}
	if ref, ok := w.nodes[n]; ok {
		return ref
	}
	ref := w.b.Node(graph.ID(prefix+ingest.RedactText(scope)+ingest.RedactText(clean(text))), kind, typ)
	w.nodes[n] = ref
	return ref
}

// maxText bounds a text that becomes part of an id, in bytes.
const maxText = 256

// clean is a text without control characters, of bounded length.
func clean(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if control(r) {
			return ' '
		}
		return r
	}, s)
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// attr writes an attribute, dated by the hour.
func (w *emitter) attr(of graph.NodeRef, name, value string) {
	k := attrKey{of, name, value, w.e.at.Hour()}
	if of == 0 || value == "" || w.seen[k] {
		return
	}
	w.seen[k] = true
	w.b.Attr(of, name, ingest.RedactText(clean(value)), k.hour.Start())
}

// label is a call's label.
func (w *emitter) label(effect graph.Effect, role graph.Role, match graph.Match) graph.LabelRef {
	k := labelKey{w.e.action, w.e.operation, role, match, effect}
	if ref, ok := w.labels[k]; ok {
		return ref
	}
	category, _ := w.e.split()
	ref := w.b.Label(graph.Label{Action: "github:" + ingest.RedactText(clean(w.e.action)), Effect: effect, Match: match, Role: role,
		Plane: planeOf(category, effectOf(w.e.action, w.e.operation))})
	w.labels[k] = ref
	return ref
}

func (w *emitter) event(k graph.EventKey) {
	if k.From != 0 && k.To != 0 && k.From != k.To {
		w.b.Event(k, graph.Observation{At: w.e.at, Evidence: w.ev, Source: w.src})
	}
}

// standing writes a sight of a standing fact, where both ends are known.
func (w *emitter) standing(from, to graph.NodeRef, kind graph.EdgeKind, marks ...graph.Mark) {
	if from == 0 || to == 0 || from == to {
		return
	}
	k := graph.StandingKey{From: from, To: to, Kind: kind, Label: w.plain}
	if row, ok := w.facts[k]; ok && len(marks) == 0 {
		w.b.See(row, w.e.at, w.src)
		return
	}
	w.facts[k] = w.b.Standing(k, w.e.at, w.src, marks...)
}

func (w *emitter) mark(kind graph.MarkKind) graph.Mark {
	return graph.Mark{Kind: kind, At: w.e.at, Evidence: w.ev, Source: w.src}
}

// approval writes who approved, or refused, and what. A review without its state
// says neither.
func (w *emitter) approval(on, agent graph.NodeRef) {
	gate, outcome := "", graph.OK
	switch w.e.action {
	case "pull_request_review.submit":
		switch strings.ToLower(w.e.review) {
		case "approved":
			gate = gateReview
		case "changes_requested":
			gate, outcome = gateReview, graph.Denied
		}
	case "pull_request_review.dismiss":
		gate, outcome = gateReview, graph.Denied
	case "workflows.approve_workflow_job":
		gate = gateJob
	case "workflows.reject_workflow_job":
		gate, outcome = gateJob, graph.Denied
	}
	if gate == "" {
		return
	}
	if gate == gateJob && w.e.environment != "" {
		gate = "environment " + ingest.RedactText(clean(w.e.environment))
	}
	w.event(graph.EventKey{From: w.actor(), To: on, Agent: agent, Kind: graph.Approved, Outcome: outcome, Label: w.b.Label(graph.Label{Detail: gate})})
}

// The gates of approvals, as an APPROVED edge names them.
const (
	gateReview = "review"
	gateJob    = "job"
)

// life bounds the lives of what is made and removed.
func (w *emitter) life(to graph.NodeRef) {
	switch w.e.action {
	case "repo.create", "org.create", "environment.create", "team.create", "hook.create":
		w.b.Attr(to, graph.AttrCreated, w.ev, w.e.at)
	case "repo.destroy", "org.delete", "environment.delete", "team.destroy", "hook.destroy":
		w.b.Attr(to, graph.AttrDeleted, w.ev, w.e.at)
	case "public_key.create", "deploy_key.create":
		if w.e.print != "" {
			w.event(graph.EventKey{From: w.from, To: to, Kind: graph.Issued, Label: w.b.Label(graph.Label{Join: graph.KeyJoin})})
			w.standing(w.actor(), to, graph.Holds, w.mark(graph.Began))
		}
	case "public_key.delete", "deploy_key.destroy", "deploy_key.delete":
		if w.e.print != "" {
			w.standing(w.actor(), to, graph.Holds, w.mark(graph.Ended))
		}
	}
}

// secrets writes which secrets a job was given. The log names them, not whether
// the repository, its environment or the organisation holds them.
func (w *emitter) secrets(run graph.NodeRef) {
	w.e.secrets.Items(func(v jsonlog.Value) bool {
		if key := v.Str(); key != "" && !strings.EqualFold(key, "GITHUB_TOKEN") {
			w.event(graph.EventKey{From: run, To: w.secret("secret", key), Kind: graph.Called, Outcome: graph.OK, Label: w.label(graph.SecretRead, graph.Primary, graph.Derived)})
		}
		return true
	})
}

// issuer is GitHub as clouds know it, in the form of CloudTrail's source.
const issuer = "aws:webidentity:token.actions.githubusercontent.com:"

// subjects writes which OIDC subjects a prepared job could have been given: of
// its environment where it has one; of its branch too, as an organisation may
// choose what a subject says. Source: GitHub's documentation, "OpenID Connect
// reference", subject claims.
func (w *emitter) subjects(run graph.NodeRef) {
	e := w.e
	if e.repo == "" {
		return
	}
	subject := func(claim, value string) {
		to := w.node(issuer+"repo:", e.repo, claim+value, graph.Credential, "aws.webidentity")
		w.event(graph.EventKey{From: run, To: to, Kind: graph.Issued, Label: w.b.Label(graph.Label{Join: graph.SessionName})})
	}
	switch {
	case e.runEvent == "pull_request" || e.runEvent == "pull_request_target":
		subject(":pull_request", "")
	case e.headBranch != "" && e.runEvent == "release":
		subject(":ref:refs/tags/", e.headBranch)
	case e.headBranch != "":
		subject(":ref:refs/heads/", e.headBranch)
	}
	if e.environment != "" {
		subject(":environment:", e.environment)
	}
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
