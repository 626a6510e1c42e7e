package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/blastradius/blastradius/ingest"
)

// corpus is the invictus capture as one file.
func corpus(b *testing.B) []byte {
	out := []byte(`{"Records":[`)
	n := 0
	for _, text := range files(b, capture(b, "invictus-aws-stratus-2023"), ".json") {
		if err := records(context.Background(), &ingest.File{Data: text}, func(r *Record, err error) bool {
			if n++; n > 1 {
				out = append(out, ',')
			}
			out = append(out, r.Raw...)
			return true
		}); err != nil {
			b.Fatal(err)
		}
	}
	return append(out, "]}"...)
}

// BenchmarkRecords reads the same bytes by records, by encoding/json into the
// same fields' shape, and gunzips them as the pipeline's yardstick.
func BenchmarkRecords(b *testing.B) {
	text := corpus(b)
	b.Run("records", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			if err := records(context.Background(), &ingest.File{Data: text}, func(r *Record, err error) bool { n++; return err == nil }); err != nil || n != 2900 {
				b.Fatal(err, n)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		type record struct {
			EventID, RequestID, EventSource, EventName, EventType, EventTime, AwsRegion, SourceIPAddress, UserAgent, ErrorCode, ErrorMessage string
			UserIdentity                                                                                                                     struct {
				Type, PrincipalID, ARN, AccountID, AccessKeyID, UserName, InvokedBy string
				SessionContext                                                      struct {
					SessionIssuer struct{ Type, PrincipalID, ARN, AccountID, UserName string }
					Attributes    struct{ CreationDate, MfaAuthenticated string }
				}
			}
			Resources                           []struct{ ARN, AccountID, Type string }
			RequestParameters, ResponseElements json.RawMessage
		}
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var f struct{ Records []record }
			if err := json.Unmarshal(text, &f); err != nil || len(f.Records) != 2900 {
				b.Fatal(err)
			}
		}
	})
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(text); err != nil || w.Close() != nil {
		b.Fatal(err)
	}
	b.Run("gunzip", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			r, err := gzip.NewReader(bytes.NewReader(zipped.Bytes()))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
