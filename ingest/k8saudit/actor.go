package k8saudit

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsid"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// node is a node that events show again and again; ref is valid in the builder
// that its owner was last written to.
type node struct {
	k8sid.Node
	ref graph.NodeRef
}

func (n *node) known() bool { return n.ID != "" }

// fact is a standing edge that follows from who a user is; row is its row in
// the builder that the actor was last written to.
type fact struct {
	from, to *node
	kind     graph.EdgeKind
	label    graph.Label
	row      int
}

// attr is an attribute that follows from who a user is.
type attr struct {
	of          *node
	name, value string
}

// actor is all that follows from user and impersonatedUser: who acted, with what,
// and the standing facts between them. It owns its strings.
type actor struct {
	identity   node // whose permissions are used
	credential node // the token, or the cloud's key that was shown
	session    node // a pod's use of its service account, or the use of another's name
	pod        node
	machine    node // the node that a kubelet runs on, or that a pod runs on
	groups     []*node

	real *actor // who impersonates; nil: nobody

	facts []fact
	attrs []attr
	seen  sighting
	hour  graph.Hour // of which attributes were written last

	origin origin
}

// origin is the address an actor was last seen at, with its network and when that
// was written last to the builder at hand.
type origin struct {
	ip, network string
	epoch       uint64
	hour        graph.Hour
}

// from is the actor's narrowest node: credential, else session, else identity.
func (a *actor) from() *node {
	switch {
	case a.credential.known():
		return &a.credential
	case a.session.known():
		return &a.session
	}
	return &a.identity
}

// The keys of user.extra that are read. Kubernetes sets the first four of a
// service account's token (KEP-4193), EKS the others of who comes through IAM.
const (
	extraCredential = "authentication.kubernetes.io/credential-id"
	extraPod        = "authentication.kubernetes.io/pod-name"
	extraPodUID     = "authentication.kubernetes.io/pod-uid"
	extraNode       = "authentication.kubernetes.io/node-name"
	extraKey        = "accessKeyId"
	extraARN        = "arn"
	extraCanonical  = "canonicalArn"
)

// one is the first value of a key of extra.
func (u *user) one(key string) (s string) {
	v := u.extra.Get(key)
	if v.IsString() {
		return v.Str()
	}
	v.Items(func(e value) bool { s = e.Str(); return false })
	return s
}

// newActor reads who acted. The actor has no identity where the event names
// nobody.
func newActor(e *event) *actor {
	a := userActor(e.cluster, &e.user)
	if e.as.name == "" || !a.identity.known() {
		return a
	}
	// The call has the permissions of the name that is used, and the session
	// is the one user's use of it.
	as := userActor(e.cluster, &e.as)
	as.real = a
	as.session = node{Node: k8sid.Node{ID: graph.ID("k8s:" + e.cluster + ":session:" + string(a.identity.ID) + ":as:" + e.as.name), Kind: graph.Session, Type: k8sid.TypeSession}}
	as.fact(&as.session, &as.identity, graph.Of)
	as.attr(&as.session, graph.AttrName, a.name()+" as "+e.as.name)
	return as
}

// name is what people call the identity.
func (a *actor) name() string {
	for _, t := range a.attrs {
		if t.of == &a.identity && t.name == graph.AttrName {
			return t.value
		}
	}
	return string(a.identity.ID)
}

func userActor(cluster string, u *user) *actor {
	a := &actor{}
	name := ingest.RedactText(strings.Clone(u.name))
	if name == "" {
		return a
	}
	a.identity.Node = userNode(cluster, name)
	a.attr(&a.identity, graph.AttrName, shortName(name))
	if a.identity.Type == k8sid.TypeServiceAccount {
		namespace, _, _ := k8sid.Subject(name)
		a.attr(&a.identity, graph.AttrUniqueID, u.uid)
		for _, id := range k8sid.Aliases(a.identity.Node, cluster) {
			a.attr(&a.identity, graph.AttrAlias, string(id))
		}
		a.pods(cluster, namespace, u)
	}
	if node, ok := strings.CutPrefix(name, "system:node:"); ok {
		a.machine.Node = k8sid.Object(cluster, "", "nodes", "", node)
		a.fact(&a.machine, &a.identity, graph.RunsAs)
	}
	a.cloud(u)
	if a.credential.known() && a.credential.Type == k8sid.TypeToken {
		a.fact(&a.credential, &a.identity, graph.Of)
	}
	a.member(cluster, u)
	if strings.HasPrefix(string(a.identity.ID), "k8s:") { // an identity of a cloud has that cloud's account
		a.attr(&a.identity, graph.AttrAccount, string(k8sid.Cluster(cluster).ID))
	}
	return a
}

// userNode is the identity that a user name names: a service account, one of
// Google's cloud, or a user of the cluster.
func userNode(cluster, name string) k8sid.Node {
	if namespace, sa, ok := k8sid.Subject(name); ok {
		return k8sid.ServiceAccount(cluster, namespace, sa)
	}
	if n := googleAccount(name); n.ID != "" {
		return n
	}
	if n := awsid.Identity(name); n.Known() {
		return k8sid.Node(n) // as EKS's access entries call who comes through IAM
	}
	typ := "k8s.user"
	if strings.HasPrefix(name, "system:") || strings.HasPrefix(name, "eks:") || strings.HasPrefix(name, "aks") {
		typ = "k8s.system"
	}
	return k8sid.Node{ID: graph.ID("k8s:" + cluster + ":user:" + name), Kind: graph.Identity, Type: typ}
}

