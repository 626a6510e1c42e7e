package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
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
	var policy bool
	cmd := &cobra.Command{
		Use:   "ingest SOURCE…",
		Short: "Read audit logs into the store",
		Long: `ingest reads files, and directories with all below them, into the store: gzip or
plain, in any order, again and again; what is known already is skipped. "-" reads
standard input. Formats are recognised by content. On AWS, with the ordinary
credentials (AWS_PROFILE, AWS_REGION, a role), a SOURCE may also be

  s3://BUCKET/PREFIX   a trail's bucket, all accounts and regions in it; objects that
                       are known are not fetched again. --last or --from and --to
                       leave out the days that hold nothing of the window

--print-policy prints the IAM policy that the sources need, and reads nothing.

It ends with a report, on stderr, or on stdout as JSON with --format json. Exit 0:
all was stored; 3: something was rejected, the rest was stored; 2: it ended early.`,
		Example: "  blastradius ingest ./AWSLogs --store ./incident.db\n  blastradius ingest s3://halden-trail/AWSLogs/ --last 7d",
		Args:    atLeast(1, "a SOURCE (a file, a directory, - for standard input, s3://BUCKET/PREFIX)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage(cmd, "", "--format %q is neither text nor json", format)
			}
			if server, _ := cmd.Flags().GetString("server"); server != "" {
				return usage(cmd, "ingest where the store is", "ingest writes to a store, not through --server")
			}
			if policy {
				return m.printPolicy(cmd, args)
			}
			finders, err := m.findAll(cmd, args, &o)
			if err != nil {
				return err
			}
			st, err := m.openStore(cmd, writeStore)
			if err != nil {
				return err
			}
			defer st.Close()
			report, err := m.ingestInto(cmd.Context(), st, filesOf(cmd.Context(), st, finders), objects, o)
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
	f.BoolVar(&policy, "print-policy", false, "print the IAM policy that the sources on AWS need, and read nothing")
	addWindowFlags(cmd)
	f.Lookup("last").Usage = "on AWS: read this `span` up to --until: 90m, 4h, 7d (default: all there is)"
	return cmd
}

// remoteWorkers are the files of a place read at a time: what is fetched waits
// for the network, most of the time.
const remoteWorkers = 16

// findAll finds the files of the sources; "-" is standard input.
func (m *Main) findAll(cmd *cobra.Command, args []string, o *ingest.Options) ([]finder, error) {
	finders := make([]finder, len(args))
	for i, arg := range args {
		local := func(files iter.Seq[feed.Object]) finder {
			return func(context.Context, graph.Store) iter.Seq[feed.Object] { return files }
		}
		switch p := placeOf(arg); {
		case p != nil:
			var err error
			if finders[i], err = p.find(m, cmd, arg); err != nil {
				return nil, err
			}
			if o.Workers == 0 {
				o.Workers = remoteWorkers
			}
		case arg == "-":
			finders[i] = local(feed.Stdin(m.Stdin))
		default:
			finders[i] = local(feed.Directory(arg))
		}
	}
	return finders, nil
}

// filesOf are the files that are found, in the order of the sources.
func filesOf(ctx context.Context, st graph.Store, finders []finder) iter.Seq[feed.Object] {
	var feeds []iter.Seq[feed.Object]
	for _, find := range finders {
		feeds = append(feeds, find(ctx, st))
	}
	return feed.Concat(feeds...)
}

// span is the window that is said, zero where none is.
func (m *Main) span(cmd *cobra.Command) (from, to time.Time, err error) {
	if !slices.ContainsFunc(windowFlags, cmd.Flags().Changed) {
		return from, to, nil
	}
	w, err := m.windowFlag(cmd)
	if err != nil {
		return from, to, err
	}
	at := func(name string) time.Time {
		text, _ := w[name].(string)
		t, _ := time.Parse(time.RFC3339Nano, text) // windowFlag wrote it
		return t
	}
	if last, ok := w["last"].(string); ok {
		if to = at("until"); to.IsZero() {
			to = m.Now().UTC()
		}
		d, err := explore.ParseDuration(last)
		return to.Add(-d), to, err
	}
	return at("from"), at("to"), nil
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
