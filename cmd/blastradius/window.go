package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// addWindowFlags adds the two ways to say a window.
func addWindowFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("last", "", "the `span` up to --until: 90m, 4h, 7d (default 4h)")
	f.String("until", "", "end of --last: a `time` or \"now\"")
	f.String("from", "", "start of the window: a `time` (2026-11-22T10:00:00Z), or how long ago (4h)")
	f.String("to", "", "end of the window, not part of it: a `time`, or how long ago, or \"now\"")
}

// defaultLast is the window of a question that says none: what responders ask
// first.
const defaultLast = "4h"

// windowFlag is the window as a GraphQL variable. Words like "now" and spans
// like "4h ago" are resolved against the program's clock, so that what is sent
// is absolute; only a plain --last is left to the one that answers.
func (m *Main) windowFlag(cmd *cobra.Command) (map[string]any, error) {
	f := cmd.Flags()
	get := func(name string) string { v, _ := f.GetString(name); return v }
	last, until, from, to := get("last"), get("until"), get("from"), get("to")
	if (last != "" || until != "") && (from != "" || to != "") {
		return nil, usage(cmd, "either --last with --until, or --from with --to", "two windows are given")
	}
	out := map[string]any{}
	if from != "" || to != "" {
		if from == "" {
			return nil, usage(cmd, "", "--to needs --from")
		}
		start, err := m.timeFlag(cmd, "from", from)
		if err != nil {
			return nil, err
		}
		end := m.Now().UTC()
		if to != "" {
			if end, err = m.timeFlag(cmd, "to", to); err != nil {
				return nil, err
			}
		}
		if !start.Before(end) {
			return nil, usage(cmd, "", "the window is empty: --from %s is not before --to %s", stamp(start), stamp(end))
		}
		out["from"], out["to"] = stamp(start), stamp(end)
		return out, nil
	}
	if last == "" {
		last = defaultLast
	}
	if _, err := explore.ParseDuration(last); err != nil {
		return nil, fmt.Errorf("--last: %w", err)
	}
	out["last"] = last
	if until != "" {
		end, err := m.timeFlag(cmd, "until", until)
		if err != nil {
			return nil, err
		}
		out["until"] = stamp(end)
	}
	return out, nil
}

// timeFlag reads a time: RFC 3339, a UTC date, "now", or a span before now.
func (m *Main) timeFlag(cmd *cobra.Command, name, value string) (time.Time, error) {
	if value == "now" {
		return m.Now().UTC(), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), nil
		}
	}
	if d, err := explore.ParseDuration(strings.TrimSuffix(value, " ago")); err == nil {
		return m.Now().UTC().Add(-d), nil
	}
	return time.Time{}, usage(cmd, "a time such as 2026-11-22T14:02:00Z (UTC where no offset is given), a span such as 4h, or now",
		"--%s %q is no time", name, value)
}

// stamp is a time as the API takes it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// resolveWindow is the window that the variable means at the time now, with both
// ends.
func resolveWindow(vars map[string]any, now time.Time) (graph.Window, error) {
	text, err := json.Marshal(vars)
	if err != nil {
		return graph.Window{}, err
	}
	var in explore.WindowInput
	if err := json.Unmarshal(text, &in); err != nil {
		return graph.Window{}, err
	}
	return explore.ResolveWindow(in, graph.TimeOf(now))
}
