package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// reach is the command that asks how far something spreads.
func (m *Main) reach() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reach SEED…",
		Short: "How far a compromise or a failure spreads in time, or who could have caused it",
		Long: `reach walks the graph in time: a path counts only if each hop can follow the one
before. Seeds are bad from the start of the window on or, with --backward, at its end.

  compromise           what whoever holds the seed controlled, altered and read
  compromise backward  who could have caused what the seed suffered
  failure              who was hit when the seed did not work
  failure backward     what the seed relied on

Each hop is definite or, where the skew of clocks, a heuristic join or a guess is
between, possible.`,
		Example: "  blastradius reach AKIAIOSFODNN7EXAMPLE --from 2026-11-22T13:33:00Z\n  blastradius reach billing-ledger --backward --last 4h\n  blastradius reach billing-ledger --mode failure --explain dr-rehearsal",
		Args:    atLeast(1, "a SEED (an ARN, a key id, an agent, a name)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			vars, err := m.reachFlags(cmd)
			if err != nil {
				return err
			}
			vars["from"] = args
			return ask(m, cmd, question[explore.ReachAnswer]{
				name: "reach", vars: vars, show: showReach,
				columns: columnsOf(reachRow(&explore.ReachedNode{})),
				rows: func(a *explore.ReachAnswer) (out []row) {
					for i := range a.Nodes {
						out = append(out, reachRow(&a.Nodes[i]))
					}
					return out
				},
				found:  func(a *explore.ReachAnswer) bool { return a.Total.Nodes > 0 },
				status: func(a *explore.ReachAnswer) *explore.Status { return &a.Status },
			})
		},
	}
	f := cmd.Flags()
	f.String("mode", "compromise", "the physics: `compromise` or failure")
	f.Bool("backward", false, "to what could have led to the seeds")
	f.String("epsilon", "", "how far apart two clocks may be (default 5s; 0s: not at all)")
	f.String("dependence", "", "of a failure: how long before the window a use shows a dependence (default 24h)")
	f.Bool("data-flow", false, "walk every reader of what was altered, not only those of code, images, templates, parameters and secrets")
	f.Bool("static", false, "show beside it what a walk that does not look at time would reach")
	f.String("explain", "", "say why this `node` is in or out")
	addBudgetFlags(cmd)
	addWindowFlags(cmd)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

// addBudgetFlags adds the limits of a walk.
func addBudgetFlags(cmd *cobra.Command) {
	cmd.Flags().Int("max-hops", 0, "walk at most this `number` of hops")
	cmd.Flags().Int("max-nodes", 0, "reach at most this `number` of nodes")
	cmd.Flags().Int("max-edges", 0, "read at most this `number` of edges")
}

// budgetFlags puts the limits that were given into the variables.
func budgetFlags(cmd *cobra.Command, vars map[string]any) {
	budget := map[string]any{}
	for flag, field := range map[string]string{"max-hops": "depth", "max-nodes": "nodes", "max-edges": "edges"} {
		if n, _ := cmd.Flags().GetInt(flag); n > 0 {
			budget[field] = n
		}
	}
	if len(budget) > 0 {
		vars["budget"] = budget
	}
}

func (m *Main) reachFlags(cmd *cobra.Command) (map[string]any, error) {
	window, err := m.windowFlag(cmd)
	if err != nil {
		return nil, err
	}
	f := cmd.Flags()
	mode, _ := f.GetString("mode")
	if err := oneOf(cmd, "mode", mode, []string{"compromise", "failure"}); err != nil {
		return nil, err
	}
	vars := map[string]any{"window": window, "mode": strings.ToUpper(mode)}
	for flag, name := range map[string]string{"data-flow": "dataFlow", "static": "static"} {
		if on, _ := f.GetBool(flag); on {
			vars[name] = true
		}
	}
	if back, _ := f.GetBool("backward"); back {
		vars["direction"] = explore.Backward
	}
	for _, name := range []string{"epsilon", "dependence", "explain"} {
		if v, _ := f.GetString(name); v != "" {
			vars[name] = v
		}
	}
	budgetFlags(cmd, vars)
	asOf(cmd, vars)
	return vars, nil
}

