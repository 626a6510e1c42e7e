package synth

import (
	"fmt"
	"time"
)

// people are the actors of the world, and what they call with.
type people struct {
	store      OnBehalfOf // Mira, as IAM Identity Center knows her
	mira       Session    // the engineer's CLI session
	miraSite   Session    // her console session
	hers       Caller     // she at her terminal
	site       Caller     // she in the console
	agent      Caller     // the agent inside her CLI session
	deploy     Session    // what the agent assumed
	deployer   Caller
	forwarded  string // the key CloudFormation calls with on the deploy session's behalf
	jonas      Session
	erik       User
	erikKey    string // of his console session
	legacy     User
	legacyOld  string
	legacyNew  string // created this morning
	runner     User
	runnerKey  string
	rehearsal  Session
	ci         Role // in tooling
	ciDeploy   Role // in production
	writer     Role
	checkout   Session
	reader     Role
	report     Role
	web        Role
	node       Session
	config     Caller // AWS Config's service-linked role
	scaling    Caller // EC2 Auto Scaling's
	checkoutIO Caller
}

const (
	office    = "198.51.100.24" // the company's office, a documentation address
	exportBox = "203.0.113.77"  // where the old export job runs
	runners   = "203.0.113.140" // GitHub's runners
	nat       = "198.51.100.200"

	sidHers  = "7b20d9e4c611"
	sidAgent = "3f9a1c07be24"
)

// cli is the user agent of AWS CLI v2: features is its m/ list (AN = run by
// Claude Code, s = credentials from IAM Identity Center, i and o = assumed by
// a source profile), sid its terminal.
func cli(features, sid, command string) string {
	return fmt.Sprintf("aws-cli/2.36.4 md/awscrt#0.31.2 ua/2.1 os/macos#25.6.0 md/arch#arm64 lang/python#3.14.2 md/pyimpl#CPython m/%s cfg/retry-mode#standard md/installer#exe sid/%s md/prompt#off md/command#%s",
		features, sid, command)
}

func boto(env, features string) string {
	return "Boto3/1.43.18 md/Botocore#1.43.18 ua/2.1 os/linux#6.12.58 md/arch#x86_64 lang/python#3.13.9 md/pyimpl#CPython exec-env/" + env + " m/" + features + " cfg/retry-mode#standard Botocore/1.43.18"
}

// with is the caller with another command in its user agent.
func (c Caller) with(agent string) Caller { c.Agent = agent; return c }

func (w *world) role(account, path, name string) Role {
	return Role{account, path, name, w.ids.Unique("AROA", account, name)}
}

// session opens a session at the time; its key follows from what it is.
func (w *world) session(r Role, name, hms string) Session {
	return Session{Role: r, Name: name, Key: w.ids.Key("ASIA", r.ARN(), name, hms), Created: w.clock(hms)}
}

func (w *world) user(name string) User { return User{prod, name, w.ids.Unique("AIDA", name)} }

// linked is a service-linked role's session: it shows no key.
func (w *world) linked(host, role, name string, created time.Time) Caller {
	s := Session{Role: w.role(prod, "/aws-service-role/"+host+"/", role), Name: name, Created: created}
	return Caller{Identity: s.Identity(), IP: host, Agent: host}.Through(host, "")
}

func (w *world) cast() {
	p := &w.who
	p.store = OnBehalfOf{w.ids.UUID("mira"), "arn:aws:identitystore::" + tooling + ":identitystore/d-93671bc0a4"}
	engineer := w.role(prod, "/aws-reserved/sso.amazonaws.com/"+north+"/", "AWSReservedSSO_PlatformEngineer_9f3c2ab41d7e0c58")
	p.mira = w.session(engineer, "mira.lindqvist", "13:29:40")
	p.miraSite = w.session(engineer, "mira.lindqvist", "13:24:12")
	p.hers = Caller{Identity: p.mira.Identity(), IP: office, Agent: cli("s,E,b,Z", sidHers, "sts.get-caller-identity")}
	p.site = Caller{Identity: p.miraSite.Identity(), IP: office, Agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36", Console: true}
	p.agent = Caller{Identity: p.mira.Identity(), IP: office}
	p.deploy = w.session(w.role(prod, "/", "deploy-admin"), "mira.lindqvist-billing", "13:36:05")
	p.deployer = Caller{Identity: p.deploy.Identity(), IP: office}
	p.forwarded = w.ids.Key("ASIA", "forwarded", p.deploy.Key)
	p.jonas = w.session(w.role(prod, "/aws-reserved/sso.amazonaws.com/"+north+"/", "AWSReservedSSO_ReadOnly_41aa07c95d2be683"), "jonas.berg", "11:02:16")

	p.erik = w.user("erik.sand")
	p.erikKey = w.ids.Key("ASIA", "erik console")
	p.legacy = w.user("svc-legacy-export")
	p.legacyOld = w.ids.Key("AKIA", "legacy", "1")
	p.legacyNew = w.ids.Key("AKIA", "legacy", "2")
	p.runner = w.user("svc-dr-runner")
	p.runnerKey = w.ids.Key("AKIA", "dr runner")
	p.rehearsal = w.session(w.role(prod, "/", "dr-rehearsal"), "dr-rehearsal-2026-11-22", "10:20:05")

	p.ci = w.role(tooling, "/", "github-ci")
	p.ciDeploy = w.role(prod, "/", "github-deploy")
	p.writer = w.role(prod, "/service-role/", "invoice-writer-role")
	p.checkout = w.session(w.role(prod, "/", "checkout-task-role"), w.ids.Hex(32, "checkout task"), "08:03:20")
	p.checkoutIO = Caller{Identity: p.checkout.Identity(), IP: nat, Agent: "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#arm64 exec-env/AWS_ECS_FARGATE api/s3#1.114.8 m/z,E"}
	p.reader = w.role(prod, "/", "eks-ledger-reader")
	p.report = w.role(prod, "/", "eks-invoice-report")
	p.web = w.role(prod, "/", "web-instance-role")
	p.node = w.session(w.role(prod, "/", "halden-apps-node"), "i-0c4e81f2a9b35d670", "08:01:11")
	p.config = w.linked("config.amazonaws.com", "AWSServiceRoleForConfig", "AWSConfig-Describe", w.clock("08:00:30"))
	p.scaling = w.linked("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", "AutoScaling", w.clock("09:30:02"))
}
