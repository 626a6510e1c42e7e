package github

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
)

// cases are events by the fields that GitHub documents for each action, with the
// edges that each gives, without `github:` in front. Every one has a time, erik
// and halden.
var cases = []struct {
	fields string
	want   []string
}{
	{`"action":"environment.create_actions_secret","repo":"halden/billing","environment_name":"production","key":"DEPLOY_KEY"`, []string{
		"secret:halden/billing/production/DEPLOY_KEY PART_OF repo:halden/billing",
		"user:erik CALLED secret:halden/billing/production/DEPLOY_KEY environment.create_actions_secret CREATE OK"}},
	{`"action":"org.update_actions_secret","key":"NPM"`, []string{"user:erik CALLED secret:halden/NPM org.update_actions_secret CHANGE OK"}},
	{`"action":"repo.remove_actions_variable","repo":"halden/billing","key":"REGION"`, []string{
		"user:erik CALLED variable:halden/billing/REGION repo.remove_actions_variable DELETE OK", "variable:halden/billing/REGION PART_OF repo:halden/billing"}},
	{`"action":"environment.remove_protection_rule","repo":"halden/billing","environment_name":"production","name":"required_reviewers"`, []string{
		"environment:halden/billing/production PART_OF repo:halden/billing", "user:erik CALLED environment:halden/billing/production environment.remove_protection_rule GRANT OK"}},
	{`"action":"protected_branch.policy_override","repo":"halden/billing","branch":"refs/heads/main"`, []string{
		"branch:halden/billing@main PART_OF repo:halden/billing", "user:erik CALLED branch:halden/billing@main protected_branch.policy_override GRANT OK"}},
	{`"action":"protected_branch.rejected_ref_update","repo":"halden/billing","branch":"refs/heads/main"`, []string{
		"branch:halden/billing@main PART_OF repo:halden/billing", "user:erik CALLED branch:halden/billing@main protected_branch.rejected_ref_update CHANGE DENIED"}},
	{`"action":"repo.access","repo":"halden/billing","visibility":"public","previous_visibility":"private","operation_type":"modify"`, []string{
		"user:erik CALLED repo:halden/billing repo.access GRANT OK"}},
	{`"action":"repo.add_member","repo":"halden/billing","user":"eve","permission":"admin"`, []string{
		"user:erik CALLED repo:halden/billing repo.add_member GRANT OK", "user:erik CALLED user:eve repo.add_member  OK member"}},
	{`"action":"org.block_user","user":"eve"`, []string{"user:erik CALLED user:eve org.block_user CHANGE OK"}},
	{`"action":"repo.destroy","repo":"halden/old"`, []string{"user:erik CALLED repo:halden/old repo.destroy DELETE OK"}},
	{`"action":"repo.register_self_hosted_runner","repo":"halden/billing","runner_id":7,"runner_name":"r"`, []string{"user:erik CALLED runner:7 repo.register_self_hosted_runner CONTROL OK"}},
	{`"action":"public_key.create","repo":"halden/billing","fingerprint":"SHA256:abc","read_only":"false","title":"ci"`, []string{
		"user:erik CALLED key:SHA256:abc public_key.create GRANT OK", "user:erik HOLDS key:SHA256:abc", "user:erik ISSUED key:SHA256:abc key_join"}},
	{`"action":"integration_installation.create","integration":"My Cool App","repository_selection":"all"`, []string{"user:erik CALLED app:my-cool-app integration_installation.create GRANT OK"}},
	{`"action":"hook.create","repo":"halden/billing","hook_id":3,"config":{"url":"https://x.example/"},"oauth_application_id":178`, []string{
		"hook:3 PART_OF repo:halden/billing", "user:erik CALLED hook:3 hook.create CREATE OK through oauth-app:178"}},
	{`"action":"workflows.disable_workflow","repo":"halden/billing","workflow_id":12`, []string{
		"user:erik CALLED workflow:halden/billing:12 workflows.disable_workflow CHANGE OK", "workflow:halden/billing:12 PART_OF repo:halden/billing"}},
	{`"action":"workflows.reject_workflow_job","repo":"halden/billing","workflow_run_id":"77","run_number":4`, []string{
		"run:77 OF app:github-actions", "run:77 PART_OF repo:halden/billing", "user:erik APPROVED run:77 job DENIED", "user:erik CALLED run:77 workflows.reject_workflow_job CHANGE OK"}},
	{`"action":"pull_request_review.submit","repo":"halden/billing","pull_request_id":5,"state":"changes_requested"`, []string{
		"pull:halden/billing:5 PART_OF repo:halden/billing", "user:erik APPROVED pull:halden/billing:5 review DENIED", "user:erik CALLED pull:halden/billing:5 pull_request_review.submit USE OK"}},
	{`"action":"pull_request_review.submit","repo":"halden/billing","pull_request_id":5`, []string{ // it does not say what came of it
		"pull:halden/billing:5 PART_OF repo:halden/billing", "user:erik CALLED pull:halden/billing:5 pull_request_review.submit USE OK"}},
	{`"action":"git.clone","repository":"halden/billing","programmatic_access_type":"GitHub App server-to-server token","hashed_token":"aGE=","token_id":9`, []string{
		"token:aGE= CALLED repo:halden/billing git.clone READ OK", "token:aGE= OF user:erik"}},
	{`"action":"git.push","repository":"halden/billing","programmatic_access_type":"OAuth access token","token_id":9`, []string{
		"token-id:9 CALLED repo:halden/billing git.push CHANGE OK", "user:erik HOLDS token-id:9"}},
	{`"action":"git.push","repository":"halden/billing","hashed_token":"aGE=","user_agent":"claude-code/2.1.0 (cli)"`, []string{
		"agent:claude-code:github:token:aGE= DRIVES token:aGE=", "token:aGE= CALLED repo:halden/billing git.push CHANGE OK by agent:claude-code:github:token:aGE=", "user:erik HOLDS token:aGE="}},
	{`"action":"user.failed_login"`, []string{"user:erik CALLED org:halden user.failed_login USE DENIED"}},
	{`"action":"never.heard_of","operation_type":"remove"`, []string{"user:erik CALLED org:halden never.heard_of DELETE OK"}},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		s, report := ingested(t, map[string]string{"a.json": `[{"@timestamp":1795345350000,"_document_id":"d","actor":"erik","org":"halden",` + c.fields + `}]`})
		if len(report.Rejected) > 0 {
			t.Fatal(report.Rejected)
		}
		var got []string
		for _, line := range edges(t, s) {
			got = append(got, strings.ReplaceAll(strings.ReplaceAll(" "+line, " github:", " "), "  ", " ")[1:])
		}
		var want []string
		for _, line := range c.want {
			want = append(want, strings.ReplaceAll(line, "  ", " "))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", c.fields, d)
		}
	}
}

