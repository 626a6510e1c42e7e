package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// GapKind says why data may be missing.
type GapKind string

// The kinds of gaps.
const (
	GapLoggingStopped GapKind = "LOGGING_STOPPED" // a trail was stopped, deleted or narrowed
	GapFileMissing    GapKind = "FILE_MISSING"    // a digest lists a file that was not ingested
	GapSilent         GapKind = "SILENT"          // a continuous stream went silent while others went on
)

// Gap is a span of time in which data may be missing. A zero To is open.
type Gap struct {
	Kind     GapKind    `json:"kind"`
	Source   string     `json:"source"` // trail, file or stream
	From     graph.Time `json:"from"`
	To       graph.Time `json:"to"`
	Reason   string     `json:"reason"`
	Evidence []string   `json:"evidence"`
}

// logging says what an action on a trail does: true starts it, false stops it.
var logging = map[string]bool{
	"cloudtrail:StopLogging": false, "cloudtrail:DeleteTrail": false,
	"cloudtrail:StartLogging": true, "cloudtrail:CreateTrail": true,
}

// stoppedLogging finds when trails were stopped or deleted, until they were
// started or created again.
func stoppedLogging(ctx context.Context, store graph.Store, asOf uint64) ([]Gap, error) {
	var trails []graph.ID
	for n, err := range store.Nodes(ctx, graph.Selector{Search: "arn cloudtrail trail", Kinds: []graph.Kind{graph.Resource}}) {
		if err != nil {
			return nil, fmt.Errorf("find trails: %w", err)
		}
		if arn, ok := graph.ParseARN(string(n.ID)); ok && arn.Service == "cloudtrail" && strings.HasPrefix(arn.Resource, "trail/") {
			trails = append(trails, n.ID)
		}
	}
	type step struct {
		sight
		starts bool
	}
	steps := map[graph.ID][]step{}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Outcomes: []graph.Outcome{graph.OK}, Detail: graph.Evidence, AsOf: asOf,
		Effects: []graph.Effect{graph.Create, graph.Change, graph.Delete, graph.Grant, graph.Control}}
	if len(trails) == 0 {
		return nil, nil
	}
	for e, err := range store.Edges(ctx, trails, graph.In, f) {
		if err != nil {
			return nil, fmt.Errorf("read trails: %w", err)
		}
		starts, ok := logging[e.Label.Action]
		if !ok {
			continue
		}
		for _, o := range e.Observations {
			steps[e.To] = append(steps[e.To], step{sight{o.At, o.Evidence}, starts})
		}
	}
	var out []Gap
	for _, id := range trails {
		ss := steps[id]
		slices.SortFunc(ss, func(a, b step) int { return compareSight(a.sight, b.sight) })
		var open *Gap
		for _, s := range ss {
			switch {
			case !s.starts && open == nil:
				open = &Gap{Kind: GapLoggingStopped, Source: string(id), From: s.at, Reason: "the trail was stopped or deleted", Evidence: []string{s.evidence}}
			case s.starts && open != nil:
				open.To, open.Evidence = s.at, append(open.Evidence, s.evidence)
				out = append(out, *open)
				open = nil
			}
		}
		if open != nil {
			out = append(out, *open)
		}
	}
	return out, nil
}

// missingFiles finds log files that digests list and the ledger lacks. Files
// are told by their last name, which CloudTrail makes unique.
func missingFiles(digests []graph.Source, have map[string]bool) []Gap {
	var out []Gap
	for _, d := range digests {
		for _, f := range d.Lists {
			if !have[lastSegment(f)] {
				out = append(out, Gap{Kind: GapFileMissing, Source: f, From: d.First, To: d.Last, Reason: "listed by " + lastSegment(d.Name) + " and not ingested", Evidence: []string{}})
			}
		}
	}
	return out
}

// continuous reports whether the stream's files usually follow each other
// within the threshold: more than half of at least three do.
func (s *stream) continuous(silence graph.Time) bool {
	if len(s.files) < 3 {
		return false
	}
	near := 0
	for i := 1; i < len(s.files); i++ {
		if s.files[i].first-s.files[i-1].last <= silence {
			near++
		}
	}
	return 2*near > len(s.files)-1
}

// silences finds spans longer than the threshold in which a continuous stream
// has no event while others have some. The last one of a stream is open.
func (l *ledger) silences(silence graph.Time) []Gap {
	var out []Gap
	for _, s := range l.streams {
		if s.snapshot || !s.continuous(silence) {
			continue
		}
		last := s.files[0].last
		for _, f := range s.files[1:] {
			if f.first-last > silence && l.othersIn(s, graph.Window{From: last + 1, To: f.first}) {
				out = append(out, silent(s, last, f.first))
			}
			last = max(last, f.last)
		}
		if l.last-last > silence {
			out = append(out, silent(s, last, 0))
		}
	}
	return out
}

func silent(s *stream, from, to graph.Time) Gap {
	g := Gap{Kind: GapSilent, Source: s.name, From: from, To: to, Reason: "no event while other streams went on", Evidence: []string{}}
	if to != 0 {
		g.Reason = fmt.Sprintf("no event for %s while other streams went on", time.Duration(to-from)*time.Millisecond)
	}
	return g
}

// othersIn reports whether streams but s have files that reach into the window.
func (l *ledger) othersIn(s *stream, w graph.Window) bool {
	return l.all.over(w).files+l.all.over(w).records > s.over(w).files+s.over(w).records
}
