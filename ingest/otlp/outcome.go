package otlp

import (
	"strconv"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// outcome is how the call ended: by the status code of its protocol where there
// is one, else by the span's status. An error that no code explains is the
// callee's: one that is down answers with no code.
func (s *span) outcome(p protocol) graph.Outcome {
	a := &s.attrs
	if code, ok := a.number(httpStatus, httpStatusOld); ok && code >= 100 {
		return httpOutcome(code, s.status)
	}
	if p == overRPC {
		if code := a.get(rpcStatus, rpcStatusOld); code != "" {
			return rpcOutcome(code)
		}
	}
	if s.status == statusError {
		return graph.Fault
	}
	return graph.OK
}

// httpOutcome is that of an HTTP status (RFC 9110; 429: RFC 6585).
func httpOutcome(code, status int) graph.Outcome {
	switch {
	case code == 401 || code == 403 || code == 407:
		return graph.Denied
	case code == 429:
		return graph.Throttled
	case code >= 500:
		return graph.Fault
	case code >= 400:
		return graph.Failed
	case status == statusError: // the answer was good, what came of it was not
		return graph.Fault
	}
	return graph.OK
}

// rpcCodes are the outcomes of gRPC's status codes, by number. Whose error each
// is goes by the semantic conventions for gRPC: of a server, UNKNOWN,
// DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS.
var rpcCodes = []struct {
	name    string
	outcome graph.Outcome
}{
	{"OK", graph.OK}, {"CANCELLED", graph.Failed}, {"UNKNOWN", graph.Fault}, {"INVALID_ARGUMENT", graph.Failed}, {"DEADLINE_EXCEEDED", graph.Fault},
	{"NOT_FOUND", graph.Failed}, {"ALREADY_EXISTS", graph.Failed}, {"PERMISSION_DENIED", graph.Denied}, {"RESOURCE_EXHAUSTED", graph.Throttled},
	{"FAILED_PRECONDITION", graph.Failed}, {"ABORTED", graph.Failed}, {"OUT_OF_RANGE", graph.Failed}, {"UNIMPLEMENTED", graph.Fault},
	{"INTERNAL", graph.Fault}, {"UNAVAILABLE", graph.Fault}, {"DATA_LOSS", graph.Fault}, {"UNAUTHENTICATED", graph.Denied},
}

// rpcOutcome is that of a status code, by its number or name; one that we do not
// know is the callee's.
func rpcOutcome(code string) graph.Outcome {
	if n, err := strconv.Atoi(code); err == nil {
		if n >= 0 && n < len(rpcCodes) {
			return rpcCodes[n].outcome
		}
		return graph.Fault
	}
	for _, c := range rpcCodes {
		if strings.EqualFold(c.name, code) {
			return c.outcome
		}
	}
	return graph.Fault
}
