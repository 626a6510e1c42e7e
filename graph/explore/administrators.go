package explore

import (
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Administrators are the identities that a policy allows every action on every
// resource, of those that the newest inventory of their account lists.
// Permissions boundaries are shown; denials, SCPs and the conditions of
// statements are not weighed.
type Administrators struct {
	Share          Ratio           `json:"share"`
	Total          int             `json:"total"`
	Administrators []Administrator `json:"administrators"`
	Cursor         string          `json:"cursor"` // continues; empty at the end
}

// Administrator is one, with the policies that make it one.
type Administrator struct {
	Identity Node       `json:"identity"`
	How      []string   `json:"how"`
	Boundary string     `json:"boundary"` // ARN of the policy that bounds it; empty: none
	LastSeen graph.Time `json:"lastSeen"` // its last call; zero: none in the data
}

// AdministratorsDefinition says what the share of administrators is.
const AdministratorsDefinition = `IAM users and roles of class NHI with a statement that allows "*" on "*", in a policy attached to them or inline, directly or through a group, divided by all of class NHI that the newest inventories list; boundaries, denials, SCPs and conditions are not weighed; unknown are administrators of no known class`

// grant is a source of permissions: a group, a policy or a document.
type grant struct {
	to   graph.ID
	how  string     // the edge's label
	last graph.Time // seen
}

func (p *population) administrators(c cutter) *Administrators {
	out := &Administrators{Share: Ratio{Definition: AdministratorsDefinition}}
	rows := []Administrator{}
	p.inhabitants(func(x *resident, _, now, _ bool) {
		if !now || x.node.Type == typeRoot {
			return
		}
		nhi := x.verdict.class == NHI
		if nhi {
			out.Share.Denominator++
		}
		how := p.everything(x.node.ID, "")
		if len(how) == 0 {
			return
		}
		switch {
		case nhi:
			out.Share.Numerator++
		case x.verdict.class != Human:
			out.Share.Unknown++
		}
		row := x.show()
		a := Administrator{Identity: row.Identity, How: how, LastSeen: row.LastSeen}
		if b := x.node.Attrs.Value("permissionsBoundary"); b != "none" {
			a.Boundary = b
		}
		rows = append(rows, a)
	})
	out.Share.divide()
	out.Total = len(rows)
	out.Administrators, out.Cursor = cut(c, ListAdministrators, rows, func(a *Administrator) string { return string(a.Identity.ID) })
	return out
}

// everything says by which policies an identity or group is allowed everything.
func (p *population) everything(id graph.ID, through string) (out []string) {
	for _, g := range p.grants[id] {
		name, inline := strings.CutPrefix(g.how, "inline:")
		switch {
		case g.how == "member" && through == "":
			out = append(out, p.everything(g.to, "through group "+lastSegment(string(g.to))+": ")...)
		case g.how == "attached":
			if limit, ok := p.managed(g.to); ok {
				out = append(out, through+"attached "+string(g.to)+limit)
			}
		case inline && p.documents[g.to] != "":
			out = append(out, through+"inline policy "+name+underConditions(p.documents[g.to]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// managed reports whether the version of a managed policy that is in force
// allows everything. AWS's own AdministratorAccess does by definition.
func (p *population) managed(policy graph.ID) (limit string, ok bool) {
	for _, g := range p.grants[policy] {
		if how := p.documents[g.to]; how != "" && g.how == "version:"+p.inForce[policy] {
			return underConditions(how), true
		}
	}
	arn, _ := graph.ParseARN(string(policy))
	return "", arn.Account == "aws" && arn.Resource == "policy/AdministratorAccess"
}

func underConditions(how string) string {
	if how == "conditions" {
		return " (under conditions)"
	}
	return ""
}
