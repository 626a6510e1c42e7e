package cloudtrail

import (
	"context"

	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// evidenceOf is what tells the record from every other: its event id with the
// receiving account (else the caller's, else "-"), or, where it has no event
// id, "sha256:" and the hash of its canonical text in hex.
func evidenceOf(r *Record) string {
	if r.EventID == "" {
		return jsonlog.Hash(r.Raw)
	}
	return r.EventID + "@" + evidenceAccount(r)
}

func evidenceAccount(r *Record) string {
	return firstOf(r.RecipientAccountID, r.Identity.AccountID, "-")
}

// raw is the text of the file's record at that position; see jsonlog.Find.
func raw(ctx context.Context, f *ingest.File, record uint32, evidence string) ([]byte, error) {
	return jsonlog.Find(f, record, evidence, func(yield func(jsonlog.Seen, error) bool) error {
		return records(ctx, f, func(r *Record, err error) bool {
			if err != nil {
				return yield(jsonlog.Seen{}, err)
			}
			return yield(jsonlog.Seen{Raw: r.Raw, Evidence: func() string { return evidenceOf(r) }}, nil)
		})
	})
}
