package github

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// effectLines are the effects of actions, by GitHub's names, the first line that
// matches first; * stands for any text. Source of the names: GitHub's
// documentation, "Audit log events for your organization" and "… for your
// enterprise". Who can do what, and what lets somebody in, is GRANT; what runs or
// sets what runs, CONTROL.
const effectLines = `
READ git.clone git.fetch repo.download_zip org.audit_log_export org.export_* business.audit_log_* org.audit_log_git_event_export
CHANGE git.push pull_request.merge
USE pull_request_review.* pull_request_review_comment.*
USE workflows.created_workflow_run workflows.prepared_workflow_job workflows.completed_workflow_run workflows.actions_policy_violation
USE workflows.rerun_workflow_run workflows.cancel_workflow_run *.sso_response user.login user.logout user.failed_login user.two_factor_challenge_* user.two_factor_requested codespaces.connect
GRANT workflows.approve_workflow_job workflows.bypass_protection_rules
CHANGE workflows.reject_workflow_job workflows.disable_workflow workflows.enable_workflow workflows.pin_workflow workflows.unpin_workflow
GRANT protected_branch.policy_override protected_branch.destroy repository_ruleset.destroy *_branch_protection*.destroy environment.remove_protection_rule environment.update_protection_rule
CREATE protected_branch.create repository_ruleset.create environment.add_protection_rule
CHANGE protected_branch.* repository_ruleset.*
GRANT repo.access repo.add_member repo.update_member repo.transfer* org.add_member org.update_member org.invite_member org.invite_user org.add_outside_collaborator org.update_default_repository_permission
GRANT org.set_default_workflow_permissions repo.set_default_workflow_permissions *.set_actions_* *.update_actions_access_settings *.set_workflow_permission_can_approve_pr *.set_fork_pr_workflows_policy repo.actions_enabled
GRANT team.add_member team.add_repository team.update_repository_permission team.promote_maintainer organization_role.* organization_moderators.add_* role.* business.add_admin business.invite_admin business.add_organization enterprise_team.add_member
GRANT personal_access_token.access_granted personal_access_token.auto_approve_grant_requests_enabled auto_approve_personal_access_token_requests.enable org_credential_authorization.grant
GRANT deploy_key.create public_key.create public_key.verify oauth_authorization.create oauth_access.create oauth_application.create oauth_application.generate_client_secret integration.create integration.generate_client_secret integration.add_manager
GRANT integration_installation.create integration_installation.repositories_added integration_installation.version_updated integration_installation.unsuspend org.integration_manager_added org.oauth_app_access_approved
GRANT ip_allow_list.disable ip_allow_list_entry.create org.disable_saml org.disable_two_factor_requirement org.disable_oauth_app_restrictions org.disable_member_team_creation_permission *.disable_two_factor_requirement *.disable_saml
CONTROL *.register_self_hosted_runner *.configure_self_hosted_jit_runner *.self_hosted_runner_updated
READ secret_scanning_alert.create secret_scanning_alert.detect
SECRET_READ secret_scanning_alert.show *.two_factor_recovery_codes_*
CREATE *.create_*_secret *.create_*_variable
CHANGE *.update_*_secret *.update_*_variable
DELETE *.remove_*_secret *.remove_*_variable
CHANGE *.disable *.disabled *.enable *.enabled *.disable_* *.enable_* repo.archived repo.unarchived repo.rename *.archived
`

// verbLines are the effects of what is in no line above, by how the verb begins.
var verbLines = []struct {
	verb   string
	effect graph.Effect
}{
	{"create", graph.Create}, {"add", graph.Create}, {"register", graph.Create}, {"import", graph.Create}, {"restore", graph.Create}, {"reopen", graph.Change},
	{"destroy", graph.Delete}, {"delete", graph.Delete}, {"remove", graph.Delete}, {"revoke", graph.Delete}, {"uninstall", graph.Delete},
	{"list", graph.Read}, {"read", graph.Read}, {"view", graph.Read}, {"show", graph.Read}, {"download", graph.Read}, {"export", graph.Read}, {"clone", graph.Read}, {"fetch", graph.Read}, {"search", graph.Read},
}

// operations are the effects of GitHub's own classification, operation_type.
var operations = map[string]graph.Effect{"create": graph.Create, "access": graph.Read, "modify": graph.Change, "remove": graph.Delete,
	"restore": graph.Create, "transfer": graph.Change, "authentication": graph.Use}

// rule is one pattern of effectLines.
type rule struct {
	parts  []string // what stands between the stars
	effect graph.Effect
}

// exact are the actions without a star, patterns the others in order.
var exact, patterns = func() (map[string]graph.Effect, []rule) {
	words := map[string]graph.Effect{}
	for e := graph.Read; e <= graph.Control; e++ {
		words[e.String()] = e
	}
	exact := map[string]graph.Effect{}
	var patterns []rule
	for line := range strings.Lines(effectLines) {
		fields := strings.Fields(line)
		for i, f := range fields {
			switch {
			case i == 0:
			case strings.Contains(f, "*"):
				patterns = append(patterns, rule{strings.Split(f, "*"), words[fields[0]]})
			case exact[f] == 0:
				exact[f] = words[fields[0]]
			}
		}
	}
	return exact, patterns
}()

func (r *rule) matches(s string) bool {
	rest, ok := strings.CutPrefix(s, r.parts[0])
	if !ok {
		return false
	}
	for _, p := range r.parts[1 : len(r.parts)-1] {
		if _, rest, ok = strings.Cut(rest, p); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, r.parts[len(r.parts)-1])
}

// effectOf is what an event does to its target: by the action, else by GitHub's
// operation type, else by the verb, else a change. A review that approves, which
// lets somebody merge, is GRANT: see emit.
func effectOf(action, operation string) graph.Effect {
	if x, ok := exact[action]; ok {
		return x
	}
	for i := range patterns {
		if patterns[i].matches(action) {
			return patterns[i].effect
		}
	}
	if x, ok := operations[operation]; ok {
		return x
	}
	_, verb, _ := strings.Cut(action, ".")
	for _, v := range verbLines {
		if strings.HasPrefix(verb, v.verb) {
			return v.effect
		}
	}
	return graph.Change
}

// planeOf tells what only uses code and runs from what sets them: what a
// repository holds is what is deployed, so a push is no mere data.
func planeOf(category string, effect graph.Effect) graph.Plane {
	if (category == "git" || category == "workflows") && !effect.Mutates() {
		return graph.DataPlane
	}
	return graph.ControlPlane
}

// refused are the actions that tell of something that was not let happen, failed
// those that did not work.
var (
	refused = map[string]bool{"protected_branch.rejected_ref_update": true, "user.failed_login": true, "user.two_factor_challenge_failure": true}
	failed  = map[string]bool{"public_key.verification_failure": true, "public_key.unverification_failure": true}
)

// outcomeOf is how it ended: a run by its conclusion, what was refused or failed
// by the action.
func outcomeOf(e *event) graph.Outcome {
	switch {
	case refused[e.action], e.action == "workflows.actions_policy_violation" && e.allowedFalse:
		return graph.Denied
	case e.action == "user.creation_rate_limit_exceeded":
		return graph.Throttled
	case failed[e.action]:
		return graph.Failed
	}
	switch e.conclusion {
	case "failure", "timed_out", "startup_failure":
		return graph.Failed
	}
	return graph.OK
}
