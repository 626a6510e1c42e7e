package ndjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// decoder makes a record of a line. It is a jsonlog.Decoder.
type decoder struct {
	m   members
	rec record
}

// Decode reads the object at b[i]; see jsonlog.Decoder.
func (d *decoder) Decode(b []byte, i int) (end int, unusable, lexical error) {
	d.rec.raw = nil
	if end, lexical = scan(b, i, &d.m); lexical != nil {
		return end, nil, lexical
	}
	d.rec.raw = b[i:end:end]
	return end, d.rec.fill(&d.m), nil
}

// DecodePlainly reads an object that scan found malformed.
func (d *decoder) DecodePlainly(raw []byte) error {
	if err := decode(raw, &d.m); err != nil {
		return err
	}
	d.rec.raw = raw
	return d.rec.fill(&d.m)
}

// ours reports whether the members read last are a record of our format, well
// filled or not.
func (d *decoder) ours() bool {
	v := &d.m.values
	if v[fieldTime] == nil || !v[fieldAction].IsString() || v[fieldTarget] == nil {
		return false
	}
	return v[fieldActor] != nil || v[fieldCredential] != nil || v[fieldSession] != nil
}

// scan reads the object at b[i] into m, in one pass, and returns the index
// after it. Values share b's memory. Of keys that repeat the last counts.
func scan(b []byte, i int, m *members) (int, error) {
	*m = members{}
	if i >= len(b) {
		return i, jsonlog.ErrCut
	}
	if b[i] != '{' {
		return i, jsonlog.ErrSyntax
	}
	const room = jsonlog.MaxDepth - 1
	i, done, err := jsonlog.First(b, i, '}')
	for !done && err == nil {
		var key string
		if key, i, err = jsonlog.Member(b, i); err != nil {
			break
		}
		if f, ok := fieldOf(key); ok {
			start, odd := i, true
			if i < len(b) && b[i] == '"' {
				i, odd, err = jsonlog.Quoted(b, i)
				m.values[f] = b[start:min(i, len(b)):min(i, len(b))]
			} else {
				m.values[f], i, err = jsonlog.ValueAt(b, i, room)
			}
			m.plain[f] = !odd
		} else {
			if m.unknown == "" && !extension(key) {
				m.unknown = key
			}
			i, err = jsonlog.Skip(b, i, room)
		}
		if err == nil {
			i, done, err = jsonlog.More(b, i, '}')
		}
	}
	return i, err
}

// decode reads an object as scan does, by encoding/json: the oracle of its
// tests, and the judge of what scan rejects.
func decode(raw []byte, m *members) error {
	*m = members{}
	if err := jsonlog.CheckDepth(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("read JSON: it is no object: %v", err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
		name, _ := key.(string)
		if f, ok := fieldOf(name); !ok {
			if m.unknown == "" && !extension(name) {
				m.unknown = name
			}
		} else if m.values[f] = jsonlog.Value(bytes.Clone(v)); m.values[f].Null() {
			m.values[f] = nil
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return jsonlog.ErrSyntax
	}
	return nil
}
