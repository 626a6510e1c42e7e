package pebble

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomBlock packs a few edges with sights from a small world, in which one
// event has several edges and two sources may tell of it.
func randomBlock(rng *rand.Rand, light bool) []byte {
	var p packer
	var edges []edgeSights
	var sights []sight
	for range 1 + rng.IntN(3) {
		e := edgeSights{edgeHead{uint32(rng.IntN(4)), uint32(rng.IntN(2)) * 300, uint32(rng.IntN(2))}, len(sights), 0}
		for range 1 + rng.IntN(20) {
			n := rng.IntN(30)
			o := sight{ms: uint32(n%7) * 1000, seq: uint64(1 + rng.IntN(5))}
			if rng.IntN(40) == 0 {
				o.ms += 5
			}
			if light {
				o.key = uint64(n) << 20
			} else {
				ev := fmt.Sprintf("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8%02x", n)
				if n == 0 {
					ev = "as it came"
				}
				o.ev = appendEvidence(nil, ev, nil)
				o.record = uint32(rng.IntN(9))
			}
			if rng.IntN(50) == 0 {
				o.call = appendCall(nil, fmt.Sprint("call", n%3))
			}
			sights = append(sights, o)
		}
		e.to = e.from + len(normalize(sights[e.from:], light))
		sights = sights[:e.to]
		edges = append(edges, e)
	}
	edges, sights = p.join(edges, sights, light)
	return p.pack(nil, edges, sights, light)
}

// What was packed is unpacked.
func TestPack(t *testing.T) {
	for seed := range uint64(300) {
		light := seed%2 == 0
		b := randomBlock(rand.New(rand.NewPCG(seed, 3)), light)
		var p packer
		edges, sights, err := p.unpack(nil, nil, b, light)
		if err != nil || len(edges) == 0 {
			t.Fatalf("seed %d: %d edges, %v", seed, len(edges), err)
		}
		for _, e := range edges {
			own := sights[e.from:e.to]
			for i := range own[1:] {
				if compareSight(&own[i], &own[i+1], light) >= 0 {
					t.Fatalf("seed %d: an edge's observations are not in order", seed)
				}
			}
		}
		var q packer
		if again := q.pack(nil, edges, sights, light); !bytes.Equal(again, b) {
			t.Fatalf("seed %d: packed again, a block has other bytes", seed)
		}
	}
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
		var p packer
		if _, sights, err := p.unpack(nil, nil, b, light); err == nil && !light {
			for i := range sights {
				appendEvidenceText(nil, sights[i].ev, nil)
				if len(sights[i].call) > 0 {
					callText(sights[i].call)
				}
			}
		}
		_, _ = p.mergeBlocks(nil, [][]byte{b, b[:len(b)/2]}, light)
	})
}
