package cloudtrail

import "testing"

// One case for each trap that real records hold beyond the table.
func TestTraps(t *testing.T) {
	const deployFacts1, deployFacts2, deployFacts3 = "session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
		"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00", "key:ASIADEPLOY OF iam:role/ci/deploy"
	runCases(t, []emitCase{
		{name: "a password made, and used nine seconds later without a key", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateLoginProfile","eventTime":"2026-11-22T10:23:06Z","requestParameters":{"userName":"bob"},"responseElements":{"loginProfile":{"userName":"bob"}}`,
			`"userIdentity":{"type":"IAMUser","principalId":"AIDABOB","arn":"arn:aws:iam::111122223333:user/bob","accountId":"111122223333","userName":"bob"},"eventTime":"2026-11-22T10:23:15Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn","responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"No"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DeleteLoginProfile","eventTime":"2026-11-22T10:24:00Z","requestParameters":{"userName":"bob"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"iam:user/bob HOLDS aws:password:iam:user/bob began 10:23:06 ended 10:24:00",
			"key:AKIAANN CALLED iam:CreateLoginProfile OK iam:user/bob",
			"key:AKIAANN CALLED iam:DeleteLoginProfile OK iam:user/bob",
			"key:AKIAANN ISSUED key_join aws:password:iam:user/bob at 10:23:06",
			"aws:password:iam:user/bob CALLED signin:ConsoleLogin OK endpoint:signin",
			"aws:password:iam:user/bob ISSUED principal_creation session:AIDABOB@10:23:15Z at 10:23:15",
			"session:AIDABOB@10:23:15Z OF iam:user/bob",
		}, attrs: []string{"session:AIDABOB@10:23:15Z console=true"}},

		{name: "a pipeline's manual approval names who gave it, and where", records: []string{
			ann + `,"eventSource":"codepipeline.amazonaws.com","eventName":"PutApprovalResult","requestParameters":{"pipelineName":"p","stageName":"Prod","actionName":"Gate","token":"1b","result":{"summary":"fine","status":"Approved"}},"responseElements":{"approvedAt":"Nov 22, 2026 10:00:00 AM"}`,
			ann + `,"eventID":"e2","eventSource":"codepipeline.amazonaws.com","eventName":"PutApprovalResult","requestParameters":{"pipelineName":"p","stageName":"Prod","actionName":"Gate","result":{"status":"Rejected"}}`,
			ann + `,"eventID":"e3","eventSource":"codepipeline.amazonaws.com","eventName":"PutApprovalResult","errorCode":"ApprovalAlreadyCompletedException","requestParameters":{"pipelineName":"p","stageName":"Prod","actionName":"Gate","result":{"status":"Approved"}}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"iam:user/ann APPROVED pipeline Prod/Gate OK arn:aws:codepipeline:eu-north-1:111122223333:p",
			"iam:user/ann APPROVED pipeline Prod/Gate DENIED arn:aws:codepipeline:eu-north-1:111122223333:p",
			"key:AKIAANN CALLED codepipeline:PutApprovalResult OK arn:aws:codepipeline:eu-north-1:111122223333:p",
			"key:AKIAANN CALLED codepipeline:PutApprovalResult ERROR arn:aws:codepipeline:eu-north-1:111122223333:p",
		}},

		{name: "a sign-in that failed proves no password, and may hide the name", records: []string{
			`"userIdentity":{"type":"IAMUser","principalId":"AIDABOB","arn":"arn:aws:iam::111122223333:user/bob","accountId":"111122223333","userName":"bob"},"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"}`,
			`"userIdentity":{"type":"IAMUser","principalId":"","accountId":"111122223333","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"},"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","errorMessage":"No username found in supplied account","responseElements":{"ConsoleLogin":"Failure"}`,
		}, edges: []string{
			"iam:user/bob CALLED signin:ConsoleLogin DENIED endpoint:signin",
			"aws:principal:unknown CALLED signin:ConsoleLogin DENIED endpoint:signin",
		}},

		{name: "a record without ARN names the user", records: []string{
			`"userIdentity":{"type":"IAMUser","principalId":"AIDABOB","accountId":"111122223333","accessKeyId":"","userName":"bob"},"eventSource":"signin.amazonaws.com","eventName":"CheckMfa","responseElements":{"CheckMfa":"Success"}`,
		}, edges: []string{
			"iam:user/bob HOLDS aws:password:iam:user/bob",
			"aws:password:iam:user/bob CALLED signin:CheckMfa OK endpoint:signin",
		}},

		{name: "launch and role session share a requestID: each record writes its half", records: []string{
			`"userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"},"requestID":"r1","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/web","roleSessionName":"i-0123456789abcdef0"},"responseElements":{"credentials":{"accessKeyId":"ASIAWEB"}}`,
			ann + `,"requestID":"r1","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","responseElements":{"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"}]}}`,
			ann + `,"requestID":"r2","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","errorCode":"Client.InvalidParameterValue"`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"service:ec2 CALLED sts:AssumeRole OK iam:role/web",
			"service:ec2 ISSUED key_join key:ASIAWEB at 10:00:00",
			"aws:request:r1 ISSUED request_join key:ASIAWEB at 10:00:00",
			"key:AKIAANN ISSUED request_join aws:request:r1 at 10:00:00",
			"key:ASIAWEB OF iam:role/web",
			"key:AKIAANN CALLED ec2:RunInstances OK arn:aws:ec2:eu-north-1:111122223333:instance/i-0123456789abcdef0",
			"key:AKIAANN CALLED ec2:RunInstances ERROR endpoint:ec2",
		}},

		{name: "one user name, two unique ids", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventTime":"2026-11-22T10:00:01Z","requestParameters":{"userName":"bob"},"responseElements":{"user":{"userName":"bob","userId":"AIDABOB1","arn":"arn:aws:iam::111122223333:user/bob"}}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DeleteUser","eventTime":"2026-11-22T10:00:02Z","requestParameters":{"userName":"bob"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventTime":"2026-11-22T10:00:03Z","requestParameters":{"userName":"bob"},"responseElements":{"user":{"userName":"bob","userId":"AIDABOB2","arn":"arn:aws:iam::111122223333:user/bob"}}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED iam:CreateUser OK iam:user/bob",
			"key:AKIAANN CALLED iam:DeleteUser OK iam:user/bob",
		}, attrs: []string{"iam:user/bob uniqueId=AIDABOB1", "iam:user/bob uniqueId=AIDABOB2", "iam:user/bob created=e0@111122223333",
			"iam:user/bob created=e2@111122223333", "iam:user/bob deleted=e1@111122223333"}},

		{name: "who a new role trusts: accounts, services, providers, each by statement", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateRole","requestParameters":{"roleName":"r","assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"999988887777\",\"arn:aws:iam::111122223333:root\"],\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"},"responseElements":{"role":{"roleName":"r","roleId":"AROAR","arn":"arn:aws:iam::111122223333:role/r"}}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"UpdateAssumeRolePolicy","eventTime":"2026-11-22T11:00:00Z","requestParameters":{"roleName":"r","policyDocument":"{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}}"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED iam:CreateRole OK iam:role/r",
			"key:AKIAANN CALLED iam:UpdateAssumeRolePolicy OK iam:role/r",
			"aws:account:111122223333 TRUSTS Allow:eca4c4f1d5ce78dc iam:role/r began 10:00:00",
			"aws:account:999988887777 TRUSTS Allow:eca4c4f1d5ce78dc iam:role/r began 10:00:00",
			"service:ec2 TRUSTS Allow:eca4c4f1d5ce78dc iam:role/r began 10:00:00",
			"aws:principal:* TRUSTS Deny:dd5c68b537a53417 iam:role/r began 11:00:00",
		}},

		{name: "permissions given and taken, each dated", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"AttachRolePolicy","requestParameters":{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DetachRolePolicy","eventTime":"2026-11-22T11:00:00Z","requestParameters":{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"AttachRolePolicy","errorCode":"AccessDenied","requestParameters":{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"AddUserToGroup","requestParameters":{"userName":"bob","groupName":"g"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"PutUserPolicy","requestParameters":{"userName":"bob","policyName":"p","policyDocument":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreatePolicyVersion","requestParameters":{"policyArn":"arn:aws:iam::111122223333:policy/m","setAsDefault":true,"policyDocument":"{\"Statement\":[]}"},"responseElements":{"policyVersion":{"versionId":"v3","isDefaultVersion":true}}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED iam:AttachRolePolicy OK iam:role/r",
			"key:AKIAANN CALLED iam:AttachRolePolicy DENIED iam:role/r",
			"key:AKIAANN CALLED iam:DetachRolePolicy OK iam:role/r",
			"iam:role/r GRANTED_BY attached arn:aws:iam::aws:policy/AdministratorAccess began 10:00:00 ended 11:00:00",
			"key:AKIAANN CALLED iam:AddUserToGroup OK iam:group/g",
			"iam:user/bob GRANTED_BY member iam:group/g began 10:00:00",
			"key:AKIAANN CALLED iam:PutUserPolicy OK iam:user/bob",
			"iam:user/bob GRANTED_BY inline:p policy:sha256:dd16e860aeadbb2498a55476c3854d6bc91368c8577f36dff5f05b51ed990cd9 began 10:00:00",
			"key:AKIAANN CALLED iam:CreatePolicyVersion OK iam:policy/m",
			"iam:policy/m GRANTED_BY version:v3 policy:sha256:701f12e2a45641932e7716b160cc43c240755a8790dc94ac5af17eb9dc4d261f began 10:00:00",
		}, attrs: []string{"iam:policy/m defaultVersion=v3",
			"policy:sha256:dd16e860aeadbb2498a55476c3854d6bc91368c8577f36dff5f05b51ed990cd9 allowsEverything=always"}},

		{name: "a role passed to a function, and to an instance profile", records: []string{
			ann + `,"eventSource":"lambda.amazonaws.com","eventName":"CreateFunction20150331","requestParameters":{"functionName":"f","role":"arn:aws:iam::111122223333:role/fr"},"responseElements":{"functionArn":"arn:aws:lambda:eu-north-1:111122223333:function:f","role":"arn:aws:iam::111122223333:role/fr"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"AddRoleToInstanceProfile","requestParameters":{"roleName":"web","instanceProfileName":"web"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED lambda:CreateFunction OK arn:aws:lambda:eu-north-1:111122223333:function:f",
			"arn:aws:lambda:eu-north-1:111122223333:function:f RUNS_AS iam:role/fr began 10:00:00",
			"key:AKIAANN CALLED iam:AddRoleToInstanceProfile OK iam:instance-profile/web",
			"iam:instance-profile/web RUNS_AS iam:role/web began 10:00:00",
		}},

		{name: "a user with a path: the name alone is an alias", records: []string{
			`"userIdentity":{"type":"IAMUser","principalId":"AIDABOB","arn":"arn:aws:iam::111122223333:user/team/bob","accountId":"111122223333","userName":"bob"},"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Success"}`,
			`"userIdentity":{"type":"IAMUser","principalId":"AIDABOB","arn":"arn:aws:iam::111122223333:user/team/bob","accountId":"111122223333","accessKeyId":"AKIABOB","userName":"bob"},"eventSource":"iam.amazonaws.com","eventName":"DeleteAccessKey","requestParameters":{"userName":"bob","accessKeyId":"AKIAOLD"}`,
		}, edges: []string{
			"iam:user/team/bob HOLDS aws:password:iam:user/team/bob",
			"iam:user/team/bob HOLDS key:AKIABOB",
			"iam:user/team/bob HOLDS key:AKIAOLD ended 10:00:00",
			"aws:password:iam:user/team/bob CALLED signin:ConsoleLogin OK endpoint:signin",
			"aws:password:iam:user/team/bob ISSUED principal_creation session:AIDABOB@10:00:00Z at 10:00:00",
			"session:AIDABOB@10:00:00Z OF iam:user/team/bob",
			"key:AKIABOB CALLED iam:DeleteAccessKey OK key:AKIAOLD",
		}, attrs: []string{"iam:user/team/bob alias=iam:user/bob", "aws:password:iam:user/team/bob alias=aws:password:iam:user/bob"}},

		{name: "root of a member account, assumed", records: []string{
			ann + `,"eventSource":"sts.amazonaws.com","eventName":"AssumeRoot","requestParameters":{"targetPrincipal":"444455556666","taskPolicyArn":{"arn":"arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}},"responseElements":{"credentials":{"accessKeyId":"ASIAROOT","expiration":"Nov 22, 2026, 10:15:00 AM"}}`,
			`"userIdentity":{"type":"Root","principalId":"444455556666","arn":"arn:aws:iam::444455556666:root","accountId":"444455556666","accessKeyId":"ASIAROOT","sessionContext":{"assumedRoot":"true","attributes":{"creationDate":"2026-11-22T10:00:00Z"}}},"recipientAccountId":"444455556666",` + describe,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED sts:AssumeRoot OK aws:account:444455556666",
			"key:AKIAANN ISSUED key_join key:ASIAROOT at 10:00:00",
			"key:ASIAROOT OF arn:aws:iam::444455556666:root ended 10:15:00",
			"session:444455556666@10:00:00Z OF arn:aws:iam::444455556666:root",
			"session:444455556666@10:00:00Z HOLDS key:ASIAROOT began 10:00:00",
			"key:ASIAROOT CALLED ec2:DescribeVpcs OK aws:endpoint:444455556666:eu-north-1:ec2",
		}, attrs: []string{"session:444455556666@10:00:00Z assumedRoot=true"}},

		{name: "one call seen by two accounts is one call", records: []string{
			`"sharedEventID":"s1",` + deploy + "," + describe,
			`"sharedEventID":"s1",` + deploy + "," + describe,
		}, edges: []string{deployFacts1, deployFacts2, deployFacts3,
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}},

		{name: "a corrected record replaces its original, a late one does not", records: []string{
			deploy + `,"eventSource":"ec2.amazonaws.com","eventName":"DeleteVpc","requestParameters":{"vpcId":"vpc-1"}`,
			deploy + "," + describe + `,"addendum":{"reason":"UPDATED_DATA","originalEventID":"e0"}`,
			deploy + `,"eventSource":"ec2.amazonaws.com","eventName":"DescribeSubnets","addendum":{"reason":"DELIVERY_DELAY","originalEventID":"e2"}`,
		}, edges: []string{deployFacts1, deployFacts2, deployFacts3,
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2",
			"key:ASIADEPLOY CALLED ec2:DescribeSubnets OK endpoint:ec2",
		}},

		{name: "a long-lived key inside a console session is the user's", records: []string{
			`"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"AKIAANN","userName":"ann","sessionContext":{"sessionIssuer":{},"attributes":{"creationDate":"2026-11-22T09:00:00Z"}}},` + describe,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}},

		{name: "insight, and an endpoint event with and without an actor", records: []string{
			`"eventCategory":"Insight","eventType":"AwsCloudTrailInsight","eventName":"RunInstances","eventSource":"ec2.amazonaws.com"`,
			`"eventCategory":"NetworkActivity","eventType":"AwsVpceEvent",` + describe,
			`"eventCategory":"NetworkActivity","eventType":"AwsVpceEvent",` + deploy + "," + describe,
		}, edges: []string{deployFacts1, deployFacts2, deployFacts3,
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, skips: "insight:1 vpc endpoint event without an actor:1"},

		{name: "a partner's activity event", records: []string{
			`"eventCategory":"ActivityAuditLog","eventType":"ActivityLog","eventData":{"userIdentity":{"type":"IdPUser","principalId":"ann@example.org"},"eventSource":"partner.example","eventName":"user.login","eventTime":"2026-11-22T10:00:00Z","recipientAccountId":"111122223333"}`,
		}, edges: []string{
			"partner:idpuser:ann@example.org CALLED partner.example:user.login OK endpoint:partner.example",
		}},
	})
}

