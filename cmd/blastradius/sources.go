package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/ndjson"
	"github.com/spf13/cobra"
)

// sources is the command that lists what can be read.
func (m *Main) sources() *cobra.Command {
	var format string
	var schema bool
	cmd := &cobra.Command{
		Use:   "sources [NAME]…",
		Short: "What can be read, what each source yields, and what it cannot see",
		Long: `sources lists the logs and dumps that ingest reads: what each yields, and what it
never shows, however much is logged. ingest recognises them by content.

"sources ndjson --schema" prints the JSON Schema of our own format, into which a few
lines in any language turn what no source reads.`,
		Example: "  blastradius sources\n  blastradius sources ndjson --schema > call.schema.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf(cmd, "format", format, []string{"table", "json"}); err != nil {
				return err
			}
			if schema {
				if !slices.Equal(args, []string{ndjson.Kind}) {
					return usage(cmd, "blastradius sources ndjson --schema", "--schema is that of ndjson alone")
				}
				_, err := m.Stdout.Write(ndjson.Schema)
				return err
			}
			list, err := described(args)
			if err != nil {
				return err
			}
			if format == "json" {
				text, err := json.MarshalIndent(list, "", "  ")
				if err != nil {
					return err
				}
				return printableJSON(m.Stdout, append(text, '\n'))
			}
			p := &page{w: m.Stdout}
			for i, a := range list {
				if i > 0 {
					p.line("")
				}
				p.line("%s", a.Name)
				for _, part := range [][2]string{{"reads", a.Reads}, {"yields", a.Yields}, {"cannot see", a.CannotSee}} {
					for j, text := range wrapped(part[1], 88) {
						name := part[0]
						if j > 0 {
							name = ""
						}
						p.line("  %-10s  %s", name, text)
					}
				}
			}
			return p.err
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "table", "`table` or json")
	f.BoolVar(&schema, "schema", false, "print the JSON Schema of ndjson")
	return cmd
}

// described are the sources of those names, of no names all.
func described(names []string) ([]ingest.About, error) {
	out, all := []ingest.About{}, []string{}
	for _, f := range formats(false) {
		d, ok := f.(ingest.Describer)
		if !ok {
			continue
		}
		for _, a := range d.About() {
			all = append(all, a.Name)
			if len(names) == 0 || slices.Contains(names, a.Name) {
				out = append(out, a)
			}
		}
	}
	for _, n := range names {
		if !slices.Contains(all, n) {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("no source is called %q", n), Hint: "one of " + strings.Join(all, ", ")}
		}
	}
	return out, nil
}

// wrapped is text in lines of at most that many letters, where words allow it.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
