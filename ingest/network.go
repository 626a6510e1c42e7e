package ingest

import (
	"net/netip"
	"strings"
)

// NetworkOf is the network of an address, empty where the text is none: a
// service's name, or nothing. It is as coarse as the ranges that a site or a
// provider's gateway usually has, so that an actor's set stays small.
func NetworkOf(address string) string {
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
