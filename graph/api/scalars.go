package api

import (
	"encoding"
	"fmt"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// The scalars and enums of the schema are graph's own types, spelt as they
// spell themselves; what they do not say (zero) is null.

type text[T any] interface {
	*T
	encoding.TextUnmarshaler
}

func marshalText[T interface {
	comparable
	encoding.TextMarshaler
}](v T) graphql.Marshaler {
	var zero T
	if v == zero {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		b, err := v.MarshalText()
		if err != nil {
			panic(err) // the executor turns it into INTERNAL; these types never fail
		}
		_, _ = io.WriteString(w, strconv.Quote(string(b)))
	})
}

func unmarshalText[T any, P text[T]](v any) (T, error) {
	var out T
	s, ok := v.(string)
	if !ok {
		return out, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("%v is no text", v)}
	}
	return out, P(&out).UnmarshalText([]byte(s))
}

// MarshalTime and UnmarshalTime are the scalar Time.
func MarshalTime(t graph.Time) graphql.Marshaler { return marshalText(t) }

// UnmarshalTime reads the scalar Time.
func UnmarshalTime(v any) (graph.Time, error) { return unmarshalText[graph.Time](v) }

// MarshalNodeID writes the ID of a node; empty is null.
func MarshalNodeID(id graph.ID) graphql.Marshaler {
	if id == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(id))
}

// UnmarshalNodeID reads the ID of a node.
func UnmarshalNodeID(v any) (graph.ID, error) {
	s, err := graphql.UnmarshalString(v)
	return graph.ID(s), err
}

// MarshalKind writes the enum Kind.
func MarshalKind(v graph.Kind) graphql.Marshaler { return marshalText(v) }

// UnmarshalKind reads the enum Kind.
func UnmarshalKind(v any) (graph.Kind, error) { return unmarshalText[graph.Kind](v) }

// MarshalEdgeKind writes the enum EdgeKind.
func MarshalEdgeKind(v graph.EdgeKind) graphql.Marshaler { return marshalText(v) }

// UnmarshalEdgeKind reads the enum EdgeKind.
func UnmarshalEdgeKind(v any) (graph.EdgeKind, error) { return unmarshalText[graph.EdgeKind](v) }

// MarshalOutcome writes the enum Outcome.
func MarshalOutcome(v graph.Outcome) graphql.Marshaler { return marshalText(v) }

// UnmarshalOutcome reads the enum Outcome.
func UnmarshalOutcome(v any) (graph.Outcome, error) { return unmarshalText[graph.Outcome](v) }

// MarshalEffect writes the enum Effect.
func MarshalEffect(v graph.Effect) graphql.Marshaler { return marshalText(v) }

// UnmarshalEffect reads the enum Effect.
func UnmarshalEffect(v any) (graph.Effect, error) { return unmarshalText[graph.Effect](v) }

// MarshalMatch writes the enum Match.
func MarshalMatch(v graph.Match) graphql.Marshaler { return marshalText(v) }

// UnmarshalMatch reads the enum Match.
func UnmarshalMatch(v any) (graph.Match, error) { return unmarshalText[graph.Match](v) }

// MarshalRole writes the enum Role.
func MarshalRole(v graph.Role) graphql.Marshaler { return marshalText(v) }

// UnmarshalRole reads the enum Role.
func UnmarshalRole(v any) (graph.Role, error) { return unmarshalText[graph.Role](v) }

// MarshalPlane writes the enum Plane.
func MarshalPlane(v graph.Plane) graphql.Marshaler { return marshalText(v) }

// UnmarshalPlane reads the enum Plane.
func UnmarshalPlane(v any) (graph.Plane, error) { return unmarshalText[graph.Plane](v) }

// MarshalJoin writes the enum Join.
func MarshalJoin(v graph.Join) graphql.Marshaler { return marshalText(v) }

// UnmarshalJoin reads the enum Join.
func UnmarshalJoin(v any) (graph.Join, error) { return unmarshalText[graph.Join](v) }

// MarshalPhysics writes the enum Physics.
func MarshalPhysics(v graph.Physics) graphql.Marshaler { return marshalText(v) }

// UnmarshalPhysics reads the enum Physics.
func UnmarshalPhysics(v any) (graph.Physics, error) { return unmarshalText[graph.Physics](v) }

// MarshalTaint writes the enum Taint.
func MarshalTaint(v graph.Taint) graphql.Marshaler { return marshalText(v) }

// UnmarshalTaint reads the enum Taint.
func UnmarshalTaint(v any) (graph.Taint, error) { return unmarshalText[graph.Taint](v) }

// MarshalClass writes the enum Class; what has no class is null.
func MarshalClass(v explore.Class) graphql.Marshaler {
	if v == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(v))
}

// UnmarshalClass reads the enum Class, whose words the executor has checked.
func UnmarshalClass(v any) (explore.Class, error) {
	s, err := graphql.UnmarshalString(v)
	return explore.Class(s), err
}

// MarshalCertainty writes the enum Certainty; what has no certainty is null.
func MarshalCertainty(v explore.Certainty) graphql.Marshaler {
	if v == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(v))
}

// UnmarshalCertainty reads the enum Certainty, whose words the executor has
// checked.
func UnmarshalCertainty(v any) (explore.Certainty, error) {
	s, err := graphql.UnmarshalString(v)
	return explore.Certainty(s), err
}
