// Package awsid names what AWS's records show: principals, credentials and
// policies. Every source that shows one names it here, so that all sources meet
// at the same nodes.
package awsid

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// The provider's words for principals and what they hold.
const (
	TypeUser      = "aws.iam.user"
	TypeRole      = "aws.iam.role"
	TypeRoot      = "aws.iam.root"
	TypeGroup     = "aws.iam.group"
	TypePolicy    = "aws.iam.policy"
	TypeProfile   = "aws.iam.instance-profile"
	TypeAccount   = "aws.account"
	TypeService   = "aws.service"
	TypePrincipal = "aws.principal"
	TypeLongKey   = "aws.key.longlived"
	TypeTempKey   = "aws.key.temporary"
	TypePassword  = "aws.password"
	TypeDocument  = "aws.policy.document"
)

// Node names a node: all that a builder needs to know of it.
type Node struct {
	ID   graph.ID
	Kind graph.Kind
	Type string
}

// Known reports whether there is such a node.
func (n Node) Known() bool { return n.ID != "" }

// In is the node's reference in the builder.
func (n Node) In(b *graph.Builder) graph.NodeRef { return b.Node(n.ID, n.Kind, n.Type) }

// Account is the node of an account.
func Account(id string) Node {
	return Node{graph.ID("aws:account:" + id), graph.Account, TypeAccount}
}

// Identity is the identity that an ARN names, or carries the permissions of:
// the role of an assumed-role session, the user of a federated one.
func Identity(arn string) Node {
	a, ok := graph.ParseARN(arn)
	if !ok {
		return Node{}
	}
	n := Node{Kind: graph.Identity}
	switch {
	case a.Service == "sts":
		if role, ok := RoleOfSession(arn); ok {
			n.ID, n.Type = role, TypeRole
		} else if name, ok := strings.CutPrefix(a.Resource, "federated-user/"); ok {
			n.ID, n.Type = User(a.Partition, a.Account, name), TypeUser
		}
		return n
	case a.Service != "iam":
		return Node{}
	case a.Resource == "root":
		n.Type = TypeRoot
	case strings.HasPrefix(a.Resource, "user/"):
		n.Type = TypeUser
	case strings.HasPrefix(a.Resource, "role/"):
		n.Type = TypeRole
	default:
		return Node{}
	}
	n.ID = graph.ID(strings.Clone(arn))
	return n
}

// User is a user of which only the name is known, not the path.
func User(partition, account, name string) graph.ID { return iam(partition, account, "user/"+name) }

func iam(partition, account, resource string) graph.ID {
	return graph.ID("arn:" + partition + ":iam::" + account + ":" + resource)
}

// RoleOfSession is the role behind arn:P:sts::A:assumed-role/R/S. The session's
// ARN does not show the role's path, so the result has none.
func RoleOfSession(arn string) (graph.ID, bool) {
	a, ok := graph.ParseARN(arn)
	if !ok || a.Service != "sts" {
		return "", false
	}
	name, ok := strings.CutPrefix(a.Resource, "assumed-role/")
	if !ok {
		return "", false
	}
	name, _, _ = strings.Cut(name, "/")
	if name == "" {
		return "", false
	}
	return iam(a.Partition, a.Account, "role/"+name), true
}

// Pathless is the ARN of an IAM thing without its path, by which records that
// show only a name know it; empty for anything else and for one without a path.
func Pathless(a graph.ARN) graph.ID {
	word, rest, _ := strings.Cut(a.Resource, "/")
	i := strings.LastIndexByte(rest, '/')
	if a.Service != "iam" || !pathed[word] || i < 0 || i == len(rest)-1 {
		return ""
	}
	a.Resource = word + "/" + rest[i+1:]
	return graph.ID(a.String())
}

// pathed are the IAM types that have a path.
var pathed = map[string]bool{"role": true, "user": true, "group": true, "policy": true, "instance-profile": true}

// Service is an AWS service acting, by its DNS name.
func Service(name string) Node {
	if name == "" {
		return Node{}
	}
	if name == "AWS Internal" {
		name = "internal.amazonaws.com"
	}
	return Node{graph.ID("aws:service:" + strings.ToLower(strings.ReplaceAll(name, " ", "-"))), graph.Identity, TypeService}
}

// Key is an access key by its id.
func Key(id string) Node {
	n := Node{graph.ID("aws:key:" + id), graph.Credential, TypeTempKey}
	if strings.HasPrefix(id, "AKIA") {
		n.Type = TypeLongKey
	}
	return n
}

// Password is the console password of a user.
func Password(user graph.ID) Node {
	return Node{"aws:password:" + user, graph.Credential, TypePassword}
}

// Principal is a principal of which only an id is known that is no ARN.
func Principal(id string) Node {
	return Node{graph.ID("aws:principal:" + id), graph.Identity, TypePrincipal}
}
