package k8saudit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// google makes the event of an entry of Google's audit log
// (google.cloud.audit.AuditLog): the same facts under other names.
func (d *reader) google() error {
	e, v, p := &d.ev, &d.env, d.env.gke
	if s := p.Get("serviceName").Str(); s != "k8s.io" {
		if strings.HasSuffix(s, "googleapis.com") {
			e.skip = "another service of Google's"
			return nil
		}
		return fmt.Errorf("no audit event: its serviceName is %.40q", s)
	}
	method := p.Get("methodName").Str()
	i := strings.LastIndexByte(method, '.')
	if i < 0 {
		return errors.New("no audit event: it has no methodName")
	}
	raw := e.raw
	*e = event{kind: "Event", api: apiPrefix + "v1", verb: method[i+1:], raw: raw, stage: "ResponseComplete"}
	e.auditID = v.insertID
	e.ref = resourceName(p.Get("resourceName").Str())
	e.cluster = strings.Clone(v.resource.At("labels", "cluster_name").Str())
	e.user = user{name: p.At("authenticationInfo", "principalEmail").Str(), raw: p.Get("authenticationInfo")}
	meta := p.Get("requestMetadata")
	e.ip, e.userAgent = meta.Get("callerIp").Str(), meta.Get("callerSuppliedUserAgent").Str()
	e.request, e.response = p.Get("request"), p.Get("response")
	e.code = httpCode(p.At("status", "code").Text())
	return nil
}

// resourceName reads <group>/<version>[/namespaces/<namespace>]/<resource>[/<name>[/<subresource>]];
// the group of Kubernetes' own first objects is "core".
func resourceName(s string) (r objectRef) {
	parts := strings.Split(s, "/")
	if len(parts) < 3 {
		return r
	}
	if r.group = parts[0]; r.group == "core" {
		r.group = ""
	}
	parts = parts[2:]
	if parts[0] == "namespaces" && len(parts) > 2 {
		r.namespace, parts = parts[1], parts[2:]
	}
	for i, to := range [...]*string{&r.resource, &r.name, &r.subresource} {
		if i < len(parts) {
			*to = parts[i]
		}
	}
	return r
}

// httpCode is the HTTP status for a google.rpc.Code, as Google's API design
// guide maps them.
func httpCode(s string) int {
	switch s {
	case "", "0":
		return 200
	case "1":
		return 499
	case "3", "9", "11":
		return 400
	case "4":
		return 504
	case "5":
		return 404
	case "6", "10":
		return 409
	case "7":
		return 403
	case "8":
		return 429
	case "12":
		return 501
	case "14":
		return 503
	case "16":
		return 401
	case "2", "13", "15":
		return 500
	}
	return codeOf(s)
}

var _ jsonlog.Decoder = (*reader)(nil)
