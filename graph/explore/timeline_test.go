package explore_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// pages reads a timeline to its end; between pages, more is ingested.
func pages(t *testing.T, e *explore.Explorer, q explore.TimelineQuery, between func()) []explore.Call {
	t.Helper()
	var out []explore.Call
	for {
		p, err := e.Timeline(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Calls...)
		if p.Cursor == "" {
			return out
		}
		if len(p.Calls) != q.First {
			t.Fatalf("a page of %d calls with a cursor, want %d", len(p.Calls), q.First)
		}
		q.After = p.Cursor
		between()
	}
}

func TestTimelineEqualsRecount(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		ds := randomDeeds(r, 30)
		w := graph.Window{From: at(float64(r.IntN(100))), To: at(float64(120 + r.IntN(130)))}
		type want struct {
			at       graph.Time
			evidence string
			targets  map[string]bool
		}
		calls := map[string]*want{}
		for _, d := range ds {
			if !w.Contains(d.at) {
				continue
			}
			k := cmp.Or(d.call, d.evidence)
			if calls[k] == nil {
				calls[k] = &want{d.at, d.evidence, map[string]bool{}}
			}
			c := calls[k]
			if d.at < c.at || d.at == c.at && d.evidence < c.evidence {
				c.at, c.evidence = d.at, d.evidence
			}
			c.targets[d.to] = true
		}
		var order []*want
		for _, c := range calls {
			order = append(order, c)
		}
		slices.SortFunc(order, func(a, b *want) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.evidence, b.evidence)) })

		s := with(ds).store(t)
		e := explore.New(s, explore.Options{})
		n := 0
		got := pages(t, e, explore.TimelineQuery{Window: w, First: 7}, func() {
			late := newWorld() // a file that arrives meanwhile, with calls before and after
			for i := range 5 {
				n++
				late.call(deed{at: w.From.Add(0) + graph.Time(i*1000), from: lost, action: "s3:PutObject", to: bucket, evidence: string(rune('a'+n)) + "late@1"})
			}
			late.into(t, s)
		})
		if len(got) != len(order) {
			t.Fatalf("seed %d: %d calls, want %d", seed, len(got), len(order))
		}
		for i, c := range got {
			targets := map[string]bool{}
			for _, x := range c.Targets {
				targets[string(x.ID)] = true
			}
			if c.At != order[i].at || c.Evidence[0] != order[i].evidence || len(targets) != len(order[i].targets) {
				t.Fatalf("seed %d: call %d is %+v, want %+v", seed, i, c, order[i])
			}
		}

		h, err := explore.New(with(ds).store(t), explore.Options{}).Histogram(context.Background(), explore.HistogramQuery{Window: w, Bins: 1 + r.IntN(20)})
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range h.Bins {
			n := 0
			for _, c := range order {
				if c.at >= b.From && c.at < b.To {
					n++
				}
			}
			if b.Total != n || b.OK+b.Denied+b.Throttled+b.Fault+b.Error+b.Probe != n {
				t.Fatalf("seed %d: bin %+v, want %d", seed, b, n)
			}
			if i > 0 && h.Bins[i-1].To != b.From {
				t.Fatalf("seed %d: a hole before %v", seed, b.From)
			}
		}
		if h.Total != len(order) || h.Bins[0].From != w.From || h.Bins[len(h.Bins)-1].To != w.To {
			t.Fatalf("seed %d: histogram %+v", seed, h)
		}
	}
}

