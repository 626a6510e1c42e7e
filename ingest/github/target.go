package github

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// target is what the event is about, the narrowest that it names; zero where it
// names nothing.
func (w *emitter) target(category, verb string, run graph.NodeRef) graph.NodeRef {
	e := w.e
	if strings.HasSuffix(verb, "_secret") && e.key != "" {
		return w.secret("secret", e.key)
	}
	if strings.HasSuffix(verb, "_variable") && e.key != "" {
		return w.secret("variable", e.key)
	}
	switch category {
	case "workflows":
		if run != 0 && run != w.from {
			return run
		}
		if run == 0 && e.workflow != "" && e.repo != "" {
			return w.part("workflow", ":", e.workflow)
		}
	case "pull_request", "pull_request_review", "pull_request_review_comment":
		if e.repo != "" {
			if ref := w.pull(); ref != 0 {
				return ref
			}
		}
	case "environment":
		if n := first(e.environment, e.name); n != "" && e.repo != "" {
			return w.part("environment", "/", n)
		}
	case "protected_branch":
		if n := strings.TrimPrefix(first(e.branch, e.name), "refs/heads/"); n != "" && e.repo != "" {
			return w.part("branch", "@", n)
		}
	case "repository_ruleset":
		if e.ruleset != "" && e.repo != "" {
			return w.part("ruleset", ":", e.ruleset)
		}
	case "hook":
		if ref := w.node("github:hook:", "", e.hook, graph.Resource, "github.hook"); ref != 0 {
			w.standing(ref, w.owner(0), graph.PartOf)
			return ref
		}
	case "public_key", "deploy_key":
		if ref := w.node("github:key:", "", e.print, graph.Credential, typeKey); ref != 0 {
			return ref
		}
	case "team":
		if t := first(e.team, e.data.Get("team").Str()); t != "" {
			if !strings.Contains(t, "/") && e.org != "" {
				t = e.org + "/" + t
			}
			return w.node("github:team:", "", t, graph.Identity, "github.team")
		}
	case "integration_installation", "integration", "integration_installation_request":
		if n := first(e.integration, e.name); n != "" {
			return w.app(n)
		}
	case "oauth_application", "oauth_authorization", "oauth_access":
		if ref := w.node("github:oauth-app:", "", e.oauth, graph.Identity, typeOAuth); ref != 0 {
			return ref
		}
	case "org", "business", "organization_moderators", "organization_role", "user":
		if e.user != "" && e.user != e.actor {
			return w.user(e.user)
		}
	}
	if e.runner != "" && strings.Contains(verb, "runner") {
		return w.node("github:runner:", "", e.runner, graph.Service, "github.runner")
	}
	return w.owner(0)
}

// member reports whether the user of such an event is one of the things that it
// is about.
func member(category string) bool {
	return category == "team" || category == "repo" || category == "organization_role" || category == "org_credential_authorization" || category == "personal_access_token"
}

// owner is the repository, else the organisation, else the enterprise that the
// event happened in, other than not.
func (w *emitter) owner(not graph.NodeRef) graph.NodeRef {
	if ref := w.repo(); ref != 0 && ref != not {
		return ref
	}
	if ref := w.node("github:org:", "", strings.ToLower(w.e.org), graph.Account, "github.organization"); ref != 0 && ref != not {
		return ref
	}
	if ref := w.node("github:enterprise:", "", strings.ToLower(w.e.business), graph.Account, "github.enterprise"); ref != 0 && ref != not {
		return ref
	}
	if ref := w.user(w.e.user); ref != 0 && ref != not {
		return ref
	}
	return w.node("github:", "", "site", graph.Account, "github.site")
}

// repo is the event's repository; zero where it names none.
func (w *emitter) repo() graph.NodeRef {
	ref := w.node("github:repo:", "", w.e.repo, graph.Resource, "github.repository")
	if ref != 0 {
		_, name, _ := strings.Cut(w.e.repo, "/")
		w.attr(ref, graph.AttrName, name)
		if w.e.action == "repo.access" || w.e.action == "repo.create" {
			w.attr(ref, "visibility", w.e.visibility)
		}
	}
	return ref
}

// part is a part of the event's repository.
func (w *emitter) part(word, separator, text string) graph.NodeRef {
	ref := w.node("github:"+word+":", w.e.repo+separator, text, graph.Resource, "github."+word)
	w.standing(ref, w.repo(), graph.PartOf)
	return ref
}

// pull is the pull request: by its number where the address tells it, as people
// name it, else by its id, which then is another name for it.
func (w *emitter) pull() graph.NodeRef {
	e := w.e
	n := w.pullName()
	if n == "" {
		return 0
	}
	ref := w.node("github:pull:", "", n, graph.Resource, "github.pullrequest")
	if e.pull != "" && strings.Contains(n, "#") {
		w.attr(ref, graph.AttrAlias, "github:pull:"+e.repo+":"+e.pull)
	}
	w.standing(ref, w.repo(), graph.PartOf)
	return ref
}

// pullName is <org>/<repository>#<number>, or <org>/<repository>:<id>.
func (w *emitter) pullName() string {
	e := w.e
	if _, number, ok := strings.Cut(e.pullURL, "/pull/"); ok {
		if i := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			number = number[:i]
		}
		if number != "" {
			return e.repo + "#" + number
		}
	}
	if e.pull == "" {
		return ""
	}
	return e.repo + ":" + e.pull
}

// secret is a secret or variable by its name, under what holds it.
func (w *emitter) secret(word, key string) graph.NodeRef {
	e := w.e
	category, _ := e.split()
	scope := first(e.repo, e.org, e.business, e.user, e.actor)
	if category == "environment" && e.environment != "" {
		scope += "/" + e.environment
	}
	ref := w.node("github:"+word+":", scope+"/", key, graph.Resource, "github."+word)
	w.attr(ref, graph.AttrName, key)
	if e.repo != "" {
		w.standing(ref, w.repo(), graph.PartOf)
	}
	return ref
}
