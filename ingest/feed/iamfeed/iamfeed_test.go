package iamfeed_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsiam"
	"github.com/blastradius/blastradius/ingest/feed/iamfeed"
	"github.com/blastradius/blastradius/internal/awsconf"
	"github.com/blastradius/blastradius/internal/mototest"
)

var fetched = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// clock stands still, and counts the waits.
func clock(waits *int) iamfeed.Clock {
	return iamfeed.Clock{Now: func() time.Time { return fetched }, Sleep: func(context.Context, time.Duration) error { *waits++; return nil }}
}

// ingested is a store that read all that the endpoint's IAM says.
func ingested(t *testing.T, endpoint string) (s graph.Store, report ingest.Report, waits int) {
	t.Helper()
	mototest.Environ(t, endpoint)
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := iamfeed.Open(t.Context(), cfg, clock(&waits))
	if err != nil {
		t.Fatal(err)
	}
	st, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	report, err = ingest.Run(t.Context(), st, a.Files(t.Context()), []ingest.Format{awsiam.New()}, ingest.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return st, report, waits
}

// told are the edges from or to ids that hold a word, a line each.
func told(t *testing.T, s graph.Store, word string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for e, err := range s.Edges(t.Context(), nil, graph.Out, graph.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(e.From+e.To), word) {
			how, _, _ := strings.Cut(e.Label.Detail, ":")
			from, to := string(e.From), string(e.To)
			for _, id := range []*string{&from, &to} {
				if strings.HasPrefix(*id, "policy:") {
					*id = "document"
				}
			}
			out[fmt.Sprintf("%s %s %s %s", from, e.Kind, how, to)] = true
		}
	}
	return out
}

// What was made in the emulator through the API is what the graph holds.
func TestAgainstEmulator(t *testing.T) {
	endpoint := mototest.Start(t)
	mototest.Environ(t, endpoint)
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	api, ctx := iam.NewFromConfig(cfg), t.Context()
	name := mototest.Name(t, "iam")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	reading := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com","AWS":"arn:aws:iam::999988887777:root"},"Action":"sts:AssumeRole"}]}`
	_, err = api.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: new("/ops/")})
	must(err)
	made, err := api.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	must(err)
	off, err := api.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	must(err)
	_, err = api.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &name, AccessKeyId: off.AccessKey.AccessKeyId, Status: types.StatusTypeInactive})
	must(err)
	_, err = api.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &name})
	must(err)
	_, err = api.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &name, UserName: &name})
	must(err)
	_, err = api.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: new("own"), PolicyDocument: &reading})
	must(err)
	policy, err := api.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &reading})
	must(err)
	_, err = api.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy.Policy.Arn, PolicyDocument: &everything, SetAsDefault: true})
	must(err)
	_, err = api.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	must(err)
	_, err = api.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: policy.Policy.Arn})
	must(err)
	_, err = api.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &name})
	must(err)
	_, err = api.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &name, RoleName: &name})
	must(err)

	s, report, _ := ingested(t, endpoint)
	if len(report.Rejected) > 0 || report.Kinds[awsiam.KindDetails] < 2 || report.Kinds[awsiam.KindReport] != 1 {
		t.Errorf("%+v", report)
	}
	arn := "arn:aws:iam::123456789012:"
	got := told(t, s, name)
	for _, want := range []string{
		arn + "user/ops/" + name + " HOLDS  aws:key:" + *made.AccessKey.AccessKeyId,
		arn + "user/ops/" + name + " HOLDS  aws:key:" + *off.AccessKey.AccessKeyId,
		arn + "user/ops/" + name + " GRANTED_BY member " + arn + "group/" + name,
		arn + "user/ops/" + name + " GRANTED_BY inline document",
		arn + "policy/" + name + " GRANTED_BY version document",
		arn + "role/" + name + " GRANTED_BY attached " + arn + "policy/" + name,
		"aws:service:ec2.amazonaws.com TRUSTS Allow " + arn + "role/" + name,
		"aws:account:999988887777 TRUSTS Allow " + arn + "role/" + name,
		arn + "instance-profile/" + name + " RUNS_AS  " + arn + "role/" + name,
	} {
		if !got[want] {
			t.Errorf("missing: %s\nof %v", want, got)
		}
	}
	for n, err := range s.Nodes(t.Context(), graph.Selector{IDs: []graph.ID{graph.ID(arn + "policy/" + name), graph.ID("aws:key:" + *off.AccessKey.AccessKeyId), graph.ID(arn + "user/ops/" + name)}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n.Attrs.Value("defaultVersion") != "v2" && n.Attrs.Value("status") != "Inactive" && n.Attrs.Value("accessKey1Active") != "true" {
			t.Errorf("%+v", n)
		}
	}
	for x, err := range s.Sources(t.Context()) {
		if err != nil || !strings.HasPrefix(x.Name, "aws-iam://123456789012/2026-11-22T06:00:00Z/") || x.Kind == awsiam.KindDetails && x.Last != graph.TimeOf(fetched) {
			t.Errorf("%+v %v", x, err)
		}
	}
}

