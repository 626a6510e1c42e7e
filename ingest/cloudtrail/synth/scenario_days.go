package synth

import (
	"fmt"
	"time"
)

// usual is what happens every day, up to a minute.
func (t *tale) usual(until int) {
	for _, w := range t.readers {
		at := 60 + t.rng.IntN(120)
		s := t.open(w.role, w.name, at, func(s Session) { t.vend(w.host, s, 12*time.Hour, "") })
		by := Caller{Identity: s.Identity(), IP: w.ip, Agent: w.agent}
		if w.host == "lambda.amazonaws.com" {
			by.Identity.InScopeOf = &InScopeOf{"AWS::Lambda::Function", "arn:aws:lambda:" + north + ":" + prod + ":function:" + w.name}
		}
		for range 2 {
			t.on(at+10+t.rng.IntN(600), by, w.verbs[t.rng.IntN(len(w.verbs))])
		}
	}
	for _, p := range t.pipelines {
		if t.rng.Float64() < p.share {
			t.deploy(p, t.between(6*60, until))
		}
	}
	scaling := t.linked("dynamodb.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable", "AutoScaling-ManageAlarms", t.clock("00:05:00"))
	for range 2 {
		t.on(t.between(6*60, until), scaling, "UpdateTable")
	}
	t.on(t.between(60, 300), t.as(t.tagger, t.taggerKey, tagBox), "TagResource")
	if t.rng.IntN(3) == 0 {
		t.on(t.between(300, until), t.as(t.operator, t.operators, opsBox), "UpdateTable")
	}
	t.on(t.between(300, until), t.as(t.export, t.exportKey, exportHost), "Scan")

	// The chain, link by link: the batch user takes the runner's role, a CI
	// run the hub's, the hub's session releases.
	run := t.take(t.as(t.chainer, t.chainKey, batchBox), t.runnerRole, "batch", t.between(60, 300))
	t.call(t.hms(t.between(301, until)), Caller{Identity: run.Identity(), IP: batchBox, Agent: agents[byUser]}, "batch", "ListJobs", nil, nil)
	h := t.open(t.hub, "GitHubActions", t.between(300, 320), func(s Session) {
		t.web(Caller{IP: runners, Agent: agents[onCI]}, github, "repo:estate/shared:ref:refs/heads/main", s, time.Hour)
	})
	if t.rng.IntN(2) == 0 {
		rel := t.take(Caller{Identity: h.Identity(), IP: runners, Agent: agents[onCI]}, t.release, "release", 325)
		t.on(330, Caller{Identity: rel.Identity(), IP: runners, Agent: agents[onCI]}, "UpdateTable")
	}

	// Engineers look, and take the admin's role now and then for other things.
	e := t.engineers(t.between(420, 480))
	t.on(t.between(485, until), e, "DescribeTable")
	if t.rng.IntN(4) == 0 {
		at := t.between(490, 540)
		s := t.take(e, t.admin, "mira.lindqvist", at)
		t.table(t.hms(at+2), Caller{Identity: s.Identity(), IP: office, Agent: cli("s,E,b,Z", sidHers, "dynamodb.update-table")}, "UpdateTable", "sandbox", "", "")
	}

	// A fleet of instances with a role that works with the table; patching
	// sends commands to another one.
	for i, id := range t.instances {
		by := t.boot(id, i, 30+i)
		t.on(t.between(60, until), by, []string{"GetItem", "PutItem"}[t.rng.IntN(2)])
	}
	if t.rng.IntN(3) == 0 {
		t.command(t.between(300, until), t.as(t.patcher, t.patchKey, patchBox), "i-0"+t.ids.Hex(16, "bastion"))
	}
}

const github = "token.actions.githubusercontent.com"

func (t *tale) between(from, until int) int { return from + t.rng.IntN(max(until-from, 1)) }

// engineers is an engineer's session from the office.
func (t *tale) engineers(minute int) Caller {
	saml := Caller{IP: office, Agent: "aws-internal/3 aws-sdk-java/1.12.799",
		Identity: Identity{Type: "SAMLUser", PrincipalID: t.ids.Hex(27, "saml") + "=:mira.lindqvist", UserName: "mira.lindqvist", IdentityProvider: t.ids.Hex(27, "saml") + "="}}
	s := t.open(t.engineer, "mira.lindqvist", minute, func(s Session) {
		t.add(s.Created.Format("15:04:05"), saml, Call{Service: "sts", Name: "AssumeRoleWithSAML",
			Request:  Object{"roleSessionName", s.Name, "roleArn", s.Role.ARN(), "principalArn", "arn:aws:iam::" + prod + ":saml-provider/sso", "durationSeconds", 3600},
			Response: append(t.grant(s, 12*time.Hour), "subject", "mira.lindqvist", "subjectType", "persistent"), Resources: roleResource(s.Role)})
	})
	return Caller{Identity: s.Identity(), IP: office, Agent: cli("s,E,b,Z", sidHers, "dynamodb.describe-table")}
}

// boot is an instance with its session of the day.
func (t *tale) boot(id string, n, minute int) Caller {
	s := t.open(t.node, id, minute, func(s Session) { t.vend("ec2.amazonaws.com", s, 24*time.Hour, "") })
	s.Key = t.ids.Key("ASIA", "node", id, t.today)
	identity := s.Identity()
	identity.SessionContext.EC2RoleDelivery = "2.0"
	return Caller{Identity: identity, IP: fmt.Sprintf("198.18.4.%d", 10+n), Agent: agents[onEC2]}
}

func (t *tale) command(minute int, by Caller, instance string) *Record {
	return t.call(t.hms(minute), by, "ssm", "SendCommand",
		Object{"instanceIds", []string{instance}, "documentName", "AWS-RunShellScript", "parameters", "HIDDEN_DUE_TO_SECURITY_REASONS"},
		Object{"command", Object{"commandId", t.ids.UUID("command", fmt.Sprint(minute), instance), "instanceIds", []string{instance}, "documentName", "AWS-RunShellScript"}})
}

// deploy is a run of the pipeline, with one to all of its calls on the table.
func (t *tale) deploy(p *pipeline, minute int) {
	ip := fmt.Sprintf("198.19.%d.%d", 1+t.rng.IntN(3), 1+t.rng.IntN(250))
	s := t.open(p.role, "GitHubActions", minute, func(s Session) { t.web(Caller{IP: ip, Agent: agents[onCI]}, github, p.subject, s, time.Hour) })
	by := Caller{Identity: s.Identity(), IP: ip, Agent: p.agent}
	fn := p.role.Name + "-fn"
	t.call(t.hms(minute+1), by, "lambda", "UpdateFunctionCode20150331v2", Object{"functionName", fn, "dryRun", false},
		Object{"functionName", fn, "functionArn", "arn:aws:lambda:" + north + ":" + prod + ":function:" + fn})
	for i := range 1 + t.rng.IntN(len(p.verbs)) {
		t.on(minute+2+i, by, p.verbs[i])
	}
}
