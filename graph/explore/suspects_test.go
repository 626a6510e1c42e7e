package explore_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

const (
	table    = "arn:aws:dynamodb:r:1:table/ledger"
	pipeRole = "arn:aws:iam::1:role/pipeline"
	pipeKey  = "aws:key:ASIAPIPE00000000000"
)

// small is the cast with ten days of habits: the pipeline changes the table
// every day with terraform, from one network.
func small() *world {
	w := cast()
	// The data begins before the habits do.
	w.b.Source(graph.Source{Name: "/logs/old.json.gz", Kind: "cloudtrail", Stream: "cloudtrail/1/r", Hash: "o", Size: 1, Final: true, First: days(-31), Last: days(0), Records: 10})
	for d := -10; d <= 0; d++ {
		key := pipeKey
		if d < 0 {
			key = fmt.Sprintf("aws:key:ASIAPIPE%011d", -d)
		}
		t := days(d)
		w.issued(t, ciToken, key, graph.KeyJoin)
		w.stands(graph.Of, key, pipeRole, t)
		w.attr(key, graph.AttrNetwork, "192.0.2.0/24", t)
		w.call(deed{at: t, from: ciToken, action: "sts:AssumeRoleWithWebIdentity", to: pipeRole, effect: graph.Use})
		w.call(deed{at: t + 60000, from: key, action: "dynamodb:UpdateTable", to: table, effect: graph.Change, client: "client:terraform"})
		w.attr(key, graph.AttrNetwork, "192.0.2.0/24", t+60000)
	}
	return w
}

// days is the time of day of t0, so many days away.
func days(n int) graph.Time { return t0 + graph.Time(n)*graph.Time((24*time.Hour).Milliseconds()) }

func suspect(t *testing.T, w *world, q explore.SuspectsQuery) *explore.Suspects {
	t.Helper()
	if q.Resource == "" {
		q.Resource = table
	}
	if q.At == 0 {
		q.At = at(60)
	}
	q.Baseline = 9 * 24 * time.Hour
	a, err := explore.New(w.store(t), explore.Options{}).Suspects(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, a)
	return a
}

// holds checks what every answer promises: points are value times weight, scores
// are the sums of points, ranks follow scores, ties are counted, and every term
// has its reason and evidence.
func holds(t *testing.T, a *explore.Suspects) {
	t.Helper()
	weight := map[explore.TermName]float64{}
	for _, w := range a.Weights {
		weight[w.Term] = w.Weight
	}
	named := 0
	for i, c := range a.Candidates {
		sum := 0.0
		for _, x := range c.Terms {
			sum += x.Points
			if x.Weight != weight[x.Term] || math.Abs(x.Value*x.Weight-x.Points) > 0.006 || x.Reason == "" || len(x.Evidence) == 0 || x.Value < 0 || x.Value > 1 {
				t.Errorf("%s: %+v", c.Actor.ID, x)
			}
		}
		if math.Abs(sum-c.Score) > 0.006 {
			t.Errorf("%s: score %v, its terms make %v", c.Actor.ID, c.Score, sum)
		}
		tied := 0
		for _, d := range a.Candidates {
			if d.Rank == c.Rank {
				tied++
				if d.Score != c.Score || d.Named != c.Named {
					t.Errorf("%s and %s share rank %d", c.Actor.ID, d.Actor.ID, c.Rank)
				}
			}
		}
		if tied != c.Tied || i > 0 && (a.Candidates[i-1].Named == c.Named && a.Candidates[i-1].Score < c.Score || !a.Candidates[i-1].Named && c.Named) {
			t.Errorf("%s: rank %d, %d tied", c.Actor.ID, c.Rank, c.Tied)
		}
		if c.Named {
			named++
		}
	}
	if named != a.Total.Named || (a.Verdict == explore.Named) != (named > 0) || a.Reason == "" {
		t.Errorf("%s, %+v, %d named: %s", a.Verdict, a.Total, named, a.Reason)
	}
}

// value is the value of a candidate's term, -1 where it has none.
func value(c *explore.Suspect, name explore.TermName) float64 {
	for _, x := range c.Terms {
		if x.Term == name {
			return x.Value
		}
	}
	return -1
}

