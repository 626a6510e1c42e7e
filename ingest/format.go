// Package ingest turns files into batches: it finds what format a file has,
// parses files with several workers, and commits in order.
package ingest

import (
	"context"
	"io"

	"github.com/blastradius/blastradius/graph"
)

// Format reads one kind of file. A Format is safe for concurrent use; a source
// of evidence is one Format, in one package, wired in cmd.
type Format interface {
	// Name is the Source.Kind of its files: "cloudtrail".
	Name() string
	// Recognise reports whether a file is of this format, by its name (a
	// slash path or object key) and the first bytes of its inflated content
	// (at most 64 KiB, less where the file is shorter).
	Recognise(name string, head []byte) bool
	// Parser returns a parser for one worker. It may remember what repeats
	// between files; it is not safe for concurrent use.
	Parser() Parser
}

// Parser parses files one after the other. What it remembers between files
// must be copied: the memory of File.Data is used again once the file's batches
// are committed.
type Parser interface {
	// Parse reads one file to its end and hands each record to sink. It
	// returns an error only for what makes the rest of the file unreadable;
	// all that was read before stands. Strings given to the sink may share
	// the memory of f.Data.
	Parse(ctx context.Context, f *File, sink Sink) error
}

// File is a file being read.
type File struct {
	Name string
	// Data is the whole inflated content where it fits the pipeline's
	// limit; then Reader is nil. Otherwise the parser streams from Reader.
	Data   []byte
	Reader io.Reader
}

// Sink takes the records of one file, in order.
type Sink interface {
	// Next begins a record: the builder to add what it shows to, and the
	// place of the record. Evidence and sources come from these. The builder
	// may change between records (a new segment begins), so neither it nor
	// its refs to nodes and labels may be kept beyond the record, unless the
	// parser sees that the builder is the same.
	Next() (*graph.Builder, graph.Ref)
	// Seen reports the record's time and the stream it belongs to, for the
	// ledger; zero values are left out.
	Seen(t graph.Time, stream string)
	// Reject says that the record begun last cannot be used, and why; raw
	// may be nil. The file goes on.
	Reject(why error)
	// Skip says that the record begun last carries nothing for the graph,
	// and for what class of reason ("insight", "no identity").
	Skip(reason string)
	// Source is the ledger entry being written, for what only the format
	// knows (Kind, Stream, Lists).
	Source() *graph.Source
}

// RawReader finds a record again: the optional interface of a Format whose
// records the event question can show.
type RawReader interface {
	// Raw returns the record at that position of the file, or the record
	// whose evidence it is where position and evidence disagree, as JSON, not
	// yet redacted.
	Raw(ctx context.Context, f *File, record uint32, evidence string) ([]byte, error)
}
