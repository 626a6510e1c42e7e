package cloudtrail

import (
	"errors"
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// maxEnvelopes is how many envelopes may hold each other.
const maxEnvelopes = 4

// reader makes a Record of the text of one element: a record, or an envelope
// with one inside. It keeps nothing between records but memory.
type reader struct {
	rec, part Record
	env, sub  envelope
}

// newReader is a reader with the habits of earlier files; nil has none.
func newReader(known *habits) *reader {
	if known == nil {
		known = newHabits(nil)
	}
	return &reader{rec: Record{habits: known}}
}

// Decode reads the object at b[i]; see jsonlog.Decoder.
func (d *reader) Decode(b []byte, i int) (end int, unusable, lexical error) {
	end, lexical = scan(b, i, &d.rec, &d.env)
	if lexical != nil {
		return end, nil, lexical
	}
	return end, d.settle(scan0, 0), nil
}

// DecodePlainly is Decode by the slow decoder.
func (d *reader) DecodePlainly(raw []byte) error {
	if err := decode(raw, false, &d.rec, &d.env); err != nil {
		return err
	}
	return d.settle(decode0, 0)
}

// A reading fills a record from the text of one object: scan0 or decode0.
type reading func(raw []byte, r *Record, e *envelope) error

func scan0(raw []byte, r *Record, e *envelope) error {
	end, err := scan(raw, jsonlog.Space(raw, 0), r, e)
	if err == nil && jsonlog.Space(raw, end) < len(raw) {
		err = jsonlog.ErrSyntax
	}
	return err
}

func decode0(raw []byte, r *Record, e *envelope) error { return decode(raw, false, r, e) }

// settle completes the record just read: it opens envelopes, joins the halves
// of an activity event, sets the time, and says why the record is unusable.
func (d *reader) settle(read reading, opened int) error {
	r := &d.rec
	if r.EventName == "" && r.EventSource == "" && d.env.eventData == nil && r.EventType == "" {
		text := open(d.env.inner)
		if text == nil {
			text = open(d.env.event)
		}
		if text != nil && opened < maxEnvelopes {
			if err := read(text, r, &d.env); err != nil {
				return fmt.Errorf("read the record in its envelope: %w", err)
			}
			return d.settle(read, opened+1)
		}
		// Exports from tables have every key in lower case.
		if raw := r.Raw; hasFolded(raw) {
			if err := decode(raw, true, r, &d.env); err != nil {
				return err
			}
		}
	}
	if d.env.eventData != nil {
		if err := d.activity(read); err != nil {
			return err
		}
	}
	switch {
	case r.EventName == "" && r.EventCategory != categoryInsight:
		return errors.New("no CloudTrail record: it has no eventName")
	case strings.HasPrefix(r.EventSource, "aws:"): // as in an S3 or SQS notification
		return fmt.Errorf("no CloudTrail record: its eventSource is %q", r.EventSource)
	}
	for _, v := range d.env.times {
		if v != nil {
			var ok bool
			if r.Time, ok = jsonlog.TimeOf(v); !ok {
				return fmt.Errorf("no time in its eventTime %.40q", v)
			}
			return nil
		}
	}
	return errors.New("it has no eventTime")
}

// The categories of events that are not calls to AWS.
const (
	categoryInsight  = "Insight"
	categoryActivity = "ActivityAuditLog"
)

// activity fills what the record lacks from eventData, the partner's part of a
// CloudTrail Lake activity event.
func (d *reader) activity(read reading) error {
	text := open(d.env.eventData)
	if text == nil {
		return nil
	}
	p := &d.part
	if err := read(text, p, &d.sub); err != nil {
		return fmt.Errorf("read eventData: %w", err)
	}
	r := &d.rec
	if r.EventCategory == "" {
		r.EventCategory = categoryActivity
	}
	for _, f := range [...]struct{ to, from *string }{
		{&r.EventName, &p.EventName}, {&r.EventSource, &p.EventSource}, {&r.EventType, &p.EventType},
		{&r.Region, &p.Region}, {&r.SourceIP, &p.SourceIP}, {&r.UserAgent, &p.UserAgent},
		{&r.ErrorCode, &p.ErrorCode}, {&r.ErrorMessage, &p.ErrorMessage},
		{&r.RecipientAccountID, &p.RecipientAccountID}, {&r.RequestID, &p.RequestID},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	for _, f := range [...]struct{ to, from *Value }{
		{&r.Request, &p.Request}, {&r.Response, &p.Response}, {&r.Additional, &p.Additional},
		{&r.Addendum, &p.Addendum}, {&d.env.times[0], &d.sub.times[0]},
	} {
		if *f.to == nil {
			*f.to = *f.from
		}
	}
	if r.Identity.Raw == nil {
		r.Identity = p.Identity
	}
	r.Resources = append(r.Resources, p.Resources...)
	return nil
}

// open is the text of the object that an envelope's member holds, as it is or
// in a string; nil where there is none.
func open(v Value) []byte {
	if v.IsObject() {
		return v
	}
	if s := v.Str(); strings.HasPrefix(strings.TrimSpace(s), "{") {
		return []byte(s)
	}
	return nil
}

// hasFolded reports whether raw holds a record's keys in lower case.
func hasFolded(raw Value) bool {
	return !raw.Get("eventname").Null() || !raw.Get("eventsource").Null()
}
