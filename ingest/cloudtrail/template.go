package cloudtrail

import (
	"bytes"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

// template is the ARN of a resource type with its variables.
type template struct {
	name    string // the type, as IAM calls it: log-group
	plain   string // the same as stems are written: loggroup
	service string
	literal string // the resource part before the first variable
	region  bool
	account bool
	pieces  []string // literal, variable, literal, … of the resource part
	stems   []stem   // of the variables
}

// templatesOf are those of an action's resource types, in IAM's order.
func templatesOf(act string) []template {
	a, ok := iamdata.Lookup(act)
	if !ok {
		return nil
	}
	service, _, _ := strings.Cut(a.Name, ":")
	var out []template
	for _, typ := range a.ResourceTypes {
		text, ok := iamdata.Template(service, typ)
		if !ok {
			continue
		}
		if arn, ok := splitARN(text); ok {
			out = append(out, newTemplate(typ, arn))
		}
	}
	return out
}

func newTemplate(typ string, arn graph.ARN) template {
	t := template{name: typ, plain: plainName(typ), service: arn.Service, region: arn.Region != "", account: arn.Account != ""}
	rest := arn.Resource
	for {
		before, after, ok := strings.Cut(rest, "${")
		t.pieces = append(t.pieces, before)
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		t.pieces = append(t.pieces, name)
		t.stems = append(t.stems, stemOf(name))
		rest = tail
	}
	t.literal = t.pieces[0]
	return t
}

// fits reports whether an ARN is of the template's type, as far as the text
// before the first variable tells.
func (t *template) fits(arn string) bool {
	a, ok := splitARN(arn)
	return ok && a.Service == t.service && strings.HasPrefix(a.Resource, t.literal) && len(a.Resource) > len(t.literal)
}

// make fills the template's variables with values, one for each.
func (t *template) make(r *Record, values []string) graph.ID {
	var b strings.Builder
	for i, p := range t.pieces {
		if i%2 == 0 {
			b.WriteString(p)
		} else {
			b.WriteString(values[i/2])
		}
	}
	region, account := "", ""
	if t.region {
		region = r.Region
	}
	if t.account {
		account = accountOf(r)
	}
	return arnID(partitionOf(r.Region), t.service, region, account, b.String())
}

// fillOne makes an id of a bare name by the first template of one variable.
func fillOne(types []template, name string, r *Record) (graph.ID, bool) {
	for i := range types {
		if len(types[i].stems) == 1 {
			return types[i].make(r, []string{name}), true
		}
	}
	return "", false
}

// stem is a name of a field or variable, lower case, without the ending that
// says what sort of name it is.
type stem struct {
	root   string // function
	ending string // name, id, arn, or empty
}

// plainName is a name in lower case without dashes and underscores.
func plainName(name string) string {
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c|0x20)
		case c != '-' && c != '_':
			b = append(b, c)
		}
	}
	return string(b)
}

var endings = []struct{ text, is string }{{"identifier", "id"}, {"name", "name"}, {"arn", "arn"}, {"id", "id"}}

func stemOf(name string) stem {
	s := plainName(name)
	for _, e := range endings {
		if root, ok := strings.CutSuffix(s, e.text); ok {
			return stem{root, e.is}
		}
		if root, ok := strings.CutSuffix(s, e.text+"s"); ok {
			return stem{root, e.is}
		}
	}
	return stem{s, ""}
}

// field is one text of a request or response, under its key's stem.
type field struct {
	stem  stem
	value string
}

// maxFields bounds how much of a request is searched for a template's
// variables.
const maxFields = 128

// flatten gathers the texts inside v with their keys, outer ones first where
// they stand first.
func (c *call) flatten(v Value) []field {
	c.x.flat = c.x.flattenInto(c.x.flat[:0], "", v, 0)
	return c.x.flat
}

// stem is stemOf, remembered.
func (x *extractor) stem(key string) stem {
	s, ok := x.stems[key]
	if !ok {
		s = stemOf(key)
		if x.stems == nil || len(x.stems) >= maxPlans {
			x.stems = map[string]stem{}
		}
		x.stems[strings.Clone(key)] = s
	}
	return s
}

func (x *extractor) flattenInto(out []field, key string, v Value, depth int) []field {
	switch {
	case len(out) >= maxFields || depth > 6:
	case v.IsObject():
		v.Each(func(k string, m Value) bool {
			switch k {
			case "items", "item", "member", "content":
				k = key
			}
			out = x.flattenInto(out, k, m, depth+1)
			return len(out) < maxFields
		})
	case v.IsArray():
		v.Items(func(e Value) bool {
			out = x.flattenInto(out, key, e, depth+1)
			return len(out) < maxFields
		})
	default:
		if s := v.Text(); s != "" && len(s) <= 512 && !strings.HasPrefix(s, "HIDDEN_DUE_TO") {
			out = append(out, field{x.stem(key), s})
		}
	}
	return out
}

