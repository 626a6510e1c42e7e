package storetest

import (
	"flag"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

// Run is the conformance suite: a subtest for each promise of graph.Store,
// then random batches and filters against Model. open returns an empty store,
// and closes it, where need be, by t.Cleanup.
//
// The random part makes 30 checks unless -rapid.checks says otherwise; each
// opens a few stores.
func Run(t *testing.T, open func(t *testing.T) graph.Store) {
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		if err := flag.Set("rapid.checks", "30"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) graph.Store)
	}{
		{"Apply", testApply},
		{"Observations", testObservations},
		{"AsOf", testAsOf},
		{"Supersede", testSupersede},
		{"Window", testWindow},
		{"Filter", testFilter},
		{"Evidence", testEvidence},
		{"Frontier", testFrontier},
		{"Standing", testStanding},
		{"Nodes", testNodes},
		{"Search", testSearch},
		{"Streams", testStreams},
		{"Sources", testSources},
		{"Prune", testPrune},
		{"PruneStanding", testPruneStanding},
		{"Concurrency", testConcurrency},
		{"Large", testLarge},
		{"Order", testOrder},
		{"Widening", testWidening},
		{"Parity", testParity},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// Reopen checks that what was applied survives closing. open returns an empty
// store and a function that closes it and opens it again.
func Reopen(t *testing.T, open func(t *testing.T) (s graph.Store, reopen func() graph.Store)) {
	s, reopen := open(t)
	m := NewModel()
	facts := sampleFacts()
	apply(t, []graph.Store{s, m}, facts[:len(facts)/2])
	s = reopen()
	both := []graph.Store{s, m}
	same(t, "after opening again", s, m)
	apply(t, both, facts[len(facts)/2:], facts)
	prune(t, both, t0+30*minute)
	s = reopen()
	same(t, "after pruning and opening again", s, m)
	apply(t, []graph.Store{s, m}, facts)
	same(t, "after applying again what the floor refuses", s, m)
	if w, ok := s.(graph.Watermark); ok {
		equal(t, "Watermark", watermark(t, w), watermark(t, m))
	}
}
