package synth

import "time"

const (
	stackName = "billing-prod"
	envName   = "billing-web-prod"
	envID     = "e-h4ldenbw7q"
)

// stackARN is the stack's ARN in its first or second life.
func (w *world) stackARN(life string) string {
	return "arn:aws:cloudformation:" + north + ":" + prod + ":stack/" + stackName + "/" + w.ids.UUID("stack", life)
}

// incident is what happened between 13:20 and 13:52: an engineer signs in, the
// agent in her session is denied once, assumes a stronger role, and deletes
// and recreates the billing environment.
func (w *world) incident() {
	p := &w.who
	w.signIn()

	// She looks around, then hands over.
	w.stack("13:31:04", p.hers.with(cli("s,E,b,Z", sidHers, "cloudformation.describe-stacks")), "DescribeStacks", Object{"stackName", stackName}, nil, "", "")
	w.table("13:31:38", p.hers.with(cli("s,E,b,Z", sidHers, "dynamodb.describe-table")), "DescribeTable", ledgerTable, "", "")
	w.stack("13:32:20", p.hers.with(cli("s,E,b,Z", sidHers, "cloudformation.detect-stack-drift")), "DetectStackDrift", Object{"stackName", stackName},
		Object{"stackDriftDetectionId", w.ids.UUID("drift")}, "", "")

	// The agent, same key, same session, another terminal.
	as := func(command string) Caller { return p.agent.with(cli("AN,s,E,b,Z", sidAgent, command)) }
	w.call("13:33:10", as("sts.get-caller-identity"), "sts", "GetCallerIdentity", nil, nil)
	w.stack("13:33:22", as("cloudformation.describe-stack-resource-drifts"), "DescribeStackResourceDrifts", Object{"stackName", stackName}, nil, "", "")
	w.stack("13:33:41", as("cloudformation.describe-stack-events"), "DescribeStackEvents", Object{"stackName", stackName}, nil, "", "")
	w.table("13:34:05", as("dynamodb.describe-table"), "DescribeTable", ledgerTable, "", "")
	w.stack("13:34:31", as("cloudformation.get-template"), "GetTemplate", Object{"stackName", stackName, "templateStage", "Original"}, nil, "", "")
	w.stack("13:34:58", as("cloudformation.describe-stacks"), "DescribeStacks", nil, nil, "ThrottlingException", "Rate exceeded")
	w.stack("13:35:20", as("cloudformation.delete-stack"), "DeleteStack", nil, nil, "AccessDenied",
		"User: "+p.mira.ARN()+" is not authorized to perform: cloudformation:DeleteStack on resource: "+w.stackARN("first")+" because no identity-based policy allows the cloudformation:DeleteStack action")
	w.call("13:35:44", as("iam.list-roles"), "iam", "ListRoles", nil, nil).AWSRegion = global
	w.assume(as("cloudformation.delete-stack"), p.deploy, time.Hour)

	as = func(command string) Caller { return p.deployer.with(cli("AN,i,o,s,E,b,Z", sidAgent, command)) }
	fas := p.deployer.Through("cloudformation.amazonaws.com", p.forwarded)
	w.stack("13:36:40", as("cloudformation.list-stack-resources"), "ListStackResources", Object{"stackName", stackName}, nil, "", "")
	w.call("13:37:12", as("elasticbeanstalk.describe-environments"), "elasticbeanstalk", "DescribeEnvironments", Object{"environmentNames", []string{envName}}, nil)
	w.bucket("13:37:50", as("s3api.get-bucket-policy"), "GetBucketPolicy", exportBucket, "", "")
	w.bucket("13:38:20", as("s3api.delete-bucket-policy"), "DeleteBucketPolicy", exportBucket, "", "")
	w.stack("13:38:49", as("cloudformation.update-termination-protection"), "UpdateTerminationProtection",
		Object{"enableTerminationProtection", false, "stackName", stackName}, Object{"stackId", w.stackARN("first")}, "", "")
	w.table("13:39:02", as("dynamodb.update-table"), "UpdateTable", ledgerTable, "", "")
	w.call("13:40:10", as("elasticbeanstalk.terminate-environment"), "elasticbeanstalk", "TerminateEnvironment",
		Object{"environmentName", envName, "terminateResources", true},
		Object{"environmentName", envName, "environmentId", envID, "applicationName", "billing-web", "status", "Terminating"})
	w.stack("13:40:13", p.deployer.Through("elasticbeanstalk.amazonaws.com", w.ids.Key("ASIA", "forwarded eb", p.deploy.Key)), "DeleteStack",
		Object{"stackName", "awseb-" + envID + "-stack"}, nil, "", "")
	for _, part := range []string{"2026/10", "2026/11"} {
		hms := map[string]string{"2026/10": "13:40:44", "2026/11": "13:40:47"}[part]
		w.object(hms, as("s3.rm"), prod, "DeleteObject", exportBucket, part+"/ledger.parquet", "", "")
	}
	w.call("13:40:58", p.scaling, "ec2", "TerminateInstances", Object{"instancesSet", Object{"items", []Object{{"instanceId", webInstance}}}},
		Object{"instancesSet", Object{"items", []Object{{"instanceId", webInstance, "currentState", Object{"code", 32, "name", "shutting-down"}, "previousState", Object{"code", 16, "name", "running"}}}}})
	w.stack("13:41:15", as("cloudformation.delete-stack"), "DeleteStack", Object{"stackName", stackName, "clientRequestToken", w.ids.UUID("delete token")}, nil, "", "")
	w.table("13:41:20", fas, "DescribeTable", ledgerTable, "", "")
	w.table("13:41:38", fas, "DeleteTable", ledgerTable, "", "")
	w.bucket("13:41:52", fas, "DeleteBucket", exportBucket, "", "")
	w.call("13:42:03", fas, "logs", "DeleteLogGroup", Object{"logGroupName", "/halden/billing"}, nil)
	w.stack("13:43:30", as("cloudformation.describe-stacks"), "DescribeStacks", Object{"stackName", stackName}, nil, "ValidationException", "Stack with id "+stackName+" does not exist")

	// And puts up a new one under the old names: an empty table without its
	// index, a bucket without its policy.
	w.stack("13:46:30", as("cloudformation.create-stack"), "CreateStack",
		Object{"stackName", stackName, "capabilities", []string{"CAPABILITY_NAMED_IAM"}, "disableRollback", false, "tags", []Object{{"key", "env", "value", "prod"}}},
		Object{"stackId", w.stackARN("second")}, "", "")
	w.table("13:46:58", fas, "CreateTable", ledgerTable, "", "")
	w.table("13:47:08", fas, "DescribeTable", ledgerTable, "", "")
	w.table("13:47:19", fas, "DescribeTable", ledgerTable, "", "")
	w.bucket("13:47:05", fas, "CreateBucket", exportBucket, "", "")
	w.call("13:47:24", fas, "logs", "CreateLogGroup", Object{"logGroupName", "/halden/billing"}, nil)
	w.call("13:49:02", as("elasticbeanstalk.create-environment"), "elasticbeanstalk", "CreateEnvironment",
		Object{"applicationName", "billing-web", "environmentName", envName, "templateName", "billing-web-v41"},
		Object{"environmentName", envName, "environmentId", "e-h4ldenbx2k", "applicationName", "billing-web", "status", "Launching"})
	w.stack("13:51:40", as("cloudformation.describe-stacks"), "DescribeStacks", Object{"stackName", stackName}, nil, "", "")
	w.table("13:52:11", as("dynamodb.describe-table"), "DescribeTable", ledgerTable, "", "")

	// She notices.
	w.table("13:57:30", p.hers.with(cli("s,E,b,Z", sidHers, "dynamodb.describe-table")), "DescribeTable", ledgerTable, "", "")
	w.call("13:58:44", p.site, "cloudtrail", "LookupEvents", Object{"maxResults", 50, "lookupAttributes", []Object{{"attributeKey", "ResourceName", "attributeValue", ledgerTable}}}, nil)
}

