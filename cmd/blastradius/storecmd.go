package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/spf13/cobra"
)

// storeCommand groups what tends a store.
func (m *Main) storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Check, measure and prune the store",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, "check, stats or prune", "unknown command %q", "store "+args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(m.storeCheck(), m.storeStats(), m.storePrune())
	return cmd
}

// storeCheck reads everything there is, so that what does not read as it was
// written shows, and holds that every edge ends in nodes.
func (m *Main) storeCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read the whole store; exit 2 where something does not read as it was written",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			st, err := m.openStore(cmd, readStore)
			if err != nil {
				return err
			}
			defer st.Close()
			ctx := cmd.Context()
			nodes := map[graph.ID]bool{}
			for n, err := range st.Nodes(ctx, graph.Selector{}) {
				if err != nil {
					return err
				}
				nodes[n.ID] = true
			}
			corrupt := func(format string, args ...any) error {
				return &graph.Error{Code: graph.CodeCorrupt, Message: fmt.Sprintf(format, args...),
					Hint: "ingest the files into a new store; what was ingested is in the ledger"}
			}
			var totals [2]struct{ edges, observations int } // by direction: both must tell the same
			for i, dir := range []graph.Direction{graph.Out, graph.In} {
				for e, err := range st.Edges(ctx, nil, dir, graph.Filter{Detail: graph.Evidence}) {
					if err != nil {
						return err
					}
					if !nodes[e.From] || !nodes[e.To] {
						return corrupt("an edge %s from %s to %s ends in no node", e.Kind, e.From, e.To)
					}
					totals[i].edges++
					totals[i].observations += len(e.Observations)
				}
			}
			if totals[0] != totals[1] {
				return corrupt("the two directions of the edges differ: %v and %v", totals[0], totals[1])
			}
			sources := 0
			for s, err := range st.Sources(ctx) {
				if err != nil {
					return err
				}
				if sources++; s.Seq != uint64(sources) {
					return corrupt("ledger entry %d has number %d", sources, s.Seq)
				}
			}
			_, err = fmt.Fprintf(m.Stdout, "ok: %d nodes, %d edges, %d observations, %d ledger entries\n",
				len(nodes), totals[0].edges, totals[0].observations, sources)
			return err
		},
	}
}

// storeStats is what a store holds, in numbers.
type storeStats struct {
	Nodes        map[string]int `json:"nodes"`
	Edges        map[string]int `json:"edges"`
	Observations int            `json:"observations"`
	Sources      int            `json:"sources"`
	Records      int            `json:"records"`
	Rejected     int            `json:"rejected"`
	Bytes        int64          `json:"bytes"`
	PerEvent     float64        `json:"bytesPerRecord"`
	First        graph.Time     `json:"first"`
	Last         graph.Time     `json:"last"`
}

func (m *Main) storeStats() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "What the store holds, and its size on disk",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "format", format, []string{"table", "json"}); err != nil {
				return err
			}
			st, err := m.openStore(cmd, readStore)
			if err != nil {
				return err
			}
			defer st.Close()
			dir, _ := cmd.Flags().GetString("store")
			s := storeStats{Nodes: map[string]int{}, Edges: map[string]int{}}
			for n, err := range st.Nodes(cmd.Context(), graph.Selector{}) {
				if err != nil {
					return err
				}
				s.Nodes[n.Kind.String()]++
			}
			for e, err := range st.Edges(cmd.Context(), nil, graph.Out, graph.Filter{Detail: graph.Times}) {
				if err != nil {
					return err
				}
				s.Edges[e.Kind.String()]++
				s.Observations += len(e.Observations)
			}
			for x, err := range st.Sources(cmd.Context()) {
				if err != nil {
					return err
				}
				s.Sources++
				s.Records += x.Records
				s.Rejected += x.Rejected
				if x.First != 0 && (s.First == 0 || x.First < s.First) {
					s.First = x.First
				}
				s.Last = max(s.Last, x.Last)
			}
			if s.Bytes, err = sizeOf(dir); err != nil {
				return err
			}
			if s.Records > 0 {
				s.PerEvent = float64(s.Bytes) / float64(s.Records)
			}
			return m.writeStats(&s, format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "`table` or json")
	return cmd
}

func (m *Main) writeStats(s *storeStats, format string) error {
	if format == "json" {
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		return printableJSON(m.Stdout, append(text, '\n'))
	}
	p := &page{w: m.Stdout}
	list := func(what string, counts map[string]int) {
		var names []string
		for n := range counts {
			names = append(names, n)
		}
		slices.Sort(names)
		var rows [][]string
		for _, n := range names {
			rows = append(rows, []string{n, fmt.Sprint(counts[n])})
		}
		p.table([]string{what, "COUNT"}, rows)
	}
	list("nodes", s.Nodes)
	list("edges", s.Edges)
	p.line("%d observations from %d records in %d ledger entries, %d rejected", s.Observations, s.Records, s.Sources, s.Rejected)
	p.line("events from %s to %s", s.First, s.Last)
	p.line("%d bytes on disk, %.1f a record", s.Bytes, s.PerEvent)
	return p.err
}

// sizeOf is the size of all files below a directory, in bytes.
func sizeOf(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measure store: %w", err)
	}
	return n, nil
}

// storePrune forgets what is old.
func (m *Main) storePrune() *cobra.Command {
	var before string
	cmd := &cobra.Command{
		Use:   "prune --before TIME",
		Short: "Forget observations before a time, and refuse them from then on",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if before == "" {
				return usage(cmd, "such as --before 90d, or a time", "prune needs --before")
			}
			at, err := m.timeFlag(cmd, "before", before)
			if err != nil {
				return err
			}
			st, err := m.openStore(cmd, tendStore)
			if err != nil {
				return err
			}
			defer st.Close()
			if err := st.Prune(cmd.Context(), at); err != nil {
				return err
			}
			fmt.Fprintln(m.Stderr, "forgotten: everything before", at.Format(time.RFC3339))
			return nil
		},
	}
	cmd.Flags().StringVar(&before, "before", "", "`time` before which observations are dropped, or how long ago (90d)")
	return cmd
}
