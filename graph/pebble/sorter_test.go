package pebble

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The sorter agrees with a stable sort, at sizes that rise and fall.
func TestSorter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s sorter
	for round := range 60 {
		type pair struct {
			key   uint64
			index uint32
		}
		var want []pair
		s.reset()
		mask := uint64(1)<<(round+1) - 1
		for i := range rng.IntN(5000) {
			k := rng.Uint64() & mask &^ 0xff00
			want = append(want, pair{k, uint32(i)})
			s.add(k, uint32(i))
		}
		s.sort()
		slices.SortStableFunc(want, func(a, b pair) int {
			if a.key < b.key {
				return -1
			} else if a.key > b.key {
				return 1
			}
			return 0
		})
		for i, w := range want {
			if s.keys[i] != w.key || s.index[i] != w.index {
				t.Fatalf("round %d: position %d is (%x, %d), want (%x, %d)", round, i, s.keys[i], s.index[i], w.key, w.index)
			}
		}
	}
}
