package explore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

func picture(t *testing.T, e *explore.Explorer, q explore.PictureQuery) *explore.Picture {
	t.Helper()
	p, err := e.Picture(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	on := map[graph.ID]bool{}
	for _, n := range p.Nodes {
		if on[n.Node.ID] {
			t.Errorf("%s is drawn twice", n.Node.ID)
		}
		on[n.Node.ID] = true
	}
	for _, x := range p.Edges {
		if !on[x.From] || !on[x.To] {
			t.Errorf("%s ends at a node that is not drawn", x.ID)
		}
	}
	for _, g := range p.Groups {
		if !on[g.Hub] {
			t.Errorf("group %s hangs on nothing", g.ID)
		}
	}
	return p
}

// A picture draws exactly the callers that touched names, and its edges into
// the resource hold exactly their calls.
func TestPictureIsTouched(t *testing.T) {
	for seed := range uint64(20) {
		e := explore.New(with(randomDeeds(rand.New(rand.NewPCG(seed, 7)), 60)).store(t), explore.Options{})
		w := graph.Window{From: at(20), To: at(200)}
		for _, who := range []explore.Who{explore.WhoNHI, explore.WhoAll, explore.WhoHuman} {
			p := picture(t, e, explore.PictureQuery{Of: []string{bucket}, Window: w, Who: who, Match: graph.Derived, Probes: true})
			touched, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{bucket}, Window: w, Who: who, Match: graph.Derived, Parts: true, Probes: true, NoChain: true})
			if err != nil {
				t.Fatal(err)
			}
			on := map[graph.ID]explore.PictureNode{}
			for _, n := range p.Nodes {
				on[n.Node.ID] = n
				if n.First != 0 && n.First < w.From {
					t.Errorf("seed %d: %s is drawn at %s, before the window", seed, n.Node.ID, n.First)
				}
			}
			for _, i := range touched.Identities {
				for _, c := range i.Credentials {
					if _, ok := on[c.ID]; !ok {
						t.Errorf("seed %d, %s: %s touched it and is not drawn", seed, who, c.ID)
					}
				}
			}
			for _, x := range p.Edges {
				if x.Kind == graph.Called && (x.First < w.From || x.Last >= w.To || x.Calls == 0 || len(x.Evidence) == 0) {
					t.Errorf("seed %d: an edge out of the window or without calls: %+v", seed, x)
				}
			}
		}
	}
}

// hub is a bucket that so many roles read, each with a key of its own, one of
// them in vain, while another deletes it.
func hub(n int) *world {
	w := cast()
	for i := range n {
		role, key := fmt.Sprintf("arn:aws:iam::1:role/r%04d", i), fmt.Sprintf("aws:key:ASIAHUB%09d", i)
		w.stands(graph.Of, key, role, at(1))
		d := deed{at: at(10 + float64(i)/100), from: key, action: "s3:GetObject", to: bucket, effect: graph.Read}
		if i == n/2 {
			d.outcome = graph.Denied
		}
		w.call(d)
	}
	w.call(deed{at: at(30), from: tempKey, action: "s3:DeleteBucket", to: bucket, effect: graph.Delete, agent: agent})
	return w
}

