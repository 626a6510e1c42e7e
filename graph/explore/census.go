package explore

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// census gathers what shows identities to be people or not.
type census struct {
	console map[graph.ID]bool   // sessions
	types   map[graph.ID]string // of credentials
	human   map[graph.ID]bool   // identities
	machine map[graph.ID]bool
	// Of sessions and credentials.
	of                       map[graph.ID]graph.ID
	machineIssue, humanIssue map[graph.ID]bool
	trusted                  map[graph.ID]trusters // roles
}

// trusters are the kinds of principals that may assume a role.
type trusters struct{ services, pipelines, workforce, others bool }

func newCensus() *census {
	return &census{console: map[graph.ID]bool{}, types: map[graph.ID]string{}, human: map[graph.ID]bool{}, machine: map[graph.ID]bool{},
		of: map[graph.ID]graph.ID{}, machineIssue: map[graph.ID]bool{}, humanIssue: map[graph.ID]bool{}, trusted: map[graph.ID]trusters{}}
}

func (c *census) meet(n *graph.Node) {
	if n.Kind != graph.Session && n.Kind != graph.Credential {
		return
	}
	if n.Attrs.Value("console") == "true" {
		c.console[n.ID] = true
	}
	if n.Type == typeLongLived || n.Type == typePassword {
		c.types[n.ID] = n.Type
	}
}

// see looks at who holds, runs and issued what, and who may assume a role.
func (c *census) see(e *graph.Edge, p *population) {
	switch e.Kind {
	case graph.Holds:
		switch c.types[e.To] {
		case typePassword:
			c.human[p.home(e.From)] = true
		case typeLongLived:
			c.machine[p.home(e.From)] = true
		}
	case graph.Of:
		c.of[e.From] = e.To
		c.humanIssue[e.From] = c.humanIssue[e.From] || c.console[e.From]
	case graph.Runs:
		c.machineIssue[e.To] = true
	case graph.Issued:
		v := issuerClass(e.From)
		c.machineIssue[e.To] = c.machineIssue[e.To] || v == NHI
		c.humanIssue[e.To] = c.humanIssue[e.To] || v == Human
	case graph.Trusts:
		if strings.HasPrefix(e.Label.Detail, "Allow") && p.current(e, e.To) {
			role := p.home(e.To)
			t := c.trusted[role]
			switch {
			case hasPrefix(e.From, "aws:service:"):
				t.services = true
			case pipeline(e.From):
				t.pipelines = true
			case strings.Contains(string(e.From), ":saml-provider/"):
				t.workforce = true
			default:
				t.others = true
			}
			c.trusted[role] = t
		}
	}
}

// fold hands what is known of sessions and credentials on to identities.
func (c *census) fold(p *population) {
	for id, identity := range c.of {
		identity = p.home(identity)
		c.human[identity] = c.human[identity] || c.humanIssue[id]
		c.machine[identity] = c.machine[identity] || c.machineIssue[id]
	}
}

// issuerClass is what the id of an issuer alone says of what it issued.
func issuerClass(id graph.ID) Class {
	switch {
	case hasPrefix(id, "aws:service:"), hasPrefix(id, "aws:certificate:"), hasPrefix(id, "aws:webidentity:") && pipeline(id):
		return NHI
	case hasPrefix(id, "aws:saml:"), hasPrefix(id, "aws:identitycenter:"), hasPrefix(id, passwordPrefix):
		return Human
	}
	return Unknown
}

func (c *census) class(n *graph.Node, corrects map[graph.ID]Class) verdict {
	if cl, ok := corrects[n.ID]; ok {
		return verdict{cl, "corrected by hand"}
	}
	if v, ok := plainClass(n); ok {
		return v
	}
	switch {
	case c.human[n.ID]:
		return verdict{Human, "has a password, a console session or a workforce sign-in"}
	case c.machine[n.ID]:
		return verdict{NHI, "has only long-lived keys, or sessions of workloads and services"}
	}
	switch t := c.trusted[n.ID]; {
	case t.others, t.workforce && (t.services || t.pipelines):
	case t.workforce:
		return verdict{Human, "only a workforce sign-in may assume it"}
	case t.services || t.pipelines:
		return verdict{NHI, "only services, pipelines or workloads may assume it"}
	}
	return verdict{Unknown, "the data does not say"}
}
