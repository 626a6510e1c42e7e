package synth

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var smallEstate = Options{Seed: 7, Events: 4000, Roles: 40, Resources: 40, PerFile: 300,
	From: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 3, 6, 30, 0, 0, time.UTC)}

// estateFiles reads what was generated, by path, unzipped.
func estateFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".gz") {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		files[rel], err = io.ReadAll(z)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestGenerateIsDeterministic(t *testing.T) {
	var first map[string][]byte
	var truths [2]Truth
	for i := range truths {
		dir := t.TempDir()
		var err error
		if truths[i], err = Generate(context.Background(), dir, smallEstate); err != nil {
			t.Fatal(err)
		}
		files := estateFiles(t, dir)
		if i == 0 {
			first = files
		} else if d := cmp.Diff(len(first), len(files)); d != "" {
			t.Fatal(d)
		}
		for name, text := range files {
			if !bytes.Equal(first[name], text) {
				t.Fatalf("%s differs between two runs", name)
			}
		}
	}
	if d := cmp.Diff(truths[0], truths[1]); d != "" {
		t.Errorf("truth differs between two runs:\n%s", d)
	}
	other := smallEstate
	other.Seed = 8
	dir := t.TempDir()
	if _, err := Generate(context.Background(), dir, other); err != nil {
		t.Fatal(err)
	}
	for name, text := range estateFiles(t, dir) {
		if bytes.Equal(first[name], text) {
			t.Errorf("%s is the same under another seed", name)
		}
	}
}

// plain is the part of a record that the recount below reads.
type plain struct {
	EventID, SharedEventID, EventSource, EventName, ErrorCode, ErrorMessage string
	EventTime                                                               time.Time
	UserIdentity                                                            struct {
		Type, ARN, AccessKeyID, InvokedBy, UserName string
		SessionContext                              struct{ SessionIssuer struct{ ARN string } }
	}
	RequestParameters, ResponseElements map[string]any
	Resources                           []struct{ Type, ARN string }
	RecipientAccountID, AWSRegion       string
}

// target is the resource of the record as a reader of the log would say, and
// whether the log names it itself.
func (r plain) target() (arn string, declared bool) {
	if n := len(r.Resources); n > 0 {
		return r.Resources[n-1].ARN, true // the bucket stands after its object
	}
	if _, rest, ok := strings.Cut(r.ErrorMessage, " on resource: "); ok {
		arn, _, _ := strings.Cut(rest, " because")
		arn = strings.Trim(arn, `"`)
		if name, ok := strings.CutPrefix(arn, "role "); ok {
			return "arn:aws:iam::" + r.RecipientAccountID + ":role/" + name, false
		}
		if strings.HasPrefix(arn, "arn:aws:s3:::") {
			arn, _, _ = strings.Cut(arn, "/")
		}
		return arn, false
	}
	items := func(m map[string]any, set, field string) string {
		s, _ := m[set].(map[string]any)
		list, _ := s["items"].([]any)
		one, _ := list[0].(map[string]any)
		id, _ := one[field].(string)
		return "arn:aws:ec2:" + r.AWSRegion + ":" + r.RecipientAccountID + ":instance/" + id
	}
	switch r.EventName {
	case "GetSecretValue":
		arn, _ = r.RequestParameters["secretId"].(string)
	case "GetRole":
		name, _ := r.RequestParameters["roleName"].(string)
		arn = "arn:aws:iam::" + r.RecipientAccountID + ":role/" + name
	case "StopInstances", "StartInstances":
		arn = items(r.RequestParameters, "instancesSet", "instanceId")
	case "CreateTags":
		arn = items(r.RequestParameters, "resourcesSet", "resourceId")
	case "RunInstances":
		arn = items(r.ResponseElements, "instancesSet", "instanceId")
	}
	return arn, false
}

func (r plain) by() string {
	u := r.UserIdentity
	switch {
	case u.SessionContext.SessionIssuer.ARN != "":
		return u.SessionContext.SessionIssuer.ARN
	case u.Type == "AWSService":
		return u.InvokedBy
	case u.Type == "WebIdentityUser":
		return u.UserName
	}
	return u.ARN
}

// TestTruth counts a small estate again, with encoding/json and nothing else,
// and compares with what the generator said it did.
func TestTruth(t *testing.T) {
	dir := t.TempDir()
	truth, err := Generate(context.Background(), dir, smallEstate)
	if err != nil {
		t.Fatal(err)
	}
	got := Truth{Options: truth.Options, Actions: map[string]int{}, Touched: map[string][]Touch{}, Keys: map[string]Issue{}}
	seen := map[string]string{}
	inFile := map[string]string{}
	pairs := map[string]bool{}
	touches := map[[2]string]*Touch{}
	used := map[string]int{}
	unsorted, twoAccounts := 0, 0
	for name, text := range estateFiles(t, dir) {
		got.Files++
		var file struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var before time.Time
		ordered := true
		for _, raw := range file.Records {
			var r plain
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, raw)
			}
			got.Records++
			got.Bytes += int64(len(raw))
			ordered = ordered && !r.EventTime.Before(before)
			before = r.EventTime
			if r.EventTime.Before(truth.Options.From) || !r.EventTime.Before(truth.Options.To) {
				t.Fatalf("%s at %v lies outside the window", r.EventID, r.EventTime)
			}
			if one, ok := seen[r.EventID]; ok {
				got.Duplicates++
				if one != string(raw) || inFile[r.EventID] == name {
					t.Fatalf("%s: second copy differs or is in the same file", r.EventID)
				}
				continue
			}
			seen[r.EventID], inFile[r.EventID] = string(raw), name
			got.Events++
			if r.UserIdentity.Type == "AWSAccount" { // the second account's copy
				twoAccounts++
				if r.SharedEventID == "" {
					t.Fatalf("%s: no sharedEventID", r.EventID)
				}
				pairs[r.SharedEventID] = true
				continue
			}
			got.Calls++
			switch {
			case strings.HasPrefix(r.ErrorCode, "AccessDenied"), r.ErrorCode == "Client.UnauthorizedOperation":
				got.Denied++
			case r.ErrorCode == "ProvisionedThroughputExceededException":
				got.Throttled++
			case r.ErrorCode != "":
				got.Faults++
			}
			service := strings.TrimSuffix(r.EventSource, ".amazonaws.com")
			got.Actions[service+":"+r.EventName]++
			used[r.UserIdentity.AccessKeyID]++
			if c, ok := r.ResponseElements["credentials"].(map[string]any); ok {
				issuer := r.UserIdentity.AccessKeyID
				if issuer == "" {
					issuer = r.by()
				}
				got.Keys[c["accessKeyId"].(string)] = Issue{Role: r.RequestParameters["roleArn"].(string), Session: r.RequestParameters["roleSessionName"].(string),
					Issuer: issuer, At: r.EventTime, Event: r.EventID}
			}
			arn, declared := r.target()
			if arn == "" {
				continue
			}
			key := [2]string{arn, r.by()}
			o := touches[key]
			if o == nil {
				o = &Touch{By: r.by(), First: r.EventTime, Last: r.EventTime}
				touches[key] = o
			}
			o.Calls++
			if strings.HasPrefix(r.ErrorCode, "AccessDenied") || r.ErrorCode == "Client.UnauthorizedOperation" {
				o.Denied++
			}
			if declared {
				o.Declared++
			}
			if r.EventTime.Before(o.First) {
				o.First = r.EventTime
			}
			if r.EventTime.After(o.Last) {
				o.Last = r.EventTime
			}
		}
		if !ordered {
			unsorted++
		}
	}
	for k, issue := range got.Keys {
		issue.Calls = used[k]
		got.Keys[k] = issue
	}
	for key, o := range touches {
		got.Touched[key[0]] = append(got.Touched[key[0]], *o)
	}
	byName := cmp.Transformer("by", func(list []Touch) map[string]Touch {
		m := map[string]Touch{}
		for _, o := range list {
			m[o.By] = o
		}
		return m
	})
	if d := cmp.Diff(truth, got, byName); d != "" {
		t.Errorf("truth and files differ (-truth +files):\n%.4000s", d)
	}
	if unsorted == 0 || unsorted == got.Files {
		t.Errorf("%d of %d files out of order, want some", unsorted, got.Files)
	}
	if twoAccounts == 0 || len(pairs) != twoAccounts {
		t.Errorf("%d second accounts' copies, %d shared ids", twoAccounts, len(pairs))
	}
	if got.Denied == 0 || got.Throttled == 0 || got.Duplicates == 0 {
		t.Errorf("denied %d, throttled %d, duplicates %d: want some of each", got.Denied, got.Throttled, got.Duplicates)
	}
	chained := 0
	for _, issue := range truth.Keys {
		if _, ok := truth.Keys[issue.Issuer]; ok {
			chained++
		}
	}
	if chained == 0 {
		t.Error("no key was issued by another temporary key")
	}
	var beside Truth
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &beside); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(truth, beside); d != "" {
		t.Errorf("truth.json differs from the answer:\n%.2000s", d)
	}
}

