package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// bucketKeys are the members of a request that say which bucket a call is
// about, objects apart.
var bucketKeys = []string{"bucketName", "bucket", "x-amz-copy-source"}

// bucket finds the bucket, and where objects are kept the object, of an S3
// call. A call on an object has the object for its primary target then, and the
// bucket for its parent; otherwise the bucket is it.
func (c *call) bucket() {
	name := c.request.Get("bucketName").Str()
	if name == "" {
		name = c.request.Fold("bucket").Str()
	}
	if name == "" || name == "***" {
		c.accountWide()
		return
	}
	role, match := graph.Primary, graph.Derived
	switch {
	case c.p.event == "ListAccessPoints": // the bucket is a filter
		role, match = graph.Member, graph.Mentioned
	case c.hasPrimary():
		role = graph.Member
	}
	if strings.HasPrefix(name, "arn:") { // an access point
		c.addARN(name, role, match)
		return
	}
	b := arnID(c.partition(), "s3", "", "", name)
	if c.x.Objects {
		c.objects(string(b), &role)
	}
	c.add(b, role, match)
	if src := c.request.Get("x-amz-copy-source").Str(); src != "" {
		src = strings.TrimPrefix(src, "/")
		if strings.HasPrefix(src, "arn:") {
			c.addARN(src, graph.Member, graph.Derived)
		} else {
			src, _, _ = strings.Cut(src, "?")
			c.addARN(string(arnID(c.partition(), "s3", "", "", src)), graph.Member, graph.Derived)
		}
	}
}

// objects adds the objects that the request names by key, and makes the bucket
// their parent.
func (c *call) objects(bucket string, role *graph.Role) {
	add := func(key string) {
		if key == "" {
			return
		}
		c.add(graph.ID(bucket+"/"+key), *role, graph.Derived)
	}
	n := len(c.dst)
	add(c.request.Get("key").Str())
	c.request.Fold("delete").Fold("object").Items(func(o Value) bool {
		add(o.Fold("key").Str())
		return true
	})
	for i := range c.r.Resources {
		arn := c.r.Resources[i].ARN
		if key, ok := strings.CutPrefix(arn, bucket+"/"); ok {
			add(key)
		}
	}
	if len(c.dst) > n {
		*role = graph.Parent
	}
}

// accountWide finds the target of S3 calls that name no bucket: the account for
// account settings, nothing (the service) for lists.
func (c *call) accountWide() {
	if len(c.r.Resources) == 0 && strings.Contains(c.p.event, "Account") {
		c.add(graph.ID("aws:account:"+accountOf(c.r)), graph.Primary, graph.Derived)
	}
}
