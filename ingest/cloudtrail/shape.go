package cloudtrail

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// shape is what a file of CloudTrail's holds.
type shape uint8

// The shapes of files.
const (
	shapeRecords  shape = iota + 1 // records of calls and of what services did
	shapeDigest                    // the list of log files of an hour
	shapeInsight                   // Insight events
	shapeActivity                  // activity events that partners put into CloudTrail Lake
)

// kind is the shape as Source.Kind has it.
func (s shape) kind() string {
	return [...]string{"", "cloudtrail", "cloudtrail-digest", "cloudtrail-insight", "activity-audit-log"}[s]
}

// headSize is how much of a file recognise wants to see.
const headSize = jsonlog.HeadSize

// recognise tells a file of CloudTrail's, in any wrapping, by the first bytes
// of its content. It goes by the first records, so that a file of other events
// among which CloudTrail's stand is known too.
func recognise(_ string, head []byte) (shape, bool) {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	top := Value(head[jsonlog.Space(head, 0):])
	if isDigest(top) {
		return shapeDigest, true
	}
	const tries = 8
	var found shape
	n, d := 0, newReader(nil)
	err := jsonlog.Read(context.Background(), &ingest.File{Data: head}, layout(0), d, func(error) bool {
		n++
		found = shapeOf(&d.rec)
		return found == 0 && n < tries
	})
	if found == 0 && n < tries {
		found = shapeOf(&d.rec) // as far as it goes, where the head ends within it
	}
	if found == 0 && n == 0 && err == nil && top.Get("Records").IsArray() {
		found = shapeRecords // an hour in which nothing happened
	}
	return found, found != 0
}

func shapeOf(r *Record) shape {
	switch {
	case r.EventCategory == categoryActivity:
		return shapeActivity
	case r.EventCategory == categoryInsight, r.EventType == "AwsCloudTrailInsight":
		return shapeInsight
	case strings.Contains(r.EventSource, ".amazonaws.com"), strings.HasPrefix(r.EventType, "Aws") && r.EventName != "":
		return shapeRecords
	}
	return 0
}

// peek is the head of f for recognise, and f as it was before.
func peek(f *ingest.File) ([]byte, *ingest.File, error) { return jsonlog.Peek(f) }

// digest is the content of a digest file: the log files that CloudTrail
// delivered in a span of time. One that is not at hand is a gap.
type digest struct {
	account    string
	start, end graph.Time
	files      []string // s3://bucket/key, in the digest's order
	previous   string   // s3://bucket/key of the digest before; empty for the first
}

func isDigest(v Value) bool {
	var start, object bool
	v.Each(func(key string, _ Value) bool {
		start = start || key == "digestStartTime"
		object = object || key == "digestS3Object" || key == "logFiles"
		return !start || !object
	})
	return start && object
}

// maxDigest bounds a digest file, in bytes; an hour of ten thousand log files
// takes about 6 MB.
const maxDigest = 64 << 20

// readDigest reads a digest file.
func readDigest(f *ingest.File) (digest, error) {
	b := f.Data
	if f.Reader != nil {
		var err error
		if b, err = io.ReadAll(io.LimitReader(f.Reader, maxDigest+1)); err != nil {
			return digest{}, fmt.Errorf("read %s: %w", f.Name, err)
		}
	}
	if len(b) > maxDigest {
		return digest{}, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("read %s: a digest may have %d bytes", f.Name, maxDigest)}
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	if err := jsonlog.CheckDepth(b); err != nil {
		return digest{}, &graph.Error{Code: graph.CodeInvalid, Message: "read digest " + f.Name, Err: err}
	}
	v := Value(b)
	d := digest{account: v.Get("awsAccountId").Text(), previous: s3URL(v.Get("previousDigestS3Bucket"), v.Get("previousDigestS3Object"))}
	var from, to bool
	d.start, from = jsonlog.TimeOf(v.Get("digestStartTime"))
	d.end, to = jsonlog.TimeOf(v.Get("digestEndTime"))
	if !from || !to {
		return digest{}, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("read digest %s: it has no digestStartTime or digestEndTime", f.Name)}
	}
	v.Get("logFiles").Items(func(e Value) bool {
		if u := s3URL(e.Get("s3Bucket"), e.Get("s3Object")); u != "" {
			d.files = append(d.files, u)
		}
		return true
	})
	return d, nil
}

func s3URL(bucket, key Value) string {
	if key.Text() == "" {
		return ""
	}
	return "s3://" + bucket.Text() + "/" + key.Text()
}
