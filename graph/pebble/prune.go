package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// pruneChunk bounds what Prune deletes in one commit. Reading stops at the
// floor, which is set first, so that the rest is never seen.
const pruneChunk = 4 << 20

// Prune implements graph.Store. Whole days go by range; of the floor's day the
// hours are deleted one by one, and its hour is rewritten. Where it is
// interrupted the floor stands, and the next Prune completes it.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.w.reset()
	floor := max(s.w.next.floor, min(graph.TimeOf(before), endOfTime))
	if floor <= 0 {
		return nil
	}
	s.w.next.floor = floor
	day := dayOf(floor.Hour())
	p := pruner{s: s, batch: s.db.NewBatch()}
	defer func() { _ = p.batch.Close() }()
	if err := p.batch.Set(stringKey(nil, tagMeta, "floor"), binary.AppendUvarint(nil, uint64(floor)), nil); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	for _, tag := range []byte{tagOut, tagIn, tagEvidence} {
		if err := p.batch.DeleteRange(numberKey(nil, tag, 0), numberKey(nil, tag, day), nil); err != nil {
			return fmt.Errorf("prune: %w", err)
		}
	}
	s.w.next.days = slices.DeleteFunc(slices.Clone(s.w.next.days), func(d uint32) bool { return d < day })
	if err := p.flush(); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	for _, tag := range []byte{tagOut, tagIn} {
		if err := p.floorDay(ctx, tag, floor); err != nil {
			return fmt.Errorf("prune: %w", err)
		}
	}
	if err := p.credentials(ctx, floor); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	if err := p.flush(); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	return nil
}

type pruner struct {
	s     *Store
	batch *pebble.Batch
}

// flush commits what was gathered.
func (p *pruner) flush() error {
	if p.batch.Empty() {
		return nil
	}
	if err := p.s.commit(func() error { return p.batch.Commit(pebble.Sync) }); err != nil {
		return err
	}
	if err := p.batch.Close(); err != nil {
		return err
	}
	p.batch = p.s.db.NewBatch()
	return nil
}

// floorDay drops the observations of the floor's day that lie before it.
func (p *pruner) floorDay(ctx context.Context, tag byte, floor graph.Time) error {
	day, hod, ms := dayOf(floor.Hour()), hourOfDay(floor.Hour()), uint32(floor-floor.Hour().Start())
	var k packer
	return scanView(p.s.db, numberKey(nil, tag, day), numberKey(nil, tag, day+1), func(key, v []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		switch at := key[blockPrefix]; {
		case at > hod:
			return nil
		case at == hod:
			var left []byte
			if left, err = k.since(v, ms, tag == tagIn); err != nil {
				return corrupt(key, err)
			}
			if len(left) > 0 {
				err = p.batch.Set(key, left, nil)
				break
			}
			fallthrough
		default:
			err = p.batch.Delete(key, nil)
		}
		if err == nil && p.batch.Len() > pruneChunk {
			err = p.flush()
		}
		return err
	})
}

// since is the block without what lies before ms; empty where nothing is left.
func (p *packer) since(block []byte, ms uint32, light bool) ([]byte, error) {
	p.arena = p.arena[:0]
	edges, sights, err := p.unpack(p.edges[:0], p.sights[:0], block, light)
	if err != nil {
		return nil, err
	}
	left := edges[:0]
	for _, e := range edges {
		for e.from < e.to && sights[e.from].ms < ms {
			e.from++
		}
		if e.from < e.to {
			left = append(left, e)
		}
	}
	p.edges, p.sights = edges, sights
	if len(left) == 0 {
		return nil, nil
	}
	return p.pack(nil, left, sights, light), nil
}

// credentials drops the standing facts of temporary credentials long ended.
func (p *pruner) credentials(ctx context.Context, floor graph.Time) error {
	view := p.s.db
	return scanView(view, []byte{tagNode}, []byte{tagNode + 1}, func(_, v []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := parseNode(v)
		if err != nil || !r.node.Temporary() {
			return err
		}
		var marks []graph.Mark
		var drop [][]byte
		for _, dir := range [][2]byte{{tagStanding, tagStandingIn}, {tagStandingIn, tagStanding}} {
			prefix := numberKey(nil, dir[0], r.number)
			if err := scanView(view, prefix, upper(prefix), func(k, v []byte) error {
				rec, err := parseStanding(v)
				if err != nil {
					return corrupt(k, err)
				}
				marks = append(marks, p.s.w.next.visible(rec.marks, 0)...)
				node, kind, other, label := standingKey(k)
				drop = append(drop, slices.Clone(k), appendStandingKey(nil, dir[1], other, kind, node, label))
				return nil
			}); err != nil {
				return err
			}
		}
		if !graph.LongEnded(marks, floor) {
			return nil
		}
		for _, k := range drop {
			if err := p.batch.Delete(k, nil); err != nil {
				return err
			}
		}
		if p.batch.Len() > pruneChunk {
			return p.flush()
		}
		return nil
	})
}
