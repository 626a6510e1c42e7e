package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// thing is what calls reach: its node, what it is part of, and the
// other id it goes by.
type thing struct {
	node
	alias  string
	parent *thing
	row    int // of PART_OF
	seen   sighting
	hour   graph.Hour
}

// thing writes a target with what its id says of it, and returns its ref.
func (e *emitter) thing(id graph.ID) graph.NodeRef {
	return e.see(e.thingOf(id))
}

func (e *emitter) thingOf(id graph.ID) *thing {
	if p, ok := e.things[id]; ok {
		return p
	}
	id = graph.ID(strings.Clone(string(id)))
	p := &thing{node: node{id: id}, alias: firstOf(string(aliasOf(id)), taskAlias(id))}
	p.kind, p.typ = kindType(id)
	if up, ok := parentOf(id); ok && up != id {
		p.parent = e.thingOf(up)
	}
	if len(e.things) >= maxThings {
		clear(e.things)
	}
	e.things[id] = p
	return p
}

func (e *emitter) see(p *thing) graph.NodeRef {
	if p.seen.covers(e.epoch, e.t, e.src) {
		return p.ref
	}
	fresh := p.seen.epoch != e.epoch
	if fresh {
		p.seen = sighting{e.epoch, e.t, e.t, e.src}
		e.ref(&p.node)
	} else {
		p.seen.extend(e.t, e.src)
	}
	if p.alias != "" && (fresh || p.hour != e.t.Hour()) {
		p.hour = e.t.Hour()
		e.b.Attr(p.ref, graph.AttrAlias, p.alias, p.hour.Start())
	}
	if p.parent != nil {
		up := e.see(p.parent)
		if fresh {
			p.row = e.standing(p.ref, up, graph.PartOf)
		} else {
			e.b.See(p.row, e.t, e.src)
		}
	}
	return p.ref
}

// taskAlias is the id of an ECS task by which its own session knows it; empty
// for anything else.
func taskAlias(id graph.ID) string {
	arn, ok := splitARN(string(id))
	if !ok || arn.Service != "ecs" || !strings.HasPrefix(arn.Resource, "task/") {
		return ""
	}
	return string(taskID(arn.Account, arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]))
}