// The programs behind calls: agents by evidence, clients without version.
func TestPrograms(t *testing.T) {
	cases := []struct{ ua, client, tool, evidence, terminal string }{
		{"aws-cli/2.35.30 md/awscrt#0.31.2 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13 m/AP,n,E,b,Z cfg/retry-mode#standard md/installer#exe sid/0a1b2c3d4e5f md/command#s3.ls", "aws-cli", "codex", evidenceFeature, "0a1b2c3d4e5f"},
		{"[aws-cli/2.35.30 md/awscrt#0.31.2 m/b,AN,E]", "aws-cli", "claude-code", evidenceFeature, ""},
		{"aws-cli/2.35.30 m/AW,b exec-env/AmazonQ-For-CLI-Version-1.10", "aws-cli", "cursor", evidenceFeature, ""},
		{"aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 m/N,E,b", "aws-cli", "", "", ""},
		{"aws-cli/2.15 exec-env/AmazonQ-For-CLI-Version-1.10.0", "aws-cli", "amazon-q-cli", evidenceToken, ""},
		{"Boto3/1.38 md/Botocore#1.38 md/awslabs#mcp#aws-api-mcp-server#1.0.2 MCPClient/Claude-Code#2.1", "boto3", "claude-code", evidenceToken, ""},
		{"Boto3/1.38 md/Botocore#1.38 md/awslabs#mcp#cost-explorer#0.1", "boto3", "awslabs-cost-explorer", evidenceToken, ""},
		{"agentcore-mcp-server/0.3 gateway", "agentcore-mcp-server", "agentcore-mcp-server", evidenceToken, ""},
		{"Boto3/1.38 agent/HealthOmics", "boto3", "healthomics", evidenceDeclared, ""},
		{"claude-code/2.1.202 (cli)", "claude-code", "claude-code", evidenceToken, ""},
		{"APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) terraform-provider-aws/3.76.1 aws-sdk-go/1.44.157 (go1.19.3; linux; amd64)", "terraform", "", "", ""},
		{"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488]", "console", "", "", ""},
		{"RDS Console, aws-internal/3 aws-sdk-java/1.11.975", "console", "", "", ""},
		{"console.amazonaws.com", "console", "", "", ""},
		{"AWS Internal", "", "", "", ""},
		{"cloudformation.amazonaws.com", "", "", "", ""},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0", "browser", "", "", ""},
		{"aws-sdk-go-v2/1.17.0 os/linux lang/go/1.18.10", "aws-sdk-go", "", "", ""},
		{"stratus-red-team_39f95f43-cd2f-4beb-b69e-be60b6fe1f57", "stratus-red-team", "", "", ""},
		{"my-tool_39f95f43-cd2f-4beb-b69e-be60b6fe1f57/1.2 extra", "my-tool", "", "", ""},
		{"Jersey/${project.version} (HttpUrlConnection 17.0.1)", "jersey", "", "", ""},
		{"", "", "", "", ""},
	}
	for _, c := range cases {
		p := programOf(c.ua)
		if p.client != c.client || p.tool != c.tool || p.evidence != c.evidence || p.terminal != c.terminal {
			t.Errorf("%q:\n got client %q, tool %q by %q in %q\nwant client %q, tool %q by %q in %q", c.ua,
				p.client, p.tool, p.evidence, p.terminal, c.client, c.tool, c.evidence, c.terminal)
		}
	}
}

