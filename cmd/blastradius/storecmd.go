package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/pebble"
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

func (m *Main) storeCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read the whole store; exit 2 where something does not read as it was written",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, _ := cmd.Flags().GetString("store")
			if serverStore.MatchString(at) {
				return usage(cmd, "neo4j-admin database check does that for a Neo4j", "store check reads the files of the embedded store")
			}
			st, err := openDirectory(at, readStore, 0)
			if err != nil {
				return err
			}
			defer st.Close()
			r, err := st.Check(cmd.Context())
			if err != nil {
				return err
			}
			for _, problem := range r.Problems {
				fmt.Fprintln(m.Stdout, printable(problem))
			}
			if n := len(r.Problems) + r.More; n > 0 {
				return &graph.Error{Code: graph.CodeCorrupt, Message: count(n, "problem") + " found",
					Hint: "ingest the files into a new store; the ledger (GraphQL: sources) names them"}
			}
			_, err = fmt.Fprintln(m.Stdout, "ok")
			return err
		},
	}
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
			s, err := statsOf(cmd.Context(), st)
			if err != nil {
				return err
			}
			if format == "json" {
				text, err := json.MarshalIndent(s, "", "  ")
				if err != nil {
					return err
				}
				return printableJSON(m.Stdout, append(text, '\n'))
			}
			p := &page{w: m.Stdout}
			p.line("%d nodes, %s, %d ledger entries%s", s.Nodes, s.size(), s.Sources, s.onDisk())
			if s.Floor != 0 {
				p.line("nothing before %s is kept; %d observations were refused", s.Floor, s.Refused)
			}
			var rows [][]string
			for _, k := range graph.EdgeKinds {
				if n := s.Edges[k.Kind]; n > 0 {
					rows = append(rows, []string{k.Name, fmt.Sprint(n)})
				}
			}
			p.table([]string{"edges", "COUNT"}, rows)
			rows = nil
			for _, part := range slices.Sorted(maps.Keys(s.Bytes)) {
				rows = append(rows, []string{part, fmt.Sprint(s.Bytes[part])})
			}
			if len(rows) > 0 {
				p.table([]string{"bytes of", "COUNT"}, rows)
			}
			return p.err
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "`table` or json")
	return cmd
}

// storeStats are those of any store, as JSON; what one does not know is left
// out.
type storeStats struct {
	Nodes        uint64                    `json:"nodes"`
	Edges        map[graph.EdgeKind]uint64 `json:"edges"`
	Observations uint64                    `json:"observations,omitempty"`
	Calls        uint64                    `json:"calls,omitempty"`
	Sources      uint64                    `json:"sources"`
	Refused      uint64                    `json:"refused"`
	Watermark    uint64                    `json:"watermark"`
	Floor        graph.Time                `json:"floor"`
	Format       int                       `json:"format"`
	Bytes        map[string]uint64         `json:"bytes,omitempty"`
	Disk         uint64                    `json:"diskBytes,omitempty"`
}

func statsOf(ctx context.Context, st graph.Store) (storeStats, error) {
	switch st := st.(type) {
	case *pebble.Store:
		s, err := st.Stats(ctx)
		return storeStats{Nodes: s.Nodes, Edges: s.Edges, Observations: s.Observations, Sources: s.Sources, Refused: s.Refused,
			Watermark: s.Watermark, Floor: s.Floor, Format: s.Format, Bytes: s.Bytes, Disk: s.Disk}, err
	case *neo4j.Store:
		s, err := st.Stats(ctx)
		return storeStats{Nodes: s.Nodes, Edges: s.Edges, Calls: s.Calls, Sources: s.Sources, Refused: s.Refused,
			Watermark: s.Watermark, Floor: s.Floor, Format: s.Format}, err
	}
	return storeStats{}, fmt.Errorf("no statistics of a %T", st)
}

// size counts observations, or the calls of edge-hours where the store counts
// those.
func (s *storeStats) size() string {
	if s.Calls > 0 {
		return fmt.Sprintf("%d calls", s.Calls)
	}
	return fmt.Sprintf("%d observations", s.Observations)
}

func (s *storeStats) onDisk() string {
	if s.Disk == 0 {
		return ""
	}
	return fmt.Sprintf("; %d bytes on disk", s.Disk)
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
