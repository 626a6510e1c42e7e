// Package neo4j keeps the graph in a Neo4j database, for many ingesters and
// servers at a time: (:Identity)-[:HOLDS]->(:Credential)-[:CALLED]->(:Resource).
//
// # Layout
//
// A node has the labels Node and its kind, its id, its attributes for people,
// and attrs, which holds them exactly. An event edge is one relationship an
// hour: what tells it apart, the number of calls, first and last for people,
// and obs, its observations as bytes. Above 512 observations they move to one
// (:Observations) node a minute. A standing edge has the hour zero and its
// marks as bytes. Superseded observations and marks stay and say by what, so
// that a reader needs nothing but the edge. A batch is one transaction that
// first takes the lock of the graph's node; the client merges.
//
// # What was tried
//
// Measured on Community 5.26.12 on two loaded cores, per new relationship with
// 4 observations, beside 858 µs of a bare UNWIND … MATCH … CREATE without any
// index on relationships:
//
//   - A constraint on a key of 32 hex digits and an index on (target, hour),
//     ends found by id: 1,236 µs.
//   - One composite constraint (h, th, eh) for both, ends found by id: 1,176 µs.
//     It serves the window by its hours, a target within one, and one edge.
//   - The same, ends found by elementId, which reading the batch's nodes gave:
//     776 µs. Kept. By id(): 840 µs, and deprecated.
//   - Columns instead of a map of properties: no difference in the server, less
//     on the wire. Kept.
//   - Evidence found by a full-text index over short hashes, with the observations'
//     bytes: 255 µs more. Kept; a node for each observation costs several times
//     that (a relationship takes no index on the elements of a list).
//   - Updates by elementId: planned on an empty database, the plan scans all
//     relationships, and stays until it is planned anew. Kept out; updates use
//     the index by hint.
//   - Minutes rather than hashes of calls as the pieces of a hot hour: calls
//     that two minutes share make counting need all pieces, so a writer reads
//     all and writes those that change.
package neo4j

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/notifications"

	"github.com/blastradius/blastradius/graph"
)

// Options of a store. URI is needed, the rest has defaults.
type Options struct {
	// URI is the server: neo4j:// or bolt://, with +s for TLS and +ssc for TLS
	// with a certificate that nobody vouches for. It holds no credentials.
	URI string
	// Username and Password. Default: none, for a server that wants none.
	Username, Password string
	// Database. Default: neo4j.
	Database string
	// Graph tells several graphs in one database apart: lower-case letters and
	// digits. Default: default, whose node ids stand in the database as they
	// are; those of others begin with "~name~".
	Graph string
	// ReadOnly opens a graph that is there; Apply and Prune fail. Default: false.
	ReadOnly bool
	// Patience is how long Apply and Prune wait for a server that is gone
	// before they give up. Default: 10 minutes.
	Patience time.Duration
	// Waiting is told why, whenever Apply or Prune waits to try again. It must
	// not block. Default: none.
	Waiting func(error)
}

var graphName = regexp.MustCompile(`^[a-z0-9]{1,63}$`)

// Validate reports an option that makes no sense. It repeats nothing of the URI,
// which may hold a password.
func (o Options) Validate() error {
	u, err := url.Parse(o.URI)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"}, u.Scheme):
		return &graph.Error{Code: graph.CodeInvalid, Message: "the address of Neo4j cannot be read", Hint: "neo4j://HOST:7687, or neo4j+s:// for TLS"}
	case u.User != nil:
		return &graph.Error{Code: graph.CodeInvalid, Message: "the address of Neo4j holds a user or password, which others could see", Hint: credentialsHint}
	case o.Graph != "" && !graphName.MatchString(o.Graph):
		return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("%q is no name of a graph", o.Graph), Hint: "up to 63 lower-case letters and digits"}
	case o.Patience < 0:
		return &graph.Error{Code: graph.CodeInvalid, Message: "the patience with Neo4j is negative"}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Database == "" {
		o.Database = "neo4j"
	}
	if o.Graph == "" {
		o.Graph = defaultGraph
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Minute
	}
	return o
}

// formatVersion is that of the layout in cypher.go and blob.go.
const formatVersion = 1

