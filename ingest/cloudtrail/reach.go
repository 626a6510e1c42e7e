package cloudtrail

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// reach is what a call reaches: its targets, and what is known of each.
type reach struct {
	targets []Target
	things  []*thing
}

// reaches remembers what calls reached, by all that the answer depends on, to
// the byte: forgetting changes nothing but the speed.
type reaches struct {
	known map[string]*reach
	most  int    // how many are known at most
	key   []byte // scratch
}

// The bounds of what is remembered: how many calls, and the length of a key.
const (
	maxReaches  = 16_384
	maxReachKey = 2048
)

// find is what such a call reached before, nil where that is not known. It
// leaves the call's key for keep, empty where the call should not be kept.
func (m *reaches) find(x *extractor, r *Record) *reach {
	m.key = m.key[:0]
	if r.ErrorCode != "" || r.ErrorMessage != "" {
		return nil // messages name the session and hardly repeat
	}
	p := x.plan(r)
	if p.misses >= 4096 && p.misses > 4*p.hits {
		return nil // such calls do not repeat
	}
	if m.key = x.reachKey(m.key, p, r); len(m.key) > maxReachKey {
		m.key = m.key[:0]
		return nil
	}
	if known := m.known[jsonlog.Share(m.key)]; known != nil {
		p.hits++
		return known
	}
	p.misses++
	return nil
}

// keep remembers what the call of the last find reached.
func (m *reaches) keep(x *extractor, r *Record, found *reach) {
	if len(m.key) == 0 {
		return
	}
	if p := x.plan(r); !x.settled && !p.whole {
		// Where its fields do not settle it more often than not, from now on
		// all of the record counts.
		p.loose++
		p.whole = p.loose >= 32 && 2*p.loose > p.misses
		return
	}
	if m.known == nil || len(m.known) >= m.most {
		m.known = map[string]*reach{}
	}
	m.known[string(m.key)] = &reach{slices.Clone(found.targets), slices.Clone(found.things)}
}

// reachKey appends all that targets looks at in a record that was not refused.
// Where the plan's rules are enough to find the primary target (settled says so
// afterwards), of request and response only the members that the rules name
// count, as long as no ARN stands elsewhere in them.
func (x *extractor) reachKey(b []byte, p *plan, r *Record) []byte {
	b = append(b, 'p')
	if p.whole {
		b[len(b)-1] = 'w'
	}
	b = binary.AppendUvarint(b, p.number)
	b = appendField(b, r.Region)
	b = appendField(b, accountOf(r))
	user := ""
	if r.Identity.Type == "IAMUser" {
		user = r.Identity.ARN
	}
	b = appendField(b, user)
	part := !p.whole
	b = p.request.appendPart(b, r.Request, &r.request, part)
	b = p.response.appendPart(b, r.Response, &r.response, part)
	if p.additional || r.Response.Null() && r.Request.Null() {
		b = appendField(append(b, 1), jsonlog.Share(r.Additional))
		b = appendField(b, jsonlog.Share(r.Details))
	} else {
		b = append(b, 0)
	}
	for i := range r.Resources {
		arn := r.Resources[i].ARN
		if part && p.s3 && strings.HasPrefix(arn, "arn:aws:s3:::") { // an object counts as its bucket
			arn, _, _ = strings.Cut(arn, "/")
		}
		b = appendField(b, arn)
		b = appendField(b, r.Resources[i].ARNPrefix)
	}
	return b
}

func appendField(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// keys are the members of a request or response that a plan's rules look at.
type keys struct {
	names    []string
	initials uint32 // of the names, a bit for each letter
}

// wrappers are the members that a path steps through (see follow).
var wrappers = []string{"items", "item", "member", "content"}

func (k *keys) add(name string) {
	if !slices.Contains(k.names, name) {
		k.names = append(k.names, name)
		k.initials |= 1 << (name[0] & 31)
	}
}

// has reports whether a member counts; it errs towards yes.
func (k *keys) has(name string) bool {
	if name == "" || k.initials>>(name[0]&31)&1 == 0 && name[0] < 0x80 {
		return false
	}
	for _, n := range k.names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return name[0] >= 0x80
}

// appendPart appends what counts of v, whose members in may be: all of it, or,
// as part, the members named.
func (k *keys) appendPart(b []byte, v Value, in *walked, part bool) []byte {
	if v.Null() {
		return append(b, 0)
	}
	if !part || !v.IsObject() || bytes.Contains(v, arnMark) {
		return appendField(append(b, 1), jsonlog.Share(v))
	}
	b = append(b, 2)
	if in.of(v) {
		for i := range in.members {
			b = k.appendMember(b, in.members[i].key, in.members[i].value)
		}
		return append(b, 0)
	}
	v.Each(func(name string, m Value) bool {
		b = k.appendMember(b, name, m)
		return true
	})
	return append(b, 0)
}

func (k *keys) appendMember(b []byte, name string, v Value) []byte {
	if !k.has(name) {
		return b
	}
	return appendField(appendField(b, name), jsonlog.Share(v))
}

// look notes which members the plan's rules look at. EC2 ids may stand
// anywhere, and of objects, where they are kept, all members count.
func (p *plan) look(objects bool) {
	p.whole = p.ec2 || p.ec2IDs || p.s3 && objects
	for _, k := range [...]*keys{&p.request, &p.response} {
		for _, name := range wrappers {
			k.add(name)
		}
	}
	for _, name := range formKeys {
		p.request.add(name)
	}
	if p.s3 {
		for _, name := range bucketKeys {
			p.request.add(name)
		}
	}
	for i := range p.rules {
		places := slices.Clone(p.rules[i].from)
		for rest := p.rules[i].form; ; {
			_, after, ok := strings.Cut(rest, "{")
			if !ok {
				break
			}
			field, tail, _ := strings.Cut(after, "}")
			paths, _, _ := strings.Cut(field, "=")
			for _, path := range strings.Split(paths, "|") {
				places = append(places, parsePlace(path))
			}
			rest = tail
		}
		for _, at := range places {
			switch {
			case len(at.keys) == 0:
			case at.keys[0] == "*":
				p.whole = true
			case at.part == 'q':
				p.request.add(at.keys[0])
			case at.part == 'r':
				p.response.add(at.keys[0])
			default:
				p.additional = true
			}
		}
	}
}