// Where all do what they always do, nobody is named; where nothing changed it
// there is no candidate.
func TestSuspectsNobody(t *testing.T) {
	w := small()
	a := suspect(t, w, explore.SuspectsQuery{})
	if a.Verdict != explore.Nobody || len(a.Candidates) != 1 || value(&a.Candidates[0], explore.TermNovelty) != 0 || !strings.Contains(a.Reason, "does anyway") {
		t.Errorf("%s: %s: %+v", a.Verdict, a.Reason, a.Candidates)
	}
	if a.Baseline.TooShort {
		t.Errorf("baseline %+v", a.Baseline)
	}
	w.attr("arn:aws:dynamodb:r:1:table/other", graph.AttrName, "other", at(0))
	if a := suspect(t, w, explore.SuspectsQuery{Resource: "arn:aws:dynamodb:r:1:table/other"}); a.Verdict != explore.Nobody || len(a.Candidates) != 0 || !strings.Contains(a.Reason, "nothing is seen") {
		t.Errorf("%s: %s", a.Verdict, a.Reason)
	}
}

// An agent in an engineer's session deletes; a tag before and a routine after it
// do not stand in its way. Without the event there is nobody.
func TestSuspectsAgent(t *testing.T) {
	build := func(deleted bool) *world {
		w := small()
		w.call(deed{at: at(20), from: bobKey, action: "dynamodb:TagResource", to: table, effect: graph.Change})
		if deleted {
			w.call(deed{at: at(30), from: tempKey, action: "dynamodb:DeleteTable", to: table, effect: graph.Delete, agent: agent, evidence: "gone@1"})
		}
		w.call(deed{at: at(50), from: pipeKey, action: "dynamodb:UpdateTable", to: table, effect: graph.Change, client: "client:terraform"})
		return w
	}
	a := suspect(t, build(true), explore.SuspectsQuery{})
	c := a.Candidates[0]
	if a.Total.Named != 1 || c.Actor.ID != graph.ID(session) || c.Agent != graph.ID(agent) || c.AgentCertainty != explore.Definite || c.Acts[0].Evidence[0] != "gone@1" ||
		value(&c, explore.TermAgent) != 1 || c.Origin == nil || c.Chain[0].From != graph.ID(aliceKey) {
		t.Errorf("%+v %+v", a.Total, c)
	}
	if a := suspect(t, build(false), explore.SuspectsQuery{}); a.Verdict != explore.Nobody {
		t.Errorf("without the event: %s", a.Reason)
	}
	// What comes after the failure caused nothing.
	if a := suspect(t, build(true), explore.SuspectsQuery{At: at(29)}); a.Verdict != explore.Nobody {
		t.Errorf("before the event: %s", a.Reason)
	}
	if a := suspect(t, build(true), explore.SuspectsQuery{At: at(30)}); a.Verdict != explore.Named {
		t.Errorf("in its very second: %s", a.Reason)
	}
}

// The same call as every day, but from elsewhere, by who never took the role, or
// by another program, is a departure.
func TestSuspectsDepartures(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(w *world, key string)
		term  explore.TermName
		named bool
	}{
		"network": {func(w *world, key string) {
			w.issued(at(10), ciToken, key, graph.KeyJoin)
			w.attr(key, graph.AttrNetwork, "203.0.113.0/24", at(11))
			w.call(deed{at: at(11), from: key, action: "dynamodb:UpdateTable", to: table, effect: graph.Change, client: "client:terraform"})
		}, explore.TermNetwork, true},
		"issuer": {func(w *world, key string) {
			w.issued(at(10), aliceKey, key, graph.KeyJoin)
			w.call(deed{at: at(11), from: key, action: "dynamodb:UpdateTable", to: table, effect: graph.Change, client: "client:terraform"})
		}, explore.TermIssuer, true},
		"program": {func(w *world, key string) {
			w.issued(at(10), ciToken, key, graph.KeyJoin)
			w.call(deed{at: at(11), from: key, action: "dynamodb:UpdateTable", to: table, effect: graph.Change, client: "client:aws-cli"})
		}, explore.TermProgram, false}, // alone too little
	} {
		w := small()
		key := "aws:key:ASIAODD000000000000"
		w.stands(graph.Of, key, pipeRole, at(10))
		c.do(w, key)
		a := suspect(t, w, explore.SuspectsQuery{})
		i := slices.IndexFunc(a.Candidates, func(s explore.Suspect) bool { return s.Actor.ID == graph.ID(key) })
		if i < 0 || value(&a.Candidates[i], c.term) != 1 || a.Candidates[i].Named != c.named || a.Total.Named > 1 {
			t.Errorf("%s: %+v", name, a.Candidates)
		}
	}
}

