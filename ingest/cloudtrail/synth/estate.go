package synth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options say what estate Generate writes. The same options give the same
// files, byte for byte.
type Options struct {
	Seed     uint64    `json:"seed"`     // Default: 1
	Events   int       `json:"events"`   // distinct event ids; the last call may add one or two. Default: 100,000
	From     time.Time `json:"from"`     // first second of the estate, UTC. Required
	To       time.Time `json:"to"`       // end, exclusive. Required
	Accounts int       `json:"accounts"` // Default: 4
	Roles    int       `json:"roles"`    // roles of all accounts together. Default: 80
	Users    int       `json:"users"`    // IAM users with an old access key. Default: 1 for 20 roles, at least 1
	// Resources of each kind (buckets, tables, keys, functions, instances,
	// secrets) in all accounts together. Default: 400
	Resources int `json:"resources"`
	// Chains is the share of the roles that another role assumes, in its own
	// account or another, up to three in a row. Default: 0.25; below zero: none
	Chains float64 `json:"chains"`
	// DupRate is the share of records a second trail delivers again, byte for
	// byte, in another file. Default: 0.05; below zero: none
	DupRate float64 `json:"dupRate"`
	// Disorder is the share of files that are out of order; they also leave a
	// few records to the file after. Default: 0.33; below zero: none
	Disorder float64 `json:"disorder"`
	// DenyRate is the share of denied calls. Default: 0.03; below zero: none
	DenyRate float64 `json:"denyRate"`
	PerFile  int     `json:"perFile"` // records a file. Default: 2,000
	Level    int     `json:"level"`   // of gzip, 1 to 9. Default: 1
}

