package pebble

import (
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// standingEdges yields the standing edges at the nodes, or all.
func (r *reader) standingEdges(all bool, nodes []*nodeEntry) error {
	tag := byte(tagStanding)
	if r.in {
		tag = tagStandingIn
	}
	if all {
		for ok := r.it.SeekGE([]byte{tag}); ok && r.it.Key()[0] == tag; ok = r.it.Next() {
			if err := r.standingEdge(); err != nil {
				return err
			}
		}
		if err := r.it.Error(); err != nil {
			return readError("read edges", err)
		}
		return nil
	}
	for _, n := range nodes {
		r.key = numberKey(r.key[:0], tag, n.number)
		for ok := r.it.SeekPrefixGE(r.key); ok; ok = r.it.Next() {
			if err := r.standingEdge(); err != nil {
				return err
			}
		}
		if err := r.it.Error(); err != nil {
			return readError("read edges", err)
		}
	}
	return nil
}

func (r *reader) standingEdge() error {
	if err := r.step(); err != nil {
		return err
	}
	node, kind, other, label := standingKey(r.it.Key())
	if r.kinds&(1<<kind) == 0 {
		return nil
	}
	v, err := r.it.ValueAndErr()
	if err != nil {
		return readError("read edges", err)
	}
	rec, err := parseStanding(v)
	if err != nil || int(label) >= len(r.st.labels) {
		return corrupt(r.it.Key(), errCorrupt)
	}
	if r.f.AsOf != 0 && rec.source.Seq > r.f.AsOf {
		return nil
	}
	e := graph.Edge{Kind: kind, Label: r.st.labels[label], First: rec.first, Last: rec.last, Source: rec.source, Marks: r.st.visible(rec.marks, r.f.AsOf)}
	if e.From, err = r.s.id(node); err != nil {
		return err
	}
	if e.To, err = r.s.id(other); err != nil {
		return err
	}
	if r.in {
		e.From, e.To = e.To, e.From
	}
	if !r.yield(e, nil) {
		return errStop
	}
	return nil
}

// visible are the marks seen as of asOf, with their evidence unpacked; it reuses
// the memory.
func (st *state) visible(marks []graph.Mark, asOf uint64) []graph.Mark {
	marks = slices.DeleteFunc(marks, func(m graph.Mark) bool {
		seq, ok := st.superseded.by[m.Evidence]
		return asOf != 0 && m.Source.Seq > asOf || hides(seq, ok, asOf)
	})
	for i := range marks {
		marks[i].Evidence = string(appendEvidenceText(nil, []byte(marks[i].Evidence), st.suffixes))
	}
	return graph.MergeMarks(marks[:0:0], marks)
}
