package k8saudit

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsid"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// thing is an object that requests are about, and the namespace it is part of.
type thing struct {
	node
	up      *thing
	aliases []graph.ID
	row     int // of PART_OF
	seen    sighting
	hour    graph.Hour
}

// object is the ref of an object of the cluster, written with what its id says
// of it. An empty name is all of the kind.
func (w *emitter) object(group, resource, namespace, name string) graph.NodeRef {
	return w.see(w.thingOf(group, resource, namespace, name))
}

func (w *emitter) thingOf(group, resource, namespace, name string) *thing {
	k := objectKey{w.e.cluster, objectRef{group: group, resource: resource, namespace: namespace, name: name}}
	if t, ok := w.things[k]; ok {
		return t
	}
	for _, s := range [...]*string{&k.cluster, &k.ref.group, &k.ref.resource, &k.ref.namespace, &k.ref.name} {
		*s = strings.Clone(*s)
	}
	t := &thing{node: node{Node: k8sid.Object(k.cluster, k.ref.group, k.ref.resource, k.ref.namespace, ingest.RedactText(k.ref.name))}}
	t.aliases = k8sid.Aliases(t.Node, k.cluster)
	if namespace != "" && resource != "namespaces" {
		t.up = w.thingOf("", "namespaces", "", namespace)
	}
	if len(w.things) >= maxThings {
		clear(w.things)
	}
	w.things[k] = t
	return t
}

func (w *emitter) see(t *thing) graph.NodeRef {
	at := w.e.at
	if t.seen.covers(w.epoch, at, w.src) && t.hour == at.Hour() {
		return t.ref
	}
	fresh := t.seen.epoch != w.epoch
	if fresh {
		t.seen = sighting{w.epoch, at, at, w.src}
		w.ref(&t.node)
	} else {
		t.seen.extend(at, w.src)
	}
	if fresh || t.hour != at.Hour() {
		t.hour = at.Hour()
		w.b.Attr(t.ref, graph.AttrAccount, string(k8sid.Cluster(w.e.cluster).ID), t.hour.Start())
		for _, id := range t.aliases {
			w.b.Attr(t.ref, graph.AttrAlias, string(id), t.hour.Start())
		}
	}
	if t.up != nil {
		up := w.see(t.up)
		if fresh {
			t.row = w.b.Standing(graph.StandingKey{From: t.ref, To: up, Kind: graph.PartOf, Label: w.plain}, at, w.src)
		} else {
			w.b.See(t.row, at, w.src)
		}
	}
	return t.ref
}

// shown writes what the objects in request and answer show beyond the call:
// what owns what, what runs as whom, tokens, and rights given.
func (w *emitter) shown() {
	r := &w.e.ref
	switch {
	case r.subresource == "token" && r.resource == "serviceaccounts":
		w.issued()
		return
	case r.subresource != "" && r.subresource != "status":
		return
	}
	name := firstOf(r.name, w.made().Get("name").Str())
	if name == "" {
		return
	}
	for _, o := range [...]value{w.e.response, w.e.request} {
		if !o.IsObject() || o.Get("kind").Str() == "Status" {
			continue
		}
		w.owners(o, name)
		switch {
		case workloads[r.resource] != nil:
			w.runs(o, name)
		case r.resource == "serviceaccounts":
			w.bridges(o, name)
		case r.resource == "rolebindings" || r.resource == "clusterrolebindings":
			w.bound(o, name)
		}
	}
	switch {
	case r.resource == "serviceaccounts" && w.e.verb == "create":
		w.b.Attr(w.object(r.group, r.resource, r.namespace, name), graph.AttrCreated, w.ev, w.e.at)
	case r.resource == "serviceaccounts" && w.e.verb == "delete":
		w.b.Attr(w.object(r.group, r.resource, r.namespace, name), graph.AttrDeleted, w.ev, w.e.at)
	}
}

// owners writes the chain above an object: its ownerReferences, a pod's
// replica set, a replica set's deployment.
func (w *emitter) owners(o value, name string) {
	r := &w.e.ref
	o.At("metadata", "ownerReferences").Items(func(v value) bool {
		owner, kind := v.Get("name").Str(), v.Get("kind").Str()
		if owner == "" || kind == "" {
			return true
		}
		group, _, ok := strings.Cut(v.Get("apiVersion").Str(), "/")
		if !ok {
			group = ""
		}
		namespace := r.namespace
		if kind == "Node" {
			namespace = ""
		}
		w.standing(w.object(r.group, r.resource, r.namespace, name), w.object(group, plural(kind), namespace, owner), graph.PartOf)
		return true
	})
}

// plural is the API's word for a kind, by Kubernetes' own rule.
func plural(kind string) string {
	s := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(s, "s"):
		return s + "es"
	case strings.HasSuffix(s, "y"):
		return s[:len(s)-1] + "ies"
	}
	return s + "s"
}

// runs writes which service account a workload runs as, and which role of a
// cloud that account's webhook put into its environment.
func (w *emitter) runs(o value, name string) {
	r := &w.e.ref
	spec := o.At(workloads[r.resource]...)
	account := firstOf(spec.Get("serviceAccountName").Str(), spec.Get("serviceAccount").Str())
	if account == "" {
		return
	}
	sa := w.object("", "serviceaccounts", r.namespace, account)
	w.standing(w.object(r.group, r.resource, r.namespace, name), sa, graph.RunsAs)
	if w.effect == graph.Control {
		w.called(sa, w.label(graph.PassedRole, graph.Derived))
	}
	if node := spec.Get("nodeName").Str(); node != "" && r.resource == "pods" {
		w.b.Attr(w.object(r.group, r.resource, r.namespace, name), "node", string(k8sid.Object(w.e.cluster, "", "nodes", "", node).ID), w.e.at)
	}
	spec.Get("containers").Items(func(c value) bool {
		c.Get("env").Items(func(v value) bool {
			if v.Get("name").Str() == "AWS_ROLE_ARN" {
				w.cloudRole(sa, awsRole(v.Get("value").Str()))
			}
			return true
		})
		return true
	})
}

