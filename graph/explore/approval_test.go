package explore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/github"
	"github.com/blastradius/blastradius/ingest/ndjson"
)

// story writes records of a story that begins at t0, a line each, with their
// minute.
type story struct {
	t              *testing.T
	forge, own, aw []string
}

func (s *story) git(id string, minute float64, fields string) {
	s.forge = append(s.forge, fmt.Sprintf(`{"@timestamp":%d,"_document_id":%q,"org":"halden","repo":"halden/billing",%s}`, at(minute), id, fields))
}

func (s *story) call(id string, minute float64, fields string) {
	s.own = append(s.own, fmt.Sprintf(`{"id":%q,"time":%d,"actor":"bot","access":"change",%s}`, id, at(minute), fields))
}

func (s *story) aws(id string, minute float64, fields string) {
	s.aw = append(s.aw, fmt.Sprintf(`{"eventVersion":"1.11","eventTime":%q,"eventID":%q,"awsRegion":"eu-north-1","eventType":"AwsApiCall","recipientAccountId":"111122223333",%s}`,
		at(minute).Time().Format(time.RFC3339), id, fields))
}

const branch = "repo:halden/billing:ref:refs/heads/main"

// assume is CI's token shown for a key; drop is that key deleting a table.
func (s *story) assume(id, key string, minute float64) {
	s.aws(id, minute, `"userIdentity":{"type":"WebIdentityUser","principalId":"token.actions.githubusercontent.com:sts.amazonaws.com:`+branch+`","userName":"`+branch+`","identityProvider":"token.actions.githubusercontent.com"},"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity",
		"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/ci","roleSessionName":"s"},"responseElements":{"credentials":{"accessKeyId":"`+key+`"},"assumedRoleUser":{"assumedRoleId":"AROACI:s","arn":"arn:aws:sts::111122223333:assumed-role/ci/s"}}`)
}

func (s *story) as(id, key, role string, minute float64, call string) {
	s.aws(id, minute, `"userIdentity":{"type":"AssumedRole","principalId":"AROA:`+role+`","arn":"arn:aws:sts::111122223333:assumed-role/`+role+`/s","accountId":"111122223333","accessKeyId":"`+key+`","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"arn:aws:iam::111122223333:role/`+role+`","accountId":"111122223333","userName":"`+role+`"},"attributes":{}}},`+call)
}

func drop(table string) string {
	return `"eventSource":"dynamodb.amazonaws.com","eventName":"DeleteTable","requestParameters":{"tableName":"` + table + `"},"resources":[{"ARN":"arn:aws:dynamodb:eu-north-1:111122223333:table/` + table + `","accountId":"111122223333","type":"AWS::DynamoDB::Table"}]`
}

func (s *story) ingested() graph.Store {
	fsys := fstest.MapFS{"github.jsonl": {Data: []byte(strings.Join(s.forge, "\n"))}, "own.ndjson": {Data: []byte(strings.Join(s.own, "\n"))},
		"trail.json": {Data: []byte(`{"Records":[` + strings.Join(s.aw, ",\n") + `]}`)}}
	store := storetest.NewModel()
	report, err := ingest.Run(context.Background(), store, feed.FS(fsys, ".", ""), []ingest.Format{cloudtrail.New(cloudtrail.Options{}), github.New(), ndjson.New()}, ingest.Options{})
	if err != nil || len(report.Rejected) > 0 {
		s.t.Fatalf("%v %+v", err, report)
	}
	return store
}

