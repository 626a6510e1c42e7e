package github

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// skipNobody is why an event without an actor says nothing.
const skipNobody = "no actor"

// writer writes the edges of one event.
type writer struct {
	b   *graph.Builder
	e   *event
	src graph.Ref
	ev  string
}

// emit writes what an event shows, and returns why there is nothing to write.
func emit(b *graph.Builder, src graph.Ref, e *event) (skip string) {
	if e.actor == "" {
		return skipNobody
	}
	w := writer{b, e, src, e.evidence()}
	actor := w.actor()
	credential := w.token(actor)
	run := w.run(actor)
	from := actor
	switch {
	case credential != 0:
		from = credential
	case run != 0 && strings.HasSuffix(e.actor, "[bot]") && e.bot:
		from = run // the run's own job speaks
	}
	k := graph.EventKey{From: from, Kind: graph.Called, Agent: w.agent(from), Client: w.client(), Outcome: outcomeOf(e)}
	effect := effectOf(e)
	label := graph.Label{Action: "github:" + ingest.RedactText(e.action), Effect: effect, Match: graph.Declared, Role: graph.Primary, Plane: planeOf(e)}
	if k.To = w.target(run); k.To == from && e.repo != "" {
		k.To = w.repo() // a run speaks of its repository
	}
	if k.To == 0 || k.To == from {
		k.To = w.node("github:org:"+lower(first(e.org, e.business, "unknown")), graph.Account, "github.organization")
	}
	k.Label = b.Label(label)
	w.event(k)
	if label.Role, label.Effect = graph.Parent, 0; e.repo != "" {
		if repo := w.repo(); repo != k.To && repo != from {
			k.To, k.Label = repo, b.Label(label)
			w.event(k)
		}
	}
	w.subjects(run)
	return ""
}

// node is a node whose id is made of the log's words: secrets in them are removed.
func (w *writer) node(id string, kind graph.Kind, typ string) graph.NodeRef {
	return w.b.Node(graph.ID(ingest.RedactText(id)), kind, typ)
}

func (w *writer) event(k graph.EventKey) {
	w.b.Event(k, graph.Observation{At: w.e.at, Evidence: w.ev, Source: w.src})
}

func (w *writer) standing(from, to graph.NodeRef, kind graph.EdgeKind) {
	if from != 0 && to != 0 && from != to {
		w.b.Standing(graph.StandingKey{From: from, To: to, Kind: kind, Label: w.b.Label(graph.Label{})}, w.e.at, w.src)
	}
}

// actor is who acted.
func (w *writer) actor() graph.NodeRef {
	kind, typ := "user:", "github.user"
	if w.e.bot || strings.HasSuffix(w.e.actor, "[bot]") {
		kind, typ = "app:", "github.app"
	}
	ref := w.node("github:"+kind+w.e.actor, graph.Identity, typ)
	w.b.Attr(ref, graph.AttrName, ingest.RedactText(w.e.actor), w.e.at)
	w.b.Attr(ref, graph.AttrNetwork, ingest.NetworkOf(w.e.ip), w.e.at.Hour().Start())
	return ref
}

// token is what the actor authenticated with, by its hash.
func (w *writer) token(actor graph.NodeRef) graph.NodeRef {
	if w.e.token == "" {
		return 0
	}
	ref := w.b.Node(graph.ID("github:token:"+w.e.token), graph.Credential, "github.token")
	w.b.Attr(ref, "access", ingest.RedactText(w.e.access), w.e.at)
	w.standing(actor, ref, graph.Holds)
	return ref
}

// run is the workflow run that the event is about.
func (w *writer) run(actor graph.NodeRef) graph.NodeRef {
	if w.e.run == "" {
		return 0
	}
	ref := w.node("github:run:"+w.e.run, graph.Session, "github.workflowrun")
	if w.e.action == "workflows.created_workflow_run" {
		w.standing(ref, actor, graph.ActsFor)
	}
	if w.e.repo != "" {
		w.standing(ref, w.repo(), graph.PartOf)
	}
	return ref
}