// Who sent a command to the instance stands before the instance, which only did
// as it was told; a command after the deed explains nothing.
func TestSuspectsControl(t *testing.T) {
	for minute, explained := range map[float64]bool{20: true, 40: false} {
		w := small()
		w.call(deed{at: at(minute), from: aliceKey, action: "ssm:SendCommand", to: instance, effect: graph.Control, evidence: "cmd@1"})
		w.call(deed{at: at(30), from: nodeKey, action: "dynamodb:DeleteTable", to: table, effect: graph.Delete})
		a := suspect(t, w, explore.SuspectsQuery{})
		first := a.Candidates[0]
		if explained {
			if first.Actor.ID != graph.ID(aliceKey) || first.Acts[0].Relation != explore.Enabled || first.Acts[0].Then != graph.ID(nodeKey) || a.Candidates[1].Actor.ID != graph.ID(nodeSess) || value(&a.Candidates[1], explore.TermExplained) != 1 {
				t.Errorf("%+v", a.Candidates)
			}
		} else if first.Actor.ID != graph.ID(nodeSess) || value(&first, explore.TermExplained) != -1 || slices.ContainsFunc(a.Candidates, func(c explore.Suspect) bool { return c.Actor.ID == graph.ID(aliceKey) }) {
			t.Errorf("a command after the deed: %+v", a.Candidates)
		}
	}
}

// A function fails when its role loses a policy: what it relied on was changed.
func TestSuspectsReliedOn(t *testing.T) {
	w := small()
	fn, fnSess, fnKey, fnRole := "arn:aws:lambda:r:1:function:bill", "aws:session:AROAFN:bill@2026-11-22T09:00:00Z", "aws:key:ASIAFN0000000000000", "arn:aws:iam::1:role/bill"
	w.stands(graph.Runs, fn, fnSess, at(0))
	w.stands(graph.Holds, fnSess, fnKey, at(0))
	w.stands(graph.Of, fnSess, fnRole, at(0))
	w.stands(graph.Of, fnKey, fnRole, at(0))
	w.call(deed{at: at(10), from: fnKey, action: "lambda:Invoke", to: "arn:aws:lambda:r:1:function:tax", effect: graph.Use})
	w.call(deed{at: at(30), from: aliceKey, action: "lambda:DeleteFunction", to: "arn:aws:lambda:r:1:function:tax", effect: graph.Delete, evidence: "tax@1"})
	a := suspect(t, w, explore.SuspectsQuery{Resource: fn})
	if a.Total.ReliedOn == 0 || a.Verdict != explore.Named || a.Candidates[0].Acts[0].Relation != explore.Relied || a.Candidates[0].Acts[0].Evidence[0] != "tax@1" {
		t.Errorf("%+v %+v", a.Total, a.Candidates)
	}
}

// Two that did the same at the same time are tied, and a bad question is told.
func TestSuspectsTies(t *testing.T) {
	w := small()
	for _, key := range []string{"aws:key:AKIATWINA0000000000", "aws:key:AKIATWINB0000000000"} {
		w.stands(graph.Holds, "arn:aws:iam::1:user/"+key[12:17], key, at(0))
		w.call(deed{at: at(30), from: key, action: "dynamodb:DeleteTable", to: table, effect: graph.Delete})
	}
	a := suspect(t, w, explore.SuspectsQuery{})
	if len(a.Candidates) < 2 || a.Candidates[0].Tied != 2 || a.Candidates[1].Rank != 1 {
		t.Errorf("%+v", a.Candidates)
	}
	e := explore.New(w.store(t), explore.Options{})
	for _, q := range []explore.SuspectsQuery{{Resource: table}, {Resource: "nothing-such", At: at(1)}} {
		if _, err := e.Suspects(context.Background(), q); graph.Code(err) == graph.CodeInternal || err == nil {
			t.Errorf("%+v: %v", q, err)
		}
	}
	// A limit is said.
	cut, err := e.Suspects(context.Background(), explore.SuspectsQuery{Resource: table, At: at(60), Budget: explore.Budget{Edges: 3}})
	if err != nil || cut.Truncated == nil || cut.Baseline.Complete {
		t.Errorf("%v %+v", err, cut)
	}
}
