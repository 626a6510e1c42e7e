package sqsfeed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// How long one call waits for messages: SQS's limit where the queue is
// followed, else as long as makes it ask all of the queue's servers.
const (
	waitFollow = 20 // seconds
	waitDrain  = 1
)

// lastCall is how long a call goes on after stop: one that finds messages
// answers at once, and would leave them hidden if nobody heard it.
const lastCall = time.Second

// Files yields the objects that messages tell of, one after the other, and
// settles each message when its objects are. It ends when ctx does; when stop is
// closed or, not following, the queue is empty, it ends once all messages that it
// has taken are settled. It is to be read once.
func (q *Queue) Files(ctx context.Context, stop <-chan struct{}) iter.Seq[feed.Object] {
	return func(yield func(feed.Object) bool) {
		ctx, cancel := context.WithCancel(ctx)
		receiving, halt := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() {
			select {
			case <-stop:
				_ = awsconf.Sleep(receiving, lastCall)
				halt()
			case <-receiving.Done():
			}
		})
		wg.Go(func() { q.extend(ctx) })
		wg.Go(func() { q.settle(ctx, cancel) })
		defer wg.Wait()
		defer cancel()
		defer halt()
		fails := 0 // in a row
		for !closed(stop) && receiving.Err() == nil && q.room(receiving) {
			idle := q.idle()
			got, err := q.receive(receiving)
			if err != nil {
				if receiving.Err() == nil && q.fatal(receiving, err, fails) {
					break
				}
				fails++
				continue
			}
			fails = 0
			if len(got) == 0 && !q.o.Follow {
				if idle {
					break
				}
				_ = q.drained(receiving)
			}
			for _, m := range got {
				if !q.offer(m, yield) {
					return
				}
			}
		}
		halt()
		_ = q.drained(ctx) // its only error is that of ctx
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// receive takes up to ten messages.
func (q *Queue) receive(ctx context.Context) ([]types.Message, error) {
	wait := int32(waitDrain)
	if q.o.Follow {
		wait = waitFollow
	}
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.url, MaxNumberOfMessages: batch, WaitTimeSeconds: wait,
		VisibilityTimeout:           int32(q.o.Visibility / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount}})
	if err != nil {
		return nil, awsconf.Explain("receive from "+q.name, err)
	}
	return out.Messages, nil
}

