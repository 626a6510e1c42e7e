package graph

import (
	"context"
	"iter"
	"time"
)

// Store keeps the graph. Applying a batch twice, or two batches in either
// order, leaves the same graph (ledger numbers apart). A Store is safe for
// concurrent use. Times are UTC milliseconds; windows are half-open.
type Store interface {
	// Apply adds a batch. It is durable when Apply returns; the ledger
	// entries commit last or in the same commit, so that an interrupted
	// batch is simply applied again. Observations before the floor set by
	// Prune are refused and counted.
	Apply(ctx context.Context, b *Batch) error

	// Nodes yields matching nodes, each once, ordered by ID.
	Nodes(ctx context.Context, sel Selector) iter.Seq2[Node, error]

	// Edges yields each matching edge at the frontier once, in no promised
	// order: for Out those whose From is in the frontier, for In those
	// whose To is. A nil frontier means every node; an empty one none.
	// Unknown ids match nothing. An edge is yielded only if at least one of
	// its observations passes the filter.
	Edges(ctx context.Context, frontier []ID, dir Direction, f Filter) iter.Seq2[Edge, error]

	// Sources yields the ledger in order of Seq.
	Sources(ctx context.Context) iter.Seq2[Source, error]

	// Prune drops observations before the floor, refuses them from then on,
	// and drops the standing facts of temporary credentials that ended more
	// than 36 hours before it; ledger entries stay. A floor never falls.
	Prune(ctx context.Context, before time.Time) error

	// Close ends the use of the store. A stream in progress must have ended.
	Close() error
}

// A stream stops the work behind it when its consumer breaks out; an error is
// yielded once, last, with the zero value.

// Direction says which end of an edge the frontier is.
type Direction uint8

// The directions.
const (
	Out Direction = iota + 1 // the frontier holds From
	In                       // the frontier holds To
)

// Detail says how much of an edge's observations is wanted. More detail never
// changes which edges match nor Calls, First and Last.
type Detail uint8

// The details.
const (
	Summary  Detail = iota // Calls, First, Last
	Times                  // and Observations with At, CallKey
	Evidence               // and Observations whole
)

// Filter narrows Edges. The zero Filter lets everything through.
type Filter struct {
	// Kinds of edges; empty means all.
	Kinds []EdgeKind
	// Window selects observations. Standing edges come whole, whatever the
	// window; their validity is for the reader to judge (Edge.Valid).
	Window Window
	// Outcomes and Effects of CALLED edges; empty means all. Other kinds
	// are not touched by them.
	Outcomes []Outcome
	Effects  []Effect
	// Detail wanted.
	Detail Detail
	// AsOf hides observations, marks and standing edges that only sources
	// with a larger Seq brought; zero hides nothing. Attributes, and First
	// and Last of standing edges, are not versioned.
	AsOf uint64
	// Evidence, where not empty, lets through only observations with one of
	// these evidences, or whose evidence begins with one of them and "@".
	// With a nil frontier a store must use an index for it.
	Evidence []string
}

// Selector picks nodes. Its fields narrow each other; the zero Selector picks
// every node.
type Selector struct {
	// IDs picks nodes with such an id, and nodes that carry one as alias.
	IDs []ID
	// Kinds of nodes; empty means all.
	Kinds []Kind
	// Search picks nodes of which every token of this text (see Tokens) is
	// a prefix of some token of the node's id, alias or name.
	Search string
	// After resumes behind a node; Limit ends the stream (0: no limit).
	After ID
	Limit int
}

// Watermark is an optional interface: a store that knows its largest ledger
// number and its floor without reading the ledger.
type Watermark interface {
	// Watermark is the largest Seq in the ledger, zero where it is empty.
	Watermark(ctx context.Context) (uint64, error)
}

// Callers is an optional interface: a store that finds who called in a window
// without reading all calls.
type Callers interface {
	// Callers yields the From of the CALLED edges that Edges yields for a nil
	// frontier with this window and AsOf, each at least once.
	Callers(ctx context.Context, w Window, asOf uint64) iter.Seq2[ID, error]
}
