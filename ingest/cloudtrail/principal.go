package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// node is a node that records of one kind show again and again. ref is valid
// in the builder that its owner was last written to.
type node struct {
	id   graph.ID
	kind graph.Kind
	typ  string
	ref  graph.NodeRef
}

func (n *node) known() bool { return n.id != "" }

// The provider's words for the nodes of an actor.
const (
	typeUser        = "aws.iam.user"
	typeRole        = "aws.iam.role"
	typeRoot        = "aws.iam.root"
	typeService     = "aws.service"
	typePrincipal   = "aws.principal"
	typeCenterUser  = "aws.identitycenter.user"
	typeDeclared    = "aws.sourceidentity"
	typeLongKey     = "aws.key.longlived"
	typeTempKey     = "aws.key.temporary"
	typePassword    = "aws.password"
	typeWebIdentity = "aws.webidentity"
	typeSAML        = "aws.saml"
	typeCertificate = "aws.certificate"
	typeOAuth       = "aws.oauth"
	typeRoleSession = "aws.session.role"
	typeUserSession = "aws.session.user"
	typeFederated   = "aws.session.federated"
	typeSignIn      = "aws.session.signin"
	typeRequest     = "aws.request"
	typePod         = "aws.eks.pod"
	typeTask        = "aws.ecs.task"
)

// unknownPrincipal stands for a caller that the record hides or does not name.
const unknownPrincipal = graph.ID("aws:principal:unknown")

// hidden is what AWS writes in place of a value that may be secret.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// arnIdentity is the identity that an ARN names, or carries the permissions
// of: the role of an assumed-role session, the user of a federated one's
// issuer is named by the issuer.
func arnIdentity(s string) node {
	arn, ok := graph.ParseARN(s)
	if !ok {
		return node{}
	}
	n := node{kind: graph.Identity}
	switch {
	case arn.Service == "sts":
		if role, ok := roleOfSessionARN(s); ok {
			n.id, n.typ = role, typeRole
		} else if name, ok := strings.CutPrefix(arn.Resource, "federated-user/"); ok {
			n.id, n.typ = userARN(arn.Partition, arn.Account, name), typeUser
		}
		return n
	case arn.Service != "iam":
		return node{}
	case arn.Resource == "root":
		n.typ = typeRoot
	case strings.HasPrefix(arn.Resource, "user/"):
		n.typ = typeUser
	case strings.HasPrefix(arn.Resource, "role/"):
		n.typ = typeRole
	default:
		return node{}
	}
	n.id = graph.ID(strings.Clone(s))
	return n
}

func userARN(partition, account, name string) graph.ID {
	return graph.ID("arn:" + partition + ":iam::" + account + ":user/" + name)
}

// principalNode is a principal of which only the unique id, or less, is known.
func principalNode(u *UserIdentity) node {
	id, _, _ := strings.Cut(firstOf(u.PrincipalID, u.AccountID), ":")
	switch {
	case strings.EqualFold(id, "anonymous") || strings.EqualFold(u.AccountID, "anonymous") || id == "ANONYMOUS_PRINCIPAL":
		id = "anonymous"
	case id == "" || id == hidden:
		return node{id: unknownPrincipal, kind: graph.Identity, typ: typePrincipal}
	}
	return node{id: graph.ID("aws:principal:" + id), kind: graph.Identity, typ: typePrincipal}
}

// serviceNode is an AWS service acting, by its DNS name.
func serviceNode(name string) node {
	if name == "" {
		return node{}
	}
	if name == "AWS Internal" {
		name = "internal.amazonaws.com"
	}
	return node{id: graph.ID("aws:service:" + strings.ToLower(strings.ReplaceAll(name, " ", "-"))), kind: graph.Identity, typ: typeService}
}

// centerUser is the Identity Center user on whose behalf a call was made.
func centerUser(u *UserIdentity) node {
	if u.OnBehalfOfUser == "" {
		return node{}
	}
	store := u.OnBehalfOfStore
	store = store[strings.LastIndexByte(store, '/')+1:]
	return node{id: graph.ID("aws:identitycenter:" + store + ":" + u.OnBehalfOfUser), kind: graph.Identity, typ: typeCenterUser}
}

func keyNode(key string) node {
	if key == "" || key == hidden {
		return node{}
	}
	n := node{id: graph.ID("aws:key:" + key), kind: graph.Credential, typ: typeTempKey}
	if strings.HasPrefix(key, "AKIA") {
		n.typ = typeLongKey
	}
	return n
}

// webIdentity is the subject of a web identity token, by issuer and subject:
// the same service account name exists in many clusters.
func webIdentity(u *UserIdentity) node {
	issuer, subject := u.IdentityProvider, u.UserName
	if _, rest, ok := strings.Cut(issuer, ":oidc-provider/"); ok {
		issuer = rest
	}
	issuer = strings.TrimPrefix(issuer, "https://")
	if subject == "" { // issuer:audience:subject
		subject = strings.TrimPrefix(u.PrincipalID, u.IdentityProvider+":")
	}
	if issuer == "" && subject == "" {
		return node{}
	}
	return node{id: graph.ID("aws:webidentity:" + issuer + ":" + subject), kind: graph.Credential, typ: typeWebIdentity}
}

// samlSubject is the subject of a SAML assertion.
func samlSubject(u *UserIdentity) node {
	provider, subject, _ := strings.Cut(u.PrincipalID, ":")
	provider, subject = firstOf(u.IdentityProvider, provider), firstOf(u.UserName, subject)
	if subject == "" {
		return node{}
	}
	return node{id: graph.ID("aws:saml:" + provider + ":" + subject), kind: graph.Credential, typ: typeSAML}
}

func passwordNode(user graph.ID) node {
	return node{id: "aws:password:" + user, kind: graph.Credential, typ: typePassword}
}

func sessionNode(principal string, created graph.Time, typ string) node {
	return node{id: graph.ID("aws:session:" + principal + "@" + created.String()), kind: graph.Session, typ: typ}
}

func declaredNode(account, value string) node {
	return node{id: graph.ID("aws:sourceidentity:" + account + ":" + value), kind: graph.Identity, typ: typeDeclared}
}

func requestNode(id string) node {
	return node{id: graph.ID("aws:request:" + id), kind: graph.Session, typ: typeRequest}
}

// podNode is the pod behind an EKS Pod Identity session, whose name is unique
// to the pod.
func podNode(account, session string) node {
	return node{id: graph.ID("aws:eks-pod:" + account + ":" + session), kind: graph.Service, typ: typePod}
}

// signInNode is a sign-in session, which calls of `aws login` and of MCP clients
// show.
func signInNode(arn string) node {
	return node{id: graph.ID(strings.Clone(arn)), kind: graph.Session, typ: typeSignIn}
}
