package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/spf13/cobra"
)

// serverStore is what a --store begins with that is a Neo4j, not a directory.
var serverStore = regexp.MustCompile(`^(neo4j|bolt)(\+s(sc)?)?://`)

// openNeo4j opens a graph on a Neo4j.
func (m *Main) openNeo4j(cmd *cobra.Command, address string, use storeUse) (*neo4j.Store, error) {
	o, err := m.neo4jOptions(cmd, address)
	if err != nil {
		return nil, err
	}
	o.ReadOnly = use == readStore
	said := false
	o.Waiting = func(err error) { // a server that is gone is waited for: say so, once
		if !said && graph.Code(err) == graph.CodeUnavailable {
			said = true
			fmt.Fprintf(m.Stderr, "waiting: %s\n", printable(err.Error()))
		}
	}
	return neo4j.Open(cmd.Context(), o)
}

// neo4jOptions reads scheme://host:port[/database][?graph=name], and user and
// password. Its errors repeat nothing of the address but the host, as it may
// hold a password by mistake.
func (m *Main) neo4jOptions(cmd *cobra.Command, address string) (o neo4j.Options, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return o, usage(cmd, "such as neo4j://localhost:7687/neo4j", "the address in --store cannot be read")
	}
	o = neo4j.Options{URI: (&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}).String(), Database: strings.Trim(u.Path, "/"),
		Graph: u.Query().Get("graph")}
	for name := range u.Query() {
		if name != "graph" {
			return o, usage(cmd, "?graph=NAME is the only one", "the address in --store has an unknown parameter")
		}
	}
	o.Username = m.env(envPrefix + "NEO4J_USERNAME")
	if o.Password, err = m.secret(cmd, "neo4j-password"); err != nil {
		return o, err
	}
	if o.Username == "" && o.Password != "" {
		o.Username = "neo4j" // the user that every server has
	}
	return o, o.Validate()
}

// isEmpty reports whether nothing was ingested into the store.
func isEmpty(ctx context.Context, st graph.Store) (bool, error) {
	for _, err := range st.Sources(ctx) {
		return false, err
	}
	return true, nil
}
