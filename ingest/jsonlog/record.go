// Package jsonlog is what every source of JSON logs needs: it finds the records
// of a file whatever they are wrapped in, reads their members by hand without
// copying, and finds a record again. What a record means is the source's.
package jsonlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// HeadSize is how much of a file a format need look at to recognise it, in
// bytes; it is as much as ingest.Format.Recognise is shown.
const HeadSize = 64 << 10

// Peek is the head of f, at most HeadSize bytes, and f as it was before.
func Peek(f *ingest.File) ([]byte, *ingest.File, error) {
	if f.Reader == nil {
		return f.Data[:min(HeadSize, len(f.Data))], f, nil
	}
	head := make([]byte, HeadSize)
	n, err := io.ReadFull(f.Reader, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, fmt.Errorf("read %s: %w", f.Name, err)
	}
	head = head[:n]
	return head, &ingest.File{Name: f.Name, Reader: io.MultiReader(bytes.NewReader(head), f.Reader)}, nil
}

// Hash is the evidence of a record that has no id of its own: "sha256:" and the
// hash of its canonical text in hex. It is the same in every wrapping: members
// are sorted, strings in their shortest form, white space is none; numbers stay
// as written. Text that is no JSON is hashed as it is.
func Hash(v Value) string {
	sum := sha256.Sum256(canonicalText(v))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func canonicalText(v Value) []byte {
	out, err := jsontext.AppendFormat(nil, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true),
		jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false),
		jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	if err != nil {
		return bytes.TrimSpace(v)
	}
	return out
}

// Seen is one record of a file that Find looks at.
type Seen struct {
	Raw      Value
	Evidence func() string
}

// Find is the text of the file's record at that position, or of the record whose
// evidence it is where position and evidence disagree; an empty evidence agrees
// with all. Without either the error's code is NOT_FOUND. each reads the file
// anew: it calls yield for every record in order, with err for one that cannot be
// used, until it returns false.
func Find(f *ingest.File, record uint32, evidence string, each func(yield func(r Seen, err error) bool) error) ([]byte, error) {
	var found []byte
	var n uint32
	err := each(func(r Seen, err error) bool {
		here := n == record
		n++
		if err != nil || !(here && evidence == "") && r.Evidence() != evidence {
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

// CheckDepth reports text that is no one JSON value, or nests too deep.
func CheckDepth(raw []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for whole := false; ; {
		if _, err := d.ReadToken(); err == io.EOF && whole {
			return nil
		} else if err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
		if whole {
			return ErrSyntax
		}
		whole = d.StackDepth() == 0
		if d.StackDepth() > MaxDepth {
			return ErrDeep
		}
	}
}
