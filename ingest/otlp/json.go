package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonOptions take what encoders write, by the protobuf mapping's names or the
// original ones.
var jsonOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.MatchCaseInsensitiveNames(true))

// signals are the members of an export document, by what they hold.
var signals = map[string]string{
	"resourcespans": "", "resourcelogs": "log records", "resourcemetrics": "metrics", "resourceprofiles": "profiles",
}

func signalOf(name string) (signal string, ok bool) {
	signal, ok = signals[strings.ToLower(strings.ReplaceAll(name, "_", ""))]
	return signal, ok
}

// isJSON reports whether text begins an export document, or a list of them.
func isJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return false
	}
	d := jsontext.NewDecoder(bytes.NewReader(head), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for range 3 { // [, {, name
		t, err := d.ReadToken()
		if err != nil {
			return false
		}
		if t.Kind() == '"' {
			_, ok := signalOf(t.String())
			return ok
		}
	}
	return false
}

// documents reads export documents, one after the other or in lists, and hands
// each span to yield until it says no.
func documents(in io.Reader, yield func(*span, error) bool) (ok bool, err error) {
	d := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		switch d.PeekKind() {
		case '{':
			if ok, err := document(d, yield); !ok || err != nil {
				return ok, broken(d, err)
			}
		case '[', ']':
			if _, err := d.ReadToken(); err != nil {
				return true, broken(d, err)
			}
		default:
			if err := d.SkipValue(); err == io.EOF && d.StackDepth() == 0 {
				return true, nil
			} else if err != nil {
				return true, broken(d, err)
			}
		}
	}
}

func broken(d *jsontext.Decoder, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the JSON breaks off")
	}
	return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
}

func document(d *jsontext.Decoder, yield func(*span, error) bool) (ok bool, err error) {
	if _, err := d.ReadToken(); err != nil {
		return true, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return true, err
		}
		signal, known := signalOf(name.String())
		if !known || d.PeekKind() != '[' {
			if err := d.SkipValue(); err != nil {
				return true, err
			}
			continue
		}
		if _, err := d.ReadToken(); err != nil {
			return true, err
		}
		for d.PeekKind() != ']' {
			v, err := d.ReadValue()
			if err != nil {
				return true, err
			}
			if signal != "" {
				if !yield(&span{signal: signal}, nil) {
					return false, nil
				}
			} else if !resourceSpansJSON(v, yield) {
				return false, nil
			}
		}
		if _, err := d.ReadToken(); err != nil {
			return true, err
		}
	}
	_, err = d.ReadToken()
	return true, err
}

type jsonResourceSpans struct {
	Resource struct {
		Attributes []jsonKeyValue `json:"attributes"`
	} `json:"resource"`
	ScopeSpans []struct {
		Spans []jsontext.Value `json:"spans"`
	} `json:"scopeSpans"`
	Libraries []struct { // before OTLP 0.19
		Spans []jsontext.Value `json:"spans"`
	} `json:"instrumentationLibrarySpans"`
}

type jsonSpan struct {
	TraceID    jsonID         `json:"traceId"`
	SpanID     jsonID         `json:"spanId"`
	ParentID   jsonID         `json:"parentSpanId"`
	Name       string         `json:"name"`
	Kind       jsonEnum       `json:"kind"`
	Start      jsonUint       `json:"startTimeUnixNano"`
	End        jsonUint       `json:"endTimeUnixNano"`
	Attributes []jsonKeyValue `json:"attributes"`
	Status     struct {
		Code jsonEnum `json:"code"`
	} `json:"status"`
}

