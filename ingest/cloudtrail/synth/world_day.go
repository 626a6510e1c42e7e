package synth

import (
	"fmt"
	"time"
)

const (
	webInstance = "i-0a1b2c3d4e5f60718"
	writerName  = "invoice-writer"
	ciSubject   = "repo:halden/billing:ref:refs/heads/main"
)

func hms(minutes int, seconds int) string {
	return fmt.Sprintf("%02d:%02d:%02d", minutes/60, minutes%60, seconds)
}

// morning is what people and pipelines did before the incident.
func (w *world) morning() {
	w.pipeline("08:40:00", false)
	w.pipeline("11:20:03", true)
	w.launch()
	w.rehearsal()
	w.hosted()
	w.console()
}

// pipeline is a run of CI: GitHub's token opens a session in the tooling
// account, which assumes the deploy role of production; both accounts log
// that call.
func (w *world) pipeline(start string, deploys bool) {
	p, began := &w.who, w.clock(start)
	after := func(seconds int) string { return began.Add(time.Duration(seconds) * time.Second).Format("15:04:05") }
	agent := "aws-sdk-js/3.958.0 ua/2.1 os/linux#6.14.0-1017-azure lang/js md/nodejs#24.11.1 api/sts#3.958.0 m/E,k configure-aws-credentials-for-github-actions"
	first := w.session(p.ci, "GitHubActions", start)
	w.web(Caller{IP: runners, Agent: agent}, "token.actions.githubusercontent.com", ciSubject, first, time.Hour)

	second := w.session(p.ciDeploy, "GitHubActions", after(4))
	shared := w.ids.UUID("shared", second.Key)
	caller := Caller{Identity: first.Identity(), IP: runners, Agent: agent}
	theirs := w.assume(caller, second, time.Hour)
	theirs.RecipientAccountID, theirs.SharedEventID = tooling, shared
	theirs.EventID, theirs.RequestID = w.ids.UUID("caller's copy", shared), w.ids.UUID("request", shared)
	ours := w.assume(caller, second, time.Hour)
	ours.SharedEventID, ours.RequestID = shared, w.ids.UUID("request", shared)
	ours.UserIdentity = Identity{Type: "AWSAccount", PrincipalID: p.ci.ID + ":GitHubActions", AccountID: tooling}

	by := Caller{Identity: second.Identity(), IP: runners, Agent: "aws-cli/2.36.4 md/awscrt#0.31.2 ua/2.1 os/linux#6.14.0-1017-azure md/arch#x86_64 lang/python#3.14.2 md/pyimpl#CPython exec-env/GitHub_Actions m/E,b,g,Z cfg/retry-mode#standard md/installer#exe sid/" + w.ids.Hex(12, "ci", start) + " md/prompt#off md/command#lambda.update-function-code"}
	w.call(after(9), by, "sts", "GetCallerIdentity", nil, nil)
	w.stack(after(20), by, "DescribeStacks", Object{"stackName", "network-core"}, nil, "", "")
	if !deploys {
		// A template above 100 KB: CloudTrail leaves the field out and says so.
		w.stack(after(41), by, "UpdateStack", Object{"omitted", true, "originalSize", 182311, "reason", "field exceeds the maximum size"},
			Object{"stackId", "arn:aws:cloudformation:" + north + ":" + prod + ":stack/network-core/" + w.ids.UUID("network-core")}, "", "")
		w.stack(after(42), by, "DescribeStacks", Object{"stackName", "network-core"}, nil, "ThrottlingException", "Rate exceeded")
		w.stack(after(95), by, "DescribeStacks", Object{"stackName", "network-core"}, nil, "", "")
		return
	}
	// The artifact bucket belongs to tooling: each account logs the upload.
	upload := w.object(after(15), by, tooling, "PutObject", "halden-artifacts", "invoice-writer/8f31c2d.zip", "", "")
	upload.SharedEventID = w.ids.UUID("shared upload", start)
	event, request := upload.EventID, upload.RequestID
	mine := w.object(after(15), by, prod, "PutObject", "halden-artifacts", "invoice-writer/8f31c2d.zip", "", "")
	mine.SharedEventID, mine.RequestID = w.ids.UUID("shared upload", start), request
	mine.EventID = w.ids.UUID("caller's copy", event)
	mine.Resources[1].AccountID = tooling
	function := "arn:aws:lambda:" + north + ":" + prod + ":function:" + writerName
	w.call(after(22), by, "lambda", "GetFunction20150331v2", Object{"functionName", writerName}, nil)
	w.call(after(31), by, "lambda", "UpdateFunctionCode20150331v2",
		Object{"fullyQualifiedArn", Object{"arnPrefix", Object{"partition", "aws", "region", north, "account", prod}, "relativeId", Object{"functionName", writerName}, "functionQualifier", Object{}},
			"functionName", writerName, "s3Bucket", "halden-artifacts", "s3Key", "invoice-writer/8f31c2d.zip", "publish", false, "dryRun", false},
		Object{"functionName", writerName, "functionArn", function, "runtime", "python3.13", "role", p.writer.ARN(), "handler", "app.handler",
			"codeSize", 48213, "description", "", "timeout", 30, "memorySize", 512, "version", "$LATEST", "state", "Active", "packageType", "Zip"})
	w.call(after(48), by, "lambda", "PublishVersion20150331", Object{"functionName", writerName}, Object{"functionName", writerName, "functionArn", function + ":42", "version", "42", "role", p.writer.ARN()})
}

