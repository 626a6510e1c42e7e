package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/blastradius/blastradius/graph/api"
	"github.com/spf13/cobra"
)

// serve is the command that serves API and page.
func (m *Main) serve() *cobra.Command {
	var o serverOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the page",
		Long: `serve answers GraphQL at /graphql (POST and GET), an editor for it at /graphiql, the
page at /, and /healthz, /readyz and /metrics.

It listens on loopback unless --tokens-file (bearer tokens, one a line) and TLS are
given. SIGINT or SIGTERM lets the requests under way finish.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			st, err := m.openStore(cmd, readStore)
			if err != nil {
				return err
			}
			defer st.Close()
			o.Store, o.Explorer = st, m.explorer(st)
			return m.serveStore(cmd, o)
		},
	}
	serverFlags(cmd, &o)
	return cmd
}

// serverFlags are those that serve and demo share.
func serverFlags(cmd *cobra.Command, o *serverOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8420", "`host:port` to listen on; port 0 takes a free one")
	f.StringVar(&o.TokensFile, "tokens-file", "", "`file` of bearer tokens, one a line; every request for data needs one of them")
	f.StringVar(&o.TLSCert, "tls-cert", "", "PEM `file` with the certificate")
	f.StringVar(&o.TLSKey, "tls-key", "", "PEM `file` with its key")
	f.DurationVar(&o.Limits.Timeout, "query-timeout", api.DefaultLimits.Timeout, "longest `time` one query may take")
}

// serveStore serves until the program is told to end.
func (m *Main) serveStore(cmd *cobra.Command, o serverOptions) error {
	timeout := o.Limits.Timeout
	o.Limits = api.DefaultLimits
	o.Limits.Timeout = timeout
	o.Now = m.Now
	o.Log = slog.New(slog.NewTextHandler(m.Stderr, nil))
	o.Listening = func(url string) {
		fmt.Fprintf(m.Stderr, "listening on %s (GraphQL at %s/graphql); Ctrl-C ends\n", url, url)
		if o.FirstPage != "" {
			fmt.Fprintf(m.Stderr, "this answer: %s%s\n", url, o.FirstPage)
		}
	}
	err := serveHTTP(cmd.Context(), o)
	if err == nil {
		fmt.Fprintln(m.Stderr, "stopped at", m.Now().UTC().Format(time.RFC3339))
	}
	return err
}
