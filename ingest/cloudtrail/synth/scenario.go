package synth

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"
)

// Scenario is a story of who made a table fail, told in an estate where many
// others work with the same table.
type Scenario string

// The scenarios.
const (
	AgentDeletes    Scenario = "agent-deletes"    // a coding agent in an engineer's session takes a role and deletes
	KeyTheft        Scenario = "key-theft"        // a long-lived key is used from elsewhere
	RoleChain       Scenario = "role-chain"       // role after role, to one that changes the table anyway
	UngatedChange   Scenario = "ungated-change"   // a change past the pipeline
	InstanceControl Scenario = "instance-control" // a command sent to an instance, whose own session then acts
	DeployStorm     Scenario = "deploy-storm"     // many harmless deployments: nobody did it
)

// Scenarios are all of them.
var Scenarios = []Scenario{AgentDeletes, KeyTheft, RoleChain, UngatedChange, InstanceControl, DeployStorm}

// ScenarioTruth is who did it, told by the story and not read back from the
// files.
type ScenarioTruth struct {
	Scenario Scenario  `json:"scenario"`
	Seed     uint64    `json:"seed"`
	Resource string    `json:"resource"` // the table's ARN
	At       time.Time `json:"at"`       // when it failed
	// Keys are the access keys of who did it: of the one who began it, where
	// one set another going. Empty: nobody did it.
	Keys     []string `json:"keys"`
	Identity string   `json:"identity"` // its ARN
	Deed     string   `json:"deed"`     // event id of the call that did it, or set it going
	// Through are the keys of what was only set going.
	Through  []string `json:"through"`
	Touching int      `json:"touching"` // identities that called the table on the day
	Changing int      `json:"changing"` // of these, with success on the control plane
	Records  int      `json:"records"`
}

// scenarioDays is how many days of habits lie before the day of the failure.
const scenarioDays = 31

// tale is a scenario being told: a world with another cast.
type tale struct {
	*world
	rng    *rand.Rand
	date   time.Time // midnight of the day told
	seq    int
	target string
	truth  ScenarioTruth

	readers                  []*worker
	pipelines                []*pipeline
	engineer                 Role
	admin                    Role // that engineers take now and then
	runnerRole, hub, release Role // a chain that works every day, link by link
	operator                 User
	operators                string // its key
	tagger                   User
	taggerKey                string
	patcher                  User
	patchKey                 string
	export                   User
	exportKey                string
	chainer                  User
	chainKey                 string
	node                     Role
	instances                []string
	touching, changing       map[string]bool
}

// worker is a workload that reads and writes the table every day.
type worker struct {
	role  Role
	host  string
	name  string
	ip    string
	agent string
	verbs []string
}

// pipeline deploys from CI with a role of its own.
type pipeline struct {
	role    Role
	subject string
	verbs   []string // calls on the table
	share   float64  // of the days on which it deploys
	agent   string
}

// TellScenario writes the scenario's trail, by path below a trail's bucket, and
// the truth about it. The same seed gives the same bytes.
func TellScenario(s Scenario, seed uint64) (map[string][]byte, ScenarioTruth, error) {
	if !slices.Contains(Scenarios, s) {
		return nil, ScenarioTruth{}, fmt.Errorf("tell scenario: %q is none of %v", s, Scenarios)
	}
	t := &tale{world: &world{ids: IDs{Seed: fmt.Sprint(s, seed)}, times: map[string]int{}, ledger: map[string]*ledgerRow{}},
		rng: rand.New(rand.NewPCG(seed, uint64(len(s)))), touching: map[string]bool{}, changing: map[string]bool{}}
	at := time.Date(2026, 11, 22, 13, 44, 0, 0, time.UTC)
	t.truth = ScenarioTruth{Scenario: s, Seed: seed, At: at}
	t.hire()
	for d := scenarioDays; d > 0; d-- {
		t.dawn(at.Truncate(24*time.Hour).AddDate(0, 0, -d))
		t.usual(23*60 + 30)
	}
	t.dawn(at.Truncate(24 * time.Hour))
	clear(t.touching)
	clear(t.changing)
	t.usual(13*60 + 40)
	switch s {
	case AgentDeletes:
		t.agentDeletes()
	case KeyTheft:
		t.keyTheft()
	case RoleChain:
		t.roleChain()
	case UngatedChange:
		t.ungated()
	case InstanceControl:
		t.instanceControl()
	case DeployStorm:
		t.storm()
	}
	if s != DeployStorm {
		t.distract()
	} else if t.rng.IntN(2) == 0 {
		t.lookingAgent(13 * 60)
	}
	t.failing()
	if t.err != nil {
		return nil, t.truth, t.err
	}
	t.truth.Touching, t.truth.Changing, t.truth.Records = len(t.touching), len(t.changing), len(t.entries)
	files, err := t.trail()
	return files, t.truth, err
}

