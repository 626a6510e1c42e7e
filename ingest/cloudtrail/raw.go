package cloudtrail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// evidenceOf is what tells the record from every other: its event id with the
// receiving account (else the caller's, else "-"), or, where it has no event
// id, "sha256:" and the hash of its canonical text in hex.
func evidenceOf(r *Record) string {
	if r.EventID == "" {
		sum := sha256.Sum256(canonicalText(r.Raw))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	return r.EventID + "@" + evidenceAccount(r)
}

func evidenceAccount(r *Record) string {
	return firstOf(r.RecipientAccountID, r.Identity.AccountID, "-")
}

// canonicalText is a record's text with its members sorted, strings in their
// shortest form and no white space, so that it is the same in every wrapping;
// numbers stay as written. Text that is no JSON stays as it is.
func canonicalText(v Value) []byte {
	out, err := jsontext.AppendFormat(nil, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true),
		jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false),
		jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	if err != nil {
		return bytes.TrimSpace(v)
	}
	return out
}

// raw is the text of the file's record at that position, or of the record whose
// evidence it is where position and evidence disagree; an empty evidence agrees
// with all. Without either the error's code is NOT_FOUND.
func raw(ctx context.Context, f *ingest.File, record uint32, evidence string) ([]byte, error) {
	var found []byte
	var n uint32
	err := records(ctx, f, func(r *Record, err error) bool {
		here := n == record
		n++
		if err != nil || !(here && evidence == "") && evidenceOf(r) != evidence {
			return evidence != "" || !here
		}
		if here || found == nil {
			found = bytes.Clone(r.Raw)
		}
		return n <= record // a later record of that evidence at the position itself is the better one
	})
	if found != nil {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, &graph.Error{Code: graph.CodeNotFound, Message: fmt.Sprintf("%s has no record %d with evidence %q", f.Name, record, evidence),
		Hint: "the file may have changed since it was ingested"}
}
