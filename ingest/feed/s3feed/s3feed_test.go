package s3feed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed/s3feed"
	"github.com/blastradius/blastradius/internal/awsconf"
	"github.com/blastradius/blastradius/internal/mototest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("github.com/blastradius/blastradius/internal/mototest.Launch.func2"))
}

// bucket is a bucket of the emulator with the files in it.
func bucket(t *testing.T, files map[string]string) string {
	t.Helper()
	return mototest.Bucket(t, mototest.Start(t), files)
}

func client(t *testing.T, endpoint string) *s3feed.Client {
	t.Helper()
	mototest.Environ(t, endpoint)
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s3feed.New(cfg)
}

func list(t *testing.T, c *s3feed.Client, url string, from, to time.Time) (names []string) {
	t.Helper()
	seq, err := c.List(t.Context(), url, from, to)
	if err != nil {
		t.Fatal(err)
	}
	for o := range seq {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		r, err := o.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil || int64(len(text)) != o.Size || o.Version == "" {
			t.Errorf("%s: size %d, read %d, version %q, %v", o.Name, o.Size, len(text), o.Version, err)
		}
		again, err := c.OpenName(t.Context(), o.Name)
		if err != nil {
			t.Fatal(err)
		}
		if more, err := io.ReadAll(again); err != nil || !bytes.Equal(text, more) {
			t.Errorf("%s by name: %q, %v", o.Name, more, err)
		}
		again.Close()
		names = append(names, strings.SplitN(o.Name, "/", 4)[3])
	}
	return names
}

