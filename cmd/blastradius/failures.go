package main

import (
	"fmt"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// failures is the command that asks what broke.
func (m *Main) failures() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "failures",
		Short:   "What was deleted and what failed, in order of onset",
		Long:    "failures lists deletions and faults by when they began, and apart from them bursts of\ndenials and throttles. Probes for what is not there are counted only.",
		Example: "  blastradius failures --last 4h",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			vars := map[string]any{"window": window}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Failures]{
				name: "failures", vars: vars, show: showFailures,
				columns: columnsOf(failureRow(&explore.Failure{})),
				rows: func(a *explore.Failures) (out []row) {
					for i := range a.Failures {
						out = append(out, failureRow(&a.Failures[i]))
					}
					for _, b := range a.Bursts {
						out = append(out, row{{"type", "burst"}, {"action", some(counts(b.Actions), len(b.Actions))}, {"outcome", b.Outcome.String()},
							{"onset", b.First.String()}, {"last", b.Last.String()}, {"count", b.Count},
							{"identities", []string{string(b.Identity)}}, {"targets", b.Targets}, {"evidence", b.Evidence}})
					}
					return out
				},
				found:  func(a *explore.Failures) bool { return len(a.Failures)+len(a.Bursts) > 0 },
				status: func(a *explore.Failures) *explore.Status { return &a.Status },
			})
		},
	}
	addWindowFlags(cmd)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func failureRow(f *explore.Failure) row {
	return row{{"type", "failure"}, {"target", string(f.Target)}, {"targetKind", f.TargetKind.String()}, {"action", f.Action},
		{"effect", f.Effect.String()}, {"outcome", f.Outcome.String()}, {"onset", f.Onset.String()}, {"last", f.Last.String()},
		{"count", f.Count}, {"identities", texts(f.Identities)}, {"via", texts(f.Via)}, {"evidence", f.Evidence}}
}

func showFailures(p *page, a *explore.Failures) {
	t := a.Total
	p.line("%s, %s; beside them %s and %s, between %s and %s.", count(t.Deletions, "deletion"), count(t.Faults, "failed call"),
		count(t.Denials, "denial"), count(t.Throttles, "throttled call"), a.Window.From, a.Window.To)
	rows := make([][]string, len(a.Failures))
	for i, f := range a.Failures {
		rows[i] = []string{between(f.Onset, f.Last, a.Window), f.Action, f.Outcome.String(), fmt.Sprint(f.Count), string(f.Target),
			some(shorts(f.Identities), 2), some(shorts(f.Via), 2), evidence(f.Evidence, f.Count)}
	}
	if len(rows) > 0 {
		p.line("")
		p.line("Deletions and failures, by onset")
	}
	p.table([]string{"when", "action", "outcome", "CALLS", "target", "by", "through", "evidence"}, rows)
	rows = make([][]string, len(a.Bursts))
	for i, b := range a.Bursts {
		rows[i] = []string{between(b.First, b.Last, a.Window), b.Outcome.String(), fmt.Sprint(b.Count), short(b.Identity), some(counts(b.Actions), 3), evidence(b.Evidence, b.Count)}
	}
	if len(rows) > 0 {
		p.line("")
		p.line("Bursts of denials and throttles")
	}
	p.table([]string{"when", "outcome", "CALLS", "by", "actions", "evidence"}, rows)
	showUnseen(p, &a.Status, leftOut(a.Excluded))
}

func shorts(ids []graph.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = short(id)
	}
	return out
}
