package synth

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// The inventory of production, made before the day begins: two users and roles
// that act during the day are not in it, and some that are in it never act.

const inventoryMade = day + "06:00:00Z"

const (
	adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"
	admins      = "operators" // a group that nobody remembers
)

// allow is a policy document with one statement.
func allow(action, resource string, more ...any) Object {
	return Object{"Version", "2012-10-17", "Statement", []any{append(Object{"Effect", "Allow", "Action", action, "Resource", resource}, more...)}}
}

// trusts is a trust policy with one statement, percent-encoded as IAM returns
// it.
func trusts(action, kind, principal string, condition Object) (string, error) {
	s := Object{"Effect", "Allow", "Principal", Object{kind, principal}, "Action", action}
	if condition != nil {
		s = append(s, "Condition", condition)
	}
	text, err := json.Marshal(Object{"Version", "2012-10-17", "Statement", []any{s}})
	return strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20"), err
}

// inventory is what get-account-authorization-details, list-access-keys and the
// credential report say of production at inventoryMade.
func (w *world) inventory() (map[string][]byte, error) {
	p := &w.who
	var broken error
	role := func(r Role, created, action, kind, principal string, condition Object, policies ...Object) Object {
		trust, err := trusts(action, kind, principal, condition)
		if err != nil {
			broken = err
		}
		d := Object{"Path", r.Path, "RoleName", r.Name, "RoleId", r.ID, "Arn", r.ARN(), "CreateDate", created + "T09:00:00Z", "AssumeRolePolicyDocument", trust,
			"InstanceProfileList", []any{}, "RolePolicyList", []any{}, "AttachedManagedPolicies", []any{}, "Tags", []any{}, "RoleLastUsed", Object{}}
		for _, x := range policies {
			for i := 0; i < len(x); i += 2 {
				for j := 0; j < len(d); j += 2 {
					if d[j] == x[i] {
						d[j+1] = x[i+1]
					}
				}
			}
		}
		return d
	}
	attached := func(arns ...string) Object {
		list := []any{}
		for _, a := range arns {
			list = append(list, Object{"PolicyName", a[strings.LastIndexByte(a, '/')+1:], "PolicyArn", a})
		}
		return Object{"AttachedManagedPolicies", list}
	}
	inline := func(name string, doc Object) Object {
		return Object{"RolePolicyList", []any{Object{"PolicyName", name, "PolicyDocument", doc}}}
	}
	service := func(r Role, created, host string, policies ...Object) Object {
		return role(r, created, "sts:AssumeRole", "Service", host, nil, policies...)
	}
	iam := "arn:aws:iam::" + prod + ":"
	oidc := iam + "oidc-provider/oidc.eks." + north + ".amazonaws.com/id/9C1D4F7A2B6E8035D1C97A4F3E2B5D60"
	saml := iam + "saml-provider/AWSSSO_2c7d91f04be83a56_DO_NOT_DELETE"
	table := "arn:aws:dynamodb:" + north + ":" + prod + ":table/" + ledgerTable
	web := service(p.web, "2024-05-14", "ec2.amazonaws.com", inline("assets", allow("s3:GetObject", "arn:aws:s3:::halden-web-assets/*")),
		Object{"InstanceProfileList", []any{Object{"Path", "/", "InstanceProfileName", "web-instance", "InstanceProfileId", w.ids.Unique("AIPA", "web"), "Arn", iam + "instance-profile/web-instance", "CreateDate", "2024-05-14T09:00:05Z", "Roles", []any{}}}})
	roles := []any{
		role(p.mira.Role, "2025-02-03", "sts:AssumeRoleWithSAML", "Federated", saml, Object{"StringEquals", Object{"SAML:aud", "https://signin.aws.amazon.com/saml"}}, attached("arn:aws:iam::aws:policy/PowerUserAccess"),
			inline("AwsSSOInlinePolicy", allow("sts:AssumeRole", p.deploy.Role.ARN()))),
		role(p.jonas.Role, "2025-02-03", "sts:AssumeRoleWithSAML", "Federated", saml, Object{"StringEquals", Object{"SAML:aud", "https://signin.aws.amazon.com/saml"}}, attached("arn:aws:iam::aws:policy/ReadOnlyAccess")),
		role(p.deploy.Role, "2023-08-21", "sts:AssumeRole", "AWS", iam+"root", nil, attached(adminPolicy), Object{"Tags", []any{Object{"Key", "owner", "Value", "platform"}}}),
		role(p.ciDeploy, "2024-01-11", "sts:AssumeRole", "AWS", p.ci.ARN(), Object{"StringEquals", Object{"sts:ExternalId", "halden-deploy"}}, inline("deploy", allow("lambda:UpdateFunctionCode", "*"))),
		role(p.rehearsal.Role, "2025-10-30", "sts:AssumeRole", "AWS", p.runner.ARN(), nil, attached(adminPolicy)),
		service(p.writer, "2024-03-04", "lambda.amazonaws.com", inline("ledger", allow("dynamodb:PutItem", table))),
		service(p.checkout.Role, "2024-03-04", "ecs-tasks.amazonaws.com", inline("exports", allow("s3:PutObject", "arn:aws:s3:::"+exportBucket+"/*"))),
		role(p.reader, "2024-06-18", "sts:AssumeRoleWithWebIdentity", "Federated", oidc, Object{"StringLike", Object{"oidc.eks." + north + ".amazonaws.com/id/9C1D4F7A2B6E8035D1C97A4F3E2B5D60:sub", "system:serviceaccount:billing:*"}}, inline("ledger", allow("dynamodb:GetItem", table))),
		service(p.report, "2025-04-09", "pods.eks.amazonaws.com", inline("ledger", allow("dynamodb:Query", table))),
		web,
		service(p.node.Role, "2024-06-18", "ec2.amazonaws.com", attached("arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")),
		service(p.linkedRole("config.amazonaws.com", "AWSServiceRoleForConfig"), "2023-01-10", "config.amazonaws.com", attached("arn:aws:iam::aws:policy/aws-service-role/AWSConfigServiceRolePolicy")),
		// The role of Auto Scaling is missing: it is made at the first launch.
		role(w.role(prod, "/", "OrganizationAccountAccessRole"), "2023-01-09", "sts:AssumeRole", "AWS", "arn:aws:iam::"+tooling+":root", nil, attached(adminPolicy)),
		role(w.role(prod, "/", "vendor-cost-audit"), "2023-11-27", "sts:AssumeRole", "AWS", "arn:aws:iam::777788889999:root", nil, attached("arn:aws:iam::aws:policy/ReadOnlyAccess")),
	}

	type person struct {
		User
		created, password, mfa string
		groups                 []any
		keys                   [][4]string // id, created, last used, service
	}
	backup := w.user("svc-old-backup")
	people := []person{
		{p.erik, "2023-01-16", "true", "true", []any{"engineers"}, nil},
		{p.legacy, "2023-03-08", "false", "false", []any{}, [][4]string{{p.legacyOld, "2023-03-08", day + "05:12:00Z", "dynamodb"}}},
		{backup, "2023-02-02", "false", "false", []any{admins}, [][4]string{{w.ids.Key("AKIA", "old backup"), "2023-02-02", "", ""}}},
	}
	var users, keys []any
	report := "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n" +
		"<root_account>," + iam + "root,2023-01-09T08:00:00+00:00,not_supported,2024-12-02T10:14:00+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
	for _, x := range people {
		u := Object{"Path", "/", "UserName", x.Name, "UserId", x.ID, "Arn", x.ARN(), "CreateDate", x.created + "T09:00:00Z", "GroupList", x.groups, "AttachedManagedPolicies", []any{}, "Tags", []any{}}
		password := "N/A,N/A,N/A"
		if x.password == "true" {
			password = "2026-11-20T07:41:12+00:00,2026-09-01T07:02:00+00:00,2026-11-30T07:02:00+00:00"
		}
		key := "false,N/A,N/A,N/A,N/A"
		for _, k := range x.keys {
			used := Object{"ServiceName", "N/A", "Region", "N/A"}
			key = "true," + k[1] + "T09:00:10+00:00,N/A,N/A,N/A"
			if k[2] != "" {
				used = Object{"LastUsedDate", k[2], "ServiceName", k[3], "Region", north}
				key = "true," + k[1] + "T09:00:10+00:00," + strings.Replace(k[2], "Z", "+00:00", 1) + "," + north + "," + k[3]
			}
			keys = append(keys, Object{"UserName", x.Name, "UserArn", x.ARN(), "AccessKeyId", k[0], "Status", "Active", "CreateDate", k[1] + "T09:00:10Z", "AccessKeyLastUsed", used})
		}
		if x.Name == p.legacy.Name {
			u = append(u, "UserPolicyList", []any{Object{"PolicyName", "export", "PolicyDocument", allow("dynamodb:Scan", table)}})
		}
		if x.Name == backup.Name {
			u[len(u)-1] = []any{Object{"Key", "notes", "Value", "restore with password=" + SecretMarker + "-7f3a"}}
		}
		users = append(users, u)
		report += fmt.Sprintf("%s,%s,%sT09:00:00+00:00,%s,%s,%s,%s,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n", x.Name, x.ARN(), x.created, x.password, password, x.mfa, key)
	}
	group := func(name, created, policy string) Object {
		return append(Object{"Path", "/", "GroupName", name, "GroupId", w.ids.Unique("AGPA", name), "Arn", iam + "group/" + name, "CreateDate", created + "T09:00:00Z", "GroupPolicyList", []any{}}, attached(policy)...)
	}
	managed := func(arn, version string, doc Object) Object {
		return Object{"PolicyName", arn[strings.LastIndexByte(arn, '/')+1:], "PolicyId", w.ids.Unique("ANPA", arn), "Arn", arn, "Path", "/", "DefaultVersionId", version, "AttachmentCount", 1,
			"PermissionsBoundaryUsageCount", 0, "IsAttachable", true, "CreateDate", "2015-02-06T18:39:46Z", "UpdateDate", "2015-02-06T18:39:46Z",
			"PolicyVersionList", []any{Object{"Document", doc, "VersionId", version, "IsDefaultVersion", true, "CreateDate", "2015-02-06T18:39:46Z"}}}
	}
	head := Object{"Account", prod, "FetchedAt", inventoryMade}
	details, err := indented(append(head[:4:4], "IsTruncated", false, "UserDetailList", users,
		"GroupDetailList", []any{group("engineers", "2023-01-16", "arn:aws:iam::aws:policy/ReadOnlyAccess"), group(admins, "2023-01-16", adminPolicy)},
		"RoleDetailList", roles, "Policies", []any{managed(adminPolicy, "v1", allow("*", "*"))}))
	if err != nil {
		return nil, err
	}
	list, err := indented(append(head[:4:4], "AccessKeyMetadata", keys))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"iam/account-authorization-details.json": details, "iam/access-keys.json": list, "iam/credential-report.csv": []byte(report)}, broken
}

// linkedRole is a service's own role.
func (p *people) linkedRole(host, name string) Role {
	return Role{prod, "/aws-service-role/" + host + "/", name, strings.SplitN(p.config.Identity.PrincipalID, ":", 2)[0]}
}

func indented(o Object) ([]byte, error) {
	text, err := json.MarshalIndent(o, "", " ")
	return append(text, '\n'), err
}
