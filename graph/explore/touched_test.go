package explore_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// identityOf is the oracle's own folding of the cast.
var identityOf = map[string]string{tempKey: deploy, aliceKey: alice, bobKey: bob, ciKey: ciRole, lost: deploy, nodeKey: nodeRole}

// recount answers touched on the bucket by going through the deeds: for each
// call its strictest sight, then primary; the richer caller.
func recount(ds []deed, q explore.TouchedQuery) (byIdentity map[string]int, probes, human int) {
	type sum struct {
		best  deed
		froms []deed
	}
	calls := map[string]*sum{}
	for _, d := range ds {
		call := cmp.Or(d.call, d.evidence)
		switch {
		case d.to == "arn:aws:s3:::billing-*":
			d.match = graph.Mentioned
			if q.Match != graph.Mentioned {
				continue
			}
		case d.to != bucket && (d.to != object || !q.Parts):
			continue
		}
		if d.match > q.Match || !q.Window.Contains(d.at) {
			continue
		}
		if calls[call] == nil {
			calls[call] = &sum{best: d}
		}
		c := calls[call]
		c.froms = append(c.froms, d)
		if cmp.Or(cmp.Compare(d.match, c.best.match), cmp.Compare(d.role, c.best.role)) < 0 {
			c.best = d
		}
	}
	byIdentity = map[string]int{}
	for _, c := range calls {
		who := c.froms[0]
		for _, f := range c.froms {
			if strings.HasPrefix(who.from, "aws:principal") {
				who = f
			}
		}
		switch {
		case c.best.outcome == graph.Probe && !q.Probes:
			probes++
		case q.Who == explore.WhoNHI && who.from == bobKey && who.agent == "":
			human++
		default:
			byIdentity[cmp.Or(identityOf[who.from], who.from)]++
		}
	}
	return byIdentity, probes, human
}

func counted(a *explore.Touched) map[string]int {
	m := map[string]int{}
	for _, i := range a.Identities {
		m[string(i.Identity.ID)] = i.Total
	}
	return m
}

func TestTouchedEqualsRecount(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		ds := randomDeeds(r, 40)
		from := r.IntN(200)
		q := explore.TouchedQuery{Resources: []string{bucket}, Window: graph.Window{From: at(float64(from)), To: at(float64(from + 1 + r.IntN(240)))},
			Who: explore.WhoNHI, Match: graph.Match(1 + r.IntN(3)), Parts: r.IntN(2) == 0, Probes: r.IntN(2) == 0, Evidence: explore.EvidencePage{First: 3}}
		if r.IntN(2) == 0 {
			q.Who = explore.WhoAll
		}
		got := ask(t, with(ds), q)
		want, probes, human := recount(ds, q)
		if !maps.Equal(counted(got), want) || got.Excluded.Probes != probes || got.Excluded.HumanCalls != human {
			t.Fatalf("seed %d %+v:\n got %v, excluded %+v\nwant %v, %d probes, %d human", seed, q, counted(got), got.Excluded, want, probes, human)
		}
		sum := 0
		for _, i := range got.Identities {
			rows := 0
			for _, c := range i.Calls {
				rows += c.Count
				if c.EvidenceTotal < c.Count || len(c.Evidence) != min(3, c.EvidenceTotal) {
					t.Fatalf("seed %d: row %+v", seed, c)
				}
			}
			if rows != i.Total {
				t.Fatalf("seed %d: rows of %s sum to %d, not %d", seed, i.Identity.ID, rows, i.Total)
			}
			sum += i.Total
		}
		if sum != got.Total.Calls || len(got.Identities) != got.Total.Identities {
			t.Fatalf("seed %d: total %+v, sum %d", seed, got.Total, sum)
		}

		wide := q
		wide.Window = graph.Window{}
		for id, n := range counted(got) {
			if all := counted(ask(t, with(ds), wide)); all[id] < n {
				t.Fatalf("seed %d: a wider window lost calls of %s: %d of %d", seed, id, all[id], n)
			}
		}
		// Without a cited record the answer is another one.
		if len(got.Identities) > 0 {
			gone := got.Identities[0].Calls[0].Evidence[0]
			ds = slices.DeleteFunc(ds, func(d deed) bool { return d.evidence == gone })
			if again := ask(t, with(ds), q); fmt.Sprint(again.Identities) == fmt.Sprint(got.Identities) {
				t.Fatalf("seed %d: without %s the answer stays", seed, gone)
			}
		}
	}
}

