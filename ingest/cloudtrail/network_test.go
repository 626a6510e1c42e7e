package cloudtrail

import (
	"github.com/blastradius/blastradius/ingest"
	"slices"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77":                   "203.0.113.0/24",
		"10.1.2.3":                       "10.1.2.0/24",
		"::ffff:203.0.113.77":            "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6":           "2001:db8:1::/48",
		"fe80::1%eth0":                   "fe80::/48",
		"":                               "",
		"cloudformation.amazonaws.com":   "",
		"AWS Internal":                   "",
		"HIDDEN_DUE_TO_SECURITY_REASONS": "",
		"127.0.0.1":                      "",
		"::":                             "",
		"203.0.113":                      "",
		"203.0.113.77, 10.0.0.1":         "",
		"dynamodb.application-autoscaling.\u00e9": "",
	} {
		if got := ingest.NetworkOf(address); got != want {
			t.Errorf("NetworkOf(%q) = %q, want %q", address, got, want)
		}
	}
}

// What acted gets the networks it came from, with first and last sight; a
// service that calls for it shows none.
func TestNetworks(t *testing.T) {
	from := func(ip, at string) string {
		return ann + "," + describe + `,"sourceIPAddress":"` + ip + `","eventTime":"2026-11-22T` + at + `Z"`
	}
	s, _ := ingested(t, New(Options{}).Parser(), 0, []byte(wholeRecord(0, from("203.0.113.7", "10:00:02"))+"\n"+wholeRecord(1, from("203.0.113.9", "10:00:01"))+"\n"+
		wholeRecord(2, from("198.51.100.1", "10:00:05"))+"\n"+wholeRecord(3, from("203.0.113.7", "10:00:09"))+"\n"+wholeRecord(4, from("cloudformation.amazonaws.com", "10:00:10"))))
	var got []string
	for n, err := range s.Nodes(t.Context(), graph.Selector{IDs: []graph.ID{"aws:key:AKIAANN"}}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range n.Attrs {
			if a.Name == graph.AttrNetwork {
				got = append(got, a.Value+" "+a.First.String()[11:19]+" "+a.Last.String()[11:19])
			}
		}
	}
	want := []string{"198.51.100.0/24 10:00:05 10:00:05", "203.0.113.0/24 10:00:01 10:00:09"}
	if !slices.Equal(got, want) {
		t.Errorf("networks %v, want %v", got, want)
	}
}
