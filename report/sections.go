package report

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// section is a part of the report for people: one shape for Markdown and HTML.
// Texts are as the data has them; whoever writes them makes them harmless.
type section struct {
	Title string
	Paras []string
	Items []string
	Table *table
	Parts []section
}

type table struct {
	Header []string
	Rows   [][]string
}

// Title is the report's title.
func (r *Report) Title() string { return "Incident report: " + string(r.Resource) }

// sections are the report for people.
func (r *Report) sections() []section {
	out := []section{
		{Title: "Summary", Paras: r.Summary, Items: append([]string{"Severity " + r.Severity.Grade + ", by rule"}, r.Severity.Reasons...)},
		{Title: "Scope", Table: r.scopeTable()},
		r.timelineSection(),
		r.suspectsSection(),
		r.accessSection(),
	}
	if r.Compromise != nil {
		out = append(out, r.Compromise.section("Reach of the compromise", "Nothing."))
	}
	if r.Failure != nil {
		out = append(out, r.Failure.section("Reach of the failure", "Nothing was hit, as far as the data shows."))
	}
	return append(out, r.containmentSection(),
		section{Title: "What is not known", Items: r.Unknown},
		section{Title: "Follow-ups", Items: r.FollowUps},
		r.querySection())
}

func (r *Report) scopeTable() *table {
	t := &table{Header: []string{"What", "Number", "Which"}}
	add := func(name string, list []string) {
		t.Rows = append(t.Rows, []string{name, fmt.Sprint(len(list)), strings.Join(list, ", ")})
	}
	s := &r.Scope
	add("Identities", texts(s.Identities))
	add("Credentials", texts(s.Credentials))
	add("AI agents", texts(s.Agents))
	add("Services", texts(s.Services))
	add("Data and configuration", texts(s.Data))
	add("Accounts", s.Accounts)
	add("Regions", s.Regions)
	return t
}

func (r *Report) timelineSection() section {
	s := section{Title: "Timeline (UTC)", Table: &table{Header: []string{"At", "Action", "Effect", "Outcome", "Target", "By", "Through", "Calls", "Evidence"}}}
	for _, e := range r.Timeline.Entries {
		through := texts([]graph.ID{e.Agent, e.Service})
		s.Table.Rows = append(s.Table.Rows, []string{e.At.String(), e.Action, e.Effect.String(), e.Outcome.String(), string(e.Target), string(e.Identity),
			strings.TrimSpace(strings.Join(through, " ")), fmt.Sprint(e.Count), strings.Join(e.Evidence, " ")})
	}
	if n := r.Timeline.LeftOut; n > 0 {
		s.Paras = []string{fmt.Sprintf("%d calls on the resource that changed nothing and succeeded are left out.", n)}
	}
	return s
}

func (r *Report) suspectsSection() section {
	s := section{Title: "Suspects", Paras: []string{orText(r.Suspects.Reason, "Verdict: "+r.Suspects.Verdict)}}
	for _, c := range r.Suspects.Candidates {
		p := section{Title: fmt.Sprintf("%d. %s (%.2f)", c.Rank, c.Actor, c.Score), Paras: []string{fmt.Sprintf("As %s: %s.", c.Identity, c.Why)},
			Table: &table{Header: []string{"Term", "Points", "Reason", "Evidence"}}}
		if !c.Named {
			p.Paras = append(p.Paras, "It left none of its habits, and is not named.")
		}
		if c.Agent != "" {
			p.Paras = append(p.Paras, "AI agent: "+string(c.Agent))
		}
		for _, t := range c.Terms {
			p.Table.Rows = append(p.Table.Rows, []string{t.Term, fmt.Sprintf("%.2f", t.Points), t.Reason, strings.Join(t.Evidence, " ")})
		}
		s.Parts = append(s.Parts, p)
	}
	return s
}

func (r *Report) accessSection() section {
	s := section{Title: "Access path"}
	if r.Access.Of == "" {
		s.Paras = []string{"Nobody is suspected."}
		return s
	}
	s.Paras = []string{"How " + string(r.Access.Of) + " came to be, back to its origin, and what the data shows of its identity's trusts and grants."}
	s.Table = &table{Header: []string{"This", "Came by", "From", "At", "Certainty", "Evidence"}}
	for _, h := range r.Access.Chain {
		s.Table.Rows = append(s.Table.Rows, []string{string(h.To), h.How, string(h.From), h.At.String(), h.Certainty, strings.Join(h.Evidence, " ")})
	}
	rights := section{Title: "Trusts and grants", Table: &table{Header: []string{"From", "Kind", "To", "How", "Since", "Until"}}}
	for _, x := range r.Access.Rights {
		rights.Table.Rows = append(rights.Table.Rows, []string{string(x.From), x.Kind, string(x.To), strings.Join(x.Labels, ", "), x.Since.String(), x.Until.String()})
	}
	s.Parts = []section{rights}
	return s
}

func (x *Reach) section(title, none string) section {
	s := section{Title: title, Paras: []string{fmt.Sprintf("From %s, from %s on.", strings.Join(texts(x.From), ", "), x.Since)}}
	if len(x.Nodes) == 0 {
		s.Paras = append(s.Paras, none)
		return s
	}
	s.Table = &table{Header: []string{"Thing", "Mark", "Certainty", "At", "Last hop", "Evidence"}}
	for _, n := range x.Nodes {
		s.Table.Rows = append(s.Table.Rows, []string{string(n.ID), n.Mark, n.Certainty, n.At.String(), n.Why, strings.Join(n.Evidence, " ")})
	}
	return s
}

func (r *Report) containmentSection() section {
	c := &r.Containment
	s := section{Title: "Containment", Paras: []string{"What was really done is not in the data. What follows is worked out on what is recorded; nothing was executed."}}
	if len(c.Cut) == 0 {
		s.Paras = append(s.Paras, "Nobody is suspected, so no cut was tried.")
		return s
	}
	s.Paras = append(s.Paras, fmt.Sprintf("Tried: cut %s at %s.", strings.Join(texts(c.Cut), ", "), c.At))
	for _, a := range c.Alive {
		s.Items = append(s.Items, fmt.Sprintf("lives on: %s, until %s", a.ID, orText(a.Until.String(), "no known end")))
	}
	for _, b := range c.Breaks {
		s.Items = append(s.Items, fmt.Sprintf("breaks: %s through %s, %d calls", b.Identity, b.Through, b.Calls))
	}
	if len(c.Suggestion) > 0 {
		enough := "enough"
		if !c.Sufficient {
			enough = "not enough"
		}
		s.Items = append(s.Items, fmt.Sprintf("suggested cuts, %s to keep it away: %s", enough, strings.Join(texts(c.Suggestion), ", ")))
	}
	return s
}

func (r *Report) querySection() section {
	m := &r.Made
	s := section{Title: "How to reproduce this", Table: &table{Header: []string{"Question", "Variables"}}}
	s.Paras = []string{fmt.Sprintf("Made %s by blastradius %s, as of ledger number %d; who touched the resource was known after %d ms.", m.At, m.Engine, m.AsOf, m.FirstAnswer)}
	if m.Snapshot != "" {
		s.Paras = append(s.Paras, "Asked of the snapshot with content "+m.Snapshot+".")
	}
	s.Paras = append(s.Paras, "The GraphQL documents ship with blastradius under these names; the report as JSON holds them whole.")
	for _, q := range r.Queries {
		s.Table.Rows = append(s.Table.Rows, []string{q.Name, compact(q.Variables)})
	}
	return s
}

func texts(ids []graph.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
