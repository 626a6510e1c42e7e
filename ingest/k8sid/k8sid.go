// Package k8sid names what Kubernetes shows. Every source that shows a service
// account, a pod or another object of a cluster names it here, so that all
// sources meet at the same nodes.
//
// The id of an object is k8s:<cluster>:<kind>:<namespace>/<name>, or without a
// namespace k8s:<cluster>:<kind>:<name>. The cluster is its name or its ARN. What
// a source knows without the cluster has the id without that part,
// k8s:<kind>:<namespace>/<name>; the full id's node carries it as an alias, and
// questions resolve aliases.
package k8sid

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Node names a node: all that a builder needs to know of it.
type Node struct {
	ID   graph.ID
	Kind graph.Kind
	Type string
}

// In is the node's reference in the builder.
func (n Node) In(b *graph.Builder) graph.NodeRef { return b.Node(n.ID, n.Kind, n.Type) }

// The types that several sources write.
const (
	TypeServiceAccount = "k8s.serviceaccount"
	TypePod            = "k8s.pod"
	TypeCluster        = "k8s.cluster"
	TypeToken          = "k8s.token"   // of a service account, by the id it was issued with
	TypeSession        = "k8s.session" // a pod's use of its service account, or one user's of another's name
)

// Unknown is the cluster of what no envelope and no option names.
const Unknown = "unknown"

// kind is how a resource is named in ids, and what it is.
type kind struct {
	word string // in ids: kubectl's singular, or its short name where that is what people say
	kind graph.Kind
}

// kinds, by the API's plural, with the group where it is not one of Kubernetes'
// own. Others are RESOURCES under their plural and group.
var kinds = map[string]kind{
	"serviceaccounts": {"sa", graph.Identity}, "users": {"user", graph.Identity}, "groups": {"group", graph.Identity},
	"pods": {"pod", graph.Service}, "deployments": {"deployment", graph.Service}, "replicasets": {"replicaset", graph.Service},
	"statefulsets": {"statefulset", graph.Service}, "daemonsets": {"daemonset", graph.Service}, "jobs": {"job", graph.Service},
	"cronjobs": {"cronjob", graph.Service}, "replicationcontrollers": {"replicationcontroller", graph.Service},
	"services": {"service", graph.Service}, "nodes": {"node", graph.Service},
	"roles": {"role", graph.Policy}, "clusterroles": {"clusterrole", graph.Policy},
	"namespaces": {"namespace", graph.Resource}, "secrets": {"secret", graph.Resource}, "configmaps": {"configmap", graph.Resource},
	"rolebindings": {"rolebinding", graph.Resource}, "clusterrolebindings": {"clusterrolebinding", graph.Resource},
	"endpoints": {"endpoints", graph.Resource}, "events": {"event", graph.Resource}, "ingresses": {"ingress", graph.Resource},
	"persistentvolumes": {"persistentvolume", graph.Resource}, "persistentvolumeclaims": {"persistentvolumeclaim", graph.Resource},
	"leases": {"lease", graph.Resource}, "networkpolicies": {"networkpolicy", graph.Resource},
	"certificatesigningrequests":    {"certificatesigningrequest", graph.Resource},
	"mutatingwebhookconfigurations": {"mutatingwebhookconfiguration", graph.Resource}, "validatingwebhookconfigurations": {"validatingwebhookconfiguration", graph.Resource},
}

// groups are the API groups whose plurals need no group behind them.
var groups = map[string]bool{"": true, "apps": true, "batch": true, "extensions": true, "rbac.authorization.k8s.io": true, "networking.k8s.io": true,
	"certificates.k8s.io": true, "coordination.k8s.io": true, "admissionregistration.k8s.io": true, "events.k8s.io": true, "authentication.k8s.io": true}

