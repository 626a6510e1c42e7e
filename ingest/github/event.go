package github

import (
	"errors"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// event is one event of the audit log. Strings may share the memory of the file.
type event struct {
	at     graph.Time
	id     string // _document_id
	action string // category.verb

	actor, user              string
	org, business, repo      string
	ip, program              string // where from, with which program
	token, tokenID           string // hashed_token, token_id
	access, accessName       string // programmatic_access_type, user_programmatic_access_name
	oauth, integration       string // oauth_application_id, integration: an app
	session                  string // agent_session_id
	operation                string // operation_type: GitHub's own classification
	pull, pullURL, review    string
	run, workflow, runEvent  string
	branch, headBranch       string
	environment, name, key   string
	hook, runner, print      string // fingerprint of a key
	ruleset, team            string
	conclusion, visibility   string
	bot, agent, allowedFalse bool
	secrets                  jsonlog.Value // secrets_passed: names
	data                     jsonlog.Value // where older exports keep what is not said above
	raw                      jsonlog.Value
}

// text is where a member's text goes; nil where it is not kept. Exports and tools
// rename @timestamp and _document_id; git events say repository for repo.
func (e *event) text(key string) *string {
	switch key {
	case "_document_id", "document_id":
		return &e.id
	case "action":
		return &e.action
	case "actor":
		return &e.actor
	case "user":
		return &e.user
	case "org":
		return &e.org
	case "business":
		return &e.business
	case "repo", "repository":
		return &e.repo
	case "actor_ip":
		return &e.ip
	case "user_agent":
		return &e.program
	case "hashed_token":
		return &e.token
	case "token_id":
		return &e.tokenID
	case "programmatic_access_type":
		return &e.access
	case "user_programmatic_access_name":
		return &e.accessName
	case "oauth_application_id":
		return &e.oauth
	case "integration":
		return &e.integration
	case "agent_session_id":
		return &e.session
	case "operation_type":
		return &e.operation
	case "pull_request_id":
		return &e.pull
	case "pull_request_url":
		return &e.pullURL
	case "review_state", "state":
		return &e.review
	case "workflow_run_id":
		return &e.run
	case "workflow_id":
		return &e.workflow
	case "event":
		return &e.runEvent
	case "branch":
		return &e.branch
	case "head_branch":
		return &e.headBranch
	case "environment_name", "environment", "env_name":
		return &e.environment
	case "name":
		return &e.name
	case "key":
		return &e.key
	case "hook_id":
		return &e.hook
	case "runner_id":
		return &e.runner
	case "fingerprint":
		return &e.print
	case "ruleset_id":
		return &e.ruleset
	case "team":
		return &e.team
	case "conclusion":
		return &e.conclusion
	case "visibility":
		return &e.visibility
	}
	return nil
}

// times rank the members that date an event, the best last.
func timeRank(key string) int {
	switch key {
	case "p_event_time":
		return 1
	case "created_at":
		return 2
	case "at_sign_timestamp":
		return 3
	case "@timestamp":
		return 4
	}
	return 0
}

// decoder makes an event of an object. It is a jsonlog.Decoder.
type decoder struct {
	e    event
	best int // rank of the time read
}

// Decode reads the object at b[i], in one pass; see jsonlog.Decoder. Of keys that
// repeat the last counts.
func (d *decoder) Decode(b []byte, i int) (end int, unusable, lexical error) {
	d.e, d.best = event{}, 0
	end, lexical = jsonlog.Object(b, i, jsonlog.MaxDepth, func(key string, i, room int) (int, error) {
		return d.member(b, key, i, room)
	})
	if lexical != nil {
		return end, nil, lexical
	}
	d.e.raw = b[i:end:end]
	return end, d.e.usable(), nil
}

// member reads the value of one member.
func (d *decoder) member(b []byte, key string, i, room int) (end int, err error) {
	if to := d.e.text(key); to != nil {
		s, end, err := jsonlog.Text(b, i, room)
		if s != "" { // two keys mean one thing, and the other may be empty
			*to = s
		}
		return end, err
	}
	var v jsonlog.Value
	switch key {
	case "actor_is_bot", "actor_is_agent", "allowed", "secrets_passed", "data", "created_at", "@timestamp", "at_sign_timestamp", "p_event_time":
		v, end, err = jsonlog.ValueAt(b, i, room)
	default:
		return jsonlog.Skip(b, i, room)
	}
	switch key {
	case "actor_is_bot":
		d.e.bot = v.Text() == "true"
	case "actor_is_agent":
		d.e.agent = v.Text() == "true"
	case "allowed":
		d.e.allowedFalse = v.Text() == "false"
	case "secrets_passed":
		d.e.secrets = v
	case "data":
		d.e.data = v
	default:
		if rank := timeRank(key); rank >= d.best {
			if t, ok := jsonlog.TimeOf(v); ok {
				d.e.at, d.best = t, rank
			}
		}
	}
	return end, err
}

// DecodePlainly reads an object that Decode found malformed.
func (d *decoder) DecodePlainly(raw []byte) error {
	d.e, d.best = event{}, 0
	if err := jsonlog.CheckDepth(raw); err != nil {
		return err
	}
	var err error
	jsonlog.Value(raw).Each(func(key string, v jsonlog.Value) bool {
		_, err = d.member(append(v[:len(v):len(v)], ' '), key, 0, jsonlog.MaxDepth)
		return err == nil
	})
	if err != nil {
		return err
	}
	d.e.raw = raw
	return d.e.usable()
}

// usable says why the members are no event.
func (e *event) usable() error {
	switch {
	case e.action == "":
		return errors.New("it has no action")
	case e.at == 0:
		return errors.New("it has no time (@timestamp or created_at)")
	}
	return nil
}

// split is the category and the verb of the action.
func (e *event) split() (category, verb string) {
	category, verb, _ = strings.Cut(e.action, ".")
	return category, verb
}

// ours reports whether it can be nothing but an event of the audit log.
func (e *event) ours() bool {
	category, verb := e.split()
	if category == "" || verb == "" || strings.ContainsAny(e.action, ": /") {
		return false
	}
	return e.actor != "" && (e.org != "" || e.business != "" || e.repo != "") && e.at != 0
}

// evidence is the document's id, or the hash of the event where it has none.
func (e *event) evidence() string {
	if e.id == "" {
		return jsonlog.Hash(e.raw)
	}
	return e.id + "@" + Kind
}

// stream is what its file is a piece of.
func (e *event) stream() string {
	if owner := first(e.org, e.business); owner != "" {
		return Kind + "/" + strings.ToLower(owner)
	}
	return Kind
}
