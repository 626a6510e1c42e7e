package lookupfeed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// settled is the Version of a span that nothing more can come to.
const settled = "settled"

// Files yields the events of the regions between two times, as far as the
// ledger does not have them: the regions at the same time, of each the latest
// first. A region that cannot be read is yielded with Err; what was read before
// stands, and is not asked for again.
func Files(ctx context.Context, st graph.Store, regions []*Region, from, to time.Time) iter.Seq[feed.Object] {
	all := span{from.UTC().Truncate(time.Second), to.UTC().Truncate(time.Second)}
	return func(yield func(feed.Object) bool) {
		had, err := spansOf(ctx, st)
		if err != nil {
			yield(feed.Object{Name: Scheme, Size: -1, Err: err})
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		found := make(chan feed.Object)
		for _, r := range regions {
			wg.Go(func() {
				give := func(o feed.Object) bool {
					select {
					case found <- o:
						return true
					case <-ctx.Done():
						return false
					}
				}
				for _, left := range without(all, had[r.Account+"/"+r.Name]) {
					if !r.files(ctx, left, give) {
						return
					}
				}
			})
		}
		go func() { wg.Wait(); close(found) }()
		for o := range found {
			if !yield(o) {
				return
			}
		}
	}
}

// spansOf are the spans that the ledger has, by account and region.
func spansOf(ctx context.Context, st graph.Store) (map[string][]span, error) {
	had := map[string][]span{}
	for src, err := range st.Sources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if account, region, s, ok := parseName(src.Name); ok && src.Final && src.Version == settled {
			had[account+"/"+region] = append(had[account+"/"+region], s)
		}
	}
	return had, nil
}

// files gives the events of a span, latest first, cut into smaller ones, and
// reports whether all could be.
func (r *Region) files(ctx context.Context, s span, give func(feed.Object) bool) bool {
	if edge := r.Clock.Now().UTC().Add(-Delay).Truncate(time.Second); s.from.Before(edge) && edge.Before(s.to) {
		return r.files(ctx, span{edge, s.to}, give) && r.files(ctx, span{s.from, edge}, give)
	}
	rest := s // what was not given yet
	for tokens := 0; ; {
		before := rest
		err := r.cut(ctx, &rest, give)
		if errors.Is(err, errToken) && (rest != before || tokens < maxTries) {
			tokens++ // from where it stands, with tokens of its own
			continue
		}
		if err != nil && ctx.Err() == nil {
			give(feed.Object{Name: r.name(rest), Size: -1, Err: err})
		}
		return err == nil
	}
}

// errStop is the wish of the one who is given the files.
var errStop = errors.New("stop")

// cut gives the events of rest, page by page, and takes what it gave off its
// end.
func (r *Region) cut(ctx context.Context, rest *span, give func(feed.Object) bool) error {
	var events []types.Event // latest first, all of *rest
	var token *string
	for asked := *rest; ; {
		out, err := r.page(ctx, asked, token)
		if err != nil {
			return err
		}
		events = append(events, out.Events...)
		if token = out.NextToken; token == nil {
			break
		}
		if len(events) < spanEvents {
			continue
		}
		// More of the earliest second may come: it begins the next span.
		edge := second(&events[len(events)-1]).Add(time.Second)
		n := len(events)
		for n > 0 && second(&events[n-1]).Before(edge) {
			n--
		}
		if n == 0 || !edge.Before(rest.to) || edge.Before(rest.from) {
			continue
		}
		if !give(r.object(span{edge, rest.to}, events[:n])) {
			return errStop
		}
		rest.to = edge
		events = append([]types.Event(nil), events[n:]...)
	}
	if !give(r.object(*rest, events)) {
		return errStop
	}
	return nil
}

func second(e *types.Event) time.Time { return aws.ToTime(e.EventTime).UTC().Truncate(time.Second) }

// object is a span as a file.
func (r *Region) object(s span, events []types.Event) feed.Object {
	text := output(events)
	o := feed.Object{Name: r.name(s), Size: int64(len(text)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	}}
	if !s.to.After(r.Clock.Now().Add(-Delay)) {
		o.Version = settled
	}
	return o
}

// output is LookupEvents' answer as the AWS CLI prints it, as far as it is read.
// Of nothing it is a trail's file in which nothing happened: an empty list of
// events could be anybody's.
func output(events []types.Event) []byte {
	if len(events) == 0 {
		return []byte(`{"Records":[]}`)
	}
	type event struct {
		ID    string `json:"EventId"`
		Event string `json:"CloudTrailEvent"`
	}
	out := struct{ Events []event }{[]event{}}
	for i := range events {
		out.Events = append(out.Events, event{aws.ToString(events[i].EventId), aws.ToString(events[i].CloudTrailEvent)})
	}
	text, _ := json.Marshal(out) // strings only
	return text
}

// Open reads a span again by its name. Any other name gives an error that is
// fs.ErrNotExist.
func Open(ctx context.Context, cfg aws.Config, name string, clock Clock) (io.ReadCloser, error) {
	account, region, s, ok := parseName(name)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return NewRegion(cfg, account, region, clock).read(ctx, s)
}

// read is a whole span.
func (r *Region) read(ctx context.Context, s span) (io.ReadCloser, error) {
	var events []types.Event
	var token *string
	for {
		out, err := r.page(ctx, s, token)
		if err != nil {
			return nil, err
		}
		events = append(events, out.Events...)
		if token = out.NextToken; token == nil {
			return io.NopCloser(bytes.NewReader(output(events))), nil
		}
	}
}

// Statements are what reading the events of an account must be allowed.
func Statements() []awsconf.Statement {
	return []awsconf.Statement{awsconf.Allow("LookUpEvents", []string{"cloudtrail:LookupEvents"}, "*")}
}
