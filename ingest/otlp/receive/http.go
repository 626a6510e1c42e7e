package receive

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/blastradius/blastradius/graph"
)

// The media types of OTLP over HTTP.
const (
	typeProto = "application/x-protobuf"
	typeJSON  = "application/json"
)

// ServeHTTP answers POST /v1/traces. A type of content that browsers send
// without asking first is refused, so that no page can write here.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case req.URL.Path != "/v1/traces":
		http.Error(w, "OTLP traces are taken at /v1/traces; metrics and logs are not taken", http.StatusNotFound)
		return
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	case kind != typeProto && kind != typeJSON:
		http.Error(w, "the content must be "+typeProto+" or "+typeJSON, http.StatusUnsupportedMediaType)
		return
	}
	body, status, err := r.body(w, req)
	if err != nil {
		r.invalid.Add(1)
		answerError(w, kind, status, codes.InvalidArgument, err)
		return
	}
	if kind == typeJSON {
		body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	}
	if len(body) > 0 && (body[0] == '{') != (kind == typeJSON) {
		r.invalid.Add(1)
		answerError(w, kind, http.StatusBadRequest, codes.InvalidArgument, fmt.Errorf("the content is no %s", kind))
		return
	}
	v := r.take(req.Context(), body)
	switch {
	case v.err == nil:
	case v.retry:
		status, code := http.StatusServiceUnavailable, codes.Unavailable
		if graph.Code(v.err) == graph.CodeUnavailable {
			status, code = http.StatusTooManyRequests, codes.ResourceExhausted
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(r.o.RetryAfter.Seconds())))
		answerError(w, kind, status, code, v.err)
		return
	default:
		answerError(w, kind, http.StatusBadRequest, codes.InvalidArgument, v.err)
		return
	}
	w.Header().Set("Content-Type", kind)
	if kind == typeJSON {
		_ = json.NewEncoder(w).Encode(v.json())
		return
	}
	_, _ = w.Write(v.proto())
}

// body reads a request to its end, inflated.
func (r *Receiver) body(w http.ResponseWriter, req *http.Request) (body []byte, status int, err error) {
	most := int64(r.o.MaxBody)
	var in io.Reader = http.MaxBytesReader(w, req.Body, most)
	switch encoding := strings.ToLower(req.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, http.StatusBadRequest, fmt.Errorf("read gzip: %w", err)
		}
		in = z
	default:
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("content encoding %.40q is not taken: gzip is", encoding)
	}
	body, err = io.ReadAll(io.LimitReader(in, most+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || int64(len(body)) > most:
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("a request may be %d bytes long, inflated too", most)
	case err != nil:
		return nil, http.StatusBadRequest, fmt.Errorf("read the request: %w", err)
	}
	return body, 0, nil
}

// proto is the verdict as an ExportTraceServiceResponse.
func (v *verdict) proto() []byte {
	if v.rejected == 0 {
		return nil
	}
	partial := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(v.rejected))
	partial = protowire.AppendString(protowire.AppendTag(partial, 2, protowire.BytesType), v.why)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}

func (v *verdict) json() any {
	if v.rejected == 0 {
		return struct{}{}
	}
	return map[string]any{"partialSuccess": map[string]string{"rejectedSpans": strconv.Itoa(v.rejected), "errorMessage": v.why}}
}

// answerError writes a google.rpc.Status, as OTLP asks for.
func answerError(w http.ResponseWriter, kind string, status int, code codes.Code, err error) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	if kind == typeJSON {
		_ = json.NewEncoder(w).Encode(map[string]any{"code": int(code), "message": err.Error()})
		return
	}
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(code))
	_, _ = w.Write(protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), strings.ToValidUTF8(err.Error(), "")))
}
