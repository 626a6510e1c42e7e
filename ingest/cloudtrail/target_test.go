package cloudtrail

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

func TestTargets(t *testing.T) {
	x := newExtractor(false)
	for _, tt := range targetCases {
		got := show(x, record(t, tt.source, tt.name, tt.members))
		if want := wanted(tt.want); !slices.Equal(got, want) {
			t.Errorf("%s:%s %s\n got %s\nwant %s", tt.source, tt.name, tt.members, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// show are a record's targets as a targetCase writes them, sorted.
func show(x *extractor, r *Record) []string {
	var out []string
	for _, tg := range x.targets(r, x.action(r), nil) {
		out = append(out, fmt.Sprint(tg.Role, " ", tg.Match, " ", tg.ID))
	}
	slices.Sort(out)
	return out
}

func wanted(list []string) []string {
	var out []string
	for _, w := range list {
		f := strings.Fields(w)
		if len(f) == 2 {
			f = []string{f[0], "DERIVED", f[1]}
		}
		if service, rest, ok := strings.Cut(f[2], ":E:"); ok {
			f[2] = service + ":eu-west-1:111122223333:" + rest
		}
		out = append(out, strings.Join(f, " "))
	}
	slices.Sort(out)
	return out
}

func TestFindARNs(t *testing.T) {
	text := `{"a":"arn:aws:iam::1:role/r","list":["arn:aws:sns:r:1:t","x"],"doc":"{\"Resource\":\"arn:aws:s3:::b/*\"}",
		"msg":"on arn:aws:kms:r:1:key/k. And [arn:aws:sqs:r:1:q] warn:aws:x:y:z:1 arn:aws:incomplete",
		"stream":"arn:aws:logs:r:1:log-group:/g:log-stream:2026/11/22/[$LATEST]0a"}`
	var got []string
	findARNs([]byte(text), func(f found) { got = append(got, f.key+" "+f.arn) })
	want := []string{"a arn:aws:iam::1:role/r", "list arn:aws:sns:r:1:t", " arn:aws:s3:::b/*", " arn:aws:kms:r:1:key/k", " arn:aws:sqs:r:1:q",
		"stream arn:aws:logs:r:1:log-group:/g:log-stream:2026/11/22/[$LATEST]0a"}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTargetsWithObjects(t *testing.T) {
	x := newExtractor(true)
	for _, tt := range []targetCase{
		{"s3", "PutObject", `"requestParameters":{"bucketName":"b","key":"k/1"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k/1"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}]`,
			[]string{"primary DECLARED arn:aws:s3:::b/k/1", "parent DECLARED arn:aws:s3:::b"}},
		{"s3", "DeleteObjects", `"requestParameters":{"bucketName":"b","delete":{"object":[{"key":"1"},{"key":"2"}]}}`,
			[]string{"primary arn:aws:s3:::b/1", "primary arn:aws:s3:::b/2", "parent arn:aws:s3:::b"}},
		{"s3", "ListObjects", `"requestParameters":{"bucketName":"b"},"resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}]`,
			[]string{"primary DECLARED arn:aws:s3:::b"}},
	} {
		if got, want := show(x, record(t, tt.source, tt.name, tt.members)), wanted(tt.want); !slices.Equal(got, want) {
			t.Errorf("%s %s\n got %s\nwant %s", tt.name, tt.members, got, want)
		}
	}
}

func TestTargetsInOtherPartitions(t *testing.T) {
	for region, partition := range map[string]string{"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso",
		"us-isob-east-1": "aws-iso-b", "us-isof-south-1": "aws-iso-f", "eu-isoe-west-1": "aws-iso-e", "eusc-de-east-1": "aws-eusc", "us-east-1": "aws"} {
		r := record(t, "iam", "DeleteRole", `"requestParameters":{"roleName":"r"}`)
		r.Region = region
		if got, want := show(newExtractor(false), r)[0], "primary DERIVED arn:"+partition+":iam::111122223333:role/r"; got != want {
			t.Errorf("in %s: %s, want %s", region, got, want)
		}
	}
}

// Every record of the captures has a primary target; each id stands once, with
// the kind and type that its shape gives.
func TestTargetsOfCaptures(t *testing.T) {
	for _, objects := range []bool{false, true} {
		x := newExtractor(objects)
		several, service := 0, 0
		var dst []Target
		recs := captured(t, "invictus-aws-stratus-2023/CloudTrail")
		recs = append(recs, captured(t, "traildiscover-log-examples/logExamples")...)
		for _, r := range recs {
			dst = x.targets(r, x.action(r), dst[:0])
			seen := map[graph.ID]bool{}
			primaries := 0
			for _, tg := range dst {
				if seen[tg.ID] || tg.ID == "" || tg.Match == 0 || tg.Role == 0 {
					t.Errorf("%s: bad target %+v", r.EventName, tg)
				}
				seen[tg.ID] = true
				if k, typ := kindType(tg.ID); k != tg.Kind || typ != tg.Type || k == graph.Agent || k == graph.Client {
					t.Errorf("%s: %s is %s %s", tg.ID, tg.Kind, tg.Type, k)
				}
				if tg.Role == graph.Primary {
					primaries++
				}
			}
			if primaries == 0 {
				t.Errorf("%s has no primary target", r.EventName)
			}
			if len(dst) > 1 {
				several++
			}
			if primaries > 0 && strings.HasPrefix(string(dst[0].ID), "aws:endpoint:") && r.ReadOnly != True && r.ErrorCode == "" && r.EventSource != "sts.amazonaws.com" {
				service++
			}
		}
		t.Logf("%d records: %d with several targets, %d good mutations of a service only", len(recs), several, service)
		if several < 341 {
			t.Errorf("%d records have several targets; 341 of the first capture alone do", several)
		}
		if service > 50 {
			t.Errorf("%d successful mutations reach their service only", service)
		}
	}
}

// The override table names events that exist, and forms that are known.
func TestOverridesAreSound(t *testing.T) {
	known := map[string][]string{} // by service
	iamdata.Each(func(a iamdata.Action) bool {
		service, _, _ := strings.Cut(a.Name, ":")
		known[service] = append(known[service], a.Name)
		return true
	})
	for _, l := range ruleLines() {
		for _, p := range l.patterns {
			service, _, _ := strings.Cut(p, ":")
			found := renamed[p] != "" || slices.ContainsFunc(known[service], func(a string) bool { return covers(p, a) })
			if !found && service != "signin" && service != "apigateway" {
				t.Logf("%s covers no action of IAM", p)
			}
			if !found && service != "signin" && !iamdata.Service(service) {
				t.Errorf("%s: no such service", p)
			}
		}
		for _, r := range l.rules {
			if r.role == 0 {
				t.Errorf("%s: a rule without a role", l.patterns)
			}
			if name, ok := strings.CutPrefix(r.form, "@"); ok && forms[name] == nil && name != "none" {
				t.Errorf("%s: no form %s", l.patterns, r.form)
			}
			if r.form == "" {
				t.Errorf("%s: a rule without a form", l.patterns)
			}
		}
	}
}

func BenchmarkTargets(b *testing.B) {
	recs := captured(b, "invictus-aws-stratus-2023/CloudTrail")
	x := newExtractor(false)
	var dst []Target
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r := recs[i%len(recs)]
		i++
		act := x.action(r)
		x.effect(act, r)
		dst = x.targets(r, act, dst[:0])
	}
}

// A call that names thousands of things costs no quadratic time, and names each
// once.
func TestManyTargets(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `{"instanceId":"i-%08x"},{"instanceId":"i-%08x"},`, i, i/2)
	}
	r := record(t, "ec2", "TerminateInstances", `"requestParameters":{"instancesSet":{"items":[`+strings.TrimSuffix(b.String(), ",")+`]}}`)
	got := newExtractor(false).targets(r, "ec2:TerminateInstances", nil)
	if len(got) != 5000 {
		t.Fatalf("%d targets, want 5000", len(got))
	}
	for _, tg := range got {
		if tg.Role != graph.Primary || tg.Type != "aws.ec2.instance" {
			t.Fatalf("%+v", tg)
		}
	}
}

// FuzzTargets: whatever a record holds, it has a primary target, the same each
// time, and no id twice.
func FuzzTargets(f *testing.F) {
	for _, tt := range targetCases {
		f.Add(tt.source, tt.name, []byte("{"+tt.members+"}"))
	}
	f.Fuzz(func(t *testing.T, source, name string, members []byte) {
		var r Record
		var e envelope
		if decode(members, false, &r, &e) != nil {
			r = Record{Request: Value(members), Response: Value(members), ErrorMessage: string(members), ErrorCode: "x"}
		}
		r.EventSource, r.EventName = source+".amazonaws.com", name
		x := newExtractor(len(members)%2 == 0)
		act := x.action(&r)
		one := slices.Clone(x.targets(&r, act, nil))
		two := newExtractor(x.Objects).targets(&r, act, nil)
		if !slices.Equal(one, two) || !slices.Equal(one, x.targets(&r, act, nil)) {
			t.Fatalf("differs:\n%v\n%v", one, two)
		}
		seen, primaries := map[graph.ID]bool{}, 0
		for _, tg := range one {
			if seen[tg.ID] || tg.ID == "" {
				t.Fatalf("%s stands twice in %v", tg.ID, one)
			}
			seen[tg.ID] = true
			if tg.Role == graph.Primary {
				primaries++
			}
		}
		if primaries == 0 {
			t.Fatalf("no primary target: %v", one)
		}
	})
}

// BenchmarkTargetsOf measures the calls that most trails are made of.
func BenchmarkTargetsOf(b *testing.B) {
	for _, tt := range []targetCase{
		{"s3", "GetObject", `"requestParameters":{"bucketName":"b","Host":"b.s3.amazonaws.com","key":"k/1"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k/1"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}]`, nil},
		{"kms", "Decrypt", `"requestParameters":{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::b"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"},"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:eu-west-1:111122223333:key/k"}]`, nil},
		{"sts", "AssumeRole", `"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/r","roleSessionName":"s"},"responseElements":{"credentials":{"accessKeyId":"ASIAX","sessionToken":"x","expiration":"Jul 10, 2023, 12:54:47 PM"},"assumedRoleUser":{"assumedRoleId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s"}},"resources":[{"accountId":"111122223333","type":"AWS::IAM::Role","ARN":"arn:aws:iam::111122223333:role/r"}]`, nil},
		{"lambda", "Invoke", `"requestParameters":{"functionName":"arn:aws:lambda:eu-west-1:111122223333:function:f"}`, nil},
		{"ec2", "DescribeInstances", `"requestParameters":{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"vpc-03030303"}]}}]}}`, nil},
		{"dynamodb", "PutItem", `"requestParameters":{"tableName":"t","key":{"id":"1"}},"resources":[{"accountId":"111122223333","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:eu-west-1:111122223333:table/t"}]`, nil},
	} {
		b.Run(tt.name, func(b *testing.B) {
			r, x := record(b, tt.source, tt.name, tt.members), newExtractor(false)
			var dst []Target
			b.ReportAllocs()
			for b.Loop() {
				act := x.action(r)
				x.effect(act, r)
				dst = x.targets(r, act, dst[:0])
			}
		})
	}
}
