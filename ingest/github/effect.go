package github

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// effects are those of actions whose verb says too little. Source: GitHub's
// documentation, "Audit log events for your organization".
var effects = map[string]graph.Effect{
	"git.clone": graph.Read, "git.fetch": graph.Read, "git.push": graph.Change,
	"pull_request.merge": graph.Change, "pull_request_review.submit": graph.Change,
	"workflows.created_workflow_run": graph.Use, "workflows.prepared_workflow_job": graph.Use, "workflows.completed_workflow_run": graph.Use,
	"workflows.approve_workflow_job": graph.Grant, "workflows.reject_workflow_job": graph.Change, "workflows.bypass_protection_rules": graph.Grant,
	"protected_branch.policy_override": graph.Grant, "protected_branch.destroy": graph.Grant, "repo.access": graph.Grant,
	"org.add_member": graph.Grant, "team.add_member": graph.Grant, "team.add_repository": graph.Grant, "repo.add_member": graph.Grant, "org.update_member": graph.Grant,
	"personal_access_token.access_granted": graph.Grant, "org_credential_authorization.grant": graph.Grant, "deploy_key.create": graph.Grant, "public_key.create": graph.Grant,
	"integration_installation.create": graph.Grant, "oauth_application.create": graph.Grant, "environment.remove_protection_rule": graph.Grant,
	"secret_scanning_alert.show": graph.SecretRead, "repo.download_zip": graph.Read, "org.sso_response": graph.Use,
}

// verbs are the effects of verbs, as they begin the part behind the dot.
var verbs = []struct {
	verb   string
	effect graph.Effect
}{
	{"create", graph.Create}, {"add", graph.Create}, {"destroy", graph.Delete}, {"delete", graph.Delete}, {"remove", graph.Delete}, {"revoke", graph.Delete},
	{"list", graph.Read}, {"read", graph.Read}, {"view", graph.Read}, {"show", graph.Read}, {"download", graph.Read}, {"export", graph.Read}, {"clone", graph.Read}, {"fetch", graph.Read},
}

// operations are the effects of GitHub's own classification, operation_type.
var operations = map[string]graph.Effect{"create": graph.Create, "access": graph.Read, "modify": graph.Change, "remove": graph.Delete,
	"restore": graph.Create, "transfer": graph.Change, "authentication": graph.Use}

// effectOf is what an event does to its target: by the action, else by GitHub's
// operation type, else by the verb, else a change.
func effectOf(e *event) graph.Effect {
	if e.action == "pull_request_review.submit" && strings.EqualFold(e.state, "approved") {
		return graph.Grant
	}
	if x, ok := effects[e.action]; ok {
		return x
	}
	if x, ok := operations[e.operation]; ok {
		return x
	}
	_, verb, _ := strings.Cut(e.action, ".")
	for _, v := range verbs {
		if strings.HasPrefix(verb, v.verb) {
			return v.effect
		}
	}
	return graph.Change
}

// planeOf tells git and runs from settings.
func planeOf(e *event) graph.Plane {
	if strings.HasPrefix(e.action, "git.") || strings.HasPrefix(e.action, "workflows.") {
		return graph.DataPlane
	}
	return graph.ControlPlane
}

// outcomeOf is how it ended: a run by its conclusion, what is blocked or failed
// by the action's name.
func outcomeOf(e *event) graph.Outcome {
	switch e.conclusion {
	case "failure", "timed_out", "startup_failure":
		return graph.Failed
	}
	_, verb, _ := strings.Cut(e.action, ".")
	switch {
	case strings.HasPrefix(verb, "reject"), strings.HasPrefix(verb, "block"), strings.HasSuffix(verb, "_denied"), strings.HasSuffix(verb, "failed_login"):
		return graph.Denied
	case strings.HasSuffix(verb, "_failed"), strings.HasPrefix(verb, "failed"):
		return graph.Failed
	}
	return graph.OK
}