// byTemplate finds the primary targets by the ARN templates of the action's
// resource types, their variables matched to the keys of request and response:
// of the response first where the call creates, and of several types the one
// with the most variables, a table before its database.
func (c *call) byTemplate() {
	if len(c.p.types) == 0 {
		return
	}
	parts := []Value{c.request, c.answer}
	if c.p.creates {
		parts[0], parts[1] = parts[1], parts[0]
	}
	for _, v := range parts {
		if v.Null() {
			continue
		}
		fields := c.flatten(v)
		for n := c.p.vars; n > 0; n-- {
			for i := range c.p.types {
				if t := &c.p.types[i]; len(t.stems) == n && c.fitFields(t, fields) {
					return
				}
			}
		}
	}
}

// fitFields adds the targets that the fields make with the template: several
// where its only variable has several values.
func (c *call) fitFields(t *template, fields []field) bool {
	values := make([]string, len(t.stems))
	for i, s := range t.stems {
		best := 0
		for _, f := range fields {
			if score := s.score(f.stem, t.plain, len(t.stems) == 1 || i == len(t.stems)-1); score > best && usable(f.value, t) {
				best, values[i] = score, f.value
			}
		}
		if best == 0 {
			return false
		}
		if len(t.stems) == 1 {
			found := false
			for _, f := range fields {
				if s.score(f.stem, t.plain, true) == best && usable(f.value, t) {
					c.addARN(string(c.orARN(t, f.value)), graph.Primary, graph.Derived)
					found = true
				}
			}
			return found
		}
	}
	for i, v := range values {
		if strings.HasPrefix(v, "arn:") {
			if t.fits(v) {
				c.addARN(v, graph.Primary, graph.Derived)
				return true
			}
			values[i] = v[strings.LastIndexAny(v, ":/")+1:]
		}
	}
	c.addARN(string(t.make(c.r, values)), graph.Primary, graph.Derived)
	return true
}

func (c *call) orARN(t *template, value string) graph.ID {
	if strings.HasPrefix(value, "arn:") {
		return canonical(value)
	}
	return t.make(c.r, []string{value})
}

// usable reports whether a value can stand in an ARN of the template: an ARN of
// that type, or a word.
func usable(v string, t *template) bool {
	if strings.HasPrefix(v, "arn:") {
		return t.fits(v) || len(t.stems) > 1
	}
	return !strings.ContainsAny(v, " \t\n{\"*") && v != "true" && v != "false"
}

// score says how well a field names the variable of a type: 0 not at all, more
// is better. A bare "name" or "id" names the thing itself, the last variable of
// its template.
func (s stem) score(f stem, typ string, last bool) int {
	generic := s.root == "" || s.root == "resource" || s.root == typ
	switch {
	case f.root == s.root && f.ending == s.ending && s.root != "":
		return 5
	case f.root == s.root && s.root != "" && (f.ending != "" || s.ending != ""):
		return 4
	case last && generic && f.root == typ:
		return 3
	case last && generic && f.root == "" && (f.ending == s.ending || f.ending == "arn" || s.ending == ""):
		return 2
	case last && f.root == "" && f.ending == s.ending && strings.HasSuffix(typ, s.root):
		return 1
	}
	return 0
}

// byARN finds the primary targets among the ARNs of the event's own service
// that stand alone in the response, then in the request: those of the first of
// the action's resource types that has any, under one key; without a type, the
// first of all. Events of services have neither and say it elsewhere.
func (c *call) byARN() {
	parts := [...]Value{c.r.Response, c.r.Request}
	if c.r.Response.Null() && c.r.Request.Null() { // events of the services themselves
		parts = [...]Value{c.r.Details, c.r.Additional}
	}
	for _, v := range parts {
		if !bytes.Contains(v, arnMark) {
			continue
		}
		c.x.arns = c.x.arns[:0]
		findARNs(v, func(f found) {
			if a, _ := splitARN(f.arn); f.key != "" && a.Service == c.p.service && !strings.Contains(f.arn, "*") &&
				f.key != "createdBy" && f.key != "nextToken" {
				c.x.arns = append(c.x.arns, f)
			}
		})
		if len(c.x.arns) == 0 {
			continue
		}
		for i := range c.p.types {
			key := ""
			for _, f := range c.x.arns {
				if c.p.types[i].fits(f.arn) && (key == "" || key == f.key) {
					key = f.key
					c.addARN(f.arn, graph.Primary, graph.Derived)
				}
			}
			if key != "" {
				return
			}
		}
		c.addARN(c.x.arns[0].arn, graph.Primary, graph.Derived)
		return
	}
}
