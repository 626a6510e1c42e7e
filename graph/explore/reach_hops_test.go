package explore_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// tallied counts the reads of edges: on a server each is a query.
type tallied struct {
	graph.Store
	edges, nodes int
}

func (c *tallied) Edges(ctx context.Context, ids []graph.ID, dir graph.Direction, f graph.Filter) iter.Seq2[graph.Edge, error] {
	c.edges++
	return c.Store.Edges(ctx, ids, dir, f)
}

func (c *tallied) Nodes(ctx context.Context, s graph.Selector) iter.Seq2[graph.Node, error] {
	c.nodes++
	return c.Store.Nodes(ctx, s)
}

// A hop costs one read of edges in each direction and one of nodes, however many
// nodes it has.
func TestReachReadsPerHop(t *testing.T) {
	const hops, wide = 10, 40
	w := newWorld()
	key := func(hop, n int) string { return fmt.Sprintf("aws:key:ASIA%03d%09d", hop, n) }
	for hop := range hops {
		for n := range wide {
			w.issued(second(10*hop), key(hop, n), key(hop+1, (n*7+1)%wide), graph.KeyJoin)
			w.issued(second(10*hop), key(hop, 0), key(hop+1, n), graph.KeyJoin)
			w.call(deed{at: second(10*hop + 5), from: key(hop, n), action: "s3:PutBucketPolicy", effect: graph.Change, to: fmt.Sprintf("arn:aws:s3:::b%d", n)})
		}
	}
	s := &tallied{Store: w.store(t)}
	a, err := explore.New(s, explore.Options{}).Reach(context.Background(), explore.ReachQuery{From: []string{key(0, 0)}, Window: graph.Window{From: second(0), To: second(200)}})
	if err != nil {
		t.Fatal(err)
	}
	if a.Total.Nodes != hops*wide+wide || a.Total.Possible != 0 {
		t.Errorf("%+v", a.Total)
	}
	// The last keys are asked too, and resolving the seed looks for nodes.
	if s.edges > 2*(hops+1) || s.nodes > hops+5 {
		t.Errorf("%d reads of edges and %d of nodes for %d hops", s.edges, s.nodes, hops)
	}
}
