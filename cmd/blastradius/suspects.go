package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// suspects is the command that asks who may have done it.
func (m *Main) suspects() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suspects RESOURCE",
		Short: "Who may have caused the failure of a resource, each term of the ranking shown",
		Long: `suspects ranks who changed the resource in the time before it failed, or what it relied
on, and who set those going or gave them the means. Every term of a score is printed with
its reason; a score orders the candidates of one answer and means nothing beside it.
Named is only who left its habits; that nobody is named is an answer.`,
		Example: "  blastradius suspects billing-ledger --at 2026-11-22T13:44:00Z\n  blastradius suspects billing-ledger --at 1h --look-back 8h --baseline 14d",
		Args:    exactly(1, "a RESOURCE (an ARN, an id or a name)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			vars := map[string]any{"resource": args[0]}
			if at, _ := cmd.Flags().GetString("at"); at != "" {
				t, err := m.timeFlag(cmd, "at", at)
				if err != nil {
					return err
				}
				vars["at"] = stamp(t)
			}
			if v, _ := cmd.Flags().GetString("look-back"); v != "" {
				vars["lookBack"] = v
			}
			baselineFlag(cmd, vars)
			asOf(cmd, vars)
			return ask(m, cmd, suspectsQuestion(vars))
		},
	}
	cmd.Flags().String("at", "", "when it failed: a `time`, or how long ago (default now)")
	cmd.Flags().String("look-back", "", "how much `time` before that is looked at (default 4h)")
	addBaselineFlag(cmd)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func suspectsQuestion(vars map[string]any) question[explore.Suspects] {
	return question[explore.Suspects]{
		name: "suspects", vars: vars, show: showSuspects,
		columns: columnsOf(termRow(&explore.Suspect{}, &explore.Term{})),
		rows: func(a *explore.Suspects) (out []row) {
			for i := range a.Candidates {
				c := &a.Candidates[i]
				for j := range c.Terms {
					out = append(out, termRow(c, &c.Terms[j]))
				}
			}
			return out
		},
		found:  func(a *explore.Suspects) bool { return a.Verdict == explore.Named },
		status: func(a *explore.Suspects) *explore.Status { return &a.Status },
	}
}

func termRow(c *explore.Suspect, t *explore.Term) row {
	return row{{"type", "term"}, {"rank", c.Rank}, {"tied", c.Tied}, {"named", c.Named}, {"score", c.Score}, {"actor", string(c.Actor.ID)},
		{"identity", string(c.Identity.ID)}, {"agent", string(c.Agent)}, {"why", c.Why}, {"term", string(t.Term)}, {"value", t.Value},
		{"weight", t.Weight}, {"points", t.Points}, {"reason", t.Reason}, {"evidence", t.Evidence},
		{"approval", leadApproval(c)}}
}

// leadApproval is who approved the act that the terms speak of.
func leadApproval(c *explore.Suspect) string {
	if len(c.Acts) == 0 {
		return ""
	}
	return approval(c.Acts[0].Approval)
}

// maxSuspects is how many candidates that are not named are shown whole.
const maxSuspects = 3

func showSuspects(p *page, a *explore.Suspects) {
	if a.Resource.Note != "" {
		p.line("%s: %s", a.Resource.Asked, a.Resource.Note)
	}
	if a.Verdict == explore.Nobody {
		p.line("NOBODY is named for the failure of %s at %s: %s.", string(a.Resource.Node.ID), a.At, a.Reason)
	} else {
		p.line("%s named for the failure of %s at %s: %s.", count(a.Total.Named, "candidate")+map[bool]string{true: " is", false: " are"}[a.Total.Named == 1],
			string(a.Resource.Node.ID), a.At, a.Reason)
	}
	p.line("Looked at: %s that changed it or one of %s it relied on, in the %s before.", count(a.Total.Changes, "call"), count(a.Total.ReliedOn, "thing"), a.LookBack)
	showBaseline(p, &a.Baseline)
	unnamed, hidden := 0, 0
	for i := range a.Candidates {
		c := &a.Candidates[i]
		if !c.Named {
			if unnamed++; unnamed > maxSuspects {
				hidden++
				continue
			}
		}
		showSuspect(p, c, a.Window)
	}
	if hidden > 0 {
		p.line("")
		p.line("and %s that is not named (--format ndjson shows all)", count(hidden, "candidate"))
	}
	showUnseen(p, &a.Status, nil)
}

func showSuspect(p *page, c *explore.Suspect, w graph.Window) {
	p.line("")
	head := fmt.Sprintf("%d.", c.Rank)
	if c.Tied > 1 {
		head += fmt.Sprintf(" (a tie of %d)", c.Tied)
	}
	if !c.Named {
		head += " not named:"
	}
	p.line("%s %s, score %.2f (%s)", head, string(c.Identity.ID), c.Score, string(c.Identity.Class))
	p.line("   %s", c.Why)
	p.line("   acting as    %s", string(c.Actor.ID))
	if c.Agent != "" {
		p.line("   AI agent     %s, %s", agentText(c.Agent, c.AgentCertainty), string(c.Agent))
	}
	if text := leadApproval(c); text != "" {
		p.line("   approval     %s", text)
	}
	for _, h := range c.Chain {
		if h.Kind == graph.Issued {
			p.line("   came from    %s, issued %s, %s%s", short(h.From), clock(h.At, w), h.Join.String(), map[bool]string{true: ", possible"}[h.Certainty == explore.Possible])
		}
	}
	rows := make([][]string, len(c.Terms))
	for i, t := range c.Terms {
		rows[i] = []string{strings.ToLower(string(t.Term)), fmt.Sprintf("%.2f x %g = %.2f", t.Value, t.Weight, t.Points), t.Reason, evidence(t.Evidence, 0)}
	}
	p.table([]string{"term", "points", "reason", "evidence"}, rows)
	for i, x := range c.Acts {
		if i > 0 {
			line := fmt.Sprintf("%s %s on %s, %s", clock(x.At, w), x.Action, short(x.Target), evidence(x.Evidence, 0))
			if text := approval(x.Approval); text != approval(c.Acts[0].Approval) && text != "" {
				line += ", " + text
			}
			p.line("   also         %s", line)
		}
	}
	if more := c.ActsTotal - len(c.Acts); more > 0 {
		p.line("   and %d more", more)
	}
}
