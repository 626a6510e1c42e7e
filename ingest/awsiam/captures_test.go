package awsiam

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

// Of each real dump all users, groups, roles, policies, attachments and trusts
// are there, counted by a reading of its own; each trust has its statement.
func TestCaptures(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "authz-small")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("real capture missing: %v", err)
	}
	for _, c := range []struct {
		name                                      string
		users, groups, roles, policies, principal int
	}{{"cloudmapper-demo.json", 2, 1, 4, 2, 4}, {"cloudsplaining-example-authz-details.json", 3, 2, 3, 32, 3}} {
		text, err := os.ReadFile(filepath.Join(dir, c.name))
		if err != nil {
			t.Fatal(err)
		}
		var dump map[string][]map[string]any
		if err := json.Unmarshal(text, &dump); err != nil {
			t.Fatal(err)
		}
		s, report := ingested(t, one(string(text)))
		if len(report.Rejected) > 0 {
			t.Errorf("%s: %+v", c.name, report.Rejected)
		}
		nodes := nodesOf(t, s)
		listed := func(list string, kind graph.Kind, typ string, want int) {
			if len(dump[list]) != want {
				t.Fatalf("%s: %d in %s, want %d", c.name, len(dump[list]), list, want)
			}
			have := 0
			for _, n := range nodes {
				if n.Type == typ && len(n.Attrs.Values(graph.AttrEnumerated)) > 0 {
					have++
				}
			}
			if have != want {
				t.Errorf("%s: %d nodes of type %s, want %d", c.name, have, typ, want)
			}
			for _, x := range dump[list] {
				if n := nodes[graph.ID(x["Arn"].(string))]; n.Kind != kind || n.Type != typ {
					t.Errorf("%s: %v is %v %s", c.name, x["Arn"], n.Kind, n.Type)
				}
			}
		}
		listed("UserDetailList", graph.Identity, "aws.iam.user", c.users)
		listed("GroupDetailList", graph.Resource, "aws.iam.group", c.groups)
		listed("RoleDetailList", graph.Identity, "aws.iam.role", c.roles)
		listed("Policies", graph.Resource, "aws.iam.policy", c.policies)

		// Grants: from the JSON, by name and number.
		type grant struct{ from, how, to string }
		want := map[grant]bool{}
		docs := map[grant]any{}
		add := func(from any, how, to string, doc any) {
			g := grant{from.(string), how, to}
			want[g] = true
			docs[g] = doc
		}
		for _, list := range dump {
			for _, x := range list {
				for _, p := range each(x["AttachedManagedPolicies"]) {
					add(x["Arn"], "attached", p["PolicyArn"].(string), nil)
				}
				for _, key := range []string{"UserPolicyList", "GroupPolicyList", "RolePolicyList"} {
					for _, p := range each(x[key]) {
						add(x["Arn"], "inline:"+p["PolicyName"].(string), "", p["PolicyDocument"])
					}
				}
				for _, v := range each(x["PolicyVersionList"]) {
					add(x["Arn"], "version:"+v["VersionId"].(string), "", v["Document"])
				}
				groups, _ := x["GroupList"].([]any)
				for _, g := range groups {
					arn := x["Arn"].(string)
					add(arn, "member", arn[:strings.Index(arn, ":user/")]+":group/"+g.(string), nil)
				}
			}
		}
		for _, e := range edgesOf(t, s, graph.GrantedBy) {
			g := grant{string(e.From), e.Label.Detail, string(e.To)}
			if strings.HasPrefix(g.to, "policy:") {
				g.to = ""
				if !same(t, nodes[e.To], docs[g]) {
					t.Errorf("%s: %v has another document", c.name, g)
				}
			}
			if !want[g] {
				t.Errorf("%s: %v is not in the dump", c.name, g)
			}
			delete(want, g)
		}
		for g := range want {
			t.Errorf("%s: %v is missing", c.name, g)
		}

		// Trusts: each principal of each statement, with the statement.
		type trust struct{ from, to string }
		statements := map[trust]any{}
		for _, r := range dump["RoleDetailList"] {
			for _, st := range each(r["AssumeRolePolicyDocument"].(map[string]any)["Statement"]) {
				for _, p := range st["Principal"].(map[string]any) {
					from := "aws:service:" + p.(string)
					if p == "*" {
						from = "aws:principal:*"
					}
					statements[trust{from, r["Arn"].(string)}] = st
				}
			}
		}
		if len(statements) != c.principal {
			t.Errorf("%s: %d trusts in the dump, want %d", c.name, len(statements), c.principal)
		}
		edges := edgesOf(t, s, graph.Trusts)
		if len(edges) != c.principal {
			t.Errorf("%s: %d trust edges, want %d", c.name, len(edges), c.principal)
		}
		for _, e := range edges {
			st := statements[trust{string(e.From), string(e.To)}]
			hash, ok := strings.CutPrefix(e.Label.Detail, "Allow:")
			found := 0
			for id, n := range nodes {
				if strings.HasPrefix(string(id), "policy:sha256:"+hash) && same(t, n, st) {
					found++
				}
			}
			if st == nil || !ok || found != 1 {
				t.Errorf("%s: %s TRUSTS %s %s: %d statements", c.name, e.From, e.To, e.Label.Detail, found)
			}
		}
	}
}

func each(v any) (out []map[string]any) {
	list, _ := v.([]any)
	for _, x := range list {
		out = append(out, x.(map[string]any))
	}
	return out
}

// same reports whether the policy node's text says the same as doc.
func same(t *testing.T, n graph.Node, doc any) bool {
	t.Helper()
	var got any
	if err := json.Unmarshal([]byte(n.Attrs.Value("document")), &got); err != nil {
		t.Errorf("%s: %v", n.ID, err)
	}
	return doc != nil && reflect.DeepEqual(got, doc)
}
