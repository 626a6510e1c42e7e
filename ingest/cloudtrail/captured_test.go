package cloudtrail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// captured reads every record of a folder of the captures, each file's in
// order, by encoding/json and the slow decoder.
func captured(t testing.TB, folder string) []*Record {
	t.Helper()
	root, err := filepath.Abs("../../../shared/data")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, folder)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the capture %s is not here", folder)
	}
	var out []*Record
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var list []json.RawMessage
		var file struct{ Records []json.RawMessage }
		if json.Unmarshal(b, &list) != nil {
			if err := json.Unmarshal(b, &file); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if list = file.Records; list == nil {
				list = []json.RawMessage{b}
			}
		}
		for _, raw := range list {
			if rec := decoded(t, raw); rec.EventName != "" {
				out = append(out, rec)
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("no record in %s", folder)
	}
	return out
}

func decoded(t testing.TB, raw []byte) *Record {
	t.Helper()
	var r Record
	var e envelope
	if err := decode(raw, false, &r, &e); err != nil {
		t.Fatalf("decode %.100s: %v", raw, err)
	}
	if at, err := time.Parse(time.RFC3339, strings.Trim(string(e.times[0]), `"`)); err == nil {
		r.Time = graph.TimeOf(at)
	}
	return &r
}

// record makes a record of an event from its JSON members beyond source, name,
// region and account.
func record(t testing.TB, source, name, members string) *Record {
	t.Helper()
	if members != "" {
		members = "," + members
	}
	return decoded(t, []byte(`{"eventSource":"`+source+`.amazonaws.com","eventName":"`+name+`","awsRegion":"eu-west-1","recipientAccountId":"111122223333"`+members+`}`))
}
