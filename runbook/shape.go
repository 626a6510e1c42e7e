package runbook

import (
	"encoding/json"
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/vektah/gqlparser/v2/ast"
)

// A shape is what a selection yields: the fields of an object, or a leaf. It
// gives the answers of a document their types in CEL.
type shape struct {
	cel    *cel.Type
	time   bool
	real   bool
	fields map[string]*shape // of an object, by response key
	item   *shape            // of a list
	words  []string          // of a closed list; nil: any text
}

// shapes are the object types of all answers; a types.Provider.
type shapes struct {
	*types.Registry
	schema  *ast.Schema
	objects map[string]*shape
}

func newShapes(schema *ast.Schema) (*shapes, error) {
	r, err := types.NewRegistry()
	return &shapes{r, schema, map[string]*shape{}}, err
}

// FindStructType implements types.Provider.
func (s *shapes) FindStructType(name string) (*types.Type, bool) {
	if _, ok := s.objects[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return s.Registry.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (s *shapes) FindStructFieldNames(name string) ([]string, bool) {
	o, ok := s.objects[name]
	if !ok {
		return s.Registry.FindStructFieldNames(name)
	}
	var out []string
	for f := range o.fields {
		out = append(out, f)
	}
	return out, true
}

// FindStructFieldType implements types.Provider. Values are maps, which CEL
// reads by itself.
func (s *shapes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	o, ok := s.objects[name]
	if !ok {
		return s.Registry.FindStructFieldType(name, field)
	}
	f, ok := o.fields[field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{Type: f.cel}, true
}

// NewValue implements types.Provider: answers are not made in CEL.
func (s *shapes) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := s.objects[name]; ok {
		return types.NewErr("%s is made by an answer only", name)
	}
	return s.Registry.NewValue(name, fields)
}

// object is the shape of a selection; its type goes by the name.
func (s *shapes) object(name string, set ast.SelectionSet) *shape {
	o := &shape{cel: types.NewObjectType(name), fields: map[string]*shape{}}
	s.objects[name] = o
	for key, fields := range collect(set) {
		f := fields[0]
		if f.Definition == nil {
			o.fields[key] = &shape{cel: cel.StringType} // __typename
			continue
		}
		var below ast.SelectionSet
		for _, f := range fields {
			below = append(below, f.SelectionSet...)
		}
		o.fields[key] = s.of(name+"."+key, f.Definition.Type, below)
	}
	return o
}

func (s *shapes) of(name string, t *ast.Type, below ast.SelectionSet) *shape {
	if t.Elem != nil {
		item := s.of(name, t.Elem, below)
		return &shape{cel: cel.ListType(item.cel), item: item}
	}
	if len(below) > 0 {
		return s.object(name, below)
	}
	leaf := &shape{cel: cel.StringType}
	switch t.NamedType {
	case "Int":
		leaf.cel = cel.IntType
	case "Float":
		leaf.cel, leaf.real = cel.DoubleType, true
	case "Boolean":
		leaf.cel = cel.BoolType
	case "Time":
		leaf.cel, leaf.time = cel.TimestampType, true
		return leaf // null or a time
	}
	if def := s.schema.Types[t.NamedType]; def != nil && def.Kind == ast.Enum {
		for _, v := range def.EnumValues {
			leaf.words = append(leaf.words, v.Name)
		}
	}
	if !t.NonNull {
		leaf.cel = cel.NullableType(leaf.cel)
	}
	return leaf
}

// collect are the fields of a selection by response key, those of fragments
// among them. The schema has no unions and no interfaces.
func collect(set ast.SelectionSet) map[string][]*ast.Field {
	out := map[string][]*ast.Field{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				out[s.Alias] = append(out[s.Alias], s)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				walk(s.Definition.SelectionSet)
			}
		}
	}
	walk(set)
	return out
}

// value is decoded JSON (numbers as json.Number) as CEL takes it.
func (s *shape) value(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []any:
		if s.item == nil {
			return nil, fmt.Errorf("a list where none was expected")
		}
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = s.item.value(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, x := range v {
			f := s.fields[name]
			if f == nil {
				return nil, fmt.Errorf("field %q was not asked for", name)
			}
			var err error
			if out[name], err = f.value(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	case json.Number:
		if s.real {
			return v.Float64()
		}
		return v.Int64()
	case string:
		if s.time {
			return time.Parse(time.RFC3339Nano, v)
		}
		return v, nil
	}
	return v, nil
}
