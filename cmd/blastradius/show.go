package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// short is what people call a thing: the end of an ARN or id that tells it
// apart, without the path before it.
func short(id graph.ID) string {
	s := string(id)
	if a, ok := graph.ParseARN(s); ok {
		kind, rest, found := strings.Cut(a.Resource, "/")
		switch {
		case a.Service == "s3" && a.Account == "" && found:
			return "object " + a.Resource
		case a.Service == "s3" && a.Account == "":
			return "bucket " + a.Resource
		case !found || strings.Contains(kind, ":"):
			return a.Service + " " + a.Resource
		}
		if a.Service == "iam" || a.Service == "sts" {
			// The path before a principal's name says nothing.
			return kind + " " + rest[strings.LastIndexByte(rest, '/')+1:]
		}
		return kind + " " + rest
	}
	if rest, ok := strings.CutPrefix(s, "agent:"); ok { // agent:<tool>:<session or key>[:<terminal>]
		tool, _, _ := strings.Cut(rest, ":")
		return "agent " + tool
	}
	for _, prefix := range []string{"aws:key:", "aws:session:", "aws:service:", "client:"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return rest
		}
	}
	return s
}

// clock is a time of day where the day is clear from the window, else the whole
// time.
func clock(t graph.Time, w graph.Window) string {
	if t == 0 {
		return ""
	}
	if w.From != 0 && w.To != 0 && sameDay(w.From.Time(), (w.To-1).Time()) && sameDay(t.Time(), w.From.Time()) {
		return t.Time().Format("15:04:05") + fraction(t) + "Z"
	}
	return t.String()
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

func fraction(t graph.Time) string {
	if ms := int64(t) % 1000; ms != 0 {
		return fmt.Sprintf(".%03d", ms)
	}
	return ""
}

// between is "first to last" as clock shows them, once where they are the same.
func between(first, last graph.Time, w graph.Window) string {
	if first == last {
		return clock(first, w)
	}
	return clock(first, w) + " to " + clock(last, w)
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	switch {
	case strings.HasSuffix(noun, "ty"), strings.HasSuffix(noun, "ry"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// some joins a list, cut behind the first few with the number of the others.
func some(list []string, most int) string {
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}

// missing says in plain words why an answer may lack something; empty where it
// does not.
func missing(s *explore.Status) []string {
	var out []string
	if t := s.Truncated; t != nil {
		out = append(out, fmt.Sprintf("the walk was cut at its limit of %d %s", t.Value, strings.ToLower(string(t.Limit))))
	}
	if c := s.Coverage; c != nil && !c.Complete {
		out = append(out, c.Reasons...)
		if len(c.Reasons) == 0 {
			out = append(out, "the data does not cover the window")
		}
	}
	return out
}

// showUnseen ends every answer over a window: what it is based on, and what could
// not be seen. leftOut says what was found and is not shown.
func showUnseen(p *page, s *explore.Status, leftOut []string) {
	p.line("")
	p.line("What could not be seen")
	lacks := missing(s)
	for _, l := range lacks {
		p.line("  - %s", l)
	}
	if c := s.Coverage; c != nil {
		showGaps(p, c, s.Window)
		if c.UnjoinedSessions > 0 {
			p.line("  - %s (or keys) with calls in the window came from an issuer that is not in the data", count(c.UnjoinedSessions, "session"))
		}
	}
	for _, l := range leftOut {
		p.line("  - left out: %s", l)
	}
	for _, n := range s.Notes {
		p.line("  - %s", n)
	}
	if c := s.Coverage; c != nil {
		if len(lacks) == 0 {
			p.line("  - no gap is known of: %s, events from %s to %s", count(len(c.Sources), "source"), c.FirstEvent, c.LastEvent)
		} else {
			p.line("  - the data: %s, events from %s to %s", count(len(c.Sources), "source"), c.FirstEvent, c.LastEvent)
		}
	}
	p.line("window %s to %s, as of ledger number %d", s.Window.From, s.Window.To, s.AsOf)
}

// leftOut says what was found and is not shown.
func leftOut(e explore.Excluded) []string {
	var out []string
	if e.HumanCalls > 0 {
		out = append(out, count(e.HumanCalls, "call")+" by people (--who all shows them)")
	}
	if e.NonHumanCalls > 0 {
		out = append(out, count(e.NonHumanCalls, "call")+" by non-human identities (--who all shows them)")
	}
	if e.Probes > 0 {
		out = append(out, count(e.Probes, "probe")+" for what is not there")
	}
	return out
}

func showGaps(p *page, c *explore.Coverage, w graph.Window) {
	for _, g := range c.Gaps {
		until := "open"
		if g.To != 0 {
			until = clock(g.To, w)
		}
		p.line("  - %s %s: %s to %s: %s", string(g.Kind), g.Source, clock(g.From, w), until, g.Reason)
	}
}

// evidence shows the first id of a list, and how many others there are.
func evidence(ids []string, total int) string {
	if len(ids) == 0 {
		return ""
	}
	text := eventID(ids[0])
	if more := max(total, len(ids)) - 1; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// eventID is an evidence id without the receiving account: the event command
// takes either.
func eventID(evidence string) string {
	id, _, _ := strings.Cut(evidence, "@")
	return id
}

// toolsOf are the agents among what calls came through, by id, with the tool
// each is a run of.
func toolsOf(via []explore.Intermediary) map[graph.ID]string {
	tools := map[graph.ID]string{}
	for _, v := range via {
		if v.Kind == graph.Agent {
			tools[v.ID] = v.Tool
		}
	}
	return tools
}

// callTable shows groups of like calls; where all hit the one thing that was
// asked about, the target is left out, and what they came through where all came
// the same way.
func callTable(p *page, calls []explore.CallRow, via []explore.Intermediary, w graph.Window, asked map[graph.ID]bool) {
	way := func(c *explore.CallRow) graph.Via {
		return graph.Via{Agent: c.Agent, Client: c.Client, Service: c.Service}
	}
	differ := slices.ContainsFunc(calls, func(c explore.CallRow) bool { return way(&c) != way(&calls[0]) })
	tools := toolsOf(via)
	approved := slices.ContainsFunc(calls, func(c explore.CallRow) bool { return covered(c.Approval) })
	rows := make([][]string, len(calls))
	for i, c := range calls {
		target := ""
		if !asked[c.Target] {
			target = string(c.Target)
		}
		who := ""
		if c.Who != explore.NHI {
			who = string(c.Who)
		}
		match := ""
		if c.Match != graph.Declared {
			match = c.Match.String()
		}
		through := ""
		if differ {
			through = cmp.Or(tools[c.Agent], short(cmp.Or(c.Service, c.Client)))
		}
		rows[i] = []string{c.Action, c.Effect.String(), c.Outcome.String(), fmt.Sprint(c.Count), clock(c.First, w), lastClock(c.First, c.Last, w),
			match, target, through, who, evidence(c.Evidence, c.EvidenceTotal), ""}
		if approved {
			rows[i][11] = approval(c.Approval)
		}
	}
	p.table([]string{"action", "effect", "outcome", "CALLS", "first", "last", "match", "target", "through", "who", "evidence", "approval"}, rows)
	if !approved && slices.ContainsFunc(calls, func(c explore.CallRow) bool { return c.Approval != nil }) {
		p.line("   of what it changed: %s", explore.NoApproval)
	}
}

// covered reports whether the data shows an approval.
func covered(a *explore.Approvals) bool { return a != nil && a.Covered > 0 }

// approval says who approved, in words; nothing of what needs no approval.
func approval(a *explore.Approvals) string {
	if a == nil {
		return ""
	}
	return a.Text
}

func lastClock(first, last graph.Time, w graph.Window) string {
	if first == last {
		return ""
	}
	return clock(last, w)
}

// callRow is a group of like calls for programs.
func callRow(identity string, class explore.Class, c *explore.CallRow) row {
	return row{{"type", "call"}, {"identity", identity}, {"class", string(class)}, {"action", c.Action}, {"effect", c.Effect.String()},
		{"outcome", c.Outcome.String()}, {"match", c.Match.String()}, {"role", c.Role.String()}, {"plane", c.Plane.String()},
		{"target", string(c.Target)}, {"resource", string(c.Resource)},
		{"agent", string(c.Agent)}, {"client", string(c.Client)}, {"service", string(c.Service)}, {"who", string(c.Who)}, {"reason", c.Reason},
		{"count", c.Count}, {"first", c.First.String()}, {"last", c.Last.String()}, {"evidence", c.Evidence}, {"evidenceTotal", c.EvidenceTotal},
		{"approval", approval(c.Approval)}}
}

// columnsOf are the names of a row's fields without its type: the header of CSV.
func columnsOf(r row) []string {
	var out []string
	for _, f := range r {
		if f.name != "type" {
			out = append(out, f.name)
		}
	}
	return out
}

func texts[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
