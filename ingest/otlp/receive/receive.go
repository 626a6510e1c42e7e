// Package receive takes OTLP traces from exporters, by HTTP and by gRPC, and
// spools them before it says that they arrived (OTLP specification 1.9: one
// address for both, POST /v1/traces and TraceService/Export).
package receive

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/otlp"
	"github.com/blastradius/blastradius/ingest/spool"
)

// Options of a Receiver. The zero value is good.
type Options struct {
	// MaxBody bounds an export request, as sent and inflated, in bytes.
	// Default: 16 MiB.
	MaxBody int
	// MaxAtOnce bounds the requests being taken; others are told to come
	// again. Default: 32.
	MaxAtOnce int
	// RetryAfter is when a sender that was turned away should come again, in
	// whole seconds. Default: 2 s.
	RetryAfter time.Duration
}

// Receiver puts export requests into a spool. It is safe for concurrent use.
type Receiver struct {
	spool *spool.Spool
	o     Options
	slots chan struct{}

	spans, rejected, turned, invalid, bytes atomic.Int64
}

// New returns a receiver into the spool, whose framing must be
// spool.Prefixed and whose files must end in otlp.SpoolExt to be recognised.
func New(s *spool.Spool, o Options) *Receiver {
	if o.MaxBody <= 0 {
		o.MaxBody = 16 << 20
	}
	if o.MaxAtOnce <= 0 {
		o.MaxAtOnce = 32
	}
	if o.RetryAfter < time.Second {
		o.RetryAfter = 2 * time.Second
	}
	return &Receiver{spool: s, o: o, slots: make(chan struct{}, o.MaxAtOnce)}
}

// Stats is what was received since the start.
type Stats struct {
	Spans    int64 // in the spool, or acknowledged as not usable
	Rejected int64 // of these: not usable, as the sender was told
	Turned   int64 // requests turned away, as too much waited
	Invalid  int64 // requests refused for good
	Bytes    int64 // of requests in the spool
}

// Stats may be asked at any time.
func (r *Receiver) Stats() Stats {
	return Stats{r.spans.Load(), r.rejected.Load(), r.turned.Load(), r.invalid.Load(), r.bytes.Load()}
}

// The ways in which a request fails.
var (
	errBusy = &graph.Error{Code: graph.CodeUnavailable, Message: "too many requests at a time", Hint: "try again in a few seconds"}
)

// verdict is what a sender is told: of a success what could not be used, else
// what is wrong.
type verdict struct {
	rejected int
	why      string
	err      error
	retry    bool // the sender is to try again
}

// take puts a request into the spool. It is durable when the verdict has no
// error.
func (r *Receiver) take(ctx context.Context, body []byte) verdict {
	if len(body) == 0 {
		return verdict{}
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		r.turned.Add(1)
		return verdict{err: errBusy, retry: true}
	}
	seen, err := otlp.Inspect(body)
	if err != nil {
		return r.refuse("this is no OTLP trace request: " + err.Error())
	}
	if seen.Spans == 0 {
		return verdict{}
	}
	if seen.Bad < seen.Spans {
		if err := r.spool.Append(ctx, body); err != nil {
			if errors.Is(err, spool.ErrTooLarge) {
				return r.refuse(err.Error())
			}
			r.turned.Add(1)
			return verdict{err: err, retry: true}
		}
		r.bytes.Add(int64(len(body)))
	}
	r.spans.Add(int64(seen.Spans))
	r.rejected.Add(int64(seen.Bad))
	return verdict{rejected: seen.Bad, why: seen.Why}
}

// refuse says that a request will never be taken.
func (r *Receiver) refuse(why string) verdict {
	r.invalid.Add(1)
	return verdict{err: errors.New(why)}
}
