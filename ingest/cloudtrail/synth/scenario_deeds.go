package synth

import (
	"fmt"
	"strings"
	"time"
)

// moment is when it was done: two minutes to an hour and a half before it
// failed.
func (t *tale) moment() int { return 13*60 + 40 - t.rng.IntN(88) }

// blame writes down who did it, and by which call.
func (t *tale) blame(deed, identity string, keys ...string) {
	t.truth.Identity, t.truth.Keys, t.truth.Deed = identity, keys, deed
}

func (t *tale) agentDeletes() {
	at := t.moment()
	e := t.engineers(at - 25)
	sid := t.ids.Hex(12, "sid")
	as := func(by Caller, command string) Caller { return by.with(cli("AN,s,E,b,Z", sid, command)) }
	t.on(at-12, as(e, "dynamodb.describe-table"), "DescribeTable")
	s := t.take(as(e, "sts.assume-role"), t.admin, "mira.lindqvist", at-6)
	by := as(Caller{Identity: s.Identity(), IP: office}, "dynamodb.delete-table")
	keys := []string{s.Key}
	if t.rng.IntN(2) == 0 { // through CloudFormation
		forwarded := t.ids.Key("ASIA", "forwarded", s.Key)
		keys = append(keys, forwarded)
		t.stack(t.hms(at-1), by, "DeleteStack", Object{"stackName", "main"}, nil, "", "")
		by = by.Through("cloudformation.amazonaws.com", forwarded)
	}
	deed := t.on(at, by, "DeleteTable").EventID
	if t.rng.IntN(2) == 0 {
		t.on(at+1, by, "CreateTable")
	}
	t.blame(deed, t.admin.ARN(), keys...)
}

func (t *tale) keyTheft() {
	at := t.moment()
	u, key := t.export, t.exportKey
	if t.rng.IntN(2) == 0 { // one that changes the table anyway
		u, key = t.operator, t.operators
	}
	by := Caller{Identity: u.Identity(key), IP: elsewhere, Agent: agents[byUser]}
	if t.rng.IntN(2) == 0 {
		by.Agent = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0-kali3-amd64 md/arch#x86_64 lang/python#3.13.3 md/pyimpl#CPython cfg/retry-mode#standard"
	}
	t.call(t.hms(at-4), by, "sts", "GetCallerIdentity", nil, nil)
	t.on(at-2, by, "DescribeTable")
	t.blame(t.on(at, by, t.harm()).EventID, u.ARN(), key)
}

// harm is how the table is broken.
func (t *tale) harm() string { return []string{"DeleteTable", "UpdateTable"}[t.rng.IntN(2)] }

func (t *tale) roleChain() {
	at := t.moment()
	ip := batchBox
	user := t.as(t.chainer, t.chainKey, ip)
	one := t.take(user, t.runnerRole, "batch", at-12)
	two := t.take(Caller{Identity: one.Identity(), IP: ip, Agent: agents[byUser]}, t.hub, "batch", at-9)
	three := t.take(Caller{Identity: two.Identity(), IP: ip, Agent: agents[byUser]}, t.release, "release", at-5)
	deed := t.on(at, Caller{Identity: three.Identity(), IP: ip, Agent: agents[byUser]}, t.harm())
	t.blame(deed.EventID, t.release.ARN(), three.Key)
}

func (t *tale) ungated() {
	at := t.moment()
	e := t.engineers(at - 30)
	if t.rng.IntN(2) == 0 { // with the engineer's own role
		deed := t.on(at, e.with(cli("s,E,b,Z", sidHers, "dynamodb.update-table")), "UpdateTable")
		t.blame(deed.EventID, t.engineer.ARN(), e.Identity.AccessKeyID)
		return
	}
	s := t.take(e, t.release, "mira.lindqvist", at-8) // with the pipeline's
	deed := t.on(at, Caller{Identity: s.Identity(), IP: office, Agent: cli("i,E,b,Z", sidHers, "dynamodb.update-table")}, t.harm())
	t.blame(deed.EventID, t.release.ARN(), s.Key)
}

func (t *tale) instanceControl() {
	at := t.moment()
	n := t.rng.IntN(len(t.instances))
	by := t.as(t.patcher, t.patchKey, patchBox)
	if t.rng.IntN(2) == 0 {
		by = t.as(t.operator, t.operators, opsBox)
	}
	deed := t.command(at-2, by, t.instances[n]).EventID
	s := Session{Role: t.node, Name: t.instances[n], Key: t.ids.Key("ASIA", "node", t.instances[n], t.today), Created: t.booted(t.instances[n])}
	identity := s.Identity()
	identity.SessionContext.EC2RoleDelivery = "2.0"
	t.on(at, Caller{Identity: identity, IP: fmt.Sprintf("198.18.4.%d", 10+n), Agent: "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.3 md/pyimpl#CPython m/0,E"}, t.harm())
	t.blame(deed, by.Identity.ARN, by.Identity.AccessKeyID)
	t.truth.Through = []string{s.Key}
}

// booted is when the instance's session of the day was created.
func (t *tale) booted(id string) time.Time {
	for i := len(t.entries) - 1; i >= 0; i-- {
		u := &t.entries[i].rec.UserIdentity
		if u.SessionContext != nil && strings.HasSuffix(u.PrincipalID, ":"+id) {
			at, _ := time.Parse(time.RFC3339, u.SessionContext.Attributes.CreationDate)
			return at
		}
	}
	return t.date
}

// storm is many harmless deployments, each of a kind that its pipeline makes on
// other days too.
func (t *tale) storm() {
	for range 25 + t.rng.IntN(16) {
		t.deploy(t.pipelines[t.rng.IntN(len(t.pipelines))], t.between(10*60, 13*60+38))
	}
	scaling := t.linked("dynamodb.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable", "AutoScaling-ManageAlarms", t.clock("00:05:00"))
	for range 4 {
		t.on(t.between(10*60, 13*60+42), scaling, "UpdateTable")
	}
	t.on(t.between(10*60, 13*60+42), t.as(t.tagger, t.taggerKey, tagBox), "TagResource")
}
