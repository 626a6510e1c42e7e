package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/snapshot"
	"github.com/spf13/cobra"
)

// snapshot is the command that takes, opens and proves snapshots.
func (m *Main) snapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "One signed file with a window's graph, which answers as the store does",
		Long: `A snapshot is one file with what the questions about a window need: graph, ledger,
queries and engine version, chained by hashes and signed. Any command asks it with
--store FILE, and serve serves it; the clock stands at the end of its window.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, "create, open or verify", "snapshot does not know %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(m.snapshotCreate(), m.snapshotOpen(), m.snapshotVerify())
	return cmd
}

func (m *Main) snapshotCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create FILE",
		Short: "Take a snapshot of a window",
		Long: `create reads what the questions about a window need, and --before ahead of it for what
is usual, and writes it to a new file, signed with the key in --key. --ask keeps the
queries of JSON that blastradius printed (an answer, a runbook's result, a report), and
the hash of their answers; verify asks them again.`,
		Example: "  blastradius snapshot create incident.brsnap --last 4h --key incident.key --new-key",
		Args:    exactly(1, "one FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return m.createSnapshot(cmd, args[0]) },
	}
	addWindowFlags(cmd)
	f := cmd.Flags()
	f.String("before", "30d", "`span` before the window that is held too: what is usual is told by it")
	f.String("key", "", "`file` with the Ed25519 key that signs (PKCS #8, PEM)")
	f.Bool("new-key", false, "make the key; its file must not exist")
	f.StringArray("ask", nil, "`file` of JSON with queries to keep; may be given again")
	return cmd
}

func (m *Main) createSnapshot(cmd *cobra.Command, path string) error {
	if server, _ := cmd.Flags().GetString("server"); server != "" {
		return usage(cmd, "give --store", "a snapshot is taken of a store, not of a server")
	}
	window, err := m.absoluteWindow(cmd, defaultLast)
	if err != nil {
		return err
	}
	text, _ := cmd.Flags().GetString("before")
	before, err := explore.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("--before: %w", err)
	}
	key, err := m.signingKey(cmd)
	if err != nil {
		return err
	}
	queries, err := keptQueries(cmd, window)
	if err != nil {
		return err
	}
	st, err := m.openStore(cmd, readStore)
	if err != nil {
		return err
	}
	defer st.Close()
	s, err := snapshot.Take(cmd.Context(), st, snapshot.Options{Window: window, Before: before, Engine: buildVersion(), Taken: m.Now(), Queries: queries})
	if err != nil {
		return err
	}
	opened, err := replay(cmd.Context(), s)
	if err != nil {
		return err
	}
	defer opened.Close()
	if s.Origin.Answers, err = m.answerHashes(cmd.Context(), opened); err != nil {
		return err
	}
	hash, err := writeSnapshot(path, s, key)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "content %s\nkey     %s\n", hash, snapshot.PublicText(key.Public().(ed25519.PublicKey)))
	m.tellSnapshot(s, path)
	return nil
}

// signingKey reads the key of --key, or makes it.
func (m *Main) signingKey(cmd *cobra.Command) (ed25519.PrivateKey, error) {
	path, _ := cmd.Flags().GetString("key")
	fresh, _ := cmd.Flags().GetBool("new-key")
	if path == "" {
		return nil, usage(cmd, "--key FILE; with --new-key it is made", "a snapshot needs a key that signs it")
	}
	if !fresh {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read key", Err: err, Hint: "--new-key makes it"}
		}
		return snapshot.ParseKey(text)
	}
	key, text, err := snapshot.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "there is a file " + path + " already", Hint: "leave --new-key out to sign with it"}
	} else if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "make key", Err: err}
	}
	_, err = f.Write(text)
	return key, errors.Join(err, f.Close())
}

// writeSnapshot writes to a new file, which is there whole or not at all.
func writeSnapshot(path string, s *snapshot.Snapshot, key ed25519.PrivateKey) (hash string, err error) {
	if _, err := os.Lstat(path); err == nil {
		return "", &graph.Error{Code: graph.CodeInvalid, Message: "there is a file " + path + " already", Hint: "a snapshot is never overwritten"}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".brsnap-")
	if err != nil {
		return "", &graph.Error{Code: graph.CodeInvalid, Message: "write snapshot", Err: err}
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	hash, err = s.Write(f, key)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write snapshot: %w", err)
	}
	return hash, os.Rename(f.Name(), path)
}

// tellSnapshot says on stderr what a snapshot holds.
func (m *Main) tellSnapshot(s *snapshot.Snapshot, path string) {
	calls := 0
	for _, e := range s.Events {
		calls += len(e.Observations)
	}
	size := int64(0)
	if info, err := os.Stat(path); err == nil {
		size = info.Size()
	}
	fmt.Fprintf(m.Stderr, "window %s to %s, with calls from %s to %s\n", s.Manifest.Window.From, s.Manifest.Window.To, s.Manifest.Holds.From, s.Manifest.Holds.To)
	fmt.Fprintf(m.Stderr, "%s, %s of %s, %s, %s, %s; %d bytes\n", count(len(s.Nodes), "node"), count(len(s.Events), "event edge"), count(calls, "observation"),
		count(len(s.Standing), "standing fact"), count(len(s.Ledger), "ledger entry"), count(len(s.Queries), "kept query"), size)
	fmt.Fprintf(m.Stderr, "taken %s by %s\n", s.Origin.Taken, printable(s.Origin.Engine))
}

// keptQueries are what a snapshot keeps: what it covers, and what --ask names.
func keptQueries(cmd *cobra.Command, w graph.Window) ([]snapshot.Query, error) {
	vars, err := json.Marshal(map[string]any{"window": map[string]any{"from": w.From, "to": w.To}})
	if err != nil {
		return nil, err
	}
	out := []snapshot.Query{{Document: api.Document("coverage"), Variables: vars}}
	files, _ := cmd.Flags().GetStringArray("ask")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read queries", Err: err}
		}
		type query struct {
			Query     string          `json:"query"`
			Variables json.RawMessage `json:"variables"`
		}
		var in struct {
			query
			Answers []query `json:"answers"`
			Queries []query `json:"queries"`
		}
		if err := json.Unmarshal(text, &in); err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read queries of " + path, Err: err}
		}
		n := len(out)
		for _, q := range append(append(in.Answers, in.Queries...), in.query) {
			if q.Query == "" {
				continue
			}
			var b bytes.Buffer
			if json.Compact(&b, q.Variables) != nil {
				b.WriteString("{}")
			}
			out = append(out, snapshot.Query{Document: q.Query, Variables: b.Bytes()})
		}
		if len(out) == n {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: path + " holds no query", Hint: "JSON that a question, a runbook or a report printed"}
		}
	}
	return out, nil
}

// answerHashes asks the kept queries of an opened snapshot.
func (m *Main) answerHashes(ctx context.Context, st *snapshotStore) ([]string, error) {
	o := api.Options{Explorer: m.explorer(st, nil, 0), Now: m.clock(st)}
	out := []string{}
	for i, q := range st.snapshot.Queries {
		var vars map[string]any
		dec := json.NewDecoder(bytes.NewReader(q.Variables))
		dec.UseNumber()
		if err := dec.Decode(&vars); err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("kept query %d", i+1), Err: err}
		}
		data, err := api.Execute(ctx, o, q.Document, vars)
		if err != nil && len(data) == 0 {
			data = []byte(graph.Code(err)) // that there is no answer is one
		}
		sum := sha256.Sum256(data)
		out = append(out, hex.EncodeToString(sum[:]))
	}
	return out, nil
}

func (m *Main) snapshotVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Prove that a snapshot is whole, whose it is, and that it answers as it did",
		Long: `verify holds every block against its hash, the signature against the key, and asks the
kept queries again. Exit codes: 0 proven; 3 whole, but without --snapshot-key nobody says
whose key it is, or this build answers in other words than the one that took it; 2 not
what was signed.`,
		Args: exactly(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := readSnapshot(args[0])
			if err != nil {
				return err
			}
			known, _ := cmd.Flags().GetString("snapshot-key")
			if known != "" {
				if err := signedBy(s, known); err != nil {
					return err
				}
			}
			opened, err := replay(cmd.Context(), s)
			if err != nil {
				return err
			}
			defer opened.Close()
			answers, err := m.answerHashes(cmd.Context(), opened)
			if err != nil {
				return err
			}
			fmt.Fprintf(m.Stdout, "content %s\nkey     %s\n", s.Hash, snapshot.PublicText(s.Key))
			m.tellSnapshot(s, args[0])
			var left error
			if known == "" {
				fmt.Fprintln(m.Stderr, "note: nobody says whose key this is; give the one that you know as --snapshot-key")
				left = status(exitIncomplete)
			}
			for i, a := range answers {
				if i >= len(s.Origin.Answers) || a != s.Origin.Answers[i] {
					fmt.Fprintf(m.Stderr, "note: kept query %d has another answer here; it was taken by %s, this is %s\n", i+1, printable(s.Origin.Engine), buildVersion())
					left = status(exitIncomplete)
				}
			}
			return left
		},
	}
	return cmd
}

func (m *Main) snapshotOpen() *cobra.Command {
	var o serverOptions
	cmd := &cobra.Command{
		Use:   "open FILE",
		Short: "Serve a snapshot: the page and the API, as of then",
		Args:  exactly(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			st, err := m.openSnapshot(cmd, args[0], readStore)
			if err != nil {
				return err
			}
			defer st.Close()
			m.tellSnapshot(st.snapshot, args[0])
			o.Store, o.Explorer = st, m.explorer(st, nil, 0)
			return m.serveStore(cmd, o)
		},
	}
	serverFlags(cmd, &o)
	return cmd
}
