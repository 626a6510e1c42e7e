package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/feed/lookupfeed"
	"github.com/blastradius/blastradius/ingest/feed/s3feed"
	"github.com/blastradius/blastradius/ingest/feed/sqsfeed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// place is a kind of place on AWS that ingest reads from.
type place struct {
	is func(arg string) bool
	// policy is what reading arg must be allowed.
	policy func(cmd *cobra.Command, arg string) ([]awsconf.Statement, error)
	// find asks the place whether it can be read, before a store is made, and
	// gives its files.
	find func(m *Main, cmd *cobra.Command, arg string) (found, error)
	// open reads a file again by the name that it was ingested under; nil
	// where is says no to such names.
	open func(ctx context.Context, name string) (io.ReadCloser, error)
}

// found is a source that can be read.
type found struct {
	// files are its files; st is what is known of them. They end when ctx
	// does, those of a queue also when the command's context does.
	files func(ctx context.Context, st graph.Store) iter.Seq[feed.Object]
	queue *sqsfeed.Queue // nil where the source is none
}

// justFiles is a source whose files depend on nothing else.
func justFiles(files iter.Seq[feed.Object]) found {
	return found{files: func(context.Context, graph.Store) iter.Seq[feed.Object] { return files }}
}

// places are the kinds of places that are no paths: adding one is one row here.
var places = []place{
	{is: hasPrefix(s3feed.Scheme), policy: s3Policy, find: findS3, open: openS3},
	{is: hasPrefix(sqsfeed.Scheme), policy: sqsPolicy, find: findSQS},
	{is: isLookup, policy: lookupPolicy, find: findLookup, open: openLookup},
	{is: isIAM, policy: iamPolicy, find: findIAM},
}

func hasPrefix(prefix string) func(string) bool {
	return func(arg string) bool { return strings.HasPrefix(arg, prefix) }
}

// placeOf is the place that arg names, nil where it is a path.
func placeOf(arg string) *place {
	for i := range places {
		if places[i].is(arg) {
			return &places[i]
		}
	}
	return nil
}

// printPolicy prints the IAM policy that reading the places needs.
func (m *Main) printPolicy(cmd *cobra.Command, args []string) error {
	var all []awsconf.Statement
	for _, arg := range args {
		p := placeOf(arg)
		if p == nil {
			return usage(cmd, "name the source on AWS: s3://BUCKET/PREFIX --print-policy", "%s needs no IAM policy", arg)
		}
		s, err := p.policy(cmd, arg)
		if err != nil {
			return err
		}
		all = append(all, s...)
	}
	text, err := awsconf.Policy(all)
	if err != nil {
		return err
	}
	_, err = m.Stdout.Write(append(text, '\n'))
	return err
}

func s3Policy(_ *cobra.Command, arg string) ([]awsconf.Statement, error) {
	return s3feed.Statements(arg)
}

func findS3(m *Main, cmd *cobra.Command, arg string) (found, error) {
	if _, _, err := s3feed.ParseURL(arg); err != nil {
		return found{}, err // before it needs credentials
	}
	from, to, err := m.span(cmd)
	if err != nil {
		return found{}, err
	}
	cfg, err := awsconf.Load(cmd.Context())
	if err != nil {
		return found{}, err
	}
	files, err := s3feed.New(cfg).List(cmd.Context(), arg, from, to)
	return justFiles(files), err
}

func openS3(ctx context.Context, name string) (io.ReadCloser, error) {
	cfg, err := awsconf.Load(ctx)
	if err != nil {
		return nil, err
	}
	return s3feed.New(cfg).OpenName(ctx, name)
}

func sqsPolicy(_ *cobra.Command, arg string) ([]awsconf.Statement, error) {
	return sqsfeed.Statements(arg)
}

func findSQS(m *Main, cmd *cobra.Command, arg string) (found, error) {
	if _, err := sqsfeed.ParseURL(arg); err != nil {
		return found{}, err // before it needs credentials
	}
	cfg, err := awsconf.Load(cmd.Context())
	if err != nil {
		return found{}, err
	}
	o := sqsfeed.Options{Warn: m.warn}
	o.Follow, _ = cmd.Flags().GetBool("follow")
	o.Visibility, _ = cmd.Flags().GetDuration("visibility")
	q, err := sqsfeed.Open(cmd.Context(), cfg, arg, o)
	return found{queue: q, files: func(ctx context.Context, _ graph.Store) iter.Seq[feed.Object] {
		return q.Files(ctx, cmd.Context().Done())
	}}, err
}

// warn says what went wrong and is tried again.
func (m *Main) warn(err error) { fmt.Fprintf(m.Stderr, "warning: %s\n", printable(err.Error())) }

// wallClock paces requests.
var wallClock = lookupfeed.Clock{Now: time.Now, Sleep: awsconf.Sleep}

// lookupArg is the source that is CloudTrail's LookupEvents.
const lookupArg = "cloudtrail-api"

func isLookup(arg string) bool { return arg == lookupArg || strings.HasPrefix(arg, lookupfeed.Scheme) }

func lookupPolicy(*cobra.Command, string) ([]awsconf.Statement, error) {
	return lookupfeed.Statements(), nil
}

func findLookup(m *Main, cmd *cobra.Command, arg string) (found, error) {
	if arg != lookupArg {
		return found{}, usage(cmd, "blastradius ingest cloudtrail-api --regions REGION,… --last 7d", "%s is no source", arg)
	}
	from, to, err := m.span(cmd)
	if err != nil {
		return found{}, err
	}
	now := m.Now().UTC()
	if to.IsZero() || to.After(now) {
		to = now
	}
	if oldest := now.Add(-lookupfeed.Reach); from.Before(oldest) {
		if !from.IsZero() {
			m.warn(fmt.Errorf("LookupEvents goes back 90 days: nothing before %s is read", stamp(oldest)))
		}
		from = oldest
	}
	if !from.Before(to) {
		return found{}, usage(cmd, "a trail in a bucket keeps more: blastradius ingest s3://BUCKET/PREFIX", "the window lies before what LookupEvents has")
	}
	cfg, err := awsconf.Load(cmd.Context())
	if err != nil {
		return found{}, err
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(cmd.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return found{}, awsconf.Explain("ask whose credentials these are", err)
	}
	names, _ := cmd.Flags().GetStringSlice("regions")
	if len(names) == 0 {
		names = []string{cfg.Region}
	}
	var regions []*lookupfeed.Region
	for _, name := range names {
		regions = append(regions, lookupfeed.NewRegion(cfg, *who.Account, name, wallClock))
	}
	return found{files: func(ctx context.Context, st graph.Store) iter.Seq[feed.Object] {
		return lookupfeed.Files(ctx, st, regions, from, to)
	}}, nil
}

func openLookup(ctx context.Context, name string) (io.ReadCloser, error) {
	cfg, err := awsconf.Load(ctx)
	if err != nil {
		return nil, err
	}
	return lookupfeed.Open(ctx, cfg, name, wallClock)
}
