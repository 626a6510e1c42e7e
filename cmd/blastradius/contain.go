package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// contain is the command that asks what cutting something would change.
func (m *Main) contain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "contain [CUT…]",
		Short: "What cutting a key, session, user, role, trust or agent would change; nothing is executed",
		Long: `contain works out, on what is recorded, what it would have changed to cut something at
a time: what the attacker loses, what stays alive, and who else breaks. A credential
that is cut makes no more calls; what it has issued lives on. A trust is given as
PRINCIPAL->ROLE. It also suggests a cheap set of cuts that is enough. Nothing is executed.`,
		Example: "  blastradius contain AKIAIOSFODNN7EXAMPLE --last 4h\n  blastradius contain deploy-admin --role block-new --seed AKIAIOSFODNN7EXAMPLE\n  blastradius contain --seed AKIAIOSFODNN7EXAMPLE --at 2026-11-22T13:37:00Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			f := cmd.Flags()
			seeds, _ := f.GetStringSlice("seed")
			protect, _ := f.GetStringSlice("protect")
			if len(args)+len(seeds) == 0 {
				return usage(cmd, "give what is to be cut, or --seed for a suggestion", "nothing is to be cut")
			}
			how, _ := f.GetString("role")
			if err := oneOf(cmd, "role", how, []string{"deny-issued", "block-new"}); err != nil {
				return err
			}
			vars := map[string]any{"cut": args, "from": seeds, "protect": protect, "window": window, "role": strings.ToUpper(strings.ReplaceAll(how, "-", "_"))}
			if at, _ := f.GetString("at"); at != "" {
				t, err := m.timeFlag(cmd, "at", at)
				if err != nil {
					return err
				}
				vars["at"] = stamp(t)
			}
			if v, _ := f.GetString("epsilon"); v != "" {
				vars["epsilon"] = v
			}
			budgetFlags(cmd, vars)
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Containment]{
				name: "containment", vars: vars, show: showContainment,
				columns: columnsOf(containRow("", &explore.Node{}, nil, "", "", "", 0)), rows: containRows,
				found:  func(a *explore.Containment) bool { return len(a.Alive) > 0 },
				status: func(a *explore.Containment) *explore.Status { return &a.Status },
			})
		},
	}
	f := cmd.Flags()
	f.StringSlice("seed", nil, "what the attacker has (default: what is cut)")
	f.StringSlice("protect", nil, "what the suggestion is to keep the attacker from (default: all it altered or read)")
	f.String("role", "deny-issued", "how roles are cut: `deny-issued` (refuse what was issued before) or block-new (let nobody assume it any more)")
	f.String("at", "", "cut at this `time` (default: the start of the window)")
	f.String("epsilon", "", "how far apart two clocks may be (default 5s; 0s: not at all)")
	addBudgetFlags(cmd)
	addWindowFlags(cmd)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func containRow(what string, n *explore.Node, identity *explore.Node, at, until, certainty string, calls int) row {
	who := ""
	if identity != nil {
		who = string(identity.ID)
	}
	return row{{"type", what}, {"what", what}, {"id", string(n.ID)}, {"identity", who}, {"at", at}, {"until", until}, {"certainty", certainty}, {"calls", calls}}
}

func containRows(a *explore.Containment) (out []row) {
	for i := range a.Lost {
		x := &a.Lost[i]
		out = append(out, containRow("lost", &x.Node, nil, x.At.String(), "", string(x.Certainty), 0))
	}
	for i := range a.Alive {
		x := &a.Alive[i]
		out = append(out, containRow("alive", &x.Node, nil, x.Since.String(), x.Until.String(), string(x.Certainty), 0))
	}
	for i := range a.Breaks {
		x := &a.Breaks[i]
		out = append(out, containRow("breaks", &x.By, &x.Identity, x.First.String(), x.Last.String(), "", x.Calls))
	}
	if s := a.Suggestion; s != nil {
		for i := range s.Cut {
			out = append(out, containRow("suggested", &s.Cut[i].Node, nil, a.At.String(), "", "", s.Cut[i].Cost))
		}
	}
	return out
}

func showContainment(p *page, a *explore.Containment) {
	w := a.Window
	for _, c := range a.Cuts {
		p.line("Cut %s at %s: %s.", string(c.Node.ID), a.At, c.What)
	}
	if len(a.Cuts) > 0 {
		p.line("The attacker, from %s, loses %d of %s; %s would not have happened.", some(nodeIDs(a.From), 3), len(a.Lost),
			count(a.Before.Nodes, "node"), count(a.Events, "recorded event"))
	}
	var rows [][]string
	for _, x := range a.Lost[:min(len(a.Lost), maxReached)] {
		rows = append(rows, []string{clock(x.At, w), x.Mark.String(), string(x.Node.ID), strings.ToLower(string(x.Certainty))})
	}
	heading(p, "Lost to the attacker", len(a.Lost))
	p.table([]string{"at", "mark", "node", "certainty"}, rows)

	rows = nil
	for _, x := range a.Alive[:min(len(a.Alive), maxReached)] {
		until := "no end recorded"
		if x.Until != 0 {
			until = clock(x.Until, w)
		}
		how := ""
		if n := len(x.Path); n > 0 {
			how = short(x.Path[n-1].From) + " " + x.Path[n-1].Why
		}
		rows = append(rows, []string{string(x.Node.ID), clock(x.Since, w), until, strings.ToLower(string(x.Certainty)), how})
	}
	heading(p, "Still alive", len(a.Alive))
	p.table([]string{"credential", "since", "until", "certainty", "how"}, rows)

	rows = nil
	for _, x := range a.Breaks[:min(len(a.Breaks), maxReached)] {
		shared := ""
		if x.Shared {
			shared = "or the attacker"
		}
		rows = append(rows, []string{short(x.Identity.ID), short(x.By.ID), short(x.Workload), short(x.Client), short(x.Agent), fmt.Sprint(x.Calls), between(x.First, x.Last, w), some(counts(x.Actions), 3), shared})
	}
	heading(p, "Would break, by what they used", len(a.Breaks))
	p.table([]string{"identity", "by", "workload", "client", "agent", "CALLS", "when", "actions", "whose"}, rows)

	if s := a.Suggestion; s != nil {
		p.line("")
		var cuts []string
		for _, c := range s.Cut {
			cuts = append(cuts, short(c.Node.ID))
		}
		switch {
		case s.Protected == 0:
			p.line("Nothing that can be cut at %s keeps the attacker from anything.", a.At)
		default:
			p.line("Enough would be, at %s: cut %s (cost %d). It keeps the attacker from %s; fewer cuts may do.", a.At, some(cuts, 8), s.Cost, count(s.Protected, "node"))
		}
		if len(s.Open) > 0 {
			p.line("Whatever is cut, the attacker reaches %s.", some(nodeIDs(s.Open), 5))
		}
	}
	showUnseen(p, &a.Status, nil)
}

// heading names a list and how long it is.
func heading(p *page, name string, n int) {
	p.line("")
	switch {
	case n == 0:
		p.line("%s: nothing", name)
	case n > maxReached:
		p.line("%s: %d, the first %d shown (--format json, ndjson or csv has them all)", name, n, maxReached)
	default:
		p.line("%s: %d", name, n)
	}
}
