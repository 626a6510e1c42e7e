package synth

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// World writes the demo world: the files of one day at the fictional company
// Halden Freight, by path below testdata/world. Its README tells the story,
// its truth.json who touched the table that failed. Every call returns the
// same bytes.
func World() (map[string][]byte, error) {
	w := &world{ids: IDs{Seed: "halden-freight"}, times: map[string]int{}, ledger: map[string]*ledgerRow{}}
	w.cast()
	w.morning()
	w.workloads()
	w.bystanders()
	w.incident()
	w.outage()
	w.services()
	if w.err != nil {
		return nil, w.err
	}
	files, err := w.files()
	if err != nil {
		return nil, err
	}
	if err := w.digest(files); err != nil {
		return nil, err
	}
	if files["truth.json"], err = w.truth(); err != nil {
		return nil, err
	}
	files["README.md"] = w.readme(len(files) - 1)
	files[clusterLog] = w.cluster()
	files["otlp/traces.jsonl"] = w.traces()
	files["github/audit.jsonl"] = w.forge()
	if w.err != nil {
		return nil, w.err
	}
	dumps, err := w.inventory()
	if err != nil {
		return nil, err
	}
	maps.Copy(files, dumps)
	return files, nil
}

// The places of the world.
const (
	prod    = "111122223333"
	tooling = "444455556666"
	north   = "eu-north-1"
	global  = "us-east-1" // where IAM and global sign-in events are logged
	day     = "2026-11-22T"

	ledgerTable  = "billing-ledger"
	exportBucket = "billing-exports"
	trailBucket  = "halden-cloudtrail-logs"
)

type world struct {
	ids     IDs
	today   string // the day that is told, up to the T; empty: the world's
	entries []entry
	times   map[string]int // how often a call was made, to tell equal ones apart
	ledger  map[string]*ledgerRow
	who     people
	err     error
}

// entry is a record and when it was delivered.
type entry struct {
	rec       Record
	at        time.Time
	delivered time.Time
}

// clock reads a time of the world's day, as "13:41:38".
func (w *world) clock(hms string) time.Time {
	t, err := time.Parse(time.RFC3339, cmp.Or(w.today, day)+hms+"Z")
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("parse time %q: %w", hms, err))
	}
	return t
}

// add writes the call down and returns its record. Account and region are by
// default production's.
func (w *world) add(hms string, by Caller, c Call) *Record {
	c.At, c.By = w.clock(hms), by
	if c.Region == "" {
		c.Region = north
	}
	if c.Account == "" {
		c.Account = prod
	}
	key := fmt.Sprint(hms, c.Account, c.Service, c.Name, by.Identity.PrincipalID, by.Identity.InvokedBy, by.Agent)
	w.times[key]++
	w.entries = append(w.entries, entry{rec: c.Record(w.ids, w.times[key]), at: c.At, delivered: c.At.Add(4 * time.Minute)})
	r := &w.entries[len(w.entries)-1].rec
	w.noteLedger(*r)
	return r
}

// deliverLate moves the delivery of the entry written last.
func (w *world) deliverLate(hms string) {
	w.entries[len(w.entries)-1].delivered = w.clock(hms)
}

// fileName is the path of a trail file whose delivery ended at t; salt tells
// apart the trails that write to the same place.
func (w *world) fileName(account, region string, t time.Time, salt string) string {
	stamp := t.Format("20060102T1504Z")
	return path.Join("cloudtrail/AWSLogs", account, "CloudTrail", region, t.Format("2006/01/02"),
		fmt.Sprintf("%s_CloudTrail_%s_%s_%s.json", account, region, stamp, w.ids.letters(alnum, 16, []string{"file", account, region, stamp, salt})))
}

