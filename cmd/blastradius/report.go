package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/report"
	"github.com/spf13/cobra"
)

// The formats of reports, and the ends of file names that stand for them.
var reportFormats = []string{"markdown", "html", "json"}

var reportEnds = map[string]string{".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".json": "json"}

// report is the command that writes the report of an incident.
func (m *Main) report() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the report of an incident: Markdown, HTML or JSON",
		Long: `report asks about the failure of a resource: who touched it, who is suspected and why, how
far compromise and failure spread, what a cut would do. It writes what is known, what is
not, and the queries that reproduce it.`,
		Example: "  blastradius report --resource billing-ledger --at 2026-11-22T13:44:00Z --out incident.html",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := reportFormat(cmd)
			if err != nil {
				return err
			}
			to, err := m.asker(cmd)
			if err != nil {
				return err
			}
			defer to.close()
			o, err := m.at(to).reportOptions(cmd)
			if err != nil {
				return err
			}
			o.Ask, o.Snapshot, o.Now = to.ask, to.hash, m.Now
			timeout, _ := cmd.Flags().GetDuration("timeout")
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			r, err := report.Build(ctx, o)
			if err != nil {
				return err
			}
			return m.writeIncident(cmd, r, format)
		},
	}
	f := cmd.Flags()
	f.String("resource", "", "what failed: an `ARN`, an id, or a name that fits one thing")
	f.String("at", "", "when it failed: a `time`, or how long ago (default: now)")
	f.String("last", defaultLast, "`span` before that in which a cause is looked for")
	f.String("until", "", "`time` up to which consequences are looked for (default: now, at most 4h after --at)")
	f.String("format", "", "`markdown`, html or json (default: by the name of --out, else markdown)")
	f.String("out", "", "`file` to write, instead of stdout")
	f.Duration("timeout", 2*time.Minute, "longest `time` to wait for all answers")
	return cmd
}

func reportFormat(cmd *cobra.Command) (string, error) {
	format, _ := cmd.Flags().GetString("format")
	if format != "" {
		return format, oneOf(cmd, "format", format, reportFormats)
	}
	out, _ := cmd.Flags().GetString("out")
	if f := reportEnds[strings.ToLower(filepath.Ext(out))]; f != "" {
		return f, nil
	}
	return reportFormats[0], nil
}

func (m *Main) reportOptions(cmd *cobra.Command) (o report.Options, err error) {
	get := func(name string) string { v, _ := cmd.Flags().GetString(name); return v }
	o = report.Options{Resource: get("resource"), Engine: buildVersion(), Now: m.Now, Document: api.Document}
	if o.Resource == "" {
		return o, usage(cmd, "--resource ARN", "a report needs the resource that failed")
	}
	if o.LookBack, err = explore.ParseDuration(get("last")); err != nil {
		return o, fmt.Errorf("--last: %w", err)
	}
	now := m.Now().UTC()
	at := now
	if v := get("at"); v != "" {
		if at, err = m.timeFlag(cmd, "at", v); err != nil {
			return o, err
		}
	}
	until := at.Add(4 * time.Hour)
	if now.After(at) && now.Before(until) {
		until = now
	}
	if v := get("until"); v != "" {
		if until, err = m.timeFlag(cmd, "until", v); err != nil {
			return o, err
		}
	} else if !until.After(at) {
		until = at.Add(time.Millisecond)
	}
	o.At, o.To = graph.TimeOf(at), graph.TimeOf(until)
	return o, nil
}

func (m *Main) writeIncident(cmd *cobra.Command, r *report.Report, format string) error {
	var b bytes.Buffer
	var err error
	switch format {
	case "html":
		err = r.HTML(&b)
	case "json":
		var text []byte
		if text, err = marshal(r); err == nil {
			err = printableIndented(&b, text)
		}
	default:
		err = r.Markdown(&b)
	}
	if err != nil {
		return err
	}
	path, _ := cmd.Flags().GetString("out")
	if path == "" {
		_, err = io.Copy(m.Stdout, &b)
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return &graph.Error{Code: graph.CodeInvalid, Message: "write report", Err: err}
	}
	fmt.Fprintf(m.Stdout, "%s\n", printable(path))
	return nil
}
