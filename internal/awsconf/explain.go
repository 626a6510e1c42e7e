package awsconf

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/blastradius/blastradius/graph"
)

// The codes by which services say the same thing.
var (
	denied  = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "Forbidden", "AccountProblem"}
	badKeys = []string{"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken",
		"ExpiredToken", "ExpiredTokenException", "InvalidSignatureException", "AuthFailure", "MissingAuthenticationToken", "RequestExpired", "RequestTimeTooSkewed"}
	missing = []string{"NoSuchBucket", "NoSuchKey", "NotFound", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NoSuchEntity"}
)

// Explain is an error of an AWS client as one that people can act on; doing
// says what was tried ("list s3://bucket/prefix"). The end of ctx stays what it
// is. Nothing of the request but its names is in it.
func Explain(doing string, err error) error {
	var ours *graph.Error
	if err == nil || errors.Is(err, context.Canceled) || errors.As(err, &ours) {
		return err
	}
	e := &graph.Error{Code: graph.CodeUnavailable, Message: doing, Err: brief(err)}
	var api smithy.APIError
	status := Status(err)
	var op *net.OpError
	switch code := APICode(err); {
	case slices.Contains(badKeys, code):
		e.Code, e.Hint = graph.CodeUnauthorized, "the AWS credentials are expired or wrong: renew them, and check the clock"
	case slices.Contains(denied, code) || status == http.StatusForbidden:
		e.Code, e.Hint = graph.CodeUnauthorized, "blastradius ingest … --print-policy prints what the caller must be allowed to do; a bucket or key policy may deny it too"
	case slices.Contains(missing, code) || status == http.StatusNotFound:
		e.Code, e.Hint = graph.CodeNotFound, "check the name, the account and the region (AWS_REGION)"
	case errors.As(err, &api) && status >= 400 && status < 500 && status != http.StatusTooManyRequests && !Throttled(err):
		e.Code = graph.CodeInvalid
	case errors.As(err, &op):
		e.Hint = "nothing answers there: check the network, AWS_REGION and AWS_ENDPOINT_URL"
	default:
		e.Hint = "it was tried again and again; start it later: what is stored is not fetched again"
	}
	return e
}

// brief is what the service said, without the chain of the client's layers.
func brief(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		if api.ErrorMessage() == "" {
			return errors.New(api.ErrorCode())
		}
		return fmt.Errorf("%s: %s", api.ErrorCode(), strings.TrimSpace(api.ErrorMessage()))
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	return err
}

// APICode is the service's word for the error, empty where it said none.
func APICode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Status is the HTTP status of the answer, zero where there was none.
func Status(err error) int {
	var res *awshttp.ResponseError
	if errors.As(err, &res) {
		return res.HTTPStatusCode()
	}
	return 0
}

// Throttled reports whether the service asked for fewer requests.
func Throttled(err error) bool {
	code := APICode(err)
	return strings.Contains(code, "Throttl") || code == "SlowDown" || code == "TooManyRequestsException" || code == "RequestLimitExceeded"
}

// Permanent reports whether trying the same again cannot help.
func Permanent(err error) bool {
	code := graph.Code(Explain("", err))
	return code == graph.CodeNotFound || code == graph.CodeInvalid
}
