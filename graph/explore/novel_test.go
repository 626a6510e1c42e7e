package explore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// novelties are the novelties as lines "identity kinds action outcome [agent]".
func novelties(a *explore.Novel) (out []string) {
	for _, n := range a.Identities {
		for _, x := range n.Novelties {
			line := fmt.Sprintf("%s %v %s %s", lastPart(n.Identity.ID), x.Kinds, x.Action, x.Outcome)
			if x.Agent != "" {
				line += " agent " + string(x.AgentCertainty)
			}
			if x.Network != "" {
				line += " " + x.Network
			}
			out = append(out, line)
		}
	}
	return out
}

func lastPart(id graph.ID) string { return string(id[strings.LastIndexAny(string(id), "/:")+1:]) }

func askNovel(t *testing.T, w *world, q explore.NovelQuery) *explore.Novel {
	t.Helper()
	a, err := explore.New(w.store(t), explore.Options{}).Novel(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The data of the small world begins 300 minutes before t0.
var (
	fiveHours = 300 * time.Minute
	after0    = graph.Window{From: at(0), To: at(200)}
)

func TestNovel(t *testing.T) {
	w := cast()
	job, jobKey := "arn:aws:iam::1:user/job", "aws:key:AKIAJOB000000000000"
	w.stands(graph.Holds, job, jobKey, at(-299))
	call := func(minute float64, action string, effect graph.Effect, outcome graph.Outcome) string {
		return w.call(deed{at: at(minute), from: jobKey, action: action, to: bucket, effect: effect, outcome: outcome})
	}
	w.attr(jobKey, graph.AttrNetwork, "192.0.2.0/24", at(-290))
	call(-290, "s3:GetObject", graph.Read, graph.OK)
	call(-280, "s3:PutObject", graph.Change, graph.Denied)
	call(-200, "s3:DeleteObject", graph.Delete, graph.OK)
	w.call(deed{at: at(-250), from: jobKey, action: "dynamodb:Query", to: "arn:aws:dynamodb:r:1:table/a", effect: graph.Read, agent: "agent:codex:" + jobKey})

	call(1, "s3:GetObject", graph.Read, graph.OK)      // as always
	call(2, "s3:DeleteObject", graph.Delete, graph.OK) // so too
	put := call(3, "s3:PutObject", graph.Change, graph.OK)
	call(4, "s3:PutObject", graph.Change, graph.OK)
	w.call(deed{at: at(5), from: jobKey, action: "sqs:SendMessage", to: "arn:aws:sqs:r:1:q", effect: graph.Use})
	w.call(deed{at: at(6), from: jobKey, action: "dynamodb:Query", to: "arn:aws:dynamodb:r:1:table/a", effect: graph.Read, agent: "agent:codex:" + jobKey})
	w.call(deed{at: at(7), from: jobKey, action: "s3:GetObject", to: bucket, effect: graph.Read, agent: "agent:codex:" + jobKey + ":2"})
	w.call(deed{at: at(8), from: jobKey, action: "iam:PutRolePermissionsBoundary", to: deploy, effect: graph.Grant})
	w.call(deed{at: at(9), from: jobKey, action: "iam:UpdateAssumeRolePolicy", to: deploy, effect: graph.Grant, outcome: graph.Denied})
	w.attr(jobKey, graph.AttrNetwork, "203.0.113.0/24", at(10))
	call(10, "s3:GetObject", graph.Read, graph.OK)
	call(11, "s3:GetBucketPolicy", graph.Read, graph.Probe)

	// A new identity: what it reads is not listed, what it changes is.
	w.stands(graph.Of, "aws:key:ASIANEW0000000000000", "arn:aws:iam::1:role/new", at(12))
	w.call(deed{at: at(12), from: "aws:key:ASIANEW0000000000000", action: "s3:GetObject", to: bucket, effect: graph.Read})
	w.call(deed{at: at(13), from: "aws:key:ASIANEW0000000000000", action: "s3:DeleteBucket", to: bucket, effect: graph.Delete})
	// A service with the forwarded credential of a session that an agent drives.
	w.call(deed{at: at(20), from: tempKey, action: "s3:CreateBucket", to: bucket, effect: graph.Create, service: "aws:service:cloudformation.amazonaws.com"})
	// A person.
	w.call(deed{at: at(30), from: bobKey, action: "s3:DeleteBucket", to: bucket, effect: graph.Delete})

	a := askNovel(t, w, explore.NovelQuery{Window: after0, Baseline: fiveHours})
	want := []string{
		"new [ACTION] s3:DeleteBucket OK", // its first read, which is not listed, took the service's first with it
		"job [ACTION] s3:PutObject OK",
		"job [ACTION SERVICE] sqs:SendMessage OK",
		"job [AGENT_SERVICE] s3:GetObject OK agent DEFINITE",
		"job [ACTION SERVICE BOUNDARY_EDIT] iam:PutRolePermissionsBoundary OK",
		"job [ACTION] iam:UpdateAssumeRolePolicy DENIED",
		"job [NETWORK] s3:GetObject OK 203.0.113.0/24",
		"deploy [ACTION SERVICE AGENT AGENT_SERVICE] s3:CreateBucket OK agent POSSIBLE",
	}
	got := novelties(a)
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if a.Baseline.TooShort || !a.Baseline.Complete || a.Baseline.From != at(-300) {
		t.Errorf("baseline %+v", a.Baseline)
	}
	if a.Excluded.HumanCalls != 1 || a.Excluded.Probes != 1 || a.Total.Folded != 1 || a.Total.Looked != 3 || a.Total.NewIdentities != 2 {
		t.Errorf("total %+v, excluded %+v", a.Total, a.Excluded)
	}
	for _, n := range a.Identities {
		switch lastPart(n.Identity.ID) {
		case "job":
			if n.New || n.BeforeCalls != 4 || len(n.Before) != 4 || n.Novelties[0].Count != 2 || n.Novelties[0].Evidence[0] != put || n.Since != at(-299) {
				t.Errorf("job: %+v", n)
			}
		case "new":
			if !n.New || n.Folded != 1 || n.Since != at(12) {
				t.Errorf("new: %+v", n)
			}
		}
	}
	if got := a.Identities[0].Identity.ID; lastPart(got) != "new" {
		t.Errorf("a deletion is the hardest to undo, but %s stands first", got)
	}

	// Thirty days were not recorded.
	short := askNovel(t, w, explore.NovelQuery{Window: after0})
	if b := short.Baseline; !b.TooShort || !strings.Contains(b.Reason, "5h of baseline instead of 30d") {
		t.Errorf("baseline %+v", b)
	}
	if none := askNovel(t, w, explore.NovelQuery{Window: graph.Window{From: at(-301), To: at(-100)}}); !none.Baseline.TooShort || none.Baseline.From != 0 {
		t.Errorf("baseline %+v", none.Baseline)
	}
	// Of one actor only.
	if one := askNovel(t, w, explore.NovelQuery{Of: []string{"arn:aws:iam::1:role/new"}, Window: after0, Baseline: fiveHours}); len(one.Identities) != 1 || one.Total.Looked != 1 {
		t.Errorf("of one: %v", novelties(one))
	}
	// A limit is said, and what it hides may be old.
	cut := askNovel(t, w, explore.NovelQuery{Window: after0, Baseline: fiveHours, Budget: explore.Budget{Edges: 32}})
	if cut.Baseline.Complete || cut.Truncated == nil || !cut.Incomplete() {
		t.Errorf("cut: %+v %+v", cut.Baseline, cut.Truncated)
	}
}

// A function behind a provider's addresses has no habitual network.
func TestNovelRoaming(t *testing.T) {
	w := cast()
	job, jobKey := "arn:aws:iam::1:user/job", "aws:key:AKIAJOB000000000000"
	w.stands(graph.Holds, job, jobKey, at(-299))
	for i := range 9 {
		t := at(float64(-250 + i))
		if i == 8 {
			t = at(3)
		}
		w.attr(jobKey, graph.AttrNetwork, fmt.Sprintf("192.0.%d.0/24", i), t)
		w.call(deed{at: t, from: jobKey, action: "s3:GetObject", to: bucket, effect: graph.Read})
	}
	a := askNovel(t, w, explore.NovelQuery{Window: after0, Baseline: fiveHours})
	if len(a.Identities) != 0 {
		t.Errorf("%v", novelties(a))
	}
}

// First actions equal a plain count over the list of what was done, and adding
// to the baseline what was new makes it old.
func TestNovelAgainstPlain(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 11))
		ds := randomDeeds(r, 40)
		from := at(float64(60 + r.IntN(100)))
		w := with(ds)
		q := explore.NovelQuery{Window: graph.Window{From: from, To: at(240)}, Who: explore.WhoAll}
		a := askNovel(t, w, q)

		old, news := map[string]bool{}, map[string]bool{} // "identity action", by a call that did not only probe
		owner := map[string]string{tempKey: deploy, lost: deploy, aliceKey: alice, bobKey: bob, ciKey: ciRole, nodeKey: nodeRole}
		for _, d := range ds {
			id := owner[d.from]
			if id == "" {
				id = d.from
			}
			if d.from == "aws:principal:AROAX" {
				continue // the same call, seen by one who knows its caller less
			}
			key := id + " " + d.action
			if d.at < from {
				old[key] = true
			} else if d.outcome != graph.Probe {
				news[key] = true
			}
		}
		got := map[string]bool{}
		for _, n := range a.Identities {
			for _, x := range n.Novelties {
				if slices.Contains(x.Kinds, explore.FirstAction) {
					got[string(n.Identity.ID)+" "+x.Action] = true
				}
				if x.At < from || len(x.Evidence) == 0 {
					t.Errorf("seed %d: %+v", seed, x)
				}
			}
		}
		for key := range news {
			id, _, _ := strings.Cut(key, " ")
			i := slices.IndexFunc(a.Identities, func(n explore.NovelIdentity) bool { return string(n.Identity.ID) == id })
			folded := i >= 0 && a.Identities[i].New
			if !old[key] && !got[key] && !folded {
				t.Errorf("seed %d: %s is new and not told", seed, key)
			}
		}
		for key := range got {
			if !news[key] {
				t.Errorf("seed %d: %s was never done in the window", seed, key)
			}
		}

		// What the window did, done before: nothing but successes after failures is left.
		again := slices.Clone(ds)
		for i, d := range ds {
			if d.at >= from {
				d.at, d.evidence, d.call = from-1, fmt.Sprintf("b%04d@1", i), ""
				again = append(again, d)
			}
		}
		if b := askNovel(t, with(again), q); b.Total.Novelties != 0 {
			t.Errorf("seed %d: done before and still new:\n%s", seed, strings.Join(novelties(b), "\n"))
		}
	}
}
