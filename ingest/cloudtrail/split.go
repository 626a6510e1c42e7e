package cloudtrail

import (
	"context"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// Value is the text of one JSON value; see jsonlog.Value.
type Value = jsonlog.Value

// chunkSize is how much of a stream is read at a time, in bytes.
const chunkSize = 4 << 20

// records calls f for every record of the file, in order, until f returns
// false. The Record is valid until the call returns, its strings and values as
// long as they are held; it must not be changed. Where one record cannot be
// used rec is nil and err, a *graph.Error, says where it stands and why; the
// file goes on. records returns an error for what makes the rest of the file
// unreadable. A record's position is the number of calls before its own.
//
// Beside what jsonlog.Read takes, the lists of LookupEvents, CloudWatch Logs and
// PutAuditEvents are read, and EventBridge and log shippers' envelopes around
// each record.
func records(ctx context.Context, f *ingest.File, yield func(rec *Record, err error) bool) error {
	return recordsBy(ctx, f, chunkSize, nil, yield)
}

// recordsBy is records, of a stream so many bytes at a time, with the
// habits of earlier files.
func recordsBy(ctx context.Context, f *ingest.File, size int, known *habits, yield func(*Record, error) bool) error {
	d := newReader(known)
	return jsonlog.Read(ctx, f, layout(size), d, func(err error) bool {
		if err != nil {
			return yield(nil, err)
		}
		return yield(&d.rec, nil)
	})
}

func layout(chunk int) jsonlog.Layout {
	return jsonlog.Layout{List: isList, Begins: isField, Hint: "CloudTrail files are JSON in UTF-8, plain or gzipped", Chunk: chunk}
}

// isList reports whether an object's member with that key lists records.
func isList(key string) bool {
	switch key {
	case "Records", "records", "Events", "events", "logEvents", "auditEvents":
		return true
	}
	return false
}

// isField reports whether a key is one that records begin with.
func isField(key string) bool {
	switch key {
	case "eventVersion", "userIdentity", "eventTime", "awsRegion", "eventSource", "eventName", "eventID",
		"eventCategory", "additionalEventData", "apiVersion", "EventId", "@timestamp":
		return true
	}
	return false
}