// No action falls to another line than it is meant to.
func TestEffects(t *testing.T) {
	for line, want := range map[string]graph.Effect{
		"git.clone git.fetch repo.download_zip":                                                       graph.Read,
		"repo.create team.create protected_branch.create org.create_actions_secret":                   graph.Create,
		"git.push pull_request.merge secret_scanning.disable repo.archived dependabot_alerts.disable": graph.Change,
		"repo.destroy team.destroy hook.destroy public_key.delete repo.remove_actions_secret":         graph.Delete,
		"repo.transfer org.add_member ip_allow_list.disable deploy_key.create repo.actions_enabled":   graph.Grant,
		"repo.configure_self_hosted_jit_runner org.register_self_hosted_runner":                       graph.Control,
		"secret_scanning_alert.show":                                 graph.SecretRead,
		"workflows.created_workflow_run org.sso_response user.login": graph.Use,
	} {
		for _, action := range strings.Fields(line) {
			if got := effectOf(action, ""); got != want {
				t.Errorf("%s is %s, want %s", action, got, want)
			}
		}
	}
}

// What somebody wrote into the log by accident is not kept.
func TestRedaction(t *testing.T) {
	const secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
	s, _ := ingested(t, map[string]string{"a.json": `{"@timestamp":1795345350000,"action":"repo.create_actions_secret","actor":"` + secret + `","org":"` + secret + `","repo":"halden/` + secret +
		`","key":"` + secret + `","user":"` + secret + `","user_agent":"` + secret + `","name":"` + secret + `","environment_name":"` + secret + `","user_programmatic_access_name":"` + secret + `","token_id":"` + secret + `"}`})
	for n, err := range s.Nodes(t.Context(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(n.ID), secret) || strings.Contains(string(n.ID), strings.ToLower(secret)) {
			t.Errorf("the id %s", n.ID)
		}
		for _, a := range n.Attrs {
			if strings.Contains(strings.ToLower(a.Value), strings.ToLower(secret)) {
				t.Errorf("%s %s=%s", n.ID, a.Name, a.Value)
			}
		}
	}
}