// launch is Auto Scaling replacing the web instance: the launch and the
// instance's first session share a request id.
func (w *world) launch() {
	p, request := &w.who, w.ids.UUID("run instances")
	r := w.call("09:30:04", p.scaling, "ec2", "RunInstances",
		Object{"instancesSet", Object{"items", []Object{{"minCount", 1, "maxCount", 1}}}, "launchTemplate", Object{"launchTemplateId", "lt-0f2d7c19ab3e58461", "version", "17"}, "availabilityZone", north + "a"},
		Object{"requestId", request, "reservationId", "r-0d51c7e2b8f3a9640", "ownerId", prod, "instancesSet", Object{"items", []Object{{
			"instanceId", webInstance, "imageId", "ami-0b7e1d3c5a9f28640", "instanceState", Object{"code", 0, "name", "pending"}, "instanceType", "m8g.large",
			"launchTime", 1795253404000, "subnetId", "subnet-03c1f7d29e8a5b640", "vpcId", "vpc-0a77d1e3c5b92f480", "privateIpAddress", "10.20.4.31",
			"iamInstanceProfile", Object{"arn", "arn:aws:iam::" + prod + ":instance-profile/web-instance", "id", w.ids.Unique("AIPA", "web")}}}}})
	r.RequestID = request
	s := w.session(p.web, webInstance, "09:30:05")
	w.vend("ec2.amazonaws.com", s, 6*time.Hour, request)
	by := w.instance(s, "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 m/0,E")
	for m := 9*60 + 35; m < 13*60+40; m += 30 {
		w.call(hms(m, 17), by, "ssm", "UpdateInstanceInformation", Object{"instanceId", webInstance, "agentName", "amazon-ssm-agent", "agentVersion", "3.3.3270.0", "platformName", "Amazon Linux"}, nil)
		w.object(hms(m+2, 40), by, prod, "GetObject", "halden-config", "billing-web/prod.json", "", "")
	}
	w.call("09:36:02", by, "secretsmanager", "GetSecretValue", Object{"secretId", "billing/web/session-key"}, nil)
}

// instance is a caller on an EC2 instance with IMDSv2.
func (w *world) instance(s Session, agent string) Caller {
	id := s.Identity()
	id.SessionContext.EC2RoleDelivery = "2.0"
	id.InScopeOf = &InScopeOf{"AWS::EC2::Instance", "arn:aws:ec2:" + north + ":" + prod + ":instance/" + s.Name}
	return Caller{Identity: id, IP: nat, Agent: agent}
}

// rehearsal is the decoy: it touched the table, but long before, and its key
// had expired by 11:20.
func (w *world) rehearsal() {
	p := &w.who
	runner := Caller{Identity: p.runner.Identity(p.runnerKey), IP: "203.0.113.52", Agent: "Boto3/1.43.18 md/Botocore#1.43.18 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.12 md/pyimpl#CPython m/n,E,b,Z"}
	w.assume(runner, p.rehearsal, time.Hour)
	by := runner
	by.Identity = p.rehearsal.Identity()
	w.stack("10:20:31", by, "DescribeStacks", Object{"stackName", stackName}, nil, "", "")
	w.table("10:20:48", by, "DescribeTable", ledgerTable, "", "")
	w.table("10:21:10", by, "TagResource", ledgerTable, "", "")
	w.table("10:22:05", by, "ListTagsOfResource", ledgerTable, "", "")
	w.call("10:24:40", by, "elasticbeanstalk", "DescribeEnvironments", Object{"environmentNames", []string{envName}}, nil)
	w.bucket("10:25:12", by, "GetBucketVersioning", exportBucket, "", "")
}

