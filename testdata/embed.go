// Package testdata holds the demo world: the logs of one day at a fictional
// company. world/README.md tells its story. The package ingest/cloudtrail/synth
// writes the files; a test there holds files, story and these constants
// together.
package testdata

import (
	"embed"
	"time"
)

// World is the demo world, below "world", a folder for each source; the
// CloudTrail files are below "world/cloudtrail" in the layout of a trail's bucket.
//
//go:embed all:world
var World embed.FS

// The moments of the world.
var (
	Now           = time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC)  // when the question is asked
	FailureBegins = time.Date(2026, 11, 22, 13, 44, 0, 0, time.UTC) // first failed call on FailedResource
	TableDeleted  = time.Date(2026, 11, 22, 13, 41, 38, 0, time.UTC)
	TableCreated  = time.Date(2026, 11, 22, 13, 46, 58, 0, time.UTC)
)

// The places of the world.
const (
	Prod    = "111122223333" // production's account
	Tooling = "444455556666" // where CI and IAM Identity Center live
	Region  = "eu-north-1"   // home region; IAM logs in us-east-1

	FailedResource = "arn:aws:dynamodb:eu-north-1:111122223333:table/billing-ledger" // what the demo asks about
	FailedService  = "otel:service:shop/customer-portal"                             // what customers see fail, as its traces tell
	StackName      = "billing-prod"
	FirstStack     = "arn:aws:cloudformation:eu-north-1:111122223333:stack/billing-prod/89b64cf2-7237-48ff-9846-253dc3c09d69" // deleted at 13:41
	SecondStack    = "arn:aws:cloudformation:eu-north-1:111122223333:stack/billing-prod/b35668f1-898d-4f0c-a726-7410e1007970" // created at 13:46 under the same name
	ExportBucket   = "arn:aws:s3:::billing-exports"
)

// The engineer and the agent inside her session.
const (
	Engineer        = "mira.lindqvist" // user name of IAM Identity Center, and so session name
	EngineerRole    = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-north-1/AWSReservedSSO_PlatformEngineer_9f3c2ab41d7e0c58"
	EngineerSession = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_PlatformEngineer_9f3c2ab41d7e0c58/mira.lindqvist"
	EngineerKey     = "ASIAAVQ4J3N2WEXAMPLE" // her CLI's temporary key, which the agent uses too

	EngineerPrincipal = "AROAQ5XY4IHRCLEXAMPLE:mira.lindqvist" // unique id of EngineerRole and session name
	EngineerBegan     = "2026-11-22T13:29:40Z"                 // creation date of the CLI session
	DeployPrincipal   = "AROALX3JVWGLEREXAMPLE:mira.lindqvist-billing"
	DeployBegan       = "2026-11-22T13:36:05Z"

	AgentTool     = "claude-code"  // what m/AN in the CLI's user agent stands for
	AgentTerminal = "3f9a1c07be24" // sid/… of the agent's terminal; hers is another

	DeployRole   = "arn:aws:iam::111122223333:role/deploy-admin"
	DeployKey    = "ASIAOFVOSODMWEXAMPLE" // the agent's second key: AssumeRole by EngineerKey at 13:36:05
	ForwardedKey = "ASIA3TNRJLJXUEXAMPLE" // CloudFormation's, on behalf of DeployKey's session
)

// The others.
const (
	DecoyRole       = "arn:aws:iam::111122223333:role/dr-rehearsal" // touched the table at 10:20, never after
	DecoyKey        = "ASIAUAQLFDGSGEXAMPLE"                        // expired at 11:20:05
	LegacyUser      = "arn:aws:iam::111122223333:user/svc-legacy-export"
	LegacyKey       = "AKIA73MYHOTKDEXAMPLE"                                            // long-lived, used up to 11:13
	LegacySecondKey = "AKIAXWPJMHVHEEXAMPLE"                                            // created at 10:58:12 from a console session, used from 12:12
	WriterRole      = "arn:aws:iam::111122223333:role/service-role/invoice-writer-role" // of the function that fails
)

// SecretMarker stands in every secret value of the world's files; no output
// and no store may ever hold it.
const SecretMarker = "SYNTHETICSECRET"
