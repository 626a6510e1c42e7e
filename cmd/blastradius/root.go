package main

import (
	"github.com/spf13/cobra"
)

// extra commands: a file that is not always built, or that another owns, adds
// its command here from an init function.
var extra []func(*Main) *cobra.Command

// The groups of commands in the help text.
const (
	groupStart = "start"
	groupAsk   = "ask"
	groupAct   = "act"
	groupRun   = "run"
)

// root is the whole command tree.
func (m *Main) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "blastradius",
		Short: "Which non-human identities touched the thing that failed, with evidence",
		Long: `blastradius reads raw audit logs into a graph that knows time, and answers what
an outage or a breach starts with: which non-human identities touched the thing
that failed, with which credentials, on whose behalf.

Try it:     blastradius demo
Your data:  blastradius ingest PATH…, then blastradius touched RESOURCE --last 4h

Configuration: flags, else BLASTRADIUS_* in the environment (--store is
BLASTRADIUS_STORE), else a YAML file (--config or BLASTRADIUS_CONFIG) of the same
names. Secrets come from the environment or from files, never from flags.

Exit codes: 0 answered; 1 found something and 3 found nothing but data is missing
(both only with --fail-on-found, and from assert and runbook run; 3 also from ingest:
something was rejected); 2 usage, input or transport error.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, "blastradius --help lists the commands", "unknown command %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return m.configure(cmd)
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "", "%v", err) })
	f := root.PersistentFlags()
	f.String("store", ".blastradius", "`directory` of the embedded store, neo4j://HOST:PORT[/DATABASE] (neo4j+s:// for TLS), or a snapshot's file")
	f.String("snapshot-key", "", "public `key` that a snapshot must be signed with, or a file of it")
	f.String("neo4j-password-file", "", "`file` with the password for Neo4j, else BLASTRADIUS_NEO4J_PASSWORD; the user is BLASTRADIUS_NEO4J_USERNAME")
	f.String("server", "", "ask the server at this `URL` instead of a store; its token comes from BLASTRADIUS_TOKEN or --token-file")
	f.String("token-file", "", "`file` with the bearer token for --server")
	f.String("config", "", "YAML `file` with settings")

	root.AddGroup(&cobra.Group{ID: groupStart, Title: "Getting started:"},
		&cobra.Group{ID: groupAsk, Title: "Asking:"},
		&cobra.Group{ID: groupAct, Title: "Acting on answers:"}, &cobra.Group{ID: groupRun, Title: "Running:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupStart, m.demo(), m.ingest(), m.serve())
	add(groupAsk, m.touched(), m.activity(), m.chain(), m.workflow(), m.suspects(), m.reach(), m.contain(), m.failures(), m.novel(),
		m.timeline(), m.histogram(),
		m.search(), m.node(), m.neighbours(), m.event(), m.coverage(), m.inventory())
	add(groupAct, m.runbook(), m.assert(), m.report(), m.snapshot())
	add(groupRun, m.sources(), m.storeCommand(), m.generate(), m.version())
	for _, f := range extra {
		add(groupRun, f(m))
	}
	root.InitDefaultCompletionCmd()
	return root
}
