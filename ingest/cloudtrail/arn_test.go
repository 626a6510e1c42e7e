package cloudtrail

import (
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func TestKindType(t *testing.T) {
	tests := []struct {
		id   graph.ID
		kind graph.Kind
		typ  string
	}{
		{"arn:aws:iam::1:role/p/r", graph.Identity, "aws.iam.role"},
		{"arn:aws-cn:iam::1:user/u", graph.Identity, "aws.iam.user"},
		{"arn:aws:iam::1:root", graph.Identity, "aws.iam.root"},
		{"arn:aws:iam::1:group/g", graph.Resource, "aws.iam.group"},
		{"arn:aws:iam::aws:policy/AdministratorAccess", graph.Resource, "aws.iam.policy"},
		{"arn:aws:iam::1:mfa/u", graph.Credential, "aws.iam.mfa"},
		{"arn:aws:iam::1:role/*", graph.Resource, "aws.iam.role"},
		{"arn:aws:sts::1:federated-user/u", graph.Session, "aws.sts.federated-user"},
		{"arn:aws:s3:::b", graph.Resource, "aws.s3.bucket"},
		{"arn:aws:s3:::b/k/1", graph.Resource, "aws.s3.object"},
		{"arn:aws:s3:eu-west-1:1:accesspoint/a", graph.Resource, "aws.s3.accesspoint"},
		{"arn:aws:lambda:eu-west-1:1:function:f", graph.Service, "aws.lambda.function"},
		{"arn:aws:lambda:eu-west-1:1:function:f:3", graph.Resource, "aws.lambda.function-version"},
		{"arn:aws:ec2:eu-west-1:1:instance/i-1", graph.Service, "aws.ec2.instance"},
		{"arn:aws:ec2:eu-west-1::snapshot/snap-1", graph.Resource, "aws.ec2.snapshot"},
		{"arn:aws:ecs:eu-west-1:1:task/c/t", graph.Service, "aws.ecs.task"},
		{"arn:aws:ecs:eu-west-1:1:service/c/s", graph.Service, "aws.ecs.service"},
		{"arn:aws:eks:eu-west-1:1:cluster/c", graph.Service, "aws.eks.cluster"},
		{"arn:aws:sqs:eu-west-1:1:q", graph.Resource, "aws.sqs.queue"},
		{"arn:aws:sns:eu-west-1:1:t", graph.Resource, "aws.sns.topic"},
		{"arn:aws:sns:eu-west-1:1:t:0a1b", graph.Resource, "aws.sns.subscription"},
		{"arn:aws:kms:eu-west-1:1:alias/a", graph.Resource, "aws.kms.alias"},
		{"arn:aws:logs:eu-west-1:1:log-group:/a:log-stream:s", graph.Resource, "aws.logs.log-stream"},
		{"arn:aws:states:eu-west-1:1:stateMachine:m", graph.Service, "aws.states.statemachine"},
		{"arn:aws:wafv2:eu-west-1:1:regional/webacl/n/id", graph.Resource, "aws.wafv2.webacl"},
		{"arn:aws:apigateway:eu-west-1::/restapis/a/stages/s", graph.Service, "aws.apigateway.stage"},
		{"arn:aws:apigateway:eu-west-1::/restapis/a", graph.Service, "aws.apigateway.restapis"},
		{"arn:aws:codepipeline:eu-west-1:1:p", graph.Service, "aws.codepipeline.pipeline"},
		{"aws:key:AKIAX", graph.Credential, "aws.key.longlived"},
		{"aws:key:ASIAX", graph.Credential, "aws.key.temporary"},
		{"aws:password:arn:aws:iam::1:user/u", graph.Credential, "aws.password"},
		{"aws:account:1", graph.Account, "aws.account"},
		{"aws:endpoint:1:eu-west-1:s3", graph.Service, "aws.endpoint"},
		{"aws:service:ec2.amazonaws.com", graph.Identity, "aws.service"},
		{"aws:session:AROAX:s@2026-11-22T10:02:11Z", graph.Session, "aws.session.role"},
		{"aws:principal:AROAX", graph.Identity, "aws.principal"},
		{"aws:nosuch:x", graph.Resource, "aws.nosuch"},
		{"x", graph.Resource, "unknown"},
	}
	for _, tt := range tests {
		if kind, typ := kindType(tt.id); kind != tt.kind || typ != tt.typ {
			t.Errorf("%s is %s %s, want %s %s", tt.id, kind, typ, tt.kind, tt.typ)
		}
	}
}

func TestParentOf(t *testing.T) {
	tests := []struct{ id, want graph.ID }{
		{"arn:aws:s3:::b/k/1", "arn:aws:s3:::b"},
		{"arn:aws:s3:::b", ""},
		{"arn:aws:lambda:r:1:function:f:live", "arn:aws:lambda:r:1:function:f"},
		{"arn:aws:lambda:r:1:function:f", ""},
		{"arn:aws:states:r:1:execution:m:x", "arn:aws:states:r:1:stateMachine:m"},
		{"arn:aws:ecs:r:1:task/c/t", "arn:aws:ecs:r:1:cluster/c"},
		{"arn:aws:ecs:r:1:task/t", ""},
		{"arn:aws:ecs:r:1:service/c/s", "arn:aws:ecs:r:1:cluster/c"},
		{"arn:aws:eks:r:1:nodegroup/c/n/u", "arn:aws:eks:r:1:cluster/c"},
		{"arn:aws:apigateway:r::/restapis/a/stages/s", "arn:aws:apigateway:r::/restapis/a"},
		{"arn:aws:apigateway:r::/restapis/a", ""},
		{"arn:aws:dynamodb:r:1:table/t/index/i", "arn:aws:dynamodb:r:1:table/t"},
		{"arn:aws:dynamodb:r:1:table/t/stream/2026", "arn:aws:dynamodb:r:1:table/t"},
		{"arn:aws:logs:r:1:log-group:/a:log-stream:s", "arn:aws:logs:r:1:log-group:/a"},
		{"arn:aws:elasticloadbalancing:r:1:listener/app/l/1/2", "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/l/1"},
		{"arn:aws:elasticloadbalancing:r:1:listener-rule/app/l/1/2/3", "arn:aws:elasticloadbalancing:r:1:listener/app/l/1/2"},
		{"arn:aws:elasticbeanstalk:r:1:environment/a/e", "arn:aws:elasticbeanstalk:r:1:application/a"},
		{"arn:aws:sns:r:1:t:0a1b", "arn:aws:sns:r:1:t"},
		{"arn:aws:glue:r:1:table/d/t", "arn:aws:glue:r:1:database/d"},
		{"arn:aws:events:r:1:rule/bus/n", "arn:aws:events:r:1:event-bus/bus"},
		{"arn:aws:codebuild:r:1:build/p:0a", "arn:aws:codebuild:r:1:project/p"},
		{"arn:aws:iam::1:role/p/r", ""},
		{"aws:key:AKIAX", ""},
	}
	for _, tt := range tests {
		if got, ok := parentOf(tt.id); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s is part of %s, want %s", tt.id, got, tt.want)
		}
	}
}