// fetchSize is how many rows the server sends at a time.
const fetchSize = 2000

// Store implements graph.Store in a Neo4j database.
type Store struct {
	driver    neo4j.DriverWithContext
	bookmarks neo4j.BookmarkManager // a reader sees what this store wrote, in a cluster too
	o         Options
	keys      keys
	number    int64  // of the graph: the upper half of hours
	uuid      string // of the graph: another one is another graph

	// writing serializes the writers of this process, which would else wait
	// for each other in the server. What only they use follows.
	writing    sync.Mutex
	nodes      nodeCache
	superseded superseded

	counters *counters
}

var (
	_ graph.Store     = (*Store)(nil)
	_ graph.Watermark = (*Store)(nil)
)

// counters are what Counters tells.
type counters struct{ statements, deadlocks, conflicts, waits atomic.Uint64 }

// Counters say what a store did since it was opened.
type Counters struct {
	Statements uint64 // sent
	Deadlocks  uint64 // transactions that were tried again after a deadlock
	Conflicts  uint64 // that were tried again after the violation of a constraint
	Waits      uint64 // that were tried again after the server did not answer
}

// Counters are for benches, tests and metrics.
func (s *Store) Counters() Counters {
	return Counters{s.counters.statements.Load(), s.counters.deadlocks.Load(), s.counters.conflicts.Load(), s.counters.waits.Load()}
}

// Open opens the graph in a database, and makes its schema where it is not
// there. The error is a *graph.Error: UNAVAILABLE where no server answers,
// UNAUTHORIZED for wrong credentials or missing rights, VERSION where the
// server or the graph's format is not one we know, INVALID for a database, or
// with ReadOnly a graph, that is not there.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	auth := neo4j.NoAuth()
	if o.Username != "" || o.Password != "" {
		auth = neo4j.BasicAuth(o.Username, o.Password, "")
	}
	s := &Store{o: o, keys: keysOf(o.Graph), counters: new(counters), bookmarks: neo4j.NewBookmarkManager(neo4j.BookmarkManagerConfig{})}
	var err error
	s.driver, err = neo4j.NewDriverWithContext(o.URI, auth, func(c *config.Config) {
		c.UserAgent = "blastradius"
		c.FetchSize = fetchSize
		c.SocketConnectTimeout = 10 * time.Second
		c.ConnectionAcquisitionTimeout = time.Minute
		c.MaxTransactionRetryTime = 0 // trying again is ours
		c.NotificationsMinSeverity = notifications.DisabledLevel
		c.TelemetryDisabled = true
	})
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "the address of Neo4j cannot be used", Hint: "neo4j://HOST:7687, or neo4j+s:// for TLS"}
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(s.explain("open the graph", err), s.driver.Close(ctx))
	}
	s.counters = new(counters) // two that make one schema at a time may wait for each other: not what a writer did
	return s, nil
}

// prepare checks the server, makes the schema and finds the graph.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.checkVersion(ctx); err != nil {
		return err
	}
	if err := s.makeSchema(ctx); err != nil {
		return err
	}
	text, params := cypherGraph, map[string]any{"graph": s.o.Graph}
	found := false
	read := func(row []any) error {
		found = true
		if format := row[1].(int64); format > formatVersion {
			return &graph.Error{Code: graph.CodeVersion, Message: fmt.Sprintf("the graph has format %d, this program knows up to %d", format, formatVersion),
				Hint: "use the version of blastradius that wrote it"}
		}
		s.number, s.uuid = row[0].(int64), row[2].(string)
		return nil
	}
	if err := s.query(ctx, text, params, read); err != nil || found {
		return err
	}
	if s.o.ReadOnly {
		return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("the database %s holds no graph %s of blastradius", s.o.Database, s.o.Graph),
			Hint: "blastradius ingest makes one"}
	}
	return s.retry(ctx, "make the graph", func(int) error {
		return s.query(ctx, cypherMakeGraph, map[string]any{"graph": s.o.Graph, "first": s.o.Graph == defaultGraph, "format": formatVersion}, read)
	})
}

// oldest is the first version that has all that the statements use.
const oldestMajor, oldestMinor = 5, 26

