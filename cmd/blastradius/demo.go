package main

import (
	"context"
	"fmt"
	"iter"
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
which non-human identities touched the table that failed, in the last four hours, and who
may have broken the service that customers saw fail. The
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
			report, err := ingest.Run(cmd.Context(), st, worldLogs(), formats(false), ingest.Options{})
			if err != nil {
				return err
			}
			explorer := world.explorer(st, nil, 0)
			fmt.Fprintf(m.Stderr, "A fictional company, inspired by public reports: %d files, %d distinct calls, read in %s.\n",
				report.Files.Stored, report.Calls, time.Since(start).Round(time.Millisecond))
			_, width := terminal(m.Stdout)
			p := &page{w: m.Stdout, width: width}
			fmt.Fprintf(m.Stderr, "$ blastradius touched %s --last 4h --until %s\n\n", testdata.FailedResource, stamp(testdata.Now))
			err = tell(cmd.Context(), &world, explorer, p, touchedQuestion(map[string]any{"resources": []string{testdata.FailedResource}, "who": "NHI", "match": "DERIVED",
				"window": map[string]any{"last": "4h", "until": stamp(testdata.Now)}}))
			if err != nil {
				return err
			}
			failed := testdata.FailureBegins.Add(time.Minute)
			fmt.Fprintf(m.Stderr, "\n$ blastradius suspects %s --at %s\n\n", testdata.FailedService, stamp(failed))
			err = tell(cmd.Context(), &world, explorer, p, suspectsQuestion(map[string]any{"resource": testdata.FailedService, "at": stamp(failed)}))
			if err != nil {
				return err
			}
			if noServe {
				return nil
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

// worldLogs are the logs of the demo world.
func worldLogs() iter.Seq[feed.Object] {
	var sources []iter.Seq[feed.Object]
	entries, _ := testdata.World.ReadDir("world") // it is part of the program
	for _, e := range entries {
		if e.IsDir() {
			sources = append(sources, feed.FS(testdata.World, "world/"+e.Name(), worldPrefix))
		}
	}
	return feed.Concat(sources...)
}

// tell puts a question in process and shows its answer.
func tell[A any](ctx context.Context, m *Main, explorer *explore.Explorer, p *page, q question[A]) error {
	a := new(A)
	if _, err := m.answer(ctx, explorer, q.name, q.vars, a); err != nil {
		return err
	}
	q.show(p, a)
	return p.err
}