// files lays the entries out as the trails deliver them: one file for each
// half hour (the last one cut short), account and region, one record a line. Every third file is not
// in order of time. A second trail delivers the management events of
// production's home region again from 12:30 on, except while it was stopped.
func (w *world) files() (map[string][]byte, error) {
	lines := map[string][]entry{}
	for _, e := range w.entries {
		end := e.delivered.Truncate(30 * time.Minute).Add(30 * time.Minute)
		if now := w.clock("14:00:00"); end.After(now) {
			end = now.Add(5 * time.Minute)
		}
		name := w.fileName(e.rec.RecipientAccountID, e.rec.AWSRegion, end, "organisation trail")
		lines[name] = append(lines[name], e)
		second := e.rec.RecipientAccountID == prod && e.rec.AWSRegion == north && e.rec.ManagementEvent && e.rec.EventType != "AwsMcpEvent"
		stopped := !e.at.Before(w.clock("12:41:10")) && e.at.Before(w.clock("12:45:10"))
		if second && !stopped && end.After(w.clock("12:30:00")) {
			name := w.fileName(prod, north, end, "second trail")
			lines[name] = append(lines[name], e)
		}
	}
	return lay(lines)
}

// lay writes trail files, by name.
func lay(lines map[string][]entry) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, entries := range lines {
		unsorted := sha256.Sum256([]byte(name))[0]%3 == 0
		slices.SortStableFunc(entries, func(a, b entry) int {
			if unsorted {
				return strings.Compare(a.rec.EventID, b.rec.EventID)
			}
			return a.at.Compare(b.at)
		})
		var b bytes.Buffer
		b.WriteString("{\"Records\":[\n")
		for i, e := range entries {
			text, err := marshal(e.rec)
			if err != nil {
				return nil, fmt.Errorf("write record %s: %w", e.rec.EventID, err)
			}
			b.Write(text)
			if i < len(entries)-1 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
		}
		b.WriteString("]}\n")
		files[name] = b.Bytes()
	}
	return files, nil
}

// digest adds the digest file that CloudTrail wrote for production's home
// region over the last full hour: it names the files the trails delivered,
// with their hashes.
func (w *world) digest(files map[string][]byte) error {
	from, to := w.clock("13:00:00"), w.clock("14:00:00")
	var listed []Object
	for _, name := range slices.Sorted(mapKeys(files)) {
		var trail struct {
			Records []struct{ EventTime time.Time }
		}
		if err := json.Unmarshal(files[name], &trail); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		dir := "/" + prod + "/CloudTrail/" + north + "/"
		stamp := strings.Split(path.Base(name), "_")
		end, err := time.Parse("20060102T1504Z", stamp[3])
		if err != nil {
			return fmt.Errorf("read file time: %w", err)
		}
		if !strings.Contains(name, dir) || !end.After(from) || end.After(to) {
			continue
		}
		oldest, newest := trail.Records[0].EventTime, trail.Records[0].EventTime
		for _, r := range trail.Records {
			if r.EventTime.Before(oldest) {
				oldest = r.EventTime
			}
			if r.EventTime.After(newest) {
				newest = r.EventTime
			}
		}
		sum := sha256.Sum256(files[name])
		listed = append(listed, Object{"s3Bucket", trailBucket, "s3Object", strings.TrimPrefix(name, "cloudtrail/"),
			"hashValue", hex.EncodeToString(sum[:]), "hashAlgorithm", "SHA-256",
			"newestEventTime", newest.Format(time.RFC3339), "oldestEventTime", oldest.Format(time.RFC3339)})
	}
	object := func(t time.Time) string {
		return path.Join("AWSLogs", prod, "CloudTrail-Digest", north, t.Format("2006/01/02"),
			fmt.Sprintf("%s_CloudTrail-Digest_%s_halden-organisation_%s_%s.json", prod, north, north, t.Format("20060102T150405Z")))
	}
	text, err := marshal(Object{"awsAccountId", prod, "digestStartTime", from.Format(time.RFC3339), "digestEndTime", to.Format(time.RFC3339),
		"digestS3Bucket", trailBucket, "digestS3Object", object(to), "digestPublicKeyFingerprint", w.ids.Hex(32, "digest key"),
		"digestSignatureAlgorithm", "SHA256withRSA", "newestEventTime", to.Format(time.RFC3339), "oldestEventTime", from.Format(time.RFC3339),
		"previousDigestS3Bucket", trailBucket, "previousDigestS3Object", object(from),
		"previousDigestHashValue", w.ids.Hex(64, "previous digest"), "previousDigestHashAlgorithm", "SHA-256",
		"previousDigestSignature", w.ids.Hex(64, "previous signature"), "logFiles", listed})
	if err != nil {
		return fmt.Errorf("write digest: %w", err)
	}
	files["cloudtrail/"+object(to)] = append(text, '\n')
	return nil
}