func reachRow(n *explore.ReachedNode) row {
	last := explore.ReachHop{}
	if len(n.Path) > 0 {
		last = n.Path[len(n.Path)-1]
	}
	return row{{"type", "node"}, {"id", string(n.Node.ID)}, {"kind", n.Node.Kind.String()}, {"account", n.Node.Account}, {"seed", n.Seed}, {"mark", n.Mark.String()},
		{"at", n.At.String()}, {"hops", n.Hops}, {"certainty", string(n.Certainty)}, {"by", string(last.From)}, {"why", last.Why}, {"action", last.Action},
		{"evidence", last.Evidence}, {"readers", n.Readers}}
}

// reachVerb says what the marks of the answer are.
var reachVerb = map[graph.Physics]map[explore.ReachDirection]string{
	graph.Compromise: {explore.Forward: "Whoever held %s reached %s", explore.Backward: "What %s suffered could come from %s"},
	graph.Failure:    {explore.Forward: "The failure of %s hit %s", explore.Backward: "What %s does relied on %s"},
}

// maxReached is how many nodes of one mark are shown to people.
const maxReached = 25

func showReach(p *page, a *explore.ReachAnswer) {
	what := count(a.Total.Nodes, "node")
	if a.Total.Possible > 0 {
		what += fmt.Sprintf(" (%d definitely, %d possibly)", a.Total.Definite, a.Total.Possible)
	}
	p.line(reachVerb[a.Mode][a.Direction]+" between %s and %s.", some(nodeIDs(a.From), 3), what, a.Window.From, a.Window.To)
	if a.Static != nil {
		p.line("Without a look at time it would be %d: time removes %d.", a.Static.Total.Nodes, a.Static.Removed)
	}
	for _, t := range []struct {
		name string
		of   []explore.Tally
	}{{"marks   ", a.Total.ByMark}, {"kinds   ", a.Total.ByKind}, {"accounts", a.Total.ByAccount}, {"regions ", a.Total.ByRegion}, {"services", a.Total.ByService}} {
		var list []string
		for _, x := range t.of {
			if x.Name != "" {
				list = append(list, fmt.Sprintf("%s %d", x.Name, x.Count))
			}
		}
		if len(list) > 0 {
			p.line("%s  %s", t.name, some(list, 8))
		}
	}
	for mark := graph.Controlled; mark <= graph.ReliedOn; mark++ {
		showMarked(p, a, mark)
	}
	if x := a.Explain; x != nil {
		p.line("")
		p.line("%s is %s:", string(x.Node.ID), map[bool]string{true: "in", false: "out"}[x.In])
		for _, r := range x.Reasons {
			p.line("  - %s", r)
		}
	}
	showUnseen(p, &a.Status, nil)
}

// showMarked lists the nodes whose strongest mark it is.
func showMarked(p *page, a *explore.ReachAnswer, mark graph.Taint) {
	var rows [][]string
	n := 0
	for i := range a.Nodes {
		x := &a.Nodes[i]
		if x.Mark != mark || x.Seed {
			continue
		}
		if n++; len(rows) == maxReached {
			continue
		}
		// Forward the last hop brought it; backward the first one led on.
		var hop explore.ReachHop
		if len(x.Path) > 0 {
			hop = x.Path[len(x.Path)-1]
			if a.Direction == explore.Backward {
				hop = x.Path[0]
			}
		}
		how := short(hop.From) + " " + hop.Why
		if a.Direction == explore.Backward {
			how = hop.Why + " " + short(hop.To)
		}
		if hop.Action != "" {
			how += " (" + hop.Action + ")"
		}
		readers := ""
		if x.Readers > 0 {
			readers = fmt.Sprint(x.Readers)
		}
		rows = append(rows, []string{clock(x.At, a.Window), string(x.Node.ID), fmt.Sprint(x.Hops), strings.ToLower(string(x.Certainty)), how, readers, evidence(hop.Evidence, len(hop.Evidence))})
	}
	if n == 0 {
		return
	}
	p.line("")
	p.line("%s: %s", mark, count(n, "node"))
	p.table([]string{"at", "node", "hops", "certainty", "how", "later readers", "evidence"}, rows)
	if n > len(rows) {
		p.line("  and %d more (--format json, ndjson or csv has them all)", n-len(rows))
	}
}
