package pebble

import (
	"math/rand/v2"
	"testing"
)

// What was added is never denied, and what was not seldom claimed, at any size.
func TestIDFilter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var f idFilter
	added := make([]uint64, 300_000)
	for i := range added {
		added[i] = rng.Uint64()
		f.add(added[i])
		if n := rng.IntN(i + 1); !f.has(added[n]) {
			t.Fatalf("hash %d of %d is denied", n, i+1)
		}
	}
	wrong := 0
	for range 100_000 {
		if f.has(rng.Uint64()) {
			wrong++
		}
	}
	if wrong > 1000 {
		t.Errorf("%d of 100,000 hashes are claimed that were never added", wrong)
	}
	if len(f.parts) < 3 {
		t.Errorf("%d hashes went into %d parts: growing was not tested", len(added), len(f.parts))
	}
}