func TestEvidencePages(t *testing.T) {
	w := cast()
	want := []string{}
	for i := range 25 {
		want = append(want, w.call(deed{at: at(float64(i / 3)), from: tempKey, action: "s3:PutObject", to: bucket}))
	}
	slices.Sort(want)
	w.call(deed{at: at(1), from: tempKey, action: "s3:GetObject", to: bucket})
	e := explore.New(w.store(t), explore.Options{})
	q := explore.TouchedQuery{Resources: []string{bucket}, Evidence: explore.EvidencePage{First: -1}}
	var got []string
	for {
		a, err := e.Touched(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		row := a.Identities[0].Calls[0]
		if row.Count != 25 || row.EvidenceTotal != 25 || a.Identities[0].Total != 26 {
			t.Fatalf("row %+v", row)
		}
		got = append(got, row.Evidence...)
		if q.Evidence.After, q.Evidence.Row = row.EvidenceCursor, row.ID; row.EvidenceCursor == "" {
			break
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("pages give %v, want %v", got, want)
	}
}

func TestWho(t *testing.T) {
	for _, c := range []struct {
		name   string
		d      deed
		class  explore.Class
		reason string
	}{
		{"agent in an engineer's session", deed{from: tempKey, agent: agent}, explore.NHI, "through an AI agent"},
		{"agent in a console session", deed{from: bobKey, agent: agent}, explore.NHI, "through an AI agent"},
		{"long-lived key", deed{from: aliceKey}, explore.NHI, "long-lived key"},
		{"long-lived key in a browser", deed{from: aliceKey, client: "client:browser"}, explore.NHI, "long-lived key"},
		{"service", deed{from: ec2}, explore.NHI, "AWS service"},
		{"workload", deed{from: nodeKey}, explore.NHI, "workload's own session"},
		{"CI token", deed{from: ciToken}, explore.NHI, "CI or workload token"},
		{"CI key", deed{from: ciKey}, explore.NHI, "issued to: CI or workload token"},
		{"console session", deed{from: bobKey}, explore.Human, "console session"},
		{"console session via a service", deed{from: bobKey, service: "aws:service:cloudformation.amazonaws.com"}, explore.Human, "console session"},
		{"browser", deed{from: lost, client: "client:browser"}, explore.Human, "browser"},
		{"password", deed{from: "aws:password:" + bob}, explore.Human, "console session"},
		{"forwarded", deed{from: lost, service: "aws:service:cloudformation.amazonaws.com"}, explore.NHI, "made by a service on the caller's behalf"},
		{"temporary key of a long-lived one", deed{from: tempKey}, explore.NHI, "issued to: long-lived key"},
		{"no issuer", deed{from: lost}, explore.Unknown, "its issuer is not in the data"},
		{"other account", deed{from: "aws:principal:AIDAX"}, explore.Unknown, "no credential in the record"},
		{"service-linked", deed{from: "arn:aws:iam::1:role/aws-service-role/x.amazonaws.com/X"}, explore.NHI, "service-linked role"},
		{"directory user", deed{from: "aws:identitycenter:d-1:u"}, explore.Human, "workforce sign-in"},
	} {
		w := cast()
		c.d.at, c.d.action, c.d.to = at(10), "s3:GetObject", bucket
		w.call(c.d)
		a := ask(t, w, explore.TouchedQuery{Resources: []string{bucket}, Who: explore.WhoAll})
		row := a.Identities[0].Calls[0]
		if row.Who != c.class || row.Reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, row.Who, row.Reason, c.class, c.reason)
		}
		n := ask(t, w, explore.TouchedQuery{Resources: []string{bucket}})
		h := ask(t, w, explore.TouchedQuery{Resources: []string{bucket}, Who: explore.WhoHuman})
		isHuman := c.class == explore.Human
		if (n.Total.Calls == 0) != isHuman || (n.Excluded.HumanCalls == 1) != isHuman || (h.Total.Calls == 1) != isHuman || (h.Excluded.NonHumanCalls == 0) != isHuman || n.UnknownCalls != map[bool]int{true: 1}[c.class == explore.Unknown] {
			t.Errorf("%s: filters give %+v %+v and %+v %+v", c.name, n.Total, n.Excluded, h.Total, h.Excluded)
		}
	}
}

