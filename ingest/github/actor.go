package github

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// The node types.
const (
	typeUser     = "github.user"
	typeApp      = "github.app"
	typeOAuth    = "github.oauthapp"
	typeToken    = "github.token"     // of a person or machine, until it is revoked
	typeAppToken = "github.token.app" // of an app's installation, for an hour
	typeRun      = "github.workflowrun"
	typeKey      = "github.key"
)

// isApp reports whether the actor is an app or bot.
func (w *emitter) isApp() bool { return w.e.bot || strings.HasSuffix(w.e.actor, botSuffix) }

// botSuffix ends the logins of apps.
const botSuffix = "[bot]"

// actor is who acted.
func (w *emitter) actor() graph.NodeRef {
	if w.isApp() {
		return w.app(w.e.actor)
	}
	return w.user(w.e.actor)
}

func (w *emitter) user(login string) graph.NodeRef {
	ref := w.node("github:user:", "", login, graph.Identity, typeUser)
	w.attr(ref, graph.AttrName, login)
	return ref
}

// app is an app by its login, or by its name as events about apps have it: its
// slug, which GitHub makes of the name.
func (w *emitter) app(text string) graph.NodeRef {
	if text == "" {
		return 0
	}
	n := name{"github:app:", "", text}
	ref, ok := w.nodes[n]
	if !ok {
		ref = w.b.Node(graph.ID("github:app:"+ingest.RedactText(clean(slug(text)))), graph.Identity, typeApp)
		w.nodes[n] = ref
	}
	w.attr(ref, graph.AttrName, text)
	return ref
}

// slug is how GitHub makes an app's slug of its name.
func slug(s string) string {
	s = strings.ToLower(strings.TrimSuffix(s, botSuffix))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r < 0x80 && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}), "-")
}

// token is what the actor authenticated with: by its hash, else by its id. An
// app's token is one hour's; others are held until they are revoked.
func (w *emitter) token(actor graph.NodeRef) graph.NodeRef {
	e := w.e
	id := e.tokenID
	if id == "0" {
		id = ""
	}
	typ := typeToken
	if w.isApp() || shortLived(e.access) {
		typ = typeAppToken
	}
	var ref graph.NodeRef
	switch {
	case e.token != "":
		n := name{"github:token:", "", e.token}
		var ok bool
		if ref, ok = w.nodes[n]; !ok {
			ref = w.b.Node(graph.ID("github:token:"+clean(e.token)), graph.Credential, typ) // a hash is no secret
			w.nodes[n] = ref
		}
		if id != "" {
			w.attr(ref, graph.AttrAlias, "github:token-id:"+id)
		}
	case id != "":
		ref = w.node("github:token-id:", "", id, graph.Credential, typ)
	default:
		return 0
	}
	w.attr(ref, graph.AttrName, e.accessName)
	w.attr(ref, "access", e.access)
	if typ == typeAppToken {
		w.standing(ref, actor, graph.Of)
	} else {
		w.standing(actor, ref, graph.Holds)
	}
	return ref
}

// shortLived reports whether programmatic_access_type is a token that GitHub
// makes for an app, and that ends by itself. Source: GitHub's documentation,
// "Identifying audit log events performed by an access token".
func shortLived(access string) bool {
	for _, w := range []string{"server-to-server", "user-to-server", "github_app"} {
		if strings.Contains(strings.ToLower(access), w) {
			return true
		}
	}
	return false
}

// run is the workflow run that the event is about: the use of a token that
// GitHub gives it, for whoever or whatever set it going.
func (w *emitter) run(actor graph.NodeRef) graph.NodeRef {
	e := w.e
	ref := w.node("github:run:", "", e.run, graph.Session, typeRun)
	if ref == 0 {
		return 0
	}
	w.standing(ref, w.app("github-actions"), graph.Of)
	if e.action == "workflows.created_workflow_run" && !w.isApp() {
		w.standing(ref, actor, graph.ActsFor)
	}
	if e.action == "workflows.created_workflow_run" || e.action == "workflows.prepared_workflow_job" || e.action == "workflows.completed_workflow_run" {
		w.attr(ref, graph.AttrName, e.name)
	}
	if e.repo != "" {
		w.standing(ref, w.repo(), graph.PartOf)
	}
	return ref
}

