package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func testFilter(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	apply(t, both, sampleFacts())
	check := func(t *testing.T, f graph.Filter) []graph.Edge {
		t.Helper()
		var got []graph.Edge
		for _, fr := range [][]graph.ID{nil, everyone} {
			for _, dir := range []graph.Direction{graph.Out, graph.In} {
				got = edges(t, s, fr, dir, f)
				equal(t, fmt.Sprintf("edges %+v", f), got, edges(t, m, fr, dir, f))
			}
		}
		return got
	}
	all := check(t, graph.Filter{})
	t.Run("kinds", func(t *testing.T) {
		n := 0
		for _, row := range graph.EdgeKinds {
			n += len(check(t, graph.Filter{Kinds: []graph.EdgeKind{row.Kind}}))
		}
		equal(t, "edges of all kinds, one by one", n, len(all))
		check(t, graph.Filter{Kinds: []graph.EdgeKind{graph.Called, graph.Of}})
	})
	t.Run("outcomes touch CALLED only", func(t *testing.T) {
		for _, e := range check(t, graph.Filter{Outcomes: []graph.Outcome{graph.Denied}}) {
			if e.Kind == graph.Called && e.Outcome != graph.Denied {
				t.Errorf("a call with outcome %v passed", e.Outcome)
			}
		}
		if got := check(t, graph.Filter{Outcomes: []graph.Outcome{graph.Throttled}}); !slices.ContainsFunc(got, func(e graph.Edge) bool { return e.Kind == graph.Issued }) {
			t.Error("an ISSUED edge did not pass a filter of outcomes")
		}
	})
	t.Run("effects touch CALLED only", func(t *testing.T) {
		got := check(t, graph.Filter{Effects: []graph.Effect{graph.Delete}})
		if !slices.ContainsFunc(got, func(e graph.Edge) bool { return e.Kind == graph.Called }) || !slices.ContainsFunc(got, func(e graph.Edge) bool { return e.Kind == graph.Holds }) {
			t.Errorf("want the deletion and all that is not CALLED, got %+v", got)
		}
	})
	t.Run("together", func(t *testing.T) {
		check(t, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Outcomes: []graph.Outcome{graph.OK, graph.Denied}, Effects: []graph.Effect{graph.Read},
			Window: graph.Window{From: t0, To: t0 + hour}, Detail: graph.Times})
	})
}

func testEvidence(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	apply(t, both, sampleFacts(), []fact{
		called("a", "r:x", t0, "id1@111122223333"), called("a", "r:y", t0+hour, "id1@444455556666"),
		called("a", "r:x", t0+minute, "id10@111122223333"), called("c", "r:x", t0+50*hour, "id1"),
	})
	for _, c := range []struct {
		name string
		ev   []string
		want int
	}{
		{"whole", []string{"id1@111122223333"}, 1},
		{"without its account", []string{"id1"}, 3},
		{"not a mere prefix", []string{"id"}, 0},
		{"two", []string{"id1@444455556666", "id10"}, 2},
		{"unknown", []string{"nothing"}, 0},
		{"one said twice", []string{"id10", "id10@111122223333"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, fr := range [][]graph.ID{nil, everyone} {
				for _, dir := range []graph.Direction{graph.Out, graph.In} {
					for _, d := range []graph.Detail{graph.Summary, graph.Times, graph.Evidence} {
						f := graph.Filter{Evidence: c.ev, Detail: d}
						got := edges(t, s, fr, dir, f)
						equal(t, "edges", got, edges(t, m, fr, dir, f))
						equal(t, "number of edges", len(got), c.want)
					}
				}
			}
			f := graph.Filter{Evidence: c.ev, Window: graph.Window{From: t0, To: t0 + minute}, AsOf: 2}
			equal(t, "in a window", edges(t, s, nil, graph.Out, f), edges(t, m, nil, graph.Out, f))
		})
	}
}

