package cloudtrail

import (
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func TestParseDenied(t *testing.T) {
	tests := []struct {
		name, msg string
		want      denial
		not       bool
	}{
		{name: "exact", msg: "User: arn:aws:iam::1:user/x is not authorized to perform: lambda:AddPermission on resource: arn:aws:lambda:us-east-1:1:function:f because no identity-based policy allows the lambda:AddPermission action",
			want: denial{"lambda:AddPermission", "arn:aws:iam::1:user/x", "arn:aws:lambda:us-east-1:1:function:f", exactARN, "identity-based", ""}},
		{name: "wildcard under EC2's lead", msg: "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized to perform: ec2:CreateVolume on resource: arn:aws:ec2:us-east-1:1:volume/* because no identity-based policy allows the ec2:CreateVolume action. Encoded authorization failure message: g0Ub4",
			want: denial{"ec2:CreateVolume", "arn:aws:iam::1:user/x", "arn:aws:ec2:us-east-1:1:volume/*", wildcard, "identity-based", ""}},
		{name: "upper-case service", msg: "User: arn:aws:iam::1:user/x is not authorized to perform: SNS:GetSMSAttributes on resource: arn:aws:sns:us-east-1:1:* because no identity-based policy allows the SNS:GetSMSAttributes action",
			want: denial{"sns:GetSMSAttributes", "arn:aws:iam::1:user/x", "arn:aws:sns:us-east-1:1:*", wildcard, "identity-based", ""}},
		{name: "user by name", msg: "User: arn:aws:iam::1:user/x is not authorized to perform: iam:CreateAccessKey on resource: user Bob because no identity-based policy allows the iam:CreateAccessKey action",
			want: denial{"iam:CreateAccessKey", "arn:aws:iam::1:user/x", "arn:aws:iam::111122223333:user/Bob", named, "identity-based", ""}},
		{name: "instance profile by name", msg: "User: a is not authorized to perform: iam:AddRoleToInstanceProfile on resource: instance profile P because no identity-based policy allows the iam:AddRoleToInstanceProfile action",
			want: denial{"iam:AddRoleToInstanceProfile", "a", "arn:aws:iam::111122223333:instance-profile/P", named, "identity-based", ""}},
		{name: "policy by ARN and version", msg: "User: a is not authorized to perform: iam:SetDefaultPolicyVersion on resource: policy arn:aws:iam::1:policy/T version v2 because no identity-based policy allows the iam:SetDefaultPolicyVersion action",
			want: denial{"iam:SetDefaultPolicyVersion", "a", "arn:aws:iam::1:policy/T", named, "identity-based", ""}},
		{name: "name without its type", msg: "User: a is not authorized to perform: secretsmanager:GetSecretValue on resource: db because no identity-based policy allows the secretsmanager:GetSecretValue action",
			want: denial{"secretsmanager:GetSecretValue", "a", "arn:aws:secretsmanager:us-east-1:111122223333:secret:db", named, "identity-based", ""}},
		{name: "star", msg: "User: a is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action",
			want: denial{"kms:CreateKey", "a", "*", anyResource, "identity-based", ""}},
		{name: "no resource", msg: "User: a is not authorized to perform: ses:ListIdentities because no identity-based policy allows the ses:ListIdentities action",
			want: denial{"ses:ListIdentities", "a", "", noResource, "identity-based", ""}},
		{name: "no reason", msg: "User: arn:aws:sts::1:assumed-role/R/s is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/T",
			want: denial{"sts:AssumeRole", "arn:aws:sts::1:assumed-role/R/s", "arn:aws:iam::1:role/T", exactARN, "", ""}},
		{name: "explicit deny", msg: "User: a is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::b with an explicit deny in a service control policy",
			want: denial{"s3:ListBucket", "a", "arn:aws:s3:::b", exactARN, "service control", ""}},
		{name: "explicit deny with the policy", msg: "User: a is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::b with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/no-s3",
			want: denial{"s3:ListBucket", "a", "arn:aws:s3:::b", exactARN, "identity-based", "arn:aws:iam::1:policy/no-s3"}},
		{name: "boundary", msg: "User: a is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::b because no permissions boundary allows the s3:ListBucket action",
			want: denial{"s3:ListBucket", "a", "arn:aws:s3:::b", exactARN, "permissions boundary", ""}},
		{name: "quoted, as S3 does", msg: `User: a is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k because" because no identity-based policy allows the s3:PutObject action`,
			want: denial{"s3:PutObject", "a", "arn:aws:s3:::b/k because", exactARN, "identity-based", ""}},
		{name: "bare explicit deny", msg: "User: a is not authorized to perform: s3:ListBucket with an explicit deny",
			want: denial{"s3:ListBucket", "a", "", noResource, "", ""}},
		{name: "the specified resource", msg: "User: a is not authorized to perform: elasticfilesystem:DeleteFileSystem on the specified resource",
			want: denial{"elasticfilesystem:DeleteFileSystem", "a", "", noResource, "", ""}},
		{name: "another action than the event's", msg: "You are not authorized to perform this operation. User: a is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/T because no identity-based policy allows the iam:PassRole action. Encoded authorization failure message: x",
			want: denial{"iam:PassRole", "a", "arn:aws:iam::1:role/T", exactARN, "identity-based", ""}},
		{name: "encoded", msg: "You are not authorized to perform this operation. Encoded authorization failure message: qRdHZdk", not: true},
		{name: "other text", msg: "Cross-account pass role is not allowed.", not: true},
		{name: "empty", not: true},
	}
	r := &Record{Region: "us-east-1", RecipientAccountID: "111122223333"}
	for _, tt := range tests {
		got, ok := parseDenied(tt.msg, r)
		if ok == tt.not || got != tt.want {
			t.Errorf("%s:\n got %+v %v\nwant %+v", tt.name, got, ok, tt.want)
		}
	}
}

// TestDeniedOfTrailDiscover counts what the messages of the capture's refused
// calls give.
func TestDeniedOfTrailDiscover(t *testing.T) {
	total, parsed := 0, 0
	kinds := map[exactness]int{}
	for _, r := range captured(t, "traildiscover-log-examples/logExamples") {
		if outcome(r, graph.Read, graph.ControlPlane) != graph.Denied {
			continue
		}
		total++
		if d, ok := parseDenied(r.ErrorMessage, r); ok {
			parsed++
			kinds[d.Exactness]++
			if actionOf(r.EventSource, r.EventName) != d.Action {
				t.Errorf("%s: the message says %s", r.EventName, d.Action)
			}
		}
	}
	t.Logf("%d denied, %d parsed: %v", total, parsed, kinds)
	if total != 413 || parsed < 347 {
		t.Errorf("%d denied, %d parsed; want 413, 347", total, parsed)
	}
	if kinds[exactARN] != 112 || kinds[wildcard] != 59 || kinds[named] != 82 {
		t.Errorf("exact %d, wildcard %d, named %d; want 112, 59, 82", kinds[exactARN], kinds[wildcard], kinds[named])
	}
}
