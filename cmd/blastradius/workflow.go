package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// workflow is the command that asks who took part.
func (m *Main) workflow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "workflow THING…",
		Short: "Every identity in the workflow around a thing, why it belongs, and what it did",
		Long: `workflow goes from a resource, session, key, agent, workload or the event id of a change
to all that took part: what issued the credentials and what they issued, the same run
of an agent, the same pipeline, the workloads and their sessions. What many share (roles,
long-lived keys, sign-ins, AWS services) is named and not walked through.`,
		Example: "  blastradius workflow ASIAOFVOSODMWEXAMPLE --last 4h\n  blastradius workflow 1433d7ff-581d-43dc-8c3f-863286c79ceb --last 4h",
		Args:    atLeast(1, "a THING (a resource, session, key, agent or workload, or an event id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			vars := map[string]any{"of": args, "window": window}
			if err := whoFlags(cmd, vars); err != nil {
				return err
			}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Workflow]{
				name: "workflow", vars: vars, show: showWorkflow,
				columns: columnsOf(callRow("", "", &explore.CallRow{})),
				rows: func(a *explore.Workflow) (out []row) {
					for i := range a.Members {
						x := &a.Members[i]
						for _, w := range x.Why {
							out = append(out, membershipRow("member", string(x.Identity.ID), &w))
						}
						for j := range x.Calls {
							out = append(out, callRow(string(x.Identity.ID), x.Identity.Class, &x.Calls[j]))
						}
					}
					for i := range a.Workloads {
						out = append(out, membershipRow("workload", string(a.Workloads[i].Node.ID), &a.Workloads[i].Why))
					}
					return out
				},
				found:  func(a *explore.Workflow) bool { return a.Total.Calls > 0 },
				status: func(a *explore.Workflow) *explore.Status { return &a.Status },
			})
		},
	}
	addWindowFlags(cmd)
	addWhoFlags(cmd, "nhi")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func membershipRow(typ, identity string, w *explore.Membership) row {
	return row{{"type", typ}, {"identity", identity}, {"why", string(w.Kind)}, {"node", string(w.Node)}, {"from", string(w.From)}, {"join", w.Join.String()},
		{"certainty", string(w.Certainty)}, {"at", w.At.String()}, {"hops", w.Hops}, {"evidence", w.Evidence}}
}

func showWorkflow(p *page, a *explore.Workflow) {
	var names []string
	asked := map[graph.ID]bool{}
	for _, n := range a.Of {
		names = append(names, string(n.ID))
		asked[n.ID] = true
	}
	p.line("%s in the workflow around %s between %s and %s, with %s.", count(a.Total.Identities, "identity"), some(names, 3), a.Window.From, a.Window.To, count(a.Total.Calls, "call"))
	for i := range a.Members {
		showMember(p, i+1, &a.Members[i], a.Window, asked)
	}
	if len(a.Workloads) > 0 {
		p.line("")
		p.line("Workloads")
		for _, w := range a.Workloads {
			p.line("  %s: %s", string(w.Node.ID), whyText(&w.Why, a.Window))
		}
	}
	if len(a.Hubs) > 0 {
		p.line("")
		p.line("Shared by many, and not walked through")
		for _, h := range a.Hubs {
			p.line("  %s: %s", short(h.Node.ID), h.Reason)
		}
	}
	showUnseen(p, &a.Status, leftOut(a.Excluded))
}

// maxWhy is how many reasons of one identity are shown.
const maxWhy = 6

func showMember(p *page, n int, x *explore.Member, w graph.Window, asked map[graph.ID]bool) {
	p.line("")
	p.line("%d. %s (%s)", n, string(x.Identity.ID), string(x.Identity.Class))
	if x.Total > 0 {
		p.line("   %s, %s", count(x.Total, "call"), between(x.First, x.Last, w))
	} else {
		p.line("   no calls of its own are shown")
	}
	for i := range x.Why {
		if i == maxWhy {
			p.line("   and %d more", len(x.Why)-maxWhy)
			break
		}
		p.line("   %s", whyText(&x.Why[i], w))
	}
	var via []string
	for _, v := range x.Via {
		via = append(via, fmt.Sprintf("%s (%d)", short(v.ID), v.Calls))
	}
	if len(via) > 0 {
		p.line("   through      %s", some(via, 6))
	}
	callTable(p, x.Calls, x.Via, w, asked)
}

// whyText is one reason in words.
func whyText(m *explore.Membership, w graph.Window) string {
	from := short(m.From)
	text := map[explore.MembershipKind]string{
		explore.Asked: "is what was asked for", explore.Toucher: "called " + from, explore.Changer: "changed " + from, explore.Issuer: "issued " + from,
		explore.IssuedBy: "issued by " + from, explore.Holder: "belongs with " + from, explore.AgentRun: "the same agent run as " + from,
		explore.PipeRun: "obtained by the pipeline " + from, explore.Runner: "a workload with its session: " + from,
		explore.Controlled: "set going by " + from, explore.Delegator: "acted for by " + from}[m.Kind]
	text = short(m.Node) + " " + text
	if m.At != 0 && m.Kind != explore.Asked {
		text += " " + clock(m.At, w)
	}
	if m.Join != 0 {
		text += ", " + m.Join.String()
	}
	if m.Certainty == explore.Possible {
		text += ", possible"
	}
	if len(m.Evidence) > 0 && m.Evidence[0] != "" {
		text += ", " + eventID(m.Evidence[0])
	}
	return strings.TrimSpace(text)
}
