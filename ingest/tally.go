package ingest

import "github.com/blastradius/blastradius/graph"

// maxTally is how many evidences a run tells apart, 16 bytes each at worst:
// beyond it the report's counts of calls and duplicates are lower bounds, and
// say so.
const maxTally = 64 << 20

// tally counts distinct calls and repeated evidence. It keeps 8 bytes for each
// piece of evidence: the 48 bits of its key (graph.CallKeyOf) and 16 bits of
// what the record said, so two records with one evidence and different content
// are told from a repetition except for one in 65,536.
type tally struct {
	evidence keySet
	shared   keySet // calls that several records share
	calls    int
	differ   int // evidence seen again with other content
	max      int // evidences told apart
	full     bool
}

// sighting is one observation of a batch, as tally wants it.
type sighting struct {
	evidence uint64 // key<<16 | content
	shared   uint64 // the call's key, zero where the evidence is the call
	called   bool   // on a CALLED edge
}

// sightings lists the observations of a batch. The content of a record is its
// time, actor, action and outcome: what all its CALLED edges agree on.
func sightings(b *graph.Batch) []sighting {
	n := 0
	for i := range b.Events {
		n += len(b.Events[i].Observations)
	}
	// The parts of content that many edges share.
	actors, actions := make([]uint64, len(b.Nodes)+1), make([]uint64, len(b.Labels))
	actors[0] = mix(graph.CallKeyOf(""))
	for i := range b.Labels {
		actions[i] = graph.CallKeyOf(b.Labels[i].Action)
	}
	out := make([]sighting, 0, n)
	for i := range b.Events {
		row := &b.Events[i]
		called := row.Kind == graph.Called
		var content uint64
		if called {
			if actors[row.From] == 0 {
				actors[row.From] = mix(graph.CallKeyOf(string(b.Nodes[row.From-1].ID)))
			}
			content = actors[row.From] ^ actions[row.Label] + uint64(row.Outcome)
		}
		for j := range row.Observations {
			o := &row.Observations[j]
			s := sighting{called: called}
			key := o.CallKey
			if o.Call != "" {
				key, s.shared = graph.CallKeyOf(o.Evidence), o.CallKey
			}
			s.evidence = key << 16
			if called {
				s.evidence |= mix(content^uint64(o.At)) & 0xffff
			}
			out = append(out, s)
		}
	}
	return out
}

func mix(h uint64) uint64 { // MurmurHash3 fmix64
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (t *tally) add(all []sighting) {
	for _, s := range all {
		if !s.called {
			continue
		}
		if t.evidence.len()+t.shared.len() >= t.max {
			t.full = true
			return
		}
		newKey, newPair := t.evidence.add(s.evidence)
		if newPair && !newKey {
			t.differ++
		}
		switch {
		case s.shared != 0:
			// The call may be the very evidence of another record, as of the two
			// spans of one call.
			if newShared, _ := t.shared.add(s.shared << 16); newShared && !t.evidence.has(s.shared<<16) {
				t.calls++
			}
		case newKey && !t.shared.has(s.evidence):
			t.calls++
		}
	}
}

// distinct is how many records were told apart.
func (t *tally) distinct() int { return t.evidence.len() }

// keySet is a set of 64-bit values, of which the upper 48 bits are the key. It
// is 256 small tables with linear probing, so that growing one moves little.
type keySet struct {
	parts [256]keyPart
	n     int
}

type keyPart struct {
	slots []uint64 // zero is free; a power of two
	n     int
}

func (s *keySet) len() int { return s.n }

// add enters v and says whether its key, and whether the whole of it, is new.
func (s *keySet) add(v uint64) (newKey, newValue bool) {
	if v == 0 {
		v = 1 // zero marks a free slot
	}
	p := &s.parts[v>>56]
	if 4*p.n >= 3*len(p.slots) {
		p.grow()
	}
	mask := uint64(len(p.slots) - 1)
	newKey = true
	for i := v >> 16 & mask; ; i = (i + 1) & mask {
		switch x := p.slots[i]; {
		case x == 0:
			p.slots[i] = v
			p.n++
			s.n++
			return newKey, true
		case x == v:
			return false, false
		case x>>16 == v>>16:
			newKey = false
		}
	}
}

// has reports whether a value with the key of v was added.
func (s *keySet) has(v uint64) bool {
	p := &s.parts[v>>56]
	if len(p.slots) == 0 {
		return false
	}
	mask := uint64(len(p.slots) - 1)
	for i := v >> 16 & mask; p.slots[i] != 0; i = (i + 1) & mask {
		if p.slots[i]>>16 == v>>16 {
			return true
		}
	}
	return false
}

func (p *keyPart) grow() {
	old := p.slots
	p.slots = make([]uint64, max(16, 2*len(old)))
	mask := uint64(len(p.slots) - 1)
	for _, v := range old {
		if v == 0 {
			continue
		}
		i := v >> 16 & mask
		for p.slots[i] != 0 {
			i = (i + 1) & mask
		}
		p.slots[i] = v
	}
}