func TestList(t *testing.T) {
	files := map[string]string{"AWSLogs/": "", "AWSLogs/o-1/111122223333/CloudTrail/": "", "readme with space+plus%2F": "x", "AWSLogs/o-1/stray": "s"}
	for _, account := range []string{"111122223333", "444455556666"} {
		for _, kind := range []string{"CloudTrail", "CloudTrail-Digest"} {
			for _, region := range []string{"eu-north-1", "us-east-1"} {
				for _, day := range []string{"2025/12/31", "2026/01/01", "2026/11/20", "2026/11/21", "2026/11/22", "2026/11/23", "2026/11/24"} {
					files[fmt.Sprintf("AWSLogs/o-1/%s/%s/%s/%s/x.json.gz", account, kind, region, day)] = account + day
				}
			}
		}
	}
	b := bucket(t, files)
	c := client(t, mototest.Start(t))
	delete(files, "AWSLogs/")
	delete(files, "AWSLogs/o-1/111122223333/CloudTrail/")
	all := slices.Sorted(maps.Keys(files))
	if got := list(t, c, "s3://"+b, time.Time{}, time.Time{}); !slices.Equal(got, all) {
		t.Errorf("all: got %q", got)
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	within := slices.DeleteFunc(slices.Clone(all), func(key string) bool {
		return strings.Contains(key, "/20") && !strings.Contains(key, "2026/11/21") && !strings.Contains(key, "2026/11/22") && !strings.Contains(key, "2026/11/23")
	})
	got := list(t, c, "s3://"+b, at(21, 23), at(22, 1))
	slices.Sort(got)
	if !slices.Equal(got, within) {
		t.Errorf("window: got %q\nwant %q", got, within)
	}
	if got := list(t, c, "s3://"+b+"/AWSLogs/o-1/444455556666/CloudTrail/us", at(22, 0), at(22, 1)); len(got) != 2 {
		t.Errorf("window under a prefix: %q", got)
	}
}

func TestErrors(t *testing.T) {
	b := bucket(t, map[string]string{"a": "a"})
	c := client(t, mototest.Start(t))
	for _, x := range []struct{ url, code string }{
		{"s3://", graph.CodeInvalid}, {"s3:///key", graph.CodeInvalid}, {"s3://Not_A_Bucket/x", graph.CodeInvalid}, {"https://b/k", graph.CodeInvalid},
		{"s3://" + mototest.Name(t, "none") + "/x", graph.CodeNotFound}, {"s3://" + b + "/nothing/here", graph.CodeNotFound},
	} {
		if _, err := c.List(t.Context(), x.url, time.Time{}, time.Time{}); graph.Code(err) != x.code || graph.Hint(err) == "" {
			t.Errorf("%s: %v (%s), hint %q", x.url, err, graph.Code(err), graph.Hint(err))
		}
	}
	if _, err := c.OpenName(t.Context(), "s3://"+b+"/gone"); graph.Code(err) != graph.CodeNotFound {
		t.Errorf("no such key: %v", err)
	}
	if _, err := c.OpenName(t.Context(), "/etc/passwd"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("foreign name: %v", err)
	}
	dead := client(t, "http://127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := dead.OpenName(ctx, "s3://"+b+"/a"); err == nil {
		t.Error("read from where nothing answers")
	}
}

// What faults break is read whole all the same, and nothing is read twice.
func TestFaults(t *testing.T) {
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprintf("k%02d", i)] = strings.Repeat(fmt.Sprint(i, " "), 20_000)
	}
	b := bucket(t, files)
	proxy := mototest.NewFaults(t, mototest.Start(t), 7, mototest.Fault{SlowDown: 0.1, Internal: 0.1, Reset: 0.1, Torn: 0.4})
	c := client(t, proxy.URL)
	seq, err := c.List(t.Context(), "s3://"+b, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for o := range seq {
		r, err := o.Open(t.Context())
		if err != nil {
			t.Fatal(o.Name, err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(text) != files[o.Name[len("s3://"+b+"/"):]] {
			t.Errorf("%s: read %d, %v", o.Name, len(text), err)
		}
		n++
	}
	did := proxy.Done()
	if n != len(files) || did.SlowDown == 0 || did.Internal == 0 || did.Reset == 0 || did.Torn < 10 {
		t.Errorf("%d files; faults %+v", n, did)
	}
}

// An object that changes while it is read is not pieced together from two.
func TestChangedObject(t *testing.T) {
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			return
		}
		if r.Header.Get("If-Match") != `"one"` || r.Header.Get("Range") != "bytes=4-" {
			t.Errorf("asked again with %v", r.Header)
		}
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = w.Write([]byte("<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>"))
	}))
	defer srv.Close()
	r, err := client(t, srv.URL).OpenName(t.Context(), "s3://bucket/key")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, err := io.ReadAll(r); err == nil || string(text) != "half" || n.Load() != 2 {
		t.Errorf("%q, %v, %d requests", text, err, n.Load())
	}
}

// A bucket in another region is asked there, and only there from then on.
func TestRegionIsFound(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		region := strings.Split(r.Header.Get("Authorization"), "/")[2]
		if asked = append(asked, region); region != "ap-south-1" {
			w.Header().Set("X-Amz-Bucket-Region", "ap-south-1")
			w.WriteHeader(http.StatusMovedPermanently)
			_, _ = w.Write([]byte("<Error><Code>PermanentRedirect</Code><Message>there</Message></Error>"))
			return
		}
		_, _ = w.Write([]byte("here"))
	}))
	defer srv.Close()
	c := client(t, srv.URL)
	for range 2 {
		r, err := c.OpenName(t.Context(), "s3://bucket/key")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); string(text) != "here" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		r.Close()
	}
	if !slices.Equal(asked, []string{"eu-north-1", "ap-south-1", "ap-south-1"}) {
		t.Errorf("asked in %v", asked)
	}
}

// Close ends a read that waits.
func TestCloseWhileReading(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer srv.Close()
	r, err := client(t, srv.URL).OpenName(t.Context(), "s3://bucket/key")
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { r.Close() })
	if _, err := io.ReadAll(r); err == nil {
		t.Error("read to an end that never came")
	}
}