func TestAgents(t *testing.T) {
	const session = "session:AROADEPLOY:run@09:30:00Z"
	facts := []string{session + " OF iam:role/ci/deploy", session + " HOLDS key:ASIADEPLOY began 09:30:00", "key:ASIADEPLOY OF iam:role/ci/deploy"}
	with := func(lines ...string) []string { return append(lines, facts...) }
	runCases(t, []emitCase{
		{name: "an agent inside an engineer's session", records: []string{deploy + "," + describe + `,"userAgent":"aws-cli/2.35.30 m/AN,b sid/0a1b2c3d4e5f"`}, edges: with(
			"agent:claude-code:"+session+":0a1b2c3d4e5f DRIVES ua_feature "+session,
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2 via agent:claude-code:"+session+":0a1b2c3d4e5f via client:aws-cli"),
			attrs: []string{"agent:claude-code:" + session + ":0a1b2c3d4e5f tool=claude-code", "agent:claude-code:" + session + ":0a1b2c3d4e5f evidence=ua_feature"}},

		{name: "an agent with a long-lived key drives the key", records: []string{ann + "," + describe + `,"userAgent":"aws-cli/2.35.30 m/AO"`}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"agent:gemini-cli:key:AKIAANN DRIVES ua_feature key:AKIAANN",
			"key:AKIAANN CALLED ec2:DescribeVpcs OK endpoint:ec2 via agent:gemini-cli:key:AKIAANN via client:aws-cli",
		}},

		{name: "the MCP server of AWS: tool call and downstream call meet at the request", records: []string{
			deploy + `,"eventType":"AwsMcpEvent","eventCategory":"Data","eventSource":"aws-mcp.amazonaws.com","eventName":"CallReadWriteTool","userAgent":"claude-code/2.1.202 (cli)","requestParameters":{"params":{"name":"aws___call_aws"}},"additionalEventData":{"downstreamRequests":[{"apiName":"DescribeVpcs","requestId":"r7","x":""}]}`,
			`"userIdentity":{` + deployID + `,"accessKeyId":"ASIAMCP","sessionContext":{` + deployCtx + `,"signInSessionArn":"arn:aws:signin:eu-north-1:111122223333:session/x"},"invokedBy":"aws-mcp.amazonaws.com"},"requestID":"r7","sourceIPAddress":"aws-mcp.amazonaws.com","userAgent":"aws-mcp.amazonaws.com",` + describe,
		}, edges: with(
			"agent:claude-code:"+session+" DRIVES mcp_event "+session,
			"agent:claude-code:"+session+" DRIVES mcp_event aws:request:r7",
			"agent:aws-mcp:"+session+" DRIVES mcp_event "+session,
			"agent:aws-mcp:"+session+" DRIVES mcp_event aws:request:r7",
			"key:ASIADEPLOY CALLED aws-mcp:CallReadWriteTool OK endpoint:aws-mcp via agent:claude-code:"+session+" via client:claude-code",
			"key:ASIAMCP OF iam:role/ci/deploy",
			session+" HOLDS key:ASIAMCP began 09:30:00",
			"arn:aws:signin:eu-north-1:111122223333:session/x ISSUED sign_in_session key:ASIAMCP at 09:30:00",
			session+" ISSUED fas key:ASIAMCP at 09:30:00",
			"key:ASIAMCP CALLED ec2:DescribeVpcs OK endpoint:ec2 via agent:aws-mcp:"+session+" via service:aws-mcp")},

		{name: "an OAuth grant begins a sign-in session", records: []string{
			`"userIdentity":{` + deployID + `,"sessionContext":{` + deployCtx + `}},"eventSource":"signin.amazonaws.com","eventName":"CreateOAuth2Token","eventType":"AwsApiCall","requestParameters":{"client_id":"arn:aws:signin:eu-north-1::external-client/dcr/c","resource":"https://aws-mcp.eu-north-1.api.aws/mcp","code":"HIDDEN_DUE_TO_SECURITY_REASONS"},"additionalEventData":{"signInSessionArn":"arn:aws:signin:eu-north-1:111122223333:session/x"}`,
		}, edges: []string{
			session + " OF iam:role/ci/deploy",
			session + " CALLED signin:CreateOAuth2Token OK endpoint:signin",
			session + " ISSUED sign_in_session aws:oauth:arn:aws:signin:eu-north-1:111122223333:session/x at 10:00:00",
			"aws:oauth:arn:aws:signin:eu-north-1:111122223333:session/x ISSUED sign_in_session arn:aws:signin:eu-north-1:111122223333:session/x at 10:00:00",
		}},

		{name: "a grant to a client that all share begins nothing", records: []string{
			`"userIdentity":{` + deployID + `,"sessionContext":{` + deployCtx + `}},"eventSource":"signin.amazonaws.com","eventName":"AuthorizeOAuth2Access","requestParameters":{"client_id":"arn:aws:signin:::devtools/same-device"}`,
		}, edges: []string{
			session + " OF iam:role/ci/deploy",
			session + " CALLED signin:AuthorizeOAuth2Access OK endpoint:signin",
		}},

		{name: "a key that an agent got remembers the agent", records: []string{
			deploy + `,"userAgent":"aws-cli/2.35.30 m/AN,b","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/next","roleSessionName":"n"},"responseElements":{"credentials":{"accessKeyId":"ASIANEXT"}}`,
		}, edges: with(
			"agent:claude-code:"+session+" DRIVES ua_feature "+session,
			"key:ASIADEPLOY CALLED sts:AssumeRole OK iam:role/next via agent:claude-code:"+session+" via client:aws-cli",
			"key:ASIADEPLOY ISSUED key_join key:ASIANEXT via agent:claude-code:"+session+" via client:aws-cli at 10:00:00",
			"key:ASIANEXT OF iam:role/next")},

		{name: "an agent's runtime fetches its tokens", records: []string{
			deploy + `,"eventSource":"bedrock-agentcore.amazonaws.com","eventName":"GetResourceApiKey","requestParameters":{"resourceCredentialProviderName":"github"}`,
		}, edges: with(
			"agent:bedrock-agentcore:"+session+" DRIVES runtime_role "+session,
			"key:ASIADEPLOY CALLED bedrock-agentcore:GetResourceApiKey OK arn:aws:bedrock-agentcore:eu-north-1:111122223333:token-vault/default/apikeycredentialprovider/github via agent:bedrock-agentcore:"+session)},

		{name: "a runtime is configured to run as a role", records: []string{
			ann + `,"eventSource":"bedrock-agentcore-control.amazonaws.com","eventName":"CreateAgentRuntime","requestParameters":{"agentRuntimeName":"r","roleArn":"arn:aws:iam::111122223333:role/agent"},"responseElements":{"agentRuntimeArn":"arn:aws:bedrock-agentcore:eu-north-1:111122223333:runtime/r-1"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED bedrock-agentcore:CreateAgentRuntime OK arn:aws:bedrock-agentcore:eu-north-1:111122223333:runtime/r-1",
			"arn:aws:bedrock-agentcore:eu-north-1:111122223333:runtime/r-1 RUNS_AS iam:role/agent began 10:00:00",
		}},

		{name: "an agent runtime's role", records: []string{
			`"userIdentity":{"type":"AssumedRole","principalId":"AROAAC:s","arn":"arn:aws:sts::111122223333:assumed-role/AmazonBedrockAgentCoreRuntime/s","accountId":"111122223333","accessKeyId":"ASIAAC","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAC","arn":"arn:aws:iam::111122223333:role/AmazonBedrockAgentCoreRuntime","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T09:30:00Z"}}},` + describe,
		}, edges: []string{
			"session:AROAAC:s@09:30:00Z OF iam:role/AmazonBedrockAgentCoreRuntime",
			"session:AROAAC:s@09:30:00Z HOLDS key:ASIAAC began 09:30:00",
			"key:ASIAAC OF iam:role/AmazonBedrockAgentCoreRuntime",
			"agent:bedrock-agentcore:session:AROAAC:s@09:30:00Z DRIVES name session:AROAAC:s@09:30:00Z",
			"key:ASIAAC CALLED ec2:DescribeVpcs OK endpoint:ec2 via agent:bedrock-agentcore:session:AROAAC:s@09:30:00Z",
		}},
	})
}
