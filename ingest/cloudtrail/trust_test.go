package cloudtrail

import (
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// A principal that a policy names is the node that a record of its calls names:
// same kind and type by the same id.
func TestPrincipalsAgree(t *testing.T) {
	doc := awsid.Document(`{"Statement":[{"Effect":"Allow","Principal":{
		"AWS":["*","arn:aws:iam::111122223333:root","444455556666","arn:aws:iam::111122223333:user/a/b","arn:aws:iam::111122223333:role/r","arn:aws:sts::111122223333:assumed-role/r/s","arn:aws:sts::111122223333:federated-user/u","AROAGONE"],
		"Service":"ec2.amazonaws.com","Federated":["arn:aws:iam::111122223333:saml-provider/S","arn:aws:iam::111122223333:oidc-provider/o.example","cognito-identity.amazonaws.com"],"CanonicalUser":"79a5"}}]}`)
	b := graph.NewBuilder()
	awsid.Trusts(b, 0, doc, 1, graph.Ref{})
	nodes := b.Batch().Nodes
	n := 0
	for _, got := range nodes {
		if got.Kind == graph.Policy {
			continue
		}
		n++
		if kind, typ := kindType(got.ID); kind != got.Kind || typ != got.Type {
			t.Errorf("%s is %v %s in a policy, %v %s in a record", got.ID, got.Kind, got.Type, kind, typ)
		}
	}
	if n != 12 { // the role stands twice
		t.Errorf("%d principals, want 12: %v", n, nodes)
	}
}
