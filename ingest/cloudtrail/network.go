package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// origin is the address an actor was last seen at, with its network and the
// times written of it to the builder at hand.
type origin struct {
	ip, network string
	epoch       uint64
	from        graph.NodeRef
	first, last graph.Time
}

// network writes the network that the call came from to what made it.
func (e *emitter) network(from graph.NodeRef) {
	o := &e.a.origin
	if o.ip != e.r.SourceIP {
		*o = origin{ip: strings.Clone(e.r.SourceIP), network: ingest.NetworkOf(e.r.SourceIP)}
	}
	if o.network == "" || o.epoch == e.epoch && o.from == from && o.first <= e.t && e.t <= o.last {
		return
	}
	if o.epoch != e.epoch || o.from != from {
		o.epoch, o.from, o.first, o.last = e.epoch, from, e.t, e.t
	}
	o.first, o.last = min(o.first, e.t), max(o.last, e.t)
	e.b.Attr(from, graph.AttrNetwork, o.network, e.t)
}
