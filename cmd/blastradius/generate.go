package main

import (
	"fmt"
	"os"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
	"github.com/spf13/cobra"
)

// generate is the command that writes a synthetic estate.
func (m *Main) generate() *cobra.Command {
	var o synth.Options
	var from, to string
	cmd := &cobra.Command{
		Use:   "generate DIR",
		Short: "Write a synthetic estate of any size, with the truth beside it",
		Long: `generate writes CloudTrail files of a made-up estate below DIR, in the layout of a
trail's bucket, and truth.json: what they hold, from the generator itself. The same
flags give the same bytes.`,
		Example: "  blastradius generate ./estate --events 1000000 --seed 7",
		Args:    exactly(1, "one DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.From, err = m.timeFlag(cmd, "from", from); err != nil {
				return err
			}
			if o.To, err = m.timeFlag(cmd, "to", to); err != nil {
				return err
			}
			if err := o.Validate(); err != nil {
				return usage(cmd, "", "%v", err)
			}
			if entries, err := os.ReadDir(args[0]); err == nil && len(entries) > 0 {
				return usage(cmd, "name a new directory", "%s is not empty", args[0])
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &graph.Error{Code: graph.CodeInvalid, Message: "make directory", Err: err}
			}
			start := time.Now()
			truth, err := synth.Generate(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			fmt.Fprintf(m.Stderr, "%d records of %d events in %d files, %s\n", truth.Records, truth.Events, truth.Files, time.Since(start).Round(time.Millisecond))
			return nil
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "`number` that decides everything random")
	f.IntVar(&o.Events, "events", 100_000, "`number` of distinct events")
	f.StringVar(&from, "from", "2026-11-01T00:00:00Z", "first `second`")
	f.StringVar(&to, "to", "2026-11-08T00:00:00Z", "end, exclusive: a `time`")
	f.IntVar(&o.Accounts, "accounts", 4, "`number` of accounts")
	f.IntVar(&o.Roles, "roles", 80, "`number` of roles in all")
	f.IntVar(&o.Resources, "resources", 400, "`number` of resources in all")
	f.Float64Var(&o.DupRate, "duplicates", 0.05, "`share` of records that a second trail delivers again")
	f.Float64Var(&o.DenyRate, "denials", 0.03, "`share` of denied calls")
	f.IntVar(&o.PerFile, "per-file", 2000, "records a `file`")
	return cmd
}
