package ndjson

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/ingest"
)

// BenchmarkRecords reads the same bytes to records, and by encoding/json into
// the same fields.
func BenchmarkRecords(b *testing.B) {
	text := []byte(strings.Repeat(sample, 2000))
	b.Run("records", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			if err := records(context.Background(), &ingest.File{Data: text}, func(_ *record, err error) bool { n++; return err == nil }); err != nil || n != 8000 {
				b.Fatal(err, n)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			for d := json.NewDecoder(bytes.NewReader(text)); ; {
				var r struct {
					ID, Actor, Credential, Session, Agent, Client, OnBehalfOf, Action, Access, Outcome string
					Time, Target, ApprovedBy                                                           json.RawMessage
				}
				if err := d.Decode(&r); err == io.EOF {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
