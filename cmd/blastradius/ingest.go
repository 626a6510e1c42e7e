package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/access"
	"github.com/blastradius/blastradius/ingest/awsiam"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/feed/sqsfeed"
	"github.com/blastradius/blastradius/ingest/github"
	"github.com/blastradius/blastradius/ingest/k8saudit"
	"github.com/blastradius/blastradius/ingest/ndjson"
	"github.com/blastradius/blastradius/ingest/otlp"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

// formats are the sources of evidence: adding one is one line here. A file is
// taken by the first that recognises it.
func formats(objects bool) []ingest.Format { return formatsOf(objects, "") }

// formatsOf are the formats, for audit logs of Kubernetes that do not say their
// cluster.
func formatsOf(objects bool, cluster string) []ingest.Format {
	return []ingest.Format{
		cloudtrail.New(cloudtrail.Options{Objects: objects}),
		awsiam.New(),
		k8saudit.New(k8saudit.Options{Cluster: cluster}),
		github.New(),
		ndjson.New(),
		access.New(),
		otlp.New(),
	}
}

// ingest is the command that reads files into a store.
func (m *Main) ingest() *cobra.Command {
	var o ingest.Options
	var objects bool
	var format, cluster string
	var policy bool
	cmd := &cobra.Command{
		Use:   "ingest SOURCE…",
		Short: "Read audit logs into the store",
		Long: `ingest reads files, and directories with all below them, into the store: gzip or
plain, in any order, again and again; what is known already is skipped. "-" reads
standard input. Formats are recognised by content (blastradius sources lists them), and the
report says what each file was taken for. On AWS, with the ordinary
credentials (AWS_PROFILE, AWS_REGION, a role), a SOURCE may also be

  s3://BUCKET/PREFIX   a trail's bucket, all accounts and regions in it; objects that
                       are known are not fetched again. --last or --from and --to
                       leave out the days that hold nothing of the window
  sqs://QUEUE          what S3 tells a queue of, direct, by SNS or by EventBridge, until
                       it is empty, or with --follow on and on. A message is deleted
                       once all it names is durable; others are left to the queue's
                       redrive policy (without one, hidden for hours after 5 tries)
  cloudtrail-api       management events of the last 90 days by LookupEvents, for an
                       account without a trail in a bucket; 100 events a second and
                       region at most. What IAM and STS did globally is in us-east-1.
                       A directory of that name is ./cloudtrail-api
  aws-iam              what IAM says now: users, groups, roles, policies, access keys with
                       their last use, the credential report; of one account

--print-policy prints the IAM policy that the sources need, and reads nothing.

It ends with a report, on stderr, or on stdout as JSON with --format json. Exit 0:
all was stored; 3: something was rejected, the rest was stored; 2: it ended early.`,
		Example: "  blastradius ingest ./AWSLogs --store ./incident.db\n  blastradius ingest s3://halden-trail/AWSLogs/ --last 7d\n  blastradius ingest sqs://trail-events --follow",
		Args:    atLeast(1, "a SOURCE (a file, a directory, - for standard input, s3://BUCKET/PREFIX, sqs://QUEUE, cloudtrail-api, aws-iam)"),
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
			sources, err := m.findAll(cmd, args, &o)
			if err != nil {
				return err
			}
			st, err := m.openStore(cmd, writeStore)
			if err != nil {
				return err
			}
			defer st.Close()
			defer collectSeldom()()
			ctx, cancel := drainable(cmd.Context(), sources)
			defer cancel()
			report, err := m.ingestInto(ctx, st, filesOf(ctx, st, sources), formatsOf(objects, cluster), o)
			if err == nil || report.Files.Seen > 0 {
				if werr := m.writeReport(&report, sources, format); err == nil {
					err = werr
				}
			}
			for _, s := range sources {
				if s.queue != nil && err == nil {
					err = s.queue.Err()
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
	f.StringVar(&cluster, "cluster", "", "`name` or ARN of the Kubernetes cluster whose audit events do not say it (default: unknown)")
	f.IntVar(&o.Workers, "workers", 0, "`number` of files read at a time (default: one a core)")
	f.StringVar(&format, "format", "text", "of the report: `text` on stderr, or json on stdout")
	f.Bool("follow", false, "go on when the queue is empty, until Ctrl-C, which finishes what was begun")
	f.Duration("visibility", 2*time.Minute, "how `long` a queue hides a message from others when nothing more is heard of this process")
	f.BoolVar(&policy, "print-policy", false, "print the IAM policy that the sources on AWS need, and read nothing")
	f.StringSlice("regions", nil, "of cloudtrail-api, with commas between (default: the one that is configured)")
	addWindowFlags(cmd)
	f.Lookup("last").Usage = "on AWS: read this `span` up to --until: 90m, 4h, 7d (default: all there is)"
	return cmd
}

// collectSeldom lets the garbage collector run at four times the memory in use
// rather than twice, for most of what ingest makes is gone after a batch, and
// more often as the process nears the 1 GiB that ingest keeps within: Pebble's
// blocks and tables take up to 300 MiB that the collector does not count. What the
// environment says (GOGC, GOMEMLIMIT) goes first. The function returned undoes
// it.
func collectSeldom() (undo func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(300), debug.SetMemoryLimit(704<<20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// remoteWorkers are the files of a place read at a time: what is fetched waits
// for the network, most of the time.
const remoteWorkers = 16

// drainTime is what Ctrl-C leaves a queue to finish what was begun. What is not
// done then is delivered again.
const drainTime = 30 * time.Second

// findAll finds the sources; "-" is standard input.
func (m *Main) findAll(cmd *cobra.Command, args []string, o *ingest.Options) ([]found, error) {
	sources := make([]found, len(args))
	queues := 0
	for i, arg := range args {
		switch p := placeOf(arg); {
		case p != nil:
			var err error
			if sources[i], err = p.find(m, cmd, arg); err != nil {
				return nil, err
			}
			if sources[i].queue != nil {
				queues++
			}
			if o.Workers == 0 {
				o.Workers = remoteWorkers
			}
		case arg == "-":
			sources[i] = justFiles(feed.Stdin(m.Stdin))
		default:
			sources[i] = justFiles(feed.Directory(arg))
		}
	}
	if o.Endless, _ = cmd.Flags().GetBool("follow"); o.Endless {
		if queues != 1 || len(args) != 1 {
			return nil, usage(cmd, "blastradius ingest sqs://QUEUE --follow; one process follows one queue", "--follow takes one queue and nothing else")
		}
		o.Rejected = func(x ingest.Rejection) { m.warn(errors.New("rejected: " + x.String())) }
	}
	return sources, nil
}

// drainable is the context to read the sources in: that of the command, which
// a queue outlives by drainTime.
func drainable(ctx context.Context, sources []found) (context.Context, context.CancelFunc) {
	if !slices.ContainsFunc(sources, func(s found) bool { return s.queue != nil }) {
		return context.WithCancel(ctx)
	}
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })
	return longer, cancel
}

// filesOf are the files that are found, in the order of the sources.
func filesOf(ctx context.Context, st graph.Store, sources []found) iter.Seq[feed.Object] {
	var feeds []iter.Seq[feed.Object]
	for _, s := range sources {
		feeds = append(feeds, s.files(ctx, st))
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
func (m *Main) ingestInto(ctx context.Context, st graph.Store, files iter.Seq[feed.Object], known []ingest.Format, o ingest.Options) (ingest.Report, error) {
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
	return ingest.Run(ctx, st, files, known, o)
}

// writeReport writes the report of a run, with what the queues among its
// sources count.
func (m *Main) writeReport(r *ingest.Report, sources []found, format string) error {
	queues := []sqsfeed.Stats{}
	for _, s := range sources {
		if s.queue != nil {
			queues = append(queues, s.queue.Stats())
		}
	}
	if format == "json" {
		text, err := json.MarshalIndent(struct {
			*ingest.Report
			Queues []sqsfeed.Stats `json:"queues,omitempty"`
		}{r, queues}, "", "  ")
		if err != nil {
			return err
		}
		return printableJSON(m.Stdout, append(text, '\n'))
	}
	for _, q := range queues {
		if _, err := fmt.Fprintf(lineWriter{m.Stderr}, "%s: %s received, %d stored, %d ignored, %d failed, %d parked\n",
			q.Queue, count(q.Received, "message"), q.Stored, q.Ignored, q.Failed, q.Parked); err != nil {
			return err
		}
	}
	return r.WriteText(lineWriter{m.Stderr})
}
