package otlp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
)

// facts are the store's edges in words, sorted.
func facts(t *testing.T, s graph.Store) (out []string) {
	t.Helper()
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		x := fmt.Sprintf("%s %s %s", e.From, e.Kind, e.To)
		if e.Kind == graph.Called {
			x += fmt.Sprintf(" %s %s %s %s", e.Label.Action, e.Label.Effect, e.Outcome, e.Label.Match)
		}
		if e.Via.Agent != "" {
			x += " via " + string(e.Via.Agent)
		}
		for _, o := range e.Observations {
			x += " " + short(o.Evidence)
			if o.Call != "" {
				x += "=" + short(o.Call)
			}
		}
		out = append(out, x)
	}
	slices.Sort(out)
	return out
}

// short is evidence with trace and span numbers in few digits.
func short(ev string) string {
	parts := strings.FieldsFunc(ev, func(r rune) bool { return r == '-' || r == '@' })
	for i := range parts {
		parts[i] = strings.TrimLeft(parts[i], "0")
	}
	out := parts[0] + "-" + parts[1]
	if len(parts) > 2 {
		out += "@" + parts[2]
	}
	return out
}

// What the world's spans become, by hand.
func TestGraph(t *testing.T) {
	s, r := ingested(t, marshal(t, traces(world()...)))
	want := []string{
		// The entry, by the user that the span names; the gateway's own error.
		"otel:user:mira CALLED otel:service:shop/web http:POST /cart USE FAULT DECLARED 1-a@a=1-a",
		// One call, twice told.
		"otel:service:shop/web CALLED otel:service:shop/cart http:GET READ OK DERIVED 1-b",
		"otel:caller:shop/cart CALLED otel:service:shop/cart http:GET /cart/{id} READ OK DECLARED 1-b@15=1-b",
		// A service that tells nothing.
		"otel:service:shop/web CALLED otel:service:shop/payment rpc:shop.Payment/Charge USE FAULT DERIVED 1-c",
		"otel:service:shop/cart CALLED otel:db:postgresql:pg.shop.svc/carts db:SELECT READ OK DERIVED 1-16",
		"otel:service:shop/cart CALLED otel:messaging:kafka:orders messaging:publish CHANGE OK DERIVED 1-17",
		"otel:service:shop/mailer CALLED otel:messaging:kafka:orders messaging:process READ OK DERIVED 1-1f",
		"otel:service:shop/cart CALLED arn:aws:dynamodb:eu-north-1:111122223333:table/billing-ledger dynamodb:PutItem USE ERROR DERIVED 1-19",
		"otel:service:shop/cart ISSUED aws:request:REQ1 1-19",
		// An agent: its run by name, the model, the tool, and what it is behind.
		"agent:planner:conv-1 DRIVES otel:service:shop/helper 2-29",
		"agent:anthropic:" + trace2 + " DRIVES otel:service:shop/helper 2-2a",
		"agent:trace:" + trace2 + " DRIVES otel:service:shop/helper 2-2b",
		"agent:planner:conv-1 ACTS_FOR otel:user:mira",
		"agent:trace:" + trace2 + " ACTS_FOR agent:planner:conv-1",
		"agent:anthropic:" + trace2 + " ACTS_FOR agent:trace:" + trace2,
		"otel:service:shop/helper CALLED otel:model:anthropic/claude gen_ai:chat USE OK DECLARED via agent:anthropic:" + trace2 + " 2-2a",
		"otel:service:shop/helper CALLED otel:tool:shop/helper:delete_cart tool:delete_cart USE OK DECLARED via agent:trace:" + trace2 + " 2-2b",
		// A callee that the caller does not name.
		"otel:service:shop/helper CALLED otel:callee:shop/helper http:DELETE CHANGE DENIED DERIVED 2-2c",
		"otel:caller:shop/cart CALLED otel:service:shop/cart http:DELETE /cart/{id} CHANGE DENIED DECLARED 2-2c@2d=2-2c",
		// A host elsewhere, without the secrets of its URL.
		"otel:service:shop/web CALLED otel:peer:api.example.com http:GET READ THROTTLED DERIVED 3-2e",
		"otel:caller:billing CALLED otel:service:billing span:call * of * USE OK DECLARED 3-2e@2f=3-2e",
	}
	for _, name := range []string{"web", "cart", "mailer", "helper"} {
		want = append(want, "k8s:c1:pod:shop/"+name+"-0 PART_OF otel:service:shop/"+name, "otel:service:shop/"+name+" RUNS_AS k8s:c1:sa:shop/"+name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, facts(t, s)); diff != "" {
		t.Errorf("(-by hand +ours)\n%s", diff)
	}
	// A call each: of ten spans of callers, and the entry; the spans of callees
	// tell of the same calls again.
	if r.Calls != 11 || r.Skipped[skipInternal] != 1 {
		t.Errorf("%d distinct calls, skipped %v", r.Calls, r.Skipped)
	}
	for n, err := range s.Nodes(context.Background(), graph.Selector{IDs: []graph.ID{"otel:service:shop/web"}}) {
		if err != nil || n.Attrs.Value("version") != "1.2" || n.Attrs.Value("environment") != "prod" || n.Attrs.Value(graph.AttrName) != "web" {
			t.Errorf("%+v, %v", n, err)
		}
	}
}

const trace2 = "00000000000000000000000000000002"
