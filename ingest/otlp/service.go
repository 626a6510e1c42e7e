package otlp

import (
	"net"
	"strings"
	"unicode/utf8"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// The node types.
const (
	typeService     = "otel.service"
	typeCaller      = "otel.caller" // whoever called a service, until the caller's own span says who
	typeCallee      = "otel.callee" // whatever a service called, until the callee's own span says what
	typePeer        = "otel.peer"   // a host that spans of callers name
	typeDatabase    = "otel.database"
	typeDestination = "otel.destination" // a queue or topic
	typeModel       = "gen_ai.model"
	typeTool        = "gen_ai.tool"
	typeUser        = "otel.enduser"
	typePod         = "k8s.pod"
	typeAccount     = "k8s.serviceaccount"
	typeRequest     = "aws.request"
	typeFunction    = "aws.lambda.function"
	typeTask        = "aws.ecs.task"
)

// service is the SERVICE of a resource, with the ids that go with it.
type service struct {
	ns, name string // as in the id
	id       graph.ID
	host     graph.ID // the pod, task or function that it runs in; empty where not shown
	hostType string
	account  graph.ID // the Kubernetes service account that it runs as

	attrs []attr

	epoch                uint64 // of the refs
	ref, caller, callee  graph.NodeRef
	hostRef              graph.NodeRef
	parts, runs          int
	partsSeen, runsSeen  bool
	first, last, written graph.Time
}

type attr struct{ name, value string }

// unknownService is what SDKs call a service without a name.
const unknownService = "unknown_service"

// service is that of the resource: service.name, else the deployment or function
// it runs in.
func (r *resource) service() *service {
	if r.svc != nil {
		return r.svc
	}
	a := &r.attrs
	s := &service{ns: clean(a.get(serviceNamespace, k8sNamespace)), name: clean(a.get(serviceName, deploymentName, faasName))}
	if s.name == "" {
		s.name = unknownService
	}
	s.id = serviceID(s.ns, s.name)
	account := a.get(cloudAccount)
	for _, x := range [...]attr{{graph.AttrName, s.name}, {graph.AttrAccount, account}, {graph.AttrRegion, a.get(cloudRegion)},
		{"version", a.get(serviceVersion)}, {"environment", a.get(environmentName, environmentOld)}, {"cluster", a.get(clusterName)}} {
		if x.value = clean(x.value); x.value != "" {
			s.attrs = append(s.attrs, x)
		}
	}
	cluster, ns := clean(a.get(clusterName)), clean(a.get(k8sNamespace))
	if cluster != "" {
		cluster += ":" // else the ids without it, which those with it have as aliases
	}
	if pod := clean(a.get(podName)); pod != "" && ns != "" {
		s.host, s.hostType = graph.ID("k8s:"+cluster+"pod:"+ns+"/"+pod), typePod
	}
	if sa := clean(a.get(serviceAccount)); sa != "" && ns != "" {
		s.account = graph.ID("k8s:" + cluster + "sa:" + ns + "/" + sa)
	}
	if s.host == "" {
		for _, k := range [...]key{ecsTask, cloudResource} {
			if arn := clean(a.get(k)); arn != "" {
				x, _ := graph.ParseARN(arn)
				switch {
				case x.Service == "ecs" && strings.HasPrefix(x.Resource, "task/"):
					s.host, s.hostType = graph.ID(arn), typeTask
				case x.Service == "lambda" && strings.HasPrefix(x.Resource, "function:"):
					s.host, s.hostType = graph.ID(arn), typeFunction
				}
			}
		}
	}
	r.svc = s
	return s
}

// serviceID is the id of a service; one of no namespace has its name alone.
func serviceID(ns, name string) graph.ID {
	if ns == "" {
		return graph.ID("otel:service:" + name)
	}
	return graph.ID("otel:service:" + ns + "/" + name)
}

// maxText bounds a text that becomes part of an id or a label, in bytes.
const maxText = 256

// clean is a text from a span as part of an id or a label: no secrets, no
// control characters, valid UTF-8, of bounded length.
func clean(s string) string {
	if plain(s) {
		return ingest.RedactText(s)
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	s = ingest.RedactText(strings.TrimSpace(s))
	if len(s) > maxText {
		n := maxText
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "…"
	}
	return strings.Clone(s)
}

// maxTexts bounds what is remembered of cleaned texts.
const maxTexts = 1 << 14

// clean is clean of a text that is likely to come again.
func (s *span) clean(text string) string {
	if text == "" || s.texts == nil || len(text) > maxText {
		return clean(text)
	}
	out, ok := s.texts[text]
	if !ok {
		if len(s.texts) >= maxTexts {
			clear(s.texts)
		}
		out = strings.Clone(clean(text)) // it outlives the file
		s.texts[strings.Clone(text)] = out
	}
	return out
}

func plain(s string) bool {
	if len(s) > maxText {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// peer is what the caller's span says of the callee.
type peer struct {
	id   graph.ID
	kind graph.Kind
	typ  string
	name string
}

// database is the peer of a database call: by its server where one is named,
// else by its name.
func (s *span) database(svc *service) peer {
	a := &s.attrs
	system, name, host := s.clean(a.get(dbSystem, dbSystemOld)), s.clean(a.get(dbNamespace, dbName)), s.hostName()
	where := host
	if where == "" || local(where) {
		where = string(svc.id[len("otel:service:"):]) + "'s"
	}
	id := "otel:db:" + system + ":" + where
	if name != "" {
		id += "/" + name
	}
	return peer{graph.ID(id), graph.Resource, typeDatabase, firstOf(name, host, system)}
}

// destination is the queue or topic of a messaging call; empty where none is
// named.
func (s *span) destination() peer {
	name := s.clean(s.attrs.get(messagingDestination, messagingDestinationOld))
	if name == "" {
		return peer{}
	}
	return peer{graph.ID("otel:messaging:" + s.clean(s.attrs.get(messagingSystem)) + ":" + name), graph.Resource, typeDestination, name}
}

// callee is the peer of any other call: the service that is named, else the one
// whose name the host is, else the host.
func (s *span) callee(svc *service) peer {
	a := &s.attrs
	if name := s.clean(a.get(peerServiceNew, peerService)); name != "" {
		ns := s.clean(a.get(peerNamespace))
		if ns == "" {
			if before, after, ok := strings.Cut(name, "/"); ok {
				ns, name = before, after
			} else {
				ns = svc.ns
			}
		}
		return peer{serviceID(ns, name), graph.Service, typeService, name}
	}
	host := s.hostName()
	if host == "" || local(host) {
		return peer{}
	}
	if net.ParseIP(host) == nil {
		labels := strings.Split(host, ".")
		switch {
		case len(labels) == 1: // a name in the caller's own namespace
			return peer{serviceID(svc.ns, host), graph.Service, typeService, host}
		case len(labels) >= 3 && labels[2] == "svc" && (len(labels) == 3 || len(labels) >= 5): // Kubernetes: name.namespace.svc.cluster.local
			return peer{serviceID(labels[1], labels[0]), graph.Service, typeService, labels[0]}
		}
	}
	id := "otel:peer:" + host
	if port := s.clean(a.get(serverPort, netPeerPort)); port != "" && port != "443" && port != "80" {
		id += ":" + port
	}
	return peer{graph.ID(id), graph.Service, typePeer, host}
}

// hostName is the host that the caller's span names, in lower case.
func (s *span) hostName() string {
	host := s.attrs.get(serverAddress, netPeerName)
	if host == "" {
		if u := s.attrs.get(urlFull, urlOld); u != "" {
			_, rest, ok := strings.Cut(u, "://")
			if ok {
				if i := strings.IndexAny(rest, "/?#"); i >= 0 {
					rest = rest[:i]
				}
				if i := strings.LastIndexByte(rest, '@'); i >= 0 { // user and password
					rest = rest[i+1:]
				}
				host = rest
			}
		}
	}
	if host == "" {
		host = s.attrs.get(networkPeer, netSockPeer, netPeerIP)
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(s.clean(strings.Trim(host, "[]"))), ".")
}

// local reports whether a host means another one to everybody.
func local(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
