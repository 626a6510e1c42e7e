package synth

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// traced is a service that reports spans.
type traced struct {
	namespace, name, version string
	more                     Object // attributes of its resource
}

var (
	portal   = traced{"shop", "customer-portal", "3.18.0", Object{"k8s.cluster.name", clusterName, "k8s.namespace.name", "shop", "k8s.deployment.name", "customer-portal"}}
	invoices = traced{"billing", writerName, "42", Object{"cloud.provider", "aws", "cloud.platform", "aws_lambda", "cloud.account.id", prod, "cloud.region", north, "faas.name", writerName}}
	checkout = traced{"shop", "checkout", "9.2.1", Object{"cloud.provider", "aws", "cloud.platform", "aws_ecs", "cloud.account.id", prod, "cloud.region", north}}
	support  = traced{"support", "support-desk", "1.4.0", Object{"k8s.cluster.name", clusterName, "k8s.namespace.name", "support"}}
)

// The kinds and states of a span, as OTLP numbers them.
const (
	spanInternal, spanServer, spanClient = 1, 2, 3
	statusError                          = 2
)

// span is one span, as the one who writes a story thinks of it.
type span struct {
	of           traced
	trace, id    string
	parent, name string
	kind         int
	from, to     time.Time
	attrs        Object
	broken       string // the status message of an error
}

// attributes are key and value pairs in OTLP's JSON.
func attributes(o Object) []Object {
	var out []Object
	for i := 0; i < len(o); i += 2 {
		var value Object
		switch v := o[i+1].(type) {
		case int:
			value = Object{"intValue", strconv.Itoa(v)}
		case string:
			value = Object{"stringValue", v}
		case []string:
			var list []Object
			for _, s := range v {
				list = append(list, Object{"stringValue", s})
			}
			value = Object{"arrayValue", Object{"values", list}}
		}
		out = append(out, Object{"key", o[i], "value", value})
	}
	return out
}

// traces writes what a collector's file exporter wrote of the last two hours:
// requests of customers, through the portal, to the function that writes
// invoices and to checkout, each down to the very call that CloudTrail has,
// and an agent of the support desk that asks the portal. The pricing service
// reports nothing: it is known from its caller alone.
func (w *world) traces() []byte {
	var spans []span
	n := 0
	for _, e := range slices.Clone(w.entries) {
		if e.at.Before(w.clock("12:00:00")) || e.rec.Addendum != nil {
			continue
		}
		issuer := ""
		if c := e.rec.UserIdentity.SessionContext; c != nil && c.Issuer != nil {
			issuer = c.Issuer.ARN
		}
		switch {
		case issuer == w.who.writer.ARN() && strings.HasPrefix(e.rec.EventSource, "dynamodb."):
			spans = append(spans, w.invoice(e, n)...)
		case issuer == w.who.checkout.Role.ARN() && e.rec.EventName == "PutObject":
			spans = append(spans, w.purchase(e, n)...)
		default:
			continue
		}
		n++
	}
	for i, at := range []string{"12:20:10", "13:05:40", "13:45:20"} {
		spans = append(spans, w.helper(at, i)...)
	}
	return w.export(spans)
}

// request is a customer's request to the portal at t, and what it asked of the
// others: calls are ended by the portal's own span.
func (w *world) request(t time.Time, route, broken string, n int, key string) (root span, ask func(of traced, route, host string, after time.Duration) (client, server span)) {
	trace := w.ids.Hex(32, "trace", key, strconv.Itoa(n))
	id := func(what string) string { return w.ids.Hex(16, "span", trace, what) }
	code := 200
	if broken != "" {
		code = 502
	}
	method, path, _ := strings.Cut(route, " ")
	root = span{of: portal, trace: trace, id: id("root"), name: route, kind: spanServer, from: t.Add(-60 * time.Millisecond), to: t.Add(240 * time.Millisecond), broken: broken,
		attrs: Object{"http.request.method", method, "http.route", path, "url.scheme", "https", "http.response.status_code", code}}
	ask = func(of traced, route, host string, after time.Duration) (span, span) {
		method, path, _ := strings.Cut(route, " ")
		code := 200
		if broken != "" {
			code = 500
		}
		client := span{of: portal, trace: trace, id: id("ask " + of.name), parent: root.id, name: method, kind: spanClient, from: root.from.Add(after), to: t.Add(200 * time.Millisecond), broken: broken,
			attrs: Object{"http.request.method", method, "url.full", "https://" + host + path, "server.address", host, "server.port", 443, "http.response.status_code", code}}
		server := span{of: of, trace: trace, id: id("serve " + of.name), parent: client.id, name: route, kind: spanServer, from: client.from.Add(4 * time.Millisecond), to: client.to.Add(-4 * time.Millisecond), broken: broken,
			attrs: Object{"http.request.method", method, "http.route", path, "http.response.status_code", code}}
		return client, server
	}
	return root, ask
}

