package synth

import (
	"bytes"
	"slices"
	"strconv"
)

// repository is what CI deploys from; its audit log says who let it.
const repository = "halden/billing"

// forge writes GitHub's audit log of the organisation, as it is streamed to a
// bucket: an event a line.
func (w *world) forge() []byte {
	type event struct {
		at     string
		fields Object
	}
	var events []event
	add := func(at, action, actor string, fields ...any) {
		t := w.clock(at).UnixMilli()
		events = append(events, event{at, append(Object{"@timestamp", t, "_document_id", w.ids.letters(alnum, 22, []string{"document", at, action, actor}),
			"action", action, "actor", actor, "created_at", t, "org", "halden", "business", "halden-freight"}, fields...)})
	}
	repo := []any{"repo", repository, "public_repo", false}
	token := []any{"hashed_token", w.ids.Hex(43, "erik's token") + "=", "programmatic_access_type", "Fine-grained personal access token", "token_id", 88120417}

	// Jonas reviews what Erik wrote; it is merged, and the run that deploys it
	// waits for the environment's reviewer.
	add("11:02:30", "git.push", "erik.sand", append(slices.Clone(repo), "actor_id", 48213, "actor_ip", office, "transport_protocol_name", "https", "transport_protocol", 1, "user_agent", "git/2.51.2",
		token[0], token[1], token[2], token[3], token[4], token[5])...)
	add("11:14:08", "pull_request_review.submit", "jonas.berg", append(slices.Clone(repo), "actor_id", 51744, "actor_ip", office, "pull_request_id", 912, "pull_request_title", "Round invoice totals once", "pull_request_url", "https://github.com/halden/billing/pull/912",
		"review_state", "approved", "user_agent", "Mozilla/5.0")...)
	add("11:15:21", "pull_request.merge", "erik.sand", append(slices.Clone(repo), "actor_id", 48213, "actor_ip", office, "pull_request_id", 912, "pull_request_url", "https://github.com/halden/billing/pull/912", "user_agent", "Mozilla/5.0")...)
	for i, start := range []string{"08:39:40", "11:19:30"} {
		run := 19277400100 + i*311
		what := append(slices.Clone(repo), "workflow_id", 7310992, "workflow_run_id", run, "run_number", 640+i, "run_attempt", 1, "name", "deploy", "head_branch", "main",
			"head_sha", w.ids.Hex(40, "commit", strconv.Itoa(i)), "event", []string{"schedule", "push"}[i])
		actor, bot := "erik.sand", false
		if i == 0 {
			actor, bot = "github-actions[bot]", true
		}
		add(start, "workflows.created_workflow_run", actor, append(slices.Clone(what), "actor_is_bot", bot, "trigger_id", 3301+i)...)
		if i == 1 {
			add("11:19:52", "workflows.approve_workflow_job", "jonas.berg", append(slices.Clone(what), "actor_id", 51744, "actor_ip", office, "environment_name", "production", "job_name", "deploy", "user_agent", "Mozilla/5.0")...)
		}
		add([]string{"08:39:55", "11:19:58"}[i], "workflows.prepared_workflow_job", "github-actions[bot]", append(slices.Clone(what), "actor_is_bot", true, "job_name", "deploy",
			"environment_name", []string{"", "production"}[i], "job_workflow_ref", repository+"/.github/workflows/deploy.yml@refs/heads/main",
			"is_hosted_runner", true, "runner_id", 1200+i, "runner_name", "GitHub Actions "+strconv.Itoa(1200+i), "secrets_passed", []string{"SLACK_WEBHOOK"})...)
		add([]string{"08:43:02", "11:23:10"}[i], "workflows.completed_workflow_run", "github-actions[bot]", append(slices.Clone(what), "actor_is_bot", true, "conclusion", "success")...)
	}
	// A dependency bot, and a coding agent of the platform that opens a change
	// nobody has merged.
	add("09:12:44", "git.clone", "dependabot[bot]", append(slices.Clone(repo), "actor_is_bot", true, "transport_protocol_name", "https", "programmatic_access_type", "GitHub App server-to-server token",
		"hashed_token", w.ids.Hex(43, "dependabot")+"=", "user_agent", "git/2.51.2")...)
	add("12:31:17", "pull_request.create", "Copilot", append(slices.Clone(repo), "actor_is_agent", true, "actor_is_bot", true, "pull_request_id", 913, "pull_request_title", "Retry uploads of exports",
		"pull_request_url", "https://github.com/halden/billing/pull/913", "user_agent", "copilot-coding-agent")...)
	add("12:50:05", "protected_branch.policy_override", "erik.sand", append(slices.Clone(repo), "actor_id", 48213, "actor_ip", office, "branch", "refs/heads/main", "reasons", []string{"review_policy_not_satisfied"}, "user_agent", "Mozilla/5.0")...)

	slices.SortStableFunc(events, func(a, b event) int { return w.clock(a.at).Compare(w.clock(b.at)) })
	var b bytes.Buffer
	for _, e := range events {
		text, err := marshal(e.fields)
		if err != nil {
			w.err = err
			return nil
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}
