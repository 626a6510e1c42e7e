package s3feed

import (
	"context"
	"io"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// List yields the objects under s3://bucket/prefix in order of their keys, all
// accounts and regions of an organisation's trail among them, with their ETags
// as versions. The bucket has been asked when it returns: a bucket that cannot
// be listed, or has nothing there, is an error; a listing that breaks off later
// is yielded with Err.
//
// With a window (from before to), folders by date as CloudTrail makes them
// (…/2026/11/22/) are left out where they hold nothing of it. A record lies in
// the folder of its own day or, delivered late, of the next.
func (c *Client) List(ctx context.Context, url string, from, to time.Time) (iter.Seq[feed.Object], error) {
	bucket, prefix, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	l := &lister{client: c, ctx: ctx, bucket: bucket, url: url}
	first, err := l.page(&s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, MaxKeys: aws.Int32(1)})
	if err != nil {
		return nil, err
	}
	if len(first.Contents) == 0 {
		return nil, &graph.Error{Code: graph.CodeNotFound, Message: "nothing lies under " + url,
			Hint: "a trail writes to s3://BUCKET/[PREFIX/]AWSLogs/[ORGANISATION/]ACCOUNT/CloudTrail/"}
	}
	return func(yield func(feed.Object) bool) {
		l.yield = yield
		if from.Before(to) {
			l.days(prefix, from.UTC(), to.UTC())
			return
		}
		l.flat(prefix, "", "")
	}, nil
}

// lister is one pass over a prefix.
type lister struct {
	client      *Client
	ctx         context.Context
	bucket, url string
	yield       func(feed.Object) bool
}

func (l *lister) page(in *s3.ListObjectsV2Input) (out *s3.ListObjectsV2Output, err error) {
	err = l.client.do(l.bucket, func(c *s3.Client) (err error) {
		out, err = c.ListObjectsV2(l.ctx, in)
		return err
	})
	return out, awsconf.Explain("list "+l.url, err)
}

// take yields an object. A folder that S3's console or CloudTrail made is an
// empty one, and none of ours.
func (l *lister) take(o *types.Object) bool {
	key, size := aws.ToString(o.Key), aws.ToInt64(o.Size)
	return size == 0 && strings.HasSuffix(key, "/") || l.yield(l.client.Object(l.bucket, key, size, aws.ToString(o.ETag)))
}

// each calls take with each page of a listing until it says no, and reports
// whether to go on. A page that cannot be had is yielded.
func (l *lister) each(in *s3.ListObjectsV2Input, take func(*s3.ListObjectsV2Output) bool) bool {
	in.Bucket = &l.bucket
	for {
		out, err := l.page(in)
		if l.ctx.Err() != nil {
			return false
		}
		if err != nil {
			l.yield(feed.Object{Name: l.url, Size: -1, Err: err})
			return false
		}
		if !take(out) {
			return false
		}
		if out.IsTruncated == nil || !*out.IsTruncated || out.NextContinuationToken == nil {
			return true
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// flat yields all keys under prefix that come after the key after and, where
// it is not empty, before the key before.
func (l *lister) flat(prefix, after, before string) bool {
	in := &s3.ListObjectsV2Input{Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	past := false
	return l.each(in, func(out *s3.ListObjectsV2Output) bool {
		for i := range out.Contents {
			o := &out.Contents[i]
			if past = before != "" && aws.ToString(o.Key) >= before; past {
				return false
			}
			if !l.take(o) {
				return false
			}
		}
		return true
	}) || past
}

// year is a folder that has months below it.
var year = regexp.MustCompile(`/(19|20)\d\d/$`)

// days yields what lies under prefix, of folders by date only those from one
// day to the day after another.
func (l *lister) days(prefix string, from, to time.Time) bool {
	in := &s3.ListObjectsV2Input{Prefix: &prefix, Delimiter: aws.String("/")}
	dated := false
	return l.each(in, func(out *s3.ListObjectsV2Output) bool {
		for i := range out.Contents {
			o := &out.Contents[i]
			if !l.take(o) {
				return false
			}
		}
		for _, p := range out.CommonPrefixes {
			folder := aws.ToString(p.Prefix)
			if !year.MatchString("/" + folder) {
				if !l.days(folder, from, to) {
					return false
				}
				continue
			}
			if dated {
				continue // one listing over all years
			}
			dated = true
			root := folder[:len(folder)-len("2006/")]
			const day = "2006/01/02"
			if !l.flat(root, root+from.Format(day), root+to.AddDate(0, 0, 2).Format(day)) {
				return false
			}
		}
		return true
	})
}

// Object is one object of a bucket, to be read when the pipeline comes to it;
// size is negative and etag empty where they are not known.
func (c *Client) Object(bucket, key string, size int64, etag string) feed.Object {
	return feed.Object{Name: Scheme + bucket + "/" + key, Size: size, Version: strings.Trim(etag, `"`),
		Open: func(ctx context.Context) (io.ReadCloser, error) { return c.Open(ctx, bucket, key) }}
}

// Statements are what List and Open of url must be allowed.
func Statements(url string) ([]awsconf.Statement, error) {
	bucket, prefix, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	list := awsconf.Allow("ListTheTrail", []string{"s3:ListBucket"}, "arn:aws:s3:::"+bucket)
	if prefix != "" {
		list.Condition = map[string]map[string]string{"StringLike": {"s3:prefix": prefix + "*"}}
	}
	return append([]awsconf.Statement{list}, Readable(bucket, prefix)...), nil
}

// Readable allows to read objects under a prefix of a bucket, those that are
// encrypted with a KMS key too.
func Readable(bucket, prefix string) []awsconf.Statement {
	decrypt := awsconf.Allow("DecryptTheTrail", []string{"kms:Decrypt"}, "*")
	decrypt.Condition = map[string]map[string]string{"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
	return []awsconf.Statement{awsconf.Allow("ReadTheTrail", []string{"s3:GetObject"}, "arn:aws:s3:::"+bucket+"/"+prefix+"*"), decrypt}
}
