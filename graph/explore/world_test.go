package explore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
)

// t0 is when the small worlds begin: 2026-11-22T10:00:00Z.
const t0 = graph.Time(1795341600000)

func at(minutes float64) graph.Time { return t0 + graph.Time(minutes*60000) }

// world is a small graph in the making: one source, one record a fact.
type world struct {
	b   *graph.Builder
	src uint64
	n   uint32
}

func newWorld() *world {
	w := &world{b: graph.NewBuilder()}
	w.src = w.b.Source(graph.Source{Name: "/logs/a.json.gz", Kind: "cloudtrail", Stream: "cloudtrail/1/r", Hash: "a", Size: 1, Final: true, First: at(-300), Last: at(300), Records: 1000})
	return w
}

// kinds of nodes by the beginning of their id; the longest fits.
var beginnings = []struct {
	prefix string
	kind   graph.Kind
	typ    string
}{
	{"aws:key:AKIA", graph.Credential, "aws.key.longlived"}, {"aws:key:ASIA", graph.Credential, "aws.key.temporary"},
	{"aws:password:", graph.Credential, "aws.password"}, {"aws:webidentity:", graph.Credential, "aws.webidentity"}, {"aws:saml:", graph.Credential, "aws.saml"},
	{"arn:aws:signin:", graph.Session, "aws.session.signin"}, {"aws:oauth:", graph.Credential, "aws.oauth"},
	{"aws:session:AIDA", graph.Session, "aws.session.user"}, {"aws:session:", graph.Session, "aws.session.role"}, {"aws:request:", graph.Session, "aws.request"},
	{"aws:service:", graph.Identity, "aws.service"}, {"aws:principal:", graph.Identity, "aws.principal"}, {"aws:identitycenter:", graph.Identity, "aws.identitycenter.user"},
	{"agent:", graph.Agent, "agent.claude-code"}, {"client:", graph.Client, "client"}, {"aws:endpoint:", graph.Service, "aws.endpoint"}, {"aws:account:", graph.Account, "aws.account"},
	{"arn:aws:iam::1:user/", graph.Identity, "aws.iam.user"}, {"arn:aws:iam::1:role/", graph.Identity, "aws.iam.role"},
	{"arn:aws:iam::2:role/", graph.Identity, "aws.iam.role"}, {"policy:", graph.Policy, "aws.policy.document"},
	{"arn:aws:ec2:r:1:instance/", graph.Service, "aws.ec2.instance"}, {"arn:aws:lambda:r:1:function:", graph.Service, "aws.lambda.function"},
}

func (w *world) node(id string) graph.NodeRef {
	for _, b := range beginnings {
		if strings.HasPrefix(id, b.prefix) {
			return w.b.Node(graph.ID(id), b.kind, b.typ)
		}
	}
	return w.b.Node(graph.ID(id), graph.Resource, "aws.thing")
}

func (w *world) attr(id, name, value string, t graph.Time) { w.b.Attr(w.node(id), name, value, t) }

// fact adds one observation; the evidence is made up where none is given.
func (w *world) fact(k graph.EventKey, l graph.Label, o graph.Observation) string {
	if o.Evidence == "" {
		o.Evidence = fmt.Sprintf("e%04d@1", w.n)
	}
	o.Source = graph.Ref{Seq: w.src, Record: w.n}
	w.n++
	k.Label = w.b.Label(l)
	w.b.Event(k, o)
	return o.Evidence
}

// deed is one call on one target.
type deed struct {
	at                     graph.Time
	from, action, to       string
	effect                 graph.Effect
	outcome                graph.Outcome
	match                  graph.Match
	role                   graph.Role
	agent, client, service string
	evidence, call         string
}

