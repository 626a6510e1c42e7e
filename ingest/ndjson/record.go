package ndjson

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// record is one line: a call that was observed. Strings may share the memory of
// the file.
type record struct {
	id         string
	at         graph.Time
	actor      string
	credential string
	session    string
	agent      string
	client     string
	behalf     string // onBehalfOf
	action     string
	effect     graph.Effect // access
	targets    []string
	outcome    graph.Outcome
	approvals  []approval // approvedBy
	raw        jsonlog.Value
}

// approval is evidence that somebody approved the change that a call made.
type approval struct {
	by        string     // who
	at        graph.Time // when; zero where it is not said
	reference string     // where it can be read again: a ticket, a review, a URL
}

// field numbers the keys of a record.
type field uint8

// The fields, in the order in which problems are named.
const (
	fieldID field = iota
	fieldTime
	fieldActor
	fieldCredential
	fieldSession
	fieldAgent
	fieldClient
	fieldBehalf
	fieldAction
	fieldAccess
	fieldTarget
	fieldOutcome
	fieldApproved
	fields
)

// names are the keys of the fields.
var names = [fields]string{"id", "time", "actor", "credential", "session", "agent", "client", "onBehalfOf", "action", "access", "target", "outcome", "approvedBy"}

// members are the values of a record's fields as they stand, and the first key
// that is none.
type members struct {
	values  [fields]jsonlog.Value
	plain   [fields]bool // a string that is its own text
	unknown string
}

// text is the text of a field; see textOf.
func (m *members) text(f field) (string, error) {
	v := m.values[f]
	if !m.plain[f] {
		return textOf(f, v)
	}
	return checked(f, jsonlog.Share(v[1:len(v)-1]))
}

// fieldOf is the field of a key.
func fieldOf(key string) (field, bool) {
	switch key {
	case "id":
		return fieldID, true
	case "time":
		return fieldTime, true
	case "actor":
		return fieldActor, true
	case "credential":
		return fieldCredential, true
	case "session":
		return fieldSession, true
	case "agent":
		return fieldAgent, true
	case "client":
		return fieldClient, true
	case "onBehalfOf":
		return fieldBehalf, true
	case "action":
		return fieldAction, true
	case "access":
		return fieldAccess, true
	case "target":
		return fieldTarget, true
	case "outcome":
		return fieldOutcome, true
	case "approvedBy":
		return fieldApproved, true
	}
	return 0, false
}

// extension reports whether a key is left to its writer.
func extension(key string) bool { return strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "_") }

// maxText bounds a text of a record, in bytes.
const maxText = 2048

// wrong is what is wrong with a field.
func wrong(f field, format string, args ...any) error {
	return fmt.Errorf("field %q: "+format, append([]any{names[f]}, args...)...)
}

// fill makes the record of its members, or says what is wrong with them.
func (r *record) fill(m *members) error {
	if m.unknown != "" {
		return fmt.Errorf("field %s: there is no such field%s; your own begin with x-", quoted(m.unknown), meant(m.unknown))
	}
	for f, to := range [...]*string{fieldID: &r.id, fieldActor: &r.actor, fieldCredential: &r.credential, fieldSession: &r.session,
		fieldAgent: &r.agent, fieldClient: &r.client, fieldBehalf: &r.behalf, fieldAction: &r.action, fieldApproved: nil} {
		if to == nil {
			continue
		}
		var err error
		if *to, err = m.text(field(f)); err != nil {
			return err
		}
	}
	for f, text := range [...]string{fieldActor: r.actor, fieldCredential: r.credential, fieldSession: r.session, fieldBehalf: r.behalf} {
		if !acts(text) {
			return wrong(field(f), "%s is an agent or a program: agent and client are the fields for these", quoted(text))
		}
	}
	var ok bool
	if r.at, ok = jsonlog.TimeOf(m.values[fieldTime]); !ok {
		if m.values[fieldTime] == nil {
			return wrong(fieldTime, "it is missing")
		}
		return wrong(fieldTime, "%s is no time; RFC 3339, such as \"2026-11-22T14:02:00.123Z\", or seconds or milliseconds since 1970", quoted(m.values[fieldTime].Text()))
	}
	switch {
	case r.actor == "" && r.credential == "" && r.session == "":
		return wrong(fieldActor, "it is missing, and so are credential and session: nobody made the call")
	case r.action == "":
		return wrong(fieldAction, "it is missing")
	}
	if err := r.fillTargets(m); err != nil {
		return err
	}
	if err := r.fillWords(m); err != nil {
		return err
	}
	return r.fillApprovals(m.values[fieldApproved])
}

// acts reports whether an id may stand at an end of a call.
func acts(id string) bool {
	return !strings.HasPrefix(id, "agent:") && !strings.HasPrefix(id, "client:")
}