// People whose calls are not their own doing are still shown to be people.
func TestIdentityClass(t *testing.T) {
	w := cast()
	w.call(deed{at: at(1), from: bobKey, agent: agent, action: "s3:GetObject", to: bucket})
	s := w.store(t)
	a, err := explore.New(s, explore.Options{}).Touched(context.Background(), explore.TouchedQuery{Resources: []string{bucket}})
	if err != nil {
		t.Fatal(err)
	}
	if i := a.Identities[0]; i.Identity.Class != explore.Human || i.Calls[0].Who != explore.NHI || i.Via[0].Evidence[0] != "ua_feature" || i.Via[0].Tool != "claude-code" {
		t.Errorf("%+v", i)
	}
	a, err = explore.New(s, explore.Options{Classes: map[graph.ID]explore.Class{bob: explore.NHI}}).Touched(context.Background(), explore.TouchedQuery{Resources: []string{bucket}})
	if err != nil || a.Identities[0].Identity.Class != explore.NHI || a.Identities[0].Identity.ClassReason != "corrected by hand" {
		t.Errorf("%+v %v", a.Identities[0].Identity, err)
	}
}

// A row says by what all its calls came: like calls that came another way are
// another row, with an id and evidence of its own.
func TestRowsSayHowTheirCallsCame(t *testing.T) {
	const cli, boto, svc = "client:aws-cli", "client:boto3", "aws:service:cloudformation.amazonaws.com"
	w := cast()
	ways := map[graph.Via][]string{}
	for i, v := range []graph.Via{{Client: cli}, {Agent: agent, Client: cli}, {Service: svc}, {Agent: agent, Client: cli}, {Client: boto}, {}} {
		ev := w.call(deed{at: at(float64(i)), from: tempKey, action: "s3:PutBucketPolicy", to: bucket, agent: string(v.Agent), client: string(v.Client), service: string(v.Service)})
		ways[v] = append(ways[v], ev)
	}
	e := explore.New(w.store(t), explore.Options{})
	a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{bucket}, Evidence: explore.EvidencePage{First: -1}})
	if err != nil || len(a.Identities) != 1 {
		t.Fatal(err, a)
	}
	got, ids := map[graph.Via][]string{}, map[string]bool{}
	for _, r := range a.Identities[0].Calls {
		v := graph.Via{Agent: r.Agent, Client: r.Client, Service: r.Service}
		got[v], ids[r.ID] = append(got[v], r.Evidence...), true
		if r.Count != len(ways[v]) {
			t.Errorf("%+v: %d calls, want %d", v, r.Count, len(ways[v]))
		}
	}
	if !maps.EqualFunc(ways, got, slices.Equal) || len(ids) != len(ways) {
		t.Errorf("%d ids of rows; got %v, want %v", len(ids), got, ways)
	}
}

