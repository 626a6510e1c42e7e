package ingest

import (
	"context"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
)

// memory is the model, which is given copies: the strings of a batch are good
// only until Apply returns.
type memory struct{ *storetest.Model }

func newMemory() memory { return memory{storetest.NewModel()} }

func (m memory) Apply(ctx context.Context, b *graph.Batch) error {
	c := *b
	c.Sources = slices.Clone(b.Sources)
	for i := range c.Sources {
		s := &c.Sources[i]
		s.Name, s.Kind, s.Stream = strings.Clone(s.Name), strings.Clone(s.Kind), strings.Clone(s.Stream)
		s.Hash, s.Version, s.Note = strings.Clone(s.Hash), strings.Clone(s.Version), strings.Clone(s.Note)
	}
	c.Nodes = slices.Clone(b.Nodes)
	for i := range c.Nodes {
		c.Nodes[i].ID = graph.ID(strings.Clone(string(c.Nodes[i].ID)))
	}
	c.Labels = slices.Clone(b.Labels)
	for i := range c.Labels {
		c.Labels[i].Action = strings.Clone(c.Labels[i].Action)
	}
	c.Events = slices.Clone(b.Events)
	for i := range c.Events {
		c.Events[i].Observations = slices.Clone(c.Events[i].Observations)
		for j := range c.Events[i].Observations {
			o := &c.Events[i].Observations[j]
			o.Evidence, o.Call = strings.Clone(o.Evidence), strings.Clone(o.Call)
		}
	}
	return m.Model.Apply(ctx, &c)
}
