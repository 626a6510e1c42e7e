package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// novel is the command that asks what was never seen before.
func (m *Main) novel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "novel [ACTOR…]",
		Short: "What identities did that they never did before",
		Long: `novel compares the window with the time before it: first calls by identity and action,
identity and service, agent and service, first networks, and first edits of trust,
policies and boundaries, each with its first event and what the identity usually does.
An identity that is new itself has no habits: of it only what changes something is
listed. Where the data begins too late for the baseline, the answer says so.`,
		Example: "  blastradius novel --last 4h\n  blastradius novel deploy-admin --last 1d --baseline 30d",
		RunE: func(cmd *cobra.Command, args []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			vars := map[string]any{"window": window}
			if err := whoFlags(cmd, vars); err != nil {
				return err
			}
			if len(args) > 0 {
				vars["of"] = args
			}
			baselineFlag(cmd, vars)
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Novel]{
				name: "novel", vars: vars, show: showNovel,
				columns: columnsOf(novelRow(&explore.NovelIdentity{}, &explore.Novelty{})),
				rows: func(a *explore.Novel) (out []row) {
					for i := range a.Identities {
						n := &a.Identities[i]
						if n.New {
							out = append(out, row{{"type", "identity"}, {"identity", string(n.Identity.ID)}, {"class", string(n.Identity.Class)}, {"new", true}, {"at", n.Since.String()}, {"folded", n.Folded}})
						}
						for j := range n.Novelties {
							out = append(out, novelRow(n, &n.Novelties[j]))
						}
					}
					return out
				},
				found:  func(a *explore.Novel) bool { return a.Total.Identities > 0 },
				status: func(a *explore.Novel) *explore.Status { return &a.Status },
			})
		},
	}
	addWindowFlags(cmd)
	addBaselineFlag(cmd)
	addWhoFlag(cmd, "nhi")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func addBaselineFlag(cmd *cobra.Command) {
	cmd.Flags().String("baseline", "", "how much `time` before the window tells what is usual: 7d, 4w (default 30d)")
}

func baselineFlag(cmd *cobra.Command, vars map[string]any) {
	if v, _ := cmd.Flags().GetString("baseline"); v != "" {
		vars["baseline"] = v
	}
}

func novelRow(n *explore.NovelIdentity, x *explore.Novelty) row {
	kinds := make([]string, len(x.Kinds))
	for i, k := range x.Kinds {
		kinds[i] = string(k)
	}
	return row{{"type", "novelty"}, {"identity", string(n.Identity.ID)}, {"class", string(n.Identity.Class)}, {"new", n.New}, {"kinds", kinds},
		{"at", x.At.String()}, {"action", x.Action}, {"effect", x.Effect.String()}, {"outcome", x.Outcome.String()}, {"target", string(x.Target)},
		{"network", x.Network}, {"actor", string(x.Actor)}, {"agent", string(x.Agent)}, {"agentCertainty", string(x.AgentCertainty)},
		{"service", string(x.Service)}, {"count", x.Count}, {"evidence", x.Evidence}}
}

func showNovel(p *page, a *explore.Novel) {
	t := a.Total
	if t.Identities == 0 {
		p.line("Nothing new: %s acted between %s and %s, none in a way it had not before.", count(t.Looked, "identity"), a.Window.From, a.Window.To)
	} else {
		p.line("%s for the first time, by %d of %s that acted between %s and %s; %s new.", count(t.Novelties, "call"), t.Identities,
			count(t.Looked, "identity"), a.Window.From, a.Window.To, count(t.NewIdentities, "identity")+map[bool]string{true: " is", false: " are"}[t.NewIdentities == 1])
	}
	showBaseline(p, &a.Baseline)
	for i := range a.Identities {
		n := &a.Identities[i]
		p.line("")
		p.line("%d. %s (%s)", i+1, string(n.Identity.ID), string(n.Identity.Class))
		line := "known since " + clock(n.Since, a.Window)
		if n.Reason != "" {
			line = n.Reason
		}
		p.line("   %s", line)
		if n.BeforeCalls > 0 {
			p.line("   before       %s: %s", count(n.BeforeCalls, "call"), strings.Join(counts(n.Before), ", "))
		}
		if n.Folded > 0 {
			p.line("   not listed   %s that changed nothing", count(n.Folded, "first call"))
		}
		rows := make([][]string, len(n.Novelties))
		for j, x := range n.Novelties {
			rows[j] = []string{clock(x.At, a.Window), first(&x), x.Action, x.Outcome.String(), string(x.Target), agentText(x.Agent, x.AgentCertainty),
				short(x.Service), evidence(x.Evidence, 0)}
		}
		p.table([]string{"when", "first", "action", "outcome", "target", "ai agent", "through", "evidence"}, rows)
	}
	showUnseen(p, &a.Status, leftOut(a.Excluded))
}

// showBaseline says what the window was compared with.
func showBaseline(p *page, b *explore.Baseline) {
	switch {
	case b.TooShort:
		p.line("BASELINE TOO SHORT: %s.", b.Reason)
	default:
		p.line("Compared with %s to %s.", b.Window.From, b.Window.To)
	}
	if !b.Complete {
		p.line("THE BASELINE WAS NOT READ WHOLE: what is listed may be old.")
	}
}

// first says in which ways a call was the first.
func first(x *explore.Novelty) string {
	var out []string
	for _, k := range x.Kinds {
		word := strings.ToLower(strings.ReplaceAll(string(k), "_", " "))
		if k == explore.FirstNetwork {
			word = "network " + x.Network
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// agentText names the agent behind a call, empty where there is none.
func agentText(agent graph.ID, certainty explore.Certainty) string {
	if agent == "" {
		return ""
	}
	text := strings.TrimPrefix(short(agent), "agent ")
	if certainty == explore.Possible {
		text += fmt.Sprintf(" (%s)", strings.ToLower(string(certainty)))
	}
	return text
}
