package access

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// request is one line. Strings may share the memory of the file.
type request struct {
	id, method, path, protocol, status, flags, grpc, authority, agent string
	cluster, sni, peer, upstream, certificate, remote, forwarded      string
	namespace, service                                                string // of an ingress: whose backend it is
	at                                                                graph.Time
	raw                                                               jsonlog.Value
}

// text is the member that is kept under a key, in the names of Envoy's default
// format, its operators in lower case, and of ingress-nginx.
func (r *request) text(key string) *string {
	switch key {
	case "request_id", "x_request_id", "req_id":
		return &r.id
	case "method", "request_method":
		return &r.method
	case "path", "request_uri", "uri":
		return &r.path
	case "protocol", "server_protocol":
		return &r.protocol
	case "response_code", "status":
		return &r.status
	case "response_flags":
		return &r.flags
	case "grpc_status", "grpc_status_number":
		return &r.grpc
	case "authority", "host", "http_host":
		return &r.authority
	case "user_agent", "http_user_agent":
		return &r.agent
	case "upstream_cluster", "proxy_upstream_name":
		return &r.cluster
	case "requested_server_name":
		return &r.sni
	case "downstream_peer_uri_san", "source_principal":
		return &r.peer
	case "upstream_peer_uri_san", "destination_principal":
		return &r.upstream
	case "x_forwarded_client_cert", "forwarded_client_cert":
		return &r.certificate
	case "downstream_remote_address", "remote_addr":
		return &r.remote
	case "x_forwarded_for", "http_x_forwarded_for":
		return &r.forwarded
	case "namespace":
		return &r.namespace
	case "service_name":
		return &r.service
	}
	return nil
}

// times are the members that date a request, the best last: when it came in.
var times = []string{"time", "@timestamp", "timestamp", "time_iso8601", "start_time"}

// decoder makes a request of an object. It is a jsonlog.Decoder.
type decoder struct{ r request }

// Decode reads the object at b[i]; see jsonlog.Decoder.
func (d *decoder) Decode(b []byte, i int) (end int, unusable, lexical error) {
	d.r = request{}
	if end, lexical = jsonlog.Skip(b, i, jsonlog.MaxDepth-1); lexical != nil {
		return end, nil, lexical
	}
	return end, d.r.fill(b[i:end:end]), nil
}

// DecodePlainly reads an object that Decode found malformed.
func (d *decoder) DecodePlainly(raw []byte) error {
	d.r = request{}
	if err := jsonlog.CheckDepth(raw); err != nil {
		return err
	}
	return d.r.fill(raw)
}

// fill reads the members, and says why they are no request.
func (r *request) fill(raw jsonlog.Value) error {
	r.raw = raw
	best := -1
	raw.Each(func(key string, v jsonlog.Value) bool {
		if to := r.text(key); to != nil && !v.Null() && !v.IsObject() && !v.IsArray() {
			if *to = v.Text(); !v.IsString() {
				*to = string(v)
			}
			if *to == "-" {
				*to = "" // how proxies write nothing
			}
		}
		for rank, name := range times {
			if key == name && rank > best {
				if t, ok := jsonlog.TimeOf(v); ok {
					r.at, best = t, rank
				}
			}
		}
		return true
	})
	switch {
	case r.status == "" && r.flags == "":
		return errors.New("it has no status (response_code or status)")
	case r.at == 0:
		return errors.New("it has no time (start_time, time or timestamp)")
	}
	return nil
}

// ours reports whether it can be nothing but a line of an access log.
func (r *request) ours() bool {
	if r.at == 0 || r.status == "" || r.method == "" && r.sni == "" {
		return false
	}
	if _, err := strconv.Atoi(r.status); err != nil {
		return false
	}
	return r.cluster != "" || r.sni != "" || r.peer != "" || r.certificate != "" || r.authority != "" && r.remote != ""
}

// evidence is the hash of the line, for a request's id is that of all its hops.
func (r *request) evidence() string { return jsonlog.Hash(r.raw) }

// spiffe is the namespace and service account of a SPIFFE id,
// spiffe://<trust domain>/ns/<namespace>/sa/<name> (Istio's form).
func spiffe(id string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(id, "spiffe://")
	if !ok {
		return "", "", false
	}
	_, rest, _ = strings.Cut(rest, "/")
	parts := strings.Split(rest, "/")
	if len(parts) != 4 || parts[0] != "ns" || parts[2] != "sa" || parts[1] == "" || parts[3] == "" {
		return "", "", false
	}
	return parts[1], parts[3], true
}

