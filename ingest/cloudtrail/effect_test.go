package cloudtrail

import (
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

// TestEffect fixes the effect of actions, from our table and from the fallback
// alike.
func TestEffect(t *testing.T) {
	for want, list := range map[graph.Effect]string{
		graph.Read: `s3:GetObject s3:ListBucket s3:ListAllMyBuckets s3:GetBucketPolicy s3:GetEncryptionConfiguration ec2:DescribeInstances
			ec2:DescribeVpcs ec2:GetConsoleOutput ec2:DescribeInstanceAttribute iam:GetRole iam:ListUsers iam:GetAccountAuthorizationDetails
			iam:SimulatePrincipalPolicy iam:GenerateCredentialReport sts:GetCallerIdentity sts:DecodeAuthorizationMessage
			cloudtrail:LookupEvents cloudtrail:DescribeTrails logs:StartQuery logs:FilterLogEvents logs:GetLogEvents
			dynamodb:GetItem dynamodb:Query dynamodb:Scan dynamodb:BatchGetItem sqs:ReceiveMessage kms:DescribeKey kms:ListKeys kms:GetPublicKey
			lambda:GetFunction lambda:ListFunctions ssm:DescribeParameters ssm:GetDocument ssm:GetCommandInvocation secretsmanager:ListSecrets
			secretsmanager:DescribeSecret secretsmanager:GetResourcePolicy organizations:ListAccounts ecr:BatchGetImage
			health:DescribeEventAggregates ce:GetCostAndUsage guardduty:ListFindings signin:CheckMfa eks:DescribeCluster rds:DescribeDBInstances
			resource-explorer-2:Search notexist:ListThings`,
		graph.SecretRead: `secretsmanager:GetSecretValue secretsmanager:BatchGetSecretValue ec2:GetPasswordData acm:ExportCertificate
			lightsail:GetInstanceAccessDetails bedrock-agentcore:GetResourceApiKey`,
		graph.Use: `sts:AssumeRole sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:GetSessionToken sts:GetFederationToken
			rolesanywhere:CreateSession sso:GetRoleCredentials cognito-identity:GetCredentialsForIdentity ecr:GetAuthorizationToken
			kms:Decrypt kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:Sign kms:Verify
			lambda:InvokeFunction states:StartExecution bedrock:InvokeModel bedrock:InvokeModelWithResponseStream
			bedrock-agentcore:InvokeAgentRuntime bedrock-agentcore:GetWorkloadAccessToken sagemaker:InvokeEndpoint
			signin:ConsoleLogin signin:SwitchRole signin:CreateOAuth2Token codepipeline:StartPipelineExecution athena:StartQueryExecution`,
		graph.Create: `s3:CreateBucket iam:CreateUser iam:CreateRole iam:CreatePolicy iam:CreateInstanceProfile ec2:CreateVpc
			ec2:CreateSecurityGroup ec2:CreateSnapshot ec2:AllocateAddress ec2:RegisterImage ec2:CopyImage ec2:ImportKeyPair
			rds:CreateDBInstance rds:CreateDBSnapshot dynamodb:CreateTable secretsmanager:CreateSecret kms:CreateKey
			cloudtrail:CreateTrail logs:CreateLogGroup sqs:CreateQueue sns:CreateTopic ecs:CreateCluster ecs:RegisterTaskDefinition
			eks:CreateCluster lambda:PublishLayerVersion lambda:CreateEventSourceMapping organizations:CreateAccount route53:CreateHostedZone
			notexist:CreateThing`,
		graph.Change: `s3:PutObject s3:PutBucketVersioning s3:PutLifecycleConfiguration s3:PutBucketTagging s3:PutEncryptionConfiguration
			ec2:CreateTags ec2:DeleteTags ec2:CreateRoute ec2:DeleteRoute ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupEgress
			ec2:StartInstances ec2:StopInstances ec2:RebootInstances ec2:AttachInternetGateway ec2:AssociateRouteTable
			ec2:ModifyVpcAttribute iam:TagRole iam:ChangePassword iam:DeleteLoginProfile iam:UpdateRole iam:UpdateUser iam:DeactivateMFADevice
			iam:UpdateAccountPasswordPolicy cloudtrail:StopLogging cloudtrail:StartLogging cloudtrail:UpdateTrail cloudtrail:PutEventSelectors
			rds:ModifyDBInstance rds:RebootDBInstance dynamodb:PutItem dynamodb:DeleteItem dynamodb:UpdateItem dynamodb:BatchWriteItem dynamodb:UpdateTable
			secretsmanager:PutSecretValue secretsmanager:UpdateSecret secretsmanager:RotateSecret secretsmanager:RestoreSecret
			ssm:PutParameter sqs:SendMessage sqs:DeleteMessage sns:Publish kinesis:PutRecords events:PutRule events:PutTargets
			events:RemoveTargets kms:DisableKey kms:CreateAlias route53:ChangeResourceRecordSets elasticloadbalancing:RegisterTargets
			elasticloadbalancing:DeregisterTargets autoscaling:UpdateAutoScalingGroup ecs:StopTask organizations:LeaveOrganization
			elasticbeanstalk:RebuildEnvironment eks:UpdateClusterConfig guardduty:UpdateDetector notexist:FrobThing`,
		graph.Delete: `s3:DeleteBucket s3:DeleteObject iam:DeleteUser iam:DeleteRole iam:DeleteAccessKey iam:DeletePolicy
			iam:DeletePolicyVersion ec2:TerminateInstances ec2:DeleteVpc ec2:ReleaseAddress ec2:DeregisterImage ec2:DeleteSnapshot
			rds:DeleteDBInstance rds:DeleteDBCluster rds:DeleteDBSnapshot dynamodb:DeleteTable cloudformation:DeleteStack lambda:DeleteFunction
			secretsmanager:DeleteSecret kms:ScheduleKeyDeletion ssm:DeleteParameter cloudtrail:DeleteTrail guardduty:DeleteDetector
			logs:DeleteLogGroup sqs:DeleteQueue ecs:DeleteService ecs:DeleteCluster eks:DeleteCluster elasticbeanstalk:TerminateEnvironment
			route53:DeleteHostedZone config:DeleteConfigurationRecorder`,
		graph.Grant: `iam:AttachRolePolicy iam:DetachRolePolicy iam:PutRolePolicy iam:DeleteRolePolicy iam:PutUserPolicy
			iam:AttachUserPolicy iam:CreatePolicyVersion iam:SetDefaultPolicyVersion iam:UpdateAssumeRolePolicy iam:AddUserToGroup
			iam:CreateAccessKey iam:UpdateAccessKey iam:CreateLoginProfile iam:UpdateLoginProfile iam:PutRolePermissionsBoundary
			iam:AddRoleToInstanceProfile iam:UpdateSAMLProvider iam:PassRole iam:EnableMFADevice iam:UploadSSHPublicKey
			s3:PutBucketPolicy s3:DeleteBucketPolicy s3:PutBucketAcl s3:PutObjectAcl s3:PutBucketPublicAccessBlock
			kms:PutKeyPolicy kms:CreateGrant lambda:AddPermission lambda:RemovePermission secretsmanager:PutResourcePolicy
			rds:ModifyDBSnapshotAttribute ec2:AssociateIamInstanceProfile sns:AddPermission sqs:AddPermission ecr:SetRepositoryPolicy
			eks:CreateAccessEntry eks:AssociateAccessPolicy organizations:AttachPolicy organizations:UpdatePolicy ram:CreateResourceShare
			sso:CreateAccountAssignment rolesanywhere:CreateProfile rolesanywhere:CreateTrustAnchor ssm:ModifyDocumentPermission
			events:PutPermission lakeformation:GrantPermissions`,
		graph.Control: `lambda:CreateFunction lambda:UpdateFunctionCode ssm:SendCommand ssm:StartSession ssm:ResumeSession
			ssm:StartAutomationExecution ssm:CreateAssociation ec2-instance-connect:SendSSHPublicKey ecs:RunTask ecs:ExecuteCommand
			ecs:CreateService glue:CreateJob glue:CreateDevEndpoint sagemaker:CreateNotebookInstance
			elasticmapreduce:RunJobFlow elasticmapreduce:AddJobFlowSteps codebuild:CreateProject states:CreateStateMachine
			bedrock-agentcore:CreateAgentRuntime batch:SubmitJob`,
	} {
		for _, act := range strings.Fields(list) {
			if got := effect(act, &Record{}); got != want {
				t.Errorf("%s is %s, want %s", act, got, want)
			}
		}
	}
}

func TestEffectByRequest(t *testing.T) {
	tests := []struct {
		act, request string
		want         graph.Effect
	}{
		{"ssm:GetParameter", `{"name":"x","withDecryption":true}`, graph.SecretRead},
		{"ssm:GetParameter", `{"name":"x","withDecryption":false}`, graph.Read},
		{"ssm:GetParametersByPath", `{"path":"/"}`, graph.Read},
		{"ec2:ModifyInstanceAttribute", `{"instanceId":"i-1","userData":"<sensitiveDataRemoved>"}`, graph.Control},
		{"ec2:ModifyInstanceAttribute", `{"instanceId":"i-1","groupSet":{"items":[{"groupId":"sg-1"}]}}`, graph.Change},
		{"ec2:RunInstances", `{"iamInstanceProfile":{"name":"p"}}`, graph.Control},
		{"ec2:RunInstances", `{"iamInstanceProfile":{}}`, graph.Create},
		{"ec2:RunInstances", `null`, graph.Create},
		{"ec2:ModifySnapshotAttribute", `{"snapshotId":"snap-1","createVolumePermission":{"add":{"items":[{"userId":"1"}]}}}`, graph.Grant},
		{"ec2:ModifyImageAttribute", `{"imageId":"ami-1","launchPermission":{"add":{"items":[{"group":"all"}]}}}`, graph.Grant},
		{"ec2:ModifyImageAttribute", `{"imageId":"ami-1","description":{"value":"x"}}`, graph.Change},
		{"cloudformation:CreateStack", `{"stackName":"s","roleARN":"arn:aws:iam::1:role/r"}`, graph.Control},
		{"cloudformation:CreateStack", `{"stackName":"s"}`, graph.Create},
		{"ecs:UpdateService", `{"service":"s","taskDefinition":"t:2"}`, graph.Control},
		{"ecs:UpdateService", `{"service":"s","desiredCount":0}`, graph.Change},
		{"lambda:UpdateFunctionConfiguration", `{"functionName":"f","layers":["arn:aws:lambda:us-east-1:1:layer:l:1"]}`, graph.Control},
		{"lambda:UpdateFunctionConfiguration", `{"functionName":"f","timeout":3}`, graph.Change},
		{"codebuild:StartBuild", `{"projectName":"p"}`, graph.Use},
		{"codebuild:StartBuild", `{"projectName":"p","buildspecOverride":"version: 0.2"}`, graph.Control},
		{"sns:SetTopicAttributes", `{"topicArn":"a","attributeName":"Policy"}`, graph.Grant},
		{"sns:SetTopicAttributes", `{"topicArn":"a","attributeName":"DisplayName"}`, graph.Change},
		{"sqs:SetQueueAttributes", `{"queueUrl":"u","attributes":{"Policy":"{}"}}`, graph.Grant},
		{"sqs:SetQueueAttributes", `{"queueUrl":"u","attributes":{"VisibilityTimeout":"30"}}`, graph.Change},
	}
	for _, tt := range tests {
		if got := effect(tt.act, &Record{Request: Value(tt.request)}); got != tt.want {
			t.Errorf("%s %s is %s, want %s", tt.act, tt.request, got, tt.want)
		}
	}
	if got := effect("nosuch:Thing", &Record{ReadOnly: True}); got != graph.Read {
		t.Errorf("an unknown action that only reads is %s", got)
	}
}

// An action stands in one list, spelt as IAM spells it.
func TestEffectListsAgree(t *testing.T) {
	in := map[string]graph.Effect{}
	for e, text := range effectLists {
		for _, act := range strings.Fields(text) {
			if other, twice := in[act]; twice {
				t.Errorf("%s is both %s and %s", act, other, e)
			}
			in[act] = e
			if _, both := byRequest[act]; both {
				t.Errorf("%s is decided by its request too", act)
			}
			if a, ok := iamdata.Lookup(act); ok && a.Name != act {
				t.Errorf("%s is spelt %s", act, a.Name)
			} else if !ok && !strings.HasPrefix(act, "signin:") {
				t.Logf("%s is unknown to IAM", act)
			}
		}
	}
}

// The extractor remembers; what it says must not differ from the functions.
func TestExtractorRemembersRightly(t *testing.T) {
	x := newExtractor(false)
	for _, folder := range []string{"invictus-aws-stratus-2023/CloudTrail", "traildiscover-log-examples/logExamples"} {
		for _, r := range captured(t, folder) {
			act := action(r)
			if got := x.action(r); got != act {
				t.Errorf("%s: action %s, remembered %s", r.EventName, act, got)
			}
			if got, want := x.effect(act, r), effect(act, r); got != want {
				t.Errorf("%s: effect %s, remembered %s", r.EventName, want, got)
			}
		}
	}
}
