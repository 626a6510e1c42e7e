package cloudtrail

import (
	"bytes"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// How an ARN begins, and what stands before the caller's ARN in a refusal: that one
// is no target.
var (
	arnMark    = []byte("arn:")
	callerMark = []byte("User: ")
)

// found is an ARN in a text of JSON.
type found struct {
	arn   string
	key   string // of the member whose whole value it is; empty elsewhere
	start int
}

// findARNs calls f for every ARN in a text, in order.
func findARNs(text []byte, f func(found)) {
	for at := 0; ; {
		i := bytes.Index(text[at:], arnMark)
		if i < 0 {
			return
		}
		i += at
		end := i + len(arnMark)
		for end < len(text) && arnByte(text[end]) {
			end++
		}
		at = end
		if end-i > maxName || i > 0 && (isDigit(text[i-1]) || text[i-1]|0x20 >= 'a' && text[i-1]|0x20 <= 'z') {
			continue
		}
		arn := strings.TrimRight(jsonlog.Share(text[i:end]), ".:")
		if strings.HasSuffix(arn, "]") && !strings.Contains(arn, "[") { // the end of a list, not of log-stream:2026/11/22/[$LATEST]
			arn = strings.TrimRight(arn, "]")
		}
		a, ok := splitARN(arn)
		if !ok || !strings.HasPrefix(a.Partition, "aws") || strings.ContainsAny(a.Service, "*?") {
			continue
		}
		hit := found{arn: arn, start: i}
		if i > 0 && text[i-1] == '"' && end < len(text) && text[end] == '"' {
			hit.key = keyBefore(text, i-1)
		}
		f(hit)
	}
}

// arnByte reports whether a byte may stand in an ARN as we look for them.
func arnByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c):
		return true
	}
	switch c {
	case ':', '/', '-', '_', '.', '*', '+', '=', '@', '$', '?', '#', '~', '{', '}', '[', ']':
		return true
	}
	return c >= 0x80
}

// keyBefore is the member's key of the string value that opens at quote; of an
// element of a list it is the list's key if it is the first, else empty.
func keyBefore(text []byte, quote int) string {
	i := quote - 1
	for i >= 0 && (text[i] == ' ' || text[i] == '[' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i--
	}
	if i < 0 || text[i] != ':' {
		return ""
	}
	for i--; i >= 0 && text[i] == ' '; i-- {
	}
	if i < 0 || text[i] != '"' {
		return ""
	}
	start := bytes.LastIndexByte(text[:i], '"')
	if start < 0 {
		return ""
	}
	return jsonlog.Share(text[start+1 : i])
}

// mentions adds every other ARN that stands in request, response or message, and
// of changes every EC2 id in request or response. A role that the request passes
// to a service is derived, not a mere mention.
func (c *call) mentions() {
	if c.p.ec2IDs {
		c.mentionIDs(c.r.Request)
		c.mentionIDs(c.r.Response)
	}
	if bytes.Contains(c.r.Request, arnMark) {
		passing := c.p.service != "iam" && c.p.service != "sts"
		findARNs(c.r.Request, func(f found) {
			match := graph.Mentioned
			if passing && passesRole(f.key) {
				match = graph.Derived
			}
			c.mention(f.arn, match)
		})
	}
	if bytes.Contains(c.r.Response, arnMark) {
		findARNs(c.r.Response, func(f found) {
			if !bytes.HasSuffix(c.r.Response[:f.start], callerMark) { // a refusal
				c.mention(f.arn, graph.Mentioned)
			}
		})
	}
	if c.r.ErrorMessage != "" {
		msg := []byte(c.r.ErrorMessage)
		findARNs(msg, func(f found) {
			if !bytes.HasSuffix(msg[:f.start], callerMark) {
				c.mention(f.arn, graph.Mentioned)
			}
		})
	}
}

// mentionIDs adds the EC2 ids that stand in a value.
func (c *call) mentionIDs(v Value) {
	if len(v) < len(`"i-00000000"`) {
		return
	}
	v.Strings(func(s string) bool {
		if id, _ := c.ec2ID(s); id != "" {
			c.add(id, graph.Member, graph.Mentioned)
		}
		return true
	})
}

func (c *call) mention(arn string, match graph.Match) {
	k := c.x.see(arn)
	if k.nothing || k.session && c.knowsRole(k.id) {
		return
	}
	role := c.sideRole(arn)
	if match == graph.Derived && role != graph.PassedRole {
		match = graph.Mentioned
	}
	c.addARN(arn, role, match)
}

// knowsRole reports that a role of the same account and name is a target
// already, under its path.
func (c *call) knowsRole(pathless graph.ID) bool {
	for i := c.base; i < len(c.dst); i++ {
		if id := c.dst[i].ID; id == pathless || c.dst[i].Kind == graph.Identity && aliasOf(id) == pathless {
			return true
		}
	}
	return false
}

// passesRole reports that a request's member of that name hands a role to a
// service: role, roleArn, taskRoleArn, executionRoleArn, serviceRole …
func passesRole(key string) bool {
	for i := 0; i+4 <= len(key); i++ {
		if key[i]|0x20 == 'r' && strings.EqualFold(key[i:i+4], "role") {
			return true
		}
	}
	return strings.Contains(key, "nstanceProfile")
}
