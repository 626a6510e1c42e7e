package runbook

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
)

// maxCost bounds one expression, in CEL's units of cost: about a second.
const maxCost = 50_000_000

// An expression is CEL with a type. The zero expression says nothing.
type expression struct {
	text    string
	typ     *cel.Type
	program cel.Program
	uses    []string // the names that it reads
}

// window is the type of the variable of that name.
const window = "Window"

// declare adds a name.
func (c *compiler) declare(name string, t *cel.Type, line int) {
	env, err := c.env.Extend(cel.Variable(name, t))
	if err != nil {
		c.p.add(line, "", "%v", err)
		return
	}
	c.env = env
}

// newEnv is CEL with the names that every runbook has, and the extensions for
// strings, lists and sets.
func newEnv(s *shapes) (*cel.Env, error) {
	s.objects[window] = &shape{cel: types.NewObjectType(window), fields: map[string]*shape{
		"from": {cel: cel.TimestampType, time: true}, "to": {cel: cel.TimestampType, time: true}}}
	return cel.NewEnv(cel.CustomTypeProvider(s), cel.CustomTypeAdapter(s), cel.Variable("window", s.objects[window].cel),
		ext.Strings(), ext.Lists(), ext.Sets(), ext.TwoVarComprehensions())
}

// compiler gives expressions their types. What is wrong goes to p.
type compiler struct {
	env    *cel.Env
	shapes *shapes
	p      *problems
}

func (c *compiler) compile(t text) (expression, bool) {
	p := c.p
	tree, issues := c.env.Compile(t.value)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			hint := "CEL: https://cel.dev; names are those of parameters, questions and window"
			if strings.Contains(e.Message, "undefined field") {
				hint = "an answer has the fields that its document asks for"
			}
			p.add(t.line+e.Location.Line()-1, hint, "%s (column %d of %q)", e.Message, e.Location.Column()+1, lineAt(t.value, e.Location.Line()))
		}
		return expression{}, false
	}
	before := len(p.list)
	c.shapes.words(tree, t, p)
	if len(p.list) > before {
		return expression{}, false
	}
	program, err := c.env.Program(tree, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(1000))
	if err != nil {
		p.add(t.line, "", "%v", err)
		return expression{}, false
	}
	x := expression{text: t.value, typ: tree.OutputType(), program: program}
	for _, r := range tree.NativeRep().ReferenceMap() {
		if r.Name != "" {
			name, _, _ := strings.Cut(r.Name, ".")
			x.uses = append(x.uses, name)
		}
	}
	return x, true
}

func lineAt(text string, n int) string {
	lines := strings.Split(text, "\n")
	if n < 1 || n > len(lines) {
		return text
	}
	return lines[n-1]
}

// eval is the value of the expression over the names.
func (x *expression) eval(ctx context.Context, names map[string]any) (ref.Val, error) {
	v, _, err := x.program.ContextEval(ctx, names)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w", x.text, err)
	}
	return v, nil
}

// native is a value of CEL as JSON takes it; times are RFC 3339.
func native(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.String, types.Bool, types.Int, types.Uint, types.Double:
		return v.Value(), nil
	case types.Timestamp:
		return v.Time.UTC().Format(time.RFC3339Nano), nil
	case types.Duration:
		return v.Duration.String(), nil
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			x, err := native(it.Next())
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	case traits.Mapper:
		out := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name, ok := key.(types.String)
			if !ok {
				return nil, fmt.Errorf("the key %v of a map is no text", key)
			}
			x, err := native(v.Get(key))
			if err != nil {
				return nil, err
			}
			out[string(name)] = x
		}
		return out, nil
	}
	return nil, fmt.Errorf("%v has no JSON", v.Type())
}