func (r *record) fillTargets(m *members) (err error) {
	r.targets = r.targets[:0]
	v := m.values[fieldTarget]
	if v == nil {
		return wrong(fieldTarget, "it is missing")
	}
	if m.plain[fieldTarget] {
		s, err := m.text(fieldTarget)
		if err == nil && !acts(s) {
			err = wrong(fieldTarget, "%s is an agent or a program, which nothing acts on", quoted(s))
		}
		r.targets = append(r.targets, s)
		return err
	}
	v.Items(func(e jsonlog.Value) bool {
		var s string
		if s, err = textOf(fieldTarget, e); err == nil && s == "" {
			err = wrong(fieldTarget, "one of the list is null")
		} else if err == nil && !acts(s) {
			err = wrong(fieldTarget, "%s is an agent or a program, which nothing acts on", quoted(s))
		}
		r.targets = append(r.targets, s)
		return err == nil
	})
	if err == nil && len(r.targets) == 0 {
		return wrong(fieldTarget, "the list is empty")
	}
	return err
}

func (r *record) fillWords(m *members) error {
	access, err := m.text(fieldAccess)
	if err != nil {
		return err
	}
	var ok bool
	if r.effect, ok = effects[access]; !ok {
		return wrong(fieldAccess, "%s is none of read, secret_read, use, create, change, delete, grant, control", quoted(access))
	}
	outcome, err := m.text(fieldOutcome)
	if err != nil {
		return err
	}
	if r.outcome, ok = outcomes[outcome]; !ok {
		return wrong(fieldOutcome, "%s is none of ok, denied, throttled, fault, error", quoted(outcome))
	}
	return nil
}

var effects = map[string]graph.Effect{"": graph.Use, "read": graph.Read, "secret_read": graph.SecretRead, "use": graph.Use, "create": graph.Create,
	"change": graph.Change, "delete": graph.Delete, "grant": graph.Grant, "control": graph.Control}

var outcomes = map[string]graph.Outcome{"": graph.OK, "ok": graph.OK, "denied": graph.Denied, "throttled": graph.Throttled, "fault": graph.Fault, "error": graph.Failed}

// fillApprovals reads approvedBy: a name, an object {by, at, reference}, or a
// list of either.
func (r *record) fillApprovals(v jsonlog.Value) (err error) {
	r.approvals = r.approvals[:0]
	v.Items(func(e jsonlog.Value) bool {
		var a approval
		if !e.IsObject() {
			a.by, err = textOf(fieldApproved, e)
		} else {
			e.Each(func(key string, m jsonlog.Value) bool {
				switch key {
				case "by":
					a.by, err = textOf(fieldApproved, m)
				case "reference":
					a.reference, err = textOf(fieldApproved, m)
				case "at":
					var ok bool
					if a.at, ok = jsonlog.TimeOf(m); !ok {
						err = wrong(fieldApproved, "at: %s is no time", quoted(m.Text()))
					}
				default:
					if !extension(key) {
						err = wrong(fieldApproved, "it has no %s; by, at and reference are what it has", quoted(key))
					}
				}
				return err == nil
			})
		}
		if err == nil && a.by == "" {
			err = wrong(fieldApproved, "it does not say by whom")
		}
		r.approvals = append(r.approvals, a)
		return err == nil
	})
	return err
}

// textOf is the text of a field, empty where it is absent. Secrets are still in
// it: what is stored is redacted where it gets its name.
func textOf(f field, v jsonlog.Value) (string, error) {
	if v.Null() {
		return "", nil
	}
	if !v.IsString() {
		return "", wrong(f, "it is %s, not a string", sort(v))
	}
	s := v.Str()
	for i := 0; i < len(s) && len(s) != len(v)-2; i++ { // without escapes there is none
		if s[i] < ' ' {
			return "", wrong(f, "it holds a control character")
		}
	}
	return checked(f, s)
}

func checked(f field, s string) (string, error) {
	if len(s) > maxText {
		return "", wrong(f, "it has %d bytes, and may have %d", len(s), maxText)
	}
	if s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		s = strings.TrimSpace(s)
	}
	if s == "" {
		return "", wrong(f, "it is empty; leave it out")
	}
	return s, nil
}

// sort says what a value is: the value itself may be secret.
func sort(v jsonlog.Value) string {
	switch {
	case v.IsObject():
		return "an object"
	case v.IsArray():
		return "a list"
	case len(v) > 0 && (v[0] == 't' || v[0] == 'f'):
		return "a boolean"
	}
	return "a number"
}

// quoted is a text as a message shows it: its beginning, without secrets.
func quoted(s string) string { return fmt.Sprintf("%.80q", ingest.RedactText(s)) }

// meant is the field that a misspelt key is likely for, in words.
func meant(key string) string {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "", "@", "").Replace(s))
	}
	for also, f := range others {
		if plain(key) == also {
			return fmt.Sprintf(" (%s?)", f)
		}
	}
	if i := slices.IndexFunc(names[:], func(n string) bool { return plain(n) == plain(key) }); i >= 0 {
		return fmt.Sprintf(" (%s?)", names[i])
	}
	return ""
}

// others are what people call the fields.
var others = map[string]string{"timestamp": "time", "at": "time", "user": "actor", "principal": "actor", "identity": "actor", "key": "credential", "token": "credential",
	"tool": "agent", "useragent": "client", "resource": "target", "resources": "target", "targets": "target", "result": "outcome", "status": "outcome",
	"verb": "action", "operation": "action", "event": "action", "effect": "access", "eventid": "id", "requestid": "id", "approver": "approvedBy"}