// through is the app that a person acts through.
func (w *emitter) through(category string) graph.NodeRef {
	e := w.e
	switch {
	case w.isApp() || strings.HasPrefix(category, "oauth_"):
		return 0
	case e.oauth != "" && e.oauth != "0":
		return w.node("github:oauth-app:", "", e.oauth, graph.Identity, typeOAuth)
	case e.integration != "" && strings.Contains(strings.ToLower(e.access), "user-to-server"):
		return w.app(e.integration)
	}
	return 0
}

// How the log shows an agent.
const (
	evidenceActor = "actor_is_agent" // GitHub says that the actor is one
	evidenceToken = "ua_token"       // the program calls itself so
)

// tools are the agentic tools that call GitHub under their own name.
var tools = map[string]string{"claude-code": "claude-code", "claude-cli": "claude-code", "codex": "codex", "codex-cli": "codex", "gemini-cli": "gemini-cli",
	"cursor": "cursor", "goose": "goose", "github-mcp-server": "github-mcp-server", "copilot-coding-agent": "copilot", "copilot-cli": "copilot"}

// agent writes the agent that acted: where GitHub calls the actor one, one run
// of it a session, else pull request or run that it worked on; where only the
// program's name says so, one run of the tool for what it authenticated with.
// The user of an agent's event is who set it going. Source: GitHub's
// documentation, "Audit log events for agents".
func (w *emitter) agent(from graph.NodeRef) graph.NodeRef {
	e := w.e
	tool, evidence, work := "", evidenceActor, ""
	switch {
	case e.agent:
		tool = slug(e.actor)
		work = "github:" + first(e.session, e.run, w.pullName(), e.repo, e.org, e.business)
	case tools[program(e.program)] != "":
		tool, evidence = tools[program(e.program)], evidenceToken
		work = w.driven(from)
	}
	if tool == "" {
		return 0
	}
	ref := w.node("agent:", tool+":", work, graph.Agent, "agent."+tool)
	w.attr(ref, graph.AttrTool, tool)
	w.attr(ref, graph.AttrEvidence, evidence)
	w.event(graph.EventKey{From: ref, To: from, Kind: graph.Drives, Label: w.b.Label(graph.Label{Detail: evidence})})
	if e.agent && e.user != "" && e.user != e.actor {
		w.standing(ref, w.user(e.user), graph.ActsFor)
	}
	return ref
}

// driven is the id of what a program acted with.
func (w *emitter) driven(from graph.NodeRef) string {
	e := w.e
	switch {
	case e.token != "":
		return "github:token:" + e.token
	case e.run != "" && from == w.nodes[name{"github:run:", "", e.run}]:
		return "github:run:" + e.run
	case w.isApp():
		return "github:app:" + slug(e.actor)
	}
	return "github:user:" + e.actor
}

// client is the program of the user agent, without version.
func (w *emitter) client() graph.NodeRef {
	return w.node("client:", "", program(w.e.program), graph.Client, "client")
}

// program is the first word of a user agent as part of an id, without version.
func program(agent string) string {
	switch {
	case agent == "":
		return ""
	case strings.HasPrefix(agent, "Mozilla/"):
		return "browser"
	case strings.HasPrefix(agent, "GitHub CLI"):
		return "gh"
	}
	word, _, _ := strings.Cut(agent, "/")
	word, _, _ = strings.Cut(word, " ")
	word = strings.ToLower(word)
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_'
	}
	if strings.IndexFunc(word, func(r rune) bool { return !ok(r) }) >= 0 {
		word = strings.Map(func(r rune) rune {
			if ok(r) {
				return r
			}
			return -1
		}, word)
	}
	return word[:min(len(word), 40)]
}