func testFrontier(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	apply(t, both, sampleFacts(), []fact{called("loop", "loop", t0, "l1")})
	for _, c := range []struct {
		name     string
		frontier []graph.ID
	}{
		{"nil is everyone", nil}, {"empty is no one", []graph.ID{}}, {"unknown", []graph.ID{"nobody"}},
		{"one", []graph.ID{"a"}}, {"target", []graph.ID{"r:x"}}, {"said twice", []graph.ID{"a", "a", "nobody", "r:x"}}, {"loop", []graph.ID{"loop"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, dir := range []graph.Direction{graph.Out, graph.In} {
				for _, d := range []graph.Detail{graph.Summary, graph.Evidence} {
					f := graph.Filter{Detail: d}
					equal(t, "edges", edges(t, s, c.frontier, dir, f), edges(t, m, c.frontier, dir, f))
				}
			}
		})
	}
	t.Run("in and out tell one story", func(t *testing.T) {
		f := graph.Filter{Detail: graph.Evidence}
		equal(t, "edges", edges(t, s, everyone, graph.In, f), edges(t, s, everyone, graph.Out, f))
		equal(t, "edges of a nil frontier", edges(t, s, nil, graph.In, f), edges(t, s, nil, graph.Out, f))
	})
	t.Run("an alias is not its node", func(t *testing.T) {
		equal(t, "edges", edges(t, s, []graph.ID{"also-x"}, graph.In, graph.Filter{}), []graph.Edge{})
	})
}

func testStanding(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	apply(t, both,
		[]fact{called("a", "r:x", t0, "e"), stands("s", "key:1", graph.Holds, t0+hour, graph.Began, t0, "b1")},
		[]fact{stands("s", "key:1", graph.Holds, t0, graph.Ended, t0+5*hour, "n1"), stands("s", "key:1", graph.Holds, t0+2*hour, graph.Ended, t0+4*hour, "n2")},
		[]fact{stands("s", "key:1", graph.Holds, t0+9*hour, graph.Began, t0, "b1"), stands("key:1", "role", graph.Of, t0, 0, 0, "")},
		[]fact{{Standing: &standingFact{From: "a", To: "role", Kind: graph.Trusts, Label: graph.Label{Detail: "h1"}, At: t0}}},
		[]fact{{Standing: &standingFact{From: "a", To: "role", Kind: graph.Trusts, Label: graph.Label{Detail: "h2"}, At: t0}}})
	same(t, "merged", s, m)
	e := one(t, edges(t, s, []graph.ID{"key:1"}, graph.In, graph.Filter{}))
	equal(t, "first and last", [2]graph.Time{e.First, e.Last}, [2]graph.Time{t0, t0 + 9*hour})
	equal(t, "source", e.Source, graph.Ref{Seq: 1, Record: 1})
	equal(t, "marks", len(e.Marks), 3)
	equal(t, "calls", e.Calls, 0)
	for seq := uint64(1); seq <= watermark(t, m); seq++ {
		for _, dir := range []graph.Direction{graph.Out, graph.In} {
			f := graph.Filter{AsOf: seq}
			equal(t, "as of", edges(t, s, everyone, dir, f), edges(t, m, everyone, dir, f))
		}
	}
	equal(t, "trusts by statement", len(edges(t, s, []graph.ID{"role"}, graph.In, graph.Filter{Kinds: []graph.EdgeKind{graph.Trusts}})), 2)
}

func attr(name, value string, at graph.Time) graph.Attr {
	return graph.Attr{Name: name, Value: value, First: at, Last: at}
}

