package otlp

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

var _ = protojson.Marshal
var _ = proto.Unmarshal
var _ = json.Marshal
var _ jsontext.Value

func raw(ctx context.Context, f *ingest.File, record uint32, evidence string) ([]byte, error) {
	return nil, &graph.Error{Code: graph.CodeNotFound, Message: fmt.Sprintf("%s has no record %d with evidence %q", f.Name, record, evidence),
		Hint: "the file may have changed since it was ingested"}
}
