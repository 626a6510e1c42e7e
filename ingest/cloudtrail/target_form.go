package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// forms are the ways of the override table to make an id of a value that a
// template cannot tell.
var forms map[string]func(c *call, v string) graph.ID

// formKeys are the members of a request that forms look at beside their value.
var formKeys = []string{"qualifier", "resourceType", "eventBusName"}

func init() { // in init, as forms refer to the table that refers to them
	forms = map[string]func(c *call, v string) graph.ID{
		"arn":      onlyARN,
		"key":      func(_ *call, v string) graph.ID { return graph.ID("aws:key:" + v) },
		"account":  func(c *call, _ string) graph.ID { return graph.ID("aws:account:" + accountOf(c.r)) },
		"endpoint": func(c *call, _ string) graph.ID { c.serviceLevel = true; return "" },
		"user":     user,
		"password": password,
		"ec2":      func(c *call, v string) graph.ID { id, _ := c.ec2ID(v); return id },
		"instance": instance,
		"lambda":   function,
		"kms":      key,
		"param":    parameter,
		"document": document,
		"ssm":      tagged,
		"sqs":      queue,
		"zone":     zone,
		"org":      orgTarget,
		"rule":     eventRule,
	}
}

// onlyARN takes a value that is an ARN.
func onlyARN(_ *call, v string) graph.ID {
	if !strings.HasPrefix(v, "arn:") {
		return ""
	}
	return canonical(v)
}

// user is an IAM user by name or ARN; without one the calling user, where the
// call is about a user.
func user(c *call, v string) graph.ID {
	switch {
	case strings.HasPrefix(v, "arn:"):
		return canonical(v)
	case v != "":
		return arnID(c.partition(), "iam", "", accountOf(c.r), "user/"+v)
	case c.r.Identity.Type == "IAMUser" && len(c.p.types) > 0 && c.p.types[0].name == "user":
		return graph.ID(c.r.Identity.ARN)
	}
	return ""
}

// password is the console password of a user given by name.
func password(c *call, v string) graph.ID {
	return "aws:password:" + arnID(c.partition(), "iam", "", accountOf(c.r), "user/"+v)
}

// instance is an EC2 instance, or a managed one, by its id; a session target of
// an ECS task is ecs:CLUSTER_TASK_RUNTIME.
func instance(c *call, v string) graph.ID {
	switch {
	case strings.HasPrefix(v, "i-") && hexID(v[2:]):
		return arnID(c.partition(), "ec2", c.r.Region, accountOf(c.r), "instance/"+v)
	case strings.HasPrefix(v, "mi-"):
		return arnID(c.partition(), "ssm", c.r.Region, accountOf(c.r), "managed-instance/"+v)
	case strings.HasPrefix(v, "ecs:"):
		if p := strings.Split(v[len("ecs:"):], "_"); len(p) >= 2 {
			return arnID(c.partition(), "ecs", c.r.Region, accountOf(c.r), "task/"+p[0]+"/"+p[1])
		}
	}
	return ""
}

// function is a Lambda function by name, partial ARN (ACCOUNT:function:NAME) or
// ARN, any of them with a version or alias behind, which may also stand in
// "qualifier".
func function(c *call, v string) graph.ID {
	arn := v
	if !strings.HasPrefix(v, "arn:") {
		account := accountOf(c.r)
		if a, rest, ok := strings.Cut(v, ":function:"); ok {
			account, v = a, rest
		} else {
			v = strings.TrimPrefix(v, "function:")
		}
		arn = string(arnID(c.partition(), "lambda", c.r.Region, account, "function:"+v))
	}
	if q := c.request.Fold("qualifier").Text(); q != "" && strings.Count(arn, ":") == 6 {
		arn += ":" + q
	}
	return canonical(arn)
}

// key is a KMS key or alias by id, name or ARN.
func key(c *call, v string) graph.ID {
	switch {
	case strings.HasPrefix(v, "arn:"):
		return canonical(v)
	case strings.HasPrefix(v, "alias/"):
		return arnID(c.partition(), "kms", c.r.Region, accountOf(c.r), v)
	}
	return arnID(c.partition(), "kms", c.r.Region, accountOf(c.r), "key/"+v)
}