// forwardedPeer is the URI of the last element of x-forwarded-client-cert: the
// nearest peer. Source: Envoy's documentation, "x-forwarded-client-cert".
func forwardedPeer(header string) string {
	if i := strings.LastIndexByte(header, ','); i >= 0 {
		header = header[i+1:]
	}
	for part := range strings.SplitSeq(header, ";") {
		if key, value, _ := strings.Cut(part, "="); strings.EqualFold(strings.TrimSpace(key), "URI") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// caller is who called: a service account, else a network.
func (r *request) caller(b *graph.Builder) graph.NodeRef {
	for _, id := range []string{r.peer, forwardedPeer(r.certificate)} {
		if id != "" && !strings.Contains(id, "://") {
			id = "spiffe://" + id // Istio's principals have no scheme
		}
		if ns, name, ok := spiffe(id); ok {
			ref := b.Node(k8sid.Clusterless(ingest.RedactText(ns), ingest.RedactText(name)).ID, graph.Identity, k8sid.TypeServiceAccount)
			b.Attr(ref, graph.AttrName, ingest.RedactText(name), r.at)
			return ref
		}
	}
	first, _, _ := strings.Cut(r.forwarded, ",")
	for _, address := range []string{strings.TrimSpace(first), r.remote} {
		if host, _, err := net.SplitHostPort(address); err == nil {
			address = host
		}
		if network := ingest.NetworkOf(address); network != "" {
			return b.Node(graph.ID("net:"+network), graph.Identity, "network")
		}
	}
	return 0
}

// callee is the service that was called: by whom the upstream proved to be, by
// the cluster, by the name asked for, by the host.
func (r *request) callee() (id graph.ID, name string) {
	if r.service != "" && r.namespace != "" {
		return serviceID(r.namespace, r.service)
	}
	for _, host := range []string{clusterHost(r.cluster), clusterHost(r.sni), r.authority} {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		labels := strings.Split(host, ".")
		switch {
		case host == "" || net.ParseIP(host) != nil || !plain(host):
		case len(labels) >= 3 && labels[2] == "svc":
			return serviceID(labels[1], labels[0])
		case len(labels) == 1:
			if ns, _, ok := spiffe(r.upstream); ok {
				return serviceID(ns, labels[0])
			}
			return serviceID("", labels[0])
		case len(labels) == 2:
			return serviceID(labels[1], labels[0])
		default:
			return graph.ID("otel:peer:" + host), host
		}
	}
	return "", ""
}

// clusterHost is the host in the name of one of Istio's clusters, direction|port|
// subset|host, or of its SNI, outbound_.port_._.host; empty where it names none.
func clusterHost(cluster string) string {
	if parts := strings.Split(cluster, "|"); len(parts) == 4 {
		return parts[3]
	}
	if rest, ok := strings.CutPrefix(cluster, "outbound_."); ok {
		if i := strings.LastIndex(rest, "_."); i >= 0 {
			return rest[i+2:]
		}
	}
	if strings.Contains(cluster, ".svc.") {
		return cluster
	}
	return ""
}

// serviceID is the id that the service's traces have.
func serviceID(namespace, name string) (graph.ID, string) {
	if namespace == "" {
		return graph.ID("otel:service:" + name), name
	}
	return graph.ID("otel:service:" + namespace + "/" + name), name
}

// plain reports whether a host is of letters, digits, dots, dashes and underscores.
func plain(host string) bool {
	for _, c := range []byte(host) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return len(host) <= 253
}

// client is the program of the user agent, without version.
func (r *request) client(b *graph.Builder) graph.NodeRef {
	word, _, _ := strings.Cut(r.agent, "/")
	word = strings.ToLower(word)
	switch {
	case word == "mozilla":
		word = "browser"
	case word == "" || len(word) > 40 || !plain(word):
		return 0
	}
	return b.Node(graph.ID("client:"+word), graph.Client, "client")
}

// methods are the effects of HTTP's methods, as the source of traces has them.
var methods = map[string]graph.Effect{"GET": graph.Read, "HEAD": graph.Read, "OPTIONS": graph.Read,
	"PUT": graph.Change, "PATCH": graph.Change, "DELETE": graph.Change, "POST": graph.Use}

// action is what was asked: the method; of gRPC, whose paths are few, service and
// method.
func (r *request) action() (string, graph.Effect) {
	if r.grpc != "" {
		path, _, _ := strings.Cut(r.path, "?")
		return "rpc:" + ingest.RedactText(strings.TrimPrefix(path, "/")), graph.Use
	}
	if effect, ok := methods[r.method]; ok {
		return "http:" + r.method, effect
	}
	return "http:other", graph.Use
}

// flagged are the outcomes of Envoy's response flags that its status does not
// tell. Source: Envoy's documentation, "Access logging", RESPONSE_FLAGS.
var flagged = map[string]graph.Outcome{
	"UH": graph.Fault, "UF": graph.Fault, "UO": graph.Fault, "UT": graph.Fault, "UR": graph.Fault, "UC": graph.Fault, "URX": graph.Fault, "LH": graph.Fault, "LR": graph.Fault, "NC": graph.Fault, "UPE": graph.Fault, "SI": graph.Fault, "OM": graph.Fault,
	"NR": graph.Failed, "DC": graph.Failed, "DPE": graph.Failed, "DT": graph.Failed, "IH": graph.Failed, "NFCF": graph.Failed,
	"RL": graph.Throttled, "RLSE": graph.Fault, "UAEX": graph.Denied,
}

// outcome is how it ended.
func (r *request) outcome() graph.Outcome {
	for flag := range strings.SplitSeq(r.flags, ",") {
		if o, ok := flagged[flag]; ok {
			return o
		}
	}
	code, _ := strconv.Atoi(r.status)
	switch {
	case code == 401, code == 403, code == 407:
		return graph.Denied
	case code == 429:
		return graph.Throttled
	case code >= 500:
		return graph.Fault
	case code >= 400:
		return graph.Failed
	}
	switch r.grpc {
	case "", "0", "OK", "Ok":
		return graph.OK
	case "7", "16", "PermissionDenied", "Unauthenticated":
		return graph.Denied
	case "8", "ResourceExhausted":
		return graph.Throttled
	case "2", "4", "12", "13", "14", "15", "Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss":
		return graph.Fault
	}
	return graph.Failed
}
