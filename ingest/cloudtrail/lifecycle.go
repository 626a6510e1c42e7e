package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// iamUser is the user that an IAM call is about: the one it names, who may be
// the caller (then the caller's ARN is the fuller one), else the caller.
func (e *emitter) iamUser(name string) node {
	a := e.a
	own := string(a.identity.id)
	switch {
	case name == "" || name == hidden:
		if a.user {
			return a.identity
		}
		return node{}
	case a.identity.typ == typeUser && own[strings.LastIndexByte(own, '/')+1:] == name && a.account == accountOf(e.r):
		return a.identity
	}
	return node{id: userARN(partitionOf(e.r.Region), accountOf(e.r), name), kind: graph.Identity, typ: typeUser}
}

// iamName is the name that a request or response gives, empty where neither
// does.
func (e *emitter) iamName(part, key string) string {
	return firstOf(e.r.Response.Get(part).Get(key).Str(), e.r.Request.Get(key).Str())
}

// keyCreated is CreateAccessKey: the caller can use the key as much as the
// user can, so the caller issued it.
func (e *emitter) keyCreated() {
	key := keyNode(e.r.Response.At("accessKey", "accessKeyId").Str())
	if e.outcome != graph.OK || !key.known() {
		return
	}
	e.issued(e.from, &key, graph.KeyJoin)
	if user := e.iamUser(e.iamName("accessKey", "userName")); user.known() {
		e.standing(e.ref(&user), e.ref(&key), graph.Holds, e.mark(graph.Began, e.t))
	}
}

// keyChanged is a long-lived key deleted, switched off or on again.
func (e *emitter) keyChanged() { e.changed(keyNode(e.r.Request.Get("accessKeyId").Str())) }

// changed is a credential of an IAM user deleted, switched off or on again.
func (e *emitter) changed(key node) {
	user := e.iamUser(e.r.Request.Get("userName").Str())
	if e.outcome != graph.OK || !key.known() || !user.known() {
		return
	}
	kind := graph.Ended
	if strings.HasPrefix(e.r.EventName, "Update") {
		switch e.r.Request.Get("status").Str() {
		case "Active":
			kind = graph.Began
		case "Inactive", "Expired":
		default:
			return
		}
	}
	e.standing(e.ref(&user), e.ref(&key), graph.Holds, e.mark(kind, e.t))
}

// serviceCredential is what an IAM user has for one service only, as a password
// for CodeCommit or an API key for Bedrock.
func serviceCredential(id string) node {
	if id == "" || id == hidden {
		return node{}
	}
	return node{id: graph.ID("aws:servicecredential:" + id), kind: graph.Credential, typ: typeServiceCredential}
}

// serviceCredentialSet is a service-specific credential made, or its secret
// made anew: the caller knows it.
func (e *emitter) serviceCredentialSet() {
	made := e.r.Response.Get("serviceSpecificCredential")
	key := serviceCredential(made.Get("serviceSpecificCredentialId").Str())
	user := e.iamUser(e.iamName("serviceSpecificCredential", "userName"))
	if e.outcome != graph.OK || !key.known() || !user.known() {
		return
	}
	e.issued(e.from, &key, graph.KeyJoin)
	e.b.Attr(e.ref(&key), graph.AttrName, made.Get("serviceUserName").Str(), e.t)
	e.b.Attr(key.ref, "service", made.Get("serviceName").Str(), e.t)
	var marks []graph.Mark
	if e.r.EventName == "CreateServiceSpecificCredential" {
		marks = append(marks, e.mark(graph.Began, e.t))
		if end, ok := jsonlog.TimeOf(made.Get("expirationDate")); ok {
			marks = append(marks, e.mark(graph.Ended, end))
		}
	}
	e.standing(e.ref(&user), key.ref, graph.Holds, marks...)
}

func (e *emitter) serviceCredentialChanged() {
	e.changed(serviceCredential(e.r.Request.Get("serviceSpecificCredentialId").Str()))
}

// passwordSet is a console password made or replaced: the caller knows it.
func (e *emitter) passwordSet() {
	user := e.iamUser(e.iamName("loginProfile", "userName"))
	if e.outcome != graph.OK || !user.known() {
		return
	}
	if e.r.EventName == "UpdateLoginProfile" && e.r.Request.Get("password").Null() && e.r.Request.Get("passwordResetRequired").Text() != "" {
		return // only whether it must be changed
	}
	password := e.password(user.id)
	e.issued(e.from, &password, graph.KeyJoin)
	var marks []graph.Mark
	if e.r.EventName == "CreateLoginProfile" {
		marks = append(marks, e.mark(graph.Began, e.t))
	}
	e.standing(e.ref(&user), e.ref(&password), graph.Holds, marks...)
}

