package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// Target is one thing that a call reaches.
type Target struct {
	ID    graph.ID
	Kind  graph.Kind
	Type  string
	Match graph.Match
	Role  graph.Role
}

// call is the extraction of one record's targets.
type call struct {
	x       *extractor
	r       *Record
	p       *plan
	dst     []Target
	base    int // where this record's targets begin in dst
	request Value
	answer  Value
	// serviceLevel says that the call is about the service itself unless a
	// denial names something.
	serviceLevel bool

	index   map[graph.ID]int // of many targets
	indexed int              // how many of them stand in it
}

// targets appends what the call reaches to dst: at least one primary target,
// several where the call names several, and whatever else it names, each ID
// once with its strictest match. act is the call's action. The order is:
// override table, the log's own resources, ARNs in response and request, the
// ARN templates of IAM, the denial message, the service itself.
func (x *extractor) targets(r *Record, act string, dst []Target) []Target {
	c := &x.call
	*c = call{x: x, r: r, p: x.plan(r), dst: dst, base: len(dst)}
	d, refused := refusal(r)
	// A refusal of another action than the event's own, as iam:PassRole under
	// RunInstances, is about the message's resource.
	if refused && act != c.p.action && !sameCall(act, c.p.action) {
		c.denied(d)
	}
	c.declared()
	if !c.hasPrimary() && !c.p.s3 && !c.serviceLevel {
		c.byARN()
	}
	if !c.hasPrimary() && !c.p.s3 && !c.serviceLevel && !(c.p.ec2 && c.p.creates) {
		c.byTemplate() // of EC2's creations the request has only the model
	}
	if refused {
		c.denied(d)
	}
	if !c.hasPrimary() {
		c.add(c.endpoint(), graph.Primary, graph.Derived)
	}
	c.mentions()
	dst = c.dst
	*c = call{} // hold on to nothing of the record
	return dst
}

// sameCall reports that two actions differ in name only, as for an event whose
// IAM action has another name or another service's prefix.
func sameCall(a, b string) bool {
	_, x, _ := strings.Cut(a, ":")
	_, y, _ := strings.Cut(b, ":")
	return x == y || strings.HasPrefix(a, "s3:") && strings.HasPrefix(b, "s3:")
}

func (c *call) partition() string { return partitionOf(c.r.Region) }

// endpoint is the service itself, where a call names no resource.
func (c *call) endpoint() graph.ID {
	return graph.ID("aws:endpoint:" + accountOf(c.r) + ":" + c.r.Region + ":" + c.p.service)
}

func (c *call) hasPrimary() bool {
	for i := c.base; i < len(c.dst); i++ {
		if c.dst[i].Role == graph.Primary {
			return true
		}
	}
	return false
}

// add notes a target; one that is there already keeps the stricter match and
// the nearer role.
func (c *call) add(id graph.ID, role graph.Role, match graph.Match) {
	if id == "" {
		return
	}
	if i := c.find(id); i >= 0 {
		t := &c.dst[i]
		t.Match, t.Role = min(t.Match, match), min(t.Role, role)
		return
	}
	k := c.x.see(string(id))
	c.dst = append(c.dst, Target{ID: k.id, Kind: k.kind, Type: k.typ, Match: match, Role: role})
}

// manyTargets is where looking for a target among the others by turns gives way
// to an index: one record may name thousands.
const manyTargets = 32

// find is the index of a target, or -1.
func (c *call) find(id graph.ID) int {
	n := len(c.dst) - c.base
	if n < manyTargets {
		for i := c.base; i < len(c.dst); i++ {
			if c.dst[i].ID == id {
				return i
			}
		}
		return -1
	}
	if c.index == nil {
		c.index = map[graph.ID]int{}
	}
	for ; c.indexed < n; c.indexed++ {
		c.index[c.dst[c.base+c.indexed].ID] = c.base + c.indexed
	}
	if i, ok := c.index[id]; ok {
		return i
	}
	return -1
}

// addARN notes a target by its ARN as the record writes it. An S3 object is its
// bucket unless objects are kept.
func (c *call) addARN(arn string, role graph.Role, match graph.Match) {
	if b, ok := bucketOf(graph.ID(arn)); ok && (!c.x.Objects || strings.HasSuffix(arn, "/")) {
		arn = string(b)
	}
	c.add(c.x.see(arn).id, role, match)
}

