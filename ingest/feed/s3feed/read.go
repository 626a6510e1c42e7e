package s3feed

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/blastradius/blastradius/internal/awsconf"
)

// A download that brings nothing for stall is begun again where it stood, as is
// one that breaks; after maxResumes in a row without a byte it is given up.
const (
	stall      = 30 * time.Second
	maxResumes = 8
)

// Open begins to read an object. A connection that breaks or stalls is made
// again where it stood, for as long as the object stays the same. ctx and Close
// end a read that waits.
func (c *Client) Open(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &reader{client: c, ctx: ctx, cancel: cancel, bucket: bucket, key: key}
	if err := r.request(); err != nil {
		cancel()
		return nil, awsconf.Explain("S3", err)
	}
	return r, nil
}

// reader is one object being read. Close may be called while Read runs.
type reader struct {
	client      *Client
	ctx         context.Context
	cancel      context.CancelFunc
	bucket, key string

	body    io.ReadCloser
	drop    context.CancelFunc // of body
	etag    *string
	at      int64 // bytes read
	resumes int   // since the last byte
}

// request asks for the object from where the reader stands.
func (r *reader) request() error {
	in := &s3.GetObjectInput{Bucket: &r.bucket, Key: &r.key}
	if r.at > 0 {
		in.Range, in.IfMatch = new(fmt.Sprintf("bytes=%d-", r.at)), r.etag
	}
	ctx, drop := context.WithCancel(r.ctx)
	var out *s3.GetObjectOutput
	err := r.client.do(r.bucket, func(c *s3.Client) (err error) {
		out, err = c.GetObject(ctx, in)
		return err
	})
	if err != nil {
		drop()
		return err
	}
	if r.drop != nil {
		r.drop()
	}
	r.body, r.drop, r.etag = out.Body, drop, out.ETag
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		timer := time.AfterFunc(stall, r.drop)
		n, err := r.body.Read(p)
		timer.Stop()
		r.at += int64(n)
		if n > 0 {
			r.resumes = 0
			if err != nil && err != io.EOF {
				err = nil // what broke shows again at the next read
			}
			return n, err
		}
		if err == nil || err == io.EOF {
			return 0, err
		}
		if err := r.resume(err); err != nil {
			return 0, err
		}
	}
}

// resume begins again where the reader stands; cause is why.
func (r *reader) resume(cause error) error {
	for r.resumes < maxResumes {
		if err := awsconf.Sleep(r.ctx, awsconf.Pause(r.resumes)); err != nil {
			return err
		}
		r.resumes++
		err := r.request()
		if err == nil {
			return nil
		}
		if cause = err; awsconf.Permanent(err) {
			break
		}
	}
	if ctxErr := r.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	return awsconf.Explain(fmt.Sprintf("broken off after %d bytes", r.at), cause)
}

func (r *reader) Close() error {
	r.cancel() // whatever is being read or waited for; the connection of a whole body is free already
	return nil
}