// Object is an object of a cluster, by the API's words for its resource: pods,
// deployments. An empty name is all of the namespace, or of the cluster: the id
// ends in "*".
func Object(cluster, group, resource, namespace, name string) Node {
	k, ok := kinds[resource]
	if !ok || !groups[group] {
		k = kind{resource, graph.Resource}
		if group != "" {
			k.word += "." + group
		}
	}
	if name == "" {
		name = "*"
		k.kind = graph.Resource
	}
	if resource == "namespaces" {
		namespace = "" // of a namespace objectRef names it twice
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	return Node{graph.ID("k8s:" + cluster + ":" + k.word + ":" + name), k.kind, typeOf(k.word)}
}

func typeOf(word string) string {
	if word == "sa" {
		return TypeServiceAccount
	}
	return "k8s." + word
}

// words are the kinds by their words in ids.
var words = func() map[string]Node {
	m := map[string]Node{"token": {Kind: graph.Credential, Type: TypeToken}, "session": {Kind: graph.Session, Type: TypeSession}}
	for _, k := range kinds {
		m[k.word] = Node{Kind: k.kind, Type: typeOf(k.word)}
	}
	return m
}()

// ServiceAccount is a service account.
func ServiceAccount(cluster, namespace, name string) Node {
	return Node{graph.ID("k8s:" + cluster + ":sa:" + namespace + "/" + name), graph.Identity, TypeServiceAccount}
}

// Pod is a pod.
func Pod(cluster, namespace, name string) Node {
	return Node{graph.ID("k8s:" + cluster + ":pod:" + namespace + "/" + name), graph.Service, TypePod}
}

// Cluster is the cluster itself: the ACCOUNT that what it holds lives in.
func Cluster(cluster string) Node {
	return Node{graph.ID("k8s:cluster:" + cluster), graph.Account, TypeCluster}
}

// subjectPrefix begins the user name of a service account, and the subject of
// its tokens.
const subjectPrefix = "system:serviceaccount:"

// Subject splits the user name of a service account, or the subject of its
// token: system:serviceaccount:<namespace>:<name>.
func Subject(s string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(s, subjectPrefix)
	if !ok {
		return "", "", false
	}
	namespace, name, ok = strings.Cut(rest, ":")
	return namespace, name, ok && namespace != "" && name != ""
}

// Clusterless is a service account that is known without its cluster, as by the
// subject of a token that a cloud was shown.
func Clusterless(namespace, name string) Node {
	return Node{graph.ID("k8s:sa:" + namespace + "/" + name), graph.Identity, TypeServiceAccount}
}

// Aliases are the ids by which sources that know less know a service account or
// pod: without the ARN of the cluster, or (of a service account) without the
// cluster.
func Aliases(n Node, cluster string) []graph.ID {
	rest, ok := strings.CutPrefix(string(n.ID), "k8s:"+cluster+":")
	if !ok {
		return nil
	}
	var out []graph.ID
	if short := Short(cluster); short != cluster {
		out = append(out, graph.ID("k8s:"+short+":"+rest))
	}
	if n.Type == TypeServiceAccount {
		out = append(out, graph.ID("k8s:"+rest))
	}
	return out
}

// Short is the name of a cluster that may be given by its ARN.
func Short(cluster string) string {
	if arn, ok := graph.ParseARN(cluster); ok && arn.Service == "eks" {
		return strings.TrimPrefix(arn.Resource, "cluster/")
	}
	return cluster
}

// KindType is the kind and type that an id of this package says, for sources
// that are given ids; false for any other.
func KindType(id graph.ID) (graph.Kind, string, bool) {
	rest, ok := strings.CutPrefix(string(id), "k8s:")
	if !ok {
		return 0, "", false
	}
	if strings.HasPrefix(rest, "cluster:") {
		return graph.Account, TypeCluster, true
	}
	parts := strings.Split(rest, ":")
	from := 1 // the first is the cluster
	if len(parts) == 2 {
		from = 0
	}
	for _, w := range parts[from : len(parts)-1] {
		if n, ok := words[w]; ok {
			if n.Kind != graph.Credential && strings.HasSuffix(rest, "*") {
				n.Kind = graph.Resource
			}
			return n.Kind, n.Type, true
		}
	}
	return graph.Resource, "", true
}