// What was never ingested cannot be asked for: a number beyond the watermark is
// refused, by every question that takes one.
func TestAsOfBeyondTheWatermark(t *testing.T) {
	e, ctx := explore.New(cast().store(t), explore.Options{}), context.Background()
	mark, err := e.Watermark(ctx)
	if err != nil || mark == 0 {
		t.Fatal(mark, err)
	}
	for name, ask := range map[string]func(asOf uint64) error{
		"touched": func(n uint64) error {
			_, err := e.Touched(ctx, explore.TouchedQuery{Resources: []string{bucket}, AsOf: n})
			return err
		},
		"activity": func(n uint64) error {
			_, err := e.Activity(ctx, explore.ActivityQuery{Of: []string{tempKey}, AsOf: n})
			return err
		},
		"chain": func(n uint64) error {
			_, err := e.Chain(ctx, explore.ChainQuery{Of: []string{tempKey}, AsOf: n})
			return err
		},
		"failures": func(n uint64) error { _, err := e.Failures(ctx, explore.FailuresQuery{AsOf: n}); return err },
		"timeline": func(n uint64) error { _, err := e.Timeline(ctx, explore.TimelineQuery{AsOf: n}); return err },
		"histogram": func(n uint64) error {
			_, err := e.Histogram(ctx, explore.HistogramQuery{Window: graph.Window{From: at(0), To: at(9)}, Bins: 3, AsOf: n})
			return err
		},
		"neighbours": func(n uint64) error {
			_, err := e.Neighbours(ctx, explore.NeighboursQuery{ID: tempKey, AsOf: n})
			return err
		},
		"coverage": func(n uint64) error { _, err := e.Coverage(ctx, explore.CoverageQuery{AsOf: n}); return err },
		"inventory": func(n uint64) error {
			_, err := e.Inventory(ctx, explore.InventoryQuery{AsOf: n})
			return err
		},
		"reach": func(n uint64) error {
			_, err := e.Reach(ctx, explore.ReachQuery{From: []string{deploy}, AsOf: n})
			return err
		},
		"picture": func(n uint64) error {
			_, err := e.Picture(ctx, explore.PictureQuery{Of: []string{deploy}, AsOf: n})
			return err
		},
	} {
		if err := ask(mark); err != nil {
			t.Errorf("%s as of the watermark: %v", name, err)
		}
		var e *graph.Error
		if err := ask(mark + 1); !errors.As(err, &e) || e.Code != graph.CodeInvalid || !strings.Contains(e.Message, fmt.Sprint("watermark ", mark)) || e.Hint == "" {
			t.Errorf("%s beyond the watermark: %v", name, err)
		}
	}
}

