package k8sid

import (
	"slices"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

// What is named can be told from its id again: its kind and type.
func TestKindType(t *testing.T) {
	const arn = "arn:aws:eks:eu-north-1:111122223333:cluster/prod"
	for _, cluster := range []string{"prod", "sa", arn} {
		for _, n := range []Node{
			ServiceAccount(cluster, "billing", "reader"), Pod(cluster, "billing", "web-0"), Object(cluster, "apps", "deployments", "billing", "web"),
			Object(cluster, "", "secrets", "billing", "db"), Object(cluster, "", "secrets", "billing", ""), Object(cluster, "", "nodes", "", "n1"),
			Object(cluster, "rbac.authorization.k8s.io", "clusterroles", "", "system:admin"), Object(cluster, "", "namespaces", "billing", "billing"),
			Clusterless("billing", "reader"),
		} {
			if kind, typ, ok := KindType(n.ID); !ok || kind != n.Kind || typ != n.Type {
				t.Errorf("%s is %v %s %v, want %v %s", n.ID, kind, typ, ok, n.Kind, n.Type)
			}
		}
	}
	if kind, typ, ok := KindType(Cluster("prod").ID); !ok || kind != graph.Account || typ != TypeCluster {
		t.Errorf("cluster: %v %s %v", kind, typ, ok)
	}
	if kind, _, ok := KindType("k8s:prod:widgets.example.com:billing/w"); !ok || kind != graph.Resource {
		t.Errorf("a resource of one's own: %v %v", kind, ok)
	}
	if _, _, ok := KindType("arn:aws:s3:::b"); ok {
		t.Error("an ARN")
	}
}

func TestObject(t *testing.T) {
	for _, c := range []struct {
		n    Node
		want graph.ID
	}{
		{Object("c", "", "pods", "ns", "p"), "k8s:c:pod:ns/p"}, {Object("c", "", "pods", "ns", ""), "k8s:c:pod:ns/*"}, {Object("c", "", "pods", "", ""), "k8s:c:pod:*"},
		{Object("c", "", "namespaces", "ns", "ns"), "k8s:c:namespace:ns"}, {Object("c", "serving.knative.dev", "services", "ns", "s"), "k8s:c:services.serving.knative.dev:ns/s"},
	} {
		if c.n.ID != c.want {
			t.Errorf("%s, want %s", c.n.ID, c.want)
		}
	}
}

func TestAliases(t *testing.T) {
	const arn = "arn:aws:eks:eu-north-1:111122223333:cluster/prod"
	for _, c := range []struct {
		n       Node
		cluster string
		want    []graph.ID
	}{
		{ServiceAccount("prod", "b", "r"), "prod", []graph.ID{"k8s:sa:b/r"}}, {ServiceAccount(arn, "b", "r"), arn, []graph.ID{"k8s:prod:sa:b/r", "k8s:sa:b/r"}},
		{Pod("prod", "b", "p"), "prod", nil}, {Pod(arn, "b", "p"), arn, []graph.ID{"k8s:prod:pod:b/p"}}, {Clusterless("b", "r"), "prod", nil},
	} {
		if got := Aliases(c.n, c.cluster); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.n.ID, got, c.want)
		}
	}
}

func TestSubject(t *testing.T) {
	if ns, name, ok := Subject("system:serviceaccount:billing:reader"); ns != "billing" || name != "reader" || !ok {
		t.Error(ns, name, ok)
	}
	for _, other := range []string{"", "ann", "system:serviceaccount:", "system:serviceaccount:x", "system:serviceaccount::x", "system:node:n"} {
		if _, _, ok := Subject(other); ok {
			t.Error(other)
		}
	}
}
