// Package awsconf loads the AWS configuration that every source on AWS uses,
// and tells its errors in our terms.
package awsconf

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/blastradius/blastradius/graph"
)

// A request is tried maxAttempts times in all, with a pause before each retry
// that doubles from firstPause to lastPause and is jittered by half: about a
// minute of a service that answers nothing but SlowDown.
const (
	maxAttempts = 11
	firstPause  = 100 * time.Millisecond
	lastPause   = 20 * time.Second
)

// Load is the ordinary AWS configuration: environment, shared files, SSO, web
// identity, container or instance role, AWS_ENDPOINT_URL included. Credentials
// have been fetched once and a region is set, so that what is missing is said
// here, with what to do about it. Throttling, server faults and broken
// connections are retried by every client made from it.
func Load(ctx context.Context) (aws.Config, error) {
	// A service that accepted a request and then says nothing is a fault.
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = time.Minute
		t.MaxIdleConnsPerHost = 64
	})
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(newRetryer), config.WithHTTPClient(client), config.WithLogger(logging.Nop{}))
	if err != nil {
		return aws.Config{}, &graph.Error{Code: graph.CodeInvalid, Message: "load the AWS configuration", Err: err,
			Hint: "check AWS_PROFILE and the files under ~/.aws"}
	}
	if cfg.Region == "" {
		return aws.Config{}, &graph.Error{Code: graph.CodeInvalid, Message: "no AWS region is configured",
			Hint: "set AWS_REGION, or region in the profile that AWS_PROFILE names"}
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if cause := ctx.Err(); cause != nil {
			return aws.Config{}, cause
		}
		return aws.Config{}, &graph.Error{Code: graph.CodeUnauthorized, Message: "no usable AWS credentials", Err: err,
			Hint: "set AWS_PROFILE, or run where a role is attached; blastradius ingest … --print-policy prints what the role needs"}
	}
	return cfg, nil
}

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return Pause(attempt), nil })
		o.RateLimiter = ratelimit.None // many downloads share a retryer, and each backs off by itself
	})
}

// Pause is how long to wait before the n-th retry, from 0, with jitter.
func Pause(n int) time.Duration {
	d := min(firstPause<<min(n, 20), lastPause)
	return d/2 + rand.N(d/2)
}

// Sleep waits for d, or until ctx ends and then returns its error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	}
}
