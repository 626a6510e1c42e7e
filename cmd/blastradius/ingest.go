package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsiam"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

// formats are the sources of evidence: adding one is one line here.
func formats(objects bool) []ingest.Format {
	return []ingest.Format{
		cloudtrail.New(cloudtrail.Options{Objects: objects}),
		awsiam.New(),
	}
}

// ingest is the command that reads files into a store.
func (m *Main) ingest() *cobra.Command {
	var o ingest.Options
	var objects bool
	var format string
	cmd := &cobra.Command{
		Use:   "ingest PATH…",
		Short: "Read audit logs into the store",
		Long: `ingest reads files, and directories with all below them, into the store: gzip or
plain, in any order, again and again; what is known already is skipped. "-" reads
standard input. Formats are recognised by content.

It ends with a report, on stderr, or on stdout as JSON with --format json. Exit 0:
all was stored; 3: something was rejected, the rest was stored; 2: it ended early.`,
		Example: "  blastradius ingest ./AWSLogs --store ./incident.db",
		Args:    atLeast(1, "a PATH (a file, a directory, or - for standard input)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage(cmd, "", "--format %q is neither text nor json", format)
			}
			if server, _ := cmd.Flags().GetString("server"); server != "" {
				return usage(cmd, "ingest where the store is", "ingest writes to a store, not through --server")
			}
			st, err := m.openStore(cmd, writeStore)
			if err != nil {
				return err
			}
			defer st.Close()
			report, err := m.ingestInto(cmd.Context(), st, m.feedOf(args), objects, o)
			if err == nil || report.Files.Seen > 0 {
				if werr := m.writeReport(&report, format); err == nil {
					err = werr
				}
			}
			if err != nil {
				return err
			}
			if err := st.Close(); err != nil {
				return fmt.Errorf("close store: %w", err)
			}
			if code := report.ExitCode(); code != 0 {
				return status(code)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&objects, "objects", false, "keep S3 objects as resources of their own instead of rolling them up to their bucket")
	f.IntVar(&o.Workers, "workers", 0, "`number` of files read at a time (default: one a core)")
	f.StringVar(&format, "format", "text", "of the report: `text` on stderr, or json on stdout")
	return cmd
}

// feedOf are the files at the paths; "-" is standard input.
func (m *Main) feedOf(paths []string) iter.Seq[feed.Object] {
	var feeds []iter.Seq[feed.Object]
	for _, p := range paths {
		if p == "-" {
			feeds = append(feeds, feed.Stdin(m.Stdin))
			continue
		}
		feeds = append(feeds, feed.Directory(p))
	}
	return feed.Concat(feeds...)
}

// ingestInto runs the pipeline, with a progress bar if stderr is a terminal.
func (m *Main) ingestInto(ctx context.Context, st graph.Store, files iter.Seq[feed.Object], objects bool, o ingest.Options) (ingest.Report, error) {
	o.Now = m.Now
	if isTerminal, _ := terminal(m.Stderr); isTerminal {
		bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(m.Stderr), progressbar.OptionSetDescription("reading"),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount())
		o.Progress = func(p ingest.Progress) {
			bar.ChangeMax(max(p.Found, 1))
			bar.Describe(fmt.Sprintf("%d records, %d rejected, files", p.Records, p.Rejected))
			_ = bar.Set(min(p.Files, max(p.Found, 1)))
			if p.Done {
				_ = bar.Finish()
			}
		}
	}
	return ingest.Run(ctx, st, files, formats(objects), o)
}

func (m *Main) writeReport(r *ingest.Report, format string) error {
	if format == "json" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		return printableJSON(m.Stdout, append(text, '\n'))
	}
	return r.WriteText(lineWriter{m.Stderr})
}
