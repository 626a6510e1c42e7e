package cloudtrail

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// touch is one answer of the independent program: the calls that reach a
// resource, at one of three levels.
type touch struct {
	Level, Resource string
	From, To        *time.Time
	Events          int
	Rows            []touchRow
}

type touchRow struct {
	Count          int
	Error, Event   string
	Key, Type, Who string
}

// TestTouchOfInvictus compares the targets of every record of the capture with
// the independent answers: DECLARED has exactly their declared calls, DERIVED
// holds these and nothing outside their derived.
func TestTouchOfInvictus(t *testing.T) {
	recs := captured(t, "invictus-aws-stratus-2023/CloudTrail")
	b, err := os.ReadFile("../../../shared/data/answers/invictus.json")
	if err != nil {
		t.Skip("the answers are not here")
	}
	var answers struct{ Touch []touch }
	if err := json.Unmarshal(b, &answers); err != nil {
		t.Fatal(err)
	}
	x := newExtractor(false)
	type hit struct {
		r     *Record
		match graph.Match
	}
	hits := map[graph.ID][]hit{}
	for _, r := range recs {
		for _, tg := range x.targets(r, x.action(r), nil) {
			hits[tg.ID] = append(hits[tg.ID], hit{r, tg.Match})
		}
	}
	// rows counts the calls on a resource by what the answers tell apart.
	rows := func(a touch, upTo graph.Match) map[touchRow]int {
		n := map[touchRow]int{}
		for _, h := range hits[graph.ID(a.Resource)] {
			at := h.r.Time.Time()
			if h.match > upTo || a.From != nil && at.Before(*a.From) || a.To != nil && !at.Before(*a.To) {
				continue
			}
			n[touchRow{Event: h.r.EventName, Error: h.r.ErrorCode, Key: h.r.Identity.AccessKeyID}]++
		}
		return n
	}
	want := func(a touch) map[touchRow]int {
		n := map[touchRow]int{}
		for _, r := range a.Rows {
			n[touchRow{Event: r.Event, Error: r.Error, Key: r.Key}] += r.Count
		}
		return n
	}
	declared := map[string]map[touchRow]int{}
	for _, a := range answers.Touch {
		slot := a.Resource
		if a.From != nil {
			slot += a.From.String()
		}
		switch a.Level {
		case "declared":
			declared[slot] = want(a)
			got := rows(a, graph.Declared)
			compare(t, "declared", a, got, want(a))
			compare(t, "declared", a, want(a), got)
		case "derived":
			got := rows(a, graph.Derived)
			compare(t, "outside derived", a, got, want(a))
			compare(t, "missing of declared", a, declared[slot], got)
			if len(got) < len(want(a)) {
				for k, n := range want(a) {
					if got[k] < n {
						t.Logf("%s: derived there, not here: %v %d of %d", a.Resource, k, got[k], n)
					}
				}
			}
			all := rows(a, graph.Mentioned)
			compare(t, "missing of mentioned", a, got, all)
		}
	}
	if len(declared) != 13 {
		t.Errorf("%d resources compared, want 13", len(declared))
	}
}

// compare reports what a has more of than b.
func compare(t *testing.T, what string, at touch, a, b map[touchRow]int) {
	t.Helper()
	for k, n := range a {
		if n > b[k] {
			t.Errorf("%s %s: %+v %d, not %d", what, at.Resource, k, n, b[k])
		}
	}
}
