package cloudtrail

import "github.com/blastradius/blastradius/ingest"

// About says what the format reads; see ingest.Describer.
func (*Format) About() []ingest.About {
	return []ingest.About{
		{
			Name:      shapeRecords.kind(),
			Reads:     "AWS CloudTrail: S3 layout, gzip, zstd or plain; `{\"Records\":[…]}`, arrays, NDJSON, one event a file, LookupEvents output, EventBridge envelopes, log-shipper exports",
			Yields:    "users, roles, keys, passwords, sessions, web identities, workloads and AI agents; who issued what to whom (with how it was joined); every call with its targets, effect and outcome, denied ones too; trust policies, and policies given and taken; the networks each credential came from (/24, /48); AWS services acting by themselves or on somebody's behalf",
			CannotSee: "data events that the trail does not record; what an agent without a marker in its user agent did (its calls are shown, the agent is not); who issued a key before the data begins; order inside a second",
		},
		{Name: shapeDigest.kind(), Reads: "CloudTrail digests", Yields: "gaps: files that a digest lists and that were not ingested", CannotSee: "what a file held"},
		{Name: shapeInsight.kind(), Reads: "CloudTrail Insights", Yields: "nothing yet: counted as skipped", CannotSee: "single calls"},
		{Name: shapeActivity.kind(), Reads: "CloudTrail Lake partner events", Yields: "the partner's identity and its calls", CannotSee: "credentials"},
	}
}

var _ ingest.Describer = (*Format)(nil)
