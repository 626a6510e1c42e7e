package ingest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Report says what a run did. What was read but not committed, because the run
// was stopped, is not in it.
type Report struct {
	// Files that the feed found and the run dealt with: skipped as known,
	// stored, or rejected whole. A stored file may have rejections too.
	Files struct {
		Seen     int `json:"seen"`
		Known    int `json:"known"`
		Stored   int `json:"stored"`
		Rejected int `json:"rejected"`
	} `json:"files"`
	// Kinds counts the stored files by what they were taken for.
	Kinds map[string]int `json:"kinds"`
	// Taken says of each stored file what it was taken for, in feed order: of
	// the first maxTaken, so that a run of any length needs the same memory.
	Taken []Taken `json:"taken,omitempty"`
	// Records were read from stored files; of them Skipped carry nothing for
	// the graph, by class of reason.
	Records int            `json:"records"`
	Skipped map[string]int `json:"skipped"`
	// Calls are distinct calls (Observation.CallID over CALLED edges) among
	// the records of this run, corrected ones included.
	Calls int `json:"calls"`
	// Corrected are records, of this run or not, that records of this run
	// correct (Batch.Supersedes): answers no longer count them.
	Corrected int `json:"corrected"`
	// Duplicates are records that repeat an evidence of this run with the
	// same time, actor, action and outcome; Differing are those that repeat
	// it with another. Both of the latter stand and count as one call.
	Duplicates int `json:"duplicates"`
	Differing  int `json:"differing"`
	// LowerBounds says that the run was too large to tell all its records
	// apart (beyond 64 Mi, or 4 Mi where it has no end): Calls, Duplicates and
	// Differing may be larger.
	LowerBounds bool `json:"lowerBounds,omitempty"`
	// Edges are the rows written to the store, before it merges them with
	// what it has.
	Edges int `json:"edges"`
	// Rejected is everything that could not be used, in feed order, whole.
	Rejected []Rejection `json:"rejected"`
	// RejectedBefore were rejected before those that the list begins with,
	// in a run without end.
	RejectedBefore int `json:"rejectedBefore,omitempty"`
	// BytesStored were read as stored, known files included; BytesInflated
	// is what stored files inflated to.
	BytesStored   int64 `json:"bytesStored"`
	BytesInflated int64 `json:"bytesInflated"`
	// Duration of the run in nanoseconds.
	Duration time.Duration `json:"durationNanos"`
}

// Taken is a file and what it was taken for: its Source.Kind.
type Taken struct {
	File string `json:"file"`
	Kind string `json:"kind"`
}

// maxTaken bounds Report.Taken.
const maxTaken = 10_000

// Rejection is a file, or one record of it, that could not be used.
type Rejection struct {
	File string `json:"file"`
	// Record is the position of the record in the file from 0; absent where
	// the file itself is meant.
	Record *uint32 `json:"record,omitempty"`
	// Offset of the trouble in the inflated bytes, where it is known.
	Offset *int64 `json:"offset,omitempty"`
	Reason string `json:"reason"`
}

func (r Rejection) String() string {
	s := r.File
	if r.Record != nil {
		s += fmt.Sprintf(" record %d", *r.Record)
	}
	if r.Offset != nil {
		s += fmt.Sprintf(" at byte %d", *r.Offset)
	}
	return s + ": " + r.Reason
}

// OffsetError is an error at a place in a file's inflated bytes. A parser
// returns or rejects with one to have the place named in the report.
type OffsetError struct {
	Offset int64
	Err    error
}

func (e *OffsetError) Error() string { return e.Err.Error() }
func (e *OffsetError) Unwrap() error { return e.Err }

func newReport() Report {
	return Report{Kinds: map[string]int{}, Skipped: map[string]int{}, Rejected: []Rejection{}}
}

// add merges what another part of the run did.
func (r *Report) add(p *Report) {
	r.Files.Seen += p.Files.Seen
	r.Files.Known += p.Files.Known
	r.Files.Stored += p.Files.Stored
	r.Files.Rejected += p.Files.Rejected
	for k, n := range p.Kinds {
		r.Kinds[k] += n
	}
	r.Taken = append(r.Taken, p.Taken[:min(len(p.Taken), maxTaken-len(r.Taken))]...)
	r.Records += p.Records
	for k, n := range p.Skipped {
		r.Skipped[k] += n
	}
	r.Edges += p.Edges
	r.Rejected = append(r.Rejected, p.Rejected...)
	r.BytesStored += p.BytesStored
	r.BytesInflated += p.BytesInflated
}

// rejected counts what could not be used.
func (r *Report) rejected() int { return r.RejectedBefore + len(r.Rejected) }

// shorten keeps the last n rejections, and twice as many before it drops the
// older half.
func (r *Report) shorten(n int) {
	if over := len(r.Rejected) - n; over > n {
		r.Rejected = slices.Delete(r.Rejected, 0, over)
		r.RejectedBefore += over
	}
}

// ExitCode is 0 where all was stored and 3 where something was rejected and
// the rest stored.
func (r *Report) ExitCode() int {
	if r.rejected() > 0 {
		return 3
	}
	return 0
}

// maxPrinted is how many rejections WriteText prints; the JSON has them all.
const maxPrinted = 20

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("files", "%d (%d stored, %d known, %d rejected)", r.Files.Seen, r.Files.Stored, r.Files.Known, r.Files.Rejected)
	for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
		row("  "+k, "%d", r.Kinds[k])
	}
	row("records", "%d", r.Records)
	atLeast := ""
	if r.LowerBounds {
		atLeast = "at least "
	}
	row("distinct calls", "%s%d", atLeast, r.Calls)
	if r.Corrected > 0 {
		row("corrected, not counted in answers", "%d", r.Corrected)
	}
	if r.Duplicates > 0 {
		row("duplicates", "%d", r.Duplicates)
	}
	if r.Differing > 0 {
		row("same evidence, other content", "%s%d", atLeast, r.Differing)
	}
	row("edge rows", "%d", r.Edges)
	for _, k := range slices.Sorted(maps.Keys(r.Skipped)) {
		row("skipped: "+k, "%d", r.Skipped[k])
	}
	row("rejected", "%d", r.rejected())
	rate := ""
	if s := r.Duration.Seconds(); s > 0 && r.Records > 0 {
		rate = fmt.Sprintf(", %.0f records/s", float64(r.Records)/s)
	}
	row("read", "%s, inflated %s, in %s%s", bytesText(r.BytesStored), bytesText(r.BytesInflated), r.Duration.Round(time.Millisecond), rate)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	for i, x := range r.Rejected {
		line := "  " + x.String()
		if i == maxPrinted {
			line = fmt.Sprintf("  and %d more: ask for the report as JSON", len(r.Rejected)-i)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		if i == maxPrinted {
			break
		}
	}
	return nil
}

func bytesText(n int64) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
