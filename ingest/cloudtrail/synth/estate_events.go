package synth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// step makes the next call of the estate, and before it the calls that open
// the sessions it needs.
func (g *estate) step() {
	i, _ := slices.BinarySearch(g.busy, 1+g.rng.IntN(g.busy[len(g.busy)-1]))
	a := g.actors[i]
	n := g.rng.IntN(1000)
	if n >= 980 {
		if a.trade != byUser {
			g.open(a)
			return
		}
		n -= 980
	}
	g.ensure(a)
	for k := range kinds {
		if n < mix[k] {
			g.act(a, k)
			return
		}
		n -= mix[k]
	}
}

// ensure opens a session for the actor unless its last one is still valid.
func (g *estate) ensure(a *actor) {
	if a.trade != byUser && !g.now.Before(a.ends) {
		g.open(a)
	}
}

// call is a record being written; what varies in length is in estate.parts.
type call struct {
	prefix        []byte
	via           string // the service that calls on behalf; sets address and agent
	source, name  string
	region        string
	ip, agent     string
	code          string // errorCode
	readOnly      bool
	data          bool
	request, kind string // request id; apiVersion
	shared        string
	recipient     string
}

func (g *estate) clear() {
	p := &g.parts
	p.request, p.response, p.more, p.resources, p.message = p.request[:0], p.response[:0], p.more[:0], p.resources[:0], p.message[:0]
}

