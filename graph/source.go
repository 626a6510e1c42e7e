package graph

// Source is one entry of the ledger: a file, or a segment of one, that was
// ingested. Coverage is computed from these.
type Source struct {
	// Seq is the entry's number, from 1, given by the store in the order of
	// commits. The largest is the store's watermark.
	Seq uint64
	// Name is where the file lies: a path, s3://bucket/key, or stdin.
	Name string
	// Kind is what the file was taken for: cloudtrail, cloudtrail-digest,
	// cloudtrail-insight, activity-audit-log.
	Kind string
	// Stream is what the file is a piece of, for coverage: the trail's
	// account and region ("cloudtrail/111122223333/eu-north-1"), or the kind
	// alone where the file does not say.
	Stream string
	// Size is the file's length in bytes as stored, Hash the SHA-256 of its
	// bytes in hex. Name, Size and Hash together tell a file seen before.
	Size int64
	Hash string
	// Version is what the place says of the content without its being read,
	// such as an S3 ETag; empty where it says nothing. Name and Version
	// together tell a file seen before that need not be fetched.
	Version string
	// Segment numbers the pieces of a large file from 0; Final marks the
	// last. A file is done when its final segment is in the ledger.
	Segment int
	Final   bool
	// Records were read, of them Rejected could not be used and Skipped
	// carry nothing for the graph (each with a reason in the report).
	Records, Rejected, Skipped int
	// First and Last are the smallest and largest event time.
	First, Last Time
	// Lists are the log files that a digest names, with First and Last the
	// span it covers: a listed file that is not in the ledger is a gap.
	Lists []string
	// Note is what the report said of the file, empty where all was well.
	Note string
}