func testNodes(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	node := func(id graph.ID, k graph.Kind, as ...graph.Attr) fact {
		return fact{Node: &graph.Node{ID: id, Kind: k, Type: "t", Attrs: as}}
	}
	apply(t, both,
		[]fact{node("n1", graph.Resource, attr(graph.AttrAlias, "also-n1", t0), attr(graph.AttrTool, "old", t0)), node("n2", graph.Identity), node("also-n1", graph.Identity)},
		[]fact{node("n1", graph.Resource, attr(graph.AttrAlias, "also-n1", t0+hour), attr(graph.AttrAlias, "n2", t0), attr(graph.AttrTool, "new", t0+hour)),
			node("n3", graph.Account), node("n", graph.Policy, attr(graph.AttrAlias, "x\x00y", t0)), node("N", graph.Policy, attr(graph.AttrAlias, "x", t0))},
		[]fact{node("n1", graph.Resource, attr(graph.AttrTool, "older", t0-hour))})
	for _, c := range []struct {
		name string
		sel  graph.Selector
		want []graph.ID
	}{
		{"all in order", graph.Selector{}, []graph.ID{"N", "also-n1", "n", "n1", "n2", "n3"}},
		{"by id", graph.Selector{IDs: []graph.ID{"n3", "nobody", "n3"}}, []graph.ID{"n3"}},
		{"by alias and id", graph.Selector{IDs: []graph.ID{"also-n1"}}, []graph.ID{"also-n1", "n1"}},
		{"each once", graph.Selector{IDs: []graph.ID{"n1", "n2", "also-n1"}}, []graph.ID{"also-n1", "n1", "n2"}},
		{"alias with a zero byte", graph.Selector{IDs: []graph.ID{"x"}}, []graph.ID{"N"}},
		{"kinds", graph.Selector{Kinds: []graph.Kind{graph.Account, graph.Identity}}, []graph.ID{"also-n1", "n2", "n3"}},
		{"kinds of ids", graph.Selector{IDs: []graph.ID{"n1", "n2"}, Kinds: []graph.Kind{graph.Resource}}, []graph.ID{"n1"}},
		{"after", graph.Selector{After: "n1"}, []graph.ID{"n2", "n3"}},
		{"limit", graph.Selector{Limit: 2}, []graph.ID{"N", "also-n1"}},
		{"after and limit", graph.Selector{After: "also-n1", Limit: 2}, []graph.ID{"n", "n1"}},
		{"ids after", graph.Selector{IDs: []graph.ID{"n1", "n2", "n3"}, After: "n1", Limit: 1}, []graph.ID{"n2"}},
		{"after one that is not", graph.Selector{After: "n11"}, []graph.ID{"n2", "n3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			equal(t, "ids", ids(nodes(t, s, c.sel)), c.want)
			equal(t, "nodes", nodes(t, s, c.sel), nodes(t, m, c.sel))
		})
	}
	n := nodes(t, s, graph.Selector{IDs: []graph.ID{"n1"}})[0]
	equal(t, "register", n.Attrs.Value(graph.AttrTool), "new")
	t.Run("resumption", func(t *testing.T) {
		var got []graph.ID
		var after graph.ID
		for {
			page := nodes(t, s, graph.Selector{After: after, Limit: 2})
			if len(page) == 0 {
				break
			}
			got = append(got, ids(page)...)
			after = page[len(page)-1].ID
		}
		equal(t, "pages", got, ids(nodes(t, s, graph.Selector{})))
	})
}

func testSearch(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	var facts []fact
	for _, id := range []graph.ID{"arn:aws:iam::111122223333:role/DeployBot", "arn:aws:iam::111122223333:user/deploy", "arn:aws:s3:::billing-exports",
		"aws:key:AKIAEXAMPLE", "k8s:prod:sa:billing/Exporter", "arn:aws:s3:::bücher"} {
		facts = append(facts, fact{Node: &graph.Node{ID: id, Kind: graph.Identity, Type: "t"}})
	}
	apply(t, both, facts)
	apply(t, both, []fact{{Node: &graph.Node{ID: "aws:key:AKIAEXAMPLE", Kind: graph.Identity, Type: "t",
		Attrs: graph.Attrs{attr(graph.AttrName, "the Deploy key", t0)}}}})
	apply(t, both, []fact{{Node: &graph.Node{ID: "arn:aws:s3:::billing-exports", Kind: graph.Identity, Type: "t",
		Attrs: graph.Attrs{attr(graph.AttrAlias, "cost-bucket", t0), attr(graph.AttrTag, "notsearched=1", t0)}}}})
	for _, c := range []struct {
		text string
		want int
	}{
		{"deploy", 3}, {"DEPLOY", 3}, {"deployb", 1}, {"eploy", 0}, {"billing", 2}, {"billing s3", 1}, {"s3 bill exp", 1}, {"exporter", 1},
		{"billing-exports", 1}, {"cost", 1}, {"notsearched", 0}, {"arn aws", 4}, {"111122223333", 2}, {"bü", 1}, {"  ", 6}, {"-", 6}, {"nothing here", 0},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := nodes(t, s, graph.Selector{Search: c.text})
			equal(t, "nodes", got, nodes(t, m, graph.Selector{Search: c.text}))
			equal(t, "number", len(got), c.want)
			sel := graph.Selector{Search: c.text, After: "arn:aws:iam::111122223333:user/deploy", Limit: 1, Kinds: []graph.Kind{graph.Identity}}
			equal(t, "page", nodes(t, s, sel), nodes(t, m, sel))
		})
	}
	sel := graph.Selector{Search: "deploy", IDs: []graph.ID{"aws:key:AKIAEXAMPLE", "arn:aws:s3:::billing-exports"}}
	equal(t, "search among ids", ids(nodes(t, s, sel)), []graph.ID{"aws:key:AKIAEXAMPLE"})
}

