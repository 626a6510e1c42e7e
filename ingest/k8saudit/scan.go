package k8saudit

import (
	"strconv"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// envelope is what an object holds beside an event: its times, and the members
// in which clouds and log shippers keep the event itself.
type envelope struct {
	times times
	at    jsonlog.Value // timestamp or time: when the cloud took it, where the event does not say
	inner jsonlog.Value // log, message, _source …: the event as an object or in a string
	aks   jsonlog.Value // properties, of Azure: {"log": "…"}
	gke   jsonlog.Value // protoPayload, of Google

	category string        // of Azure: kube-audit, kube-audit-admin
	resource jsonlog.Value // resourceId of Azure, resource of Google
	stream   string        // logStreamName, of CloudWatch
	insertID string        // of Google
}

// scan reads the object at b[i], in one pass, and returns the index after it.
// Strings and values share b's memory. Of keys that repeat the last counts.
func scan(b []byte, i int, e *event, v *envelope) (int, error) {
	*e, *v = event{}, envelope{}
	start := i
	if i >= len(b) {
		return i, jsonlog.ErrCut
	}
	if b[i] != '{' {
		return i, jsonlog.ErrSyntax
	}
	const room = jsonlog.MaxDepth - 1
	i, done, err := jsonlog.First(b, i, '}')
	for !done && err == nil {
		var key string
		if key, i, err = jsonlog.Member(b, i); err != nil {
			break
		}
		switch key {
		case "kind":
			e.kind, i, err = jsonlog.Text(b, i, room)
		case "apiVersion":
			e.api, i, err = jsonlog.Text(b, i, room)
		case "auditID":
			e.auditID, i, err = jsonlog.Text(b, i, room)
		case "stage":
			e.stage, i, err = jsonlog.Text(b, i, room)
		case "verb":
			e.verb, i, err = jsonlog.Text(b, i, room)
		case "requestURI":
			e.uri, i, err = jsonlog.Text(b, i, room)
		case "userAgent":
			e.userAgent, i, err = jsonlog.Text(b, i, room)
		case "user":
			i, err = scanUser(b, i, room, &e.user)
		case "impersonatedUser":
			i, err = scanUser(b, i, room, &e.as)
		case "sourceIPs":
			e.ip, i, err = scanFirst(b, i, room)
		case "objectRef":
			i, err = scanRef(b, i, room, &e.ref)
		case "responseStatus":
			i, err = scanStatus(b, i, room, &e.code)
		case "requestObject":
			e.request, i, err = jsonlog.ValueAt(b, i, room)
		case "responseObject":
			e.response, i, err = jsonlog.ValueAt(b, i, room)
		case "annotations":
			e.annotation, i, err = jsonlog.ValueAt(b, i, room)
		case "requestReceivedTimestamp":
			v.times[0], i, err = jsonlog.ValueAt(b, i, room)
		case "timestamp":
			v.times[1], i, err = jsonlog.ValueAt(b, i, room)
			v.at = v.times[1]
		case "stageTimestamp":
			v.times[2], i, err = jsonlog.ValueAt(b, i, room)
		case "p_event_time":
			v.times[3], i, err = jsonlog.ValueAt(b, i, room)
		case "time":
			v.at, i, err = jsonlog.ValueAt(b, i, room)
		case "log", "message", "_source", "original", "json", "log_s", "textPayload", "event":
			v.inner, i, err = jsonlog.ValueAt(b, i, room)
		case "properties":
			v.aks, i, err = jsonlog.ValueAt(b, i, room)
		case "protoPayload":
			v.gke, i, err = jsonlog.ValueAt(b, i, room)
		case "resourceId", "resource":
			v.resource, i, err = jsonlog.ValueAt(b, i, room)
		case "category":
			v.category, i, err = jsonlog.Text(b, i, room)
		case "logStreamName":
			v.stream, i, err = jsonlog.Text(b, i, room)
		case "insertId":
			v.insertID, i, err = jsonlog.Text(b, i, room)
		default:
			i, err = jsonlog.Skip(b, i, room)
		}
		if err == nil {
			i, done, err = jsonlog.More(b, i, '}')
		}
	}
	if err == nil {
		e.raw = b[start:i:i]
	}
	return i, err
}

func scanUser(b []byte, i, room int, u *user) (int, error) {
	*u = user{}
	start := i
	end, err := jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
		switch key {
		case "username":
			u.name, end, err = jsonlog.Text(b, i, room)
		case "uid":
			u.uid, end, err = jsonlog.Text(b, i, room)
		case "groups":
			u.group, end, err = jsonlog.ValueAt(b, i, room)
		case "extra":
			u.extra, end, err = jsonlog.ValueAt(b, i, room)
		default:
			end, err = jsonlog.Skip(b, i, room)
		}
		return end, err
	})
	if err == nil && b[start] == '{' {
		u.raw = b[start:end:end]
	}
	return end, err
}

func scanRef(b []byte, i, room int, r *objectRef) (int, error) {
	*r = objectRef{}
	return jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
		switch key {
		case "apiGroup":
			r.group, end, err = jsonlog.Text(b, i, room)
		case "resource":
			r.resource, end, err = jsonlog.Text(b, i, room)
		case "subresource":
			r.subresource, end, err = jsonlog.Text(b, i, room)
		case "namespace":
			r.namespace, end, err = jsonlog.Text(b, i, room)
		case "name":
			r.name, end, err = jsonlog.Text(b, i, room)
		default:
			end, err = jsonlog.Skip(b, i, room)
		}
		return end, err
	})
}

func scanStatus(b []byte, i, room int, code *int) (int, error) {
	*code = 0
	return jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
		if key != "code" {
			return jsonlog.Skip(b, i, room)
		}
		s, end, err := jsonlog.Text(b, i, room)
		*code = codeOf(s)
		return end, err
	})
}

// codeOf is an HTTP status code; zero for anything else.
func codeOf(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 100 && n < 600 {
		return n
	}
	return 0
}

// scanFirst is the first element of the list at i, as text; what is no list is
// none.
func scanFirst(b []byte, i, room int) (s string, end int, err error) {
	v, end, err := jsonlog.ValueAt(b, i, room)
	if err == nil && v.IsArray() {
		v.Items(func(e jsonlog.Value) bool { s = e.Text(); return false })
	}
	return s, end, err
}