func (e *emitter) passwordGone() {
	user := e.iamUser(e.r.Request.Get("userName").Str())
	if e.outcome != graph.OK || !user.known() {
		return
	}
	password := e.password(user.id)
	e.standing(e.ref(&user), e.ref(&password), graph.Holds, e.mark(graph.Ended, e.t))
}

// principalMade bounds a generation of a user or role, and says whom a role
// trusts.
func (e *emitter) principalMade() {
	made := e.r.Response.Get("role")
	if made.Null() {
		made = e.r.Response.Get("user")
	}
	principal := arnIdentity(made.Get("arn").Str())
	if e.outcome != graph.OK || !principal.known() {
		return
	}
	e.thing(principal.id)
	ref := e.ref(&principal)
	e.b.Attr(ref, graph.AttrCreated, e.ev, e.t)
	e.b.Attr(ref, graph.AttrUniqueID, strings.Clone(firstOf(made.Get("roleId").Str(), made.Get("userId").Str())), e.t)
	if principal.typ == typeRole {
		text := firstOf(e.r.Request.Get("assumeRolePolicyDocument").Str(), made.Get("assumeRolePolicyDocument").Str())
		e.trust(ref, text)
	}
}

// principalGone ends a generation. The record shows neither unique id nor
// path, so the pathless id carries the mark, and readers resolve aliases.
func (e *emitter) principalGone() {
	name := firstOf(e.r.Request.Get("userName").Str(), e.r.Request.Get("roleName").Str())
	if e.outcome != graph.OK || name == "" {
		return
	}
	resource, typ := "user/"+name, typeUser
	if e.r.EventName == "DeleteRole" {
		resource, typ = "role/"+name, typeRole
	}
	n := node{id: arnID(partitionOf(e.r.Region), "iam", "", accountOf(e.r), resource), kind: graph.Identity, typ: typ}
	e.b.Attr(e.ref(&n), graph.AttrDeleted, e.ev, e.t)
}

// profileRole is the role that an instance profile hands to its instances.
func (e *emitter) profileRole() {
	profile, role := e.r.Request.Get("instanceProfileName").Str(), e.r.Request.Get("roleName").Str()
	if e.outcome != graph.OK || profile == "" || role == "" {
		return
	}
	kind := graph.Began
	if e.r.EventName == "RemoveRoleFromInstanceProfile" {
		kind = graph.Ended
	}
	partition, account := partitionOf(e.r.Region), accountOf(e.r)
	from := e.thing(arnID(partition, "iam", "", account, "instance-profile/"+profile))
	e.standing(from, e.thing(arnID(partition, "iam", "", account, "role/"+role)), graph.RunsAs, e.mark(kind, e.t))
}

// podRole is the role that EKS hands to the pods of a Kubernetes service
// account. The role that an update replaces stands in no record.
func (e *emitter) podRole() {
	cluster, namespace, name, role := "", "", "", ""
	for _, v := range [...]Value{e.r.Response.Get("association"), e.r.Request} {
		parts, roleARN := v.Pick("clusterName", "name", "namespace", "serviceAccount"), v.Get("roleArn").Str()
		cluster, namespace = firstOf(cluster, parts[0].Str(), parts[1].Str()), firstOf(namespace, parts[2].Str())
		name, role = firstOf(name, parts[3].Str()), firstOf(role, roleARN)
	}
	if e.outcome != graph.OK || cluster == "" || namespace == "" || name == "" || !isARN(role) {
		return
	}
	kind := graph.Began
	if strings.HasPrefix(e.r.EventName, "Delete") {
		kind = graph.Ended
	}
	arn := arnID(partitionOf(e.r.Region), "eks", e.r.Region, accountOf(e.r), "cluster/"+cluster)
	sa := k8sid.ServiceAccount(string(arn), namespace, name)
	account := k8sNode(sa)
	ref := e.ref(&account)
	for _, id := range k8sid.Aliases(sa, string(arn)) {
		e.b.Attr(ref, graph.AttrAlias, string(id), e.t)
	}
	e.standing(ref, e.thing(graph.ID(role)), graph.RunsAs, e.mark(kind, e.t))
}

// configured writes which role a workload runs as, where a call that made or
// changed it passed the role.
func (e *emitter) configured() {
	if e.outcome != graph.OK || e.effect < graph.Create || e.effect == graph.Delete {
		return
	}
	for i := range e.targets {
		if e.targets[i].Role != graph.PassedRole || e.targets[i].Type != typeRole {
			continue
		}
		for j := range e.targets {
			w := &e.targets[j]
			if w.Role == graph.Primary && (w.Kind == graph.Service || w.Kind == graph.Resource) && w.Type != "aws.endpoint" {
				e.standing(e.thing(w.ID), e.thing(e.targets[i].ID), graph.RunsAs, e.mark(graph.Began, e.t))
			}
		}
	}
}
