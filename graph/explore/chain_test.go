package explore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

func chainOf(t *testing.T, w *world, of string, when graph.Time) *explore.Chain {
	t.Helper()
	c, err := explore.New(w.store(t), explore.Options{}).Chain(context.Background(), explore.ChainQuery{Of: []string{of}, At: when})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// brief is a chain in one line a hop.
func brief(c *explore.Chain) string {
	var out []string
	for _, h := range c.Hops {
		out = append(out, fmt.Sprintf("%s %s > %s %s %s", h.Kind, h.From, h.To, h.Join, h.Certainty))
	}
	for _, o := range c.Origins {
		out = append(out, fmt.Sprintf("origin %s known=%v %s", o.Node, o.Known, o.Certainty))
	}
	return strings.Join(out, "\n")
}

func TestChain(t *testing.T) {
	base := func(more func(w *world)) *world {
		w := cast()
		if more != nil {
			more(w)
		}
		return w
	}
	const fas, console2, circleA, circleB = "aws:key:ASIAFAS000000000000", "aws:key:ASIACON000000000000", "aws:key:ASIACIRCLEA00000000", "aws:key:ASIACIRCLEB00000000"
	for _, c := range []struct {
		name, of string
		at       graph.Time
		w        *world
		want     []string
	}{
		{"role session of a long-lived key", tempKey, 0, base(nil), []string{
			"ISSUED " + aliceKey + " > " + tempKey + " key_join DEFINITE", "HOLDS " + alice + " > " + aliceKey + "  DEFINITE", "origin " + alice + " known=true DEFINITE"}},
		{"the session by its key", session, 0, base(nil), []string{
			"ISSUED " + aliceKey + " > " + session + " key_join DEFINITE", "HOLDS " + alice + " > " + aliceKey + "  DEFINITE", "origin " + alice + " known=true DEFINITE"}},
		{"console session", bobKey, 0, base(nil), []string{
			"HOLDS " + console + " > " + bobKey + "  DEFINITE", "ISSUED aws:password:" + bob + " > " + console + " principal_creation DEFINITE",
			"HOLDS " + bob + " > aws:password:" + bob + "  DEFINITE", "origin " + bob + " known=true DEFINITE"}},
		{"instance: broker, launcher, workload", nodeKey, 0, base(nil), []string{
			"ISSUED " + ec2 + " > " + nodeKey + " key_join DEFINITE", "ISSUED " + ciKey + " > " + nodeKey + " request_join DEFINITE",
			"ISSUED " + ciToken + " > " + ciKey + " key_join DEFINITE", "HOLDS " + nodeSess + " > " + nodeKey + "  DEFINITE", "RUNS " + instance + " > " + nodeSess + "  DEFINITE",
			"origin " + ciToken + " known=true DEFINITE"}},
		{"half a request says nothing", "aws:key:ASIAHALF00000000000", 0, base(func(w *world) {
			w.issued(at(1), "aws:request:alone", "aws:key:ASIAHALF00000000000", graph.RequestJoin)
		}), []string{"origin aws:key:ASIAHALF00000000000 known=false DEFINITE"}},
		{"unknown", lost, 0, base(nil), []string{"origin " + lost + " known=false DEFINITE"}},
		{"circle", circleA, 0, base(func(w *world) {
			w.issued(at(1), circleB, circleA, graph.KeyJoin)
			w.issued(at(1), circleA, circleB, graph.KeyJoin)
		}), []string{"ISSUED " + circleB + " > " + circleA + " key_join DEFINITE", "ISSUED " + circleA + " > " + circleB + " key_join DEFINITE", "origin " + circleA + " known=false DEFINITE"}},
		{"forwarded, refined to the only key within a second", fas, 0, base(func(w *world) {
			w.issued(at(9), alice, fas, graph.ForwardedAccess)
			w.stands(graph.Holds, alice, "aws:key:AKIAOTHER0000000000", at(0))
			w.call(deed{at: at(9) - 1000, from: aliceKey, action: "s3:PutObject", to: bucket})
			w.call(deed{at: at(9) - 2000, from: "aws:key:AKIAOTHER0000000000", action: "s3:PutObject", to: bucket})
			w.call(deed{at: at(9) + 1000, from: "aws:key:AKIAOTHER0000000000", action: "s3:PutObject", to: bucket})
		}), []string{"ISSUED " + aliceKey + " > " + fas + " fas POSSIBLE", "HOLDS " + alice + " > " + aliceKey + "  DEFINITE", "origin " + alice + " known=true POSSIBLE"}},
		{"forwarded, two keys fit", fas, 0, base(func(w *world) {
			w.issued(at(9), alice, fas, graph.ForwardedAccess)
			w.stands(graph.Holds, alice, "aws:key:AKIAOTHER0000000000", at(0))
			w.call(deed{at: at(9), from: aliceKey, action: "s3:PutObject", to: bucket})
			w.call(deed{at: at(9), from: "aws:key:AKIAOTHER0000000000", action: "s3:PutObject", to: bucket})
		}), []string{"ISSUED " + alice + " > " + fas + " fas POSSIBLE", "origin " + alice + " known=true POSSIBLE"}},
		{"not forwarded: a console session after all", console2, 0, base(func(w *world) {
			w.issued(at(9), bob, console2, graph.ForwardedAccess)
			w.stands(graph.Holds, console, console2, at(9))
			w.stands(graph.Of, console2, bob, at(9))
		}), []string{"HOLDS " + console + " > " + console2 + "  DEFINITE", "ISSUED aws:password:" + bob + " > " + console + " principal_creation DEFINITE",
			"HOLDS " + bob + " > aws:password:" + bob + "  DEFINITE", "origin " + bob + " known=true DEFINITE"}},
		{"forwarded by a role's session", fas, 0, base(func(w *world) {
			w.issued(at(9), session, fas, graph.ForwardedAccess)
			w.stands(graph.Holds, session, fas, at(9))
			w.stands(graph.Of, fas, deploy, at(9))
		}), []string{"ISSUED " + session + " > " + fas + " fas POSSIBLE", "ISSUED " + aliceKey + " > " + session + " key_join DEFINITE",
			"HOLDS " + alice + " > " + aliceKey + "  DEFINITE", "origin " + alice + " known=true POSSIBLE"}},
		{"forwarded, its own session only", fas, 0, base(func(w *world) {
			const own = "aws:session:AROADEPLOY:own@2026-11-22T10:09:00Z"
			w.issued(at(9), own, fas, graph.ForwardedAccess)
			w.stands(graph.Holds, own, fas, at(9))
			w.stands(graph.Of, own, deploy, at(9))
		}), []string{"ISSUED " + deploy + " > " + fas + " fas POSSIBLE", "origin " + deploy + " known=true POSSIBLE"}},
		{"never from the future", tempKey, at(5), base(func(w *world) { w.issued(at(60), ciKey, tempKey, graph.KeyJoin) }), []string{
			"ISSUED " + aliceKey + " > " + tempKey + " key_join DEFINITE", "HOLDS " + alice + " > " + aliceKey + "  DEFINITE", "origin " + alice + " known=true DEFINITE"}},
		{"a sign-in that later gave a grant for itself", "aws:key:ASIASIGNIN000000000", 0, base(func(w *world) {
			const signin, role = "arn:aws:signin:r:1:session/x", "aws:session:AROADEPLOY:jo@2026-11-22T10:00:00Z"
			w.issued(at(0), signin, "aws:key:ASIASIGNIN000000000", graph.SignInSession)
			w.issued(at(0), signin, role, graph.SignInSession)
			w.issued(at(2), role, "aws:oauth:x", graph.SignInSession)
			w.issued(at(2), "aws:oauth:x", signin, graph.SignInSession)
		}), []string{"ISSUED arn:aws:signin:r:1:session/x > aws:key:ASIASIGNIN000000000 sign_in_session DEFINITE", "origin arn:aws:signin:r:1:session/x known=true DEFINITE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := brief(chainOf(t, c.w, c.of, c.at)), strings.Join(c.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestChainAlternatives(t *testing.T) {
	c := chainOf(t, cast(), tempKey, 0)
	if a := c.Hops[0].Alternatives; len(a) != 1 || a[0].Join != graph.SourceIdentity || a[0].From != "aws:sourceidentity:1:alice" {
		t.Errorf("alternatives %+v", a)
	}
	// Without the issuing record the weaker join stands, and is not upgraded.
	w := newWorld()
	w.issued(at(0), "aws:sourceidentity:1:alice", tempKey, graph.SourceIdentity)
	if c := chainOf(t, w, tempKey, 0); c.Hops[0].Join != graph.SourceIdentity {
		t.Errorf("%+v", c.Hops)
	}
	if _, err := explore.New(cast().store(t), explore.Options{}).Chain(context.Background(), explore.ChainQuery{Of: []string{alice}}); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("the chain of an identity: %v", err)
	}
}

// A chain in touched says each shared hop once.
func TestTouchedChain(t *testing.T) {
	w := cast()
	const second = "aws:key:ASIADEPLOY000000002"
	w.issued(at(1), aliceKey, second, graph.KeyJoin)
	w.stands(graph.Of, second, deploy, at(1))
	w.call(deed{at: at(2), from: tempKey, action: "s3:GetObject", to: bucket})
	w.call(deed{at: at(3), from: second, action: "s3:GetObject", to: bucket})
	i := ask(t, w, explore.TouchedQuery{Resources: []string{bucket}}).Identities[0]
	if len(i.Chain) != 3 || len(i.Origins) != 2 || len(i.Credentials) != 2 || len(i.Sessions) != 1 {
		t.Errorf("chain %+v\norigins %+v", i.Chain, i.Origins)
	}
	n := slices.IndexFunc(i.Chain, func(h explore.Hop) bool { return h.Kind == graph.Holds && h.From == alice })
	if n < 0 {
		t.Errorf("no holder in %+v", i.Chain)
	}
}

// A session ARN names the session, in the role's own account.
func TestSessionARN(t *testing.T) {
	c := chainOf(t, cast(), "arn:aws:sts::1:assumed-role/deploy/alice", 0)
	if len(c.Of) != 1 || c.Of[0].ID != session || len(c.Hops) != 2 {
		t.Errorf("%+v", c)
	}
	_, err := explore.New(cast().store(t), explore.Options{}).Chain(context.Background(), explore.ChainQuery{Of: []string{"arn:aws:sts::2:assumed-role/deploy/alice"}})
	if graph.Code(err) != graph.CodeNotFound {
		t.Errorf("%v", err)
	}
}
