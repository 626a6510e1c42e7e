package ingest

import (
	"runtime"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Options tune a run. The zero value is good.
type Options struct {
	// Workers read, inflate and parse, each whole files. Default: GOMAXPROCS.
	Workers int
	// MaxWhole is the largest inflated file, in bytes, that is held in
	// memory whole; larger ones are streamed. Default: 64 MiB.
	MaxWhole int64
	// MaxInflated is where a file that inflates without end is given up, in
	// bytes. Default: 64 GiB.
	MaxInflated int64
	// MaxInFlight bounds the bytes of inflated files that wait for their
	// commit; the file next in turn goes on even where it alone is larger.
	// Default: 256 MiB.
	MaxInFlight int64
	// BatchRecords is the largest number of records in a batch. It must be
	// the same in every run on a store for a large file that was interrupted
	// to resume at its last segment. Default: graph.MaxBatchRecords.
	BatchRecords int
	// Progress is called from the committer, at most ten times a second by
	// Now, and once at the end. It must not block. Default: none.
	Progress func(Progress)
	// Rejected is called from the committer with each entry of the report's
	// list as it comes. It must not block. Default: none.
	Rejected func(Rejection)
	// Endless says that the feed may go on for months. What would grow with
	// the run is bounded then: the report lists the last 1,000 rejections and
	// counts the others, and tells 4 Mi calls apart.
	Endless bool
	// Now is the clock of Progress and of the report's duration. Default:
	// time.Now.
	Now func() time.Time

	// ledger, where set, is what runs before this one know of the store's ledger:
	// it is read once, not at every run.
	ledger *known
}

// Validate fills in defaults and rejects what makes no sense.
func (o *Options) Validate() error {
	if o.Workers < 0 || o.MaxWhole < 0 || o.MaxInflated < 0 || o.MaxInFlight < 0 || o.BatchRecords < 0 || o.BatchRecords > graph.MaxBatchRecords {
		return &graph.Error{Code: graph.CodeInvalid, Message: "an ingest option is out of range",
			Hint: "limits must not be negative, and a batch holds at most 50000 records"}
	}
	fill(&o.Workers, runtime.GOMAXPROCS(0))
	fill(&o.MaxWhole, 64<<20)
	fill(&o.MaxInflated, 64<<30)
	fill(&o.MaxInFlight, 256<<20)
	fill(&o.BatchRecords, graph.MaxBatchRecords)
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}

// The bounds of Options.Endless.
const (
	endlessRejected = 1000
	endlessTally    = 4 << 20
)

func fill[T int | int64](p *T, def T) {
	if *p == 0 {
		*p = def
	}
}

// Progress is how far a run has come.
type Progress struct {
	Files    int   // committed, skipped or rejected so far
	Found    int   // found by the feed so far
	Records  int   // read from committed files
	Bytes    int64 // of those files as stored
	Rejected int   // entries of the report's list so far
	Elapsed  time.Duration
	Done     bool // the last call of a run
}
