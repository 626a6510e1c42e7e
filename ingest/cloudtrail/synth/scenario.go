package synth

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
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