func (w *world) call(d deed) string {
	if d.outcome == 0 {
		d.outcome = graph.OK
	}
	if d.match == 0 {
		d.match = graph.Derived
	}
	if d.role == 0 {
		d.role = graph.Primary
	}
	k := graph.EventKey{From: w.node(d.from), To: w.node(d.to), Kind: graph.Called, Outcome: d.outcome}
	if d.agent != "" {
		k.Agent = w.node(d.agent)
	}
	if d.client != "" {
		k.Client = w.node(d.client)
	}
	if d.service != "" {
		k.Service = w.node(d.service)
	}
	return w.fact(k, graph.Label{Action: d.action, Effect: d.effect, Match: d.match, Role: d.role, Plane: graph.ControlPlane},
		graph.Observation{At: d.at, Evidence: d.evidence, Call: d.call})
}

func (w *world) issued(t graph.Time, from, to string, join graph.Join) string {
	return w.fact(graph.EventKey{From: w.node(from), To: w.node(to), Kind: graph.Issued}, graph.Label{Join: join}, graph.Observation{At: t})
}

func (w *world) drives(t graph.Time, from, to, detail string) {
	w.fact(graph.EventKey{From: w.node(from), To: w.node(to), Kind: graph.Drives}, graph.Label{Detail: detail}, graph.Observation{At: t})
}

func (w *world) stands(kind graph.EdgeKind, from, to string, t graph.Time, marks ...graph.Mark) {
	for i := range marks {
		marks[i].Source = graph.Ref{Seq: w.src, Record: w.n}
	}
	w.b.Standing(graph.StandingKey{From: w.node(from), To: w.node(to), Label: w.b.Label(graph.Label{}), Kind: kind}, t, graph.Ref{Seq: w.src, Record: w.n}, marks...)
	w.n++
}

func (w *world) store(t testing.TB) *storetest.Model {
	t.Helper()
	s := storetest.NewModel()
	w.into(t, s)
	return s
}

func (w *world) into(t testing.TB, s graph.Store) {
	t.Helper()
	if err := s.Apply(context.Background(), w.b.Batch()); err != nil {
		t.Fatal(err)
	}
}

// The cast of the hand-made world: an engineer's role session in which an agent
// works, a console user, a CI job, an instance, and who is behind each.
const (
	alice    = "arn:aws:iam::1:user/alice"
	aliceKey = "aws:key:AKIAALICE0000000000"
	deploy   = "arn:aws:iam::1:role/deploy"
	tempKey  = "aws:key:ASIADEPLOY000000000"
	session  = "aws:session:AROADEPLOY:alice@2026-11-22T10:00:00Z"
	agent    = "agent:claude-code:aws:session:AROADEPLOY:alice@2026-11-22T10:00:00Z"
	bob      = "arn:aws:iam::1:user/bob"
	bobKey   = "aws:key:ASIABOB000000000000"
	console  = "aws:session:AIDABOB@2026-11-22T09:58:00Z"
	ciRole   = "arn:aws:iam::1:role/ci"
	ciToken  = "aws:webidentity:token.actions.githubusercontent.com:repo:acme/shop:ref:refs/heads/main"
	ciKey    = "aws:key:ASIACI0000000000000"
	lost     = "aws:key:ASIALOST00000000000"
	bucket   = "arn:aws:s3:::billing-exports"
	object   = "arn:aws:s3:::billing-exports/2026/11.csv"
	ec2      = "aws:service:ec2.amazonaws.com"
	instance = "arn:aws:ec2:r:1:instance/i-0abc"
	nodeKey  = "aws:key:ASIANODE00000000000"
	nodeSess = "aws:session:AROANODE:i-0abc@2026-11-22T10:05:00Z"
	nodeRole = "arn:aws:iam::1:role/node"
)