// The annotations of a service account that bind it to an identity of a cloud.
const (
	annotationAWS   = "eks.amazonaws.com/role-arn"
	annotationGCP   = "iam.gke.io/gcp-service-account"
	annotationAzure = "azure.workload.identity/client-id"
)

// bridges writes which identity of a cloud a service account may act as.
func (w *emitter) bridges(o value, name string) {
	notes := o.At("metadata", "annotations")
	sa := w.object("", "serviceaccounts", w.e.ref.namespace, name)
	w.b.Attr(sa, graph.AttrUniqueID, o.At("metadata", "uid").Str(), w.e.at)
	w.cloudRole(sa, awsRole(notes.Get(annotationAWS).Str()))
	w.cloudRole(sa, googleAccount(notes.Get(annotationGCP).Str()))
	if id := notes.Get(annotationAzure).Str(); id != "" {
		w.cloudRole(sa, k8sid.Node{ID: graph.ID("azure:application:" + strings.ToLower(id)), Kind: graph.Identity, Type: "azure.application"})
	}
}

func awsRole(arn string) k8sid.Node {
	if n := awsid.Identity(arn); n.Type == awsid.TypeRole {
		return k8sid.Node(n)
	}
	return k8sid.Node{}
}

// cloudRole writes that a service account is configured to act as an identity of
// a cloud.
func (w *emitter) cloudRole(sa graph.NodeRef, n k8sid.Node) {
	if n.ID != "" {
		w.standing(sa, n.In(w.b), graph.RunsAs, w.mark(graph.Began, w.e.at))
	}
}

// issued is a TokenRequest: the caller, for a pod its kubelet, issued a token,
// which later calls show by its id.
func (w *emitter) issued() {
	e := w.e
	jti := tokenID(e.note("authentication.kubernetes.io/issued-credential-id"))
	if jti == "" || e.ref.name == "" || e.verb != "create" {
		return
	}
	n := token(e.cluster, jti)
	ref := n.In(w.b)
	k := w.key
	k.To, k.Kind = ref, graph.Issued
	w.event(k, graph.Label{Join: graph.KeyJoin})
	var marks []graph.Mark
	status := e.response.Get("status")
	if end, ok := jsonlog.TimeOf(status.Get("expirationTimestamp")); ok {
		marks = append(marks, w.mark(graph.Ended, end))
	}
	sa := w.object("", "serviceaccounts", e.ref.namespace, e.ref.name)
	w.standing(ref, sa, graph.Of, marks...)
	e.request.At("spec", "audiences").Items(func(v value) bool {
		if s := v.Str(); s != "" {
			w.b.Attr(ref, graph.AttrTag, "audience="+s, e.at)
		}
		return true
	})
	bound := e.request.At("spec", "boundObjectRef")
	pod := bound.Get("name").Str()
	if bound.Get("kind").Str() != "Pod" || pod == "" {
		return
	}
	session := podSession(e.cluster, e.ref.namespace, pod, bound.Get("uid").Str()).In(w.b)
	p := w.object("", "pods", e.ref.namespace, pod)
	w.standing(p, session, graph.Runs)
	w.standing(p, sa, graph.RunsAs)
	w.standing(session, sa, graph.Of)
	w.standing(session, ref, graph.Holds, marks...)
}

// bound writes whom a binding gives a role: the rights of each subject grow, or
// with the binding's deletion shrink.
func (w *emitter) bound(o value, name string) {
	r := &w.e.ref
	role := o.Get("roleRef")
	resource, at := "clusterroles", ""
	if role.Get("kind").Str() == "Role" {
		resource, at = "roles", r.namespace
	}
	if role.Get("name").Str() == "" {
		return
	}
	given := w.object("rbac.authorization.k8s.io", resource, at, role.Get("name").Str())
	scope := "binding:" + name
	if r.namespace != "" {
		scope = "binding:" + r.namespace + "/" + name
	}
	kind := graph.Began
	switch w.effect {
	case graph.Grant:
		if strings.HasPrefix(w.e.verb, "delete") {
			kind = graph.Ended
		}
	default:
		kind = 0 // only read
	}
	o.Get("subjects").Items(func(v value) bool {
		subject := w.subject(v)
		if subject == 0 {
			return true
		}
		var marks []graph.Mark
		if kind != 0 {
			marks = append(marks, w.mark(kind, w.e.at))
			w.called(subject, w.label(graph.Primary, graph.Derived))
		}
		w.b.Standing(graph.StandingKey{From: subject, To: given, Kind: graph.GrantedBy, Label: w.b.Label(graph.Label{Detail: scope})}, w.e.at, w.src, marks...)
		return true
	})
	if kind != 0 {
		w.called(given, w.label(graph.PolicyRole, graph.Derived))
	}
}

// subject is whom a binding names.
func (w *emitter) subject(v value) graph.NodeRef {
	name := v.Get("name").Str()
	if name == "" {
		return 0
	}
	switch v.Get("kind").Str() {
	case "ServiceAccount":
		return w.object("", "serviceaccounts", firstOf(v.Get("namespace").Str(), w.e.ref.namespace), name)
	case "Group":
		return groupNode(w.e.cluster, name).In(w.b)
	case "User":
		return userNode(w.e.cluster, name).In(w.b)
	}
	return 0
}
