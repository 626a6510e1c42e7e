// Package iamfeed asks AWS IAM who exists: the answers are files in the form of
// the AWS CLI's output, each with its account and when it was asked, which the
// format awsiam reads as it reads a dump.
package iamfeed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// Scheme begins the names of the files: aws-iam://ACCOUNT/TIME/WHAT.json.
const Scheme = "aws-iam://"

// Clock is what a feed tells time and waits by.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// askers is how many users' keys are asked for at a time: IAM answers some
// twenty requests a second, and the client backs off when it is throttled.
const askers = 8

// A credential report takes seconds to make; it is asked for every pollPause,
// at most maxPolls times.
const (
	pollPause = 2 * time.Second
	maxPolls  = 150
)

// Statements are what the feed must be allowed to do.
func Statements() []awsconf.Statement {
	return []awsconf.Statement{awsconf.Allow("BlastradiusInventory", []string{"iam:GetAccountAuthorizationDetails", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed",
		"iam:GenerateCredentialReport", "iam:GetCredentialReport"}, "*")}
}

// Account is one account, as its credentials see it.
type Account struct {
	ID    string
	api   *iam.Client
	clock Clock
}

// Open asks whose credentials these are.
func Open(ctx context.Context, cfg aws.Config, clock Clock) (*Account, error) {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, awsconf.Explain("ask whose credentials these are", err)
	}
	return &Account{ID: aws.ToString(who.Account), api: iam.NewFromConfig(cfg), clock: clock}, nil
}

// stamp is what every file says of itself. All files of a feed have the time at
// which it began: they are one dump.
type stamp struct {
	Account   string
	FetchedAt time.Time
}

type details struct {
	stamp
	IsTruncated     bool
	UserDetailList  []types.UserDetail
	GroupDetailList []types.GroupDetail
	RoleDetailList  []types.RoleDetail
	Policies        []types.ManagedPolicyDetail
}

type keys struct {
	stamp
	AccessKeyMetadata []accessKey
}

type accessKey struct {
	types.AccessKeyMetadata
	UserARN           string `json:"UserArn"`
	AccessKeyLastUsed *types.AccessKeyLastUsed
}

type report struct {
	stamp
	Content       []byte
	ReportFormat  types.ReportFormatType
	GeneratedTime *time.Time
}

// Files yields what IAM says now: the details page by page, then the access
// keys, then the credential report. What cannot be had is yielded with Err; the
// rest stands.
func (a *Account) Files(ctx context.Context) iter.Seq[feed.Object] {
	return func(yield func(feed.Object) bool) {
		s := stamp{a.ID, a.clock.Now().UTC().Truncate(time.Second)}
		give := func(what string, document any, err error) bool {
			return yield(s.object(what, document, err))
		}
		var users []types.UserDetail
		pages := iam.NewGetAccountAuthorizationDetailsPaginator(a.api, &iam.GetAccountAuthorizationDetailsInput{})
		for n := 1; pages.HasMorePages(); n++ {
			what := fmt.Sprintf("account-authorization-details-%04d", n)
			page, err := pages.NextPage(ctx)
			if err != nil {
				give(what, nil, awsconf.Explain("get the authorization details of account "+a.ID, err))
				return
			}
			users = append(users, page.UserDetailList...)
			if !give(what, details{s, page.IsTruncated, page.UserDetailList, page.GroupDetailList, page.RoleDetailList, page.Policies}, nil) {
				return
			}
		}
		found, err := a.keys(ctx, users)
		if !give("access-keys", keys{s, found}, err) {
			return
		}
		r, err := a.report(ctx)
		give("credential-report", report{s, r.Content, r.ReportFormat, r.GeneratedTime}, err)
	}
}

// object is a document as a file.
func (s stamp) object(what string, document any, err error) feed.Object {
	o := feed.Object{Name: Scheme + s.Account + "/" + s.FetchedAt.Format(time.RFC3339) + "/" + what + ".json", Size: -1, Err: err}
	if err != nil {
		return o
	}
	text, err := json.Marshal(document)
	if o.Err = err; err == nil {
		o.Size = int64(len(text))
		o.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	return o
}

// keys are the access keys of the users with their last use, in the order of
// the users.
func (a *Account) keys(ctx context.Context, users []types.UserDetail) ([]accessKey, error) {
	found, errs := make([][]accessKey, len(users)), make([]error, len(users))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(askers, len(users)) {
		wg.Go(func() {
			for i := range next {
				if found[i], errs[i] = a.keysOf(ctx, &users[i]); errs[i] != nil {
					cancel() // the first error is the answer
				}
			}
		})
	}
	for i := range users {
		next <- i
	}
	close(next)
	wg.Wait()
	out := []accessKey{}
	for i := range users {
		if errs[i] != nil && !errors.Is(errs[i], context.Canceled) {
			return nil, awsconf.Explain("list the access keys of "+aws.ToString(users[i].Arn), errs[i])
		}
		out = append(out, found[i]...)
	}
	return out, errors.Join(errs...)
}

func (a *Account) keysOf(ctx context.Context, u *types.UserDetail) (out []accessKey, err error) {
	pages := iam.NewListAccessKeysPaginator(a.api, &iam.ListAccessKeysInput{UserName: u.UserName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if awsconf.APICode(err) == "NoSuchEntity" {
				return out, nil // deleted meanwhile
			}
			return nil, err
		}
		for _, k := range page.AccessKeyMetadata {
			used, err := a.api.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: k.AccessKeyId})
			if err != nil {
				return nil, err
			}
			out = append(out, accessKey{k, aws.ToString(u.Arn), used.AccessKeyLastUsed})
		}
	}
	return out, nil
}

// report has a credential report made, where the last one is older than four
// hours, and fetches it.
func (a *Account) report(ctx context.Context) (*iam.GetCredentialReportOutput, error) {
	const doing = "get the credential report of account "
	for range maxPolls {
		made, err := a.api.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		if err != nil {
			return &iam.GetCredentialReportOutput{}, awsconf.Explain(doing+a.ID, err)
		}
		if made.State == types.ReportStateTypeComplete {
			out, err := a.api.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
			if err != nil {
				return &iam.GetCredentialReportOutput{}, awsconf.Explain(doing+a.ID, err)
			}
			return out, nil
		}
		if err := a.clock.Sleep(ctx, pollPause); err != nil {
			return &iam.GetCredentialReportOutput{}, err
		}
	}
	return &iam.GetCredentialReportOutput{}, &graph.Error{Code: graph.CodeUnavailable, Message: doing + a.ID + ": it is not made after five minutes", Hint: "ask again later"}
}
