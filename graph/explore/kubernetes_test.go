package explore_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/k8saudit"
)

// told are two logs of one story: the kubelet gets a token for a pod; with it
// the pod assumes a role and reads a table; and somebody else lists the secrets.
var told = map[string]string{
	"cloudtrail.json": `{"Records":[
		{"userIdentity":{"type":"WebIdentityUser","principalId":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.r.amazonaws.com/id/C1:sts.amazonaws.com:system:serviceaccount:billing:reader","userName":"system:serviceaccount:billing:reader","identityProvider":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.r.amazonaws.com/id/C1"},
		 "eventTime":"2026-11-22T10:01:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity","awsRegion":"eu-north-1","eventID":"11111111-0000-0000-0000-000000000001","eventType":"AwsApiCall","recipientAccountId":"111122223333",
		 "requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/reader","roleSessionName":"s"},"responseElements":{"credentials":{"accessKeyId":"ASIAREADERREADER0001","expiration":"Nov 22, 2026 11:01:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROAREADER:s","arn":"arn:aws:sts::111122223333:assumed-role/reader/s"}}},
		{"userIdentity":{"type":"AssumedRole","principalId":"AROAREADER:s","arn":"arn:aws:sts::111122223333:assumed-role/reader/s","accountId":"111122223333","accessKeyId":"ASIAREADERREADER0001","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAREADER","arn":"arn:aws:iam::111122223333:role/reader","accountId":"111122223333","userName":"reader"},"attributes":{"creationDate":"2026-11-22T10:01:00Z"}}},
		 "eventTime":"2026-11-22T10:02:00Z","eventSource":"dynamodb.amazonaws.com","eventName":"DeleteTable","awsRegion":"eu-north-1","eventID":"11111111-0000-0000-0000-000000000002","eventType":"AwsApiCall","recipientAccountId":"111122223333","requestParameters":{"tableName":"ledger"},
		 "resources":[{"ARN":"arn:aws:dynamodb:eu-north-1:111122223333:table/ledger","accountId":"111122223333","type":"AWS::DynamoDB::Table"}]}]}`,
	"audit.json": `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[
		{"auditID":"22222222-0000-0000-0000-000000000001","verb":"create","user":{"username":"system:node:n1"},"objectRef":{"resource":"serviceaccounts","subresource":"token","namespace":"billing","name":"reader"},"responseStatus":{"code":201},"requestReceivedTimestamp":"2026-11-22T10:00:00Z",
		 "requestObject":{"spec":{"boundObjectRef":{"kind":"Pod","name":"reader-0","uid":"u"}}},"annotations":{"authentication.kubernetes.io/issued-credential-id":"JTI=j"}},
		{"auditID":"22222222-0000-0000-0000-000000000002","verb":"get","user":{"username":"system:serviceaccount:billing:reader","extra":{"authentication.kubernetes.io/credential-id":["JTI=j"],"authentication.kubernetes.io/pod-name":["reader-0"],"authentication.kubernetes.io/pod-uid":["u"]}},
		 "objectRef":{"resource":"secrets","namespace":"billing","name":"db"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-22T10:03:00Z"},
		{"auditID":"22222222-0000-0000-0000-000000000003","verb":"list","user":{"username":"ann"},"objectRef":{"resource":"secrets","namespace":"billing"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-22T10:04:00Z"}]}`,
}

// The cloud's trail and the cluster's log meet at the service account: a key
// leads back to it, its compromise leads to the cloud's table, and a secret knows
// who read it and who listed it.
func TestKubernetesJoins(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, text := range told {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	ctx, store := context.Background(), storetest.NewModel()
	report, err := ingest.Run(ctx, store, feed.FS(fsys, ".", ""), []ingest.Format{cloudtrail.New(cloudtrail.Options{}), k8saudit.New(k8saudit.Options{Cluster: "prod"})}, ingest.Options{})
	if err != nil || len(report.Rejected) > 0 || report.Calls != 5 {
		t.Fatalf("%v %+v", err, report)
	}
	e := explore.New(store, explore.Options{})
	window := graph.Window{From: at(-10), To: at(60)}

	chain, err := e.Chain(ctx, explore.ChainQuery{Of: []string{"ASIAREADERREADER0001"}})
	if err != nil || len(chain.Origins) != 1 || chain.Origins[0].Node != "k8s:sa:billing/reader" || !chain.Origins[0].Known {
		t.Errorf("%v %+v", err, chain)
	}
	token, err := e.Chain(ctx, explore.ChainQuery{Of: []string{"k8s:prod:token:j"}})
	if err != nil || len(token.Hops) == 0 || token.Hops[0].From != "k8s:prod:user:system:node:n1" || token.Hops[0].Join != graph.KeyJoin {
		t.Errorf("%v %+v", err, token)
	}

	reach, err := e.Reach(ctx, explore.ReachQuery{From: []string{"k8s:prod:sa:billing/reader"}, Window: window})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []graph.ID{"aws:key:ASIAREADERREADER0001", "arn:aws:dynamodb:eu-north-1:111122223333:table/ledger", "k8s:prod:token:j", "k8s:prod:secret:billing/db"} {
		if !slices.ContainsFunc(reach.Nodes, func(n explore.ReachedNode) bool { return n.Node.ID == want }) {
			t.Errorf("the service account does not reach %s", want)
		}
	}

	for match, want := range map[graph.Match]string{graph.Derived: "k8s:prod:sa:billing/reader", graph.Mentioned: "k8s:prod:sa:billing/reader k8s:prod:user:ann"} {
		touched, err := e.Touched(ctx, explore.TouchedQuery{Resources: []string{"k8s:prod:secret:billing/db"}, Window: window, Match: match, Who: explore.WhoAll})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range touched.Identities {
			got = append(got, string(x.Identity.ID))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: touched by %v, want %s", match, got, want)
		}
	}
	cover, err := e.Coverage(ctx, explore.CoverageQuery{Window: window})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := e.Unjoined(ctx, cover); err != nil || n != 0 {
		t.Errorf("%v: %d unjoined", err, n)
	}
}
