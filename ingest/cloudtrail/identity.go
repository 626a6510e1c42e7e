package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// fact is a standing edge between two nodes of an actor; row is its row in the
// builder that the actor was last written to.
type fact struct {
	from, to *node
	kind     graph.EdgeKind
	began    graph.Time // of a Began mark; zero for none
	row      int
}

// attr is an attribute that an actor's records show of one of its nodes. A
// zero at means the time of the record, of a constant its hour.
type attr struct {
	of          *node
	name, value string
	at          graph.Time
	exact       bool
	hour        graph.Hour // last asserted in the builder at hand
}

// actor is all that follows from a userIdentity alone: who acted, with what,
// and the standing facts between them. Its strings share the identity's memory.
type actor struct {
	identity   node // whose permissions are used
	session    node
	credential node
	human      node // on whose behalf
	declared   node // sourceIdentity
	signIn     node // the sign-in session behind it
	via        node // a service that called for it
	pod        node // a workload that the session's name says

	name      string     // of the session
	partition string     // aws, aws-cn …
	account   string     // the identity's
	created   graph.Time // of the session
	user      bool       // an IAM user or root, who can have a password
	instance  bool       // the session is named after an EC2 instance
	task      bool       // the session may be named after an ECS task
	scope     node       // inScopeOf: the workload that the credentials were issued to
	portable  bool       // nothing of it depends on the record around it

	facts []fact
	attrs []attr
	seen  sighting

	agentTool, agentEvidence string // an agent that the identity itself shows
	home                     home
	origin                   origin
}

// only is the actor's narrowest node: credential, else session, else identity.
func (a *actor) only() *node {
	switch {
	case a.credential.known():
		return &a.credential
	case a.session.known():
		return &a.session
	}
	return &a.identity
}

// driven is what an agent drives: the session where there is one, else the
// credential, else the identity.
func (a *actor) driven() *node {
	if a.session.known() {
		return &a.session
	}
	return a.only()
}

// newActor reads a record's userIdentity. The actor has no identity where the
// record names nobody.
func newActor(r *Record) *actor {
	u := &r.Identity
	a := &actor{created: u.Session.Created}
	arn, named := splitARN(firstOf(u.ARN, u.Session.IssuerARN))
	a.account = firstOf(u.AccountID, arn.Account)
	a.partition = arn.Partition
	if !named {
		a.partition = partitionOf(r.Region)
	}
	if a.portable = named || u.Type == "AWSService" && u.InvokedBy != ""; !a.portable && a.account == "" {
		a.account = r.RecipientAccountID
	}
	switch u.Type {
	case "WebIdentityUser":
		a.credential = webIdentity(u)
		a.serviceAccount(u)
		return a
	case "SAMLUser":
		a.credential = samlSubject(u)
	default:
		a.identity = identityOf(u, r, a)
	}
	if !a.identity.known() {
		return a
	}
	a.user = a.identity.typ == typeUser || a.identity.typ == typeRoot
	a.findCredential(u)
	a.findSession(u)
	a.findOthers(u)
	a.state(u)
	return a
}

// serviceAccount is the service account of a cluster whose token was shown. The
// record does not name the cluster, so the account is known without it; the
// cluster's own log knows it by that id too.
func (a *actor) serviceAccount(u *UserIdentity) {
	subject := u.UserName
	if i := strings.Index(u.PrincipalID, ":system:serviceaccount:"); subject == "" && i >= 0 {
		subject = u.PrincipalID[i+1:]
	}
	namespace, name, ok := k8sid.Subject(subject)
	if !ok {
		return
	}
	a.identity = k8sNode(k8sid.Clusterless(namespace, name))
	a.fact(&a.credential, &a.identity, graph.Of, 0)
	a.attr(&a.identity, graph.AttrName, name)
}

