package pebble

import (
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// observations fills the edge with those that pass, between low and high
// milliseconds of its hour; false where none does.
func (r *reader) observations(edge *graph.Edge, v *blockView, e *edgeView, start graph.Time, low, high uint32) (bool, error) {
	first, last := v.times[e.first], v.times[e.last]
	if last < low || first >= high {
		return false, nil
	}
	corrected := len(r.st.superseded.text) > 0
	if r.f.Detail == graph.Summary && low <= first && last < high && r.f.AsOf == 0 && !corrected && !v.repeats && len(r.want) == 0 {
		edge.Calls, edge.First, edge.Last = e.n, start+graph.Time(first), start+graph.Time(last)
		return true, nil
	}
	if r.f.Detail != graph.Summary {
		edge.Observations = make([]graph.Observation, 0, e.n)
	}
	if r.f.Detail != graph.Summary || r.f.AsOf != 0 || corrected || v.repeats || len(r.want) > 0 {
		if err := v.details(); err != nil {
			return false, err
		}
	}
	r.calls = r.calls[:0]
	n := 0
	c := e.cursor()
	for i, ok := c.next(); ok; i, ok = c.next() {
		ms := v.times[i]
		if ms < low {
			continue
		}
		if ms >= high {
			break
		}
		if r.f.AsOf != 0 && v.seqs[i] > r.f.AsOf || corrected && r.hidden(v, i) || len(r.want) > 0 && !r.evident(v, i) {
			continue
		}
		at := start + graph.Time(ms)
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
			o.Evidence, o.Source = string(r.evidence(v, i)), graph.Ref{Seq: v.seqs[i], Record: v.records[i]}
			if call := v.call(i); len(call) > 0 {
				o.Call = callText(call)
			}
		}
		o.CallKey = r.callKey(v, i)
		if v.repeats {
			r.calls = append(r.calls, o.CallKey)
		}
		if r.f.Detail != graph.Summary {
			edge.Observations = append(edge.Observations, o)
		}
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

// evidence is the text of an event's evidence, until the next call.
func (r *reader) evidence(v *blockView, i int) []byte {
	r.packed = v.appendEvidence(r.packed[:0], i)
	r.text = appendEvidenceText(r.text[:0], r.packed, r.st.suffixes)
	return r.text
}

func (r *reader) callKey(v *blockView, i int) uint64 {
	if call := v.call(i); len(call) > 0 {
		return graph.CallKeyOf(callText(call))
	}
	if v.light {
		return v.key(i)
	}
	return callKeyOf(r.evidence(v, i))
}

func (r *reader) hidden(v *blockView, i int) bool {
	if v.light {
		seq, ok := r.st.superseded.byKey[v.key(i)]
		return hides(seq, ok, r.f.AsOf)
	}
	r.packed = v.appendEvidence(r.packed[:0], i)
	seq, ok := r.st.superseded.by[string(r.packed)]
	return hides(seq, ok, r.f.AsOf)
}

// evident reports whether an event, of a whole block, has wanted evidence.
func (r *reader) evident(v *blockView, i int) bool {
	if v.uniform && !slices.Contains(r.want, hashUUID(v.ids[16*i:16*i+16])) {
		return false
	}
	ev := r.evidence(v, i)
	if r.wanted[string(ev)] {
		return true
	}
	for n, c := range ev {
		if c == '@' && r.wanted[string(ev[:n])] {
			return true
		}
	}
	return false
}

// callKeyOf is graph.CallKeyOf without making a string.
func callKeyOf(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range text {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix64(h) & (1<<graph.CallKeyBits - 1)
}
