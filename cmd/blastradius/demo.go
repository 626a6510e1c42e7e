package main

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
	"github.com/spf13/cobra"
)

// demo is the command that shows a real answer without any setup.
func (m *Main) demo() *cobra.Command {
	var o serverOptions
	var noServe bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Load a small fictional company, answer the headline question, serve the page",
		Long: `demo reads the logs of one day at a fictional company into a temporary store and asks
which non-human identities touched the table that failed, in the last four hours. The
story is inspired by public reports and reconstructs none. Then it serves the API and
the page until Ctrl-C; the clock of its windows stands still at the end of that day.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			if !cmd.Flags().Changed("store") {
				dir, err := os.MkdirTemp("", "blastradius-demo-")
				if err != nil {
					return fmt.Errorf("make temporary store: %w", err)
				}
				defer os.RemoveAll(dir)
				if err := cmd.Flags().Set("store", dir); err != nil {
					return err
				}
			}
			st, err := m.openStore(cmd, writeStore)
			if err != nil {
				return err
			}
			defer st.Close()
			if empty, err := isEmpty(cmd.Context(), st); err != nil {
				return err
			} else if !empty {
				return usage(cmd, "name a new one, or leave --store out for a temporary one", "demo writes only to an empty store")
			}

			start := time.Now()
			world := *m // the same program, on the day of the world
			world.Now = func() time.Time { return testdata.Now }
			files := feed.Concat(feed.FS(testdata.World, "world/cloudtrail", worldPrefix), feed.FS(testdata.World, "world/iam", worldPrefix))
			report, err := ingest.Run(cmd.Context(), st, files, formats(false), ingest.Options{})
			if err != nil {
				return err
			}
			explorer := world.explorer(st, nil)
			fmt.Fprintf(m.Stderr, "A fictional company, inspired by public reports: %d files, %d distinct calls, read in %s.\n",
				report.Files.Stored, report.Calls, time.Since(start).Round(time.Millisecond))
			fmt.Fprintf(m.Stderr, "$ blastradius touched %s --last 4h --until %s\n\n", testdata.FailedResource, stamp(testdata.Now))
			q := touchedQuestion(map[string]any{"resources": []string{testdata.FailedResource}, "who": "NHI", "match": "DERIVED",
				"window": map[string]any{"last": "4h", "until": stamp(testdata.Now)}})
			var a explore.Touched
			if _, err := world.answer(cmd.Context(), explorer, q.name, q.vars, &a); err != nil {
				return err
			}
			_, width := terminal(m.Stdout)
			p := &page{w: m.Stdout, width: width}
			q.show(p, &a)
			if p.err != nil || noServe {
				return p.err
			}
			fmt.Fprintln(m.Stderr)
			o.Store, o.Explorer = st, explorer
			o.FirstPage = "/i?of=" + url.QueryEscape(testdata.FailedResource)
			return world.serveStore(cmd, o)
		},
	}
	serverFlags(cmd, &o)
	cmd.Flags().BoolVar(&noServe, "no-serve", false, "end after the answer")
	return cmd
}
