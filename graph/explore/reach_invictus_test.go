package explore_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// What follows from bert-jan's long-lived key, read off the records with jq, one
// query for each way a credential is handed out:
//
//	AssumeRole:         .eventName == "AssumeRole" and .userIdentity.accessKeyId == KEY → .responseElements.credentials.accessKeyId
//	CreateAccessKey:    the same caller → .responseElements.accessKey.accessKeyId
//	CreateLoginProfile: the same caller → .requestParameters.userName
//	RunInstances:       the same caller, no error → .requestID; AssumeRole with that requestID and .userIdentity.invokedBy == "ec2.amazonaws.com" → the key
//
// None of the temporary keys hands out another one: their two RunInstances end
// in Client.VcpuLimitExceeded.
var invictusFollows = map[string]string{ // key → time
	"aws:key:AKIATFQR7NSC8Q4X20BJ": "2023-07-10T11:42:18Z", // the seed, at the first event

	"aws:key:ASIATFQR7NSC7E2ZIBM2": "2023-07-10T11:54:47Z", // ten by AssumeRole
	"aws:key:ASIATFQR7NSCWLLE7IWW": "2023-07-10T11:54:47Z",
	"aws:key:ASIATFQR7NSC2AF7XJOS": "2023-07-10T12:02:04Z",
	"aws:key:ASIATFQR7NSCVW2R4OHT": "2023-07-10T12:02:04Z",
	"aws:key:ASIATFQR7NSC2632JLFK": "2023-07-10T12:02:54Z",
	"aws:key:ASIATFQR7NSC6LRKSQNV": "2023-07-10T12:02:54Z",
	"aws:key:ASIATFQR7NSC7TITDFL2": "2023-07-10T12:06:41Z",
	"aws:key:ASIATFQR7NSCR2E3KSFW": "2023-07-10T12:06:41Z",
	"aws:key:ASIATFQR7NSCQJB6MQOY": "2023-07-10T12:09:30Z",
	"aws:key:ASIATFQR7NSCXLFJ4S5E": "2023-07-10T12:09:30Z",

	"aws:key:AKIATFQR7NSC3ZO6PKAZ": "2023-07-10T12:24:29Z", // two by CreateAccessKey
	"aws:key:AKIATFQR7NSCQLA2F4OD": "2023-07-10T12:24:50Z",

	"aws:key:ASIATFQR7NSC36DZQP7P": "2023-07-10T11:55:22Z", // four on two launched instances
	"aws:key:ASIATFQR7NSCSHSEVYP5": "2023-07-10T11:55:22Z",
	"aws:key:ASIATFQR7NSC377FNLFZ": "2023-07-10T12:03:25Z",
	"aws:key:ASIATFQR7NSCWFKWOWVD": "2023-07-10T12:03:25Z",

	"aws:password:arn:aws:iam::123837392027:user/stratus-red-team-nmfalu-gfjyeaypjt":  "2023-07-10T12:23:06Z", // and two passwords
	"aws:password:arn:aws:iam::123837392027:user/stratus-red-team-login-profile-user": "2023-07-10T12:25:04Z",
}

func TestInvictusReach(t *testing.T) {
	e, _ := invictus(t)
	a, err := e.Reach(context.Background(), explore.ReachQuery{From: []string{"AKIATFQR7NSC8Q4X20BJ"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	forwarded := 0
	for _, n := range a.Nodes {
		if n.Mark != graph.Controlled || n.Node.Kind != graph.Credential {
			continue
		}
		if n.Certainty == explore.Definite {
			got[string(n.Node.ID)] = n.At.String()
			continue
		}
		// Beside them, what services did for the key: never more than possible.
		if last := n.Path[len(n.Path)-1]; last.Join != graph.ForwardedAccess {
			t.Errorf("%s is possibly controlled, by %+v", n.Node.ID, last)
		}
		forwarded++
	}
	if diff := cmp.Diff(invictusFollows, got); diff != "" {
		t.Errorf("controlled credentials (-by hand +ours):\n%s", diff)
	}
	if forwarded != 73 {
		t.Errorf("%d forwarded credentials, want the 73 of the capture", forwarded)
	}
	var definite int
	for _, x := range a.Total.ByMark {
		definite += x.Definite
	}
	if definite != a.Total.Definite || a.Total.Definite+a.Total.Possible != a.Total.Nodes || a.Total.Nodes != len(a.Nodes)-1 {
		t.Errorf("the totals do not add up: %+v of %d", a.Total, len(a.Nodes))
	}
}

// An instance that was taken over yields the keys it holds, however early they
// were issued; the stolen one is seen in use at 11:57:22.
func TestInvictusInstance(t *testing.T) {
	e, _ := invictus(t)
	const instance = "arn:aws:ec2:us-east-1:123837392027:instance/i-0dbc91f429e48eeed"
	from := graph.Time(1688990220000) // 11:57:00
	a, err := e.Reach(context.Background(), explore.ReachQuery{From: []string{instance}, Window: graph.Window{From: from}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, n := range a.Nodes {
		if n.Node.Kind == graph.Credential && n.Mark == graph.Controlled {
			got[string(n.Node.ID)] = string(n.Certainty) + " " + n.At.String()
		}
	}
	want := map[string]string{
		"aws:key:ASIATFQR7NSC36DZQP7P": "DEFINITE 2023-07-10T11:57:22Z", // the stolen one
		"aws:key:ASIATFQR7NSCSHSEVYP5": "DEFINITE 2023-07-10T11:57:16Z", // the agent's on the instance
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	back, err := e.Reach(context.Background(), explore.ReachQuery{From: []string{"ASIATFQR7NSC36DZQP7P"}, Direction: explore.Backward, Window: graph.Window{From: 1688990000000, To: from + 60_000}})
	if err != nil {
		t.Fatal(err)
	}
	for _, cause := range []graph.ID{instance, "aws:key:AKIATFQR7NSC8Q4X20BJ"} {
		if !slices.ContainsFunc(back.Nodes, func(n explore.ReachedNode) bool {
			return n.Node.ID == cause && n.Mark == graph.Controlled && n.Certainty == explore.Definite
		}) {
			t.Errorf("backward from the stolen key, %s is not among the causes", cause)
		}
	}
}
