package github

import (
	"errors"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// event is one event of the audit log. Strings may share the memory of the file.
type event struct {
	id, action, actor, org, business string
	repo, user, environment, branch  string
	ip, agent, token, access         string // where from, with which program, with what
	pull, run, event, state          string
	conclusion, operation            string
	bot, isAgent                     bool
	at                               graph.Time
	raw                              jsonlog.Value
}

// texts are the members that are kept as text, by their key. Exports and tools
// rename @timestamp and _document_id.
func (e *event) text(key string) *string {
	switch key {
	case "_document_id", "document_id":
		return &e.id
	case "action":
		return &e.action
	case "actor":
		return &e.actor
	case "org":
		return &e.org
	case "business":
		return &e.business
	case "repo", "repository":
		return &e.repo
	case "user":
		return &e.user
	case "environment_name", "environment":
		return &e.environment
	case "head_branch":
		return &e.branch
	case "actor_ip":
		return &e.ip
	case "user_agent":
		return &e.agent
	case "hashed_token":
		return &e.token
	case "programmatic_access_type":
		return &e.access
	case "pull_request_id":
		return &e.pull
	case "workflow_run_id":
		return &e.run
	case "event":
		return &e.event
	case "review_state", "state":
		return &e.state
	case "conclusion":
		return &e.conclusion
	case "operation_type":
		return &e.operation
	}
	return nil
}

// times are the members that date an event, the best last.
var times = []string{"created_at", "@timestamp"}

// decoder makes an event of an object. It is a jsonlog.Decoder.
type decoder struct{ e event }

// Decode reads the object at b[i]; see jsonlog.Decoder.
func (d *decoder) Decode(b []byte, i int) (end int, unusable, lexical error) {
	d.e = event{}
	if end, lexical = jsonlog.Skip(b, i, jsonlog.MaxDepth-1); lexical != nil {
		return end, nil, lexical
	}
	return end, d.e.fill(b[i:end:end]), nil
}

// DecodePlainly reads an object that Decode found malformed.
func (d *decoder) DecodePlainly(raw []byte) error {
	d.e = event{}
	if err := jsonlog.CheckDepth(raw); err != nil {
		return err
	}
	return d.e.fill(raw)
}

// fill reads the members, and says why they are no event.
func (e *event) fill(raw jsonlog.Value) error {
	e.raw = raw
	best := -1
	raw.Each(func(key string, v jsonlog.Value) bool {
		switch key {
		case "actor_is_bot":
			e.bot = string(v) == "true"
		case "actor_is_agent":
			e.isAgent = string(v) == "true"
		}
		if to := e.text(key); to != nil && (v.IsString() || len(v) > 0 && v[0] != '{' && v[0] != '[' && !v.Null()) {
			*to = v.Text()
			if !v.IsString() {
				*to = string(v)
			}
		}
		for rank, name := range times {
			if key == name && rank > best {
				if t, ok := jsonlog.TimeOf(v); ok {
					e.at, best = t, rank
				}
			}
		}
		return true
	})
	switch {
	case e.action == "":
		return errors.New("it has no action")
	case e.at == 0:
		return errors.New("it has no time (@timestamp or created_at)")
	}
	return nil
}

// ours reports whether it can be nothing but an event of the audit log.
func (e *event) ours() bool {
	category, what, ok := strings.Cut(e.action, ".")
	if !ok || category == "" || what == "" || strings.ContainsAny(e.action, ": /") {
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
	switch {
	case e.org != "":
		return Kind + "/" + strings.ToLower(e.org)
	case e.business != "":
		return Kind + "/" + strings.ToLower(e.business)
	}
	return Kind
}
