package ingest

import (
	"regexp"
	"slices"
	"strings"
)

// The shapes of secrets in text. Of each the last group is what goes.
var secretShapes = []*regexp.Regexp{
	// PEM private keys, whole or cut off.
	regexp.MustCompile(`(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z))`),
	// name=value and name: value, also percent-encoded and in quotes: command
	// lines, URL queries, connection strings.
	regexp.MustCompile(`(?i)(?:session[_-]?token|security[_-]?token|secret[_-]?access[_-]?key|secret[_-]?key|client[_-]?secret|password|passwd|\bpwd|passphrase|refresh[_-]?token|access[_-]?token|id[_-]?token|auth[_-]?token|bearer[_-]?token|api[_-]?key|code[_-]?verifier|(?:authorization|device)[_-]?code|[?&]code|saml[_-]?(?:assertion|response)|x-amz-signature|signintoken|private[_-]?key)["'\\]*\s*(?:=|:|%3D|%3A)\s*["'\\]*([^\s"'&,;<>\\}\])]+)`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{20,})`),
	regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)`),    // JWT
	regexp.MustCompile(`\b((?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9+/=%_-]{20,})`),          // STS session token
	regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+]{1,8}([A-Za-z0-9/+]{40})\b`), // key id, secret
	regexp.MustCompile(`://[^/\s:@\[]*:([^/\s@]+)@`),                                          // user:password@
	regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,})`),
}

// triggers are in lower case what every shape has one of.
var triggers = []string{"private", "token", "secret", "passw", "passp", "pwd", "api", "code", "saml", "signature",
	"bearer", "basic", "eyj", "iqoj", "woge", "qoge", "akia", "asia", "://", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat", "glpat", "xox"}

// triggerStart holds the first two bytes of every trigger, in either case, and
// which triggers begin with them.
var triggerStart = func() map[[2]byte][]string {
	t := map[[2]byte][]string{}
	for _, s := range triggers {
		for _, a := range []byte{s[0], upper(s[0])} {
			for _, b := range []byte{s[1], upper(s[1])} {
				if k := [2]byte{a, b}; !slices.Contains(t[k], s) {
					t[k] = append(t[k], s)
				}
			}
		}
	}
	return t
}()

// triggerPair answers the same for a pair at once.
var triggerPair = func() (t [1 << 16]bool) {
	for k := range triggerStart {
		t[int(k[0])<<8|int(k[1])] = true
	}
	return t
}()

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// RedactText returns s without what looks like a secret. It is for the strings
// that the graph keeps: user agents, error messages, session names. It is
// idempotent and returns s itself where there is nothing to remove.
func RedactText(s string) string {
	if !suspicious(s) {
		return s
	}
	for range 4 { // taking one secret out may bring another to light
		before := s
		for _, shape := range secretShapes {
			s = cut(s, shape)
		}
		if s == before {
			break
		}
	}
	return s
}

// suspicious reports whether s holds a trigger. Most strings do not, and are
// looked at once.
func suspicious(s string) bool {
	for i := 1; i < len(s); i++ {
		if !triggerPair[int(s[i-1])<<8|int(s[i])] {
			continue
		}
		for _, t := range triggerStart[[2]byte{s[i-1], s[i]}] {
			if rest := s[i-1:]; len(rest) >= len(t) && strings.EqualFold(rest[:len(t)], t) {
				return true
			}
		}
	}
	return false
}

// cut replaces the last group of each match. A value that is gone already or
// refers to something (an ARN) stays.
func cut(s string, shape *regexp.Regexp) string {
	var b strings.Builder
	kept := 0
	for _, m := range shape.FindAllStringSubmatchIndex(s, -1) {
		from, to := m[len(m)-2], m[len(m)-1]
		if strings.HasPrefix(s[from:], Redacted) || strings.HasPrefix(Redacted, s[from:to]) || strings.HasPrefix(s[from:], "arn:") {
			continue
		}
		b.WriteString(s[kept:from])
		b.WriteString(Redacted)
		kept = to
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}