func (o Options) withDefaults() Options {
	for _, f := range []struct {
		field *int
		is    int
	}{{&o.Events, 100_000}, {&o.Accounts, 4}, {&o.Roles, 80}, {&o.Resources, 400}, {&o.PerFile, 2000}, {&o.Level, 1}} {
		if *f.field == 0 {
			*f.field = f.is
		}
	}
	for _, f := range []struct {
		field *float64
		is    float64
	}{{&o.Chains, 0.25}, {&o.DupRate, 0.05}, {&o.Disorder, 0.33}, {&o.DenyRate, 0.03}} {
		switch {
		case *f.field == 0:
			*f.field = f.is
		case *f.field < 0:
			*f.field = 0
		}
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Users == 0 {
		o.Users = max(1, o.Roles/20)
	}
	o.From, o.To = o.From.UTC().Truncate(time.Second), o.To.UTC().Truncate(time.Second)
	return o
}

// Validate says what is wrong with the options, their defaults filled in.
func (o Options) Validate() error {
	o = o.withDefaults()
	switch {
	case o.From.IsZero() || !o.To.After(o.From):
		return fmt.Errorf("validate options: window %s to %s holds no second", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	case o.Events < 0 || o.Accounts < 1 || o.Accounts > 9999 || o.Users < 0 || o.PerFile < 1:
		return fmt.Errorf("validate options: events %d, accounts %d, users %d, per file %d: out of range", o.Events, o.Accounts, o.Users, o.PerFile)
	case o.Roles < o.Accounts || o.Resources < o.Accounts:
		return fmt.Errorf("validate options: %d roles and %d resources for %d accounts, each needs one", o.Roles, o.Resources, o.Accounts)
	case o.DupRate > 1 || o.Disorder > 1 || o.DenyRate > 1 || o.Chains > 1:
		return fmt.Errorf("validate options: a share above 1")
	case o.Level < 1 || o.Level > 9:
		return fmt.Errorf("validate options: gzip level %d, not 1 to 9", o.Level)
	}
	return nil
}

// Truth is what the generator decided, kept while it wrote and never read
// back from the files. It lies beside them as truth.json.
type Truth struct {
	Options    Options `json:"options"` // with the defaults filled in
	Files      int     `json:"files"`
	Bytes      int64   `json:"bytes"`      // of JSON, before gzip
	Records    int     `json:"records"`    // in all files, second copies included
	Events     int     `json:"events"`     // distinct event ids
	Calls      int     `json:"calls"`      // distinct calls: a call two accounts logged is one
	Duplicates int     `json:"duplicates"` // records beyond the first with their event id
	Denied     int     `json:"denied"`     // distinct calls by how they ended; the rest succeeded
	Throttled  int     `json:"throttled"`
	Faults     int     `json:"faults"`
	// Actions counts distinct calls by IAM action and event name, as
	// "s3:GetObject"; Lambda's API versions are cut off.
	Actions map[string]int `json:"actions"`
	// Touched lists for each resource who called it as the primary target,
	// busiest first. Objects count for their bucket; account-wide calls
	// (DescribeInstances, ListRoles) are not here.
	Touched map[string][]Touch `json:"touched"`
	// Keys holds every temporary key that was issued.
	Keys map[string]Issue `json:"keys"`
}

// Touch is what one identity did to one resource, in distinct calls.
type Touch struct {
	By       string    `json:"by"`       // ARN of the role or user; an AWS service's or web identity's own name
	Calls    int       `json:"calls"`    // all of them
	Denied   int       `json:"denied"`   // of these, denied
	Declared int       `json:"declared"` // of these, with the resource in the record's resources field
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// Issue is how a temporary key came to be. Following Issuer from key to key
// leads to the origin: a long-lived key, or what is no key at all.
type Issue struct {
	Role    string    `json:"role"`    // ARN whose permissions the key carries
	Session string    `json:"session"` // the session's name
	Issuer  string    `json:"issuer"`  // key of the caller of AssumeRole; else the AWS service or web identity
	At      time.Time `json:"at"`
	Event   string    `json:"event"` // event id of the issuing call; of the caller's copy where two accounts logged it
	Calls   int       `json:"calls"` // distinct calls made with the key
}

// Generate writes a synthetic estate below dir, in the layout of a trail's
// bucket (AWSLogs/…), and its truth as truth.json. It stops early, with the
// context's error, when ctx is done.
func Generate(ctx context.Context, dir string, o Options) (Truth, error) {
	if err := o.Validate(); err != nil {
		return Truth{}, err
	}
	g := newEstate(dir, o.withDefaults())
	if err := g.run(ctx); err != nil {
		return Truth{}, fmt.Errorf("generate estate: %w", err)
	}
	truth := g.truthOf()
	text, err := json.Marshal(truth)
	if err != nil {
		return Truth{}, fmt.Errorf("write truth: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), append(text, '\n'), 0o644); err != nil {
		return Truth{}, fmt.Errorf("write truth: %w", err)
	}
	return truth, nil
}

// run writes the calls in order of time, spread over the days as people and
// their systems are awake.
func (g *estate) run(ctx context.Context) error {
	minutes := int(g.o.To.Sub(g.o.From)+time.Minute-1) / int(time.Minute)
	weights := make([]float64, minutes)
	total := 0.0
	for m := range weights {
		weights[m] = activity(g.o.From.Add(time.Duration(m) * time.Minute))
		total += weights[m]
	}
	sum := 0.0
	for m, w := range weights {
		sum += w
		due := int(float64(g.o.Events)*sum/total + 0.5)
		n := due - g.truth.Events
		start := g.o.From.Add(time.Duration(m) * time.Minute)
		width := min(60, int(g.o.To.Sub(start).Seconds()))
		for i := 0; g.truth.Events < due; i++ {
			g.at(start.Add(time.Duration(min(i*width/max(n, 1), width-1)) * time.Second))
			g.step()
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), g.files.close())
		case <-g.files.fail:
			return g.files.close()
		default:
		}
	}
	g.flushAll()
	return g.files.close()
}

// activity is how busy the minute is: a day's bow with its top at 13:00 UTC
// over a floor that never sleeps, less on Saturdays and Sundays.
func activity(t time.Time) float64 {
	h := float64(t.Hour()) + float64(t.Minute())/60
	w := 0.35
	if h > 6 && h < 20 {
		w += 0.65 * (1 - (h-13)*(h-13)/49)
	}
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		w *= 0.6
	}
	return w
}