// invoice is a request that ends in a call of the writer's function.
func (w *world) invoice(e entry, n int) []span {
	broken := e.rec.ErrorMessage
	root, ask := w.request(e.at, "POST /invoices", broken, n, e.rec.EventID)
	client, server := ask(invoices, "POST /", "k3v7qhalden.lambda-url."+north+".on.aws", 10*time.Millisecond)
	call := span{of: invoices, trace: root.trace, id: w.ids.Hex(16, "span", root.trace, "table"), parent: server.id, name: "DynamoDB." + e.rec.EventName, kind: spanClient, from: e.at.Add(-10 * time.Millisecond), to: e.at.Add(15 * time.Millisecond), broken: broken,
		attrs: Object{"rpc.system", "aws-api", "rpc.service", "DynamoDB", "rpc.method", e.rec.EventName, "db.system.name", "aws.dynamodb", "db.operation.name", e.rec.EventName, "aws.dynamodb.table_names", []string{ledgerTable},
			"aws.request_id", e.rec.RequestID}}
	if broken != "" {
		call.attrs = append(call.attrs, "error.type", e.rec.ErrorCode)
	}
	price := span{of: portal, trace: root.trace, id: w.ids.Hex(16, "span", root.trace, "price"), parent: root.id, name: "GET", kind: spanClient, from: root.from.Add(time.Millisecond), to: root.from.Add(8 * time.Millisecond),
		attrs: Object{"http.request.method", "GET", "url.full", "http://pricing.shop.svc.cluster.local/prices", "server.address", "pricing.shop.svc.cluster.local", "server.port", 80, "peer.service", "pricing", "http.response.status_code", 200}}
	return []span{root, price, client, server, call}
}

// purchase is a request that ends in an upload of checkout's task.
func (w *world) purchase(e entry, n int) []span {
	broken := e.rec.ErrorMessage
	root, ask := w.request(e.at, "POST /checkout", broken, n, e.rec.EventID)
	client, server := ask(checkout, "POST /orders", "checkout.halden.internal", 12*time.Millisecond)
	call := span{of: checkout, trace: root.trace, id: w.ids.Hex(16, "span", root.trace, "upload"), parent: server.id, name: "S3.PutObject", kind: spanClient, from: e.at.Add(-10 * time.Millisecond), to: e.at.Add(25 * time.Millisecond), broken: broken,
		attrs: Object{"rpc.system", "aws-api", "rpc.service", "S3", "rpc.method", "PutObject", "aws.s3.bucket", exportBucket, "aws.request_id", e.rec.RequestID}}
	if broken != "" {
		call.attrs = append(call.attrs, "error.type", e.rec.ErrorCode)
	}
	return []span{root, client, server, call}
}

