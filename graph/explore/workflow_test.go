package explore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

func askWorkflow(t *testing.T, w *world, q explore.WorkflowQuery) *explore.Workflow {
	t.Helper()
	if q.Window.To == 0 {
		q.Window = graph.Window{From: at(-30), To: at(200)}
	}
	a, err := explore.New(w.store(t), explore.Options{}).Workflow(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// joined are the memberships as lines "node KIND from".
func joined(a *explore.Workflow) (out []string) {
	for _, m := range a.Members {
		for _, y := range m.Why {
			out = append(out, fmt.Sprintf("%s %s %s", y.Node, y.Kind, y.From))
		}
	}
	for _, x := range a.Workloads {
		out = append(out, fmt.Sprintf("%s %s %s", x.Why.Node, x.Why.Kind, x.Why.From))
	}
	slices.Sort(out)
	return out
}

// From an instance's key: its session and the instance, the request and the
// pipeline that launched it, and no other session of anybody.
func TestWorkflow(t *testing.T) {
	w := cast()
	w.issued(at(9), ciToken, "aws:key:ASIACI2000000000000", graph.KeyJoin) // the same pipeline, later
	w.stands(graph.Of, "aws:key:ASIACI2000000000000", ciRole, at(9))
	w.stands(graph.Of, "aws:key:ASIAOTHER0000000000", nodeRole, at(9)) // the same role, another session
	w.call(deed{at: at(10), from: nodeKey, action: "s3:PutObject", to: bucket, effect: graph.Change})
	w.call(deed{at: at(11), from: ciKey, action: "ec2:RunInstances", to: instance, effect: graph.Control})
	w.call(deed{at: at(12), from: "aws:key:ASIAOTHER0000000000", action: "s3:GetObject", to: bucket, effect: graph.Read})
	w.call(deed{at: at(13), from: nodeKey, action: "s3:GetBucketPolicy", to: bucket, effect: graph.Read, outcome: graph.Probe})

	a := askWorkflow(t, w, explore.WorkflowQuery{Of: []string{nodeKey}})
	want := []string{
		instance + " RUNS " + nodeSess,
		nodeKey + " ASKED " + nodeKey,
		nodeSess + " HOLDS " + nodeKey,
		ciKey + " ISSUER " + nodeKey, // by the request that both records carry
		ciToken + " ISSUER " + ciKey,
		"aws:key:ASIACI2000000000000 CI_RUN " + ciToken,
	}
	slices.Sort(want)
	if d := cmp.Diff(want, joined(a)); d != "" {
		t.Error(d)
	}
	if a.Total.Calls != 2 || a.Total.Identities != 3 || a.Excluded.Probes != 1 {
		t.Errorf("total %+v, excluded %+v", a.Total, a.Excluded)
	}
	var hubs []string
	for _, h := range a.Hubs {
		hubs = append(hubs, string(h.Node.ID))
	}
	if !slices.Equal(hubs, []string{ec2}) {
		t.Errorf("hubs %v", hubs)
	}
	// A limit is said.
	if cut := askWorkflow(t, w, explore.WorkflowQuery{Of: []string{nodeKey}, Budget: explore.Budget{Depth: 1}}); cut.Truncated == nil || cut.Truncated.Limit != explore.LimitDepth {
		t.Errorf("cut at %+v", cut.Truncated)
	}
}

// Around a resource, those that changed it are walked from in all directions;
// of those that only called it, only those calls count, and what stands behind.
func TestWorkflowAroundResource(t *testing.T) {
	w := cast()
	sid := ":0a1b2c3d4e5f"
	other := "agent:claude-code:" + bobKey + sid // the same terminal, another credential
	w.drives(at(15), agent+sid, session, "ua_feature")
	w.drives(at(16), other, bobKey, "ua_feature")
	w.call(deed{at: at(15), from: tempKey, action: "s3:DeleteBucket", to: bucket, effect: graph.Delete, agent: agent + sid, evidence: "gone@1"})
	w.call(deed{at: at(17), from: bobKey, action: "iam:ListRoles", to: "arn:aws:iam::1:x", effect: graph.Read, agent: other})
	w.call(deed{at: at(18), from: nodeKey, action: "s3:GetObject", to: bucket, effect: graph.Read})
	w.call(deed{at: at(19), from: nodeKey, action: "s3:GetObject", to: "arn:aws:s3:::other", effect: graph.Read})
	w.issued(at(20), nodeKey, "aws:key:ASIAFAR000000000000", graph.KeyJoin)
	w.issued(at(21), aliceKey, "aws:key:ASIAALICE2000000000", graph.KeyJoin)

	a := askWorkflow(t, w, explore.WorkflowQuery{Of: []string{bucket}, Who: explore.WhoAll})
	got := joined(a)
	for _, line := range []string{tempKey + " CHANGED " + bucket, nodeKey + " CALLED " + bucket, aliceKey + " ISSUER " + tempKey, bobKey + " AGENT_RUN " + other, console + " HOLDS " + bobKey, ciKey + " ISSUER " + nodeKey} {
		if !slices.Contains(got, line) {
			t.Errorf("no %q in\n%v", line, got)
		}
	}
	for _, line := range got {
		for _, id := range []string{"ASIAFAR", "ASIAALICE2"} {
			if strings.HasPrefix(line, "aws:key:"+id) {
				t.Errorf("%q does not belong", line)
			}
		}
	}
	for _, m := range a.Members {
		if m.Identity.ID == graph.ID(nodeRole) && m.Total != 1 {
			t.Errorf("of the reader %d calls count, not the one on the resource", m.Total)
		}
	}
	// The event of the change leads to the same run.
	b := askWorkflow(t, w, explore.WorkflowQuery{Of: []string{"gone"}})
	if len(b.Of) != 1 || b.Of[0].ID != graph.ID(tempKey) || !slices.Contains(joined(b), bobKey+" AGENT_RUN "+other) {
		t.Errorf("of the event: %v %v", b.Of, joined(b))
	}
	if _, err := explore.New(w.store(t), explore.Options{}).Workflow(context.Background(), explore.WorkflowQuery{Of: []string{"no-such-thing"}, Window: graph.Window{To: at(1)}}); graph.Code(err) != graph.CodeNotFound {
		t.Errorf("error %v", err)
	}
}

// A session that issues to everybody joins nobody.
func TestWorkflowBroker(t *testing.T) {
	for n, members := range map[int]int{32: 34, 33: 3} { // the key itself, deploy's and alice's are always in
		w := cast()
		for i := range n - 1 {
			w.issued(at(30), tempKey, fmt.Sprintf("aws:key:ASIAMANY%08d", i), graph.KeyJoin)
		}
		w.issued(at(30), tempKey, "aws:key:ASIALAST00000000", graph.KeyJoin)
		a := askWorkflow(t, w, explore.WorkflowQuery{Of: []string{"aws:key:ASIALAST00000000"}})
		if a.Total.Identities != members {
			t.Errorf("%d issued: %d members, not %d", n, a.Total.Identities, members)
		}
	}
}
