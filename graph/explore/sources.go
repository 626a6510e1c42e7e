package explore

import (
	"context"
	"fmt"

	"github.com/blastradius/blastradius/graph"
)

// Source is one entry of the ledger.
type Source struct {
	Seq      int        `json:"seq"`
	Name     string     `json:"name"`
	Kind     string     `json:"kind"`
	Stream   string     `json:"stream"`
	Size     int        `json:"size"`
	Hash     string     `json:"hash"`
	Segment  int        `json:"segment"`
	Final    bool       `json:"final"`
	Records  int        `json:"records"`
	Rejected int        `json:"rejected"`
	Skipped  int        `json:"skipped"`
	First    graph.Time `json:"first"`
	Last     graph.Time `json:"last"`
	Note     string     `json:"note"`
}

// Sources is a page of the ledger, in order of Seq.
type Sources struct {
	Sources []Source `json:"sources"`
	Cursor  string   `json:"cursor"`
	AsOf    int      `json:"asOf"`
}

// Sources is a page of the ledger, in order of commits.
func (e *Explorer) Sources(ctx context.Context, q SourcesQuery) (*Sources, error) {
	first, err := pageSize(q.First, 100)
	if err != nil {
		return nil, err
	}
	var after uint64
	if q.After != "" {
		if _, err := fmt.Sscanf(q.After, "%d", &after); err != nil {
			return nil, badCursor(q.After)
		}
	}
	mark, err := e.Watermark(ctx)
	if err != nil {
		return nil, err
	}
	out := &Sources{Sources: []Source{}, AsOf: int(mark)}
	for s, err := range e.store.Sources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if s.Seq <= after {
			continue
		}
		if len(out.Sources) == first {
			out.Cursor = fmt.Sprint(out.Sources[first-1].Seq)
			break
		}
		out.Sources = append(out.Sources, showSource(&s))
	}
	return out, nil
}

func showSource(s *graph.Source) Source {
	return Source{Seq: int(s.Seq), Name: s.Name, Kind: s.Kind, Stream: s.Stream, Size: int(s.Size), Hash: s.Hash, Segment: s.Segment, Final: s.Final,
		Records: s.Records, Rejected: s.Rejected, Skipped: s.Skipped, First: s.First, Last: s.Last, Note: s.Note}
}
