package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// activity is the command that asks what somebody or something did.
func (m *Main) activity() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "activity ACTOR…",
		Short:   "What these identities, credentials, sessions, agents or workloads did",
		Long:    "activity lists the calls of the actors in the window, of identities through all their\nsessions and keys.",
		Example: "  blastradius activity arn:aws:iam::111122223333:role/deploy-admin --last 4h\n  blastradius activity AKIAIOSFODNN7EXAMPLE --last 7d",
		Args:    atLeast(1, "an ACTOR (an ARN, a key id, an agent, a name)"),
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
			return ask(m, cmd, question[explore.Activity]{
				name: "activity", vars: vars, show: showActivity,
				columns: columnsOf(callRow("", "", &explore.CallRow{})),
				rows: func(a *explore.Activity) (out []row) {
					of := nodeIDs(a.Of)
					for i := range a.Calls {
						out = append(out, callRow(strings.Join(of, " "), "", &a.Calls[i]))
					}
					return out
				},
				found:  func(a *explore.Activity) bool { return a.Total.Calls > 0 },
				status: func(a *explore.Activity) *explore.Status { return &a.Status },
			})
		},
	}
	addWindowFlags(cmd)
	addWhoFlags(cmd, "all")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func showActivity(p *page, a *explore.Activity) {
	p.line("%s made %s between %s and %s.", some(nodeIDs(a.Of), 3), count(a.Total.Calls, "call"), a.Window.From, a.Window.To)
	for _, v := range a.Via {
		if v.Kind == graph.Agent {
			p.line("An AI agent took part: %s (%s), %s (evidence: %s).", v.Tool, string(v.ID), count(v.Calls, "call"), strings.Join(v.Evidence, ", "))
		}
	}
	p.line("")
	list := func(name string, items []string, most int) {
		if len(items) > 0 {
			p.line("%s  %s", name, some(items, most))
		}
	}
	var credentials, sessions []string
	for _, c := range a.Credentials {
		credentials = append(credentials, fmt.Sprintf("%s (%s)", short(c.ID), count(c.Calls, "call")))
	}
	for _, c := range a.Sessions {
		sessions = append(sessions, fmt.Sprintf("%s (%s)", short(c.ID), count(c.Calls, "call")))
	}
	list("identities ", nodeIDs(a.Identities), 6)
	list("credentials", credentials, 8)
	list("sessions   ", sessions, 4)
	list("services   ", counts(a.Services), 8)
	list("regions    ", counts(a.Regions), 8)
	callTable(p, a.Calls, a.Via, a.Window, nil)
	showUnseen(p, &a.Status, leftOut(a.Excluded))
}

func nodeIDs(nodes []explore.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = string(n.ID)
	}
	return out
}

func counts(list []explore.Count) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = fmt.Sprintf("%s %d", c.Name, c.Count)
	}
	return out
}
