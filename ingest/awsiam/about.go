package awsiam

import "github.com/blastradius/blastradius/ingest"

// About says what the format reads; see ingest.Describer.
func (*Format) About() []ingest.About {
	return []ingest.About{
		{
			Name:      KindDetails,
			Reads:     "IAM dumps: `get-account-authorization-details` (whole or in pages), lists of access keys",
			Yields:    "users, groups, roles, instance profiles, access keys; every version of every policy, who gets permissions from what; who may assume which role, by which statement; last uses",
			CannotSee: "what changed between two dumps; denials by boundaries, SCPs and conditions. A dump without a time of its own is dated by the latest date in it",
		},
		{Name: KindReport, Reads: "The IAM credential report (CSV, or the JSON of GetCredentialReport)", Yields: "users with their passwords and keys, when each was made, changed and last used", CannotSee: "roles; key ids"},
	}
}

var _ ingest.Describer = (*Format)(nil)
