package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// derive writes what the use of a session or temporary credential shows of
// where it came from and of the workload that runs it.
func (e *emitter) derive() {
	a := e.a
	if a.session.known() {
		if e.r.FromConsole {
			e.b.Attr(e.ref(&a.session), attrConsole, "true", a.created)
		}
		e.runs()
	}
	used := &a.credential
	if !used.known() {
		used = &a.session
	}
	if !used.known() || used.typ == typeLongKey {
		return
	}
	at := a.created
	if at == 0 {
		at = e.t
	}
	e.inferred(&a.declared, used, graph.SourceIdentity, at)
	e.inferred(&a.signIn, used, graph.SignInSession, at)
	if uuid, ok := strings.CutPrefix(a.name, "AWSCodeBuild-"); ok && isUUID(uuid) && a.session.known() {
		build := requestNode(uuid)
		e.inferred(&build, &a.session, graph.SessionName, at)
	}
	e.forwarded(at)
}

// forwarded writes who issued a temporary key that an AWS service used for the
// caller (FAS) without a sign of the console: the session that the record
// shows, of an IAM user the user. Which of the user's keys it was, and whether
// another record shows the session to be the console's, the reader decides.
func (e *emitter) forwarded(at graph.Time) {
	a := e.a
	if a.credential.typ != typeTempKey || e.r.FromConsole || e.r.Identity.Session.FromConsole || !e.via().known() {
		return
	}
	from := &a.identity
	if a.session.known() && a.session.typ != typeUserSession {
		from = &a.session
	}
	e.inferred(from, &a.credential, graph.ForwardedAccess, at)
}

// home is a workload seen running an actor's session, in the builder at hand.
type home struct {
	epoch  uint64
	form   byte
	region string
	row    int
}

// runs writes the workload that runs the session, where the session's name or
// the SDK says which. Its region is the record's, so calls to services that
// answer from one region only, or for buckets elsewhere, do not say.
func (e *emitter) runs() {
	a := e.a
	var form byte
	switch {
	case a.scope.known(): // a fact of the actor's
		return
	case a.instance:
		form = 'i'
	case a.task && e.p.ecs:
		form = 't'
	case e.p.lambda && e.p.ambient && a.name != "" && a.identity.typ == typeRole:
		form = 'f' // not a role that the function assumed itself: that session has any name
	default:
		return
	}
	region := e.r.Region
	if form == 't' {
		region = "" // the task's id is enough
	} else if region == "" || global[e.r.EventSource] {
		return
	}
	if h := &a.home; h.epoch == e.epoch && h.form == form && h.region == region {
		e.b.See(h.row, e.t, e.src)
		return
	}
	var workload graph.NodeRef
	switch form {
	case 'i':
		workload = e.thing(arnID(a.partition, "ec2", region, a.account, "instance/"+a.name))
	case 'f':
		workload = e.thing(arnID(a.partition, "lambda", region, a.account, "function:"+a.name))
	default:
		workload = e.b.Node(taskID(a.account, a.name), graph.Service, typeTask)
	}
	row := e.standing(workload, e.ref(&a.session), graph.Runs)
	a.home = home{e.epoch, form, strings.Clone(region), row}
}

// taskID is an ECS task of which region and cluster are not known; the node of
// its full ARN carries it as alias.
func taskID(account, task string) graph.ID { return graph.ID("aws:ecs-task:" + account + ":" + task) }

// global are the services whose records do not carry the caller's region: they
// answer from one region of the partition, or, as S3, from the bucket's.
var global = map[string]bool{
	"iam.amazonaws.com": true, "sts.amazonaws.com": true, "s3.amazonaws.com": true, "s3express.amazonaws.com": true,
	"cloudfront.amazonaws.com": true, "route53.amazonaws.com": true, "route53domains.amazonaws.com": true, "organizations.amazonaws.com": true,
	"globalaccelerator.amazonaws.com": true, "waf.amazonaws.com": true, "shield.amazonaws.com": true, "support.amazonaws.com": true,
	"health.amazonaws.com": true, "account.amazonaws.com": true, "budgets.amazonaws.com": true, "ce.amazonaws.com": true, "billing.amazonaws.com": true,
	"signin.amazonaws.com": true, "sso.amazonaws.com": true, "trustedadvisor.amazonaws.com": true, "api.pricing.amazonaws.com": true,
	"api.ecr-public.amazonaws.com": true, "chatbot.amazonaws.com": true, "networkmanager.amazonaws.com": true, "artifact.amazonaws.com": true,
}
