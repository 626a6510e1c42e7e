package runbook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"github.com/blastradius/blastradius/graph"
)

// Type is what a parameter may hold.
type Type string

// The types of parameters.
const (
	String   Type = "string"
	Strings  Type = "strings" // a list
	Int      Type = "int"
	Bool     Type = "bool"
	Duration Type = "duration" // 30m, 4h, 7d or 2w; in CEL and GraphQL the text
	Time     Type = "time"     // RFC 3339; in CEL a timestamp
)

var typeNames = []string{"string", "strings", "int", "bool", "duration", "time"}

var lengthOfTime = regexp.MustCompile(`^([1-9][0-9]*)(ms|s|m|h|d|w)$`)

func (t Type) cel() *cel.Type {
	switch t {
	case String, Duration:
		return cel.StringType
	case Strings:
		return cel.ListType(cel.StringType)
	case Int:
		return cel.IntType
	case Bool:
		return cel.BoolType
	case Time:
		return cel.TimestampType
	}
	return nil
}

// parse reads values as they are written on a command line.
func (t Type) parse(texts []string) (any, error) {
	if t == Strings {
		out := []string{}
		for _, s := range texts {
			if s != "" {
				out = append(out, s)
			}
		}
		return out, nil
	}
	if len(texts) != 1 {
		return nil, fmt.Errorf("it takes one value, not %d", len(texts))
	}
	s := texts[0]
	switch t {
	case String:
		return s, nil
	case Int:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", s)
		}
		return n, nil
	case Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", s)
		}
		return b, nil
	case Duration:
		if !lengthOfTime.MatchString(s) {
			return nil, fmt.Errorf("%q is no length of time such as 30m, 4h, 7d or 2w", s)
		}
		return s, nil
	case Time:
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return nil, fmt.Errorf("%q is no time such as 2026-11-22T14:02:00Z", s)
		}
		return at.UTC(), nil
	}
	return nil, fmt.Errorf("%q is no type", t)
}

// Values are the values of all parameters, from what the caller sets (more than
// one value for a list only) and the defaults. Errors have code INVALID.
func (r *Runbook) Values(set map[string][]string) (map[string]any, error) {
	invalid := func(hint, format string, args ...any) error {
		return &graph.Error{Code: graph.CodeInvalid, Message: "runbook " + r.Name + ": " + fmt.Sprintf(format, args...), Hint: hint}
	}
	out := map[string]any{}
	known := map[string]bool{}
	for _, p := range r.Parameters {
		known[p.Name] = true
		texts, given := set[p.Name]
		switch {
		case given:
			v, err := p.Type.parse(texts)
			if err != nil {
				return nil, invalid(p.Description, "parameter %s: %v", p.Name, err)
			}
			out[p.Name] = v
		case p.Default != nil:
			out[p.Name] = p.Default
		case p.Required:
			return nil, invalid(fmt.Sprintf("--set %s=…: %s", p.Name, p.Description), "parameter %s is not given", p.Name)
		default:
			out[p.Name] = zeros[p.Type]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !known[name] {
			return nil, invalid(r.parameterHint(), "it has no parameter %q", name)
		}
	}
	return out, nil
}

// zeros are the values of parameters that are neither given nor required. Times
// and lengths of time have none.
var zeros = map[Type]any{String: "", Strings: []string{}, Int: int64(0), Bool: false}

func (r *Runbook) parameterHint() string {
	if len(r.Parameters) == 0 {
		return "it has no parameters"
	}
	var names []string
	for _, p := range r.Parameters {
		names = append(names, p.Name)
	}
	return "it has " + strings.Join(names, ", ")
}
