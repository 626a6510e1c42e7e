package explore_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

func reachOf(t *testing.T, w *world, q explore.ReachQuery) map[string]string {
	t.Helper()
	s := w.store(t)
	a, err := explore.New(s, explore.Options{}).Reach(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	hot, err := warmed(t, s, graph.Window{}).Reach(context.Background(), q)
	if diff := cmp.Diff(a, hot); err != nil || diff != "" {
		t.Errorf("the hot window answers %v, otherwise (-store +hot):\n%s", err, diff)
	}
	return fast(a, false)
}

// Two stacks of one name: what is done to the name is done to the one that bore
// it then, and never passes to the other.
func TestReachKeepsGenerationsApart(t *testing.T) {
	const short, first, second = "arn:aws:cloudformation:r:1:stack/shop", "arn:aws:cloudformation:r:1:stack/shop/1", "arn:aws:cloudformation:r:1:stack/shop/2"
	w := newWorld()
	for id, made := range map[string]graph.Time{first: at(1), second: at(20)} {
		w.attr(id, graph.AttrAlias, short, made)
		w.attr(id, graph.AttrCreated, "made-"+id, made)
	}
	w.call(deed{at: at(10), from: aliceKey, action: "cloudformation:UpdateStack", effect: graph.Change, to: short})
	w.call(deed{at: at(15), from: tempKey, action: "cloudformation:GetTemplate", effect: graph.Read, to: first})
	w.call(deed{at: at(30), from: lost, action: "cloudformation:GetTemplate", effect: graph.Read, to: short})
	got := reachOf(t, w, explore.ReachQuery{From: []string{aliceKey}, Window: graph.Window{From: at(5), To: at(40)}})
	if got[first+" ALTERED"] != "DEFINITE" || got[tempKey+" CONTROLLED"] != "POSSIBLE" {
		t.Errorf("the stack of that time and who read it are missing: %v", got)
	}
	for id := range got {
		if strings.HasPrefix(id, second) || strings.HasPrefix(id, lost) {
			t.Errorf("%s is reached across a generation", id)
		}
	}
}

// A password that was replaced is another one: who knew the old does not know
// the new.
func TestReachEndsWithRotation(t *testing.T) {
	const password, session = "aws:password:arn:aws:iam::1:user/bob", "aws:session:AIDABOB@later"
	w := newWorld()
	w.issued(at(1), aliceKey, password, graph.KeyJoin)
	w.issued(at(10), ciKey, password, graph.KeyJoin) // somebody else sets it anew
	w.issued(at(20), password, session, graph.PrincipalCreation)
	window := graph.Window{From: at(0), To: at(30)}
	if got := reachOf(t, w, explore.ReachQuery{From: []string{aliceKey}, Window: window}); got[session+" CONTROLLED"] != "" || got[password+" CONTROLLED"] != "DEFINITE" {
		t.Errorf("by the old password: %v", got)
	}
	if got := reachOf(t, w, explore.ReachQuery{From: []string{ciKey}, Window: window}); got[session+" CONTROLLED"] != "DEFINITE" {
		t.Errorf("by the new password: %v", got)
	}
}

// Cutting an agent takes away the calls through it and leaves the session's
// others; cutting a trust takes away what its principal assumes.
func TestContainmentOfAgentsAndTrusts(t *testing.T) {
	w := cast()
	w.call(deed{at: at(30), from: tempKey, action: "s3:DeleteBucket", effect: graph.Delete, to: bucket, agent: agent})
	w.call(deed{at: at(31), from: tempKey, action: "s3:PutBucketTagging", effect: graph.Change, to: "arn:aws:s3:::other"})
	w.stands(graph.Trusts, alice, deploy, at(-100))
	e := explore.New(w.store(t), explore.Options{})
	ask := func(cut, from string, when graph.Time) *explore.Containment {
		t.Helper()
		c, err := e.Containment(context.Background(), explore.ContainmentQuery{Cut: []string{cut}, From: []string{from}, At: when, Window: graph.Window{From: at(-5), To: at(60)}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	lost := func(c *explore.Containment) (out []string) {
		for _, n := range c.Lost {
			out = append(out, string(n.Node.ID))
		}
		slices.Sort(out)
		return out
	}
	c := ask(agent, tempKey, at(20))
	if got := lost(c); !slices.Equal(got, []string{bucket}) {
		t.Errorf("without the agent the attacker loses %v", got)
	}
	if len(c.Breaks) != 1 || string(c.Breaks[0].Agent) != agent || c.Breaks[0].Calls != 1 || c.Events != 1 {
		t.Errorf("what breaks: %+v", c.Breaks)
	}
	c = ask(alice+"->"+deploy, aliceKey, at(-5))
	if got := lost(c); !slices.Equal(got, []string{bucket, "arn:aws:s3:::other", tempKey}) {
		t.Errorf("without the trust the attacker loses %v", got)
	}
	c = ask(alice+"->"+deploy, aliceKey, at(20)) // too late
	if len(c.Lost) != 0 || !slices.ContainsFunc(c.Alive, func(x explore.AliveCredential) bool { return string(x.Node.ID) == tempKey }) {
		t.Errorf("after the key was issued: lost %v, alive %+v", lost(c), c.Alive)
	}
}
