package k8saudit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// decode reads an event as scan does, by encoding/json: the oracle of its tests,
// and the judge of events that scan rejects.
func decode(raw []byte, e *event, v *envelope) error {
	*e, *v = event{}, envelope{}
	if err := jsonlog.CheckDepth(raw); err != nil {
		return err
	}
	o, err := objectOf(raw)
	if err != nil {
		return err
	}
	e.kind, e.api, e.auditID, e.stage = o.text("kind"), o.text("apiVersion"), o.text("auditID"), o.text("stage")
	e.verb, e.uri, e.userAgent = o.text("verb"), o.text("requestURI"), o.text("userAgent")
	if e.user, err = decodeUser(o.value("user")); err != nil {
		return err
	}
	if e.as, err = decodeUser(o.value("impersonatedUser")); err != nil {
		return err
	}
	var ips []json.RawMessage
	if list := o.value("sourceIPs"); list.IsArray() {
		if err := json.Unmarshal(list, &ips); err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
	}
	if len(ips) > 0 {
		e.ip = plain(jsonlog.Value(ips[0]))
	}
	ref, err := objectOf(o.value("objectRef"))
	if err != nil {
		return err
	}
	e.ref = objectRef{ref.text("apiGroup"), ref.text("resource"), ref.text("subresource"), ref.text("namespace"), ref.text("name")}
	status, err := objectOf(o.value("responseStatus"))
	if err != nil {
		return err
	}
	e.code = codeOf(status.text("code"))
	e.request, e.response, e.annotation, e.raw = o.value("requestObject"), o.value("responseObject"), o.value("annotations"), raw
	v.times = times{o.value("requestReceivedTimestamp"), o.value("timestamp"), o.value("stageTimestamp"), o.value("p_event_time")}
	v.at, v.inner, v.resource = o.last["at"], o.last["inner"], o.last["resource"]
	v.aks, v.gke, v.category = o.value("properties"), o.value("protoPayload"), o.text("category")
	v.stream, v.insertID = o.text("logStreamName"), o.text("insertId")
	return nil
}

func decodeUser(v jsonlog.Value) (user, error) {
	o, err := objectOf(v)
	if err != nil || !v.IsObject() {
		return user{}, err
	}
	return user{o.text("username"), o.text("uid"), o.value("groups"), o.value("extra"), v}, nil
}

// object are the members of one object; last, where several keys mean one
// thing, is the value of the last of these.
type object struct {
	values map[string]jsonlog.Value
	last   map[string]jsonlog.Value
}

var alike = map[string]string{"timestamp": "at", "time": "at", "log": "inner", "message": "inner", "_source": "inner", "original": "inner", "json": "inner",
	"log_s": "inner", "textPayload": "inner", "event": "inner", "resourceId": "resource", "resource": "resource"}

// objectOf are the members of an object; what is no object has none.
func objectOf(raw jsonlog.Value) (object, error) {
	o := object{map[string]jsonlog.Value{}, map[string]jsonlog.Value{}}
	if !raw.IsObject() {
		return o, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return o, fmt.Errorf("read JSON: %w", err)
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return o, fmt.Errorf("read JSON: %w", err)
		}
		var m json.RawMessage
		if err := d.Decode(&m); err != nil {
			return o, fmt.Errorf("read JSON: %w", err)
		}
		v := jsonlog.Value(bytes.Clone(m))
		if v.Null() {
			v = nil
		}
		key, _ := t.(string)
		o.values[key] = v
		if one, ok := alike[key]; ok {
			o.last[one] = v
		}
	}
	if _, err := d.Token(); err != nil {
		return o, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return o, jsonlog.ErrSyntax
	}
	return o, nil
}

// value is the member with that key, nil for null.
func (o object) value(key string) jsonlog.Value { return o.values[key] }

// text is the member's text; empty for null, object and array.
func (o object) text(key string) string { return plain(o.values[key]) }

func plain(v jsonlog.Value) string {
	switch {
	case v.IsString():
		var s string
		if json.Unmarshal(v, &s) != nil {
			return ""
		}
		return s
	case v.Null(), v.IsObject(), v.IsArray():
		return ""
	}
	return string(v)
}
