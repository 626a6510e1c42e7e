package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
	"github.com/spf13/cobra"
)

// storeUse says what a command does with a store.
type storeUse int

const (
	readStore  storeUse = iota // it must exist and is not written to
	writeStore                 // it is made where it does not exist
	tendStore                  // it must exist
)

// openStore opens the store of --store. The caller closes it.
func (m *Main) openStore(cmd *cobra.Command, use storeUse) (graph.Store, error) {
	at, _ := cmd.Flags().GetString("store")
	if serverStore.MatchString(at) {
		return m.openNeo4j(cmd, at, use)
	}
	if strings.Contains(at, "://") {
		return nil, usage(cmd, "a directory, or neo4j://HOST:PORT, neo4j+s:// for TLS", "--store is no kind of address that we know")
	}
	if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
		return m.openSnapshot(cmd, at, use)
	}
	cache, _ := cmd.Flags().GetInt(cacheFlag) // zero, the default, where the command has no such flag
	return openDirectory(at, use, int64(cache)<<20)
}

// A server asks again and again: it keeps the hours that reach was asked about in
// memory. A day of 5 M edges a week takes 104 MB.
const (
	hotFlag   = "hot-window"
	servedHot = 256 // MiB
)

// A server keeps more of the store in memory than a command that asks once: on
// 5 M edge-hours, which take 400 MB, a question then costs half.
const (
	cacheFlag   = "cache"
	servedCache = 512 // MiB
)

// openDirectory opens the embedded store, with a cache of that many bytes.
func openDirectory(dir string, use storeUse, cache int64) (*pebble.Store, error) {
	if use != writeStore {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "there is no store at " + dir,
				Hint: "blastradius ingest PATH… makes one; --store or BLASTRADIUS_STORE says where"}
		}
		if err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "open store", Err: err}
		}
	}
	return pebble.Open(dir, pebble.Options{ReadOnly: use == readStore, CacheBytes: cache})
}

// explorer answers questions over a store; raw records come from the files they
// were read from. writing names files that are being written; it may be nil. hot
// is how many bytes its hot window may take. Over a snapshot whose signer is not
// known no file is opened: it would say which. The caller closes it.
func (m *Main) explorer(st graph.Store, writing func() []string, hot int64) *explore.Explorer {
	o := explore.Options{Writing: writing, HotWindow: hot, ReadRecord: func(ctx context.Context, source string, record uint32, evidence string) ([]byte, error) {
		open := func(name string) (io.ReadCloser, error) { return openSource(ctx, name) }
		return ingest.OpenRecord(ctx, source, formats(false), open, record, evidence)
	}}
	if s, ok := st.(*snapshotStore); ok {
		o.Holds = graph.Window(s.snapshot.Manifest.Holds)
		if !s.known {
			o.ReadRecord = nil
		}
	}
	return explore.New(st, o)
}

// worldPrefix stands before the names of the demo world's files.
const worldPrefix = "demo:"

// openSource opens a file by the name it was ingested under.
func openSource(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasPrefix(name, worldPrefix) {
		return feed.OpenFS(testdata.World, worldPrefix)(name)
	}
	if p := placeOf(name); p != nil && p.open != nil {
		return p.open(ctx, name)
	}
	return feed.OpenPath(name)
}
