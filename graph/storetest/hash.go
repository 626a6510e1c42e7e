package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Hash is the SHA-256, in hex, of all nodes and edges of the store with their
// whole evidence, in canonical order. Ledger numbers are left out: two stores
// that were fed the same records in any order, division and repetition have
// the same hash.
func Hash(ctx context.Context, s graph.Store) (string, error) {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for n, err := range s.Nodes(ctx, graph.Selector{}) {
		if err != nil {
			return "", fmt.Errorf("hash nodes: %w", err)
		}
		if len(n.Attrs) == 0 {
			n.Attrs = nil
		}
		if err := enc.Encode(n); err != nil {
			return "", fmt.Errorf("hash node %s: %w", n.ID, err)
		}
	}
	// An edge weighs a few hundred bytes here, its digest 32.
	var digests [][sha256.Size]byte
	for e, err := range s.Edges(ctx, nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			return "", fmt.Errorf("hash edges: %w", err)
		}
		text, err := json.Marshal(unnumbered(e))
		if err != nil {
			return "", fmt.Errorf("hash edge %s to %s: %w", e.From, e.To, err)
		}
		digests = append(digests, sha256.Sum256(text))
	}
	slices.SortFunc(digests, func(a, b [sha256.Size]byte) int { return slices.Compare(a[:], b[:]) })
	for _, d := range digests {
		h.Write(d[:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unnumbered is a copy of the edge without ledger numbers.
func unnumbered(e graph.Edge) graph.Edge {
	e.Source = graph.Ref{}
	e.Observations = append([]graph.Observation(nil), e.Observations...)
	for i := range e.Observations {
		e.Observations[i].Source = graph.Ref{}
	}
	e.Marks = append([]graph.Mark(nil), e.Marks...)
	for i := range e.Marks {
		e.Marks[i].Source = graph.Ref{}
	}
	return e
}
