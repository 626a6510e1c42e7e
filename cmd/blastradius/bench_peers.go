package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
	"github.com/blastradius/blastradius/ingest/feed"
)

// benchPeers asks how many calls touched the busiest bucket in the last four
// hours: of a store that was loaded once, and of the same files by the tools
// one would reach for without it.
func benchPeers(ctx context.Context, o benchOptions, dir string, files []string, truth synth.Truth) ([]benchRow, error) {
	bucket := busiestBucket(truth)
	to := truth.Options.To
	from := to.Add(-4 * time.Hour)

	at, err := o.tempDir("store")
	if err != nil {
		return nil, err
	}
	store, err := pebble.Open(at, pebble.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if _, err := ingest.Run(ctx, store, feed.Directory(filepath.Join(dir, "AWSLogs")), []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{}); err != nil {
		return nil, err
	}
	ex := explore.New(store, explore.Options{})
	var ours []float64
	var calls int
	for range 20 {
		t := time.Now()
		got, err := ex.Touched(ctx, explore.TouchedQuery{Resources: []string{"arn:aws:s3:::" + bucket}, Who: explore.WhoAll, Match: graph.Derived, Probes: true,
			Window: graph.Window{From: graph.TimeOf(from), To: graph.TimeOf(to)}})
		if err != nil {
			return nil, err
		}
		ours = append(ours, time.Since(t).Seconds()*1000)
		calls = got.Total.Calls
	}

	var rows []benchRow
	glob := filepath.Join(dir, "*", "*", "*", "*", "*", "*", "*", "*.gz")
	for _, peer := range []struct {
		name string
		argv []string
	}{
		{"zcat | jq", []string{"sh", "-c", fmt.Sprintf(`cat "$@" | zcat | jq -r '.Records[] | select(.eventTime >= "%s" and .eventTime < "%s" and .eventSource == "s3.amazonaws.com" and .requestParameters.bucketName == "%s") | .sharedEventID // .eventID' | sort -u | wc -l`,
			from.Format(time.RFC3339), to.Format(time.RFC3339), bucket), "sh"}},
		{"DuckDB", duckdb(fmt.Sprintf(`SELECT count(DISTINCT coalesce(r.sharedEventID, r.eventID)) FROM (SELECT unnest("Records") AS r FROM read_json('%s', columns = {Records: 'STRUCT(eventTime VARCHAR, eventSource VARCHAR, eventID VARCHAR, sharedEventID VARCHAR, requestParameters STRUCT(bucketName VARCHAR))[]'}, maximum_object_size = 268435456)) WHERE r.eventTime >= '%s' AND r.eventTime < '%s' AND r.eventSource = 's3.amazonaws.com' AND r.requestParameters.bucketName = '%s'`,
			glob, from.Format(time.RFC3339), to.Format(time.RFC3339), bucket))},
	} {
		if peer.argv == nil {
			o.say("ingest: %s is not on this machine: its row is left out", peer.name)
			continue
		}
		if peer.name == "zcat | jq" {
			if _, err := exec.LookPath("jq"); err != nil {
				o.say("ingest: jq is not on this machine: its row is left out")
				continue
			}
			peer.argv = append(peer.argv, files...)
		}
		t := time.Now()
		cmd := exec.CommandContext(ctx, peer.argv[0], peer.argv[1:]...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		took := time.Since(t).Seconds() * 1000
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w: %s", peer.name, err, errs.String())
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil || n != calls {
			return nil, fmt.Errorf("calls on %s: %s says %q, the store %d", bucket, peer.name, strings.TrimSpace(string(out)), calls)
		}
		rows = append(rows, cost(fmt.Sprintf("one question, %d calls, ms", calls), took, median(ours), 0.1, peer.name+" over the gz"))
	}
	return rows, nil
}

func busiestBucket(truth synth.Truth) string {
	best, most := "", -1
	for r, by := range truth.Touched {
		name, ok := strings.CutPrefix(r, "arn:aws:s3:::")
		n := 0
		for _, t := range by {
			n += t.Calls
		}
		if ok && (n > most || n == most && name < best) {
			best, most = name, n
		}
	}
	return best
}

// duckdb is the command that runs a query and prints one number: the DuckDB
// shell, or its Python module, or nil.
func duckdb(query string) []string {
	const quiet = "SET enable_progress_bar = false" // it would stand between the figures
	if path, err := exec.LookPath("duckdb"); err == nil {
		return []string{path, "-noheader", "-list", "-c", quiet, "-c", query}
	}
	if path, err := exec.LookPath("python3"); err == nil && exec.Command(path, "-c", "import duckdb").Run() == nil {
		return []string{path, "-c", "import duckdb,sys; c = duckdb.connect(); c.execute(sys.argv[1]); print(c.execute(sys.argv[2]).fetchone()[0])", quiet, query}
	}
	return nil
}
