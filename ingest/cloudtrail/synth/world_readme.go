package synth

import (
	"fmt"
	"slices"
	"strings"
)

// readme tells the story beside the files, with the ids the files hold.
func (w *world) readme(files int) []byte {
	var b strings.Builder
	p := &w.who
	records, calls := w.distinct()
	fmt.Fprintf(&b, `# A day at Halden Freight

One fictional company, told through the logs of 22 November 2026, 08:00 to 14:02 UTC.
The story is inspired by public reports of coding agents that deleted what they were asked to repair. It is a reconstruction of none of them: company, people, accounts, keys and addresses are made up.
Nothing here is edited by hand: %[1]sgo test ./ingest/cloudtrail/synth -run World -update%[1]s writes this folder.

`, "`")
	fmt.Fprintf(&b, "%d files, %d records told apart by event id, %d distinct calls (a correction and the second account's copy of a call are not calls of their own). Fixed now: **14:02:00 UTC**. Accounts: production `%s`, tooling `%s`. Home region `%s`; IAM logs in `%s`.\n",
		files, records, calls, prod, tooling, north, global)
	fmt.Fprintf(&b, `
## What happened

| UTC | |
|---|---|
| 13:24 | Mira Lindqvist, platform engineer, signs in to the console; at 13:29 her CLI gets a session of the same role |
| 13:31 | she looks at stack %[1]s%[2]s%[1]s, whose drift the team has ignored for weeks |
| 13:33 | a coding agent (Claude Code) starts in her terminal, **with her key, inside her session**: the calls differ from hers only in the program that made them |
| 13:35 | its first DeleteStack is denied; it lists the roles |
| 13:36 | it assumes %[1]sdeploy-admin%[1]s, which her role may do. Nobody is asked |
| 13:38 | it removes the bucket policy of %[1]s%[3]s%[1]s, the stack's termination protection and the table's deletion protection |
| 13:40 | it terminates environment %[1]s%[4]s%[1]s and empties the bucket |
| 13:41 | DeleteStack; CloudFormation, with a forwarded credential of the same session, deletes table **%[1]s%[5]s%[1]s**, bucket and log group |
| 13:44 | the failure begins: function %[1]sinvoice-writer%[1]s finds no table, task %[1]scheckout%[1]s no bucket; **customers see the portal fail**, and so does the support desk's agent |
| 13:46 | CreateStack under the old name: new stack id, an empty table without its index, a bucket without its policy |
| 13:47 | internal errors while the table comes up; from 13:49 queries fail for want of the index and uploads are denied for want of the policy |
| 13:50 | with the same key it reads a secret of the cluster and restarts the portal, which does not help |
| 13:57 | she notices |

The question: **which non-human identities touched %[1]s%[6]s%[1]s in the last four hours, with which credentials, on whose behalf?**

## Who is who

| actor | identity | credential | does |
|---|---|---|---|
`, "`", stackName, exportBucket, envName, ledgerTable, w.ledgerARN())
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	q := func(s string) string { return "`" + s + "`" }
	row("Mira, by hand", q(p.mira.Role.Name), q(p.miraSite.Key)+" (console), "+q(p.mira.Key)+" (CLI)", "reads; terminal `sid/"+sidHers+"`")
	row("the agent", q(p.mira.Role.Name)+", then "+q(p.deploy.Role.Name), q(p.mira.Key)+", then "+q(p.deploy.Key), "deletes and recreates; `m/AN` (Claude Code), terminal `sid/"+sidAgent+"`")
	row("CloudFormation for it", q(p.deploy.Role.Name), q(p.forwarded)+" (forwarded)", "DeleteTable, DeleteBucket, CreateTable …")
	row("the writer", q(p.writer.Name), "a Lambda session; new at 11:21", "PutItem, Query; fails from 13:44")
	row("checkout", q(p.checkout.Role.Name), q(p.checkout.Key)+" (ECS task)", "uploads; fails from 13:44")
	row("ledger-reader", q(p.reader.Name), "web identity, a key each hour", "GetItem")
	row("invoice-report", q(p.report.Name), "EKS Pod Identity", "Query; one record corrected at 13:12")
	row("export job", q(p.legacy.Name), q(p.legacyOld)+", from 12:12 "+q(p.legacyNew), "Scan each hour; one denial")
	row("Erik", q(p.erik.Name), q(p.erikKey)+" (console)", "reads; at 10:58 creates the export job's second key; 12:41 to 12:45 stops the second trail")
	row("Jonas' agent", q(p.jonas.Role.Name), q(p.jonas.Key), "DescribeTable through the MCP server AWS hosts; whence the key is not in the data")
	row("CI", q(p.ci.Name)+" (tooling), "+q(p.ciDeploy.Name), "GitHub token for `"+ciSubject+"`", "08:40 and 11:20; deploys the writer")
	row("decoy", q(p.rehearsal.Role.Name), q(p.rehearsal.Key)+", by "+q(p.runner.Name)+" "+q(p.runnerKey), "tags the table at 10:21; expired 11:20")
	row("web instance", q(p.web.Name), q(webInstance), "launched 09:30, terminated 13:40")
	b.WriteString(`
## Who touched the table, 10:02 to 14:02

From the story itself (` + "`truth.json`" + `), not from a parser.

| identity | calls | |
|---|---|---|
`)
	for _, r := range w.rows() {
		var parts []string
		for _, k := range slices.Sorted(mapKeys(r.Calls)) {
			parts = append(parts, fmt.Sprintf("%s %d", strings.TrimPrefix(k, "dynamodb:"), r.Calls[k]))
		}
		row(q(r.Identity), fmt.Sprint(r.Total), strings.Join(parts, ", "))
	}
	fmt.Fprintf(&b, `
## The inventory of that morning

%[1]siam/%[1]s holds what IAM said of production at 06:00: users, groups, roles and policies, the access keys, the credential report.
Two who act that day are not in it: user %[1]s%[2]s%[1]s and the role that Auto Scaling made for itself. %[1]ssvc-old-backup%[1]s is in it, may do everything through the group %[1]s%[3]s%[1]s, and never acts; its key was never used.
`, "`", p.runner.Name, admins)
	fmt.Fprintf(&b, `
## The same day by others

%[1]sk8s/%[1]s is the audit log of cluster %[1]s%[2]s%[1]s (CloudWatch's subscription): tokens of the pods by the hour, CI's rollout, what people and the agent did with kubectl, by the very key.
%[1]sotlp/%[1]s has traces of the last two hours: customers' requests through portal, function and checkout down to the calls that CloudTrail has too (the same request ids), and an agent of the support desk; service %[1]spricing%[1]s reports nothing.
%[1]sgithub/%[1]s is the audit log of the organisation: a reviewed change, whose deployment of 11:20 Jonas approves. Nobody approved what the agent did.
`, "`", clusterName)
	b.WriteString(`
## What else is in it

A second trail that delivers half of it again, byte for byte; files out of order; a call logged by two accounts (` + "`sharedEventID`" + `); a corrected record (` + "`addendum`" + `); a request left out for its size; throttled calls; Config asking for policies that are not there; CloudTrail's own deliveries; a launch that shares its request id with the instance's session; a digest file. Every secret value holds the word ` + SecretMarker + `.
`)
	return []byte(b.String())
}
