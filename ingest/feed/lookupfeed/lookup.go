// Package lookupfeed reads management events from CloudTrail's LookupEvents,
// for accounts that have no trail in a bucket: the last 90 days, a region at a
// time, two requests a second.
//
// What it reads of a region is cut into spans of time, each an Object in the
// shape of LookupEvents' own output. The ledger knows the spans by their names,
// so that a run asks only for what no run before has had.
package lookupfeed

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/internal/awsconf"
)

const (
	// Reach is how far back LookupEvents goes.
	Reach = 90 * 24 * time.Hour
	// Delay is how long an event may take to be found: a span that ends
	// later than that before the request is asked for again by later runs.
	Delay = 15 * time.Minute
	// interval keeps to the limit of two requests a second, per account and
	// region.
	interval = 500 * time.Millisecond
	// pageSize is LookupEvents' largest page.
	pageSize = 50
	// spanEvents is how many events a span is cut at: ten seconds of work that
	// an interrupted run asks for again.
	spanEvents = 20 * pageSize
	// maxTries is how often a request is made that is throttled or meets a
	// fault.
	maxTries = 12
)

// API is the part of CloudTrail's client that is used.
type API interface {
	LookupEvents(context.Context, *cloudtrail.LookupEventsInput, ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
}

// Clock is the time that requests are paced by.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Region is one region of an account. Its requests, from any goroutine, keep to
// the limit together.
type Region struct {
	Account, Name string
	API           API
	Clock         Clock

	mu   sync.Mutex
	next time.Time // when the next request may be made
}

// NewRegion is a region with the configuration's credentials.
func NewRegion(cfg aws.Config, account, name string, clock Clock) *Region {
	return &Region{Account: account, Name: name, Clock: clock, API: cloudtrail.NewFromConfig(cfg, func(o *cloudtrail.Options) {
		o.Region = name
		o.Retryer = aws.NopRetryer{} // retries count against the limit: they are made here
	})}
}

// span is the time from its first second to before its end.
type span struct{ from, to time.Time }

// errToken is an answer to a page's token that is good no more.
var errToken = errors.New("the token of the page is good no more")

// page asks once for a page of a span, in turn, and again where that may help.
func (r *Region) page(ctx context.Context, s span, token *string) (*cloudtrail.LookupEventsOutput, error) {
	in := &cloudtrail.LookupEventsInput{StartTime: &s.from, EndTime: aws.Time(s.to.Add(-time.Second)), MaxResults: aws.Int32(pageSize), NextToken: token}
	for try := 0; ; try++ {
		if err := r.turn(ctx); err != nil {
			return nil, err
		}
		out, err := r.API.LookupEvents(ctx, in)
		if err == nil {
			return out, nil
		}
		if ctxErr := ctx.Err(); ctxErr != nil {
			return nil, ctxErr
		}
		var token *types.InvalidNextTokenException
		if errors.As(err, &token) {
			return nil, errToken
		}
		err = awsconf.Explain("look up events in "+r.Name, err)
		if graph.Code(err) != graph.CodeUnavailable || try == maxTries-1 {
			return nil, err
		}
		if err := r.Clock.Sleep(ctx, awsconf.Pause(try)); err != nil {
			return nil, err
		}
	}
}

// turn waits until a request may be made.
func (r *Region) turn(ctx context.Context) error {
	r.mu.Lock()
	now := r.Clock.Now()
	at := now
	if r.next.After(now) {
		at = r.next
	}
	r.next = at.Add(interval)
	r.mu.Unlock()
	if wait := at.Sub(now); wait > 0 {
		return r.Clock.Sleep(ctx, wait)
	}
	return ctx.Err()
}

// Scheme stands before the names of spans: account, region, first second and
// end, in UTC.
const Scheme = "cloudtrail-api://"

func (r *Region) name(s span) string {
	return Scheme + strings.Join([]string{r.Account, r.Name, s.from.UTC().Format(time.RFC3339), s.to.UTC().Format(time.RFC3339)}, "/")
}

// parseName reads a name that Region.name made.
func parseName(name string) (account, region string, s span, ok bool) {
	rest, ok := strings.CutPrefix(name, Scheme)
	p := strings.Split(rest, "/")
	if !ok || len(p) != 4 {
		return "", "", s, false
	}
	var errs [2]error
	s.from, errs[0] = time.Parse(time.RFC3339, p[2])
	s.to, errs[1] = time.Parse(time.RFC3339, p[3])
	return p[0], p[1], s, errors.Join(errs[:]...) == nil && s.from.Before(s.to)
}

// without is what is left of s when the spans had are taken out, latest first.
func without(s span, had []span) (left []span) {
	slices.SortFunc(had, func(a, b span) int { return a.from.Compare(b.from) })
	at := s.from
	for _, h := range had {
		if at.Before(h.from) && at.Before(s.to) {
			left = append(left, span{at, earlier(h.from, s.to)})
		}
		if at.Before(h.to) {
			at = h.to
		}
	}
	if at.Before(s.to) {
		left = append(left, span{at, s.to})
	}
	slices.Reverse(left)
	return left
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