func TestResolve(t *testing.T) {
	w := cast()
	w.call(deed{at: at(1), from: lost, action: "s3:GetObject", to: bucket})
	w.call(deed{at: at(1), from: lost, action: "sqs:SendMessage", to: "arn:aws:sqs:r:1:orders-a"})
	w.call(deed{at: at(1), from: lost, action: "sqs:SendMessage", to: "arn:aws:sqs:r:1:orders-b"})
	// A stack that was deleted and created again: two ARNs, one name.
	short, one, two := "arn:aws:cloudformation:r:1:stack/shop", "arn:aws:cloudformation:r:1:stack/shop/u1", "arn:aws:cloudformation:r:1:stack/shop/u2"
	w.attr(one, graph.AttrAlias, short, at(0))
	w.attr(one, graph.AttrCreated, "c1", at(0))
	w.attr(two, graph.AttrAlias, short, at(20))
	w.attr(two, graph.AttrCreated, "c2", at(20))
	w.call(deed{at: at(5), from: lost, action: "cloudformation:DescribeStacks", to: one})
	w.call(deed{at: at(10), from: lost, action: "cloudformation:DeleteStack", to: short})
	w.call(deed{at: at(25), from: lost, action: "cloudformation:UpdateStack", to: short})
	w.call(deed{at: at(30), from: lost, action: "cloudformation:UpdateStack", to: two})
	w.call(deed{at: at(31), from: lost, action: "ec2:RevokeSecurityGroupIngress", to: "arn:aws:ec2:r:1:security-group/*", outcome: graph.Denied})
	e := explore.New(w.store(t), explore.Options{})
	ask := func(text string, m graph.Match) (int, error) {
		a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{text}, Match: m})
		if err != nil {
			return 0, err
		}
		return a.Total.Calls, nil
	}
	for _, c := range []struct {
		text  string
		match graph.Match
		calls int
		code  string
	}{
		{text: "billing-exports", calls: 1}, {text: "billing", calls: 0, code: graph.CodeAmbiguous}, // the bucket and its object
		{text: "orders", code: graph.CodeAmbiguous}, {text: "orders-a", calls: 1}, {text: "nothing", code: graph.CodeNotFound}, {text: "  ", code: graph.CodeInvalid},
		{text: short, calls: 4}, {text: one, calls: 2}, {text: two, calls: 2},
		{text: "arn:aws:ec2:r:1:security-group/sg-1", code: graph.CodeNotFound},
		{text: "arn:aws:ec2:r:1:security-group/sg-1", match: graph.Mentioned, calls: 1},
		{text: "arn:aws:s3:::billing-exports/unseen", calls: 1},
		{text: "arn:aws:s3:::billing", code: graph.CodeNotFound}, // not the bucket whose name begins so
		{text: "AKIAALICE00000", code: graph.CodeNotFound},
	} {
		n, err := ask(c.text, c.match)
		if (err == nil) != (c.code == "") || err != nil && graph.Code(err) != c.code || n != c.calls {
			t.Errorf("%q: %d calls, %v; want %d %s", c.text, n, err, c.calls, c.code)
		}
		if err != nil && graph.Hint(err) == "" {
			t.Errorf("%q: no hint", c.text)
		}
	}
	a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{"arn:aws:s3:::billing-exports/unseen"}, Window: graph.Window{From: at(-10), To: at(60)}})
	if err != nil || a.Coverage.Complete || len(a.Notes) != 1 {
		t.Errorf("an object answered for by its bucket reads as complete: %+v %v", a, err)
	}
}

// A key that worked after it was deleted is a contradiction, and said to be.
func TestContradiction(t *testing.T) {
	for _, c := range []struct {
		minute  float64
		outcome graph.Outcome
		notes   int
	}{{9, graph.OK, 0}, {12, graph.OK, 1}, {12, graph.Denied, 0}} {
		w := cast()
		w.stands(graph.Holds, alice, aliceKey, at(10), graph.Mark{Kind: graph.Ended, At: at(10), Evidence: "deleted"})
		w.call(deed{at: at(c.minute), from: aliceKey, action: "s3:GetObject", to: bucket, outcome: c.outcome})
		if a := ask(t, w, explore.TouchedQuery{Resources: []string{bucket}}); len(a.Notes) != c.notes {
			t.Errorf("%+v: notes %q", c, a.Notes)
		}
	}
}

func TestBudget(t *testing.T) {
	w := cast()
	for i := range 20 {
		w.call(deed{at: at(float64(i)), from: lost, action: fmt.Sprintf("s3:Action%d", i), to: bucket})
	}
	e := explore.New(w.store(t), explore.Options{})
	for _, c := range []struct {
		budget explore.Budget
		limit  explore.Limit
	}{{explore.Budget{Edges: 7}, explore.LimitEdges}, {explore.Budget{Nodes: 1}, explore.LimitNodes}} {
		a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{bucket}, Parts: true, Budget: c.budget})
		if err != nil {
			t.Fatal(err)
		}
		if a.Truncated == nil || a.Truncated.Limit != c.limit || a.Coverage.Complete {
			t.Errorf("%+v: truncated %+v, complete %v", c.budget, a.Truncated, a.Coverage.Complete)
		}
	}
}