// server replays answers of IAM in the form that its reference documents, and
// notes what was asked.
type server struct {
	mu    sync.Mutex
	asked []string
	says  map[string][]func() (int, string) // by what is asked, in turn; the last again and again
}

func (f *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	ask := r.Form.Get("Action")
	for _, key := range []string{"Marker", "UserName", "AccessKeyId"} {
		if v := r.Form.Get(key); v != "" {
			ask += " " + v
		}
	}
	f.mu.Lock()
	f.asked = append(f.asked, ask)
	turns := f.says[ask]
	if len(turns) > 1 {
		f.says[ask] = turns[1:]
	}
	f.mu.Unlock()
	status, text := 400, failure("InvalidAction", ask)
	if len(turns) > 0 {
		status, text = turns[0]()
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func ok(action, body string) func() (int, string) {
	return func() (int, string) {
		return 200, fmt.Sprintf(`<%[1]sResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%[1]sResponse>`, action, body)
	}
}

func failure(code, message string) string {
	return fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code, message)
}

func fails(status int, code string) func() (int, string) {
	return func() (int, string) { return status, failure(code, "refused") }
}

func member(kind, name, more string) string {
	return fmt.Sprintf(`<member><Arn>arn:aws:iam::111122223333:%[1]s/%[2]s</Arn><Path>/</Path><CreateDate>2020-01-02T03:04:05Z</CreateDate>%[3]s</member>`, strings.ToLower(kind), name, more)
}

// page is a page of details with one user and one role.
func page(n int, marker string) string {
	out := "<IsTruncated>false</IsTruncated>"
	if marker != "" {
		out = "<IsTruncated>true</IsTruncated><Marker>" + marker + "</Marker>"
	}
	user := fmt.Sprintf("<UserName>u%d</UserName><UserId>AIDAU%d</UserId>", n, n)
	role := fmt.Sprintf("<RoleName>r%[1]d</RoleName><RoleId>AROAR%[1]d</RoleId><AssumeRolePolicyDocument>%%7B%%22Statement%%22%%3A%%7B%%22Effect%%22%%3A%%22Allow%%22%%2C%%22Principal%%22%%3A%%7B%%22AWS%%22%%3A%%22arn%%3Aaws%%3Aiam%%3A%%3A111122223333%%3Auser%%2Fu%[1]d%%22%%7D%%7D%%7D</AssumeRolePolicyDocument>", n)
	return out + "<UserDetailList>" + member("user", fmt.Sprint("u", n), user) + "</UserDetailList><RoleDetailList>" + member("role", fmt.Sprint("r", n), role) + "</RoleDetailList><GroupDetailList/><Policies/>"
}

func documented() *server {
	key := func(n int) string {
		return fmt.Sprintf("<IsTruncated>false</IsTruncated><AccessKeyMetadata><member><UserName>u%[1]d</UserName><AccessKeyId>AKIAU%[1]d</AccessKeyId><Status>Active</Status><CreateDate>2020-01-02T03:04:05Z</CreateDate></member></AccessKeyMetadata>", n)
	}
	csv := "user,arn,user_creation_time,password_enabled\nu1,arn:aws:iam::111122223333:user/u1,2020-01-02T03:04:05+00:00,true\n"
	s := &server{says: map[string][]func() (int, string){
		"GetCallerIdentity": {func() (int, string) {
			return 200, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
		}},
		"GetAccountAuthorizationDetails":    {ok("GetAccountAuthorizationDetails", page(1, "m2"))},
		"GetAccountAuthorizationDetails m2": {fails(400, "Throttling"), ok("GetAccountAuthorizationDetails", page(2, "m3"))},
		"GetAccountAuthorizationDetails m3": {fails(503, "ServiceUnavailable"), ok("GetAccountAuthorizationDetails", page(3, ""))},
		"GenerateCredentialReport":          {ok("GenerateCredentialReport", "<State>STARTED</State>"), ok("GenerateCredentialReport", "<State>INPROGRESS</State>"), ok("GenerateCredentialReport", "<State>COMPLETE</State>")},
		"GetCredentialReport":               {ok("GetCredentialReport", "<Content>"+base64.StdEncoding.EncodeToString([]byte(csv))+"</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-11-22T05:59:00Z</GeneratedTime>")},
	}}
	for n := 1; n <= 3; n++ {
		s.says[fmt.Sprintf("ListAccessKeys u%d", n)] = []func() (int, string){ok("ListAccessKeys", key(n))}
		s.says[fmt.Sprintf("GetAccessKeyLastUsed AKIAU%d", n)] = []func() (int, string){ok("GetAccessKeyLastUsed", fmt.Sprintf("<UserName>u%d</UserName><AccessKeyLastUsed><LastUsedDate>2026-11-20T00:00:00Z</LastUsedDate><ServiceName>s3</ServiceName><Region>eu-north-1</Region></AccessKeyLastUsed>", n))}
	}
	return s
}

// Pages are followed by their markers, throttling and faults are tried again,
// and the credential report is waited for.
func TestPages(t *testing.T) {
	f := documented()
	web := httptest.NewServer(f)
	defer web.Close()
	s, report, waits := ingested(t, web.URL)
	if len(report.Rejected) > 0 || report.Files.Stored != 5 || report.Records != 10 || waits != 2 {
		t.Errorf("%+v, %d waits", report, waits)
	}
	edges := told(t, s, "111122223333")
	for n := 1; n <= 3; n++ {
		for _, want := range []string{
			fmt.Sprintf("arn:aws:iam::111122223333:user/u%[1]d TRUSTS Allow arn:aws:iam::111122223333:role/r%[1]d", n),
			fmt.Sprintf("arn:aws:iam::111122223333:user/u%[1]d HOLDS  aws:key:AKIAU%[1]d", n),
		} {
			if !edges[want] {
				t.Errorf("missing: %s\nof %v", want, edges)
			}
		}
	}
	if n := len(edges); n != 7 { // and a password
		t.Errorf("%d edges, want 7: %v", n, edges)
	}
	for n, err := range s.Nodes(t.Context(), graph.Selector{IDs: []graph.ID{"aws:account:111122223333"}}) {
		if err != nil {
			t.Fatal(err)
		}
		var lists []string
		for _, a := range n.Attrs {
			lists = append(lists, a.Value+" "+a.Last.String())
		}
		if got := strings.Join(lists, ", "); got != "aws-credential-report 2026-11-22T06:00:00Z, aws-iam 2026-11-22T06:00:00Z, aws-iam keys 2026-11-22T06:00:00Z, aws-iam page 2026-11-22T06:00:00Z" {
			t.Errorf("the account's lists: %s", got)
		}
	}
}

// What may not be read is named, with what to do about it; the rest is stored.
func TestDenied(t *testing.T) {
	for _, c := range []struct {
		action, file string
		stored       int
	}{
		{"GetAccountAuthorizationDetails m3", "account-authorization-details-0003", 2},
		{"ListAccessKeys u2", "access-keys", 4}, {"GetAccessKeyLastUsed AKIAU1", "access-keys", 4},
		{"GenerateCredentialReport", "credential-report", 4}, {"GetCredentialReport", "credential-report", 4},
	} {
		f := documented()
		f.says[c.action] = []func() (int, string){fails(403, "AccessDenied")}
		web := httptest.NewServer(f)
		_, report, _ := ingested(t, web.URL)
		web.Close()
		if len(report.Rejected) != 1 || report.Files.Stored != c.stored || !strings.Contains(report.Rejected[0].File, c.file) || !strings.Contains(report.Rejected[0].Reason, "AccessDenied") {
			t.Errorf("%s: %+v", c.action, report)
		}
		if report.ExitCode() != 3 {
			t.Errorf("%s: exit %d, want 3", c.action, report.ExitCode())
		}
	}
}
