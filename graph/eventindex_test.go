package graph

import (
	"math/rand/v2"
	"testing"
)

// TestEventIndex holds the index to a map, over keys that differ in one field.
func TestEventIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var x eventIndex
	var rows []EventRow
	want := map[EventKey]uint32{}
	for range 20_000 {
		var k EventKey
		n := rng.Uint32N(2000)
		switch rng.IntN(9) {
		case 0:
			k.From = NodeRef(n)
		case 1:
			k.To = NodeRef(n)
		case 2:
			k.Agent = NodeRef(n)
		case 3:
			k.Client = NodeRef(n)
		case 4:
			k.Service = NodeRef(n)
		case 5:
			k.Label = LabelRef(n)
		case 6:
			k.Hour = Hour(n)
		case 7:
			k.Kind = EdgeKind(n)
		case 8:
			k.Outcome = Outcome(n)
		}
		row, ok := x.find(k, rows)
		known, had := want[k]
		if ok != had || had && row != known || !had && row != uint32(len(rows)) {
			t.Fatalf("find(%+v) = %d, %v; want %d, %v", k, row, ok, known, had)
		}
		if !ok {
			want[k] = row
			rows = append(rows, EventRow{EventKey: k})
		}
	}
}
