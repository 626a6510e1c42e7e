package pebble

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// Stats is what a store holds.
type Stats struct {
	Nodes, Observations, Sources uint64
	// Edges by kind; event edges once an hour.
	Edges map[graph.EdgeKind]uint64
	// Refused observations lay before the floor.
	Refused   uint64
	Watermark uint64
	Floor     graph.Time
	Format    int
	// Bytes on disk by part; "log" is what is not yet sorted into files, after
	// a process was killed. The parts overlap in files, so their sum is an
	// estimate; Disk is everything.
	Bytes map[string]uint64
	Disk  uint64
}

// parts of the key space, for people.
var parts = []struct {
	name string
	tags []byte
}{
	{"events by source", []byte{tagOut}}, {"events by target", []byte{tagIn}}, {"evidence index", []byte{tagEvidence}},
	{"standing edges", []byte{tagStanding, tagStandingIn}}, {"nodes", []byte{tagNode, tagNumber}}, {"search", []byte{tagToken, tagAlias}},
	{"ledger", []byte{tagLedger, tagSupersede, tagMeta}}, {"dictionaries", []byte{tagLabel, tagSuffix, tagShape}},
}

// Stats counts what the store holds. It reads all edges, keyed by From.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	s.mu.RLock()
	view, st := s.db.NewSnapshot(), s.state.Load()
	s.mu.RUnlock()
	defer view.Close()
	m := s.db.Metrics()
	log := m.WAL.Size
	if s.o.ReadOnly && m.MemTable.Count > 1 { // logs were read into memory, and are called obsolete
		log = m.WAL.ObsoletePhysicalSize
	}
	out := Stats{Nodes: uint64(st.nextNode - 1), Sources: st.watermark, Refused: st.refused, Watermark: st.watermark, Floor: st.floor, Format: formatVersion,
		Edges: map[graph.EdgeKind]uint64{}, Bytes: map[string]uint64{"log": log}, Disk: m.DiskSpaceUsage()}
	for _, p := range parts {
		for _, tag := range p.tags {
			n, err := s.db.EstimateDiskUsage([]byte{tag}, []byte{tag + 1})
			if err != nil {
				return out, fmt.Errorf("measure store: %w", err)
			}
			out.Bytes[p.name] += n
		}
	}
	err := eachEdge(ctx, view, tagOut, st.floor, func(_ []byte, _ *blockView, e *edgeView) error {
		if int(e.shape) >= len(st.shapes) {
			return errCorrupt
		}
		out.Edges[st.shapes[e.shape].kind]++
		out.Observations += uint64(e.n)
		return nil
	})
	if err != nil {
		return out, err
	}
	return out, scanView(view, []byte{tagStanding}, []byte{tagStanding + 1}, func(k, _ []byte) error {
		_, kind, _, _ := standingKey(k)
		out.Edges[kind]++
		return ctx.Err()
	})
}

// eachEdge calls each for all event edges of a tag, from the floor's hour on,
// with the block that holds it.
func eachEdge(ctx context.Context, view pebble.Reader, tag byte, floor graph.Time, each func(key []byte, v *blockView, e *edgeView) error) error {
	low := floor.Hour()
	var v blockView
	var e edgeView
	return scanView(view, numberKey(nil, tag, dayOf(low)), []byte{tag + 1}, func(k, b []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if day, _, hod := blockKey(k); hourAt(day, hod) < low {
			return nil
		}
		if err := v.parse(b, tag == tagIn); err != nil {
			return corrupt(k, err)
		}
		for {
			ok, err := v.next(&e)
			if err != nil {
				return corrupt(k, err)
			}
			if !ok {
				return nil
			}
			if err := each(k, &v, &e); err != nil {
				return err
			}
		}
	})
}