func identityOf(u *UserIdentity, r *Record, a *actor) node {
	switch u.Type {
	case "AWSService":
		return serviceNode(firstOf(u.InvokedBy, r.EventSource))
	case "AWSAccount":
		if u.ARN == "" {
			return principalNode(u)
		}
	case "IdentityCenterUser":
		if n := centerUser(u); n.known() {
			return n
		}
	case "Root":
		if u.ARN == "" && a.account != "" {
			return node{id: graph.ID("arn:" + a.partition + ":iam::" + a.account + ":root"), kind: graph.Identity, typ: typeRoot}
		}
	}
	if u.Session.IssuerARN != "" {
		if n := arnIdentity(u.Session.IssuerARN); n.known() {
			return n
		}
	}
	if n := arnIdentity(u.ARN); n.known() {
		return n
	}
	switch {
	case u.UserName != "" && u.UserName != hidden && u.Type == "IAMUser" && a.account != "":
		return node{id: userARN(a.partition, a.account, u.UserName), kind: graph.Identity, typ: typeUser}
	case u.Type == "" && u.InvokedBy != "" && u.PrincipalID == "":
		return serviceNode(u.InvokedBy)
	case u.PrincipalID != "":
		return principalNode(u)
	case u.InvokedBy != "":
		return serviceNode(u.InvokedBy)
	case u.OnBehalfOfUser != "":
		return centerUser(u)
	case r.EventType == "AwsServiceEvent":
		return serviceNode(r.EventSource)
	case u.UserName == hidden:
		return node{id: unknownPrincipal, kind: graph.Identity, typ: typePrincipal}
	case u.AccountID != "":
		return principalNode(u)
	}
	return node{}
}

func (a *actor) findCredential(u *UserIdentity) {
	a.credential = keyNode(u.AccessKeyID)
	if !a.credential.known() && u.CredentialID != "" && a.identity.typ == typeCenterUser {
		a.credential = node{id: graph.ID("aws:oauth:" + u.CredentialID), kind: graph.Credential, typ: typeOAuth}
	}
}

func (a *actor) findSession(u *UserIdentity) {
	unique, name, _ := strings.Cut(u.PrincipalID, ":")
	a.name = name
	if a.created == 0 || u.PrincipalID == "" || a.credential.typ == typeLongKey && a.user {
		return
	}
	switch {
	case a.identity.typ == typeRole:
		a.session = sessionNode(u.PrincipalID, a.created, typeRoleSession)
		a.instance = isInstanceID(name)
		a.task = len(name) == 32 && isHex(name) || len(name) == 36 && isUUID(name)
		if len(name) > 41 && strings.HasPrefix(name, "eks-") && isUUID(name[len(name)-36:]) {
			a.pod = podNode(a.account, name)
		}
	case u.Type == "FederatedUser" || name != "":
		a.session = sessionNode(u.PrincipalID, a.created, typeFederated)
	case a.user:
		a.session = sessionNode(unique, a.created, typeUserSession)
	}
}

func (a *actor) findOthers(u *UserIdentity) {
	if u.OnBehalfOfUser != "" && a.identity.typ != typeCenterUser {
		a.human = centerUser(u)
	}
	if v := u.Session.SourceIdentity; v != "" && v != hidden {
		a.declared = declaredNode(a.account, v)
	}
	if u.Session.SignInSessionARN != "" {
		a.signIn = signInNode(u.Session.SignInSessionARN)
	}
	if u.InvokedBy != "" && a.identity.typ != typeService {
		a.via = serviceNode(u.InvokedBy)
	}
	if isARN(u.InScopeOf) {
		a.scope = node{id: graph.ID(unqualified(u.InScopeOf))}
		a.scope.kind, a.scope.typ = kindType(a.scope.id)
	}
}

// unqualified is a Lambda function's ARN without version or alias, any other
// ARN as it is.
func unqualified(s string) string {
	if arn, ok := graph.ParseARN(s); ok && arn.Service == "lambda" && strings.Count(arn.Resource, ":") == 2 {
		return s[:strings.LastIndexByte(s, ':')]
	}
	return s
}

