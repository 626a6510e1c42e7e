package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// timeline is the command that lists calls in order.
func (m *Main) timeline() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "timeline [THING…]",
		Short:   "Calls in order of time, each once",
		Long:    "timeline lists the calls that the things made or received in the window, of all calls\nwhere none is named, a page at a time.",
		Example: "  blastradius timeline arn:aws:s3:::billing-exports --last 1h\n  blastradius timeline --last 10m --first 200",
		RunE: func(cmd *cobra.Command, args []string) error {
			vars, err := m.pageFlags(cmd)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				vars["of"] = args
			}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Timeline]{
				name: "timeline", vars: vars, show: showTimeline,
				columns: columnsOf(timelineRow(&explore.Call{})),
				rows: func(a *explore.Timeline) (out []row) {
					for i := range a.Calls {
						out = append(out, timelineRow(&a.Calls[i]))
					}
					return more(out, a.Cursor)
				},
				status: func(a *explore.Timeline) *explore.Status { return &a.Status },
			})
		},
	}
	addWindowFlags(cmd)
	addPageFlags(cmd, 50)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	return cmd
}

// addPageFlags adds the flags of answers that come in pages.
func addPageFlags(cmd *cobra.Command, first int) {
	cmd.Flags().Int("first", first, "`number` of rows a page")
	cmd.Flags().String("after", "", "`cursor` that the page before ended with")
}

// pageFlags are page and, where the command has one, window as variables.
func (m *Main) pageFlags(cmd *cobra.Command) (map[string]any, error) {
	vars := map[string]any{}
	if cmd.Flags().Lookup("last") != nil {
		window, err := m.windowFlag(cmd)
		if err != nil {
			return nil, err
		}
		vars["window"] = window
	}
	n, _ := cmd.Flags().GetInt("first")
	if n < 1 || n > explore.MaxPage {
		return nil, usage(cmd, "", "--first %d is not between 1 and %d", n, explore.MaxPage)
	}
	vars["first"] = n
	if after, _ := cmd.Flags().GetString("after"); after != "" {
		vars["after"] = after
	}
	return vars, nil
}

// more adds the cursor of the next page as a row of its own, where there is one.
func more(rows []row, cursor string) []row {
	if cursor != "" {
		rows = append(rows, row{{"type", "more"}, {"cursor", cursor}})
	}
	return rows
}

func showMore(p *page, cursor string) {
	if cursor != "" {
		p.line("")
		p.line("There is more: --after %s", cursor)
	}
}

func timelineRow(c *explore.Call) row {
	targets := make([]string, len(c.Targets))
	for i, t := range c.Targets {
		targets[i] = string(t.ID)
	}
	return row{{"type", "call"}, {"at", c.At.String()}, {"action", c.Action}, {"effect", c.Effect.String()}, {"outcome", c.Outcome.String()},
		{"plane", c.Plane.String()}, {"identity", string(c.Identity)}, {"actor", string(c.Actor)}, {"agent", string(c.Agent)},
		{"client", string(c.Client)}, {"service", string(c.Service)}, {"who", string(c.Who)}, {"reason", c.Reason},
		{"targets", targets}, {"evidence", c.Evidence}, {"cursor", ""}}
}

func showTimeline(p *page, a *explore.Timeline) {
	rows := make([][]string, len(a.Calls))
	for i, c := range a.Calls {
		var targets []string
		for _, t := range c.Targets {
			targets = append(targets, short(t.ID))
		}
		via := c.Agent
		if via == "" {
			via = c.Service
		}
		rows[i] = []string{clock(c.At, a.Window), c.Action, c.Outcome.String(), short(c.Identity), short(c.Actor), short(via), string(c.Who), some(targets, 2), evidence(c.Evidence, len(c.Evidence))}
	}
	p.line("%s", count(len(a.Calls), "call"))
	p.table([]string{"at", "action", "outcome", "identity", "with", "through", "who", "targets", "evidence"}, rows)
	showMore(p, a.Cursor)
	showUnseen(p, &a.Status, nil)
}

// histogram is the command that counts calls by outcome over time.
func (m *Main) histogram() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "histogram [THING…]",
		Short:   "Calls by outcome, bin by bin",
		Example: "  blastradius histogram billing-exports --last 4h --bins 48",
		RunE: func(cmd *cobra.Command, args []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			vars := map[string]any{"window": window}
			if len(args) > 0 {
				vars["of"] = args
			}
			bins, _ := cmd.Flags().GetInt("bins")
			if bins < 1 || bins > explore.MaxBins {
				return usage(cmd, "", "--bins %d is not between 1 and %d", bins, explore.MaxBins)
			}
			vars["bins"] = bins
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Histogram]{
				name: "histogram", vars: vars, show: showHistogram,
				columns: columnsOf(binRow(&explore.Bin{})),
				rows: func(a *explore.Histogram) (out []row) {
					for i := range a.Bins {
						out = append(out, binRow(&a.Bins[i]))
					}
					return out
				},
				status: func(a *explore.Histogram) *explore.Status { return &a.Status },
			})
		},
	}
	addWindowFlags(cmd)
	cmd.Flags().Int("bins", 24, "`number` of bins")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	return cmd
}

func binRow(b *explore.Bin) row {
	return row{{"type", "bin"}, {"from", b.From.String()}, {"to", b.To.String()}, {"total", b.Total}, {"ok", b.OK}, {"denied", b.Denied},
		{"throttled", b.Throttled}, {"fault", b.Fault}, {"error", b.Error}, {"probe", b.Probe}}
}

func showHistogram(p *page, a *explore.Histogram) {
	p.line("%s in %s", count(a.Total, "call"), count(len(a.Bins), "bin"))
	top := 1
	for _, b := range a.Bins {
		top = max(top, b.Total)
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	rows := make([][]string, len(a.Bins))
	for i, b := range a.Bins {
		rows[i] = []string{clock(b.From, graph.Window{From: a.Window.From, To: a.Window.To}), fmt.Sprint(b.Total), strings.Repeat("#", (b.Total*30+top-1)/top),
			number(b.Denied), number(b.Throttled), number(b.Fault), number(b.Error), number(b.Probe)}
	}
	p.table([]string{"from", "CALLS", " ", "denied", "throttled", "fault", "error", "probe"}, rows)
	showUnseen(p, &a.Status, nil)
}