// open writes the call that gives the actor a new session of one hour.
func (g *estate) open(a *actor) {
	if a.issuer != nil {
		g.ensure(a.issuer)
	}
	g.retire(a)
	account := g.accounts[a.account]
	c := call{source: "sts", name: "AssumeRole", region: g.regions[a.account], readOnly: true, recipient: account}
	issue := &Issue{Role: a.arn, At: g.now}
	by := ""
	switch a.trade {
	case onLambda:
		a.session = g.things[a.work[function][0]].name
	case onEC2:
		a.session = g.things[a.work[instance][0]].name
	case onECS:
		a.session = g.hex(16) + g.hex(16)
	case onCI:
		a.session = "GitHubActions"
	case byRole:
		a.session = "aws-go-sdk-" + strconv.FormatInt(g.now.UnixNano()+int64(g.rng.IntN(1e9)), 10)
	}
	a.key, a.ends, issue.Session = g.mint("ASIA"), g.now.Add(time.Hour), a.session

	g.clear()
	p := &g.parts
	p.request = fmt.Appendf(p.request, `{"roleArn":"%s","roleSessionName":"%s","durationSeconds":3600}`, a.arn, a.session)
	p.response = fmt.Appendf(p.response, `{"credentials":{"accessKeyId":"%s","sessionToken":"IQoJb3JpZ2luX2Vj%s`, a.key, SecretMarker)
	p.response = g.appendLetters(p.response, alnum, 400)
	p.response = fmt.Appendf(p.response, `","expiration":"%s"}`, javaDate(a.ends))
	if a.trade != onLambda && a.trade != onEC2 {
		p.response = fmt.Appendf(p.response, `,"assumedRoleUser":{"assumedRoleId":"%s:%s","arn":"arn:aws:sts::%s:assumed-role/%s/%s"}`, a.id, a.session, account, a.name, a.session)
	}
	p.resources = fmt.Appendf(p.resources, `[{"accountId":"%s","type":"AWS::IAM::Role","ARN":"%s"}]`, account, a.arn)

	switch a.trade {
	case byRole:
		by, issue.Issuer = a.issuer.arn, a.issuer.key
		c.prefix, c.region, c.ip, c.agent = a.issuer.prefix, g.regions[a.issuer.account], a.issuer.ip, a.agent
		if a.issuer.issue != nil {
			a.issuer.issue.Calls++
		}
		if a.issuer.account != a.account {
			c.recipient, c.shared, c.request = g.accounts[a.issuer.account], g.uuid(), g.uuid()
		}
	case onCI:
		by = "repo:estate/" + a.name + ":ref:refs/heads/main"
		issue.Issuer, c.name = by, "AssumeRoleWithWebIdentity"
		c.prefix = fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"WebIdentityUser","principalId":"token.actions.githubusercontent.com:sts.amazonaws.com:%s","userName":"%s","identityProvider":"token.actions.githubusercontent.com"`, by, by)
		c.ip, c.agent = a.ip, a.agent
		p.response = fmt.Appendf(p.response, `,"provider":"arn:aws:iam::%s:oidc-provider/token.actions.githubusercontent.com","audience":"sts.amazonaws.com","subjectFromWebIdentityToken":"%s"`, account, by)
	default:
		by = vendors[a.trade]
		issue.Issuer, c.via, c.shared = by, by, g.uuid()
		c.prefix = []byte(`{"eventVersion":"1.11","userIdentity":{"type":"AWSService"`)
	}
	p.response = append(p.response, '}')
	g.write(&c)
	issue.Event = g.event
	if by := a.issuer; by != nil && by.account != a.account {
		// The role's account logs the call too, and knows less of the caller.
		c.prefix = fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"AWSAccount","principalId":"%s:%s","accountId":"%s"`, by.id, by.session, g.accounts[by.account])
		if by.trade == byUser {
			c.prefix = fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"AWSAccount","principalId":"%s","accountId":"%s"`, by.id, g.accounts[by.account])
		}
		c.recipient = account
		g.write(&c)
	}
	a.issue, a.prefix = issue, g.prefixOf(a)
	g.count("sts", c.name)
	g.touch(by, a.role, false, true)
}

func (g *estate) count(service, name string) {
	g.truth.Calls++
	g.truth.Actions[service+":"+name]++
}

// verbs are the calls on the kinds, each as often as it stands here.
var verbs = [kinds][]string{
	bucket:   {"GetObject", "GetObject", "GetObject", "GetObject", "GetObject", "GetObject", "PutObject", "PutObject", "PutObject", "HeadObject", "DeleteObject"},
	dataKey:  {"Decrypt", "Decrypt", "Decrypt", "GenerateDataKey"},
	table:    {"GetItem", "GetItem", "GetItem", "PutItem", "PutItem", "Query", "UpdateItem"},
	function: {"Invoke"},
	instance: {"DescribeInstances", "DescribeInstances", "DescribeInstances", "DescribeInstances", "DescribeInstances", "DescribeInstances", "StopInstances", "StartInstances", "CreateTags", "RunInstances"},
	role:     {"GetRole", "GetRole", "ListRoles"},
	secret:   {"GetSecretValue"},
}

var services = [kinds]string{"s3", "kms", "dynamodb", "lambda", "ec2", "iam", "secretsmanager"}

// denials of the services: the error code.
var denials = [kinds]string{"AccessDenied", "AccessDenied", "AccessDeniedException", "AccessDeniedException", "Client.UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}

// act makes one call on a thing of the kind.
func (g *estate) act(a *actor, k kind) {
	on := a.work[k][g.zipf(len(a.work[k]))]
	t := g.things[on]
	name := verbs[k][g.rng.IntN(len(verbs[k]))]
	c := call{prefix: a.prefix, source: services[k], name: name, region: g.regions[a.account], ip: a.ip, agent: a.agent,
		readOnly: readOnly(name), recipient: g.accounts[a.account], data: k == bucket || k == table || k == function}
	g.clear()
	target, declared, wide := t.arn, false, name == "DescribeInstances" || name == "ListRoles"
	p := &g.parts
	switch k {
	case bucket:
		declared = true
		g.object(t, name)
	case dataKey:
		declared = true
		c.via = "s3.amazonaws.com"
		value := g.things[a.work[bucket][0]].arn
		if g.rng.IntN(3) == 0 {
			c.via, value = "secretsmanager.amazonaws.com", g.things[a.work[secret][0]].arn
		}
		p.request = fmt.Appendf(p.request, `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:%s:arn":"%s"}}`, strings.TrimSuffix(c.via, ".amazonaws.com"), value)
		p.resources = appendResource(p.resources, c.recipient, "AWS::KMS::Key", t.arn)
	case table:
		declared = true
		g.item(t, name)
		c.kind = "2012-08-10"
		p.resources = appendResource(p.resources, c.recipient, "AWS::DynamoDB::Table", t.arn)
	case function:
		declared = true
		p.request = append(append(append(p.request, `{"functionName":"`...), t.arn...), `","invocationType":"RequestResponse","contentType":"application/json","sourceArn":""}`...)
		p.resources = appendResource(p.resources, c.recipient, "AWS::Lambda::Function", t.arn)
	case instance:
		if name == "RunInstances" {
			on = g.run1(a, &c)
			target = g.things[on].arn
		} else {
			g.instances(t, name)
		}
	case role:
		c.region = global
		if name == "GetRole" {
			p.request = append(append(append(p.request, `{"roleName":"`...), t.name...), `"}`...)
		}
		target = "role " + t.name
	case secret:
		p.request = append(append(append(p.request, `{"secretId":"`...), t.arn...), `"}`...)
	}
	denied := !wide && name != "RunInstances" && g.rng.Float64() < g.o.DenyRate
	switch {
	case denied:
		declared = false
		g.deny(a, k, &c, target)
		g.truth.Denied++
	case k == table && g.rng.IntN(250) == 0:
		c.code = "ProvisionedThroughputExceededException"
		p.message = append(p.message, "The level of configured provisioned throughput for the table was exceeded."...)
		g.truth.Throttled++
	case k == bucket && g.rng.IntN(1000) == 0:
		c.code = "InternalError"
		p.message = append(p.message, "We encountered an internal error. Please try again."...)
		g.truth.Faults++
	}
	g.write(&c)
	g.count(c.source, name)
	if a.issue != nil {
		a.issue.Calls++
	}
	if !wide {
		g.touch(a.arn, on, denied, declared)
	}
}

// zipf is a number below n, the small ones more often.
func (g *estate) zipf(n int) int {
	f := g.rng.Float64()
	return int(f * f * float64(n))
}

// deny turns the call into a denied one: AWS logs it without resources, most
// services without the request, and names action and resource in the message.
func (g *estate) deny(a *actor, k kind, c *call, target string) {
	p := &g.parts
	c.code = denials[k]
	p.resources, p.response = p.resources[:0], p.response[:0]
	switch k {
	case instance: // EC2 keeps the request
		p.message = append(p.message, "You are not authorized to perform this operation. "...)
	case bucket: // and so does S3
	default:
		p.request = p.request[:0]
	}
	p.message = append(p.message, "User: "...)
	if a.trade == byUser {
		p.message = append(p.message, a.arn...)
	} else {
		p.message = fmt.Appendf(p.message, "arn:aws:sts::%s:assumed-role/%s/%s", g.accounts[a.account], a.name, a.session)
	}
	action := c.source + ":" + c.name
	if c.name == "HeadObject" {
		action = "s3:GetObject"
	}
	if c.name == "Invoke" {
		action = "lambda:InvokeFunction"
	}
	if k == bucket {
		target = `\"` + target + "/" + string(g.key) + `\"`
	}
	p.message = fmt.Appendf(p.message, " is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action", action, target, action)
}

// object fills in a call on an object of the bucket; its key is in estate.key.
func (g *estate) object(t thing, name string) {
	p := &g.parts
	key := append(append(append(g.key[:0], nouns[g.rng.IntN(len(nouns))]...), g.day...), "part-"...)
	key = append(appendHex(key, g.rng.Uint64(), 16), ".parquet"...)
	g.key = key
	p.request = append(append(append(p.request, `{"bucketName":"`...), t.name...), `","Host":"`...)
	p.request = append(append(append(p.request, t.name...), ".s3."...), g.regions[t.account]...)
	p.request = append(append(append(p.request, `.amazonaws.com","key":"`...), key...), `"}`...)
	in, out := 0, g.rng.IntN(1<<20)
	if name == "PutObject" {
		in, out = out, 0
		p.response = append(p.response, `{"x-amz-server-side-encryption":"aws:kms"}`...)
	}
	p.more = append(strconv.AppendInt(append(p.more, `{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":`...), int64(in), 10), `,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"`...)
	p.more = strconv.AppendInt(append(g.appendLetters(p.more, alnum, 76), `=","bytesTransferredOut":`...), int64(out), 10)
	p.more = append(p.more, '}')
	p.resources = append(append(append(p.resources, `[{"type":"AWS::S3::Object","ARN":"`...), t.arn...), '/')
	p.resources = append(append(p.resources, key...), `"},{"accountId":"`...)
	p.resources = append(append(append(p.resources, g.accounts[t.account]...), `","type":"AWS::S3::Bucket","ARN":"`...), t.arn...)
	p.resources = append(p.resources, `"}]`...)
}

// item fills in the request of an item call on the table.
func (g *estate) item(t thing, name string) {
	p := &g.parts
	p.request = append(append(append(p.request, `{"tableName":"`...), t.name...), '"')
	switch name {
	case "Query":
		p.request = append(p.request, `,"indexName":"by-customer","keyConditionExpression":"#c = :c","limit":50,"expressionAttributeNames":{"#c":"customerId"}}`...)
	default:
		p.request = append(appendHex(append(p.request, `,"key":{"id":"`...), g.rng.Uint64(), 16), `"},"returnConsumedCapacity":"TOTAL","consistentRead":false}`...)
	}
}

// instances fills in a call on an instance.
func (g *estate) instances(t thing, name string) {
	p := &g.parts
	switch name {
	case "DescribeInstances":
		p.request = fmt.Appendf(p.request, `{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"},{"value":"stopping"},{"value":"stopped"}]}},{"name":"tag:service","valueSet":{"items":[{"value":"%s"}]}}]}}`, nouns[g.rng.IntN(len(nouns))])
	case "CreateTags":
		p.request = fmt.Appendf(p.request, `{"resourcesSet":{"items":[{"resourceId":"%s"}]},"tagSet":{"items":[{"key":"build","value":"%s"},{"key":"env","value":"prod"}]}}`, t.name, g.hex(12))
		p.response = append(p.response, `{"_return":true}`...)
	default:
		p.request = fmt.Appendf(p.request, `{"instancesSet":{"items":[{"instanceId":"%s"}]},"force":false}`, t.name)
		p.response = fmt.Appendf(p.response, `{"instancesSet":{"items":[{"instanceId":"%s","currentState":{"code":64,"name":"stopping"},"previousState":{"code":16,"name":"running"}}]}}`, t.name)
	}
}

// run1 launches an instance, a new thing of the estate.
func (g *estate) run1(a *actor, c *call) int {
	id := "i-0" + g.hex(16)
	g.things = append(g.things, thing{instance, a.account, id, g.arn(instance, a.account, id)})
	p, r := &g.parts, g.regions[a.account]
	c.request = g.uuid()
	image, subnet, group := "ami-0"+g.hex(16), "subnet-0"+g.hex(16), "sg-0"+g.hex(16)
	p.request = fmt.Appendf(p.request, `{"instancesSet":{"items":[{"imageId":"%s","minCount":1,"maxCount":1}]},"instanceType":"m8g.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"clientToken":"%s","networkInterfaceSet":{"items":[{"subnetId":"%s","deviceIndex":0,"groupSet":{"items":[{"groupId":"%s"}]}}]},"ebsOptimized":true,"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"env","value":"prod"}]}]}}`,
		image, g.uuid(), subnet, group)
	p.response = fmt.Appendf(p.response, `{"requestId":"%s","reservationId":"r-0%s","ownerId":"%s","groupSet":{},"instancesSet":{"items":[{"instanceId":"%s","imageId":"%s","instanceState":{"code":0,"name":"pending"},"privateDnsName":"","amiLaunchIndex":0,"productCodes":{},"instanceType":"m8g.large","launchTime":%d,"placement":{"availabilityZone":"%sa","tenancy":"default"},"monitoring":{"state":"disabled"},"subnetId":"%s","architecture":"arm64","rootDeviceType":"ebs","hypervisor":"xen","tagSet":{"items":[{"key":"env","value":"prod"}]},"groupSet":{"items":[{"groupId":"%s"}]}}]}}`,
		c.request, g.hex(16), c.recipient, id, image, g.now.UnixMilli(), r, subnet, group)
	return len(g.things) - 1
}
