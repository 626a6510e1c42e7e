package k8saudit

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// reader makes an event of the text of one element: an event, or an envelope
// with one inside. It is a jsonlog.Decoder, and keeps what stands around a list.
type reader struct {
	ev      event
	env     envelope
	option  string // the cluster that the caller named; empty for none
	cluster string // of the list at hand: its log group says it
	stream  string // of the list at hand
	known   bool   // an envelope said that it is of a cluster
	list    bool   // an EventList was met, whose items do not say what they are
}

// layout of audit logs. Lists are the items of an EventList, the logEvents of a
// CloudWatch subscription (events, as the CLI prints them), and the records of an
// Event Hub.
var layout = jsonlog.Layout{
	List: func(key string) bool {
		switch key {
		case "items", "logEvents", "events", "records", "Records", "entries":
			return true
		}
		return false
	},
	Alone: func(key string) bool { return key == "level" || key == "auditID" || key == "requestURI" },
	Hint:  "audit logs of Kubernetes are JSON: events a line, an EventList, or a cloud's export of them",
}

// Enter reads the envelope of a list; see jsonlog.Around.
func (d *reader) Enter(members jsonlog.Value) {
	if strings.HasPrefix(members.Get("apiVersion").Str(), apiPrefix) {
		d.list = true
	}
	d.cluster, d.stream = eksCluster(members.Get("logGroup").Str()), strings.Clone(members.Get("logStream").Str())
}

// eksCluster is the cluster whose log group that is: /aws/eks/<name>/cluster.
func eksCluster(logGroup string) string {
	name, ok := strings.CutPrefix(logGroup, "/aws/eks/")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "/")
	return strings.Clone(name)
}

// Decode reads the object at b[i]; see jsonlog.Decoder.
func (d *reader) Decode(b []byte, i int) (end int, unusable, lexical error) {
	if end, lexical = scan(b, i, &d.ev, &d.env); lexical != nil {
		return end, nil, lexical
	}
	return end, d.settle(func(raw []byte) error {
		n, err := scan(raw, jsonlog.Space(raw, 0), &d.ev, &d.env)
		if err == nil && jsonlog.Space(raw, n) < len(raw) {
			err = jsonlog.ErrSyntax
		}
		return err
	}), nil
}

// DecodePlainly is Decode by the slow decoder.
func (d *reader) DecodePlainly(raw []byte) error {
	read := func(raw []byte) error { return decode(bytes.TrimSpace(raw), &d.ev, &d.env) }
	if err := read(raw); err != nil {
		return err
	}
	return d.settle(read)
}

// maxEnvelopes is how many envelopes may hold each other.
const maxEnvelopes = 4

// settle completes the event just read: it opens envelopes, finds time and
// cluster, and says why the object is no event.
func (d *reader) settle(read func(raw []byte) error) error {
	e, cluster, at := &d.ev, d.cluster, d.env.at
	d.known = cluster != ""
	for opened := 0; !e.is(); opened++ {
		if name := aksCluster(d.env.resource); name != "" {
			cluster, d.known = name, true
		}
		text, err := d.inside()
		if err != nil || e.skip != "" {
			return err
		}
		if e.is() { // Google's, which holds no event but is one
			break
		}
		if text == nil || opened == maxEnvelopes {
			return errors.New("no audit event: it has neither user nor verb")
		}
		if d.env.at != nil {
			at = d.env.at
		}
		if err := read(text); err != nil {
			return fmt.Errorf("read the event in its envelope: %w", err)
		}
	}
	if e.cluster == "" { // else Google's
		e.cluster = cluster
	}
	if e.cluster == "" {
		e.cluster = d.option
	}
	if e.cluster == "" {
		e.cluster = k8sid.Unknown
	}
	switch {
	case e.verb == "":
		return errors.New("it has no verb")
	case e.stage == stageReceived:
		e.skip = "request without its answer yet"
	}
	for _, v := range d.env.times {
		if v != nil {
			at = v
			break
		}
	}
	if at == nil {
		return errors.New("it has no requestReceivedTimestamp")
	}
	var ok bool
	if e.at, ok = jsonlog.TimeOf(at); !ok {
		return fmt.Errorf("no time in its %.40q", at)
	}
	return nil
}

// is reports whether what was read is an event, not an envelope.
func (e *event) is() bool {
	if e.kind != "" && e.kind != "Event" || e.api != "" && !strings.HasPrefix(e.api, apiPrefix) {
		return false
	}
	return e.api != "" && e.kind != "" || e.verb != "" && (e.auditID != "" || e.user.raw != nil)
}

const apiPrefix = "audit.k8s.io/"

// inside is the text of the event that the object just read holds; nil where it
// holds none. Of an envelope with another log of the cluster the event has a
// reason to be skipped.
func (d *reader) inside() ([]byte, error) {
	v := &d.env
	switch {
	case v.gke != nil:
		return nil, d.google()
	case v.category != "" && v.aks != nil && !strings.HasPrefix(v.category, "kube-audit"):
		d.ev.skip = skipOther
		return nil, nil
	case v.aks.IsObject():
		return open(v.aks.Get("log")), nil
	}
	stream := v.stream
	if stream == "" {
		stream = d.stream
	}
	if stream != "" && !strings.HasPrefix(stream, "kube-apiserver-audit") && open(v.inner) == nil {
		d.ev.skip = skipOther
		return nil, nil
	}
	return open(v.inner), nil
}

const skipOther = "another log of the cluster"

// open is the text of the object that an envelope's member holds, as it is or
// in a string; nil where there is none.
func open(v jsonlog.Value) []byte {
	if v.IsObject() {
		return v
	}
	if s := strings.TrimSpace(v.Str()); strings.HasPrefix(s, "{") {
		return []byte(s)
	}
	return nil
}

// aksCluster is the name at the end of a resource id of Azure, which is written
// in any case: /SUBSCRIPTIONS/…/MANAGEDCLUSTERS/<NAME>.
func aksCluster(v jsonlog.Value) string {
	id := strings.ToLower(v.Str())
	_, name, ok := strings.Cut(id, "/managedclusters/")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "/")
	return name
}
