package pebble

import (
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// observations fills the edge with those that pass, between low and high
// milliseconds of its hour; false where none does.
func (r *reader) observations(edge *graph.Edge, b []byte, light bool, start graph.Time, low, high uint32) (bool, error) {
	v, err := parseBody(b, light)
	if err != nil {
		return false, err
	}
	first, last := v.first*v.unit, v.last*v.unit
	if last < low || first >= high {
		return false, nil
	}
	corrected := len(r.st.superseded.text) > 0
	if r.f.Detail == graph.Summary && low <= first && last < high && r.f.AsOf == 0 && !corrected && !v.repeats && len(r.want) == 0 {
		edge.Calls, edge.First, edge.Last = v.n, start+graph.Time(first), start+graph.Time(last)
		return true, nil
	}
	if r.f.Detail != graph.Summary {
		edge.Observations = make([]graph.Observation, 0, v.n)
	}
	r.calls = r.calls[:0]
	n := 0
	c := v.cursor()
	var s sight
	for c.next(&s) {
		if s.ms < low {
			continue
		}
		if s.ms >= high {
			break
		}
		if r.f.AsOf != 0 && s.seq > r.f.AsOf || corrected && r.hidden(&s, light) || len(r.want) > 0 && !r.evident(&s) {
			continue
		}
		at := start + graph.Time(s.ms)
		if n == 0 {
			edge.First = at
		}
		edge.Last = at
		n++
		if r.f.Detail == graph.Summary && !v.repeats {
			continue
		}
		o := graph.Observation{At: at}
		if r.f.Detail == graph.Evidence {
			r.text = appendEvidenceText(r.text[:0], s.ev, r.st.suffixes)
			o.Evidence, o.Source = string(r.text), graph.Ref{Seq: s.seq, Record: s.record}
			if len(s.call) > 0 {
				o.Call = callText(s.call)
			}
		}
		o.CallKey = r.callKey(&s, light)
		if v.repeats {
			r.calls = append(r.calls, o.CallKey)
		}
		if r.f.Detail != graph.Summary {
			edge.Observations = append(edge.Observations, o)
		}
	}
	if c.bad {
		return false, errCorrupt
	}
	edge.Calls = n
	if v.repeats {
		slices.Sort(r.calls)
		edge.Calls = len(slices.Compact(r.calls))
	}
	if r.f.Detail == graph.Evidence && !slices.IsSortedFunc(edge.Observations, graph.CompareObservation) {
		slices.SortFunc(edge.Observations, graph.CompareObservation) // packed order differs inside a millisecond
	}
	return n > 0, nil
}

func (r *reader) callKey(s *sight, light bool) uint64 {
	if len(s.call) > 0 {
		return graph.CallKeyOf(callText(s.call))
	}
	if light {
		return keyOf(s.ev)
	}
	r.text = appendEvidenceText(r.text[:0], s.ev, r.st.suffixes)
	return callKeyOf(r.text)
}

func (r *reader) hidden(s *sight, light bool) bool {
	if light {
		seq, ok := r.st.superseded.byKey[keyOf(s.ev)]
		return hides(seq, ok, r.f.AsOf)
	}
	seq, ok := r.st.superseded.by[string(s.ev)]
	return hides(seq, ok, r.f.AsOf)
}

// evident reports whether the sight, a whole one, has wanted evidence.
func (r *reader) evident(s *sight) bool {
	h := uint64(0)
	if s.ev[0]&3 == formUUID {
		h = hashUUID(s.ev[len(s.ev)-16:])
		if !slices.Contains(r.want, h) {
			return false
		}
	}
	r.text = appendEvidenceText(r.text[:0], s.ev, r.st.suffixes)
	ev := string(r.text)
	return slices.ContainsFunc(r.f.Evidence, func(w string) bool { return ev == w || strings.HasPrefix(ev, w) && ev[len(w)] == '@' })
}

// callKeyOf is graph.CallKeyOf without making a string.
func callKeyOf(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range text {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix64(h) & (1<<graph.CallKeyBits - 1)
}
