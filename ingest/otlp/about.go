package otlp

import "github.com/blastradius/blastradius/ingest"

// About describes OTLP traces.
func (*Format) About() []ingest.About {
	return []ingest.About{{
		Name:      Kind,
		Reads:     "OpenTelemetry traces: OTLP/JSON (documents, lists, one a line), OTLP/protobuf (bare, or behind its length, also compressed, as the Collector's file exporter writes it), and live (`serve --otlp`)",
		Yields:    "services with version, environment, pod, task or function and service account; who called which service, database, queue, AWS resource or model, with outcome by HTTP, gRPC or span status; callees that tell nothing, by what their callers' spans say; users (`enduser.id`); agent runs, their tools and models (`gen_ai.*`); requests to AWS by their id",
		CannotSee: "calls that were not traced or sampled; a caller whose own client span is missing (its calls are by \"caller of …\"); which credential a call used; who waits for a queue that nobody fills. A call of AWS that a trail tells too is counted for the service and for the identity. The two spans of a call are joined if they end within an hour of each other. Logs and metrics are skipped",
	}}
}

var _ ingest.Describer = (*Format)(nil)
