package k8saudit

import (
	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// event is one event of an API server's audit log (audit.k8s.io/v1 Event),
// decoded as far as every event needs. Strings share the memory of the file; the
// objects stay raw and are walked only where something is read from them.
type event struct {
	cluster string     // its name or ARN; never empty once settled
	at      graph.Time // when the request came in

	kind, api  string // Event, audit.k8s.io/v1
	auditID    string
	stage      string // ResponseComplete, ResponseStarted, Panic; may be absent
	verb       string // get, list, watch, create, update, patch, delete, deletecollection
	uri        string // requestURI
	userAgent  string
	ip         string // the first of sourceIPs
	user       user
	as         user // whom it impersonated
	ref        objectRef
	code       int // responseStatus.code; zero where there is none
	request    jsonlog.Value
	response   jsonlog.Value
	annotation jsonlog.Value
	raw        jsonlog.Value // the event without its envelope

	skip string // why it carries nothing for the graph
}

// user is the user element. Who it is follows from its text alone.
type user struct {
	name  string
	uid   string
	group jsonlog.Value // groups
	extra jsonlog.Value
	raw   jsonlog.Value
}

// objectRef is what the request was about, by the API's words.
type objectRef struct{ group, resource, subresource, namespace, name string }

// times are the members that may say when, the best first.
type times [4]jsonlog.Value // requestReceivedTimestamp, timestamp (v1beta1), stageTimestamp, p_event_time

// note is the annotation with that key; empty where there is none.
func (e *event) note(key string) string { return e.annotation.Get(key).Str() }

// The stages that an event may be of.
const (
	stageReceived = "RequestReceived"
	stagePanic    = "Panic"
)

// evidence is "<auditID>@<cluster>", or "sha256:" and the event's hash where it
// has no id. All stages of a request have one audit id, and are one call.
func (e *event) evidence() string {
	if e.auditID == "" {
		return jsonlog.Hash(e.raw)
	}
	return e.auditID + "@" + e.cluster
}
