package main

import (
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestWindowFlag(t *testing.T) {
	m := &Main{Now: func() time.Time { return time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC) }}
	for _, c := range []struct {
		args []string
		want map[string]any // nil: INVALID
	}{
		{nil, map[string]any{"last": "4h"}},
		{[]string{"--last", "7d"}, map[string]any{"last": "7d"}},
		{[]string{"--last", "90m", "--until", "now"}, map[string]any{"last": "90m", "until": "2026-11-22T14:02:00Z"}},
		{[]string{"--until", "2026-11-22T15:00:00+02:00"}, map[string]any{"last": "4h", "until": "2026-11-22T13:00:00Z"}},
		{[]string{"--from", "4h", "--to", "now"}, map[string]any{"from": "2026-11-22T10:02:00Z", "to": "2026-11-22T14:02:00Z"}},
		{[]string{"--from", "2026-11-22T10:00:00.250Z", "--to", "2026-11-22 11:00"}, map[string]any{"from": "2026-11-22T10:00:00.25Z", "to": "2026-11-22T11:00:00Z"}},
		{[]string{"--from", "36h"}, map[string]any{"from": "2026-11-21T02:02:00Z", "to": "2026-11-22T14:02:00Z"}},
		{[]string{"--to", "now"}, nil},
		{[]string{"--last", "4h", "--from", "1h"}, nil},
		{[]string{"--last", "-4h"}, nil},
		{[]string{"--last", "four hours"}, nil},
		{[]string{"--from", "yesterday"}, nil},
		{[]string{"--from", "now", "--to", "4h"}, nil},
		{[]string{"--until", "2026-13-01"}, nil},
	} {
		var got map[string]any
		var err error
		cmd := &cobra.Command{Use: "x", RunE: func(cmd *cobra.Command, _ []string) error {
			got, err = m.windowFlag(cmd)
			return nil
		}}
		addWindowFlags(cmd)
		cmd.SetArgs(c.args)
		if e := cmd.Execute(); e != nil {
			t.Fatal(e)
		}
		if c.want == nil {
			if graph.Code(err) != graph.CodeInvalid || graph.Hint(err) == "" {
				t.Errorf("%v: %v, %v", c.args, got, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%v: %s", c.args, d)
		}
	}
}
