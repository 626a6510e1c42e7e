package explore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Event is what the graph holds of one log record, and where the record lies.
type Event struct {
	ID        string     `json:"id"`
	Sightings []Sighting `json:"sightings"`
	Edges     []Fact     `json:"edges"`
	AsOf      int        `json:"asOf"`
}

// Sighting is one place in the ledger where the record lies.
type Sighting struct {
	Evidence string     `json:"evidence"`
	At       graph.Time `json:"at"`
	Source   Source     `json:"source"`
	Position int        `json:"position"` // of the record in the file, from zero
}

// Fact is one edge that rests on the record.
type Fact struct {
	Kind    graph.EdgeKind `json:"kind"`
	From    graph.ID       `json:"from"`
	To      graph.ID       `json:"to"`
	At      graph.Time     `json:"at"`
	Action  string         `json:"action"`
	Effect  graph.Effect   `json:"effect"`
	Outcome graph.Outcome  `json:"outcome"`
	Match   graph.Match    `json:"match"`
	Role    graph.Role     `json:"role"`
	Plane   graph.Plane    `json:"plane"`
	Join    graph.Join     `json:"join"`
	Detail  string         `json:"detail"`
	Agent   graph.ID       `json:"agent"`
	Client  graph.ID       `json:"client"`
	Service graph.ID       `json:"service"`
}

// Event answers what the graph holds of one log record, by its event id with or
// without "@account", and where the record lies. Record reads it.
func (e *Explorer) Event(ctx context.Context, id string) (*Event, error) {
	r, err := e.reader(ctx, Budget{}, 0)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "an empty event id was asked for", Hint: "give an id from an evidence list"}
	}
	out := &Event{ID: id, Sightings: []Sighting{}, Edges: []Fact{}, AsOf: int(r.seen)}
	type spot struct {
		evidence string
		ref      graph.Ref
	}
	seen := map[spot]graph.Time{}
	err = r.everywhere(graph.Filter{Evidence: []string{id}, Detail: graph.Evidence}, func(e *graph.Edge) {
		for _, o := range e.Observations {
			// The latest is the call's own time: an issue that the record only
			// implies is dated before it.
			at := spot{o.Evidence, o.Source}
			seen[at] = max(seen[at], o.At)
		}
		l := e.Label
		out.Edges = append(out.Edges, Fact{Kind: e.Kind, From: e.From, To: e.To, At: e.First, Action: l.Action, Effect: l.Effect, Outcome: e.Outcome,
			Match: l.Match, Role: l.Role, Plane: l.Plane, Join: l.Join, Detail: l.Detail, Agent: e.Via.Agent, Client: e.Via.Client, Service: e.Via.Service})
	})
	if err != nil {
		return nil, err
	}
	if len(seen) == 0 {
		return nil, &graph.Error{Code: graph.CodeNotFound, Message: fmt.Sprintf("no event has the id %q", id), Hint: "ids stand in the evidence lists of every answer"}
	}
	want := map[uint64]Source{}
	for s := range seen {
		want[s.ref.Seq] = Source{}
	}
	left := len(want)
	for s, err := range e.store.Sources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if _, ok := want[s.Seq]; ok {
			want[s.Seq] = showSource(&s)
			if left--; left == 0 {
				break
			}
		}
	}
	for s, at := range seen {
		out.Sightings = append(out.Sightings, Sighting{Evidence: s.evidence, At: at, Source: want[s.ref.Seq], Position: int(s.ref.Record)})
	}
	slices.SortFunc(out.Sightings, func(a, b Sighting) int {
		return cmp.Or(cmp.Compare(a.Source.Seq, b.Source.Seq), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Evidence, b.Evidence))
	})
	slices.SortFunc(out.Edges, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.From, b.From), cmp.Compare(a.Role-1, b.Role-1), cmp.Compare(a.To, b.To), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Join, b.Join))
	})
	return out, nil
}

// Record reads the record of a sighting from its source, as JSON without
// secrets. The error has code SOURCE_UNREACHABLE where the file cannot be read,
// and names file and record.
func (e *Explorer) Record(ctx context.Context, s *Sighting) ([]byte, error) {
	if e.opts.ReadRecord == nil {
		return nil, unreachable(s, nil)
	}
	b, err := e.opts.ReadRecord(ctx, s.Source.Name, uint32(s.Position), s.Evidence)
	if err != nil && graph.Code(err) == graph.CodeInternal {
		return nil, unreachable(s, err)
	}
	return b, err
}

func unreachable(s *Sighting, err error) error {
	return &graph.Error{Code: graph.CodeSourceUnreachable, Message: fmt.Sprintf("cannot read record %d of %s", s.Position, s.Source.Name), Err: err,
		Hint: "put the file back where it was ingested from, or ask on the machine that can read it"}
}