// resourceSpansJSON hands the spans of one ResourceSpans to yield; one that
// cannot be read is yielded with an error.
func resourceSpansJSON(v []byte, yield func(*span, error) bool) bool {
	var rs jsonResourceSpans
	if err := json.Unmarshal(v, &rs, jsonOptions); err != nil {
		return yield(&span{raw: v}, shortError(err))
	}
	res := &resource{raw: v}
	fill(&res.attrs, rs.Resource.Attributes)
	for _, scope := range append(rs.ScopeSpans, rs.Libraries...) {
		for _, text := range scope.Spans {
			s := &span{resource: res, raw: text}
			var x jsonSpan
			err := json.Unmarshal(text, &x, jsonOptions)
			if err != nil {
				err = shortError(err)
			} else {
				s.trace, s.id, s.parent, s.name, s.kind = x.TraceID, x.SpanID, x.ParentID, x.Name, int(x.Kind)
				s.start, s.end, s.status = uint64(x.Start), uint64(x.End), int(x.Status.Code)
				fill(&s.attrs, x.Attributes)
			}
			if !yield(s, err) {
				return false
			}
		}
	}
	return true
}

// shortError is the error of a value, at a length fit for a report.
func shortError(err error) error {
	if s := err.Error(); len(s) > 200 {
		return errors.New(strings.ToValidUTF8(s[:200], "") + "…")
	}
	return err
}

type jsonKeyValue struct {
	Key   string    `json:"key"`
	Value jsonValue `json:"value"`
}

type jsonValue struct {
	String *string        `json:"stringValue"`
	Int    *jsonInt       `json:"intValue"`
	Bool   *bool          `json:"boolValue"`
	Double jsontext.Value `json:"doubleValue"`
	Bytes  jsontext.Value `json:"bytesValue"`
	List   *struct {
		Values []jsonValue `json:"values"`
	} `json:"arrayValue"`
}

func fill(a *attrs, kvs []jsonKeyValue) {
	for i := range kvs {
		if k := keyNames[kvs[i].Key]; k != 0 {
			a[k] = kvs[i].Value.value()
		}
	}
}

func (v *jsonValue) value() value {
	x := value{set: true}
	switch {
	case v.String != nil:
		x.text, x.is = *v.String, 't'
	case v.Int != nil:
		x.num, x.is = int64(*v.Int), 'i'
	case v.Bool != nil:
		x.is = 'b'
		if *v.Bool {
			x.num = 1
		}
	case v.List != nil:
		x.is = 't'
		if len(v.List.Values) > 0 && v.List.Values[0].String != nil {
			x.text = *v.List.Values[0].String
		}
	case len(v.Double)+len(v.Bytes) > 0:
		x.is = 'x'
	}
	return x
}

// jsonID is a trace's or span's id: in hex, as OTLP/JSON says, or in base64, as
// encoders write it that know protobuf only.
type jsonID []byte

func (id *jsonID) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s, jsonOptions); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != 16 && len(raw) != 8 {
		if other, err64 := base64.StdEncoding.DecodeString(s); err64 == nil && (len(other) == 16 || len(other) == 8) {
			raw, err = other, nil
		}
	}
	*id = raw
	return err
}

// jsonUint is a 64-bit number, as text or as a number.
type jsonUint uint64

func (u *jsonUint) UnmarshalJSON(b []byte) error {
	s := bare(b)
	if s == "" || s == "null" {
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil { // 1.5447126600000000e18
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || f < 0 || f >= 1<<63 {
			return fmt.Errorf("%.40s is no time in nanoseconds", b)
		}
		n = uint64(f)
	}
	*u = jsonUint(n)
	return nil
}

// jsonInt is a signed 64-bit number, as text or as a number.
type jsonInt int64

func (i *jsonInt) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(bare(b), 10, 64)
	*i = jsonInt(n)
	return err
}

// jsonEnum is a number, or a word that ends with one of the protocol's words.
type jsonEnum int

var enumWords = map[string]jsonEnum{"INTERNAL": 1, "SERVER": kindServer, "CLIENT": kindClient, "PRODUCER": kindProducer, "CONSUMER": kindConsumer,
	"OK": 1, "ERROR": statusError}

func (e *jsonEnum) UnmarshalJSON(b []byte) error {
	s := bare(b)
	if n, err := strconv.Atoi(s); err == nil {
		*e = jsonEnum(n)
		return nil
	}
	*e = enumWords[s[strings.LastIndexByte(s, '_')+1:]]
	return nil
}

func bare(b []byte) string { return strings.Trim(string(b), `"`) }