// hosted is an agent that reads through the MCP server AWS hosts: the grant,
// the tool call, and the API call it caused, joined by a request id.
func (w *world) hosted() {
	s := w.who.jonas
	signIn := "arn:aws:signin:" + north + ":" + prod + ":session/" + w.ids.UUID("jonas sign-in")
	id := s.Identity()
	id.AccessKeyID = ""
	w.add("11:04:51", Caller{Identity: id, IP: office, Agent: "Bun/1.4.2"}, Call{Service: "signin", Name: "CreateOAuth2Token", Region: global,
		Request:    Object{"resource", "https://aws-mcp.us-east-1.api.aws/mcp", "client_id", "arn:aws:signin:us-east-1::external-client/dcr/" + w.ids.UUID("client")},
		Additional: Object{"signInSessionArn", signIn, "grant_type", "authorization_code", "success", "true"}})
	id = s.Identity()
	id.SessionContext.SignInSessionARN = signIn
	request := w.ids.letters(upper36, 52, []string{"mcp request"})
	keyless := id
	keyless.AccessKeyID = ""
	w.add("11:05:28", Caller{Identity: keyless, IP: office, Agent: "claude-code/2.3.9 (cli)"}, Call{Service: "aws-mcp", Name: "CallReadWriteTool", Region: global, EventType: "AwsMcpEvent",
		Request:    Object{"jsonrpc", "2.0", "method", "tools/call", "id", 2, "params", Object{"name", "aws___call_aws"}},
		Additional: Object{"downstreamRequests", []Object{{"apiName", "dynamodb:DescribeTable", "requestId", request, "awsRegion", north}}}})
	caller := Caller{Identity: id}.Through("aws-mcp.amazonaws.com", "")
	w.table("11:05:28", caller, "DescribeTable", ledgerTable, "", "").RequestID = request
}

// console is Erik, an IAM user: he signs in, reads, and gives the old export
// job a second access key.
func (w *world) console() {
	p := &w.who
	browser := "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
	w.add("10:41:03", Caller{Identity: p.erik.Identity(""), IP: office, Agent: browser}, Call{Service: "signin", Name: "ConsoleLogin", EventType: "AwsConsoleSignIn",
		Response:   Object{"ConsoleLogin", "Success"},
		Additional: Object{"LoginTo", "https://" + north + ".console.aws.amazon.com/dynamodbv2/home", "MobileVersion", "No", "MFAIdentifier", "arn:aws:iam::" + prod + ":mfa/erik-phone", "MFAUsed", "Yes"}})
	id := p.erik.Identity(p.erikKey)
	id.SessionContext = &SessionContext{Attributes: Attributes{day + "10:41:03Z", "true"}}
	by := Caller{Identity: id, IP: office, Agent: browser, Console: true}
	w.call("10:41:30", by, "dynamodb", "ListTables", nil, nil)
	w.table("10:41:52", by, "DescribeTable", ledgerTable, "", "")
	w.table("10:43:05", by, "Scan", ledgerTable, "", "")
	w.bucket("10:46:20", by, "GetBucketPolicy", exportBucket, "", "")
	w.call("10:52:00", by, "monitoring", "DescribeAlarms", Object{"maxRecords", 100}, nil)
	w.add("10:57:40", by, Call{Service: "iam", Name: "ListAccessKeys", Region: global, Request: Object{"userName", p.legacy.Name}})
	w.add("10:58:12", by, Call{Service: "iam", Name: "CreateAccessKey", Region: global, Request: Object{"userName", p.legacy.Name},
		Response: Object{"accessKey", Object{"accessKeyId", p.legacyNew, "status", "Active", "userName", p.legacy.Name, "createDate", javaDate(w.clock("10:58:12"))}}})
	w.table("13:55:10", by, "DescribeTable", ledgerTable, "", "")
}