// dawn begins a day.
func (t *tale) dawn(date time.Time) {
	t.date = date
	t.today = date.Format("2006-01-02T")
}

// hire draws the cast.
func (t *tale) hire() {
	t.target = nouns[t.rng.IntN(len(nouns))] + "-main"
	t.truth.Resource = "arn:aws:dynamodb:" + north + ":" + prod + ":table/" + t.target
	hosts := []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}
	for i := range 28 + t.rng.IntN(6) {
		w := &worker{host: hosts[i%2], name: fmt.Sprintf("%s-worker-%02d", nouns[i%len(nouns)], i), ip: fmt.Sprintf("198.18.%d.%d", 100+i, 1+t.rng.IntN(250))}
		w.role = t.role(prod, "/", w.name+"-role")
		w.agent, w.verbs = boto("AWS_Lambda_python3.13", "Z,b,D,g"), []string{"GetItem", "Query"}
		if i%3 == 0 {
			w.verbs = append(w.verbs, "PutItem")
		}
		if w.host == hosts[1] {
			w.agent = agents[onECS]
		}
		t.readers = append(t.readers, w)
	}
	for i, p := range []pipeline{
		{verbs: []string{"UpdateTable", "UpdateTimeToLive"}, share: 0.8, agent: agents[byRole]},
		{verbs: []string{"UpdateTable"}, share: 0.5, agent: agents[byRole]},
		{verbs: []string{"UpdateTable", "TagResource"}, share: 0.35, agent: agents[onCI]},
	} {
		p.role = t.role(prod, "/", fmt.Sprintf("ci-%s", []string{"tables", "web", "jobs"}[i]))
		p.subject = fmt.Sprintf("repo:estate/%s:ref:refs/heads/main", p.role.Name)
		t.pipelines = append(t.pipelines, &p)
	}
	t.engineer = t.role(prod, "/aws-reserved/sso.amazonaws.com/"+north+"/", "AWSReservedSSO_PlatformEngineer_"+t.ids.Hex(16, "sso"))
	t.admin = t.role(prod, "/", "deploy-admin")
	t.runnerRole, t.hub, t.release = t.role(prod, "/", "batch-runner"), t.role(prod, "/", "shared-services"), t.role(prod, "/", "release")
	t.node = t.role(prod, "/", "worker-node")
	hire := func(name string) (User, string) { return t.user(name), t.ids.Key("AKIA", name) }
	t.operator, t.operators = hire("svc-operations")
	t.tagger, t.taggerKey = hire("svc-cost-tags")
	t.patcher, t.patchKey = hire("svc-patching")
	t.export, t.exportKey = hire("svc-export")
	t.chainer, t.chainKey = hire("svc-batch")
	for i := range 3 {
		t.instances = append(t.instances, "i-0"+t.ids.Hex(16, "instance", fmt.Sprint(i)))
	}
}

// on is a call on the table, at a minute of the day.
func (t *tale) on(minute int, by Caller, name string) *Record {
	r := t.table(t.hms(minute), by, name, t.target, "", "")
	id := r.UserIdentity.ARN
	if c := r.UserIdentity.SessionContext; c != nil && c.Issuer != nil {
		id = c.Issuer.ARN
	}
	t.touching[id] = true
	if !readOnly(name) && r.ManagementEvent {
		t.changing[id] = true
	}
	return r
}

// hms is the minute with a second of its own.
func (t *tale) hms(minute int) string { return hms(minute, t.rng.IntN(60)) }

// open is a session that was opened at the minute by the call that write makes.
func (t *tale) open(r Role, name string, minute int, write func(Session)) Session {
	t.seq++
	s := Session{Role: r, Name: name, Key: t.ids.Key("ASIA", r.ARN(), name, fmt.Sprint(t.seq)), Created: t.clock(t.hms(minute))}
	write(s)
	return s
}