func cast() *world {
	w := newWorld()
	w.stands(graph.Holds, alice, aliceKey, at(-100))
	w.issued(at(0), aliceKey, tempKey, graph.KeyJoin)
	w.issued(at(0), "aws:sourceidentity:1:alice", tempKey, graph.SourceIdentity)
	w.stands(graph.Of, tempKey, deploy, at(0))
	w.stands(graph.Of, session, deploy, at(0))
	w.stands(graph.Holds, session, tempKey, at(0), graph.Mark{Kind: graph.Began, At: at(0), Evidence: "b1"})
	w.attr(agent, graph.AttrTool, "claude-code", at(1))
	w.attr(agent, graph.AttrEvidence, "ua_feature", at(1))
	w.drives(at(1), agent, session, "ua_feature")

	w.stands(graph.Holds, bob, "aws:password:"+bob, at(-100))
	w.issued(at(-2), "aws:password:"+bob, console, graph.PrincipalCreation)
	w.stands(graph.Of, console, bob, at(-2))
	w.stands(graph.Of, bobKey, bob, at(-1))
	w.stands(graph.Holds, console, bobKey, at(-1))
	w.attr(console, "console", "true", at(-1))

	w.issued(at(2), ciToken, ciKey, graph.KeyJoin)
	w.stands(graph.Of, ciKey, ciRole, at(2))

	w.stands(graph.Of, lost, deploy, at(3))

	w.issued(at(5), ec2, nodeKey, graph.KeyJoin)
	w.issued(at(5), "aws:request:q1", nodeKey, graph.RequestJoin)
	w.issued(at(5), ciKey, "aws:request:q1", graph.RequestJoin)
	w.stands(graph.Of, nodeKey, nodeRole, at(5))
	w.stands(graph.Of, nodeSess, nodeRole, at(5))
	w.stands(graph.Holds, nodeSess, nodeKey, at(5))
	w.stands(graph.Runs, instance, nodeSess, at(5))

	w.stands(graph.PartOf, object, bucket, at(-100))
	return w
}

// randomDeeds are calls of the cast on few targets, with shared calls, several
// targets a call, repeats and ties.
func randomDeeds(r *rand.Rand, n int) []deed {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	var out []deed
	for i := range n {
		d := deed{at: t0 + graph.Time(r.IntN(240))*60000, action: pick("s3:GetObject", "s3:DeleteBucket", "s3:GetBucketPolicy"),
			from: pick(tempKey, aliceKey, bobKey, ciKey, lost, nodeKey, "aws:service:logs.amazonaws.com"),
			to:   pick(bucket, object, "arn:aws:s3:::other", "arn:aws:s3:::billing-*"), evidence: fmt.Sprintf("r%04d@1", i),
			outcome: graph.Outcome(1 + r.IntN(6)), match: graph.Match(1 + r.IntN(3)), role: graph.Role(1 + r.IntN(3))}
		if r.IntN(4) == 0 {
			d.service = "aws:service:cloudformation.amazonaws.com"
		}
		if r.IntN(4) == 0 {
			d.agent = agent
		}
		out = append(out, d)
		if r.IntN(3) == 0 { // the same record, another target
			d.to, d.match, d.role = pick(bucket, object, "arn:aws:s3:::other"), graph.Match(1+r.IntN(3)), graph.Role(1+r.IntN(3))
			out = append(out, d)
		}
		if r.IntN(5) == 0 { // the same call, another observer who knows less
			out[len(out)-1].call = "shared:" + d.evidence
			d = out[len(out)-1]
			d.evidence, d.from, d.agent, d.service = fmt.Sprintf("s%04d@2", i), "aws:principal:AROAX", "", ""
			out = append(out, d)
			for j := range out { // all sights of one record have its call
				if out[j].evidence == fmt.Sprintf("r%04d@1", i) {
					out[j].call = d.call
				}
			}
		}
	}
	return out
}

func with(ds []deed) *world {
	w := cast()
	for _, d := range ds {
		w.call(d)
	}
	return w
}

func ask(t testing.TB, w *world, q explore.TouchedQuery) *explore.Touched {
	t.Helper()
	a, err := explore.New(w.store(t), explore.Options{}).Touched(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
