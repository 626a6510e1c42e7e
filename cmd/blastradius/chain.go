package main

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// chain is the command that asks where a credential or session came from.
func (m *Main) chain() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "chain CREDENTIAL…",
		Short:   "Where credentials or sessions came from, back to the origin",
		Long:    "chain follows a credential, session or workload issuer by issuer back to its origin,\neach hop with how it was joined and its evidence. Unknown is an answer.",
		Example: "  blastradius chain ASIAIOSFODNN7EXAMPLE",
		Args:    atLeast(1, "a CREDENTIAL (a key id, a session, a workload)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			vars := map[string]any{"of": args}
			if at, _ := cmd.Flags().GetString("at"); at != "" {
				t, err := m.timeFlag(cmd, "at", at)
				if err != nil {
					return err
				}
				vars["at"] = stamp(t)
			}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Chain]{
				name: "chain", vars: vars, show: showChain,
				columns: columnsOf(hopRow(&explore.Hop{})),
				rows: func(a *explore.Chain) (out []row) {
					for i := range a.Hops {
						out = append(out, hopRow(&a.Hops[i]))
					}
					return out
				},
				status: func(a *explore.Chain) *explore.Status { return &a.Status },
			})
		},
	}
	cmd.Flags().String("at", "", "as it was at this `time` (default: now)")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	return cmd
}

func hopRow(h *explore.Hop) row {
	return row{{"type", "hop"}, {"kind", h.Kind.String()}, {"from", string(h.From)}, {"to", string(h.To)}, {"at", h.At.String()},
		{"join", h.Join.String()}, {"certainty", string(h.Certainty)}, {"evidence", h.Evidence}, {"note", h.Note}}
}

func showChain(p *page, a *explore.Chain) {
	for _, o := range a.Origins {
		p.line("%s", originText(o))
	}
	if len(a.Origins) == 0 {
		p.line("No origin of %s is in the data.", some(nodeIDs(a.Of), 3))
	}
	p.line("")
	rows := make([][]string, len(a.Hops))
	for i, h := range a.Hops {
		how := h.Kind.String()
		if h.Join != 0 {
			how += " " + h.Join.String()
		}
		rows[i] = []string{string(h.To), how, string(h.From), clock(h.At, graph.Window{}), strings.ToLower(string(h.Certainty)),
			evidence(h.Evidence, len(h.Evidence)), h.Note}
	}
	p.table([]string{"this", "came by", "from", "at", "certainty", "evidence", "note"}, rows)
	for _, h := range a.Hops {
		for _, x := range h.Alternatives {
			p.line("  weaker join for %s: %s from %s", short(h.To), x.Join, short(x.From))
		}
	}
	showUnseen(p, &a.Status, nil)
}