// fatal reports whether receiving must end for err: a queue that is followed is
// asked again where that may help, after a pause that grows with what failed
// before.
func (q *Queue) fatal(ctx context.Context, err error, fails int) bool {
	if q.o.Follow && graph.Code(err) == graph.CodeUnavailable {
		q.o.Warn(err)
		return awsconf.Sleep(ctx, awsconf.Pause(fails)) != nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
	return true
}

// offer yields what a message tells of.
func (q *Queue) offer(got types.Message, yield func(feed.Object) bool) bool {
	m := &message{id: *got.MessageId, receipt: *got.ReceiptHandle}
	m.receives, _ = strconv.Atoi(got.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	refs, err := readNotice(*got.Body)
	m.left, m.ignored = max(1, len(refs)), err == nil && len(refs) == 0
	q.mu.Lock()
	q.stats.Received++
	q.flight[m] = struct{}{}
	q.mu.Unlock()
	done := func(err error) { q.done(m, err) }
	switch {
	case err != nil:
		return yield(feed.Object{Name: q.name + "/" + m.id, Size: -1, Err: err, Done: done})
	case m.ignored:
		done(nil)
	}
	for _, r := range refs {
		if r.region != "" {
			q.objects.At(r.bucket, r.region)
		}
		o := q.objects.Object(r.bucket, r.key, r.size, r.etag)
		o.Done = done
		if !yield(o) {
			return false
		}
	}
	return true
}

// done notes what became of one object of a message.
func (q *Queue) done(m *message, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m.left--; m.failed == nil {
		m.failed = err
	}
	if m.left > 0 && !errors.Is(err, feed.ErrEnded) {
		return
	}
	q.settled = append(q.settled, m)
	q.nudge()
}

func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// idle reports whether no message is being worked on.
func (q *Queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.flight) == 0
}

// room waits until another ten messages may be taken, and reports whether.
func (q *Queue) room(ctx context.Context) bool { return q.below(ctx, maxInFlight-batch+1) == nil }

// drained waits until no message is being worked on.
func (q *Queue) drained(ctx context.Context) error { return q.below(ctx, 1) }

// below waits until fewer than n messages are being worked on.
func (q *Queue) below(ctx context.Context, n int) error {
	for {
		q.mu.Lock()
		ok := len(q.flight) < n
		q.mu.Unlock()
		if ok {
			return nil
		}
		if err := awsconf.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// extend keeps the messages being worked on hidden from others.
func (q *Queue) extend(ctx context.Context) {
	for awsconf.Sleep(ctx, q.o.Visibility/3) == nil {
		q.mu.Lock()
		var all []*message
		for m := range q.flight {
			if m.left > 0 { // else it is being settled
				all = append(all, m)
			}
		}
		q.mu.Unlock()
		q.hide(ctx, all, func(*message) time.Duration { return q.o.Visibility })
	}
}

// hide sets how long messages stay hidden from now on.
func (q *Queue) hide(ctx context.Context, all []*message, long func(*message) time.Duration) {
	for len(all) > 0 && ctx.Err() == nil {
		part := all[:min(batch, len(all))]
		all = all[len(part):]
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: q.url}
		for i, m := range part {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: new(strconv.Itoa(i)), ReceiptHandle: &m.receipt,
				VisibilityTimeout: int32(long(m) / time.Second)})
		}
		// One that failed is delivered again early, and is known then.
		if _, err := q.client.ChangeMessageVisibilityBatch(ctx, in); err != nil && ctx.Err() == nil {
			q.o.Warn(awsconf.Explain("extend messages of "+q.name, err))
		}
	}
}

// settle deletes and gives back messages as they are done. A run that ended
// ends it all, by cancel.
func (q *Queue) settle(ctx context.Context, cancel context.CancelFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
		q.mu.Lock()
		all := q.settled
		q.settled = nil
		q.mu.Unlock()
		var stored, failed []*message
		for _, m := range all {
			switch {
			case errors.Is(m.failed, feed.ErrEnded):
				cancel()
				return
			case m.failed == nil:
				stored = append(stored, m)
			default:
				failed = append(failed, m)
			}
		}
		q.remove(ctx, stored)
		q.hide(ctx, failed, q.again)
		q.forget(all)
	}
}

// remove deletes messages. One that cannot be deleted comes again, and is known
// then.
func (q *Queue) remove(ctx context.Context, all []*message) {
	for len(all) > 0 && ctx.Err() == nil {
		part := all[:min(batch, len(all))]
		all = all[len(part):]
		in := &sqs.DeleteMessageBatchInput{QueueUrl: q.url}
		for i, m := range part {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), ReceiptHandle: &m.receipt})
		}
		if _, err := q.client.DeleteMessageBatch(ctx, in); err != nil && ctx.Err() == nil {
			q.o.Warn(awsconf.Explain("delete messages of "+q.name, err))
		}
	}
}

// again is when a message that failed comes again.
func (q *Queue) again(m *message) time.Duration {
	code := graph.Code(m.failed)
	passing := code == graph.CodeUnavailable || code == graph.CodeUnauthorized || code == graph.CodeTimeout
	switch {
	case m.receives >= q.last && !q.redrive:
		return parkedFor
	case !passing && q.redrive:
		return 0 // the sooner the policy takes it away
	}
	return min(firstRetry<<min(max(m.receives-1, 0), 10), lastRetry)
}

// forget ends the work on messages, and counts it.
func (q *Queue) forget(all []*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range all {
		delete(q.flight, m)
		switch {
		case m.failed != nil:
			q.stats.Failed++
			if m.receives >= q.last {
				q.stats.Parked++
				q.o.Warn(fmt.Errorf("message %s of %s is given up after %d tries: %w", m.id, q.name, m.receives, m.failed))
			}
		case m.ignored:
			q.stats.Ignored++
		default:
			q.stats.Stored++
		}
	}
}
