package runbook

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"github.com/vektah/gqlparser/v2/ast"
	"go.yaml.in/yaml/v3"
)

// A template is a value of variables: a literal, a list, an object, or an
// expression that is written ${…}.
type template struct {
	literal any
	list    []template
	object  map[string]template
	expr    *expression
}

// eval is the value over the names.
func (t *template) eval(ctx context.Context, names map[string]any) (any, error) {
	switch {
	case t.expr != nil:
		v, err := t.expr.eval(ctx, names)
		if err != nil {
			return nil, err
		}
		return native(v)
	case t.object != nil:
		out := map[string]any{}
		for name, x := range t.object {
			v, err := x.eval(ctx, names)
			if err != nil {
				return nil, err
			}
			out[name] = v
		}
		return out, nil
	case t.list != nil:
		out := []any{}
		for _, x := range t.list {
			v, err := x.eval(ctx, names)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	return t.literal, nil
}

// uses are the names that its expressions read.
func (t *template) uses() (out []string) {
	if t.expr != nil {
		out = append(out, t.expr.uses...)
	}
	for _, x := range t.list {
		out = append(out, x.uses()...)
	}
	for _, x := range t.object {
		out = append(out, x.uses()...)
	}
	return out
}

// templater makes templates, and holds them against the types of GraphQL.
type templater struct {
	*compiler
	schema *ast.Schema
}

// variables are those of an operation.
func (m *templater) variables(n *yaml.Node, line int, op *ast.OperationDefinition) template {
	out := template{object: map[string]template{}}
	if n.Kind != 0 && n.Kind != yaml.MappingNode {
		m.p.add(n.Line, "variables:\n  resources: [\"${resource}\"]", "variables are no mapping")
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		def := op.VariableDefinitions.ForName(name.Value)
		if def == nil {
			var has []string
			for _, d := range op.VariableDefinitions {
				has = append(has, d.Variable)
			}
			m.p.add(name.Line, "it has "+strings.Join(has, ", "), "the document has no variable %q", name.Value)
			continue
		}
		out.object[name.Value] = m.value(n.Content[i+1], def.Type, "variable "+name.Value)
	}
	for _, d := range op.VariableDefinitions {
		if _, given := out.object[d.Variable]; !given && d.Type.NonNull && d.DefaultValue == nil {
			m.p.add(line, fmt.Sprintf("add it to variables; its type is %s", d.Type), "variable %s is not given", d.Variable)
		}
	}
	return out
}

// value makes a template that fits the type.
func (m *templater) value(n *yaml.Node, t *ast.Type, what string) template {
	wrong := func(got string) template {
		hint := ""
		if def := m.schema.Types[t.Name()]; def != nil && def.Kind == ast.Enum {
			for _, v := range def.EnumValues {
				hint += ", " + v.Name
			}
			hint = "one of " + strings.TrimPrefix(hint, ", ")
		}
		m.p.add(n.Line, hint, "%s: %s does not fit %s", what, got, t)
		return template{}
	}
	if n.Kind == yaml.ScalarNode {
		s := strings.TrimSpace(n.Value)
		if inner, ok := strings.CutPrefix(s, "${"); ok && strings.HasSuffix(inner, "}") && n.ShortTag() == "!!str" {
			x, ok := m.compile(text{strings.TrimSuffix(inner, "}"), lineOf(n)})
			if ok && !m.takes(t, x.typ) {
				return wrong("an expression of type " + x.typ.String())
			}
			return template{expr: &x}
		}
	}
	switch {
	case n.ShortTag() == "!!null":
		if t.NonNull {
			return wrong("null")
		}
		return template{}
	case t.Elem != nil:
		if n.Kind != yaml.SequenceNode {
			return wrong("what is no list")
		}
		out := template{list: []template{}}
		for _, x := range n.Content {
			out.list = append(out.list, m.value(x, t.Elem, what))
		}
		return out
	}
	def := m.schema.Types[t.NamedType]
	if def != nil && def.Kind == ast.InputObject {
		if n.Kind != yaml.MappingNode {
			return wrong("what is no mapping")
		}
		out := template{object: map[string]template{}}
		for i := 0; i+1 < len(n.Content); i += 2 {
			f := def.Fields.ForName(n.Content[i].Value)
			if f == nil {
				m.p.add(n.Content[i].Line, "", "%s: %s has no field %q", what, t.NamedType, n.Content[i].Value)
				continue
			}
			out.object[f.Name] = m.value(n.Content[i+1], f.Type, what+"."+f.Name)
		}
		return out
	}
	var v any
	if n.Kind != yaml.ScalarNode || n.Decode(&v) != nil {
		return wrong("what is no plain value")
	}
	return m.leaf(n, t, def, v, wrong)
}

// leaf is a literal of a scalar type or an enum.
func (m *templater) leaf(n *yaml.Node, t *ast.Type, def *ast.Definition, v any, wrong func(string) template) template {
	got := fmt.Sprintf("%q", n.Value)
	fits := false
	switch t.NamedType {
	case "Int":
		_, fits = v.(int)
	case "Float":
		if _, fits = v.(float64); !fits {
			_, fits = v.(int)
		}
	case "Boolean":
		_, fits = v.(bool)
	case "Time":
		if at, ok := v.(time.Time); ok {
			return template{literal: at.UTC().Format(time.RFC3339Nano)}
		}
		_, err := time.Parse(time.RFC3339Nano, n.Value)
		return ifFits(err == nil, n.Value, wrong, got)
	default:
		_, fits = v.(string)
		if def != nil && def.Kind == ast.Enum {
			fits = slices.ContainsFunc(def.EnumValues, func(e *ast.EnumValueDefinition) bool { return e.Name == n.Value })
		}
	}
	return ifFits(fits, v, wrong, got)
}

func ifFits(fits bool, v any, wrong func(string) template, got string) template {
	if !fits {
		return wrong(got)
	}
	return template{literal: v}
}

// takes reports whether a value of the CEL type may be sent as the GraphQL type.
func (m *templater) takes(t *ast.Type, x *cel.Type) bool {
	if x.Kind() == cel.DynKind || !t.NonNull && x.Kind() == cel.NullTypeKind {
		return true
	}
	if t.Elem != nil {
		return x.Kind() == cel.ListKind && m.takes(t.Elem, x.Parameters()[0])
	}
	switch t.NamedType {
	case "Int":
		return x.IsAssignableType(cel.IntType)
	case "Float":
		return x.IsAssignableType(cel.DoubleType) || x.IsAssignableType(cel.IntType)
	case "Boolean":
		return x.IsAssignableType(cel.BoolType)
	case "Time":
		return x.Kind() == cel.TimestampKind
	case "WindowInput":
		return x.TypeName() == window || x.Kind() == cel.MapKind
	}
	if def := m.schema.Types[t.NamedType]; def != nil && def.Kind == ast.InputObject {
		return x.Kind() == cel.MapKind
	}
	return x.IsAssignableType(cel.StringType)
}
