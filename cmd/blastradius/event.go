package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// eventAnswer is explore's answer with the record that the API reads for each
// sighting.
type eventAnswer struct {
	explore.Event
	Sightings []struct {
		explore.Sighting
		Record *string `json:"record"`
	} `json:"sightings"`
}

// event is the command that leads from an event id back to its record.
func (m *Main) event() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "event ID",
		Short: "One log record: where it lies, what rests on it, and the record itself",
		Long: `event finds a record by its event id and reads it again from its file, secrets
removed. Where the file is out of reach it shows what the graph holds, and ends with
SOURCE_UNREACHABLE, file and record.`,
		Example: "  blastradius event 4c2c1d2e-6a0b-4d5e-9f3b-1a2b3c4d5e6f",
		Args:    exactly(1, "one event ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(m, cmd, question[eventAnswer]{
				name: "event", vars: map[string]any{"id": args[0]}, show: showEvent,
				columns: columnsOf(factRow(&explore.Fact{})),
				rows: func(a *eventAnswer) (out []row) {
					for _, s := range a.Sightings {
						r := row{{"type", "sighting"}, {"evidence", s.Evidence}, {"at", s.At.String()}, {"file", s.Source.Name}, {"position", s.Position}}
						if s.Record != nil {
							r = append(r, field{"record", json.RawMessage(*s.Record)})
						}
						out = append(out, r)
					}
					for i := range a.Edges {
						out = append(out, factRow(&a.Edges[i]))
					}
					return out
				},
			})
		},
	}
	addAskFlags(cmd)
	return cmd
}

func factRow(f *explore.Fact) row {
	return row{{"type", "fact"}, {"kind", f.Kind.String()}, {"from", string(f.From)}, {"to", string(f.To)}, {"at", f.At.String()}, {"action", f.Action},
		{"effect", f.Effect.String()}, {"outcome", f.Outcome.String()}, {"match", f.Match.String()}, {"role", f.Role.String()},
		{"plane", f.Plane.String()}, {"join", f.Join.String()}, {"detail", f.Detail}, {"agent", string(f.Agent)},
		{"client", string(f.Client)}, {"service", string(f.Service)}}
}

func showEvent(p *page, a *eventAnswer) {
	rows := make([][]string, len(a.Edges))
	for i, f := range a.Edges {
		what := []string{}
		for _, s := range []string{f.Action, f.Effect.String(), f.Outcome.String(), f.Match.String(), f.Join.String(), f.Detail} {
			if s != "" {
				what = append(what, s)
			}
		}
		rows[i] = []string{f.Kind.String(), short(f.From), short(f.To), strings.Join(what, " "), short(f.Agent)}
	}
	p.line("event %s: %s, %s", a.ID, count(len(a.Sightings), "sighting"), count(len(a.Edges), "edge"))
	p.table([]string{"edge", "from", "to", "what", "agent"}, rows)
	shown := map[string]bool{} // one record may have been seen for several edges
	for _, s := range a.Sightings {
		place := fmt.Sprint(s.Source.Name, s.Position)
		if shown[place] {
			continue
		}
		shown[place] = true
		p.line("")
		p.line("%s at %s", s.Evidence, s.At)
		p.line("%s record %d", s.Source.Name, s.Position)
		if s.Record == nil {
			continue
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(*s.Record), "", "  "); err != nil {
			p.line("%s", *s.Record)
			continue
		}
		for line := range strings.Lines(b.String()) {
			p.line("%s", strings.TrimSuffix(line, "\n"))
		}
	}
}
