package main

import (
	"fmt"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// coverage is the command that asks what the data can answer.
func (m *Main) coverage() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "coverage",
		Short:   "What the data can and cannot answer for a window",
		Example: "  blastradius coverage --last 24h --fail-on-found",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			vars := map[string]any{"window": window}
			if s, _ := cmd.Flags().GetString("silence"); s != "" {
				vars["silence"] = s
			}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Coverage]{
				name: "coverage", vars: vars, show: showCoverage,
				columns: []string{"name", "kind", "from", "to", "events", "rejected", "files", "reason", "evidence"},
				rows:    coverageRows,
				found:   func(*explore.Coverage) bool { return false },
				status:  func(a *explore.Coverage) *explore.Status { return &explore.Status{Coverage: a} },
			})
		},
	}
	addWindowFlags(cmd)
	cmd.Flags().String("silence", "", "how long a continuous stream may be silent, such as `1h`")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	cmd.Flags().Bool("fail-on-found", false, "exit 3 if data is missing, else 0")
	return cmd
}

func coverageRows(a *explore.Coverage) (out []row) {
	for _, s := range a.Sources {
		out = append(out, row{{"type", "source"}, {"name", s.Name}, {"kind", s.Kind}, {"from", s.FirstEvent.String()}, {"to", s.LastEvent.String()},
			{"events", s.Events}, {"rejected", s.Rejected}, {"files", s.Files}})
	}
	for _, g := range a.Gaps {
		out = append(out, row{{"type", "gap"}, {"name", g.Source}, {"kind", string(g.Kind)}, {"from", g.From.String()}, {"to", g.To.String()},
			{"reason", g.Reason}, {"evidence", g.Evidence}})
	}
	return out
}

func showCoverage(p *page, a *explore.Coverage) {
	if a.Complete {
		p.line("Nothing is known to be missing.")
	} else {
		p.line("The data is incomplete:")
		for _, r := range a.Reasons {
			p.line("  - %s", r)
		}
	}
	p.line("Events from %s to %s; %s.", a.FirstEvent, a.LastEvent, count(a.Rejected, "rejected record"))
	if a.SuggestUntil != 0 {
		p.line("The window lies after the newest event; try --until %s", a.SuggestUntil)
	}
	if a.UnjoinedSessions > 0 {
		p.line("%s came from an issuer that is not in the data.", count(a.UnjoinedSessions, "session")+" (or keys)")
	}
	for _, f := range a.Writing {
		p.line("Being written: %s", f)
	}
	rows := make([][]string, len(a.Sources))
	for i, s := range a.Sources {
		rows[i] = []string{s.Name, s.Kind, s.FirstEvent.String(), s.LastEvent.String(), fmt.Sprint(s.Events), fmt.Sprint(s.Rejected), fmt.Sprint(s.Files)}
	}
	p.table([]string{"source", "kind", "first", "last", "EVENTS", "rejected", "files"}, rows)
	if len(a.Gaps) > 0 {
		p.line("")
		p.line("Gaps")
		showGaps(p, a, graph.Window{})
	}
}