func (w *writer) repo() graph.NodeRef {
	ref := w.node("github:repo:"+w.e.repo, graph.Resource, "github.repository")
	_, name, _ := strings.Cut(w.e.repo, "/")
	w.b.Attr(ref, graph.AttrName, ingest.RedactText(name), w.e.at)
	return ref
}

// target is what the event is about, the narrowest that it names.
func (w *writer) target(run graph.NodeRef) graph.NodeRef {
	e := w.e
	category, _, _ := strings.Cut(e.action, ".")
	switch {
	case category == "workflows" && run != 0:
		return run
	case strings.HasPrefix(category, "pull_request") && e.pull != "":
		ref := w.node("github:pull:"+e.repo+"#"+e.pull, graph.Resource, "github.pullrequest")
		if e.repo != "" {
			w.standing(ref, w.repo(), graph.PartOf)
		}
		return ref
	case category == "environment" && e.environment != "" && e.repo != "":
		ref := w.node("github:environment:"+e.repo+"/"+e.environment, graph.Resource, "github.environment")
		w.standing(ref, w.repo(), graph.PartOf)
		return ref
	case e.repo != "":
		return w.repo()
	case e.user != "" && e.user != e.actor:
		return w.node("github:user:"+e.user, graph.Identity, "github.user")
	}
	return 0
}

// evidenceActor is how the log shows an agent: GitHub says that the actor is one.
const evidenceActor = "actor_is_agent"

// agent writes the agent that GitHub says acted.
func (w *writer) agent(from graph.NodeRef) graph.NodeRef {
	if !w.e.isAgent {
		return 0
	}
	tool := lower(strings.TrimSuffix(w.e.actor, "[bot]"))
	work := first(w.e.run, w.e.pull, w.e.repo, w.e.org)
	ref := w.node("agent:"+tool+":github:"+work, graph.Agent, "agent."+tool)
	w.b.Attr(ref, graph.AttrTool, tool, w.e.at)
	w.b.Attr(ref, graph.AttrEvidence, evidenceActor, w.e.at)
	w.event(graph.EventKey{From: ref, To: from, Kind: graph.Drives, Label: w.b.Label(graph.Label{Detail: evidenceActor})})
	return ref
}

// client is the program of the user agent, without version.
func (w *writer) client() graph.NodeRef {
	word, _, _ := strings.Cut(w.e.agent, "/")
	word, _, _ = strings.Cut(word, " ")
	switch {
	case word == "":
		return 0
	case word == "Mozilla":
		word = "browser"
	case len(word) > 40:
		word = word[:40]
	}
	return w.node("client:"+lower(word), graph.Client, "client")
}

// issuer is GitHub as clouds know it, in the form of CloudTrail's source.
const issuer = "aws:webidentity:token.actions.githubusercontent.com:"

// subjects writes which OIDC subjects a prepared job could have been given.
// Source: GitHub's documentation, "OpenID Connect reference", subject claims.
func (w *writer) subjects(run graph.NodeRef) {
	e := w.e
	if run == 0 || e.repo == "" || e.action != "workflows.prepared_workflow_job" {
		return
	}
	var subjects []string
	if e.event == "pull_request" {
		subjects = append(subjects, "repo:"+e.repo+":pull_request")
	} else if e.branch != "" {
		subjects = append(subjects, "repo:"+e.repo+":ref:refs/heads/"+e.branch)
	}
	if e.environment != "" {
		subjects = append(subjects, "repo:"+e.repo+":environment:"+e.environment)
	}
	for _, s := range subjects {
		to := w.node(issuer+s, graph.Credential, "aws.webidentity")
		w.event(graph.EventKey{From: run, To: to, Kind: graph.Issued, Label: w.b.Label(graph.Label{Join: graph.SessionName})})
	}
}

func lower(s string) string { return strings.ToLower(s) }

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
