package synth

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/testdata"
)

var update = flag.Bool("update", false, "rewrite testdata/world")

const worldDir = "../../../testdata/world"

// worldFiles are the files of testdata/world.
func worldFiles(t *testing.T, fsys fs.FS, root string) map[string][]byte {
	t.Helper()
	got := map[string][]byte{}
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		got[rel], err = fs.ReadFile(fsys, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWorldIsTestdata(t *testing.T) {
	want, err := World()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.RemoveAll(filepath.Join(worldDir, "cloudtrail")); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			p := filepath.Join(worldDir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return // the embedded copy is that of the build
	}
	got := worldFiles(t, testdata.World, "world")
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("testdata/world/%s is not what World writes (go test -run World -update)", name)
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("testdata/world/%s: World does not write it", name)
		}
	}
}

// worldRecords reads the trail files back, one map a record.
func worldRecords(t *testing.T) (records []map[string]any, lines []string) {
	t.Helper()
	files, err := World()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if !strings.Contains(name, "/CloudTrail/") {
			continue
		}
		var trail struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &trail); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, raw := range trail.Records {
			var r map[string]any
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			records, lines = append(records, r), append(lines, string(raw))
		}
	}
	return records, lines
}

func TestWorldRecords(t *testing.T) {
	records, lines := worldRecords(t)
	first := map[string]string{}
	twice, denied := 0, 0
	from, now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), testdata.Now
	for i, r := range records {
		id, _ := r["eventID"].(string)
		at, err := time.Parse(time.RFC3339, r["eventTime"].(string))
		if err != nil || at.Before(from) || !at.Before(now) {
			t.Errorf("%s at %v, outside the day", id, r["eventTime"])
		}
		if before, seen := first[id]; seen {
			twice++
			if before != lines[i] {
				t.Errorf("%s is there twice with different content", id)
			}
		}
		first[id] = lines[i]
		if code, _ := r["errorCode"].(string); strings.HasPrefix(code, "AccessDenied") {
			denied++
		}
		for _, field := range []string{"userIdentity", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "recipientAccountId", "eventType", "eventCategory"} {
			if r[field] == nil || r[field] == "" {
				t.Errorf("%s has no %s", id, field)
			}
		}
	}
	if n := len(first); n < 250 || n > 500 {
		t.Errorf("%d distinct records, want 250 to 500", n)
	}
	if twice < 30 || denied < 5 {
		t.Errorf("%d second copies and %d denials, want more", twice, denied)
	}
}

// TestWorldConstants holds the constants of testdata to the story.
func TestWorldConstants(t *testing.T) {
	w := &world{ids: IDs{Seed: "halden-freight"}, times: map[string]int{}}
	w.cast()
	p := w.who
	for _, c := range []struct{ name, got, want string }{
		{"FailedResource", testdata.FailedResource, w.ledgerARN()},
		{"Engineer", testdata.Engineer, p.mira.Name},
		{"EngineerRole", testdata.EngineerRole, p.mira.Role.ARN()},
		{"EngineerKey", testdata.EngineerKey, p.mira.Key},
		{"EngineerSession", testdata.EngineerSession, p.mira.ARN()},
		{"EngineerPrincipal", testdata.EngineerPrincipal, p.mira.Identity().PrincipalID},
		{"EngineerBegan", testdata.EngineerBegan, p.mira.Created.Format(time.RFC3339)},
		{"DeployPrincipal", testdata.DeployPrincipal, p.deploy.Identity().PrincipalID},
		{"DeployBegan", testdata.DeployBegan, p.deploy.Created.Format(time.RFC3339)},
		{"AgentTerminal", testdata.AgentTerminal, sidAgent},
		{"DeployRole", testdata.DeployRole, p.deploy.Role.ARN()},
		{"DeployKey", testdata.DeployKey, p.deploy.Key},
		{"ForwardedKey", testdata.ForwardedKey, p.forwarded},
		{"DecoyRole", testdata.DecoyRole, p.rehearsal.Role.ARN()},
		{"DecoyKey", testdata.DecoyKey, p.rehearsal.Key},
		{"LegacyUser", testdata.LegacyUser, p.legacy.ARN()},
		{"LegacyKey", testdata.LegacyKey, p.legacyOld},
		{"LegacySecondKey", testdata.LegacySecondKey, p.legacyNew},
		{"WriterRole", testdata.WriterRole, p.writer.ARN()},
		{"FirstStack", testdata.FirstStack, w.stackARN("first")},
		{"SecondStack", testdata.SecondStack, w.stackARN("second")},
		{"SecretMarker", testdata.SecretMarker, SecretMarker},
		{"Prod", testdata.Prod, prod}, {"Tooling", testdata.Tooling, tooling},
	} {
		if c.got != c.want {
			t.Errorf("testdata.%s = %q, the story says %q", c.name, c.got, c.want)
		}
	}
}
