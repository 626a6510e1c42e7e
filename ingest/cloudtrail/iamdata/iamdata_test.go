package iamdata

import (
	"slices"
	"testing"
)

func TestLookup(t *testing.T) {
	tests := []struct {
		action string
		want   Action
	}{
		{"s3:putobject", Action{Name: "s3:PutObject", Access: Write}},
		{"S3:PutBucketPolicy", Action{Name: "s3:PutBucketPolicy", Access: Permissions}},
		{"ec2:DescribeInstances", Action{Name: "ec2:DescribeInstances", Access: List}},
		{"kms:Decrypt", Action{Name: "kms:Decrypt", Access: Write}},
		{"iam:TagRole", Action{Name: "iam:TagRole", Access: Tagging}},
		{"sts:GetCallerIdentity", Action{Name: "sts:GetCallerIdentity", Access: Read}},
	}
	for _, tt := range tests {
		got, ok := Lookup(tt.action)
		if !ok || got.Name != tt.want.Name || got.Access != tt.want.Access {
			t.Errorf("Lookup(%s) = %v, %v; want %v", tt.action, got, ok, tt.want)
		}
	}
	if a, ok := Lookup("s3:NoSuchThing"); ok {
		t.Errorf("Lookup found %v", a)
	}
	if a, ok := Lookup("nosuch:Thing"); ok {
		t.Errorf("Lookup found %v", a)
	}
	if a, _ := Lookup("sqs:SendMessage"); !slices.Equal(a.ResourceTypes, []string{"queue"}) {
		t.Errorf("sqs:SendMessage acts on %v", a.ResourceTypes)
	}
}

func TestTemplate(t *testing.T) {
	got, ok := Template("sqs", "queue")
	if want := "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"; !ok || got != want {
		t.Errorf("Template = %q, %v; want %q", got, ok, want)
	}
	if got, ok := Template("sqs", "nosuch"); ok {
		t.Errorf("Template found %q", got)
	}
}

// The data is whole: as many actions as the reference counted, each with a
// known level, and every resource type with a template.
func TestWhole(t *testing.T) {
	n := 0
	Each(func(a Action) bool {
		n++
		if !slices.Contains([]Access{List, Read, Write, Permissions, Tagging}, a.Access) {
			t.Errorf("%s has level %q", a.Name, a.Access)
		}
		return true
	})
	if n < 22_000 {
		t.Errorf("%d actions; 22,091 were there in 0.21", n)
	}
	if len(packed) > 200<<10 {
		t.Errorf("the table takes %d bytes", len(packed))
	}
}
