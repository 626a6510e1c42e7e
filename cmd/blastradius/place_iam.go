package main

import (
	"github.com/spf13/cobra"

	"github.com/blastradius/blastradius/ingest/feed/iamfeed"
	"github.com/blastradius/blastradius/internal/awsconf"
)

// iamArg is the source that is IAM's own API.
const iamArg = "aws-iam"

func isIAM(arg string) bool { return arg == iamArg }

func iamPolicy(*cobra.Command, string) ([]awsconf.Statement, error) { return iamfeed.Statements(), nil }

func findIAM(m *Main, cmd *cobra.Command, _ string) (found, error) {
	cfg, err := awsconf.Load(cmd.Context())
	if err != nil {
		return found{}, err
	}
	account, err := iamfeed.Open(cmd.Context(), cfg, iamfeed.Clock{Now: m.Now, Sleep: awsconf.Sleep})
	if err != nil {
		return found{}, err
	}
	return justFiles(account.Files(cmd.Context())), nil
}
