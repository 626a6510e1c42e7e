package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// partner is the actor of an activity event that a partner put into CloudTrail
// Lake. Its userIdentity is the partner's own: a type, an id, and details that
// are not ours to judge.
func partner(r *Record) *actor {
	u := &r.Identity
	a := &actor{account: strings.Clone(accountOf(r)), partition: partitionOf(r.Region)}
	id := firstOf(u.PrincipalID, u.UserName, u.ARN)
	if id == "" || id == hidden {
		return a
	}
	typ := clean(firstOf(u.Type, "user"))
	a.identity = node{id: graph.ID("partner:" + typ + ":" + id), kind: graph.Identity, typ: "partner." + typ}
	a.attr(&a.identity, graph.AttrName, u.UserName)
	a.attr(&a.identity, "source", r.EventSource)
	return a
}
