package otlp

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// raw is the file's span at that position, or the one whose evidence it is where
// position and evidence disagree; an empty evidence agrees with all. Without
// either the error's code is NOT_FOUND.
func raw(ctx context.Context, f *ingest.File, record uint32, evidence string) ([]byte, error) {
	var found []byte
	var n uint32
	var broken error
	err := read(ctx, f, &protoReader{}, func(s *span, err error) bool {
		here := n == record
		n++
		if err != nil || s.check() != nil || s.signal != "" || !(here && evidence == "") && !s.shows(evidence) {
			return evidence != "" || !here
		}
		if here || found == nil {
			found, broken = s.show()
		}
		return n <= record // a later span of that evidence at the position itself is the better one
	})
	switch {
	case broken != nil:
		return nil, broken
	case found != nil:
		return found, nil
	case err != nil:
		return nil, err
	}
	return nil, &graph.Error{Code: graph.CodeNotFound, Message: fmt.Sprintf("%s has no span %d with evidence %q", f.Name, record, evidence),
		Hint: "the file may have changed since it was ingested"}
}

// shows reports whether the evidence is that of the span.
func (s *span) shows(evidence string) bool {
	own := string(appendCall(nil, s.trace, s.id))
	caller := s.parent
	if !s.child() {
		caller = s.id
	}
	return evidence == own || evidence == string(appendCall(nil, s.trace, caller))+"@"+hex.EncodeToString(s.id)
}

// shown is a span with its resource as people read it: attributes are members of
// an object, so that what their names say of secrets is seen.
type shown struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	ParentID   string          `json:"parentSpanId,omitempty"`
	Name       string          `json:"name"`
	Kind       string          `json:"kind"`
	Start      string          `json:"start"`
	End        string          `json:"end"`
	Status     string          `json:"status,omitempty"`
	Message    string          `json:"statusMessage,omitempty"`
	Attributes attributesShown `json:"attributes,omitempty"`
	Events     []shownEvent    `json:"events,omitempty"`
	Resource   attributesShown `json:"resource,omitempty"`
}

type shownEvent struct {
	Name       string          `json:"name"`
	At         string          `json:"at"`
	Attributes attributesShown `json:"attributes,omitempty"`
}

type attributesShown map[string]any

// show is the span as JSON: read by the plain decoder where it is protobuf, as
// it stands, with its resource, where it is JSON.
func (s *span) show() ([]byte, error) {
	if len(s.raw) > 0 && s.raw[0] == '{' {
		var rs struct {
			Resource jsontext.Value `json:"resource"`
		}
		if err := json.Unmarshal(s.resource.raw, &rs); err != nil {
			return nil, fmt.Errorf("read the resource: %w", err)
		}
		var span, resource any
		if err := json.Unmarshal(s.raw, &span); err != nil {
			return nil, fmt.Errorf("read the span: %w", err)
		}
		if len(rs.Resource) > 0 {
			if err := json.Unmarshal(rs.Resource, &resource); err != nil {
				return nil, fmt.Errorf("read the resource: %w", err)
			}
		}
		return json.Marshal(map[string]any{"span": flat(span), "resource": flat(resource)})
	}
	var x tracev1.Span
	var r resourcev1.Resource
	if err := proto.Unmarshal(s.raw, &x); err != nil {
		return nil, fmt.Errorf("read the span: %w", err)
	}
	if err := proto.Unmarshal(s.resource.raw, &r); err != nil {
		return nil, fmt.Errorf("read the resource: %w", err)
	}
	out := shown{TraceID: hex.EncodeToString(x.TraceId), SpanID: hex.EncodeToString(x.SpanId), ParentID: hex.EncodeToString(x.ParentSpanId), Name: x.Name,
		Kind: x.Kind.String(), Start: nanos(x.StartTimeUnixNano), End: nanos(x.EndTimeUnixNano), Attributes: showAttributes(x.Attributes), Resource: showAttributes(r.Attributes)}
	if x.Status != nil {
		out.Status, out.Message = x.Status.Code.String(), x.Status.Message
	}
	for _, e := range x.Events {
		out.Events = append(out.Events, shownEvent{e.Name, nanos(e.TimeUnixNano), showAttributes(e.Attributes)})
	}
	return json.Marshal(out)
}

func nanos(n uint64) string {
	if n >= endOfTime {
		return fmt.Sprint(n)
	}
	return time.Unix(0, int64(n)).UTC().Format(time.RFC3339Nano)
}

func showAttributes(kvs []*commonv1.KeyValue) attributesShown {
	out := attributesShown{}
	for _, kv := range kvs {
		out[kv.Key] = showValue(kv.Value, 0)
	}
	return out
}

// maxNested is how deep lists and maps in attributes are shown.
const maxNested = 32

func showValue(v *commonv1.AnyValue, depth int) any {
	switch x := v.GetValue().(type) {
	case *commonv1.AnyValue_StringValue:
		return x.StringValue
	case *commonv1.AnyValue_BoolValue:
		return x.BoolValue
	case *commonv1.AnyValue_IntValue:
		return x.IntValue
	case *commonv1.AnyValue_DoubleValue:
		return fmt.Sprint(x.DoubleValue) // JSON has no NaN
	case *commonv1.AnyValue_BytesValue:
		return hex.EncodeToString(x.BytesValue)
	case *commonv1.AnyValue_ArrayValue:
		out := []any{}
		for _, e := range x.ArrayValue.GetValues() {
			if depth < maxNested {
				out = append(out, showValue(e, depth+1))
			}
		}
		return out
	case *commonv1.AnyValue_KvlistValue:
		if depth >= maxNested {
			return nil
		}
		out := map[string]any{}
		for _, kv := range x.KvlistValue.GetValues() {
			out[kv.Key] = showValue(kv.Value, depth+1)
		}
		return out
	}
	return nil
}

// flat turns lists of {"key": …, "value": {"stringValue": …}} into objects,
// wherever they stand.
func flat(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = flat(e)
		}
	case []any:
		out := map[string]any{}
		for _, e := range x {
			kv, _ := e.(map[string]any)
			name, ok := kv["key"].(string)
			if !ok {
				for i := range x {
					x[i] = flat(x[i])
				}
				return x
			}
			value := flat(kv["value"])
			if one, ok := value.(map[string]any); ok && len(one) == 1 {
				for word, inner := range one {
					if len(word) > 5 && word[len(word)-5:] == "Value" {
						value = inner
					}
				}
			}
			out[name] = value
		}
		if len(x) > 0 {
			return out
		}
	}
	return v
}
