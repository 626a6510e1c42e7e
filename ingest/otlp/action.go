package otlp

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// protocol is what a span's call was made with.
type protocol uint8

const (
	other protocol = iota
	overHTTP
	overRPC
	toDatabase
	toMessaging
	toAWS
)

// protocol goes by the attributes that only its conventions have. A call of an
// AWS SDK to a database or queue counts as one to AWS.
func (s *span) protocol() protocol {
	a := &s.attrs
	switch {
	case a.get(rpcSystemNew, rpcSystem) == "aws-api":
		return toAWS
	case a[dbSystem].set || a[dbSystemOld].set:
		return toDatabase
	case a[messagingSystem].set || s.kind == kindProducer || s.kind == kindConsumer:
		return toMessaging
	case a[rpcSystem].set || a[rpcSystemNew].set || a[rpcService].set:
		return overRPC
	case a[httpMethod].set || a[httpMethodOld].set || a[httpStatus].set || a[httpStatusOld].set:
		return overHTTP
	}
	return other
}

// action is what was called, IAM style, and what that does to the callee: a name
// of few values, never a path or a statement with somebody's data in it.
func (s *span) action(p protocol) (string, graph.Effect) {
	a := &s.attrs
	switch p {
	case overHTTP:
		method := strings.ToUpper(s.clean(a.get(httpMethod, httpMethodOld)))
		effect := httpEffects[method]
		if effect == 0 {
			effect = graph.Use
		}
		if method == "" {
			method = "REQUEST"
		}
		if route := s.clean(a.get(httpRoute, urlTemplate)); route != "" {
			return "http:" + method + " " + route, effect
		}
		return "http:" + method, effect
	case overRPC:
		service, method := s.clean(a.get(rpcService)), s.clean(a.get(rpcMethod))
		switch {
		case service == "" && method == "":
			return "rpc:" + s.plainName(), graph.Use
		case service == "" || strings.Contains(method, "/"):
			return "rpc:" + method, graph.Use
		}
		return "rpc:" + service + "/" + method, graph.Use
	case toAWS:
		return strings.ToLower(s.clean(a.get(rpcService))) + ":" + s.clean(a.get(rpcMethod)), graph.Use
	case toDatabase:
		op := strings.ToUpper(s.clean(a.get(dbOperation, dbOperationOld)))
		if op == "" {
			op = statementVerb(a.get(dbQuery, dbStatement))
		}
		if op == "" {
			op = statementVerb(s.name)
		}
		if op == "" {
			return "db:query", graph.Use
		}
		return "db:" + op, statementEffects(op)
	case toMessaging:
		switch op := a.get(messagingOperation, messagingOperationOld); {
		case s.kind == kindProducer, op == "publish", op == "send", op == "create":
			return "messaging:publish", graph.Change
		case op == "settle":
			return "messaging:settle", graph.Change
		case op == "process", op == "deliver":
			return "messaging:process", graph.Read
		}
		return "messaging:receive", graph.Read
	}
	return "span:" + s.plainName(), graph.Use
}

var httpEffects = map[string]graph.Effect{"GET": graph.Read, "HEAD": graph.Read, "OPTIONS": graph.Read, "QUERY": graph.Read,
	"PUT": graph.Change, "PATCH": graph.Change, "DELETE": graph.Change, "POST": graph.Use}

// verbs are the first words of statements, SQL's and others', that read.
var verbs = map[string]graph.Effect{"SELECT": graph.Read, "WITH": graph.Read, "SHOW": graph.Read, "DESCRIBE": graph.Read, "EXPLAIN": graph.Read,
	"GET": graph.Read, "MGET": graph.Read, "HGET": graph.Read, "HGETALL": graph.Read, "HMGET": graph.Read, "EXISTS": graph.Read, "FIND": graph.Read,
	"AGGREGATE": graph.Read, "COUNT": graph.Read, "SCAN": graph.Read, "QUERY": graph.Read, "GETITEM": graph.Read, "MATCH": graph.Read, "SEARCH": graph.Read,
	"INSERT": graph.Change, "UPDATE": graph.Change, "DELETE": graph.Change, "MERGE": graph.Change, "REPLACE": graph.Change, "UPSERT": graph.Change,
	"CREATE": graph.Change, "ALTER": graph.Change, "DROP": graph.Change, "TRUNCATE": graph.Change, "SET": graph.Change, "HSET": graph.Change, "DEL": graph.Change,
	"INCR": graph.Change, "EXPIRE": graph.Change, "LPUSH": graph.Change, "RPUSH": graph.Change, "SADD": graph.Change, "ZADD": graph.Change,
	"CALL": graph.Use, "EXEC": graph.Use, "EXECUTE": graph.Use, "BEGIN": graph.Use, "COMMIT": graph.Use, "ROLLBACK": graph.Use, "PING": graph.Use, "AUTH": graph.Use}

func statementEffects(op string) graph.Effect {
	word, _, _ := strings.Cut(op, " ")
	if e := verbs[word]; e != 0 {
		return e
	}
	return graph.Use
}

// statementVerb is the first word of a statement, where it is one that we know:
// the rest may hold anybody's data.
func statementVerb(s string) string {
	s = strings.TrimLeft(s, " \t\r\n(")
	if i := strings.IndexAny(s, " \t\r\n(;"); i > 0 {
		s = s[:i]
	}
	if len(s) > 16 {
		return ""
	}
	if s = strings.ToUpper(s); verbs[s] == 0 {
		return ""
	}
	return s
}

// maxName bounds a span's name in an action, in bytes.
const maxName = 80

// plainName is the span's name without what differs from call to call, as names
// are to be of few values and often are not: words with two digits or more, such
// as ids, become *, and what follows a question mark goes.
func (s *span) plainName() string {
	name, _, _ := strings.Cut(s.clean(s.name), "?")
	var b strings.Builder
	start := 0
	word := func(w string) {
		digits := 0
		for i := range len(w) {
			if w[i] >= '0' && w[i] <= '9' {
				digits++
			}
		}
		if digits >= 2 {
			w = "*"
		}
		b.WriteString(w)
	}
	for i := 0; i < len(name); i++ {
		if strings.IndexByte("/ ,;:()[]{}=&", name[i]) >= 0 {
			word(name[start:i])
			b.WriteByte(name[i])
			start = i + 1
		}
	}
	word(name[start:])
	out := b.String()
	if len(out) > maxName {
		out = strings.ToValidUTF8(out[:maxName], "")
	}
	return out
}