// parameter is an SSM parameter by name, label and version stripped, or ARN.
func parameter(c *call, v string) graph.ID {
	if strings.HasPrefix(v, "arn:") {
		return canonical(v)
	}
	v, _, _ = strings.Cut(v, ":")
	v = strings.TrimPrefix(v, "/")
	if v == "" {
		return ""
	}
	return arnID(c.partition(), "ssm", c.r.Region, accountOf(c.r), "parameter/"+v)
}

// document is an SSM document; those of AWS have no account.
func document(c *call, v string) graph.ID {
	if strings.HasPrefix(v, "arn:") {
		return canonical(v)
	}
	account := accountOf(c.r)
	if strings.HasPrefix(v, "AWS-") || strings.HasPrefix(v, "AmazonCloudWatch-") || strings.HasPrefix(v, "AWSSupport-") {
		account = ""
	}
	return arnID(c.partition(), "ssm", c.r.Region, account, "document/"+v)
}

// tagged is a thing of SSM by resourceId and resourceType.
func tagged(c *call, v string) graph.ID {
	switch c.request.Fold("resourceType").Text() {
	case "Parameter":
		return parameter(c, v)
	case "Document":
		return document(c, v)
	case "ManagedInstance":
		return instance(c, v)
	case "MaintenanceWindow":
		return arnID(c.partition(), "ssm", c.r.Region, accountOf(c.r), "maintenancewindow/"+v)
	case "PatchBaseline":
		return arnID(c.partition(), "ssm", c.r.Region, accountOf(c.r), "patchbaseline/"+v)
	}
	return instance(c, v)
}

// queue is an SQS queue by URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.
func queue(c *call, v string) graph.ID {
	if strings.HasPrefix(v, "arn:") {
		return canonical(v)
	}
	_, path, ok := strings.Cut(v, "://")
	if !ok {
		return arnID(c.partition(), "sqs", c.r.Region, accountOf(c.r), v)
	}
	p := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(p) < 3 {
		return ""
	}
	return arnID(c.partition(), "sqs", c.r.Region, p[len(p)-2], p[len(p)-1])
}

// zone is a Route 53 hosted zone, as Z… or /hostedzone/Z….
func zone(c *call, v string) graph.ID {
	if strings.HasPrefix(v, "arn:") {
		return canonical(v)
	}
	v = v[strings.LastIndexByte(v, '/')+1:]
	if !strings.HasPrefix(v, "Z") {
		return ""
	}
	return arnID(c.partition(), "route53", "", "", "hostedzone/"+v)
}

// orgTarget is what an organization's policy applies to: an account, a unit or
// the root.
func orgTarget(c *call, v string) graph.ID {
	switch {
	case len(v) == 12 && digits(v):
		return graph.ID("aws:account:" + v)
	case strings.HasPrefix(v, "ou-"):
		return arnID(c.partition(), "organizations", "", accountOf(c.r), "ou/"+v)
	case strings.HasPrefix(v, "r-"):
		return arnID(c.partition(), "organizations", "", accountOf(c.r), "root/"+v)
	case strings.HasPrefix(v, "p-"):
		return arnID(c.partition(), "organizations", "", accountOf(c.r), "policy/"+v)
	}
	return ""
}

// eventRule is an EventBridge rule; on the default bus its ARN does not name
// the bus.
func eventRule(c *call, v string) graph.ID {
	if strings.HasPrefix(v, "arn:") {
		return canonical(v)
	}
	if bus := c.request.Fold("eventBusName").Text(); bus != "" && bus != "default" {
		v = bus[strings.LastIndexByte(bus, '/')+1:] + "/" + v
	}
	return arnID(c.partition(), "events", c.r.Region, accountOf(c.r), "rule/"+v)
}

func hexID(s string) bool {
	for _, c := range []byte(s) {
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) >= 8
}