// A selection by target shows all targets of its calls; by actor, through all
// its sessions and keys.
func TestTimelineOf(t *testing.T) {
	w := cast()
	w.call(deed{at: at(1), from: tempKey, action: "s3:CopyObject", to: bucket, evidence: "x1"})
	w.call(deed{at: at(1), from: tempKey, action: "s3:CopyObject", to: "arn:aws:s3:::other", evidence: "x1", role: graph.Member})
	w.call(deed{at: at(2), from: lost, action: "s3:GetObject", to: "arn:aws:s3:::other", evidence: "x2"})
	w.call(deed{at: at(3), from: bobKey, action: "s3:GetObject", to: object, evidence: "x3"})
	w.call(deed{at: at(4), from: tempKey, agent: agent, action: "s3:GetObject", to: "arn:aws:s3:::third", evidence: "x4"})
	e := explore.New(w.store(t), explore.Options{})
	for of, want := range map[string][]string{
		bucket: {"x1", "x3"}, deploy: {"x1", "x2", "x4"}, session: {"x1", "x4"}, agent: {"x4"}, bob: {"x3"}, "arn:aws:s3:::other": {"x1", "x2"},
	} {
		var got []string
		for _, c := range pages(t, e, explore.TimelineQuery{Of: []string{of}, First: 1}, func() {}) {
			got = append(got, c.Evidence...)
			if c.Evidence[0] == "x1" && (len(c.Targets) != 2 || c.Targets[0].ID != bucket) {
				t.Errorf("%s: targets %+v", of, c.Targets)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("timeline of %s: %v, want %v", of, got, want)
		}
		h, err := e.Histogram(context.Background(), explore.HistogramQuery{Of: []string{of}})
		if err != nil || h.Total != len(want) {
			t.Errorf("histogram of %s: %d, want %d (%v)", of, h.Total, len(want), err)
		}
		a, err := e.Activity(context.Background(), explore.ActivityQuery{Of: []string{of}, Evidence: explore.EvidencePage{First: -1}})
		if of == bucket || of == "arn:aws:s3:::other" {
			continue // what is acted on does nothing
		}
		if err != nil || a.Total.Calls != len(want) {
			t.Errorf("activity of %s: %+v, want %d (%v)", of, a, len(want), err)
		}
	}
}

func TestActivity(t *testing.T) {
	w := cast()
	w.call(deed{at: at(1), from: tempKey, action: "ec2:RunInstances", to: "arn:aws:ec2:r:1:instance/i-9", agent: agent, service: "aws:service:autoscaling.amazonaws.com", evidence: "x1"})
	w.call(deed{at: at(1), from: tempKey, action: "ec2:RunInstances", to: nodeRole, role: graph.PassedRole, match: graph.Declared, evidence: "x1", agent: agent, service: "aws:service:autoscaling.amazonaws.com"})
	w.call(deed{at: at(2), from: session, action: "s3:GetBucketPolicy", to: bucket, outcome: graph.Probe})
	w.call(deed{at: at(3), from: lost, action: "s3:GetObject", to: bucket})
	a, err := explore.New(w.store(t), explore.Options{}).Activity(context.Background(), explore.ActivityQuery{Of: []string{"deploy"}, Evidence: explore.EvidencePage{First: -1}})
	if err != nil {
		t.Fatal(err)
	}
	if a.Total.Calls != 2 || a.Excluded.Probes != 1 || a.UnknownCalls != 1 || len(a.Identities) != 1 || len(a.Credentials) != 2 || len(a.Via) != 2 || a.Via[0].ID != agent {
		t.Errorf("%+v", a)
	}
	row := a.Calls[slices.IndexFunc(a.Calls, func(r explore.CallRow) bool { return r.Action == "ec2:RunInstances" })]
	if row.Target != "arn:aws:ec2:r:1:instance/i-9" || row.Role != graph.Primary || row.Count != 1 || !slices.Equal(row.Evidence, []string{"x1"}) {
		t.Errorf("%+v", row)
	}
	if !slices.Equal(a.Services, []explore.Count{{Name: "ec2", Count: 1}, {Name: "s3", Count: 1}}) || !slices.Equal(a.Regions, []explore.Count{{Name: "global", Count: 1}, {Name: "r", Count: 1}}) {
		t.Errorf("services %v regions %v", a.Services, a.Regions)
	}
}

func TestFailures(t *testing.T) {
	w := cast()
	del := w.call(deed{at: at(5), from: tempKey, action: "s3:DeleteBucket", to: bucket, effect: graph.Delete})
	for i := range 30 {
		w.call(deed{at: at(6 + float64(i)/10), from: nodeKey, action: "s3:GetObject", to: bucket, outcome: graph.Failed})
	}
	w.call(deed{at: at(7), from: nodeKey, action: "lambda:Invoke", to: "arn:aws:lambda:r:1:function:f", outcome: graph.Fault})
	w.call(deed{at: at(1), from: nodeKey, action: "s3:GetObject", to: bucket, outcome: graph.Denied})
	w.call(deed{at: at(8), from: nodeKey, action: "s3:GetObject", to: bucket, outcome: graph.Denied})
	w.call(deed{at: at(30), from: nodeKey, action: "s3:PutObject", to: bucket, outcome: graph.Denied})
	w.call(deed{at: at(30), from: nodeKey, action: "s3:PutObject", to: bucket, outcome: graph.Throttled})
	w.call(deed{at: at(30), from: nodeKey, action: "s3:GetBucketPolicy", to: bucket, outcome: graph.Probe})
	w.call(deed{at: at(31), from: nodeKey, action: "s3:DeleteBucket", to: bucket, effect: graph.Delete, outcome: graph.Denied})
	f, err := explore.New(w.store(t), explore.Options{}).Failures(context.Background(), explore.FailuresQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Total != (explore.FailureTotal{Deletions: 1, Faults: 31, Denials: 4, Throttles: 1}) || f.Excluded.Probes != 1 {
		t.Errorf("%+v %+v", f.Total, f.Excluded)
	}
	if len(f.Failures) != 3 || f.Failures[0].Evidence[0] != del || f.Failures[0].Identities[0] != deploy || f.Failures[1].Count != 30 || len(f.Failures[1].Evidence) != 10 || f.Failures[2].Outcome != graph.Fault {
		t.Errorf("%+v", f.Failures)
	}
	if len(f.Bursts) != 3 || f.Bursts[0].Count != 2 || f.Bursts[1].Count != 2 || f.Bursts[1].First != at(30) || f.Bursts[0].Identity != nodeRole {
		t.Errorf("%+v", f.Bursts)
	}
}
