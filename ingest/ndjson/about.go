package ndjson

import "github.com/blastradius/blastradius/ingest"

// About says what the format reads; see ingest.Describer.
func (*Format) About() []ingest.About {
	return []ingest.About{{
		Name:      Kind,
		Reads:     "Our own NDJSON for any observed call: `{id, time, actor, credential, session, agent, client, onBehalfOf, action, access, target, outcome, approvedBy}`, a call a line (`sources ndjson --schema`)",
		Yields:    "what each line says: identities, credentials, sessions, agents and who delegated; calls with effect and outcome, and who approved them. Ids of other sources join with theirs",
		CannotSee: "who issued a credential; what its writer leaves out",
	}}
}

var _ ingest.Describer = (*Format)(nil)
