package cloudtrail

import (
	"net/netip"
	"strings"

	"github.com/blastradius/blastradius/graph"
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
		*o = origin{ip: strings.Clone(e.r.SourceIP), network: networkOf(e.r.SourceIP)}
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

// networkOf is the network of an address, empty where the text is none: a
// service's name, or nothing. It is as coarse as the ranges that a site or a
// provider's gateway usually has, so that an actor's set stays small.
func networkOf(address string) string {
	if address == "" || address[0] > '9' && !strings.Contains(address, ":") {
		return ""
	}
	a, err := netip.ParseAddr(address)
	if err != nil || a.IsUnspecified() || a.IsLoopback() {
		return ""
	}
	bits := 48
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
