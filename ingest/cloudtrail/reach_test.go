package cloudtrail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestReaches holds what is remembered of calls to what targets finds anew: for
// the captures, the cases of TestTargets, and variants of each that differ in
// one member, field or resource. With room for a few calls only, most of it is
// forgotten meanwhile.
func TestReaches(t *testing.T) {
	var all []*Record
	for _, tt := range targetCases {
		all = append(all, record(t, tt.source, tt.name, tt.members))
	}
	seen := map[string]int{}
	for _, r := range append(captured(t, "invictus-aws-stratus-2023/CloudTrail"), captured(t, "traildiscover-log-examples/logExamples")...) {
		if seen[r.EventName]++; seen[r.EventName] == 1 {
			all = append(all, r)
		}
	}
	for _, objects := range []bool{false, true} {
		for _, most := range []int{maxReaches, 7} {
			e, x := newEmitter(Options{Objects: objects}), newExtractor(objects)
			e.reaches.most = most
			check := func(r *Record, what string) {
				e.r = r
				things := e.reached(e.x.action(r))
				want := x.targets(r, x.action(r), nil)
				if !slices.Equal(e.targets, want) {
					t.Fatalf("%s:%s, %s: remembered\n%+v\nwant\n%+v", r.EventSource, r.EventName, what, e.targets, want)
				}
				for i, p := range things {
					if p.id != want[i].ID {
						t.Fatalf("%s stands for %s", p.id, want[i].ID)
					}
				}
			}
			for _, r := range all {
				e.x.plan(r).loose = 0
				check(r, "itself")
				variants(r, func(v *Record, what string) { check(v, what) })
				check(r, "itself again")
			}
			hits := 0
			for _, p := range e.x.plans {
				hits += p.hits
			}
			if hits < len(all) || len(e.reaches.known) > most {
				t.Errorf("%d hits of %d records, %d remembered", hits, len(all), len(e.reaches.known))
			}
		}
	}
}

// variants calls f with copies of the record that differ in one thing each.
func variants(r *Record, f func(v *Record, what string)) {
	vary := func(what string, change func(v *Record)) {
		v := *r
		v.Resources = slices.Clone(r.Resources)
		change(&v)
		f(&v, what)
	}
	for _, part := range []struct {
		name string
		of   func(v *Record) *Value
	}{
		{"request", func(v *Record) *Value { return &v.Request }}, {"response", func(v *Record) *Value { return &v.Response }},
		{"additional", func(v *Record) *Value { return &v.Additional }}, {"details", func(v *Record) *Value { return &v.Details }},
	} {
		of := part.of
		vary("no "+part.name, func(v *Record) { *of(v) = nil })
		whole := *of(r)
		if !whole.IsObject() {
			continue
		}
		whole.Each(func(key string, m Value) bool {
			for i, text := range []string{"null", `"other"`, `"vol-0fc2e34e74650e145"`, `"arn:aws:sns:eu-west-1:1:topic"`, `[` + string(m) + `,"x"]`, `{"items":[` + string(m) + `]}`} {
				vary(fmt.Sprint(part.name, " ", key, " ", i), func(v *Record) { *of(v) = with(whole, key, key, text) })
			}
			vary(part.name+" "+key+" renamed", func(v *Record) { *of(v) = with(whole, key, "z"+key, string(m)) })
			vary(part.name+" "+key+" in capitals", func(v *Record) { *of(v) = with(whole, key, strings.ToUpper(key), string(m)) })
			return true
		})
		vary(part.name+" unused", func(v *Record) { *of(v) = Value(`{"zz":1,` + string(whole[1:])) })
		vary(part.name+" wrapped", func(v *Record) { *of(v) = Value(`{"items":` + string(whole) + `}`) })
		for _, key := range []string{"name", "qualifier", "resourceType", "eventBusName", "x-amz-copy-source", "key"} {
			vary(part.name+" more "+key, func(v *Record) { *of(v) = Value(`{"` + key + `":"Parameter",` + string(whole[1:])) })
		}
	}
	vary("region", func(v *Record) { v.Region = "us-gov-west-1" })
	vary("account", func(v *Record) { v.RecipientAccountID = "999988887777" })
	vary("no account", func(v *Record) { v.RecipientAccountID = "" })
	vary("user", func(v *Record) { v.Identity.Type, v.Identity.ARN = "IAMUser", "arn:aws:iam::1:user/somebody" })
	vary("denied", func(v *Record) {
		v.ErrorCode = "AccessDenied"
		v.ErrorMessage = "User: arn:aws:iam::1:user/u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/x because no identity-based policy allows the iam:PassRole action"
	})
	for i := range r.Resources {
		vary("resource gone", func(v *Record) { v.Resources = slices.Delete(v.Resources, i, i+1) })
		for _, arn := range []string{"arn:aws:s3:::b", "arn:aws:s3:::b/k", "arn:aws:s3:::b/", "arn:aws:kms:eu-west-1:1:key/k", "arn:aws:iam::1:role/r", ""} {
			vary("resource "+arn, func(v *Record) { v.Resources[i] = ResourceRef{ARN: arn} })
			vary("prefix "+arn, func(v *Record) { v.Resources[i] = ResourceRef{ARNPrefix: arn} })
		}
	}
}

// with is the object with the member at key under another name and value.
func with(v Value, key, name, text string) Value {
	var out []string
	v.Each(func(k string, m Value) bool {
		if k == key {
			k, m = name, Value(text)
		}
		out = append(out, fmt.Sprintf("%q:%s", k, m))
		return true
	})
	return Value("{" + strings.Join(out, ",") + "}")
}
