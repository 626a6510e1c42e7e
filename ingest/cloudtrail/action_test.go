package cloudtrail

import (
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

func TestAction(t *testing.T) {
	tests := []struct{ source, name, want string }{
		{"s3", "PutObject", "s3:PutObject"},
		{"s3", "ListObjects", "s3:ListBucket"},
		{"s3", "HeadObject", "s3:GetObject"},
		{"s3", "HeadBucket", "s3:ListBucket"},
		{"s3", "CompleteMultipartUpload", "s3:PutObject"},
		{"s3", "UploadPart", "s3:PutObject"},
		{"s3", "CopyObject", "s3:PutObject"},
		{"s3", "DeleteObjects", "s3:DeleteObject"},
		{"s3", "GetBucketLifecycle", "s3:GetLifecycleConfiguration"},
		{"s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"},
		{"s3", "GetBucketCors", "s3:GetBucketCORS"},
		{"s3", "ListBuckets", "s3:ListAllMyBuckets"},
		{"s3", "REST.GET.OBJECT", "s3:GetObject"},
		{"lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"},
		{"lambda", "CreateFunction20150331", "lambda:CreateFunction"},
		{"lambda", "Invoke", "lambda:InvokeFunction"},
		{"cloudfront", "CreateFunction2020_05_31", "cloudfront:CreateFunction"},
		{"monitoring", "DescribeAlarms", "cloudwatch:DescribeAlarms"},
		{"email", "SendEmail", "ses:SendEmail"},
		{"tagging", "TagResources", "tag:TagResources"},
		{"signin", "ConsoleLogin", "signin:ConsoleLogin"},
		{"apigateway", "CreateRestApi", "apigateway:CreateRestApi"},
		{"servicecatalog-appregistry", "ListApplications", "servicecatalog:ListApplications"},
		{"bedrock-agentcore-control", "CreateAgentRuntime", "bedrock-agentcore:CreateAgentRuntime"},
		{"sso", "UpdateSsoConfiguration", "sso:UpdateSSOConfiguration"},
		{"ec2", "RunInstances", "ec2:RunInstances"},
	}
	for _, tt := range tests {
		if got := action(&Record{EventSource: tt.source + ".amazonaws.com", EventName: tt.name}); got != tt.want {
			t.Errorf("%s %s is %s, want %s", tt.source, tt.name, got, tt.want)
		}
	}
	r := record(t, "ec2", "RunInstances", `"errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized to perform this operation. User: a is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/T because no identity-based policy allows the iam:PassRole action"`)
	if got := action(r); got != "iam:PassRole" {
		t.Errorf("the refused action is %s", got)
	}
}

// IAM knows nearly every action that the captures show: those it does not are
// events that no policy can name.
func TestActionsOfCapturesAreKnown(t *testing.T) {
	unknown := map[string]bool{}
	total := map[string]bool{}
	for _, folder := range []string{"invictus-aws-stratus-2023/CloudTrail", "traildiscover-log-examples/logExamples"} {
		for _, r := range captured(t, folder) {
			act := action(r)
			total[act] = true
			if _, ok := iamdata.Lookup(act); !ok {
				unknown[act] = true
			}
		}
	}
	t.Log(len(total), "actions, unknown:", unknown)
	if len(unknown) > len(total)/10 {
		t.Errorf("%d of %d actions are unknown to IAM: %v", len(unknown), len(total), unknown)
	}
}

func TestPrefixesAreKnown(t *testing.T) {
	for source, prefix := range prefixes {
		if !iamdata.Service(prefix) {
			t.Errorf("%s is mapped to %s, which IAM does not know", source, prefix)
		}
	}
	for event, name := range renamed {
		if act := eventService(event) + ":" + name; spell(act) != act {
			t.Errorf("%s is mapped to %s, spelt %s", event, act, spell(act))
		} else if _, ok := iamdata.Lookup(act); !ok {
			t.Errorf("%s is mapped to %s, which IAM does not know", event, act)
		}
	}
}

func eventService(event string) string {
	for i := range event {
		if event[i] == ':' {
			return event[:i]
		}
	}
	return event
}

func TestPlane(t *testing.T) {
	tests := []struct {
		r    Record
		want graph.Plane
	}{
		{Record{EventCategory: "Data"}, graph.DataPlane},
		{Record{EventCategory: "NetworkActivity"}, graph.DataPlane},
		{Record{EventCategory: "Management", EventSource: "s3.amazonaws.com", EventName: "GetObject"}, graph.ControlPlane},
		{Record{ManagementEvent: True}, graph.ControlPlane},
		{Record{ManagementEvent: False}, graph.DataPlane},
		{Record{EventSource: "s3.amazonaws.com", EventName: "GetObject"}, graph.DataPlane},
		{Record{EventSource: "lambda.amazonaws.com", EventName: "Invoke"}, graph.DataPlane},
		{Record{EventSource: "dynamodb.amazonaws.com", EventName: "PutItem"}, graph.DataPlane},
		{Record{EventSource: "kms.amazonaws.com", EventName: "Decrypt"}, graph.ControlPlane},
		{Record{EventSource: "iam.amazonaws.com", EventName: "GetUser"}, graph.ControlPlane},
	}
	for _, tt := range tests {
		if got := plane(&tt.r); got != tt.want {
			t.Errorf("%+v is %s, want %s", tt.r, got, tt.want)
		}
	}
}
