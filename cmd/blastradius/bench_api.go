package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
)

// benchQuestion is the headline question as a dashboard asks it.
const benchQuestion = `query($r: [String!]!, $from: Time!, $to: Time!) {
  touched(resources: $r, window: {from: $from, to: $to}, who: ALL) {
    total { identities calls } identities { identity { id } total }
  }
}`

func benchAPI(ctx context.Context, o benchOptions) ([]benchRow, error) {
	e := newBenchEdges(o.seed, o.edges)
	dir, err := o.tempDir("api")
	if err != nil {
		return nil, err
	}
	store, err := openDirectory(dir, writeStore, servedCache<<20)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := e.apply(ctx, store); err != nil {
		return nil, err
	}
	array := newSortedArray(e)

	mux := http.NewServeMux()
	mux.Handle("/graphql", api.NewHandler(api.Options{Explorer: explore.New(store, explore.Options{}), Now: time.Now}))
	reply := bytes.Repeat([]byte{'x'}, 8700)
	mux.HandleFunc("/bare", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(reply)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	url := "http://" + listener.Addr().String()

	post := func(path string, body []byte) ([]byte, time.Duration, error) {
		t := time.Now()
		resp, err := http.Post(url+path, "application/json", bytes.NewReader(body))
		if err != nil {
			return nil, 0, err
		}
		defer resp.Body.Close()
		out, err := io.ReadAll(resp.Body)
		return out, time.Since(t), err
	}
	r := rand.New(rand.NewPCG(o.seed, 2))
	var ours, bare []time.Duration
	for range o.questions / 4 {
		to := e.rows[r.IntN(len(e.rows))].to
		end := e.firstHour.Start() + graph.Time(r.Int64N(int64(benchHours)*graph.HourMillis)/1000*1000)
		w := graph.Window{From: end.Add(-4 * time.Hour), To: end}
		body, err := json.Marshal(map[string]any{"query": benchQuestion, "variables": map[string]any{
			"r": []graph.ID{e.to[to]}, "from": w.From.String(), "to": w.To.String()}})
		if err != nil {
			return nil, err
		}
		out, took, err := post("/graphql", body)
		if err != nil {
			return nil, err
		}
		ours = append(ours, took)
		var got struct {
			Data struct {
				Touched struct{ Total struct{ Calls int } }
			}
			Errors []any
		}
		var want benchAnswer
		array.touched(to, w, want.add)
		if err := json.Unmarshal(out, &got); err != nil || len(got.Errors) > 0 || got.Data.Touched.Total.Calls != want.calls {
			return nil, fmt.Errorf("touched %s in %v: %d calls wanted, the API says %.500s (%v)", e.to[to], w, want.calls, out, err)
		}
		if _, took, err = post("/bare", body); err != nil {
			return nil, err
		}
		bare = append(bare, took)
	}
	return []benchRow{cost(fmt.Sprintf("touched over HTTP and GraphQL, %d edge-hours, p50 µs", len(e.rows)),
		quantile(bare, 0.5), quantile(ours, 0.5), 10, "a bare HTTP round trip")}, nil
}