// declared adds what the override table says and what the log's own resources
// field names. Where the table finds no primary target, the resources of the
// type that the action is about are it, else the first.
func (c *call) declared() {
	res := c.r.Resources
	typed := -1
	if c.p.trust {
		typed = c.typed()
	}
	if typed < 0 {
		c.overridden()
	}
	mark := !c.hasPrimary()
	c.x.settled = !mark || c.p.trust && typed >= 0
	if mark && !c.p.trust {
		typed = c.typed()
	}
	for i := range res {
		arn := resourceARN(&res[i])
		if arn == "" {
			continue
		}
		if !mark {
			c.addARN(arn, c.sideRole(arn), graph.Declared)
		} else if typed < 0 && !c.hasPrimary() || typed >= 0 && c.p.types[typed].fits(arn) {
			c.addARN(arn, graph.Primary, graph.Declared)
		} else {
			c.addARN(arn, c.sideRole(arn), graph.Declared)
		}
	}
}

// typed is the first of the action's types that some of the log's own resources
// have, or -1.
func (c *call) typed() int {
	res := c.r.Resources
	for t := 0; len(res) > 0 && t < len(c.p.types); t++ {
		for i := range res {
			if c.p.types[t].fits(resourceARN(&res[i])) {
				return t
			}
		}
	}
	return -1
}

// overridden adds what the override table says, or of EC2 the ids.
func (c *call) overridden() {
	c.request, c.answer = c.r.Request, c.r.Response
	if c.p.ec2 {
		c.request, c.answer = unwrapCall(c.r.Request, c.p.event, "Request"), unwrapCall(c.r.Response, c.p.event, "Response")
	}
	if c.p.s3 {
		c.bucket()
		return
	}
	c.apply(c.p.rules)
	if c.p.ec2 && !c.serviceLevel && !c.hasPrimary() {
		c.byEC2ID()
	}
}

// resourceARN is what an entry of resources names; empty where it has an
// account only.
func resourceARN(r *ResourceRef) string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.ARNPrefix
}

// sideRole is the role of an ARN that is not the primary target.
func (c *call) sideRole(arn string) graph.Role {
	a, _ := splitARN(arn)
	switch {
	case a.Service == "kms" && c.p.service != "kms":
		return graph.KMS
	case a.Service == "iam" && strings.HasPrefix(a.Resource, "policy/"):
		return graph.PolicyRole
	case a.Service == "iam" && c.p.service != "iam" && c.p.service != "sts" &&
		(strings.HasPrefix(a.Resource, "role/") || strings.HasPrefix(a.Resource, "instance-profile/")):
		return graph.PassedRole
	}
	return graph.Member
}

// denied adds the resource of a denial message: the primary target where there
// is none yet. It knows the account better than we do: a target of the same
// name in another account gives way.
func (c *call) denied(d denial) {
	open := !c.hasPrimary()
	role := graph.Member
	if open {
		role = graph.Primary
	}
	switch d.Exactness {
	case exactARN, named:
		if !c.x.see(d.Resource).nothing && !c.moved(d.Resource) {
			c.addARN(d.Resource, role, graph.Derived)
		}
	case wildcard:
		if open && !c.x.see(d.Resource).nothing {
			c.addARN(d.Resource, role, graph.Derived)
		}
	}
}

// moved gives a target that was made of a name the ARN that the message has for
// it, where the two differ in the account only.
func (c *call) moved(arn string) bool {
	a, ok := splitARN(arn)
	if !ok {
		return false
	}
	for i := c.base; i < len(c.dst); i++ {
		t := &c.dst[i]
		b, ok := splitARN(string(t.ID))
		if ok && t.Match == graph.Derived && c.index == nil && b.Account != "" && a.Service == b.Service && a.Region == b.Region && a.Resource == b.Resource {
			k := c.x.see(arn)
			t.ID, t.Kind, t.Type = k.id, k.kind, k.typ
			return true
		}
	}
	return false
}

// namesNothing reports an ARN for everything of a service or type: "…:*",
// "…:*/*", "…:role/", "…:log-group::log-stream:", "…:/GetCostAndUsage".
func namesNothing(arn string) bool {
	a, ok := splitARN(string(canonical(arn)))
	if !ok {
		return true
	}
	switch last := a.Resource[len(a.Resource)-1]; {
	case a.Service == "s3":
		return a.Resource == "*"
	case a.Resource == "*", a.Resource == "*/*", last == ':', last == '/':
		return true
	}
	return a.Resource[0] == '/' && a.Service != "apigateway"
}

// unwrapCall steps into {"<Event>Request": {…}}, as some EC2 calls wrap theirs.
func unwrapCall(v Value, event, suffix string) Value {
	if len(v) < len(event)+len(suffix)+4 || !strings.HasPrefix(jsonlog.Share(v[2:]), event) || !strings.HasPrefix(jsonlog.Share(v[2+len(event):]), suffix) {
		return v
	}
	if in := v.Get(event + suffix); in.IsObject() {
		return in
	}
	return v
}
