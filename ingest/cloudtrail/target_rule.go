package cloudtrail

import (
	"strings"
	"sync"

	"github.com/blastradius/blastradius/graph"
)

// rule is one item of the override table: where the ids of some targets stand
// in a record, and how they become ids of the graph.
type rule struct {
	role  graph.Role
	match graph.Match
	from  []place // the first that yields something is taken
	form  string
}

// place is a path into one part of a record. A path of no keys yields one empty
// value.
type place struct {
	part byte // 'q' requestParameters, 'r' responseElements, 'a' additionalEventData, 'd' serviceEventDetails
	keys []string
}

// ruleLine is a line of the table: its patterns and its rules.
type ruleLine struct {
	patterns []string
	rules    []rule
}

// ruleLines is the override table, parsed at first use. See overrides for its
// language.
var ruleLines = sync.OnceValue(func() []ruleLine {
	var out []ruleLine
	for line := range strings.Lines(overrides) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		names, text, _ := strings.Cut(line, " ")
		service, list, _ := strings.Cut(names, ":")
		var l ruleLine
		for _, name := range strings.Split(list, ",") {
			l.patterns = append(l.patterns, service+":"+name)
		}
		for _, item := range strings.Split(text, ";") {
			l.rules = append(l.rules, parseRule(item))
		}
		out = append(out, l)
	}
	return out
})

var ruleRoles = map[string]graph.Role{"parent": graph.Parent, "member": graph.Member, "passed": graph.PassedRole,
	"policy": graph.PolicyRole, "kms": graph.KMS, "mention": graph.Member}

func parseRule(item string) rule {
	r := rule{role: graph.Primary, match: graph.Derived}
	paths, form, _ := strings.Cut(item, ">")
	r.form = strings.TrimSpace(form)
	f := strings.Fields(paths)
	if len(f) == 2 {
		r.role = ruleRoles[f[0]]
		if f[0] == "mention" {
			r.match = graph.Mentioned
		}
		f = f[1:]
	}
	for _, p := range strings.Split(f[0], "|") {
		r.from = append(r.from, parsePlace(p))
	}
	return r
}

func parsePlace(p string) place {
	if p == "-" {
		return place{}
	}
	part := byte('q')
	switch p[0] {
	case '.':
		part, p = 'r', p[1:]
	case '+':
		part, p = 'a', p[1:]
	case '%':
		part, p = 'd', p[1:]
	}
	return place{part, strings.Split(p, ".")}
}

// rulesFor are the rules of the first line that covers the event, given as
// service:Name.
func rulesFor(event string) []rule {
	for _, l := range ruleLines() {
		for _, p := range l.patterns {
			if covers(p, event) {
				return l.rules
			}
		}
	}
	return nil
}

// covers reports whether the pattern, in which each * stands for any text,
// matches s.
func covers(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		mid, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, rest)
		}
		i := strings.Index(s, mid)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(mid):], next
	}
}

// apply adds what the rules find. Of several rules for the primary target the
// first that finds something is taken.
func (c *call) apply(rules []rule) {
	taken, found := c.hasPrimary(), false
	for i := range rules {
		r := &rules[i]
		role := r.role
		if role == graph.Primary {
			if found {
				continue
			}
			if taken {
				role = graph.Member
			}
		}
		for _, p := range r.from {
			yielded := false
			c.values(p, func(v string) {
				if id := c.form(r.form, v); id != "" {
					yielded = true
					c.addARN(string(id), role, r.match)
				}
			})
			if yielded {
				found = found || r.role == graph.Primary
				break
			}
		}
	}
}

func (c *call) part(b byte) Value {
	switch b {
	case 'r':
		return c.answer
	case 'a':
		return c.r.Additional
	case 'd':
		return c.r.Details
	}
	return c.request
}

// values calls f for every text at the place.
func (c *call) values(p place, f func(string)) {
	if len(p.keys) == 0 {
		f("")
		return
	}
	follow(c.part(p.part), p.keys, f)
}

// maxName bounds a name that becomes part of an id; the longest AWS knows is an
// SSM parameter's ARN of 2,048 characters.
const maxName = 2048

// follow walks a path of keys, whatever their case, through lists and through
// the {"items": […]}, {"item": …} and {"member": …} wrappers of XML services,
// and calls f for every non-empty text at its end. The key * is every key's
// name.
func follow(v Value, keys []string, f func(string)) {
	switch {
	case v.IsArray():
		v.Items(func(e Value) bool { follow(e, keys, f); return true })
	case v.IsObject():
		if len(keys) > 0 && keys[0] == "*" {
			v.Each(func(k string, _ Value) bool { f(k); return true })
			return
		}
		if len(keys) > 0 {
			if m := v.Fold(keys[0]); !m.Null() {
				follow(m, keys[1:], f)
				return
			}
		}
		v.Each(func(k string, m Value) bool {
			switch k {
			case "items", "item", "member", "content":
				follow(m, keys, f)
			}
			return true
		})
	case len(keys) == 0:
		if s := v.Text(); s != "" && len(s) <= maxName && !strings.HasPrefix(s, "HIDDEN_DUE_TO") {
			f(s)
		}
	}
}

// first is the first text at a path of the table's language; empty where there
// is none.
func (c *call) first(path string) string {
	p := parsePlace(path)
	out := ""
	c.values(p, func(v string) {
		if out == "" {
			out = v
		}
	})
	return out
}

// form makes an id of a value. See overrides for the forms; empty where the
// value does not fit.
func (c *call) form(form, v string) graph.ID {
	if strings.HasPrefix(v, "arn:") && (form == "" || form[0] != '@') {
		return canonical(v)
	}
	if form == "" {
		return ""
	}
	if form[0] == '@' {
		if f := forms[form[1:]]; f != nil {
			return f(c, v)
		}
		return ""
	}
	service, rest, _ := strings.Cut(form, ":")
	region, rest, _ := strings.Cut(rest, ":")
	account, rest, _ := strings.Cut(rest, ":")
	if region == "R" {
		region = c.r.Region
	}
	if account == "A" {
		account = accountOf(c.r)
	}
	resource, ok := c.fill(rest, v)
	if !ok {
		return ""
	}
	return arnID(c.partition(), service, region, account, resource)
}

// fill puts the value for $ and the texts at the paths for {path|path=default}.
// A field that holds an ARN gives its last part. It reports false where a field
// is missing.
func (c *call) fill(form, v string) (string, bool) {
	head, tail, ok := strings.Cut(form, "$")
	if !ok {
		return form, true
	}
	for strings.Contains(head, "{") {
		before, rest, _ := strings.Cut(head, "{")
		field, after, _ := strings.Cut(rest, "}")
		paths, value, _ := strings.Cut(field, "=")
		for _, p := range strings.Split(paths, "|") {
			if s := c.first(p); s != "" {
				value = s
				break
			}
		}
		if strings.HasPrefix(value, "arn:") {
			value = value[strings.LastIndexAny(value, ":/")+1:]
		}
		if value == "" {
			return "", false
		}
		head = before + value + after
	}
	if strings.HasPrefix(tail, "lower") {
		v, tail = strings.ToLower(v), tail[len("lower"):]
	}
	return head + v + tail, v != ""
}
