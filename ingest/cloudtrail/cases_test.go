package cloudtrail

import "testing"

// One case for each row of the table of identities and credentials.
func TestIdentities(t *testing.T) {
	runCases(t, []emitCase{
		{name: "IAM user with a long-lived key", records: []string{ann + "," + describe + `,"userAgent":"aws-cli/2.17.32 md/awscrt#0.21.2"`}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED ec2:DescribeVpcs OK endpoint:ec2 via client:aws-cli",
		}, attrs: []string{"iam:user/ann uniqueId=AIDAANN", "iam:user/ann account=111122223333"}},

		{name: "key created, switched off, on, deleted", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","eventTime":"2026-11-22T10:00:01Z","requestParameters":{"userName":"bob"},"responseElements":{"accessKey":{"accessKeyId":"AKIABOB","status":"Active","userName":"bob"}}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"UpdateAccessKey","eventTime":"2026-11-22T10:00:02Z","requestParameters":{"userName":"bob","accessKeyId":"AKIABOB","status":"Inactive"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"UpdateAccessKey","eventTime":"2026-11-22T10:00:03Z","requestParameters":{"userName":"bob","accessKeyId":"AKIABOB","status":"Active"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DeleteAccessKey","eventTime":"2026-11-22T10:00:04Z","requestParameters":{"userName":"bob","accessKeyId":"AKIABOB"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DeleteAccessKey","eventTime":"2026-11-22T10:00:05Z","errorCode":"NoSuchEntityException","requestParameters":{"userName":"bob","accessKeyId":"AKIABOB"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"iam:user/bob HOLDS key:AKIABOB began 10:00:01 began 10:00:03 ended 10:00:02 ended 10:00:04",
			"key:AKIAANN ISSUED key_join key:AKIABOB at 10:00:01",
			"key:AKIAANN CALLED iam:CreateAccessKey OK key:AKIABOB",
			"key:AKIAANN CALLED iam:UpdateAccessKey OK key:AKIABOB",
			"key:AKIAANN CALLED iam:DeleteAccessKey OK key:AKIABOB",
			"key:AKIAANN CALLED iam:DeleteAccessKey ERROR key:AKIABOB",
		}},

		{name: "credential for one service made, made anew, switched off, deleted", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateServiceSpecificCredential","eventTime":"2026-11-22T10:00:01Z","requestParameters":{"userName":"bob","serviceName":"bedrock.amazonaws.com"},"responseElements":{"serviceSpecificCredential":{"userName":"bob","serviceName":"bedrock.amazonaws.com","serviceUserName":"bob-at-111122223333","serviceSpecificCredentialId":"ACCABOB","expirationDate":"Nov 22, 2026, 12:00:00 PM"}}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"ResetServiceSpecificCredential","eventTime":"2026-11-22T10:00:02Z","requestParameters":{"userName":"bob","serviceSpecificCredentialId":"ACCABOB"},"responseElements":{"serviceSpecificCredential":{"userName":"bob","serviceSpecificCredentialId":"ACCABOB"}}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"UpdateServiceSpecificCredential","eventTime":"2026-11-22T10:00:03Z","requestParameters":{"userName":"bob","serviceSpecificCredentialId":"ACCABOB","status":"Inactive"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DeleteServiceSpecificCredential","eventTime":"2026-11-22T10:00:04Z","requestParameters":{"userName":"bob","serviceSpecificCredentialId":"ACCABOB"}`,
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"DeleteServiceSpecificCredential","eventTime":"2026-11-22T10:00:05Z","errorCode":"NoSuchEntityException","requestParameters":{"userName":"bob","serviceSpecificCredentialId":"ACCABOB"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"iam:user/bob HOLDS aws:servicecredential:ACCABOB began 10:00:01 ended 10:00:03 ended 10:00:04 ended 12:00:00",
			"key:AKIAANN ISSUED key_join aws:servicecredential:ACCABOB at 10:00:01",
			"key:AKIAANN CALLED iam:CreateServiceSpecificCredential OK iam:user/bob",
			"key:AKIAANN CALLED iam:ResetServiceSpecificCredential OK iam:user/bob",
			"key:AKIAANN CALLED iam:UpdateServiceSpecificCredential OK iam:user/bob",
			"key:AKIAANN CALLED iam:DeleteServiceSpecificCredential OK iam:user/bob",
			"key:AKIAANN CALLED iam:DeleteServiceSpecificCredential ERROR iam:user/bob",
		}, attrs: []string{"aws:servicecredential:ACCABOB service=bedrock", "aws:servicecredential:ACCABOB name=bob-at-111122223333"}},

		{name: "role handed to the pods of a service account, and taken away", records: []string{
			ann + `,"eventSource":"eks.amazonaws.com","eventName":"CreatePodIdentityAssociation","eventTime":"2026-11-22T10:00:01Z","requestParameters":{"clusterName":"c1","namespace":"shop","serviceAccount":"cart","roleArn":"arn:aws:iam::111122223333:role/cart"},"responseElements":{"association":{"clusterName":"c1","namespace":"shop","serviceAccount":"cart","roleArn":"arn:aws:iam::111122223333:role/cart","associationId":"a-1"}}`,
			ann + `,"eventSource":"eks.amazonaws.com","eventName":"DeletePodIdentityAssociation","eventTime":"2026-11-22T10:00:02Z","requestParameters":{"clusterName":"c1","associationId":"a-1"},"responseElements":{"association":{"clusterName":"c1","namespace":"shop","serviceAccount":"cart","roleArn":"arn:aws:iam::111122223333:role/cart","associationId":"a-1"}}`,
			ann + `,"eventSource":"eks.amazonaws.com","eventName":"CreatePodIdentityAssociation","eventTime":"2026-11-22T10:00:03Z","errorCode":"AccessDenied","requestParameters":{"clusterName":"c1","namespace":"shop","serviceAccount":"till","roleArn":"arn:aws:iam::111122223333:role/till"}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"k8s:arn:aws:eks:eu-north-1:111122223333:cluster/c1:sa:shop/cart RUNS_AS iam:role/cart began 10:00:01 ended 10:00:02",
			"key:AKIAANN CALLED eks:CreatePodIdentityAssociation OK arn:aws:eks:eu-north-1:111122223333:cluster/c1",
			"key:AKIAANN CALLED eks:DeletePodIdentityAssociation OK arn:aws:eks:eu-north-1:111122223333:cluster/c1",
			"key:AKIAANN CALLED eks:CreatePodIdentityAssociation DENIED arn:aws:eks:eu-north-1:111122223333:cluster/c1",
		}},

		{name: "key created for oneself: no user name in the request", records: []string{
			ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","requestParameters":null,"responseElements":{"accessKey":{"accessKeyId":"AKIAANN2","userName":"ann"}}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"iam:user/ann HOLDS key:AKIAANN2 began 10:00:00",
			"key:AKIAANN ISSUED key_join key:AKIAANN2 at 10:00:00",
			"key:AKIAANN CALLED iam:CreateAccessKey OK key:AKIAANN2",
		}},

		{name: "console session of an IAM user", records: []string{annASIA + "," + describe + `,"sessionCredentialFromConsole":"true","userAgent":"Mozilla/5.0 (X11)"`}, edges: []string{
			"session:AIDAANN@09:00:00Z OF iam:user/ann",
			"session:AIDAANN@09:00:00Z HOLDS key:ASIAANN began 09:00:00",
			"key:ASIAANN OF iam:user/ann",
			"key:ASIAANN CALLED ec2:DescribeVpcs OK endpoint:ec2 via client:browser",
		}, attrs: []string{"session:AIDAANN@09:00:00Z console=true", "session:AIDAANN@09:00:00Z mfa=true"}},

		{name: "AssumeRole, then use of the key", records: []string{ann + "," + assume, deploy + "," + describe}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED sts:AssumeRole OK iam:role/ci/deploy",
			"key:AKIAANN ISSUED key_join key:ASIADEPLOY at 10:00:00",
			"key:ASIADEPLOY OF iam:role/ci/deploy ended 11:00:00",
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, attrs: []string{"iam:role/ci/deploy alias=iam:role/deploy", "iam:role/ci/deploy uniqueId=AROADEPLOY", "key:ASIADEPLOY name=run"}},

		{name: "AssumeRole denied: the role stands only in the message", records: []string{
			ann + `,"eventSource":"sts.amazonaws.com","eventName":"AssumeRole","errorCode":"AccessDenied","requestParameters":null,"errorMessage":"User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/ci/deploy"`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED sts:AssumeRole DENIED iam:role/ci/deploy",
		}},

		{name: "cross-account AssumeRole, the role owner's copy", records: []string{
			`"userIdentity":{"type":"AWSAccount","principalId":"AIDAFOREIGN","accountId":"999988887777"},"sharedEventID":"s1",` + assume,
		}, edges: []string{
			"aws:principal:AIDAFOREIGN CALLED sts:AssumeRole OK iam:role/ci/deploy",
			"aws:principal:AIDAFOREIGN ISSUED shared_event_id key:ASIADEPLOY at 10:00:00",
			"key:ASIADEPLOY OF iam:role/ci/deploy ended 11:00:00",
		}, attrs: []string{"aws:principal:AIDAFOREIGN account=999988887777"}},

		{name: "role chaining with a source identity", records: []string{
			`"userIdentity":{` + deployID + `,"accessKeyId":"ASIADEPLOY","sessionContext":{` + deployCtx + `,"sourceIdentity":"ann"}},` +
				`"eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/next","roleSessionName":"n"},"responseElements":{"credentials":{"accessKeyId":"ASIANEXT","expiration":"Nov 22, 2026, 11:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROANEXT:n","arn":"arn:aws:sts::111122223333:assumed-role/next/n"}}`,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"key:ASIADEPLOY OF iam:role/ci/deploy",
			"key:ASIADEPLOY CALLED sts:AssumeRole OK iam:role/next",
			"key:ASIADEPLOY ISSUED key_join key:ASIANEXT at 10:00:00",
			"key:ASIANEXT OF iam:role/next ended 11:00:00",
			"aws:sourceidentity:111122223333:ann ISSUED source_identity key:ASIADEPLOY at 09:30:00",
			"aws:sourceidentity:111122223333:ann ISSUED source_identity key:ASIANEXT at 10:00:00",
		}},

		{name: "SwitchRole in the console", records: []string{
			`"userIdentity":{"type":"AssumedRole","principalId":"AROADEPLOY:ann","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ann","accountId":"111122223333"},"eventSource":"signin.amazonaws.com","eventName":"SwitchRole","eventType":"AwsConsoleSignIn","additionalEventData":{"SwitchFrom":"arn:aws:iam::111122223333:user/ann","RedirectTo":"https://console.aws.amazon.com/"},"responseElements":{"SwitchRole":"Success"}`,
		}, edges: []string{
			"iam:user/ann ISSUED principal_creation session:AROADEPLOY:ann@10:00:00Z at 10:00:00",
			"session:AROADEPLOY:ann@10:00:00Z OF iam:role/deploy",
			"iam:role/deploy CALLED signin:SwitchRole OK endpoint:signin",
		}, attrs: []string{"session:AROADEPLOY:ann@10:00:00Z console=true"}},

		{name: "Identity Center: for whom, only from onBehalfOf", records: []string{
			`"userIdentity":{"type":"AssumedRole","principalId":"AROASSO:ann@example.org","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann@example.org","accountId":"111122223333","accessKeyId":"ASIASSO","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROASSO","arn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-north-1/AWSReservedSSO_Admin_0123456789abcdef","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T09:00:00Z"}},"onBehalfOf":{"userId":"u-1","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-1"}},` + describe,
		}, edges: []string{
			"session:AROASSO:ann@example.org@09:00:00Z OF iam:role/aws-reserved/sso/eu-north-1/AWSReservedSSO_Admin_0123456789abcdef",
			"session:AROASSO:ann@example.org@09:00:00Z HOLDS key:ASIASSO began 09:00:00",
			"session:AROASSO:ann@example.org@09:00:00Z ACTS_FOR aws:identitycenter:d-1:u-1",
			"key:ASIASSO OF iam:role/aws-reserved/sso/eu-north-1/AWSReservedSSO_Admin_0123456789abcdef",
			"key:ASIASSO CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, attrs: []string{"session:AROASSO:ann@example.org@09:00:00Z name=ann@example.org"}},

		{name: "Identity Center user of its own", records: []string{
			`"userIdentity":{"type":"IdentityCenterUser","accountId":"111122223333","credentialId":"c-1","onBehalfOf":{"userId":"u-1","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-1"}},"eventSource":"sso.amazonaws.com","eventName":"ListAccounts"`,
		}, edges: []string{
			"aws:identitycenter:d-1:u-1 HOLDS aws:oauth:c-1",
			"aws:oauth:c-1 CALLED sso:ListAccounts OK endpoint:sso",
		}},

		{name: "EC2 instance profile", records: []string{
			`"userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"},"requestID":"r1","sharedEventID":"s1","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","sourceIPAddress":"ec2.amazonaws.com","userAgent":"ec2.amazonaws.com","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/web","roleSessionName":"i-0123456789abcdef0"},"responseElements":{"credentials":{"accessKeyId":"ASIAWEB","expiration":"Nov 22, 2026, 4:00:00 PM"}}`,
			`"userIdentity":{"type":"AssumedRole","principalId":"AROAWEB:i-0123456789abcdef0","arn":"arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0","accountId":"111122223333","accessKeyId":"ASIAWEB","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAWEB","arn":"arn:aws:iam::111122223333:role/web","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T10:00:00Z"},"ec2RoleDelivery":"2.0"}},` + describe,
			`"userIdentity":{"type":"AssumedRole","principalId":"AROAWEB:i-0123456789abcdef0","arn":"arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0","accountId":"111122223333","accessKeyId":"ASIAWEB","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAWEB","arn":"arn:aws:iam::111122223333:role/web","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T10:00:00Z"},"ec2RoleDelivery":"2.0"}},"eventSource":"iam.amazonaws.com","eventName":"ListUsers","awsRegion":"us-east-1"`,
		}, edges: []string{
			"service:ec2 CALLED sts:AssumeRole OK iam:role/web",
			"service:ec2 ISSUED key_join key:ASIAWEB at 10:00:00",
			"aws:request:r1 ISSUED request_join key:ASIAWEB at 10:00:00",
			"key:ASIAWEB OF iam:role/web ended 16:00:00",
			"session:AROAWEB:i-0123456789abcdef0@10:00:00Z OF iam:role/web",
			"session:AROAWEB:i-0123456789abcdef0@10:00:00Z HOLDS key:ASIAWEB began 10:00:00",
			"arn:aws:ec2:eu-north-1:111122223333:instance/i-0123456789abcdef0 RUNS session:AROAWEB:i-0123456789abcdef0@10:00:00Z",
			"key:ASIAWEB CALLED ec2:DescribeVpcs OK endpoint:ec2",
			"key:ASIAWEB CALLED iam:ListUsers OK aws:endpoint:111122223333:us-east-1:iam",
		}, attrs: []string{"session:AROAWEB:i-0123456789abcdef0@10:00:00Z ec2RoleDelivery=2.0"}},

		{name: "launch of an instance", records: []string{
			deploy + `,"requestID":"r1","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","requestParameters":{"iamInstanceProfile":{"name":"web"}},"responseElements":{"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"}]}}`,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"key:ASIADEPLOY OF iam:role/ci/deploy",
			"key:ASIADEPLOY ISSUED request_join aws:request:r1 at 10:00:00",
			"key:ASIADEPLOY CALLED ec2:RunInstances OK arn:aws:ec2:eu-north-1:111122223333:instance/i-0123456789abcdef0",
			"arn:aws:ec2:eu-north-1:111122223333:instance/i-0123456789abcdef0 RUNS_AS iam:instance-profile/web began 10:00:00",
		}},

		{name: "Lambda by inScopeOf", records: []string{
			`"userIdentity":{` + deployID + `,"accessKeyId":"ASIADEPLOY","sessionContext":{` + deployCtx + `},"inScopeOf":{"issuerType":"AWS::Lambda::Function","credentialsIssuedTo":"arn:aws:lambda:eu-north-1:111122223333:function:run"}},` + describe,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"arn:aws:lambda:eu-north-1:111122223333:function:run RUNS session:AROADEPLOY:run@09:30:00Z",
			"key:ASIADEPLOY OF iam:role/ci/deploy",
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}},

		{name: "ECS task by inScopeOf", records: []string{
			`"userIdentity":{` + deployID + `,"accessKeyId":"ASIADEPLOY","sessionContext":{` + deployCtx + `},"inScopeOf":{"sourceArn":"arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef"}},` + describe,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef RUNS session:AROADEPLOY:run@09:30:00Z",
			"arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef PART_OF arn:aws:ecs:eu-north-1:111122223333:cluster/c",
			"key:ASIADEPLOY OF iam:role/ci/deploy",
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}},

		{name: "Lambda by its execution environment", records: []string{
			deploy + "," + describe + `,"userAgent":"Boto3/1.34 md/Botocore#1.34 lang/python#3.12 exec-env/AWS_Lambda_python3.12 m/Z,b,g"`,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"arn:aws:lambda:eu-north-1:111122223333:function:run RUNS session:AROADEPLOY:run@09:30:00Z",
			"key:ASIADEPLOY OF iam:role/ci/deploy",
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2 via client:boto3",
		}},

		{name: "a role that a function assumed is not the function's own session", records: []string{
			deploy + "," + describe + `,"userAgent":"Boto3/1.34 md/Botocore#1.34 exec-env/AWS_Lambda_python3.12 m/Z,b,i"`,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIADEPLOY began 09:30:00",
			"key:ASIADEPLOY OF iam:role/ci/deploy",
			"key:ASIADEPLOY CALLED ec2:DescribeVpcs OK endpoint:ec2 via client:boto3",
		}},

		{name: "ECS task", records: []string{
			`"userIdentity":{"type":"AssumedRole","principalId":"AROATASK:0123456789abcdef0123456789abcdef","arn":"arn:aws:sts::111122223333:assumed-role/task/0123456789abcdef0123456789abcdef","accountId":"111122223333","accessKeyId":"ASIATASK","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROATASK","arn":"arn:aws:iam::111122223333:role/task","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T09:00:00Z"}}},` + describe + `,"userAgent":"aws-sdk-go-v2/1.30 exec-env/AWS_ECS_FARGATE"`,
			ann + `,"eventSource":"ecs.amazonaws.com","eventName":"StopTask","requestParameters":{"cluster":"c","task":"0123456789abcdef0123456789abcdef"},"responseElements":{"task":{"taskArn":"arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef"}}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED ecs:StopTask OK arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef",
			"arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef PART_OF arn:aws:ecs:eu-north-1:111122223333:cluster/c",
			"session:AROATASK:0123456789abcdef0123456789abcdef@09:00:00Z OF iam:role/task",
			"session:AROATASK:0123456789abcdef0123456789abcdef@09:00:00Z HOLDS key:ASIATASK began 09:00:00",
			"aws:ecs-task:111122223333:0123456789abcdef0123456789abcdef RUNS session:AROATASK:0123456789abcdef0123456789abcdef@09:00:00Z",
			"key:ASIATASK OF iam:role/task",
			"key:ASIATASK CALLED ec2:DescribeVpcs OK endpoint:ec2 via client:aws-sdk-go",
		}, attrs: []string{"arn:aws:ecs:eu-north-1:111122223333:task/c/0123456789abcdef0123456789abcdef alias=aws:ecs-task:111122223333:0123456789abcdef0123456789abcdef"}},

		{name: "EKS service account (IRSA)", records: []string{
			`"userIdentity":{"type":"WebIdentityUser","principalId":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-north-1.amazonaws.com/id/C1:sts.amazonaws.com:system:serviceaccount:shop:cart","userName":"system:serviceaccount:shop:cart","identityProvider":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-north-1.amazonaws.com/id/C1"},"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/cart","roleSessionName":"s"},"responseElements":{"subjectFromWebIdentityToken":"system:serviceaccount:shop:cart","credentials":{"accessKeyId":"ASIACART","expiration":"Nov 22, 2026, 11:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROACART:s","arn":"arn:aws:sts::111122223333:assumed-role/cart/s"}}`,
		}, edges: []string{
			"aws:webidentity:oidc.eks.eu-north-1/id/C1:system:serviceaccount:shop:cart CALLED sts:AssumeRoleWithWebIdentity OK iam:role/cart",
			"aws:webidentity:oidc.eks.eu-north-1/id/C1:system:serviceaccount:shop:cart ISSUED key_join key:ASIACART at 10:00:00",
			"aws:webidentity:oidc.eks.eu-north-1/id/C1:system:serviceaccount:shop:cart OF k8s:sa:shop/cart",
			"key:ASIACART OF iam:role/cart ended 11:00:00",
		}},

		{name: "EKS Pod Identity: the pod is the session's name", records: []string{
			`"userIdentity":{"type":"AWSService","invokedBy":"pods.eks.amazonaws.com"},"requestID":"r9","sourceIPAddress":"pods.eks.amazonaws.com","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/cart","roleSessionName":"eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef","tags":[{"key":"eks-cluster-arn","value":"arn:aws:eks:eu-north-1:111122223333:cluster/c1"},{"key":"kubernetes-namespace","value":"shop"},{"key":"kubernetes-pod-name","value":"cart-7"}]},"responseElements":{"credentials":{"accessKeyId":"ASIACART","expiration":"Nov 22, 2026, 4:00:00 PM"},"assumedRoleUser":{"assumedRoleId":"AROACART:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef"}}`,
			`"userIdentity":{"type":"AssumedRole","principalId":"AROACART:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef","arn":"arn:aws:sts::111122223333:assumed-role/cart/eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef","accountId":"111122223333","accessKeyId":"ASIACART","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROACART","arn":"arn:aws:iam::111122223333:role/cart","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T10:00:00Z"}}},` + describe,
		}, edges: []string{
			"service:pods.eks CALLED sts:AssumeRole OK iam:role/cart",
			"service:pods.eks ISSUED key_join key:ASIACART at 10:00:00",
			"aws:request:r9 ISSUED request_join key:ASIACART at 10:00:00",
			"key:ASIACART OF iam:role/cart ended 16:00:00",
			"session:AROACART:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef@10:00:00Z OF iam:role/cart",
			"session:AROACART:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef@10:00:00Z HOLDS key:ASIACART began 10:00:00",
			"aws:eks-pod:111122223333:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef RUNS session:AROACART:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef@10:00:00Z",
			"key:ASIACART CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, attrs: []string{"aws:eks-pod:111122223333:eks-c1-cart-01234567-89ab-cdef-0123-456789abcdef alias=k8s:arn:aws:eks:eu-north-1:111122223333:cluster/c1:pod:shop/cart-7"}},

		{name: "GitHub Actions", records: []string{
			`"userIdentity":{"type":"WebIdentityUser","principalId":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:org/app:ref:refs/heads/main","userName":"repo:org/app:ref:refs/heads/main","identityProvider":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},` +
				`"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity","errorCode":"AccessDenied","requestParameters":null`,
		}, edges: []string{
			"aws:webidentity:token.actions.githubusercontent.com:repo:org/app:ref:refs/heads/main CALLED sts:AssumeRoleWithWebIdentity DENIED endpoint:sts",
		}},

		{name: "Roles Anywhere", records: []string{
			`"userIdentity":{"type":"Unknown","principalId":"","arn":"","accountId":"111122223333","accessKeyId":"","userName":""},"eventSource":"rolesanywhere.amazonaws.com","eventName":"CreateSession","requestParameters":{"cert":"HIDDEN_DUE_TO_SECURITY_REASONS","roleArn":"arn:aws:iam::111122223333:role/onprem","trustAnchorArn":"arn:aws:rolesanywhere:eu-north-1:111122223333:trust-anchor/t"},"responseElements":{"credentialSet":[{"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/onprem/00ab12","assumedRoleId":"AROAONPREM:00ab12"},"credentials":{"accessKeyId":"ASIAONPREM","secretAccessKey":"SECRET","sessionToken":"SECRET","expiration":"2026-11-22T11:00:00Z"},"roleArn":"arn:aws:iam::111122223333:role/onprem","sourceIdentity":"CN=host1"}]}`,
		}, edges: []string{
			"aws:certificate:ab12 CALLED rolesanywhere:CreateSession OK arn:aws:rolesanywhere:eu-north-1:111122223333:trust-anchor/t",
			"aws:certificate:ab12 ISSUED key_join key:ASIAONPREM at 10:00:00",
			"aws:sourceidentity:111122223333:CN=host1 ISSUED source_identity key:ASIAONPREM at 10:00:00",
			"key:ASIAONPREM OF iam:role/onprem ended 11:00:00",
		}},

		{name: "SAML", records: []string{
			`"userIdentity":{"type":"SAMLUser","principalId":"hash=:ann@example.org","userName":"ann@example.org","identityProvider":"hash="},"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithSAML","requestParameters":{"principalArn":"arn:aws:iam::111122223333:saml-provider/idp","roleArn":"arn:aws:iam::111122223333:role/ci/deploy"},"responseElements":{"credentials":{"accessKeyId":"ASIASAML","expiration":"Nov 22, 2026, 11:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROADEPLOY:ann@example.org","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ann@example.org"}}`,
		}, edges: []string{
			"aws:saml:hash=:ann@example.org CALLED sts:AssumeRoleWithSAML OK iam:role/ci/deploy",
			"aws:saml:hash=:ann@example.org ISSUED key_join key:ASIASAML at 10:00:00",
			"key:ASIASAML OF iam:role/ci/deploy ended 11:00:00",
		}},

		{name: "GetFederationToken and the federated user", records: []string{
			ann + `,"eventSource":"sts.amazonaws.com","eventName":"GetFederationToken","requestParameters":{"name":"fed"},"responseElements":{"credentials":{"accessKeyId":"ASIAFED","expiration":"Nov 22, 2026, 10:00:00 PM"},"federatedUser":{"federatedUserId":"111122223333:fed","arn":"arn:aws:sts::111122223333:federated-user/fed"}}`,
			`"userIdentity":{"type":"FederatedUser","principalId":"111122223333:fed","arn":"arn:aws:sts::111122223333:federated-user/fed","accountId":"111122223333","accessKeyId":"ASIAFED","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"},"attributes":{"creationDate":"2026-11-22T10:00:00Z"}}},` + describe,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED sts:GetFederationToken OK arn:aws:sts::111122223333:federated-user/fed",
			"key:AKIAANN ISSUED key_join key:ASIAFED at 10:00:00",
			"key:ASIAFED OF iam:user/ann ended 22:00:00",
			"session:111122223333:fed@10:00:00Z OF iam:user/ann",
			"session:111122223333:fed@10:00:00Z HOLDS key:ASIAFED began 10:00:00",
			"key:ASIAFED CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, attrs: []string{"iam:user/ann uniqueId=AIDAANN"}},

		{name: "GetSessionToken", records: []string{
			ann + `,"eventSource":"sts.amazonaws.com","eventName":"GetSessionToken","responseElements":{"credentials":{"accessKeyId":"ASIATOKEN","expiration":"Nov 22, 2026, 10:00:00 PM"}}`,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED sts:GetSessionToken OK endpoint:sts",
			"key:AKIAANN ISSUED key_join key:ASIATOKEN at 10:00:00",
			"key:ASIATOKEN OF iam:user/ann ended 22:00:00",
		}},

		{name: "a service with the caller's forwarded credential", records: []string{
			`"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"ASIAFAS","userName":"ann","sessionContext":{"attributes":{"creationDate":"2026-11-22T09:00:00Z"}},"invokedBy":"cloudformation.amazonaws.com"},"sourceIPAddress":"cloudformation.amazonaws.com","userAgent":"cloudformation.amazonaws.com",` + describe,
		}, edges: []string{
			"session:AIDAANN@09:00:00Z OF iam:user/ann",
			"session:AIDAANN@09:00:00Z HOLDS key:ASIAFAS began 09:00:00",
			"key:ASIAFAS OF iam:user/ann",
			"iam:user/ann ISSUED fas key:ASIAFAS at 09:00:00",
			"key:ASIAFAS CALLED ec2:DescribeVpcs OK endpoint:ec2 via service:cloudformation",
		}},

		{name: "a service with a role session's forwarded credential", records: []string{
			`"userIdentity":{` + deployID + `,"accessKeyId":"ASIAFAS","sessionContext":{` + deployCtx + `},"invokedBy":"AWS Internal"},"sourceIPAddress":"AWS Internal","userAgent":"AWS Internal",` + describe,
		}, edges: []string{
			"session:AROADEPLOY:run@09:30:00Z OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z HOLDS key:ASIAFAS began 09:30:00",
			"key:ASIAFAS OF iam:role/ci/deploy",
			"session:AROADEPLOY:run@09:30:00Z ISSUED fas key:ASIAFAS at 09:30:00",
			"key:ASIAFAS CALLED ec2:DescribeVpcs OK endpoint:ec2 via service:internal",
		}},

		{name: "a console call that carries invokedBy", records: []string{
			`"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"ASIAANN","userName":"ann","sessionContext":{"attributes":{"creationDate":"2026-11-22T09:00:00Z"}},"invokedBy":"AWS Internal"},"sessionCredentialFromConsole":"true","userAgent":"AWS Internal",` + describe,
		}, edges: []string{
			"session:AIDAANN@09:00:00Z OF iam:user/ann",
			"session:AIDAANN@09:00:00Z HOLDS key:ASIAANN began 09:00:00",
			"key:ASIAANN OF iam:user/ann",
			"key:ASIAANN CALLED ec2:DescribeVpcs OK endpoint:ec2 via client:console via service:internal",
		}, attrs: []string{"session:AIDAANN@09:00:00Z console=true"}},

		{name: "an AWS service by itself", records: []string{
			`"userIdentity":{"type":"AWSService","invokedBy":"config.amazonaws.com"},` + describe,
			`"userIdentity":{"accountId":"111122223333","invokedBy":"secretsmanager.amazonaws.com"},"eventType":"AwsServiceEvent",` + describe,
			`"eventType":"AwsServiceEvent","eventSource":"kms.amazonaws.com","eventName":"RotateKey","resources":[{"ARN":"arn:aws:kms:eu-north-1:111122223333:key/k","accountId":"111122223333","type":"AWS::KMS::Key"}]`,
		}, edges: []string{
			"service:config CALLED ec2:DescribeVpcs OK endpoint:ec2",
			"service:secretsmanager CALLED ec2:DescribeVpcs OK endpoint:ec2",
			"service:kms CALLED kms:RotateKey OK arn:aws:kms:eu-north-1:111122223333:key/k",
		}},

		{name: "a service-linked session has no key", records: []string{
			`"userIdentity":{"type":"AssumedRole","principalId":"AROASLR:SLRManagement","arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForRDS/SLRManagement","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROASLR","arn":"arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T09:00:00Z"}},"invokedBy":"rds.amazonaws.com"},` + describe,
		}, edges: []string{
			"session:AROASLR:SLRManagement@09:00:00Z OF iam:role/aws-service-role/rds/AWSServiceRoleForRDS",
			"session:AROASLR:SLRManagement@09:00:00Z CALLED ec2:DescribeVpcs OK endpoint:ec2 via service:rds",
		}, attrs: []string{"session:AROASLR:SLRManagement@09:00:00Z invokedBy=rds"}},

		{name: "a build's session is joined by its name", records: []string{
			ann + `,"eventSource":"codebuild.amazonaws.com","eventName":"StartBuild","requestParameters":{"projectName":"app"},"responseElements":{"build":{"id":"app:01234567-89ab-cdef-0123-456789abcdef","arn":"arn:aws:codebuild:eu-north-1:111122223333:build/app:01234567-89ab-cdef-0123-456789abcdef"}}`,
			`"userIdentity":{"type":"AssumedRole","principalId":"AROAB:AWSCodeBuild-01234567-89ab-cdef-0123-456789abcdef","arn":"arn:aws:sts::111122223333:assumed-role/build/AWSCodeBuild-01234567-89ab-cdef-0123-456789abcdef","accountId":"111122223333","accessKeyId":"ASIAB","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAB","arn":"arn:aws:iam::111122223333:role/build","accountId":"111122223333"},"attributes":{"creationDate":"2026-11-22T10:00:10Z"}}},` + describe,
		}, edges: []string{
			"iam:user/ann HOLDS key:AKIAANN",
			"key:AKIAANN CALLED codebuild:StartBuild OK arn:aws:codebuild:eu-north-1:111122223333:project/app",
			"key:AKIAANN ISSUED session_name aws:request:01234567-89ab-cdef-0123-456789abcdef at 10:00:00",
			"arn:aws:codebuild:eu-north-1:111122223333:build/app:01234567-89ab-cdef-0123-456789abcdef PART_OF arn:aws:codebuild:eu-north-1:111122223333:project/app",
			"aws:request:01234567-89ab-cdef-0123-456789abcdef ISSUED session_name session:AROAB:AWSCodeBuild-01234567-89ab-cdef-0123-456789abcdef@10:00:10Z at 10:00:10",
			"session:AROAB:AWSCodeBuild-01234567-89ab-cdef-0123-456789abcdef@10:00:10Z OF iam:role/build",
			"session:AROAB:AWSCodeBuild-01234567-89ab-cdef-0123-456789abcdef@10:00:10Z HOLDS key:ASIAB began 10:00:10",
			"key:ASIAB OF iam:role/build",
			"key:ASIAB CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}},

		{name: "other partitions", records: []string{
			`"userIdentity":{"type":"AssumedRole","principalId":"AROACN:i-0123456789abcdef0","arn":"arn:aws-cn:sts::111122223333:assumed-role/web/i-0123456789abcdef0","accountId":"111122223333","accessKeyId":"ASIACN","sessionContext":{"attributes":{"creationDate":"2026-11-22T09:00:00Z"}}},"awsRegion":"cn-north-1",` + describe,
		}, edges: []string{
			"session:AROACN:i-0123456789abcdef0@09:00:00Z OF arn:aws-cn:iam::111122223333:role/web",
			"session:AROACN:i-0123456789abcdef0@09:00:00Z HOLDS key:ASIACN began 09:00:00",
			"arn:aws-cn:ec2:cn-north-1:111122223333:instance/i-0123456789abcdef0 RUNS session:AROACN:i-0123456789abcdef0@09:00:00Z",
			"key:ASIACN OF arn:aws-cn:iam::111122223333:role/web",
			"key:ASIACN CALLED ec2:DescribeVpcs OK aws:endpoint:111122223333:cn-north-1:ec2",
		}},

		{name: "root", records: []string{
			`"userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"ASIAROOT","sessionContext":{"attributes":{"creationDate":"2026-11-22T09:00:00Z"}}},"sessionCredentialFromConsole":"true",` + describe,
		}, edges: []string{
			"session:111122223333@09:00:00Z OF iam:root",
			"session:111122223333@09:00:00Z HOLDS key:ASIAROOT began 09:00:00",
			"key:ASIAROOT OF iam:root",
			"key:ASIAROOT CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, attrs: []string{"session:111122223333@09:00:00Z console=true"}},

		{name: "anonymous, and nobody", records: []string{
			`"userIdentity":{"type":"AWSAccount","principalId":"","accountId":"anonymous"},` + describe,
			`"userIdentity":null,` + describe,
		}, edges: []string{
			"aws:principal:anonymous CALLED ec2:DescribeVpcs OK endpoint:ec2",
		}, skips: "no identity:1"},
	})
}
