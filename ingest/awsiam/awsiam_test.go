package awsiam

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
)

// ingested is a store that read the files in order of their names.
func ingested(t testing.TB, files map[string]string) (graph.Store, ingest.Report) {
	t.Helper()
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	report, err := ingest.Run(context.Background(), s, feed.FS(fsys, ".", ""), []ingest.Format{New()}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

func one(text string) map[string]string { return map[string]string{"dump.json": text} }

func hashOf(t testing.TB, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func nodesOf(t testing.TB, s graph.Store) map[graph.ID]graph.Node {
	t.Helper()
	out := map[graph.ID]graph.Node{}
	for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		out[n.ID] = n
	}
	return out
}

func edgesOf(t testing.TB, s graph.Store, kinds ...graph.EdgeKind) (out []graph.Edge) {
	t.Helper()
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Kinds: kinds, Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// lines tells edges, a line each, without the hashes of policies.
func lines(edges []graph.Edge) (out []string) {
	for _, e := range edges {
		line := fmt.Sprintf("%s %s %s %s", short(e.From), e.Kind, e.Label.Detail, short(e.To))
		for _, m := range e.Marks {
			line += fmt.Sprintf(" %s %s", map[graph.MarkKind]string{graph.Began: "began", graph.Ended: "ended"}[m.Kind], m.At)
		}
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	slices.Sort(out)
	return out
}

func short(id graph.ID) string {
	s := string(id)
	for _, p := range []string{"arn:aws:iam::111122223333:", "arn:aws:iam::", "aws:"} {
		s = strings.TrimPrefix(s, p)
	}
	if strings.HasPrefix(s, "policy:sha256:") {
		return "document"
	}
	return s
}

// detailed is a dump with each kind of thing in it.
const detailed = `{
 "Account": "111122223333", "FetchedAt": "2026-11-20T06:00:00Z", "IsTruncated": false,
 "UserDetailList": [
  {"Path": "/ops/", "UserName": "ann", "UserId": "AIDAANN", "Arn": "arn:aws:iam::111122223333:user/ops/ann", "CreateDate": "2020-01-02T03:04:05Z",
   "GroupList": ["admins"], "AttachedManagedPolicies": [], "Tags": [{"Key": "team", "Value": "ops"}, {"Key": "api", "Value": "password=hunter2secret"}],
   "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Statement": {"Resource": "*", "Action": "s3:Get*", "Effect": "Allow"}, "Version": "2012-10-17"}}],
   "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/limit"}}],
 "GroupDetailList": [
  {"Path": "/ops/", "GroupName": "admins", "GroupId": "AGPAADMINS", "Arn": "arn:aws:iam::111122223333:group/ops/admins", "CreateDate": "2019-01-02T03:04:05Z",
   "GroupPolicyList": [], "AttachedManagedPolicies": [{"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]}],
 "RoleDetailList": [
  {"Path": "/", "RoleName": "r", "RoleId": "AROAR", "Arn": "arn:aws:iam::111122223333:role/r", "CreateDate": "2021-01-02 03:04:05+00:00",
   "AssumeRolePolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%5B%22ec2.amazonaws.com%22%2C%22lambda.amazonaws.com%22%5D%2C%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A999988887777%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D",
   "InstanceProfileList": [{"Path": "/", "InstanceProfileName": "p", "InstanceProfileId": "AIPAP", "Arn": "arn:aws:iam::111122223333:instance-profile/p", "CreateDate": "2021-02-03T00:00:00Z", "Roles": []}],
   "RolePolicyList": [], "AttachedManagedPolicies": [{"PolicyName": "limit", "PolicyArn": "arn:aws:iam::111122223333:policy/limit"}],
   "RoleLastUsed": {"LastUsedDate": "2026-11-19T12:00:00Z", "Region": "eu-north-1"}, "Tags": []},
  {"Path": "/", "RoleName": "web", "RoleId": "AROAWEB", "Arn": "arn:aws:iam::111122223333:role/web", "CreateDate": 1609556645,
   "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
     {"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:halden/*"}}},
     {"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com", "CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "Action": "sts:AssumeRole"},
     {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
     {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/ops/ann"}, "Action": "sts:AssumeRole"},
     {"Effect": "Allow", "Principal": {"AWS": ["AROADELETED", "999988887777", "arn:aws:sts::999988887777:assumed-role/ci/job"]}, "Action": "sts:AssumeRole"}]},
   "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": []}],
 "Policies": [
  {"PolicyName": "limit", "PolicyId": "ANPALIMIT", "Arn": "arn:aws:iam::111122223333:policy/limit", "Path": "/", "DefaultVersionId": "v2", "CreateDate": "2020-01-01T00:00:00Z", "UpdateDate": "2020-06-01T00:00:00Z",
   "PolicyVersionList": [
    {"VersionId": "v2", "IsDefaultVersion": true, "CreateDate": "2020-06-01T00:00:00Z", "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}},
    {"VersionId": "v1", "IsDefaultVersion": false, "CreateDate": "2020-01-01T00:00:00Z", "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}]
}`

const keyed = `{"Account": "111122223333", "FetchedAt": "2026-11-20T06:00:00Z", "AccessKeyMetadata": [
 {"UserName": "ann", "UserArn": "arn:aws:iam::111122223333:user/ops/ann", "AccessKeyId": "AKIAANNONE", "Status": "Active", "CreateDate": "2021-01-01T00:00:00Z", "AccessKeyLastUsed": {"LastUsedDate": "2026-11-19T00:00:00Z", "ServiceName": "s3", "Region": "eu-north-1"}},
 {"UserName": "ann", "UserArn": "arn:aws:iam::111122223333:user/ops/ann", "AccessKeyId": "AKIAANNTWO", "Status": "Inactive", "CreateDate": "2020-01-01T00:00:00Z", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}]}`

func TestDetails(t *testing.T) {
	s, report := ingested(t, map[string]string{"details.json": detailed, "keys.json": keyed})
	if len(report.Rejected) != 0 || report.Records != 7 || report.Kinds[KindDetails] != 2 {
		t.Errorf("%+v", report)
	}
	want := []string{
		"account:999988887777 TRUSTS Allow role/r",
		"account:999988887777 TRUSTS Allow role/web",
		"instance-profile/p RUNS_AS role/r",
		"999988887777:role/ci TRUSTS Allow role/web",
		"group/ops/admins GRANTED_BY attached policy/AdministratorAccess",
		"oidc-provider/token.actions.githubusercontent.com TRUSTS Allow if role/web",
		"policy/limit GRANTED_BY version:v1 document began 2020-01-01T00:00:00Z",
		"policy/limit GRANTED_BY version:v2 document began 2020-06-01T00:00:00Z",
		"principal:* TRUSTS Allow if role/web",
		"principal:* TRUSTS Deny except role/web",
		"principal:79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be TRUSTS Allow role/web",
		"principal:AROADELETED TRUSTS Allow role/web",
		"principal:cognito-identity.amazonaws.com TRUSTS Allow role/web",
		"role/r GRANTED_BY attached policy/limit",
		"service:ec2.amazonaws.com TRUSTS Allow role/r",
		"service:lambda.amazonaws.com TRUSTS Allow role/r",
		"user/ops/ann GRANTED_BY inline:own document",
		"user/ops/ann GRANTED_BY member group/admins",
		"user/ops/ann HOLDS key:AKIAANNONE began 2021-01-01T00:00:00Z",
		"user/ops/ann HOLDS key:AKIAANNTWO began 2020-01-01T00:00:00Z ended 2026-11-20T06:00:00Z",
	}
	slices.Sort(want)
	var got []string
	for _, l := range lines(edgesOf(t, s)) {
		f := strings.Fields(l)
		for i, x := range f {
			if p := strings.Split(x, ":"); (p[0] == "Allow" || p[0] == "Deny") && len(p) > 1 {
				f[i] = strings.Join(append(p[:1], p[2:]...), " ") // without the hash
			}
		}
		got = append(got, strings.Join(f, " "))
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("edges (-want +got):\n%s", d)
	}

	nodes := nodesOf(t, s)
	for id, attrs := range map[graph.ID]map[string]string{
		"arn:aws:iam::111122223333:user/ops/ann": {graph.AttrAlias: "arn:aws:iam::111122223333:user/ann", graph.AttrName: "ann", graph.AttrUniqueID: "AIDAANN", attrBoundary: "arn:aws:iam::111122223333:policy/limit",
			graph.AttrCreated: "iam:AIDAANN@111122223333", graph.AttrAccount: "111122223333", graph.AttrEnumerated: "aws-iam"},
		"arn:aws:iam::111122223333:role/r":           {attrLastUsed: "2026-11-19T12:00:00Z", attrBoundary: "none"},
		"arn:aws:iam::111122223333:group/ops/admins": {graph.AttrAlias: "arn:aws:iam::111122223333:group/admins"},
		"arn:aws:iam::111122223333:policy/limit":     {attrDefault: "v2"},
		"aws:key:AKIAANNONE":                         {attrStatus: "Active", attrLastUsed: "2026-11-19T00:00:00Z", "lastUsedService": "s3"},
		"aws:key:AKIAANNTWO":                         {attrStatus: "Inactive", attrLastUsed: "never"},
		"aws:account:111122223333":                   {graph.AttrEnumerated: "aws-iam keys"}, // of equals the larger
	} {
		for name, value := range attrs {
			if got := nodes[id].Attrs.Value(name); got != value {
				t.Errorf("%s of %s is %q, want %q", name, id, got, value)
			}
		}
	}
	for _, a := range nodes["arn:aws:iam::111122223333:user/ops/ann"].Attrs {
		if a.Name == graph.AttrUniqueID && (a.First.String() != "2020-01-02T03:04:05Z" || a.Last.String() != "2026-11-20T06:00:00Z") {
			t.Errorf("ann lived from %s to %s", a.First, a.Last)
		}
		if a.Name == graph.AttrTag && strings.Contains(a.Value, "hunter2secret") {
			t.Errorf("a secret stands in tag %s", a.Value)
		}
	}
	everything := 0
	for _, n := range nodes {
		if n.Attrs.Value("allowsEverything") == "always" {
			everything++
		}
	}
	if everything != 1 {
		t.Errorf("%d documents allow everything, want 1", everything)
	}
	for x, err := range s.Sources(context.Background()) {
		if err != nil || x.Kind != KindDetails || x.Stream != "aws-iam/111122223333" || x.First != x.Last || x.First.String() != "2026-11-20T06:00:00Z" {
			t.Errorf("%+v %v", x, err)
		}
	}
}

const reportCSV = `user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated
<root_account>,arn:aws:iam::111122223333:root,2018-01-01T00:00:00+00:00,not_supported,2026-10-01T00:00:00+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A
ann,arn:aws:iam::111122223333:user/ops/ann,2020-01-02T03:04:05+00:00,true,no_information,2026-11-01T00:00:00+00:00,2027-02-01T00:00:00+00:00,false,true,2021-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A
`

func TestReport(t *testing.T) {
	for name, text := range map[string]string{
		"raw.csv":      reportCSV,
		"bom.csv":      "\ufeff" + reportCSV,
		"encoded.json": `{"Content": "` + encode(reportCSV) + `", "ReportFormat": "text/csv", "GeneratedTime": "2026-11-20T06:00:00Z"}`,
	} {
		s, report := ingested(t, map[string]string{name: text})
		if len(report.Rejected) != 0 || report.Records != 2 || report.Kinds[KindReport] != 1 {
			t.Errorf("%s: %+v", name, report)
		}
		at, list := "2026-11-01T00:00:00Z", "aws-credential-report undated"
		if name == "encoded.json" {
			at, list = "2026-11-20T06:00:00Z", KindReport
		}
		nodes := nodesOf(t, s)
		for id, attrs := range map[graph.ID]map[string]string{
			"arn:aws:iam::111122223333:root": {"mfaActive": "true", "passwordLastUsed": "2026-10-01T00:00:00Z", "passwordEnabled": "", "accessKey1Active": "false", "accessKey1LastUsed": ""},
			"arn:aws:iam::111122223333:user/ops/ann": {"passwordEnabled": "true", "passwordLastUsed": "", "accessKey1Active": "true", "accessKey1Rotated": "2021-01-01T00:00:00Z", "accessKey1LastUsed": "never",
				"accessKey2Rotated": "", "accessKey2LastUsed": "", graph.AttrEnumerated: list, graph.AttrAlias: "arn:aws:iam::111122223333:user/ann"},
			"aws:password:arn:aws:iam::111122223333:user/ops/ann": {},
		} {
			if nodes[id].ID == "" {
				t.Errorf("%s: no %s", name, id)
			}
			for name, value := range attrs {
				if got := nodes[id].Attrs.Value(name); got != value {
					t.Errorf("%s of %s is %q, want %q", name, id, got, value)
				}
			}
		}
		if nodes["aws:password:arn:aws:iam::111122223333:root"].ID != "" {
			t.Error("the report does not say whether root has a password")
		}
		for x, err := range s.Sources(context.Background()) {
			if err != nil || x.Kind != KindReport || x.Stream != "aws-credential-report/111122223333" || x.Last.String() != at {
				t.Errorf("%s: %+v %v", name, x, err)
			}
		}
	}
}

func TestBad(t *testing.T) {
	user := func(arn, more string) string {
		return `{"Arn": "` + arn + `", "UserId": "AIDAX", "CreateDate": "2020-01-01T00:00:00Z", "GroupList": []` + more + `}`
	}
	good := user("arn:aws:iam::111122223333:user/good", "")
	for _, c := range []struct{ name, text, reason string }{
		{"torn", `{"UserDetailList": [` + good + `, {"Arn": "arn:aws`, "breaks off"},
		{"torn list", `{"UserDetailList": [` + good, "breaks off"},
		{"garbage behind", `{"UserDetailList": [` + good + `]} }`, "invalid"},
		{"no ARN", `{"UserDetailList": [` + good + `, {"UserName": "x"}]}`, "UserDetail: \"\" is no ARN"},
		{"an ARN of something else", `{"UserDetailList": [` + good + `,` + user("arn:aws:iam::111122223333:role/x", "") + `]}`, "is no ARN of one"},
		{"no object", `{"UserDetailList": [` + good + `, 7]}`, "cannot unmarshal"},
		{"a bad date", `{"UserDetailList": [` + good + `, {"Arn": "arn:aws:iam::111122223333:user/x", "CreateDate": "yesterday"}]}`, "is no date"},
		{"a bad policy", `{"UserDetailList": [` + good + `,` + user("arn:aws:iam::111122223333:user/x", `, "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": "{"}]`) + `]}`, "its policy p is no policy document"},
		{"a key of nobody", `{"UserDetailList": [` + good + `], "AccessKeyMetadata": [{"AccessKeyId": "AKIAX", "UserName": "x", "Status": "Active", "CreateDate": "2020-01-01T00:00:00Z"}]}`, "whose account"},
		{"deep", `{"UserDetailList": [` + good + `, {"Tags": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}]}`, "depth"},
		{"short row", reportCSV + "x,arn:aws:iam::111122223333:user/x\n", "2 fields under 22 columns"},
		{"bad quote", reportCSV + "x,\"y\n", "quote"},
		{"bad date in a row", strings.Replace(reportCSV, "2020-01-02T03:04:05+00:00", "2020-13-02T03:04:05+00:00", 1), "user_creation_time"},
	} {
		s, report := ingested(t, one(c.text))
		if len(report.Rejected) != 1 || !strings.Contains(report.Rejected[0].Reason, c.reason) {
			t.Errorf("%s: rejected %+v, want %q", c.name, report.Rejected, c.reason)
		}
		if nodes := nodesOf(t, s); nodes["arn:aws:iam::111122223333:user/good"].ID == "" && nodes["arn:aws:iam::111122223333:root"].ID == "" {
			t.Errorf("%s: the good part was not stored", c.name)
		}
	}
	_, report := ingested(t, one(`{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/x"}]}`))
	if len(report.Rejected) != 1 || !strings.Contains(report.Rejected[0].Reason, "no date at all") {
		t.Errorf("a dump without dates: %+v", report.Rejected)
	}
	for _, text := range []string{`{"Users": []}`, `{"Records": [{"eventName": "GetAccountAuthorizationDetails"}]}`, `"UserDetailList"`, `{"Policies": [{"PolicyName": "x"}]}`, "user,arn\n", `{"Content": "aGVsbG8="}`, ""} {
		if New().Recognise("x.json", []byte(text)) {
			t.Errorf("%q is taken for a dump", text)
		}
	}
}

// A page that lists nobody is an inventory too, where it says of which account.
func TestNobody(t *testing.T) {
	s, report := ingested(t, map[string]string{"a": `{"Account": "111122223333", "FetchedAt": "2026-11-20T06:00:00Z", "UserDetailList": [], "RoleDetailList": []}`,
		"b": `{"UserDetailList": []}`, "c": `{"Account": "111122223333", "FetchedAt": "2026-11-20T06:00:00Z", "AccessKeyMetadata": []}`})
	lists := nodesOf(t, s)["aws:account:111122223333"].Attrs.Values(graph.AttrEnumerated)
	if !slices.Equal(lists, []string{"aws-iam", "aws-iam keys"}) || len(report.Rejected) > 0 || report.Records != 2 {
		t.Errorf("%v, %+v", lists, report)
	}
}
