package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

func init() { extra = append(extra, (*Main).bench) }

// benchRow is one measurement beside its limit, taken in the same run.
type benchRow struct {
	Name    string  `json:"name"`
	Against string  `json:"against"` // what the limit is
	Limit   float64 `json:"limit"`
	Ours    float64 `json:"ours"`
	Ratio   float64 `json:"ratio"` // ours to limit
	Goal    string  `json:"goal"`  // of the ratio
	Met     bool    `json:"met"`
}

// rate is a row whose ratio must not fall below goal: a rate.
func rate(name string, limit, ours, goal float64, against string) benchRow {
	r := ours / limit
	return benchRow{name, against, limit, ours, r, fmt.Sprintf("≥ %g", goal), r >= goal}
}

// cost is a row whose ratio must not pass goal: a time or a size.
func cost(name string, limit, ours, goal float64, against string) benchRow {
	r := ours / limit
	return benchRow{name, against, limit, ours, r, fmt.Sprintf("≤ %g", goal), r <= goal}
}

// benchOptions says how much is measured.
type benchOptions struct {
	seed      uint64
	events    int           // of the generated estate
	edges     int           // edge-hours of the store bench
	questions int           // asked of the store and of the API
	rounds    int           // interleaved, of the ingest bench
	estates   int           // of each scenario of the suspects bench
	dir       string        // scratch
	neo4j     neo4j.Options // the server of --store, where it is one
	say       func(format string, args ...any)
}

func (o *benchOptions) tempDir(name string) (string, error) {
	return os.MkdirTemp(o.dir, name+"-")
}

// quantile is the q-quantile in microseconds.
func quantile(d []time.Duration, q float64) float64 {
	s := slices.Sorted(slices.Values(d))
	return float64(s[min(int(q*float64(len(s))), len(s)-1)].Nanoseconds()) / 1000
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

func (m *Main) bench() *cobra.Command {
	o := benchOptions{}
	var format string
	parts := map[string]func(context.Context, benchOptions) ([]benchRow, error){
		"ingest": benchIngest, "store": benchStore, "api": benchAPI, "reach": benchReach, "suspects": benchSuspects, "neo4j": benchNeo4j,
		"ndjson": benchNDJSON, "k8saudit": benchK8sAudit, "otlp": benchOTLP}
	order := []string{"ingest", "store", "api", "reach", "suspects", "ndjson", "k8saudit", "otlp"}
	cmd := &cobra.Command{
		Use:   "bench [ingest|store|api|reach|suspects|ndjson|k8saudit|otlp|neo4j]…",
		Short: "Measure speed and size against their limits, in one run",
		Long: `bench measures on generated data, in a scratch directory, and checks every answer
against a slow one. Each row names the limit it was taken beside: read ratios,
not absolute numbers. It exits 0 whether or not the goals are met. neo4j needs the
server that --store names.`,
		ValidArgs: append(slices.Clone(order), "neo4j"),
		Args:      cobra.OnlyValidArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = order
			}
			if format != "table" && format != "json" {
				return usage(cmd, "--format is table or json", "no format is called %q", format)
			}
			if at, _ := cmd.Flags().GetString("store"); serverStore.MatchString(at) {
				var err error
				if o.neo4j, err = m.neo4jOptions(cmd, at); err != nil {
					return err
				}
			}
			dir, err := os.MkdirTemp(o.dir, "blastradius-bench-")
			if err != nil {
				return fmt.Errorf("make scratch directory: %w", err)
			}
			defer os.RemoveAll(dir)
			o.dir = filepath.Clean(dir)
			o.say = func(format string, args ...any) { fmt.Fprintf(m.Stderr, format+"\n", args...) }
			var rows []benchRow
			for _, a := range args {
				got, err := parts[a](cmd.Context(), o)
				if err != nil {
					return fmt.Errorf("bench %s: %w", a, err)
				}
				rows = append(rows, got...)
			}
			if format == "json" {
				enc := json.NewEncoder(m.Stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(rows)
			}
			t := table.NewWriter()
			t.SetOutputMirror(m.Stdout)
			t.SetStyle(table.StyleLight)
			t.AppendHeader(table.Row{"what", "limit", "", "ours", "ratio", "goal", "met"})
			for _, r := range rows {
				t.AppendRow(table.Row{r.Name, r.Against, number(r.Limit), number(r.Ours), fmt.Sprintf("%.2f", r.Ratio), r.Goal, map[bool]string{true: "yes", false: "NO"}[r.Met]})
			}
			t.Render()
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.events, "events", 200_000, "events of the generated estate")
	f.IntVar(&o.edges, "edges", 5_000_000, "edge-hours of the store bench")
	f.IntVar(&o.questions, "questions", 2_000, "questions asked of the store and of the API")
	f.IntVar(&o.rounds, "rounds", 3, "interleaved rounds of the ingest bench; medians are shown")
	f.IntVar(&o.estates, "estates", 20, "estates of each scenario of the suspects bench")
	f.Uint64Var(&o.seed, "seed", 1, "seed of everything generated")
	f.StringVar(&o.dir, "dir", "", "where to make the scratch directory (default: the system's)")
	f.StringVar(&format, "format", "table", "table or json")
	return cmd
}

// number prints a measurement with three significant digits.
func number(x float64) string {
	switch {
	case x >= 10_000:
		return fmt.Sprintf("%.0f k", x/1000)
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}