// googleAccount is a service account of Google's cloud, by its address.
func googleAccount(email string) k8sid.Node {
	if !strings.HasSuffix(email, ".gserviceaccount.com") {
		return k8sid.Node{}
	}
	return k8sid.Node{ID: graph.ID("gcp:serviceaccount:" + email), Kind: graph.Identity, Type: "gcp.serviceaccount"}
}

// pods reads what a service account's token says of itself: its id, and the pod
// that it is bound to, which has a session of the account.
func (a *actor) pods(cluster, namespace string, u *user) {
	if jti := tokenID(u.one(extraCredential)); jti != "" {
		a.credential.Node = token(cluster, jti)
	}
	pod := strings.Clone(u.one(extraPod))
	if pod == "" {
		return
	}
	a.pod.Node = k8sid.Pod(cluster, namespace, pod)
	a.session.Node = podSession(cluster, namespace, pod, u.one(extraPodUID))
	a.fact(&a.session, &a.identity, graph.Of)
	a.fact(&a.pod, &a.session, graph.Runs)
	a.fact(&a.pod, &a.identity, graph.RunsAs)
	if a.credential.known() {
		a.fact(&a.session, &a.credential, graph.Holds)
	}
	a.attr(&a.session, graph.AttrName, namespace+"/"+pod)
	for _, id := range k8sid.Aliases(a.pod.Node, cluster) {
		a.attr(&a.pod, graph.AttrAlias, string(id))
	}
	if node := u.one(extraNode); node != "" {
		a.attrs = append(a.attrs, attr{&a.pod, "node", string(k8sid.Object(cluster, "", "nodes", "", node).ID)})
	}
}

// tokenID is the id in "JTI=<id>".
func tokenID(credential string) string {
	jti, ok := strings.CutPrefix(credential, "JTI=")
	if !ok {
		return ""
	}
	return jti
}

// token is a service account's token, by the id it was issued with.
func token(cluster, jti string) k8sid.Node {
	return k8sid.Node{ID: graph.ID("k8s:" + cluster + ":token:" + jti), Kind: graph.Credential, Type: k8sid.TypeToken}
}

// podSession is a pod's use of its service account.
func podSession(cluster, namespace, pod, uid string) k8sid.Node {
	id := "k8s:" + cluster + ":session:" + namespace + "/" + pod
	if uid != "" {
		id += "@" + uid
	}
	return k8sid.Node{ID: graph.ID(id), Kind: graph.Session, Type: k8sid.TypeSession}
}

// cloud reads who came through IAM, as EKS notes it: the very key. Its role or
// user is the identity, and the cluster's name for it a second one that the key
// acts as.
func (a *actor) cloud(u *user) {
	principal := awsid.Identity(firstOf(u.one(extraCanonical), u.one(extraARN)))
	if !principal.Known() {
		return
	}
	mapped := a.identity
	a.identity.Node = k8sid.Node{ID: graph.ID(strings.Clone(string(principal.ID))), Kind: principal.Kind, Type: principal.Type}
	a.attrs = nil
	name := string(principal.ID)
	a.attr(&a.identity, graph.AttrName, name[strings.LastIndexByte(name, '/')+1:])
	if a.machine.known() {
		a.facts = nil
		a.fact(&a.machine, &a.identity, graph.RunsAs)
	}
	key := u.one(extraKey)
	if key != "" {
		a.credential.Node = k8sid.Node(awsid.Key(key))
		if a.credential.Type == awsid.TypeLongKey {
			a.fact(&a.identity, &a.credential, graph.Holds)
		} else {
			a.fact(&a.credential, &a.identity, graph.Of)
		}
	}
	switch {
	case mapped.ID == a.identity.ID || !strings.HasPrefix(string(mapped.ID), "k8s:"):
	case a.credential.known():
		a.fact(&a.credential, &node{Node: mapped.Node}, graph.Of)
	default:
		a.attr(&a.identity, graph.AttrTag, "kubernetes-user="+u.name)
	}
}

// member writes the groups that permissions come from. What every user of a sort
// is in says nothing.
func (a *actor) member(cluster string, u *user) {
	u.group.Items(func(v value) bool {
		g := v.Str()
		switch {
		case g == "", g == "system:authenticated", g == "system:unauthenticated", strings.HasPrefix(g, "system:serviceaccounts"), len(a.groups) == maxGroups:
			return true
		}
		n := &node{Node: groupNode(cluster, ingest.RedactText(strings.Clone(g)))}
		a.groups = append(a.groups, n)
		a.facts = append(a.facts, fact{from: &a.identity, to: n, kind: graph.GrantedBy, label: graph.Label{Detail: "member"}})
		a.attr(n, graph.AttrName, ingest.RedactText(g))
		return true
	})
}

// maxGroups bounds the groups of a user that are kept.
const maxGroups = 64

func groupNode(cluster, name string) k8sid.Node {
	return k8sid.Node{ID: graph.ID("k8s:" + cluster + ":group:" + name), Kind: graph.Identity, Type: "k8s.group"}
}

// shortName is a user name as people say it.
func shortName(name string) string {
	if _, sa, ok := k8sid.Subject(name); ok {
		return sa
	}
	return name
}

func (a *actor) fact(from, to *node, kind graph.EdgeKind) {
	a.facts = append(a.facts, fact{from: from, to: to, kind: kind})
}

func (a *actor) attr(of *node, name, value string) {
	if value != "" {
		a.attrs = append(a.attrs, attr{of, name, strings.Clone(value)})
	}
}

func firstOf(s ...string) string {
	for _, s := range s {
		if s != "" {
			return s
		}
	}
	return ""
}
