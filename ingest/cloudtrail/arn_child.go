package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// child is what an ARN says about a thing inside another: its type and the
// resource part of its parent's ARN.
type child struct{ typ, parent string }

// splitChild recognises ARNs of things inside others by their shape.
func splitChild(a graph.ARN) (child, bool) {
	res := a.Resource
	word, rest := cutWord(res)
	part := strings.Split // only on the rare paths below
	switch a.Service {
	case "s3":
		if a.Account == "" {
			if b, key, ok := strings.Cut(res, "/"); ok && key != "" {
				return child{"object", b}, true
			}
		}
		if i := strings.Index(res, "/object/"); i > 0 && word == "accesspoint" {
			return child{"object", res[:i]}, true
		}
	case "lambda":
		if name, q, ok := strings.Cut(rest, ":"); ok && q != "" && (word == "function" || word == "layer") {
			typ := "version"
			if !digits(q) {
				typ = "alias"
			}
			return child{word + "-" + typ, word + ":" + name}, true
		}
	case "states":
		if sm, run, ok := strings.Cut(rest, ":"); ok && run != "" && (word == "execution" || word == "express") {
			return child{word, "stateMachine:" + sm}, true
		}
	case "ecs":
		switch p := part(rest, "/"); {
		case len(p) == 2 && (word == "task" || word == "service" || word == "container-instance"):
			return child{word, "cluster/" + p[0]}, true
		case len(p) == 3 && word == "task-set":
			return child{word, "service/" + p[0] + "/" + p[1]}, true
		}
	case "eks":
		if cluster, in, ok := strings.Cut(rest, "/"); ok && in != "" && word != "cluster" {
			return child{word, "cluster/" + cluster}, true
		}
	case "apigateway": // /restapis/ID/stages/S
		if p := part(strings.TrimPrefix(res, "/"), "/"); len(p) >= 4 && (p[0] == "restapis" || p[0] == "apis") {
			return child{strings.TrimSuffix(p[len(p)-2+len(p)%2], "s"), "/" + p[0] + "/" + p[1]}, true
		}
	case "dynamodb", "kinesis", "es", "appsync", "guardduty", "bedrock-agentcore": // table/T/index/I
		p := part(rest, "/")
		if len(p) >= 3 && (word == "table" || word == "stream" || word == "apis" || word == "detector" || word == "runtime") {
			return child{strings.TrimSuffix(p[1], "s"), word + "/" + p[0]}, true
		}
	case "logs":
		if i := strings.Index(res, ":log-stream:"); i > 0 && word == "log-group" {
			return child{"log-stream", res[:i]}, true
		}
	case "elasticloadbalancing":
		if i := strings.LastIndexByte(rest, '/'); i > 0 {
			switch word {
			case "listener":
				return child{word, "loadbalancer/" + rest[:i]}, true
			case "listener-rule":
				return child{word, "listener/" + rest[:i]}, true
			}
		}
	case "sns":
		if topic, id, ok := strings.Cut(res, ":"); ok && id != "" {
			return child{"subscription", topic}, true
		}
	case "elasticbeanstalk":
		if app, in, ok := strings.Cut(rest, "/"); ok && in != "" && word != "platform" {
			return child{word, "application/" + app}, true
		}
	case "glue":
		if p := part(rest, "/"); len(p) == 2 && (word == "table" || word == "userDefinedFunction") {
			return child{word, "database/" + p[0]}, true
		}
	case "events":
		if bus, name, ok := strings.Cut(rest, "/"); ok && name != "" && word == "rule" && bus != "aws.partner" {
			return child{word, "event-bus/" + bus}, true
		}
	case "codepipeline":
		if p, in, ok := strings.Cut(res, "/"); ok && in != "" && !strings.Contains(p, ":") {
			return child{"stage", p}, true
		}
	case "codebuild":
		if p, _, ok := strings.Cut(rest, ":"); ok && word == "build" {
			return child{word, "project/" + p}, true
		}
	case "redshift":
		if c, in, ok := strings.Cut(rest, "/"); ok && in != "" && strings.HasPrefix(word, "db") {
			return child{word, "cluster:" + c}, true
		}
	case "bedrock":
		if agent, _, ok := strings.Cut(rest, "/"); ok && word == "agent-alias" {
			return child{word, "agent/" + agent}, true
		}
	case "kafka":
		if p := part(rest, "/"); len(p) == 3 && (word == "topic" || word == "group") {
			return child{word, "cluster/" + p[0] + "/" + p[1]}, true
		}
	}
	return child{}, false
}

// cutWord splits a resource part at its first slash or colon.
func cutWord(res string) (word, rest string) {
	i := strings.IndexAny(res, ":/")
	if i < 0 {
		return res, ""
	}
	return res[:i], res[i+1:]
}

// parentOf is the thing that the id's own shape puts it in: a bucket for an
// object, a function for its version, a cluster for a task.
func parentOf(id graph.ID) (graph.ID, bool) {
	a, ok := splitARN(string(id))
	if !ok {
		return "", false
	}
	c, ok := splitChild(a)
	if !ok {
		return "", false
	}
	a.Resource = c.parent
	return graph.ID(a.String()), true
}

// aliasOf is the id that a record writes which knows only the name: a stack
// without its UUID, a secret without its random suffix, a role, user or policy
// without its path. Empty where there is none.
//
// A secret's suffix is a dash and six letters or digits; one of lower-case
// letters only (1 in 185) is taken for part of the name, as names like
// my-secret end so.
func aliasOf(id graph.ID) graph.ID {
	a, ok := splitARN(string(id))
	if !ok {
		return ""
	}
	word, rest := cutWord(a.Resource)
	short := ""
	switch a.Service {
	case "cloudformation":
		if name, uuid, ok := strings.Cut(rest, "/"); ok && uuid != "" && (word == "stack" || word == "changeSet") {
			short = word + "/" + name
		}
	case "secretsmanager":
		if i := len(rest) - 7; word == "secret" && i > 0 && rest[i] == '-' && randomSuffix(rest[i+1:]) {
			short = word + ":" + rest[:i]
		}
	case "autoscaling":
		if uuid, name, ok := strings.Cut(rest, ":"); ok && word == "autoScalingGroup" && uuid != "" {
			short = word + ":" + name
		}
	case "eks":
		if p := strings.Split(rest, "/"); len(p) == 3 && (word == "nodegroup" || word == "addon" || word == "fargateprofile") {
			short = word + "/" + p[0] + "/" + p[1]
		}
	case "elasticbeanstalk":
		if _, env, ok := strings.Cut(rest, "/"); ok && env != "" && word == "environment" {
			short = word + "/" + env
		}
	case "iam":
		return awsid.Pathless(a)
	}
	if short == "" {
		return ""
	}
	a.Resource = short
	return graph.ID(a.String())
}

func randomSuffix(s string) bool {
	lower := true
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z':
		case c >= 'A' && c <= 'Z', isDigit(c):
			lower = false
		default:
			return false
		}
	}
	return !lower
}
