package graph

import (
	"cmp"
	"slices"
)

// Edge joins two nodes. Its identity is everything but Calls, First, Last,
// Source, Observations and Marks.
//
// An event edge (CALLED, ISSUED, DRIVES, APPROVED) owns the set of observations of one
// UTC hour. A standing edge (HOLDS, OF, …) has no hour, outcome, via or
// observations; it keeps when it was first and last seen and its marks.
type Edge struct {
	From, To ID
	Kind     EdgeKind
	Label    Label
	Outcome  Outcome
	Via      Via
	Hour     Hour

	// Calls counts distinct calls among the observations that the filter
	// let through; zero for standing edges.
	Calls int
	// First and Last are those of the observations that the filter let
	// through; of a standing edge, those of all records that showed it.
	First, Last Time
	// Source is the smallest of a standing edge.
	Source Ref
	// Observations are sorted by At, then Evidence, and are filled as far
	// as Filter.Detail asks.
	Observations []Observation
	// Marks are sorted, of a standing edge only.
	Marks []Mark
}

// Label is what an edge says beside its ends. Which fields are filled depends
// on the kind: of CALLED, the first five; of ISSUED, Join; of DRIVES, Detail
// is the agent evidence (ua_feature, mcp_event …); of TRUSTS, Detail is the
// statement's effect and hash; of GRANTED_BY, how: "member", "attached",
// "inline:<name>" or "version:<id>"; of APPROVED, Detail is the gate
// ("review", "environment production") or what DeclaredApproval gives.
type Label struct {
	Action string // IAM style: s3:PutObject
	Effect Effect
	Match  Match
	Role   Role
	Plane  Plane
	Join   Join
	Detail string
}

// Compare orders labels; equal labels give 0.
func (l Label) Compare(m Label) int {
	return cmp.Or(cmp.Compare(l.Action, m.Action), cmp.Compare(l.Effect, m.Effect), cmp.Compare(l.Match, m.Match),
		cmp.Compare(l.Role, m.Role), cmp.Compare(l.Plane, m.Plane), cmp.Compare(l.Join, m.Join), cmp.Compare(l.Detail, m.Detail))
}

// Via holds what a call came through: at most one agent, one client, and one
// service calling on behalf of the caller.
type Via struct{ Agent, Client, Service ID }

// Compare orders edges by identity; edges with the same identity give 0.
func (e *Edge) Compare(f *Edge) int {
	return cmp.Or(cmp.Compare(e.From, f.From), cmp.Compare(e.Kind, f.Kind), cmp.Compare(e.Hour, f.Hour),
		cmp.Compare(e.To, f.To), e.Label.Compare(f.Label), cmp.Compare(e.Outcome, f.Outcome),
		cmp.Compare(e.Via.Agent, f.Via.Agent), cmp.Compare(e.Via.Client, f.Via.Client), cmp.Compare(e.Via.Service, f.Via.Service))
}

// Ref is a place in the ledger: the number of a source and the position of a
// record in it, from zero. Smaller is earlier.
type Ref struct {
	Seq    uint64
	Record uint32
}

// Before reports whether r is smaller than s.
func (r Ref) Before(s Ref) bool { return r.Seq < s.Seq || r.Seq == s.Seq && r.Record < s.Record }

// Observation is one record's sight of an event edge. Two observations of an
// edge with the same Evidence are the same one; the smallest Source is kept.
type Observation struct {
	At Time
	// Evidence is what leads back to the record: the event id with the
	// receiving account ("<event id>@<account>"), or "sha256:<hex>" of the
	// record where the log has no id.
	Evidence string
	// Call is what makes two observations one call: the sharedEventID where
	// present ("shared:<id>"), else empty, meaning the Evidence.
	Call string
	// CallKey stands for the call in counting: observations of one call, on
	// any edge, have the same key. It is filled from Detail Times on.
	CallKey uint64
	Source  Ref
}

// CallID is Call, or Evidence where Call is empty.
func (o *Observation) CallID() string {
	if o.Call != "" {
		return o.Call
	}
	return o.Evidence
}

// CallKeyBits is how many bits of CallKey are used. Two different calls of one
// edge share a key with a chance of 2^-48, and only if they share the
// millisecond too.
const CallKeyBits = 48

// CallKeyOf is the key of a call id: the low 48 bits of its 64-bit FNV-1a hash
// after a final mix (constants: Fowler–Noll–Vo; MurmurHash3 fmix64).
func CallKeyOf(call string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(call); i++ {
		h = (h ^ uint64(call[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h & (1<<CallKeyBits - 1)
}

// CompareObservation orders by At, then Evidence.
func CompareObservation(a, b Observation) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Evidence, b.Evidence))
}

// MarkKind says what a mark means.
type MarkKind uint8

// The marks of a standing fact.
const (
	Began MarkKind = iota + 1
	Ended
)

// Mark is one piece of evidence for when a standing fact began or ended. Two
// marks with equal Kind, At and Evidence are the same one; the smallest Source
// is kept.
type Mark struct {
	Kind     MarkKind
	At       Time
	Evidence string
	Source   Ref
}

func compareMark(a, b Mark) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.At, b.At), cmp.Compare(a.Evidence, b.Evidence))
}

// MergeMarks is the union of two sorted sets of marks.
func MergeMarks(a, b []Mark) []Mark {
	for _, m := range b {
		i, found := slices.BinarySearchFunc(a, m, compareMark)
		switch {
		case !found:
			a = slices.Insert(a, i, m)
		case m.Source.Before(a[i].Source):
			a[i].Source = m.Source
		}
	}
	return a
}

// Valid is the interval over which a standing fact holds: from the latest
// Began at or before t (else the earliest, else First, with known = false: it
// may have begun earlier) to the first Ended after that, or open.
func (e *Edge) Valid(t Time) (w Window, known bool) {
	w.From = e.First
	for _, m := range e.Marks {
		if m.Kind == Began && (!known || m.At <= t) {
			w.From, known = m.At, true
		}
	}
	for _, m := range e.Marks {
		if m.Kind == Ended && m.At >= w.From && (w.To == 0 || m.At < w.To) {
			w.To = m.At
		}
	}
	return w, known
}

// Span is one interval over which a standing fact holds. Known says that a
// record shows its beginning; else it may have begun earlier.
type Span struct {
	Window
	Known bool
}

// Spans are the intervals over which a standing fact holds, in order: each from
// a Began to the first Ended at or after it, or open; and one of unknown
// beginning where an Ended comes before every Began, or there is no Began.
func (e *Edge) Spans() []Span {
	var begins, ends []Time
	for _, m := range e.Marks {
		if m.Kind == Began {
			begins = append(begins, m.At)
		} else {
			ends = append(ends, m.At)
		}
	}
	end := func(t Time) Time {
		for _, e := range ends {
			if e >= t {
				return e
			}
		}
		return 0
	}
	var out []Span
	if len(begins) == 0 || len(ends) > 0 && ends[0] < begins[0] {
		out = append(out, Span{Window{e.First, end(0)}, false})
	}
	for _, b := range begins {
		if n := len(out); n == 0 || out[n-1].To != 0 && b >= out[n-1].To {
			out = append(out, Span{Window{b, end(b)}, true})
		}
	}
	return out
}
