package explore

import (
	"context"
	"sync"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// DefaultBudget bounds a walk where the question says nothing.
var DefaultBudget = Budget{Depth: 32, Nodes: 100_000, Edges: 2_000_000}

// The sizes of pages and lists.
const (
	DefaultEvidence = 10   // event ids a row
	MaxPage         = 1000 // items a page
	MaxBins         = 2000 // bins of a histogram
)

// DefaultSilence is how long a continuous stream may be silent before its
// silence is a gap.
const DefaultSilence = time.Hour

// RecordReader reads one raw record, as JSON without secrets, from the named
// source: the record at that position, or with that evidence where the position
// fails. Its errors have code SOURCE_UNREACHABLE where the source is out of
// reach.
type RecordReader func(ctx context.Context, source string, record uint32, evidence string) ([]byte, error)

// Options of an Explorer.
type Options struct {
	// ReadRecord reads raw records. Default: every record is out of reach.
	ReadRecord RecordReader
	// Writing names files that are being written and not in the store yet.
	// Default: none are known.
	Writing func() []string
	// Classes corrects the class of identities. Default: none.
	Classes map[graph.ID]Class
	// Holds is when calls must have been made for the store to hold them, of a
	// store that is a part of another: answers that need others are incomplete.
	// Default: it holds all that its ledger lists.
	Holds graph.Window
	// HotWindow is how many bytes the hours that Reach was asked about may
	// take in memory. Default: none are kept.
	HotWindow int64
}

// Explorer answers questions over a store. It is safe for concurrent use and
// keeps only what is keyed by the watermark of the ledger.
type Explorer struct {
	store graph.Store
	opts  Options

	mu       sync.Mutex
	ledger   map[uint64]*ledger // what coverage is computed from, by ledger number
	memo     memo
	hot      hotWindow
	sketches sketches
}

// New returns an explorer over the store, which the caller goes on owning.
func New(store graph.Store, opts Options) *Explorer {
	e := &Explorer{store: store, opts: opts, ledger: map[uint64]*ledger{}}
	e.hot.init(e, opts.HotWindow)
	return e
}

// Close ends what the explorer does by itself. Without a hot window that is
// nothing.
func (e *Explorer) Close() { e.hot.close() }

// Budget bounds a walk; a zero field takes the value of DefaultBudget. Which
// limit was met is in the answer.
type Budget struct{ Depth, Nodes, Edges int }

func (b Budget) orDefault() Budget {
	pick := func(v, d int) int {
		if v <= 0 {
			return d
		}
		return v
	}
	return Budget{pick(b.Depth, DefaultBudget.Depth), pick(b.Nodes, DefaultBudget.Nodes), pick(b.Edges, DefaultBudget.Edges)}
}

// EvidencePage says which evidence call rows list.
type EvidencePage struct {
	First int    // ids a row; negative: DefaultEvidence; zero: none, which is cheaper
	After string // a row's EvidenceCursor
	Row   string // only the row of this ID is listed
}

// TouchedQuery asks Explorer.Touched.
type TouchedQuery struct {
	Resources []string
	Window    graph.Window
	Who       Who         // empty: WhoNHI
	Match     graph.Match // at most this loose; zero: Derived
	Parts     bool
	Probes    bool
	NoChain   bool // leaves Chain and Origins empty, which is cheaper
	Evidence  EvidencePage
	Budget    Budget
	AsOf      uint64 // zero: all
}

// ActivityQuery asks Explorer.Activity.
type ActivityQuery struct {
	Of       []string
	Window   graph.Window
	Who      Who // empty: WhoAll
	Probes   bool
	Evidence EvidencePage
	Budget   Budget
	AsOf     uint64
}

// ChainQuery asks Explorer.Chain.
type ChainQuery struct {
	Of     []string
	At     graph.Time // zero: after everything
	Budget Budget
	AsOf   uint64
}

// FailuresQuery asks Explorer.Failures.
type FailuresQuery struct {
	Window graph.Window
	Budget Budget
	AsOf   uint64
}

// TimelineQuery asks Explorer.Timeline. With After, Window and AsOf are those
// of the first page, whatever is said here.
type TimelineQuery struct {
	Of     []string // empty: every call
	Window graph.Window
	First  int
	After  string
	AsOf   uint64
}

// HistogramQuery asks Explorer.Histogram.
type HistogramQuery struct {
	Of     []string // empty: every call
	Window graph.Window
	Bins   int
	AsOf   uint64
}

// SearchQuery asks Explorer.Search.
type SearchQuery struct {
	Text  string
	Kinds []graph.Kind
	First int
	After string
}

// NeighboursQuery asks Explorer.Neighbours.
type NeighboursQuery struct {
	ID        string
	Direction Direction // empty: Both
	Kinds     []graph.EdgeKind
	Window    graph.Window
	First     int
	After     string
	AsOf      uint64
}

// CoverageQuery asks Explorer.Coverage.
type CoverageQuery struct {
	Window  graph.Window
	Silence time.Duration // zero: DefaultSilence
	AsOf    uint64
}

// SourcesQuery asks Explorer.Sources.
type SourcesQuery struct {
	First int
	After string
}

// Watermark is the largest ledger number of the store.
func (e *Explorer) Watermark(ctx context.Context) (uint64, error) {
	if w, ok := e.store.(graph.Watermark); ok {
		return w.Watermark(ctx)
	}
	var last uint64
	for s, err := range e.store.Sources(ctx) {
		if err != nil {
			return 0, err
		}
		last = s.Seq
	}
	return last, nil
}
