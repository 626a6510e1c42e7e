package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Marks of error codes, matched anywhere in the code, lower case. The words are
// those of the services' own error lists; EC2 and Auto Scaling prefix theirs
// with Client. or Server.
var (
	deniedCodes = []string{"accessdenied", "access denied", "unauthorized", "notauthorized", "forbidden", "authfailure", "authorizationerror",
		"invalidclienttokenid", "signaturedoesnotmatch", "expiredtoken", "unrecognizedclient", "invalidaccesskeyid",
		"incompletesignature", "missingauthenticationtoken", "failed authentication", "accessblocked", "explicitdeny"}
	throttledCodes = []string{"throttl", "toomanyrequests", "requestlimitexceeded", "slowdown", "throughputexceeded",
		"rateexceeded", "rate exceeded", "bandwidthlimitexceeded", "requestrateexceeded"}
	faultCodes = []string{"internalfailure", "internalerror", "internalserver", "internalservice", "internalexception",
		"serviceunavailable", "servicefailure", "serverexception", "temporarilyunavailable", "dependencyfailure",
		"dependencyfailed", "dependencytimeout", "kmsinternal", "gatewaytimeout", "badgateway"}
	faultWords  = []string{"serviceexception", "unavailable", "serverinternal", "internal"} // the whole code
	absentCodes = []string{"nosuch", "notfound", "doesnotexist", "notexist", "nonexist", "unknownresource", "not found"}
)

// outcome says how the call ended. eff and p are those of the call: a probe is
// a not-there answer to a control-plane read, elsewhere the same answer is the
// caller's error.
func outcome(r *Record, eff graph.Effect, p graph.Plane) graph.Outcome {
	if r.ErrorCode == "" {
		if r.EventSource == "signin.amazonaws.com" && signInFailed(r) {
			return graph.Denied
		}
		return graph.OK
	}
	code := strings.ToLower(r.ErrorCode)
	switch {
	case has(code, throttledCodes) || code == "429":
		return graph.Throttled
	case has(code, deniedCodes) || code == "401" || code == "403":
		return graph.Denied
	case strings.HasPrefix(code, "server.") || has(code, faultCodes) || is(code, faultWords) || httpFault(code):
		return graph.Fault
	case eff == graph.Read && p == graph.ControlPlane && (has(code, absentCodes) || code == "404" || code == "410"):
		return graph.Probe
	}
	return graph.Failed
}

// signInFailed reports a failed sign-in: the console writes its outcome in the
// response, {"ConsoleLogin": "Failure"}.
func signInFailed(r *Record) bool {
	failed := false
	r.Response.Each(func(_ string, v Value) bool {
		failed = v.Str() == "Failure"
		return !failed
	})
	return failed
}

func has(code string, marks []string) bool {
	for _, m := range marks {
		if strings.Contains(code, m) {
			return true
		}
	}
	return false
}

func is(code string, wordList []string) bool {
	for _, w := range wordList {
		if code == w {
			return true
		}
	}
	return false
}

// httpFault reports a 5xx status given as code.
func httpFault(code string) bool { return len(code) == 3 && code[0] == '5' && digits(code) }
