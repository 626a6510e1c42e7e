// Package sqsfeed finds the files that messages of an SQS queue tell of: S3's
// notifications, direct, by SNS or by EventBridge, and those of a trail.
//
// A message is deleted once all that it names is durable. One of which
// something cannot be stored is left to the queue: it comes again, at once where
// trying cannot help, and the queue's redrive policy takes it away. A queue
// without such a policy hides it for hours after the fifth time. Nothing but
// what was stored, or names nothing to store, is ever deleted.
package sqsfeed

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed/s3feed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// Scheme stands before the queue's name or URL: sqs://trail-events,
// sqs://111122223333/trail-events,
// sqs://sqs.eu-north-1.amazonaws.com/111122223333/trail-events.
const Scheme = "sqs://"

// Address is where a queue lies, as far as it is said.
type Address struct{ Host, Account, Name, Region string }

var address = regexp.MustCompile(`^(?:([A-Za-z0-9.-]+(?::\d+)?)/)??(?:(\d{12})/)?([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$`)

// ParseURL is the address that an argument names.
func ParseURL(arg string) (Address, error) {
	rest, ok := strings.CutPrefix(arg, Scheme)
	m := address.FindStringSubmatch(strings.TrimPrefix(rest, "https://"))
	if !ok || m == nil || m[1] != "" && m[2] == "" {
		return Address{}, &graph.Error{Code: graph.CodeInvalid, Message: "no queue is named by " + arg,
			Hint: "a queue is sqs://NAME, sqs://ACCOUNT/NAME, or its URL: sqs://sqs.REGION.amazonaws.com/ACCOUNT/NAME"}
	}
	a := Address{Host: m[1], Account: m[2], Name: m[3]}
	if parts := strings.Split(a.Host, "."); len(parts) > 2 && parts[0] == "sqs" {
		a.Region = parts[1]
	}
	return a, nil
}

// Options tune a queue. The zero value is good.
type Options struct {
	// Follow goes on when the queue is empty.
	Follow bool
	// Visibility is how long a message stays hidden from others when nothing
	// more is heard of this process: it is extended while the work goes on.
	// Default: 2 minutes.
	Visibility time.Duration
	// Warn is told of what goes wrong and is tried again. Default: nothing.
	Warn func(error)
}

// Stats count messages, each time that they come.
type Stats struct {
	Queue    string `json:"queue"`
	Received int    `json:"received"`
	Stored   int    `json:"stored"`  // all that they name is durable; deleted
	Ignored  int    `json:"ignored"` // they name nothing new: S3's test, a deletion; deleted
	Failed   int    `json:"failed"`  // something could not be stored; left to the queue
	Parked   int    `json:"parked"`  // of them, for the last time: taken by the redrive policy, or hidden for hours
}

const (
	// maxReceives is the try after which a message is parked where the queue
	// has no redrive policy.
	maxReceives = 5
	// parkedFor hides a parked message; SQS allows 12 h from the receipt.
	parkedFor = 11 * time.Hour
	// maxInFlight is how many messages are worked on at a time.
	maxInFlight = 1000
	// firstRetry is when a message that failed for a reason that may pass
	// comes again; each time twice as long, up to lastRetry.
	firstRetry, lastRetry = 15 * time.Second, 10 * time.Minute
	// batch is how many messages one call takes, by SQS's limit.
	batch = 10
)

// Queue is a queue being read.
type Queue struct {
	name    string
	url     *string
	client  *sqs.Client
	objects *s3feed.Client
	o       Options
	last    int // the try after which a message goes
	redrive bool

	mu      sync.Mutex
	stats   Stats
	flight  map[*message]struct{} // received, not settled
	settled []*message            // to be deleted or given back
	wake    chan struct{}         // something was settled
	err     error                 // why reading ended early
}

// message is one delivery of a message.
type message struct {
	id, receipt string
	receives    int
	left        int   // objects that nothing is known of yet
	failed      error // the first reason
	ignored     bool
}

// Open finds a queue and asks it how it treats messages that fail.
func Open(ctx context.Context, cfg aws.Config, arg string, o Options) (*Queue, error) {
	a, err := ParseURL(arg)
	if err != nil {
		return nil, err
	}
	if o.Visibility == 0 {
		o.Visibility = 2 * time.Minute
	}
	if o.Visibility < 3*time.Second || o.Visibility > 12*time.Hour {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("a visibility of %s", o.Visibility), Hint: "3s to 12h"}
	}
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	q := &Queue{name: Scheme + a.Name, o: o, objects: s3feed.New(cfg), last: maxReceives, flight: map[*message]struct{}{}, wake: make(chan struct{}, 1)}
	q.stats.Queue = q.name
	q.client = sqs.NewFromConfig(cfg, func(o *sqs.Options) {
		if a.Region != "" {
			o.Region = a.Region
		}
	})
	in := &sqs.GetQueueUrlInput{QueueName: &a.Name}
	if a.Account != "" {
		in.QueueOwnerAWSAccountId = &a.Account
	}
	found, err := q.client.GetQueueUrl(ctx, in)
	if err != nil {
		return nil, awsconf.Explain("find queue "+q.name, err)
	}
	q.url = found.QueueUrl
	attrs, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy}})
	if err != nil {
		return nil, awsconf.Explain("ask queue "+q.name, err)
	}
	q.last, q.redrive = redriveAfter(attrs.Attributes[string(types.QueueAttributeNameRedrivePolicy)])
	return q, nil
}

// redriveAfter is how often a message is received before the policy takes it
// away; without a policy it is maxReceives.
func redriveAfter(policy string) (int, bool) {
	var p struct {
		MaxReceiveCount json.RawMessage `json:"maxReceiveCount"` // a number, or one in quotes
	}
	if json.Unmarshal([]byte(policy), &p) != nil {
		return maxReceives, false
	}
	n, err := strconv.Atoi(strings.Trim(string(p.MaxReceiveCount), `"`))
	if err != nil || n < 1 {
		return maxReceives, false
	}
	return n, true
}

// Stats counts what happened so far.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats
}

// Err is why reading ended though nobody asked for it; nil where it did not.
func (q *Queue) Err() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// Statements are what reading the queue and the objects it tells of must be
// allowed; the objects may lie in any bucket.
func Statements(arg string) ([]awsconf.Statement, error) {
	a, err := ParseURL(arg)
	if err != nil {
		return nil, err
	}
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	arn := fmt.Sprintf("arn:aws:sqs:%s:%s:%s", or(a.Region, "*"), or(a.Account, "*"), a.Name)
	return append([]awsconf.Statement{awsconf.Allow("TakeNotifications", []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes",
		"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"}, arn)}, s3feed.Readable("*", "")...), nil
}