// take is a session that the caller obtains by AssumeRole.
func (t *tale) take(by Caller, r Role, name string, minute int) Session {
	return t.open(r, name, minute, func(s Session) { t.assume(by, s, time.Hour) })
}

func (t *tale) as(u User, key, ip string) Caller {
	return Caller{Identity: u.Identity(key), IP: ip, Agent: agents[byUser]}
}

// The addresses of the estate: 198.18.0.0/15 is set aside for benchmarks
// (RFC 2544).
const (
	opsBox      = "198.18.9.4"
	tagBox      = "198.18.7.4"
	patchBox    = "198.18.8.4"
	exportHost  = "198.18.6.4"
	batchBox    = "198.18.5.4"
	nodeAddress = "198.18.4.4"
	elsewhere   = "203.0.113.99"
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

// distract is what else happens to the table in the hours before, some of it
// unusual and harmless, and the routine changes after the deed.
func (t *tale) distract() {
	end := 13*60 + 43
	for _, n := range t.rng.Perm(4)[:1+t.rng.IntN(3)] {
		at := t.between(10*60, end-6)
		switch n {
		case 0: // a routine changer does something else for the first time
			t.on(at, t.as(t.operator, t.operators, opsBox), "UpdateTimeToLive")
		case 1: // a new pipeline
			p := &pipeline{role: t.role(prod, "/", "ci-blue"), subject: "repo:estate/blue:ref:refs/heads/main", verbs: []string{"UpdateTable"}, agent: agents[byRole]}
			t.deploy(p, at)
		case 2: // an agent that only looks, and tags
			t.lookingAgent(at)
		case 3: // a pipeline on a runner elsewhere
			p := t.pipelines[0]
			ip := "192.0.2.17"
			s := t.open(p.role, "GitHubActions", at, func(s Session) { t.web(Caller{IP: ip, Agent: agents[onCI]}, github, p.subject, s, time.Hour) })
			t.on(at+2, Caller{Identity: s.Identity(), IP: ip, Agent: p.agent}, "UpdateTable")
		}
	}
	scaling := t.linked("dynamodb.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable", "AutoScaling-ManageAlarms", t.clock("00:05:00"))
	for range 1 + t.rng.IntN(2) {
		t.on(t.between(end-8, end), scaling, "UpdateTable")
	}
	if t.rng.IntN(2) == 0 {
		t.on(t.between(end-15, end), t.as(t.tagger, t.taggerKey, tagBox), "TagResource")
	}
	if t.rng.IntN(2) == 0 {
		t.deploy(t.pipelines[0], end-6)
	}
}

// lookingAgent is an agent in an engineer's session that only looks, and tags.
func (t *tale) lookingAgent(at int) {
	agent := t.engineers(at - 5).with(cli("AN,s,E,b,Z", t.ids.Hex(12, "other sid"), "dynamodb.describe-table"))
	t.on(at, agent, "DescribeTable")
	t.on(at+1, agent, "TagResource")
}

// failing is what the workloads see from the failure on.
func (t *tale) failing() {
	for i, w := range t.readers[:6] {
		s := t.open(w.role, w.name, 13*60+40, func(s Session) { t.vend(w.host, s, time.Hour, "") })
		t.table(hms(13*60+44+i%3, i), Caller{Identity: s.Identity(), IP: w.ip, Agent: w.agent}, "GetItem", t.target, "InternalServerError", "Internal server error")
	}
}

// trail lays the records out, a file for each day and region.
func (t *tale) trail() (map[string][]byte, error) {
	lines := map[string][]entry{}
	for _, e := range t.entries {
		end := e.at.Truncate(24 * time.Hour).Add(24 * time.Hour)
		name := path.Join("AWSLogs", e.rec.RecipientAccountID, "CloudTrail", e.rec.AWSRegion, end.Format("2006/01/02"),
			fmt.Sprintf("%s_CloudTrail_%s_%s_%s.json", e.rec.RecipientAccountID, e.rec.AWSRegion, end.Format("20060102T1504Z"), t.ids.letters(alnum, 16, []string{"file", e.rec.AWSRegion, end.String()})))
		lines[name] = append(lines[name], e)
	}
	return lay(lines)
}
