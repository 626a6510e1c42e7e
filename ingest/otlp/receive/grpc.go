package receive

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // senders may compress
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// rawCodec hands messages through as bytes: requests are spooled as they came.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", v)
	}
	return *b, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive a %T", v)
	}
	*b = append([]byte(nil), data...) // data is grpc's own
	return nil
}

// Handler answers both protocols on one address: gRPC by its content type, else
// HTTP. The server must speak HTTP/2 for gRPC, also without TLS where there is
// none.
func (r *Receiver) Handler() http.Handler {
	s := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.MaxRecvMsgSize(r.o.MaxBody))
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "opentelemetry.proto.collector.trace.v1.TraceService", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: r.export}}}, r)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.ProtoMajor == 2 && strings.HasPrefix(req.Header.Get("Content-Type"), "application/grpc") {
			s.ServeHTTP(w, req)
			return
		}
		r.ServeHTTP(w, req)
	})
}

// export is TraceService/Export.
func (r *Receiver) export(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var body []byte
	if err := decode(&body); err != nil {
		r.invalid.Add(1)
		return nil, err
	}
	if len(body) > 0 && body[0] == '{' {
		return nil, status.Error(codes.InvalidArgument, r.refuse("the message is no protobuf").err.Error())
	}
	v := r.take(ctx, body)
	switch {
	case v.err == nil:
		answer := v.proto()
		return &answer, nil
	case v.retry:
		s := status.New(codes.ResourceExhausted, v.err.Error())
		if with, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(r.o.RetryAfter)}); err == nil {
			s = with
		}
		return nil, s.Err()
	}
	return nil, status.Error(codes.InvalidArgument, v.err.Error())
}