func TestAliasOf(t *testing.T) {
	tests := []struct{ id, want graph.ID }{
		{"arn:aws:cloudformation:r:1:stack/s/0a1b", "arn:aws:cloudformation:r:1:stack/s"},
		{"arn:aws:cloudformation:r:1:stack/s", ""},
		{"arn:aws:secretsmanager:r:1:secret:db/pass-Ab12Cd", "arn:aws:secretsmanager:r:1:secret:db/pass"},
		{"arn:aws:secretsmanager:r:1:secret:my-secret", ""},
		{"arn:aws:secretsmanager:r:1:secret:db", ""},
		{"arn:aws:autoscaling:r:1:autoScalingGroup:0a-1b:autoScalingGroupName/g", "arn:aws:autoscaling:r:1:autoScalingGroup:autoScalingGroupName/g"},
		{"arn:aws:autoscaling:r:1:autoScalingGroup:autoScalingGroupName/g", ""},
		{"arn:aws:eks:r:1:nodegroup/c/n/u", "arn:aws:eks:r:1:nodegroup/c/n"},
		{"arn:aws:iam::1:role/aws-service-role/x/R", "arn:aws:iam::1:role/R"},
		{"arn:aws:iam::1:role/R", ""},
		{"arn:aws:elasticbeanstalk:r:1:environment/a/e", "arn:aws:elasticbeanstalk:r:1:environment/e"},
		{"arn:aws:s3:::b/k", ""},
	}
	for _, tt := range tests {
		if got := aliasOf(tt.id); got != tt.want {
			t.Errorf("%s has the alias %q, want %q", tt.id, got, tt.want)
		}
	}
}

func TestRoleOfSessionARN(t *testing.T) {
	got, ok := roleOfSessionARN("arn:aws-cn:sts::1:assumed-role/R/i-0a")
	if want := graph.ID("arn:aws-cn:iam::1:role/R"); !ok || got != want {
		t.Errorf("the role is %s, want %s", got, want)
	}
	for _, arn := range []string{"arn:aws:iam::1:role/R", "arn:aws:sts::1:federated-user/u", "R", ""} {
		if got, ok := roleOfSessionARN(arn); ok {
			t.Errorf("%q has the role %s", arn, got)
		}
	}
}