// Siblings fold into one group that says how many there are and how bad it is,
// and its pages hold each of them once; the one that matters keeps its chain.
func TestPictureFolds(t *testing.T) {
	e := explore.New(hub(500).store(t), explore.Options{})
	q := explore.PictureQuery{Of: []string{bucket}, Window: graph.Window{From: at(0), To: at(60)}}
	p := picture(t, e, q)
	if p.Shown.Nodes > explore.DefaultPictureNodes || p.Shown.Edges > explore.DefaultPictureEdges || p.All.Nodes < 1000 || p.Truncated != nil {
		t.Errorf("%+v of %+v, truncated %v", p.Shown, p.All, p.Truncated)
	}
	if len(p.Groups) != 1 || p.Groups[0].Count != 492 || p.Groups[0].Hub != bucket || !p.Groups[0].Inward || p.Groups[0].Kind != graph.Identity || p.Groups[0].Worst != graph.OK {
		t.Fatalf("groups %+v", p.Groups)
	}
	want := map[graph.ID]bool{agent: true, tempKey: true, aliceKey: true, alice: true, deploy: true, "arn:aws:iam::1:role/r0250": true}
	seen := map[graph.ID]bool{}
	for _, n := range p.Nodes {
		seen[n.Node.ID] = true
		delete(want, n.Node.ID)
	}
	if len(want) > 0 {
		t.Errorf("not drawn: %v", want)
	}
	after := ""
	total, pages := 0, 0
	for {
		m, err := e.Members(context.Background(), explore.MembersQuery{PictureQuery: q, Group: p.Groups[0].ID, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Nodes) != len(m.Edges) || len(m.Nodes) > 50 || m.Total != 492 {
			t.Errorf("%d nodes, %d edges, total %d", len(m.Nodes), len(m.Edges), m.Total)
		}
		for _, n := range m.Nodes {
			if seen[n.Node.ID] {
				t.Errorf("%s stands twice", n.Node.ID)
			}
			seen[n.Node.ID] = true
		}
		total, pages = total+len(m.Nodes), pages+1
		if after = m.Cursor; after == "" {
			break
		}
	}
	if total != 492 || pages != 10 {
		t.Errorf("%d members on %d pages", total, pages)
	}
	if _, err := e.Members(context.Background(), explore.MembersQuery{PictureQuery: q, Group: "CALLED|in|IDENTITY||x"}); graph.Code(err) != graph.CodeNotFound {
		t.Error(err)
	}
	q.Nodes, q.Edges = 20_000, 40_000
	if all := picture(t, e, q); all.Shown != all.All || len(all.Groups) != 0 {
		t.Errorf("an overview folds: %+v of %+v", all.Shown, all.All)
	}
	q.Nodes, q.Edges = 5, 10
	if few := picture(t, e, q); few.Shown.Nodes > 5 || few.Truncated == nil || few.Coverage.Complete || len(few.Nodes) == 0 {
		t.Errorf("%+v truncated %v", few.Shown, few.Truncated)
	}
}

// What is remembered answers like what is drawn anew: whatever was asked before,
// by several at a time, before and after the store learnt more.
func TestPictureRemembered(t *testing.T) {
	w := hub(60)
	s := w.store(t)
	e := explore.New(s, explore.Options{})
	text := func(x any, err error) string {
		t.Helper()
		b, jerr := json.Marshal(x)
		if err = errors.Join(err, jerr); err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	look := func(e *explore.Explorer, q explore.PictureQuery) string {
		p, err := e.Picture(context.Background(), q)
		out := text(p, err)
		for _, g := range p.Groups {
			m, err := e.Members(context.Background(), explore.MembersQuery{PictureQuery: q, Group: g.ID, First: 7})
			out += text(m, err)
		}
		return out
	}
	var qs []explore.PictureQuery
	for _, of := range [][]string{{bucket}, {deploy}, {bucket, deploy}} {
		for _, to := range []float64{10.3, 60} {
			for _, nodes := range []int{0, 5} {
				for _, who := range []explore.Who{explore.WhoNHI, explore.WhoAll} {
					qs = append(qs, explore.PictureQuery{Of: of, Window: graph.Window{From: at(0), To: at(to)}, Nodes: nodes, Who: who})
				}
			}
		}
	}
	check := func() {
		t.Helper()
		var wg sync.WaitGroup
		for range 3 {
			for _, q := range qs {
				wg.Go(func() {
					if got, want := look(e, q), look(explore.New(s, explore.Options{}), q); got != want {
						t.Errorf("%+v:\n%s\nwant\n%s", q, got, want)
					}
				})
			}
		}
		wg.Wait()
	}
	check()
	mark, err := e.Watermark(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	before := look(e, qs[0])
	more := cast()
	more.call(deed{at: at(10), from: tempKey, action: "s3:PutBucketPolicy", to: bucket, effect: graph.Grant})
	more.into(t, s)
	check()
	if look(e, qs[0]) == before {
		t.Error("what came later is not seen")
	}
	for i := range qs {
		qs[i].AsOf = mark
	}
	check()
}

func TestPictureRejects(t *testing.T) {
	e := explore.New(cast().store(t), explore.Options{})
	for _, q := range []explore.PictureQuery{{}, {Of: []string{bucket}, Nodes: -1}, {Of: []string{bucket}, Edges: explore.MaxPictureEdges + 1}} {
		if _, err := e.Picture(context.Background(), q); graph.Code(err) != graph.CodeInvalid || graph.Hint(err) == "" {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