// signIn is Mira's way in: the console, then the CLI's session by SAML from
// IAM Identity Center.
func (w *world) signIn() {
	p := &w.who
	center := Identity{Type: "IdentityCenterUser", AccountID: tooling, OnBehalfOf: &p.store, CredentialID: w.ids.UUID("credential", "mira")}
	portal := Caller{Identity: center, IP: office, Agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36"}
	w.add("13:24:05", portal, Call{Service: "sso", Name: "Authenticate", Account: tooling, EventType: "AwsServiceEvent",
		Details: Object{"CredentialType", "PASSWORD,WEBAUTHN"}})
	w.add("13:24:10", portal, Call{Service: "sso", Name: "Federate", Account: tooling, EventType: "AwsServiceEvent",
		Details: Object{"relayId", w.ids.UUID("relay"), "account_id", prod, "role_name", "PlatformEngineer"}})
	console := p.site
	console.Identity.AccessKeyID = ""
	console.Console = false
	w.add("13:24:12", console, Call{Service: "signin", Name: "ConsoleLogin", EventType: "AwsConsoleSignIn", Response: Object{"ConsoleLogin", "Success"},
		Additional: Object{"MobileVersion", "No", "MFAUsed", "No"}})
	w.stack("13:25:40", p.site, "DescribeStacks", Object{"stackName", stackName}, nil, "", "")
	w.table("13:26:30", p.site, "DescribeTable", ledgerTable, "", "")
	w.call("13:27:02", p.site, "monitoring", "DescribeAlarms", Object{"alarmNamePrefix", "billing"}, nil)

	portal.Agent = cli("E,b,Z", sidHers, "sso.login")
	w.add("13:29:40", portal, Call{Service: "sso", Name: "GetRoleCredentials", Account: tooling, EventType: "AwsServiceEvent",
		Details: Object{"account_id", prod, "role_name", "PlatformEngineer"}})
	provider := "arn:aws:iam::" + prod + ":saml-provider/AWSSSO_5d0e7ab194c2f638_DO_NOT_DELETE"
	saml := Caller{IP: office, Agent: "aws-internal/3 aws-sdk-java/1.12.799 Linux/6.1.158 OpenJDK_64-Bit_Server_VM/25.472-b08 java/1.8.0_472 vendor/N/A cfg/retry-mode/standard",
		Identity: Identity{Type: "SAMLUser", PrincipalID: w.ids.Hex(27, "saml") + "=:mira.lindqvist", UserName: "mira.lindqvist", IdentityProvider: w.ids.Hex(27, "saml") + "="}}
	for _, s := range []Session{p.miraSite, p.mira} {
		response := append(w.grant(s, time.Hour), "subject", "mira.lindqvist", "subjectType", "persistent",
			"issuer", "https://portal.sso."+north+".amazonaws.com/saml/assertion/"+w.ids.Hex(32, "portal"), "audience", "https://signin.aws.amazon.com/saml", "nameQualifier", w.ids.Hex(27, "saml")+"=")
		w.add(s.Created.Format("15:04:05"), saml, Call{Service: "sts", Name: "AssumeRoleWithSAML",
			Request:  Object{"sAMLAssertionID", "_" + w.ids.UUID("assertion", s.Key), "roleSessionName", s.Name, "roleArn", s.Role.ARN(), "principalArn", provider, "durationSeconds", 3600},
			Response: response, Resources: append(roleResource(s.Role), ResourceID{prod, "AWS::IAM::SAMLProvider", provider})})
	}
}