// Each change is approved by whom the logs show to have approved it before, and
// by nobody else.
func TestApprovals(t *testing.T) {
	s := &story{t: t}
	pull := func(n int) string {
		return fmt.Sprintf(`"pull_request_id":5%d,"pull_request_url":"https://github.com/halden/billing/pull/%d"`, n, n)
	}
	review := func(id string, n int, minute float64, who, state string) {
		s.git(id, minute, `"action":"pull_request_review.submit","actor":"`+who+`","review_state":"`+state+`",`+pull(n))
	}
	merge := func(id string, n int, minute float64) {
		s.git(id, minute, `"action":"pull_request.merge","actor":"erik",`+pull(n))
	}
	review("r1", 1, 0, "jonas", "approved")
	merge("m1", 1, 1)
	merge("m2", 2, 1) // nobody looked
	review("r3", 3, 0, "jonas", "approved")
	s.git("d3", 1, `"action":"pull_request_review.dismiss","actor":"mira",`+pull(3))
	merge("m3", 3, 2) // taken back
	review("r4", 4, 5, "jonas", "approved")
	merge("m4", 4, 2) // too late
	review("r5", 5, 0, "mira", "changes_requested")
	review("r6", 5, 1, "jonas", "approved")
	merge("m5", 5, 2)

	// Two runs show the same subject; only one was approved. What CI did before its
	// approval is not covered.
	job := func(id string, run int, minute float64) {
		s.git(id, minute, fmt.Sprintf(`"action":"workflows.prepared_workflow_job","actor":"github-actions[bot]","actor_is_bot":true,"workflow_run_id":%d,"head_branch":"main","event":"push"`, run))
	}
	job("j0", 70, 9)
	s.assume("s0", "ASIACI00000000000000", 9.5)
	s.git("ok", 10, `"action":"workflows.approve_workflow_job","actor":"jonas","workflow_run_id":71,"environment_name":"production"`)
	job("j1", 71, 11)
	s.assume("s1", "ASIACI00000000000001", 12)
	s.as("x0", "ASIACI00000000000000", "ci", 13, drop("a"))
	s.as("x1", "ASIACI00000000000001", "ci", 13, drop("a"))
	job("j2", 72, 14)
	s.assume("s2", "ASIACI00000000000002", 15)
	s.as("x2", "ASIACI00000000000002", "ci", 16, drop("a"))

	// A call's own record covers that call.
	s.call("c1", 0, `"action":"billing:Refund","target":"invoice","approvedBy":{"by":"jonas","at":"2020-01-01T00:00:00Z","reference":"T-1"}`)
	s.call("c2", 1, `"action":"billing:Refund","target":"invoice"`)
	s.call("c3", 2, fmt.Sprintf(`"action":"billing:Waive","target":"invoice","approvedBy":{"by":"jonas","at":%d}`, at(30)))

	// A pipeline's gate covers what the service does in the pipeline's role.
	ann := `"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"AKIAANNANNANNANN0001","userName":"ann"},"eventSource":"codepipeline.amazonaws.com",`
	s.aws("p0", -100, ann+`"eventName":"CreatePipeline","requestParameters":{"pipeline":{"name":"ship","roleArn":"arn:aws:iam::111122223333:role/ship"}}`)
	s.aws("p1", 0, ann+`"eventName":"PutApprovalResult","requestParameters":{"pipelineName":"ship","stageName":"Prod","actionName":"Gate","result":{"status":"Approved"}}`)
	s.aws("p2", 1, `"userIdentity":{"type":"AWSService","invokedBy":"codepipeline.amazonaws.com"},"eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/ship","roleSessionName":"1"},"responseElements":{"credentials":{"accessKeyId":"ASIASHIP000000000001"},"assumedRoleUser":{"assumedRoleId":"AROA:1","arn":"arn:aws:sts::111122223333:assumed-role/ship/1"}}`)
	s.as("x3", "ASIASHIP000000000001", "ship", 2, drop("b"))

	e := explore.New(s.ingested(), explore.Options{})
	window := graph.Window{From: at(-200), To: at(60)}
	var got []string
	for _, of := range []string{"github:repo:halden/billing", "arn:aws:dynamodb:eu-north-1:111122223333:table/a", "arn:aws:dynamodb:eu-north-1:111122223333:table/b", "ndjson:resource:invoice"} {
		a, err := e.Touched(context.Background(), explore.TouchedQuery{Resources: []string{of}, Window: window, Who: explore.WhoAll, Parts: true, Evidence: explore.EvidencePage{First: 10}})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range a.Identities {
			for _, c := range x.Calls {
				if c.Approval != nil {
					got = append(got, strings.Join(c.Evidence, " ")+": "+c.Approval.Text)
				}
			}
		}
	}
	want := []string{
		"m1@github-audit: approved by github:user:jonas (review, r1)",
		"m2@github-audit: no approval in the data",
		"m3@github-audit: no approval in the data",
		"m4@github-audit: no approval in the data",
		"m5@github-audit: approved by github:user:jonas (review, r6)",
		"x0@111122223333 x1@111122223333 x2@111122223333: 1 of 3 possibly approved by github:user:jonas (environment production, ok); of the others no approval in the data",
		"x3@111122223333: possibly approved by arn:aws:iam::111122223333:user/ann (pipeline Prod/Gate, p1)",
		"c1@ndjson c2@ndjson: approved by ndjson:identity:jonas (declared T-1, c1)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	// The rows of suspects and of a workflow say the same.
	sus, err := e.Suspects(context.Background(), explore.SuspectsQuery{Resource: "arn:aws:dynamodb:eu-north-1:111122223333:table/b", At: at(3)})
	if err != nil || len(sus.Candidates) == 0 {
		t.Fatal(err, sus)
	}
	for _, c := range sus.Candidates {
		if x := c.Acts[0]; x.Relation == explore.Direct && (x.Approval == nil || x.Approval.Text != strings.TrimPrefix(want[6], "x3@111122223333: ")) {
			t.Errorf("%s: %+v", x.Action, x.Approval)
		}
	}
	flow, err := e.Workflow(context.Background(), explore.WorkflowQuery{Of: []string{"x3"}, Window: window, Who: explore.WhoAll})
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, m := range flow.Members {
		for _, c := range m.Calls {
			seen = seen || c.Action == "dynamodb:DeleteTable" && c.Approval != nil && c.Approval.Covered == 1
		}
	}
	if !seen {
		t.Errorf("the workflow's row does not say who approved: %+v", flow.Members)
	}
}
