// Package graph holds the nouns of blastradius: nodes, edges, observations,
// windows, batches and the Store contract. It imports nothing of ours.
package graph

import (
	"fmt"
	"strings"
	"time"
)

// ID names a node. It is what a responder would paste: the ARN where there is
// one, otherwise provider:type:native-id. The same fact from two files, two
// regions or two runs has the same ID.
type ID string

// Time is an instant in UTC milliseconds since the Unix epoch. Zero means
// "not known"; no log we read is that old.
type Time int64

// Hour is a UTC hour: hours since the Unix epoch. Zero is "no hour", the hour
// of standing facts.
type Hour int32

// HourMillis is the length of an Hour in milliseconds.
const HourMillis = int64(time.Hour / time.Millisecond)

// TimeOf converts t; the zero time.Time gives zero.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMilli())
}

// Hour is the UTC hour that t lies in.
func (t Time) Hour() Hour { return Hour(int64(t) / HourMillis) }

// Time is the instant as a time.Time in UTC; zero gives the zero time.Time.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// Add is t moved by d, to the millisecond.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// String is RFC 3339 in UTC, with milliseconds only where there are some;
// empty for zero.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Time().Format(time.RFC3339Nano)
}

// MarshalText spells the instant as String does.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads RFC 3339, to the millisecond; empty text is zero.
func (t *Time) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = 0
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return &Error{Code: CodeInvalid, Message: fmt.Sprintf("%q is no time", b), Hint: "RFC 3339, such as 2026-11-22T14:02:00Z"}
	}
	*t = TimeOf(at)
	return nil
}

// Start is the first instant of the hour.
func (h Hour) Start() Time { return Time(int64(h) * HourMillis) }

// Window is a half-open span of time [From, To). A zero bound is open.
type Window struct{ From, To Time }

// Contains reports whether t lies in the window.
func (w Window) Contains(t Time) bool {
	return t >= w.From && (w.To == 0 || t < w.To)
}

// Overlaps reports whether the window and [from, to) share an instant; a zero
// bound of either is open.
func (w Window) Overlaps(from, to Time) bool {
	return (w.To == 0 || from < w.To) && (to == 0 || to > w.From)
}

// IsZero reports whether both bounds are open.
func (w Window) IsZero() bool { return w == Window{} }

// String is "[from, to)".
func (w Window) String() string { return "[" + w.From.String() + ", " + w.To.String() + ")" }

// ARN holds the parts of an Amazon Resource Name,
// arn:partition:service:region:account:resource.
type ARN struct{ Partition, Service, Region, Account, Resource string }

// ParseARN splits an ARN. It reports false for anything else. The parts share
// the memory of s.
func ParseARN(s string) (a ARN, ok bool) {
	rest, ok := strings.CutPrefix(s, "arn:")
	if !ok {
		return ARN{}, false
	}
	for _, part := range [...]*string{&a.Partition, &a.Service, &a.Region, &a.Account} {
		if *part, rest, ok = strings.Cut(rest, ":"); !ok {
			return ARN{}, false
		}
	}
	if a.Resource = rest; a.Partition == "" || a.Service == "" || rest == "" {
		return ARN{}, false
	}
	return a, true
}

// String is the ARN in its usual form.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}
