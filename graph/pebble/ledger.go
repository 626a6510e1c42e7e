package pebble

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/blastradius/blastradius/graph"
)

func (w *writer) addSources(b *graph.Batch, base uint64) error {
	for i, src := range b.Sources {
		src.Seq = 0 // it is the key
		v, err := json.Marshal(src)
		if err != nil {
			return fmt.Errorf("encode ledger entry %s: %w", src.Name, err)
		}
		w.put(tagLedger, ledgerKey(base+uint64(i)), v)
	}
	w.next.watermark += uint64(len(b.Sources))
	return nil
}

func parseSource(b []byte) (src graph.Source, err error) {
	err = json.Unmarshal(b, &src)
	return src, err
}

// Sources implements graph.Store.
func (s *Store) Sources(ctx context.Context) iter.Seq2[graph.Source, error] {
	return func(yield func(graph.Source, error) bool) {
		stopped := false
		err := s.scan(tagLedger, func(k, v []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			src, err := parseSource(v)
			if err != nil {
				return err
			}
			src.Seq = binary.BigEndian.Uint64(k[1:])
			if !yield(src, nil) {
				stopped = true
				return errStop
			}
			return nil
		})
		switch {
		case stopped || err == nil:
		case ctx.Err() != nil:
			yield(graph.Source{}, ctx.Err())
		default:
			yield(graph.Source{}, err)
		}
	}
}