func TestGenerateShares(t *testing.T) {
	o := smallEstate
	o.Chains, o.DupRate, o.Disorder, o.DenyRate = -1, -1, -1, -1
	truth, err := Generate(context.Background(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	if truth.Denied+truth.Duplicates != 0 || truth.Events != truth.Calls || truth.Records != truth.Events {
		t.Errorf("without denials, duplicates and chains: %d denied, %d twice, %d events, %d calls", truth.Denied, truth.Duplicates, truth.Events, truth.Calls)
	}
	for k, issue := range truth.Keys {
		if _, ok := truth.Keys[issue.Issuer]; ok {
			t.Errorf("%s was issued by a temporary key", k)
		}
	}
}

func TestGenerateStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Generate(ctx, t.TempDir(), smallEstate); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	for _, bad := range []func(*Options){
		func(o *Options) { o.From = time.Time{} },
		func(o *Options) { o.To = o.From },
		func(o *Options) { o.Roles = 1 },
		func(o *Options) { o.DupRate = 2 },
		func(o *Options) { o.Level = 99 },
	} {
		o := smallEstate
		bad(&o)
		if _, err := Generate(context.Background(), t.TempDir(), o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	o := Options{Events: 500_000, From: smallEstate.From, To: smallEstate.To}
	var truth Truth
	for b.Loop() {
		var err error
		if truth, err = Generate(context.Background(), b.TempDir(), o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(truth.Events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(truth.Bytes)/float64(truth.Records), "B/event")
}
