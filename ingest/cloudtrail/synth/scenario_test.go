package synth

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"
)

// Each scenario is the same for the same seed, has enough who touch and change
// the table on the day, and its files hold the deed at its time, by its keys.
func TestScenarios(t *testing.T) {
	for _, s := range Scenarios {
		for seed := range uint64(2) {
			files, truth, err := TellScenario(s, seed)
			if err != nil {
				t.Fatal(err)
			}
			if seed == 0 && s == Scenarios[0] {
				again, other, err := TellScenario(s, seed)
				if err != nil || !maps.EqualFunc(files, again, bytes.Equal) || truth.Deed != other.Deed {
					t.Errorf("%s: another estate the second time (%v)", s, err)
				}
			}
			if truth.Touching < 30 || truth.Changing < 3 {
				t.Errorf("%s %d: %d touch, %d change", s, seed, truth.Touching, truth.Changing)
			}
			records, found := 0, false
			for name, text := range files {
				var file struct {
					Records []struct {
						EventID, EventTime string
						UserIdentity       struct{ AccessKeyID string }
					}
				}
				if err := json.Unmarshal(text, &file); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				records += len(file.Records)
				for _, r := range file.Records {
					if r.EventID != truth.Deed {
						continue
					}
					at, err := time.Parse(time.RFC3339, r.EventTime)
					found = err == nil && at.Before(truth.At) && at.After(truth.At.Add(-4*time.Hour)) && slices.Contains(truth.Keys, r.UserIdentity.AccessKeyID)
				}
			}
			if nobody := s == DeployStorm; found == nobody || nobody != (len(truth.Keys) == 0) || records != truth.Records {
				t.Errorf("%s %d: %d of %d records, deed found: %t, %+v", s, seed, records, truth.Records, found, truth)
			}
		}
	}
	if _, _, err := TellScenario("no-such", 1); err == nil {
		t.Error("an unknown scenario was told")
	}
}