// helper is a run of the support desk's agent for Anna: it looks an invoice up
// at the portal, the last time in vain.
func (w *world) helper(at string, n int) []span {
	t := w.clock(at)
	broken := ""
	code := 200
	if !t.Before(w.clock("13:44:00")) {
		broken, code = "upstream error", 502
	}
	trace := w.ids.Hex(32, "helper", at)
	id := func(what string) string { return w.ids.Hex(16, "span", trace, what) }
	run := Object{"gen_ai.agent.name", "invoice-helper", "gen_ai.agent.id", "asst_halden_invoices", "gen_ai.conversation.id", w.ids.UUID("conversation", strconv.Itoa(n)), "gen_ai.provider.name", "anthropic", "enduser.id", "anna.holm"}
	invoke := span{of: support, trace: trace, id: id("invoke"), name: "invoke_agent invoice-helper", kind: spanInternal, from: t, to: t.Add(9 * time.Second), broken: broken,
		attrs: append(Object{"gen_ai.operation.name", "invoke_agent"}, run...)}
	chat := span{of: support, trace: trace, id: id("chat"), parent: invoke.id, name: "chat", kind: spanClient, from: t.Add(50 * time.Millisecond), to: t.Add(2 * time.Second),
		attrs: append(Object{"gen_ai.operation.name", "chat", "gen_ai.request.model", "claude-sonnet-5", "server.address", "api.anthropic.com", "server.port", 443}, run...)}
	tool := span{of: support, trace: trace, id: id("tool"), parent: invoke.id, name: "execute_tool lookup_invoice", kind: spanInternal, from: t.Add(2100 * time.Millisecond), to: t.Add(3 * time.Second), broken: broken,
		attrs: append(Object{"gen_ai.operation.name", "execute_tool", "gen_ai.tool.name", "lookup_invoice", "gen_ai.tool.call.id", "call_" + w.ids.Hex(12, "tool call", at)}, run...)}
	ask := span{of: support, trace: trace, id: id("ask"), parent: tool.id, name: "GET", kind: spanClient, from: t.Add(2200 * time.Millisecond), to: t.Add(2900 * time.Millisecond), broken: broken,
		attrs: Object{"http.request.method", "GET", "url.full", "https://portal.halden.example/invoices", "server.address", "portal.halden.example", "server.port", 443, "http.response.status_code", code}}
	serve := span{of: portal, trace: trace, id: id("serve"), parent: ask.id, name: "GET /invoices", kind: spanServer, from: ask.from.Add(20 * time.Millisecond), to: ask.to.Add(-20 * time.Millisecond), broken: broken,
		attrs: Object{"http.request.method", "GET", "http.route", "/invoices", "http.response.status_code", code}}
	return []span{invoke, chat, tool, ask, serve}
}

// export lays spans out as the collector's file exporter does: an export a
// line, of one service and ten minutes.
func (w *world) export(spans []span) []byte {
	slot := func(s span) time.Time { return s.to.Truncate(10 * time.Minute) }
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(slot(a).Compare(slot(b)), cmp.Compare(a.of.name, b.of.name), a.from.Compare(b.from))
	})
	var b bytes.Buffer
	for i := 0; i < len(spans); {
		of, when := spans[i].of, slot(spans[i])
		var list []Object
		for ; i < len(spans) && spans[i].of.name == of.name && slot(spans[i]).Equal(when); i++ {
			s := spans[i]
			o := Object{"traceId", s.trace, "spanId", s.id}
			if s.parent != "" {
				o = append(o, "parentSpanId", s.parent)
			}
			o = append(o, "name", s.name, "kind", s.kind, "startTimeUnixNano", strconv.FormatInt(s.from.UnixNano(), 10), "endTimeUnixNano", strconv.FormatInt(s.to.UnixNano(), 10),
				"attributes", attributes(s.attrs))
			status := Object{}
			if s.broken != "" {
				status = Object{"message", s.broken, "code", statusError}
			}
			list = append(list, append(o, "status", status))
		}
		resource := append(Object{"service.name", of.name, "service.namespace", of.namespace, "service.version", of.version, "deployment.environment.name", "production"}, of.more...)
		text, err := marshal(Object{"resourceSpans", []Object{{"resource", Object{"attributes", attributes(resource)},
			"scopeSpans", []Object{{"scope", Object{"name", "halden/telemetry", "version", "1.0"}, "spans", list}}, "schemaUrl", "https://opentelemetry.io/schemas/1.37.0"}}})
		if err != nil {
			w.err = err
			return nil
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}
