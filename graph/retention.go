package graph

import (
	"strings"
	"time"
)

// TemporaryGrace is how long before the floor a temporary credential must have
// ended for Prune to drop its standing facts: 36 hours, the longest that a
// temporary credential of any provider we read can live (AWS GetSessionToken
// and GetFederationToken).
const TemporaryGrace = 36 * time.Hour

// Temporary reports whether the node is a credential that expires by itself:
// a CREDENTIAL of a type that ends in ".temporary" (aws.key.temporary).
func (n *Node) Temporary() bool {
	return n.Kind == Credential && strings.HasSuffix(n.Type, ".temporary")
}

// LongEnded reports whether a credential with these marks, on all its standing
// facts together, has ended more than TemporaryGrace before the floor, with no
// mark of either kind later.
func LongEnded(marks []Mark, floor Time) bool {
	ended := false
	for _, m := range marks {
		if m.At >= floor.Add(-TemporaryGrace) {
			return false
		}
		ended = ended || m.Kind == Ended
	}
	return ended
}
