package sqsfeed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ref is an object that a notification names.
type ref struct {
	bucket, key, region, etag string
	size                      int64 // negative where it is not said
}

// notice is every kind of notification in one: the fields of the kinds do not
// meet.
type notice struct {
	// S3 itself. Keys are encoded as in a query string.
	Records []struct {
		EventSource, EventName, AwsRegion string
		S3                                struct {
			Bucket struct{ Name string }
			Object struct {
				Key, ETag string
				Size      *int64
			}
		}
	}
	Event string // of S3's test: s3:TestEvent

	// SNS, with a notification inside.
	Type, TopicArn string
	Message        *string

	// EventBridge. Keys are as they are.
	Source     string
	DetailType string `json:"detail-type"`
	Region     string
	Detail     struct {
		Bucket struct{ Name string }
		Object struct {
			Key, Etag string
			Size      *int64
		}
	}

	// A trail's own topic. Keys are as they are.
	S3Bucket    string
	S3ObjectKey []string
}

// readNotice is what the body of a message names: nothing where it is S3's
// test, a trail's, or tells of something other than a new object.
func readNotice(body string) ([]ref, error) { return noticeAt(body, 0) }

func noticeAt(body string, depth int) ([]ref, error) {
	if strings.Contains(body, "CloudTrail validation message") && depth > 0 {
		return nil, nil
	}
	var n notice
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		return nil, fmt.Errorf("the message is no JSON: %w", err)
	}
	switch {
	case n.Message != nil && (n.Type != "" || n.TopicArn != ""):
		if depth > 1 {
			return nil, errors.New("the message is wrapped too often")
		}
		return noticeAt(*n.Message, depth+1)
	case n.Event == "s3:TestEvent":
		return nil, nil
	case n.Records != nil:
		return n.records()
	case n.Source == "aws.s3":
		o := n.Detail.Object
		if n.DetailType != "Object Created" {
			return nil, nil
		}
		return check(ref{n.Detail.Bucket.Name, o.Key, n.Region, o.Etag, sizeOf(o.Size)})
	case n.S3Bucket != "":
		var refs []ref
		for _, key := range n.S3ObjectKey {
			refs = append(refs, ref{bucket: n.S3Bucket, key: key, size: -1})
		}
		return check(refs...)
	}
	return nil, errors.New("the message is no notification of S3, SNS, EventBridge or CloudTrail")
}

func (n *notice) records() ([]ref, error) {
	var refs []ref
	for i := range n.Records {
		r := &n.Records[i]
		if r.EventSource != "aws:s3" {
			return nil, fmt.Errorf("the message tells of %q, not of S3", r.EventSource)
		}
		if !strings.HasPrefix(r.EventName, "ObjectCreated:") {
			continue
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fmt.Errorf("the key of the object is not encoded as S3 does: %w", err)
		}
		refs = append(refs, ref{r.S3.Bucket.Name, key, r.AwsRegion, r.S3.Object.ETag, sizeOf(r.S3.Object.Size)})
	}
	return check(refs...)
}

func check(refs ...ref) ([]ref, error) {
	for _, r := range refs {
		if r.bucket == "" || r.key == "" {
			return nil, errors.New("the message names no bucket or no key")
		}
	}
	return refs, nil
}

func sizeOf(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}
