// Package s3feed finds and reads files in S3: a bucket or a prefix of it, and
// single objects by name.
package s3feed

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/blastradius/blastradius/graph"
)

// Scheme stands before the names of objects: s3://bucket/key, the key as it is,
// not encoded.
const Scheme = "s3://"

// Client reads buckets in any region: where one lies it is told by S3. It is
// safe for concurrent use.
type Client struct {
	cfg     aws.Config
	mu      sync.Mutex
	regions map[string]*s3.Client // by region
	buckets map[string]string     // the region of a bucket, where it is not the configuration's
}

// New returns a client with the configuration's credentials, retries and
// endpoint.
func New(cfg aws.Config) *Client {
	return &Client{cfg: cfg, regions: map[string]*s3.Client{}, buckets: map[string]string{}}
}

// bucketName is what S3 takes for a bucket, access point aliases included.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseURL is the bucket and the prefix, or key, of s3://bucket/prefix.
func ParseURL(url string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(url, Scheme)
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || !bucketName.MatchString(bucket) {
		return "", "", &graph.Error{Code: graph.CodeInvalid, Message: "no bucket is named by " + url,
			Hint: "an S3 source is s3://BUCKET or s3://BUCKET/PREFIX; bucket names are 3 to 63 of a-z, 0-9, dot and dash"}
	}
	return bucket, prefix, nil
}

// in is the client of a region, "" the configuration's.
func (c *Client) in(region string) *s3.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	client := c.regions[region]
	if client == nil {
		client = s3.NewFromConfig(c.cfg, func(o *s3.Options) {
			if region != "" {
				o.Region = region
			}
			// Endpoints other than AWS's rarely have a name for each bucket.
			o.UsePathStyle = o.BaseEndpoint != nil
			o.DisableLogOutputChecksumValidationSkipped = true
		})
		c.regions[region] = client
	}
	return client
}

// At notes where a bucket lies, which spares a request that is redirected.
func (c *Client) At(bucket, region string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buckets[bucket] = region
}

// do calls S3 for a bucket, again in the right region where S3 says that it was
// asked in the wrong one.
func (c *Client) do(bucket string, call func(*s3.Client) error) error {
	c.mu.Lock()
	region := c.buckets[bucket]
	c.mu.Unlock()
	err := call(c.in(region))
	var res *awshttp.ResponseError
	if err == nil || !errors.As(err, &res) || res.Response == nil {
		return err
	}
	status, there := res.HTTPStatusCode(), res.Response.Header.Get("X-Amz-Bucket-Region")
	if status != 301 && status != 307 && status != 400 || there == "" || there == region {
		return err
	}
	c.At(bucket, there)
	return call(c.in(there))
}

// OpenName opens an object by the name that List gave it. Any other name gives
// an error that is fs.ErrNotExist.
func (c *Client) OpenName(ctx context.Context, name string) (io.ReadCloser, error) {
	bucket, key, err := ParseURL(name)
	if err != nil || key == "" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return c.Open(ctx, bucket, key)
}