func testStreams(t *testing.T, open func(t *testing.T) graph.Store) {
	s := open(t)
	apply(t, []graph.Store{s}, sampleFacts())
	ctx := context.Background()
	for _, fr := range [][]graph.ID{nil, everyone} {
		for _, dir := range []graph.Direction{graph.Out, graph.In} {
			n := 0
			for _, err := range s.Edges(ctx, fr, dir, graph.Filter{Detail: graph.Evidence}) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == 2 {
					break
				}
			}
			equal(t, "edges before breaking out", n, 2)
		}
	}
	for _, sel := range []graph.Selector{{}, {IDs: everyone}, {Search: "r"}} {
		for range s.Nodes(ctx, sel) {
			break
		}
	}
	t.Run("may be ranged over again", func(t *testing.T) {
		seq := s.Edges(ctx, nil, graph.Out, graph.Filter{})
		a, b := 0, 0
		for range seq {
			a++
		}
		for range seq {
			b++
		}
		equal(t, "edges the second time", b, a)
	})
	t.Run("kept values stay", func(t *testing.T) {
		var kept []graph.Edge
		for e := range s.Edges(ctx, everyone, graph.Out, graph.Filter{Detail: graph.Evidence}) {
			kept = append(kept, e)
		}
		apply(t, []graph.Store{s}, sampleFacts())
		m := NewModel()
		apply(t, []graph.Store{m}, sampleFacts())
		slices.SortFunc(kept, func(a, b graph.Edge) int { return a.Compare(&b) })
		equal(t, "edges", kept, edges(t, m, everyone, graph.Out, graph.Filter{Detail: graph.Evidence}))
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		var errs []error
		for e, err := range s.Edges(ctx, nil, graph.Out, graph.Filter{}) {
			if err != nil {
				equal(t, "value beside an error", e, graph.Edge{})
				errs = append(errs, err)
			}
		}
		if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
			t.Errorf("errors of a cancelled stream are %v, want context.Canceled once", errs)
		}
	})
}

func testConcurrency(t *testing.T, open func(t *testing.T) graph.Store) {
	s, m, both := pair(t, open)
	facts := sampleFacts()
	apply(t, both, facts)
	want := hashOf(t, m)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			for range 5 {
				if err := s.Apply(context.Background(), batch(facts[i*5:]...)); err != nil {
					t.Errorf("Apply: %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 5 {
				if h, err := Hash(context.Background(), s); err != nil || h != want {
					t.Errorf("hash while the same facts are applied again is %s, %v; want %s", h, err, want)
				}
				for e, err := range s.Edges(context.Background(), everyone, graph.In, graph.Filter{Detail: graph.Evidence}) {
					if err != nil || e.Kind == 0 {
						t.Errorf("edge %+v, %v", e, err)
					}
				}
			}
		})
	}
	wg.Wait()
	equal(t, "hash", hashOf(t, s), want)
}