func (s *Store) checkVersion(ctx context.Context) error {
	product, version := "", ""
	if err := s.query(ctx, cypherComponents, nil, func(row []any) error {
		if row[0] == "Neo4j Kernel" {
			product, _ = row[0].(string)
			version, _ = row[1].(string)
		}
		return nil
	}); err != nil {
		return err
	}
	return supported(product, version)
}

// supported judges the version of a server: 5.26, or a calendar version.
func supported(product, version string) error {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	if product != "" && errA == nil && errB == nil && (a > oldestMajor || a == oldestMajor && b >= oldestMinor) {
		return nil
	}
	if version == "" {
		version = "of a kind we do not know"
	}
	return &graph.Error{Code: graph.CodeVersion, Message: "the server is " + version,
		Hint: fmt.Sprintf("Neo4j %d.%d or later is needed", oldestMajor, oldestMinor)}
}

// makeSchema makes what is missing of constraints and indexes.
func (s *Store) makeSchema(ctx context.Context) error {
	have := map[string]bool{}
	if err := s.query(ctx, cypherSchema, nil, func(row []any) error {
		for _, name := range row[0].([]any) {
			have[name.(string)] = true
		}
		return nil
	}); err != nil {
		return err
	}
	made := false
	for _, x := range schema() {
		if have[x.name] {
			continue
		}
		made = true
		if err := s.retry(ctx, "make the schema", func(int) error { return s.query(ctx, x.text, nil, nil) }); err != nil {
			return err
		}
	}
	if !made {
		return nil
	}
	return s.query(ctx, cypherAwait, nil, nil)
}

// session is one with the store's database; it is to be closed.
func (s *Store) session(ctx context.Context, mode neo4j.AccessMode) neo4j.SessionWithContext {
	return s.driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: mode, DatabaseName: s.o.Database, BookmarkManager: s.bookmarks, FetchSize: fetchSize})
}

// query runs one statement in a transaction of its own.
func (s *Store) query(ctx context.Context, text string, params map[string]any, each func([]any) error) error {
	session := s.session(ctx, neo4j.AccessModeWrite)
	defer session.Close(context.WithoutCancel(ctx))
	s.counters.statements.Add(1)
	res, err := session.Run(ctx, text, params)
	if err != nil {
		return err
	}
	return rows(ctx, res, each)
}

// rows hands each row of a result over; each may be nil. It ends the result.
func rows(ctx context.Context, res neo4j.ResultWithContext, each func([]any) error) error {
	for res.Next(ctx) {
		if each == nil {
			continue
		}
		if err := each(res.Record().Values); err != nil {
			_, _ = res.Consume(ctx)
			return err
		}
	}
	return res.Err()
}

// The waits between attempts grow from the first to the longest.
const (
	firstWait   = 20 * time.Millisecond
	longestWait = 5 * time.Second
)

// retry calls try until it succeeds, fails for good, or patience ends. The
// attempts are numbered from zero.
func (s *Store) retry(ctx context.Context, what string, try func(attempt int) error) error {
	began, wait := time.Now(), firstWait
	for attempt := 0; ; attempt++ {
		err := try(attempt)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		switch classify(err) {
		case fatal:
			return s.explain(what, err)
		case deadlock:
			s.counters.deadlocks.Add(1)
		case conflict:
			s.counters.conflicts.Add(1)
		case gone:
			s.counters.waits.Add(1)
		}
		if time.Since(began)+wait > s.o.Patience {
			return s.explain(what, err)
		}
		if s.o.Waiting != nil {
			s.o.Waiting(s.explain(what, err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, longestWait)
	}
}

// Watermark implements graph.Watermark.
func (s *Store) Watermark(ctx context.Context) (n uint64, err error) {
	err = s.read(ctx, cypherWatermark, map[string]any{"graph": s.o.Graph}, func(row []any) error {
		n = uint64(row[0].(int64))
		return nil
	})
	return n, err
}

// Close implements graph.Store.
func (s *Store) Close() error {
	if err := s.driver.Close(context.Background()); err != nil {
		return fmt.Errorf("close the graph: %w", err)
	}
	return nil
}
