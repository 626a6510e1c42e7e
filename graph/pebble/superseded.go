package pebble

import (
	"maps"

	"github.com/blastradius/blastradius/graph"
)

// superseded knows which evidence was corrected, and from which source on.
type superseded struct {
	by    map[string]uint64 // packed evidence → smallest Seq
	byKey map[uint64]uint64 // its 48-bit hash → smallest Seq
	text  map[string]uint64 // as written, for marks
}

func newSuperseded() *superseded {
	return &superseded{map[string]uint64{}, map[uint64]uint64{}, map[string]uint64{}}
}

func (u *superseded) clone() *superseded {
	return &superseded{maps.Clone(u.by), maps.Clone(u.byKey), maps.Clone(u.text)}
}

func (u *superseded) add(ev string, seq uint64, pack func(string) []byte) {
	if old, ok := u.text[ev]; ok && old <= seq {
		return
	}
	u.text[ev], u.by[string(pack(ev))], u.byKey[graph.CallKeyOf(ev)] = seq, seq, seq
}

// hides reports whether a source's correction is seen as of asOf.
func hides(seq uint64, ok bool, asOf uint64) bool { return ok && (asOf == 0 || seq <= asOf) }
