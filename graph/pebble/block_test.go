package pebble

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

// randomBlock packs a few edges with sights from a small world.
func randomBlock(rng *rand.Rand, light bool) []byte {
	var p packer
	var heads [][]byte
	for range 1 + rng.IntN(3) {
		heads = append(heads, appendHeader(nil, graph.EventKey{Kind: graph.Called, Outcome: graph.OK}, uint32(rng.IntN(4)), uint32(rng.IntN(2))*300, 0, uint32(rng.IntN(2)), 0))
	}
	slices.SortFunc(heads, bytes.Compare)
	heads = slices.CompactFunc(heads, bytes.Equal)
	var out []byte
	for _, h := range heads {
		var s []sight
		for range 1 + rng.IntN(20) {
			n := rng.IntN(30)
			o := sight{ms: uint32(n%7) * 1000, seq: uint64(1 + rng.IntN(5)), ev: appendKey(nil, uint64(n))}
			if rng.IntN(40) == 0 {
				o.ms += 5
			}
			if !light {
				o.ev = appendEvidence(nil, fmt.Sprintf("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8%02x", n), nil)
				o.record = uint32(rng.IntN(9))
			}
			if rng.IntN(50) == 0 {
				o.call = appendCall(nil, fmt.Sprint("call", n%3))
			}
			s = append(s, o)
		}
		out = p.appendEdge(out, h, normalize(s), light)
	}
	return out
}

// United in any order and grouping, operands give the same bytes.
func TestMergerIsFreeOfOrderAndGrouping(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		tag := []byte{tagOut, tagIn}[seed%2]
		var ops [][]byte
		for range 1 + rng.IntN(7) {
			ops = append(ops, randomBlock(rng, tag == tagIn))
		}
		merge := func(ops ...[]byte) []byte {
			m, err := merger.Merge([]byte{tag}, ops[0])
			for _, o := range ops[1:] {
				if err == nil && rng.IntN(2) == 0 {
					err = m.MergeOlder(o)
				} else if err == nil {
					err = m.MergeNewer(o)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			v, closer, err := m.Finish(true)
			if err != nil {
				t.Fatal(err)
			}
			v = bytes.Clone(v)
			if err := closer.Close(); err != nil {
				t.Fatal(err)
			}
			return v
		}
		want := merge(ops...)
		rng.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
		if got := merge(ops...); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %d operands in another order give other bytes", seed, len(ops))
		}
		cut := rng.IntN(len(ops)) + 1
		grouped := [][]byte{merge(ops[:cut]...)}
		if cut < len(ops) {
			grouped = append(grouped, merge(ops[cut:]...))
		}
		if got := merge(append(grouped, ops[0])...); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %d operands grouped at %d give other bytes", seed, len(ops), cut)
		}
	}
}

// A block cut short or overwritten gives an error or edges, never a panic.
func FuzzBlock(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		f.Add(randomBlock(rng, false), false)
		f.Add(randomBlock(rng, true), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, light bool) {
		if len(b) > 1<<12 {
			return
		}
		var e edgeView
		for rest := b; len(rest) > 0; {
			var err error
			if rest, err = nextEdge(rest, &e); err != nil {
				break
			}
			s, err := sights(nil, e.body, light)
			if err != nil {
				break
			}
			for i := range s {
				if !light {
					appendEvidenceText(nil, s[i].ev, nil)
				}
				if len(s[i].call) > 0 {
					callText(s[i].call)
				}
			}
		}
		var p packer
		_, _ = p.mergeBlocks(nil, b, b[:len(b)/2], light)
	})
}
