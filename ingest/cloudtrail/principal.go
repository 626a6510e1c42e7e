package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/awsid"
	"github.com/blastradius/blastradius/ingest/k8sid"
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
	typeUser        = awsid.TypeUser
	typeRole        = awsid.TypeRole
	typeRoot        = awsid.TypeRoot
	typeService     = awsid.TypeService
	typePrincipal   = awsid.TypePrincipal
	typeCenterUser  = "aws.identitycenter.user"
	typeDeclared    = "aws.sourceidentity"
	typeLongKey     = awsid.TypeLongKey
	typeTempKey     = awsid.TypeTempKey
	typePassword    = awsid.TypePassword
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

	typeServiceCredential = "aws.servicecredential"
)

// unknownPrincipal stands for a caller that the record hides or does not name.
const unknownPrincipal = graph.ID("aws:principal:unknown")

// hidden is what AWS writes in place of a value that may be secret.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// nodeOf is the node of that name.
func nodeOf(n awsid.Node) node { return node{id: n.ID, kind: n.Kind, typ: n.Type} }

func k8sNode(n k8sid.Node) node { return node{id: n.ID, kind: n.Kind, typ: n.Type} }

func arnIdentity(arn string) node { return nodeOf(awsid.Identity(arn)) }

func userARN(partition, account, name string) graph.ID { return awsid.User(partition, account, name) }

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

func serviceNode(name string) node { return nodeOf(awsid.Service(name)) }

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
	return nodeOf(awsid.Key(key))
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

func passwordNode(user graph.ID) node { return nodeOf(awsid.Password(user)) }

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
	return node{id: graph.ID(arn), kind: graph.Session, typ: typeSignIn}
}
