package cloudtrail

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

// targetCase is a call and what it reaches, as "role match id" with DERIVED for
// an empty match. E stands for "eu-west-1:111122223333" in ids.
type targetCase struct {
	source, name, members string
	want                  []string
}

// targetCases are the rows of the override table by example, and what lies
// beyond it: resources, ARNs, templates, messages, the service.
var targetCases = []targetCase{
	// ec2
	{"ec2", "TerminateInstances", `"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-0a0a0a0a0a"},{"instanceId":"i-0b0b0b0b0b"}]}}`,
		[]string{"primary arn:aws:ec2:E:instance/i-0a0a0a0a0a", "primary arn:aws:ec2:E:instance/i-0b0b0b0b0b"}},
	{"ec2", "RunInstances", `"requestParameters":{"instancesSet":{"items":[{"imageId":"ami-0c0c0c0c0c"}]},"iamInstanceProfile":{"name":"web"},"subnetId":"subnet-0d0d0d0d0d"},"responseElements":{"instancesSet":{"items":[{"instanceId":"i-0a0a0a0a0a"},{"instanceId":"i-0b0b0b0b0b"}]}}`,
		[]string{"primary arn:aws:ec2:E:instance/i-0a0a0a0a0a", "primary arn:aws:ec2:E:instance/i-0b0b0b0b0b",
			"passed_role arn:aws:iam::111122223333:instance-profile/web", "parent arn:aws:ec2:E:subnet/subnet-0d0d0d0d0d", "member arn:aws:ec2:eu-west-1::image/ami-0c0c0c0c0c"}},
	{"ec2", "ModifyInstanceAttribute", `"requestParameters":{"instanceId":"i-0a0a0a0a0a","groupSet":{"items":[{"groupId":"sg-01010101"}]}}`,
		[]string{"primary arn:aws:ec2:E:instance/i-0a0a0a0a0a", "member arn:aws:ec2:E:security-group/sg-01010101"}},
	{"ec2", "AuthorizeSecurityGroupIngress", `"requestParameters":{"groupId":"sg-01010101"},"responseElements":{"securityGroupRuleSet":{"items":[{"groupId":"sg-01010101","securityGroupRuleId":"sgr-02020202"}]}}`,
		[]string{"primary arn:aws:ec2:E:security-group/sg-01010101"}},
	{"ec2", "CreateSecurityGroup", `"requestParameters":{"groupName":"x","vpcId":"vpc-03030303"},"responseElements":{"groupId":"sg-01010101"}`,
		[]string{"primary arn:aws:ec2:E:security-group/sg-01010101", "parent arn:aws:ec2:E:vpc/vpc-03030303"}},
	{"ec2", "CreateRoute", `"requestParameters":{"routeTableId":"rtb-04040404","gatewayId":"igw-05050505"}`,
		[]string{"primary arn:aws:ec2:E:route-table/rtb-04040404", "member arn:aws:ec2:E:internet-gateway/igw-05050505"}},
	{"ec2", "DisassociateRouteTable", `"requestParameters":{"associationId":"rtbassoc-06060606"}`, []string{"primary aws:endpoint:111122223333:eu-west-1:ec2"}},
	{"ec2", "CreateSubnet", `"requestParameters":{"vpcId":"vpc-03030303"},"responseElements":{"subnet":{"subnetId":"subnet-07070707","vpcId":"vpc-03030303","subnetArn":"arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-07070707"}}`,
		[]string{"primary arn:aws:ec2:E:subnet/subnet-07070707", "parent arn:aws:ec2:E:vpc/vpc-03030303"}},
	{"ec2", "CreateNatGateway", `"requestParameters":{"CreateNatGatewayRequest":{"SubnetId":"subnet-07070707","AllocationId":"eipalloc-08080808"}},"responseElements":{"CreateNatGatewayResponse":{"natGateway":{"natGatewayId":"nat-09090909"}}}`,
		[]string{"primary arn:aws:ec2:E:natgateway/nat-09090909", "parent arn:aws:ec2:E:subnet/subnet-07070707", "member arn:aws:ec2:E:elastic-ip/eipalloc-08080808"}},
	{"ec2", "DeleteNatGateway", `"requestParameters":{"DeleteNatGatewayRequest":{"NatGatewayId":"nat-09090909"}}`, []string{"primary arn:aws:ec2:E:natgateway/nat-09090909"}},
	{"ec2", "CreateFlowLogs", `"requestParameters":{"CreateFlowLogsRequest":{"ResourceType":"VPC","ResourceId":{"tag":1,"content":"vpc-03030303"}}},"responseElements":{"CreateFlowLogsResponse":{"flowLogIdSet":{"item":"fl-0abc0abc"}}}`,
		[]string{"primary arn:aws:ec2:E:vpc-flow-log/fl-0abc0abc", "member arn:aws:ec2:E:vpc/vpc-03030303"}},
	{"ec2", "DeleteFlowLogs", `"requestParameters":{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-0abc0abc"}}}`, []string{"primary arn:aws:ec2:E:vpc-flow-log/fl-0abc0abc"}},
	{"ec2", "ModifySnapshotAttribute", `"requestParameters":{"snapshotId":"snap-0def0def","createVolumePermission":{"add":{"items":[{"userId":"999988887777"}]}}}`,
		[]string{"primary arn:aws:ec2:eu-west-1::snapshot/snap-0def0def"}},
	{"ec2", "CreateVolume", `"requestParameters":{"snapshotId":"snap-0def0def"},"responseElements":{"volumeId":"vol-0aaa0aaa","snapshotId":"snap-0def0def"}`,
		[]string{"primary arn:aws:ec2:E:volume/vol-0aaa0aaa", "member arn:aws:ec2:eu-west-1::snapshot/snap-0def0def"}},
	{"ec2", "DeleteVolume", `"requestParameters":{"volumeId":"vol-0aaa0aaa"}`, []string{"primary arn:aws:ec2:E:volume/vol-0aaa0aaa"}},
	{"ec2", "DeregisterImage", `"requestParameters":{"imageId":"ami-0c0c0c0c0c"}`, []string{"primary arn:aws:ec2:eu-west-1::image/ami-0c0c0c0c0c"}},
	{"ec2", "ReleaseAddress", `"requestParameters":{"allocationId":"eipalloc-08080808"}`, []string{"primary arn:aws:ec2:E:elastic-ip/eipalloc-08080808"}},
	{"ec2", "CreateTags", `"requestParameters":{"resourcesSet":{"items":[{"resourceId":"vol-0aaa0aaa"},{"resourceId":"ami-0c0c0c0c0c"}]},"tagSet":{"items":[{"key":"k","value":"v"}]}}`,
		[]string{"primary arn:aws:ec2:E:volume/vol-0aaa0aaa", "primary arn:aws:ec2:eu-west-1::image/ami-0c0c0c0c0c"}},
	{"ec2", "DescribeVpcEndpoints", `"requestParameters":{"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"vpc-03030303"}]}}]}}`,
		[]string{"primary aws:endpoint:111122223333:eu-west-1:ec2", "member arn:aws:ec2:E:vpc/vpc-03030303"}},
	{"ec2", "CreateNetworkAclEntry", `"requestParameters":{"networkAclId":"acl-0bbb0bbb","ruleNumber":1}`, []string{"primary arn:aws:ec2:E:network-acl/acl-0bbb0bbb"}},
	{"ec2", "AttachVolume", `"requestParameters":{"volumeId":"vol-0aaa0aaa","instanceId":"i-0a0a0a0a0a"}`, []string{"primary arn:aws:ec2:E:volume/vol-0aaa0aaa", "member arn:aws:ec2:E:instance/i-0a0a0a0a0a"}},
	// s3
	{"s3", "CreateBucket", `"requestParameters":{"bucketName":"b","Host":"b.s3.eu-west-1.amazonaws.com"}`, []string{"primary arn:aws:s3:::b"}},
	{"s3", "PutObject", `"requestParameters":{"bucketName":"b","key":"k/1"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k/1"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}]`,
		[]string{"primary DECLARED arn:aws:s3:::b"}},
	{"s3", "ListObjects", `"requestParameters":{"bucketName":"b"},"resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/"},{"accountId":"1","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}]`,
		[]string{"primary DECLARED arn:aws:s3:::b"}},
	{"s3", "CopyObject", `"requestParameters":{"bucketName":"b","key":"k","x-amz-copy-source":"other/k2"}`, []string{"primary arn:aws:s3:::b", "member arn:aws:s3:::other"}},
	{"s3", "ListBuckets", `"requestParameters":{"Host":"s3.amazonaws.com"}`, []string{"primary aws:endpoint:111122223333:eu-west-1:s3"}},
	{"s3", "PutAccountPublicAccessBlock", `"requestParameters":{"accountId":"111122223333"}`, []string{"primary aws:account:111122223333"}},
	// iam
	{"iam", "CreateUser", `"requestParameters":{"userName":"u","path":"/eng/"},"responseElements":{"user":{"userName":"u","arn":"arn:aws:iam::111122223333:user/eng/u","userId":"AIDAX"}}`, []string{"primary arn:aws:iam::111122223333:user/eng/u"}},
	{"iam", "DeleteUser", `"requestParameters":{"userName":"u"}`, []string{"primary arn:aws:iam::111122223333:user/u"}},
	{"iam", "CreateAccessKey", `"requestParameters":{"userName":"u"},"responseElements":{"accessKey":{"userName":"u","accessKeyId":"AKIAEXAMPLE"}}`, []string{"primary aws:key:AKIAEXAMPLE", "parent arn:aws:iam::111122223333:user/u"}},
	{"iam", "CreateAccessKey", `"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/me"},"requestParameters":null,"errorCode":"LimitExceededException"`, []string{"primary arn:aws:iam::111122223333:user/me"}},
	{"iam", "DeleteAccessKey", `"requestParameters":{"userName":"u","accessKeyId":"AKIAEXAMPLE"}`, []string{"primary aws:key:AKIAEXAMPLE", "parent arn:aws:iam::111122223333:user/u"}},
	{"iam", "CreateLoginProfile", `"requestParameters":{"userName":"u"}`, []string{"primary arn:aws:iam::111122223333:user/u", "member aws:password:arn:aws:iam::111122223333:user/u"}},
	{"iam", "CreateRole", `"requestParameters":{"roleName":"r","path":"/svc/"},"responseElements":{"role":{"arn":"arn:aws:iam::111122223333:role/svc/r","roleId":"AROAX"}}`, []string{"primary arn:aws:iam::111122223333:role/svc/r"}},
	{"iam", "AttachRolePolicy", `"requestParameters":{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`, []string{"primary arn:aws:iam::111122223333:role/r", "policy arn:aws:iam::aws:policy/AdministratorAccess"}},
	{"iam", "PutUserPolicy", `"requestParameters":{"userName":"u","policyName":"p","policyDocument":"{\"Resource\":\"arn:aws:s3:::b/*\"}"}`, []string{"primary arn:aws:iam::111122223333:user/u", "member MENTIONED arn:aws:s3:::b"}},
	{"iam", "CreatePolicyVersion", `"requestParameters":{"policyArn":"arn:aws:iam::111122223333:policy/p"}`, []string{"primary arn:aws:iam::111122223333:policy/p"}},
	{"iam", "AddRoleToInstanceProfile", `"requestParameters":{"instanceProfileName":"ip","roleName":"r"}`, []string{"primary arn:aws:iam::111122223333:instance-profile/ip", "member arn:aws:iam::111122223333:role/r"}},
	{"iam", "ListInstanceProfilesForRole", `"requestParameters":{"roleName":"r"}`, []string{"primary arn:aws:iam::111122223333:role/r"}},
	{"iam", "UploadSSHPublicKey", `"requestParameters":{"userName":"u","sSHPublicKeyBody":"ssh-rsa"},"responseElements":{"sSHPublicKey":{"userName":"u","sSHPublicKeyId":"APKAX"}}`, []string{"primary arn:aws:iam::111122223333:user/u"}},
	{"iam", "GetAccountSummary", ``, []string{"primary aws:account:111122223333"}},
	// sts, signin, organizations
	{"sts", "AssumeRole", `"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/p/r","roleSessionName":"s"},"responseElements":{"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/r/s","assumedRoleId":"AROAX:s"}},"resources":[{"type":"AWS::IAM::Role","ARN":"arn:aws:iam::111122223333:role/p/r"}]`,
		[]string{"primary DECLARED arn:aws:iam::111122223333:role/p/r"}},
	{"sts", "AssumeRole", `"errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::111122223333:user/u is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::999988887777:role/r"`, []string{"primary arn:aws:iam::999988887777:role/r"}},
	{"sts", "AssumeRole", `"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/r","roleSessionName":"i-0a0a0a0a0a"}`, []string{"primary arn:aws:iam::111122223333:role/r", "member MENTIONED arn:aws:ec2:E:instance/i-0a0a0a0a0a"}},
	{"signin", "ConsoleLogin", `"responseElements":{"ConsoleLogin":"Success"}`, []string{"primary aws:endpoint:111122223333:eu-west-1:signin"}},
	{"organizations", "AttachPolicy", `"requestParameters":{"policyId":"p-abc","targetId":"999988887777"}`, []string{"primary aws:account:999988887777", "policy arn:aws:organizations::111122223333:policy/p-abc"}},
	{"organizations", "LeaveOrganization", ``, []string{"primary aws:account:111122223333"}},
	// compute
	{"lambda", "UpdateFunctionCode20150331v2", `"requestParameters":{"functionName":"f"},"responseElements":{"functionArn":"arn:aws:lambda:eu-west-1:111122223333:function:f","role":"arn:aws:iam::111122223333:role/r"}`,
		[]string{"primary arn:aws:lambda:E:function:f", "passed_role MENTIONED arn:aws:iam::111122223333:role/r"}},
	{"lambda", "CreateFunction20150331", `"requestParameters":{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}`, []string{"primary arn:aws:lambda:E:function:f", "passed_role arn:aws:iam::111122223333:role/r"}},
	{"lambda", "Invoke", `"requestParameters":{"functionName":"arn:aws:lambda:eu-west-1:111122223333:function:f:live"}`, []string{"primary arn:aws:lambda:E:function:f:live"}},
	{"lambda", "Invoke", `"requestParameters":{"functionName":"999988887777:function:f"}`, []string{"primary arn:aws:lambda:eu-west-1:999988887777:function:f"}},
	{"lambda", "DeleteFunction20150331", `"requestParameters":{"functionName":"f","qualifier":"3"}`, []string{"primary arn:aws:lambda:E:function:f:3"}},
	{"ecs", "UpdateService", `"requestParameters":{"service":"web","cluster":"prod","taskDefinition":"web:7"}`, []string{"primary arn:aws:ecs:E:service/prod/web", "parent arn:aws:ecs:E:cluster/prod", "member arn:aws:ecs:E:task-definition/web:7"}},
	{"ecs", "UpdateService", `"requestParameters":{"service":"web"}`, []string{"primary arn:aws:ecs:E:service/default/web"}},
	{"ecs", "RunTask", `"requestParameters":{"taskDefinition":"t:1","cluster":"prod"},"responseElements":{"tasks":[{"taskArn":"arn:aws:ecs:eu-west-1:111122223333:task/prod/0a1b","clusterArn":"arn:aws:ecs:eu-west-1:111122223333:cluster/prod"}]}`,
		[]string{"primary arn:aws:ecs:E:task/prod/0a1b", "parent arn:aws:ecs:E:cluster/prod", "member arn:aws:ecs:E:task-definition/t:1"}},
	{"ecs", "RegisterTaskDefinition", `"requestParameters":{"family":"t","taskRoleArn":"arn:aws:iam::111122223333:role/task"},"responseElements":{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:eu-west-1:111122223333:task-definition/t:8"}}`,
		[]string{"primary arn:aws:ecs:E:task-definition/t:8", "passed_role arn:aws:iam::111122223333:role/task"}},
	{"ecs", "DeleteCluster", `"requestParameters":{"cluster":"prod"}`, []string{"primary arn:aws:ecs:E:cluster/prod"}},
	{"eks", "DeleteCluster", `"requestParameters":{"name":"k"}`, []string{"primary arn:aws:eks:E:cluster/k"}},
	{"eks", "DeleteNodegroup", `"requestParameters":{"name":"k","nodegroupName":"n"}`, []string{"primary arn:aws:eks:E:nodegroup/k/n", "parent arn:aws:eks:E:cluster/k"}},
	{"eks", "CreateAccessEntry", `"requestParameters":{"name":"k","principalArn":"arn:aws:iam::111122223333:role/r"}`, []string{"primary arn:aws:eks:E:cluster/k", "member arn:aws:iam::111122223333:role/r"}},
	{"ssm", "SendCommand", `"requestParameters":{"documentName":"AWS-RunShellScript","instanceIds":["i-0a0a0a0a0a","mi-0123456789abcdef0"],"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS"}`,
		[]string{"primary arn:aws:ec2:E:instance/i-0a0a0a0a0a", "primary arn:aws:ssm:E:managed-instance/mi-0123456789abcdef0", "member arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"}},
	{"ssm", "SendCommand", `"requestParameters":{"documentName":"D","targets":[{"key":"tag:env","values":["prod"]}]}`, []string{"primary aws:endpoint:111122223333:eu-west-1:ssm", "member arn:aws:ssm:E:document/D"}},
	{"ssm", "StartSession", `"requestParameters":{"target":"i-0a0a0a0a0a"}`, []string{"primary arn:aws:ec2:E:instance/i-0a0a0a0a0a"}},
	{"states", "StartExecution", `"requestParameters":{"stateMachineArn":"arn:aws:states:eu-west-1:111122223333:stateMachine:m"},"responseElements":{"executionArn":"arn:aws:states:eu-west-1:111122223333:execution:m:1"}`,
		[]string{"primary arn:aws:states:E:stateMachine:m", "member arn:aws:states:E:execution:m:1"}},
	{"codebuild", "StartBuild", `"requestParameters":{"projectName":"p"},"responseElements":{"build":{"arn":"arn:aws:codebuild:eu-west-1:111122223333:build/p:1-2","projectName":"p"}}`, []string{"primary arn:aws:codebuild:E:project/p", "member arn:aws:codebuild:E:build/p:1-2"}},
	{"codebuild", "UpdateProject", `"requestParameters":{"name":"p","serviceRole":"arn:aws:iam::111122223333:role/cb"}`, []string{"primary arn:aws:codebuild:E:project/p", "passed_role arn:aws:iam::111122223333:role/cb"}},
	{"codepipeline", "UpdatePipeline", `"requestParameters":{"pipeline":{"name":"p","roleArn":"arn:aws:iam::111122223333:role/cp"}}`, []string{"primary arn:aws:codepipeline:E:p", "passed_role arn:aws:iam::111122223333:role/cp"}},
	{"autoscaling", "DeleteAutoScalingGroup", `"requestParameters":{"autoScalingGroupName":"g"}`, []string{"primary arn:aws:autoscaling:E:autoScalingGroup:autoScalingGroupName/g"}},
	{"elasticbeanstalk", "TerminateEnvironment", `"requestParameters":{"environmentName":"e"},"responseElements":{"applicationName":"a","environmentName":"e"}`, []string{"primary arn:aws:elasticbeanstalk:E:environment/a/e", "parent arn:aws:elasticbeanstalk:E:application/a"}},
	{"bedrock-agentcore-control", "CreateAgentRuntime", `"requestParameters":{"agentRuntimeName":"a","roleArn":"arn:aws:iam::111122223333:role/ac"},"responseElements":{"agentRuntimeArn":"arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/a-1"}`,
		[]string{"primary arn:aws:bedrock-agentcore:E:runtime/a-1", "passed_role arn:aws:iam::111122223333:role/ac"}},
	// data
	{"rds", "DeleteDBInstance", `"requestParameters":{"dBInstanceIdentifier":"DB-One"},"responseElements":{"dBInstanceArn":"arn:aws:rds:eu-west-1:111122223333:db:db-one"}`, []string{"primary arn:aws:rds:E:db:db-one"}},
	{"rds", "ModifyDBInstance", `"requestParameters":{"dBInstanceIdentifier":"DB-One"}`, []string{"primary arn:aws:rds:E:db:db-one"}},
	{"rds", "DeleteDBCluster", `"requestParameters":{"dBClusterIdentifier":"C"}`, []string{"primary arn:aws:rds:E:cluster:c"}},
	{"rds", "CreateDBSnapshot", `"requestParameters":{"dBInstanceIdentifier":"db","dBSnapshotIdentifier":"s"},"responseElements":{"dBSnapshotArn":"arn:aws:rds:eu-west-1:111122223333:snapshot:s","dBInstanceIdentifier":"db"}`, []string{"primary arn:aws:rds:E:snapshot:s", "parent arn:aws:rds:E:db:db"}},
	{"rds", "ModifyDBSnapshotAttribute", `"requestParameters":{"dBSnapshotIdentifier":"s","attributeName":"restore","valuesToAdd":["999988887777"]}`, []string{"primary arn:aws:rds:E:snapshot:s"}},
	{"dynamodb", "DeleteTable", `"requestParameters":{"tableName":"t"},"responseElements":{"tableDescription":{"tableArn":"arn:aws:dynamodb:eu-west-1:111122223333:table/t"}}`, []string{"primary arn:aws:dynamodb:E:table/t"}},
	{"dynamodb", "BatchWriteItem", `"requestParameters":{"requestItems":{"t1":[],"t2":[]}}`, []string{"primary arn:aws:dynamodb:E:table/t1", "primary arn:aws:dynamodb:E:table/t2"}},
	{"cloudformation", "CreateStack", `"requestParameters":{"stackName":"s","roleARN":"arn:aws:iam::111122223333:role/cfn"},"responseElements":{"stackId":"arn:aws:cloudformation:eu-west-1:111122223333:stack/s/0a1b"}`,
		[]string{"primary arn:aws:cloudformation:E:stack/s/0a1b", "passed_role arn:aws:iam::111122223333:role/cfn"}},
	{"cloudformation", "DeleteStack", `"requestParameters":{"stackName":"s"}`, []string{"primary arn:aws:cloudformation:E:stack/s"}},
	{"kms", "ScheduleKeyDeletion", `"requestParameters":{"keyId":"0a1b"}`, []string{"primary arn:aws:kms:E:key/0a1b"}},
	{"kms", "Decrypt", `"requestParameters":{"encryptionContext":{"PARAMETER_ARN":"arn:aws:ssm:eu-west-1:111122223333:parameter/p"}},"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:eu-west-1:111122223333:key/k"}]`,
		[]string{"primary DECLARED arn:aws:kms:E:key/k", "member MENTIONED arn:aws:ssm:E:parameter/p"}},
	{"kms", "DisableKey", `"requestParameters":{"keyId":"alias/a"}`, []string{"primary arn:aws:kms:E:alias/a"}},
	{"secretsmanager", "GetSecretValue", `"requestParameters":{"secretId":"db/pass"}`, []string{"primary arn:aws:secretsmanager:E:secret:db/pass"}},
	{"secretsmanager", "DeleteSecret", `"requestParameters":{"secretId":"db"},"responseElements":{"aRN":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-Ab12Cd","name":"db"}`, []string{"primary arn:aws:secretsmanager:E:secret:db-Ab12Cd"}},
	{"ssm", "PutParameter", `"requestParameters":{"name":"/a/b"}`, []string{"primary arn:aws:ssm:E:parameter/a/b"}},
	{"ssm", "GetParameters", `"requestParameters":{"names":["/a","b"]}`, []string{"primary arn:aws:ssm:E:parameter/a", "primary arn:aws:ssm:E:parameter/b"}},
	{"sqs", "DeleteQueue", `"requestParameters":{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/999988887777/q"}`, []string{"primary arn:aws:sqs:eu-west-1:999988887777:q"}},
	{"sns", "Publish", `"requestParameters":{"topicArn":"arn:aws:sns:eu-west-1:111122223333:t"}`, []string{"primary arn:aws:sns:E:t"}},
	{"sns", "CreateTopic", `"requestParameters":{"name":"t"}`, []string{"primary arn:aws:sns:E:t"}},
	{"route53", "ChangeResourceRecordSets", `"requestParameters":{"hostedZoneId":"Z1ABC","changeBatch":{"changes":[{"action":"DELETE","resourceRecordSet":{"name":"x.example."}}]}}`, []string{"primary arn:aws:route53:::hostedzone/Z1ABC"}},
	{"route53", "DeleteHostedZone", `"requestParameters":{"id":"/hostedzone/Z1ABC"}`, []string{"primary arn:aws:route53:::hostedzone/Z1ABC"}},
	{"elasticloadbalancing", "DeleteLoadBalancer", `"requestParameters":{"loadBalancerArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/l/1"}`, []string{"primary arn:aws:elasticloadbalancing:E:loadbalancer/app/l/1"}},
	{"elasticloadbalancing", "DeleteLoadBalancer", `"requestParameters":{"loadBalancerName":"classic"}`, []string{"primary arn:aws:elasticloadbalancing:E:loadbalancer/classic"}},
	{"elasticloadbalancing", "DeregisterTargets", `"requestParameters":{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/t/1","targets":[{"id":"i-0a0a0a0a0a"}]}`, []string{"primary arn:aws:elasticloadbalancing:E:targetgroup/t/1", "member arn:aws:ec2:E:instance/i-0a0a0a0a0a"}},
	{"apigateway", "UpdateStage", `"requestParameters":{"restApiId":"a1","stageName":"prod"}`, []string{"primary arn:aws:apigateway:eu-west-1::/restapis/a1/stages/prod", "parent arn:aws:apigateway:eu-west-1::/restapis/a1"}},
	{"apigateway", "DeleteRestApi", `"requestParameters":{"restApiId":"a1"}`, []string{"primary arn:aws:apigateway:eu-west-1::/restapis/a1"}},
	{"apigateway", "UpdateRoute", `"requestParameters":{"apiId":"a2","routeId":"r"}`, []string{"primary arn:aws:apigateway:eu-west-1::/apis/a2"}},
	{"ce", "DeleteAnomalyMonitor", `"requestParameters":{"monitorArn":"arn:aws:ce::111122223333:anomalymonitor/m"}`, []string{"primary arn:aws:ce::111122223333:anomalymonitor/m"}},
	{"events", "PutTargets", `"requestParameters":{"rule":"r","targets":[{"arn":"arn:aws:lambda:eu-west-1:111122223333:function:f","id":"1","roleArn":"arn:aws:iam::111122223333:role/ev"}]}`,
		[]string{"primary arn:aws:events:E:rule/r", "member arn:aws:lambda:E:function:f", "passed_role arn:aws:iam::111122223333:role/ev"}},
	{"events", "DeleteRule", `"requestParameters":{"name":"r","eventBusName":"bus"}`, []string{"primary arn:aws:events:E:rule/bus/r"}},
	{"logs", "DeleteLogGroup", `"requestParameters":{"logGroupName":"/a/b"}`, []string{"primary arn:aws:logs:E:log-group:/a/b"}},
	{"cloudtrail", "StopLogging", `"requestParameters":{"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/t"}`, []string{"primary arn:aws:cloudtrail:E:trail/t"}},
	{"cloudtrail", "PutEventSelectors", `"requestParameters":{"trailName":"t"},"responseElements":{"trailARN":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/t"}`, []string{"primary arn:aws:cloudtrail:E:trail/t"}},
	{"cloudfront", "UpdateDistribution2020_05_31", `"requestParameters":{"id":"E1"}`, []string{"primary arn:aws:cloudfront::111122223333:distribution/E1"}},
	{"rolesanywhere", "CreateProfile", `"requestParameters":{"roleArns":["arn:aws:iam::111122223333:role/r"]},"responseElements":{"profile":{"profileArn":"arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p","createdBy":"arn:aws:iam::111122223333:user/x"}}`,
		[]string{"primary arn:aws:rolesanywhere:E:profile/p", "passed_role arn:aws:iam::111122223333:role/r", "member MENTIONED arn:aws:iam::111122223333:user/x"}},
	// by the templates of IAM
	{"elasticache", "DeleteCacheCluster", `"requestParameters":{"cacheClusterId":"c"}`, []string{"primary arn:aws:elasticache:E:cluster:c"}},
	{"redshift", "DeleteCluster", `"requestParameters":{"clusterIdentifier":"c"}`, []string{"primary arn:aws:redshift:E:cluster:c"}},
	{"elasticfilesystem", "DeleteFileSystem", `"requestParameters":{"fileSystemId":"fs-1"}`, []string{"primary arn:aws:elasticfilesystem:E:file-system/fs-1"}},
	{"es", "DeleteDomain", `"requestParameters":{"domainName":"d"}`, []string{"primary arn:aws:es:E:domain/d"}},
	{"kinesis", "DeleteStream", `"requestParameters":{"streamName":"s"}`, []string{"primary arn:aws:kinesis:E:stream/s"}},
	{"ecr", "DeleteRepository", `"requestParameters":{"repositoryName":"r"}`, []string{"primary arn:aws:ecr:E:repository/r"}},
	{"glue", "DeleteTable", `"requestParameters":{"databaseName":"d","name":"t"}`, []string{"primary arn:aws:glue:E:table/d/t", "parent arn:aws:glue:E:database/d"}},
	{"backup", "DeleteRecoveryPoint", `"requestParameters":{"backupVaultName":"v","recoveryPointArn":"arn:aws:ec2:eu-west-1::snapshot/snap-0def0def"}`, []string{"primary arn:aws:ec2:eu-west-1::snapshot/snap-0def0def", "parent arn:aws:backup:E:backup-vault:v"}},
	{"config", "DeleteConfigurationRecorder", `"requestParameters":{"configurationRecorderName":"default"}`, []string{"primary arn:aws:config:E:configuration-recorder/default"}},
	{"guardduty", "DeleteDetector", `"requestParameters":{"detectorId":"d"}`, []string{"primary arn:aws:guardduty:E:detector/d"}},
	{"athena", "GetWorkGroup", `"requestParameters":{"workGroup":"w"}`, []string{"primary arn:aws:athena:E:workgroup/w"}},
	{"sagemaker", "DeleteEndpoint", `"requestParameters":{"endpointName":"e"}`, []string{"primary arn:aws:sagemaker:E:endpoint/e"}},
	{"firehose", "DeleteDeliveryStream", `"requestParameters":{"deliveryStreamName":"f"}`, []string{"primary arn:aws:firehose:E:deliverystream/f"}},
	{"acm", "DeleteCertificate", `"requestParameters":{"certificateArn":"arn:aws:acm:eu-west-1:111122223333:certificate/c"}`, []string{"primary arn:aws:acm:E:certificate/c"}},
	// resources[], messages, the service
	{"ssm", "UpdateInstanceAssociationStatus", `"requestParameters":{"associationId":"a","instanceId":"i-0a0a0a0a0a"},"resources":[{"accountId":"1","ARN":"arn:aws:ssm:eu-west-1:111122223333:association/a"},{"accountId":"1","ARN":"arn:aws:ec2:eu-west-1:111122223333:instance/i-0a0a0a0a0a"},{"accountId":"1"}]`,
		[]string{"primary DECLARED arn:aws:ssm:E:association/a", "member DECLARED arn:aws:ec2:E:instance/i-0a0a0a0a0a"}},
	{"ec2", "RunInstances", `"errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/admin because no identity-based policy allows the iam:PassRole action","requestParameters":{"instancesSet":{"items":[{"imageId":"ami-0c0c0c0c0c"}]}}`,
		[]string{"primary arn:aws:iam::111122223333:role/admin", "member arn:aws:ec2:eu-west-1::image/ami-0c0c0c0c0c"}},
	{"cloudwatch", "DeleteAlarms", `"errorCode":"AccessDenied","errorMessage":"User: a is not authorized to perform: cloudwatch:DeleteAlarms on resource: arn:aws:cloudwatch:eu-west-1:111122223333:alarm:x because no identity-based policy allows the cloudwatch:DeleteAlarms action"`, []string{"primary arn:aws:cloudwatch:E:alarm:x"}},
	{"guardduty", "DeleteDetector", `"errorCode":"AccessDenied","requestParameters":null,"responseElements":{"message":"User: arn:aws:iam::1:user/u is not authorized to perform: guardduty:DeleteDetector on resource: arn:aws:guardduty:eu-west-1:111122223333:detector/d because no identity-based policy allows the guardduty:DeleteDetector action"}`, []string{"primary arn:aws:guardduty:E:detector/d"}},
	{"iam", "ListRoles", `"errorCode":"AccessDenied","errorMessage":"User: a is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::111122223333:role/ because no identity-based policy allows the iam:ListRoles action"`, []string{"primary aws:endpoint:111122223333:eu-west-1:iam"}},
	{"health", "DescribeEventAggregates", `"requestParameters":{"filter":{"startTimes":[{"from":"Jul 3, 2023"}]}}`, []string{"primary aws:endpoint:111122223333:eu-west-1:health"}},
	{"secretsmanager", "EndSecretVersionDelete", `"eventType":"AwsServiceEvent","requestParameters":null,"additionalEventData":{"ARN":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-Ab12Cd","Name":"s"}`, []string{"primary arn:aws:secretsmanager:E:secret:s-Ab12Cd"}},
	{"nosuch", "FrobThing", ``, []string{"primary aws:endpoint:111122223333:eu-west-1:nosuch"}},
}

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