// state lists the standing facts and the attributes.
func (a *actor) state(u *UserIdentity) {
	id, s, k := &a.identity, &a.session, &a.credential
	switch {
	case s.known():
		a.fact(s, id, graph.Of, 0)
		if k.known() {
			a.fact(s, k, graph.Holds, a.created)
			a.fact(k, id, graph.Of, 0)
		}
	case k.typ == typeLongKey && a.user, k.typ == typeOAuth:
		a.fact(id, k, graph.Holds, 0)
	case k.known():
		a.fact(k, id, graph.Of, 0)
	}
	if a.human.known() {
		from := s
		if !s.known() {
			from = id
		}
		a.fact(from, &a.human, graph.ActsFor, 0)
	}
	if a.scope.known() && s.known() {
		a.fact(&a.scope, s, graph.Runs, 0)
	}
	if a.pod.known() {
		a.fact(&a.pod, s, graph.Runs, 0)
		a.attr(&a.pod, graph.AttrAccount, a.account)
	}

	switch {
	case strings.Contains(string(a.scope.id), ":bedrock-agentcore:"):
		a.agentTool, a.agentEvidence = agentCore, evidenceRuntime
	case id.typ == typeRole && s.known():
		if a.agentTool = agentRole(id.id); a.agentTool != "" {
			a.agentEvidence = evidenceName
		}
	}

	unique, _, _ := strings.Cut(firstOf(u.Session.IssuerPrincipalID, u.PrincipalID), ":")
	switch id.typ {
	case typeUser, typeRole:
		if len(unique) > 4 && (strings.HasPrefix(unique, "AIDA") || strings.HasPrefix(unique, "AROA")) {
			a.attrs = append(a.attrs, attr{of: id, name: graph.AttrUniqueID, value: unique, exact: true})
		}
		a.attr(id, graph.AttrName, string(id.id[strings.LastIndexByte(string(id.id), '/')+1:]))
		a.attr(id, graph.AttrAlias, string(aliasOf(id.id)))
		a.attr(id, graph.AttrAccount, a.account)
	case typeRoot:
		a.attr(id, graph.AttrAccount, a.account)
	case typePrincipal:
		if u.AccountID != "" && u.AccountID != "anonymous" {
			a.attr(id, graph.AttrAccount, u.AccountID)
		}
	}
	if s.known() {
		a.constant(s, graph.AttrName, a.name)
		a.constant(s, graph.AttrAccount, a.account)
		a.constant(s, "sourceIdentity", u.Session.SourceIdentity)
		a.constant(s, "ec2RoleDelivery", u.Session.EC2RoleDelivery)
		a.constant(s, "federatedProvider", u.Session.FederatedProvider)
		a.constant(s, "inScopeOf", u.InScopeOf)
		if u.Session.MFA {
			a.constant(s, "mfa", "true")
		}
		if u.Session.AssumedRoot {
			a.constant(s, "assumedRoot", "true")
		}
		if u.Session.FromConsole {
			a.constant(s, attrConsole, "true")
		}
		if !k.known() { // a service-linked session: the service alone uses it
			a.constant(s, "invokedBy", u.InvokedBy)
		}
	}
}

// attrConsole marks a session of which some record shows that a person's
// browser holds it.
const attrConsole = "console"

func (a *actor) fact(from, to *node, kind graph.EdgeKind, began graph.Time) {
	a.facts = append(a.facts, fact{from: from, to: to, kind: kind, began: began})
}

func (a *actor) attr(of *node, name, value string) {
	if value != "" {
		a.attrs = append(a.attrs, attr{of: of, name: name, value: value})
	}
}

// constant is an attribute of a session that all its records show alike; it is
// dated by the session's creation.
func (a *actor) constant(of *node, name, value string) {
	if value != "" {
		a.attrs = append(a.attrs, attr{of: of, name: name, value: value, at: a.created})
	}
}

func isInstanceID(s string) bool {
	return (len(s) == 19 || len(s) == 10) && strings.HasPrefix(s, "i-") && isHex(s[2:])
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}
