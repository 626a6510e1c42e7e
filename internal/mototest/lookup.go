package mototest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// LookupEvent is one event as LookupEvents has it.
type LookupEvent struct {
	At   time.Time
	ID   string
	Text string // of the record
}

// Lookup answers LookupEvents, which moto lacks, as the API reference documents
// it: the events of a region between two seconds, both included, latest first,
// at most 50 and a token for the others, which is good only with the same
// parameters. It refuses what is faster than two requests a second. All other
// requests go to Else.
type Lookup struct {
	T      testing.TB
	Events map[string][]LookupEvent              // by region
	Now    func(region string) time.Time         // the clock that the rate is checked by; nil where it is not
	Trip   func(n int) (status int, kind string) // what else goes wrong with the n-th request; may be nil
	Asked  int                                   // requests so far
	Else   http.Handler                          // nil: there must be none

	mu   sync.Mutex
	last map[string]time.Time
}

func (s *Lookup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	region := strings.Split(r.Header.Get("Authorization"), "/")[2]
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
		if s.Else == nil {
			s.T.Errorf("asked for %q", r.Header.Get("X-Amz-Target"))
			return
		}
		s.Else.ServeHTTP(w, r)
		return
	}
	fail := func(status int, kind string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, kind)
	}
	s.Asked++
	if s.Now != nil {
		now := s.Now(region)
		if since := now.Sub(s.last[region]); since < time.Second/2 {
			s.T.Errorf("%s is asked again after %s", region, since)
			fail(400, "ThrottlingException")
			return
		}
		if s.last == nil {
			s.last = map[string]time.Time{}
		}
		s.last[region] = now
	}
	if s.Trip != nil {
		if status, kind := s.Trip(s.Asked); status != 0 {
			fail(status, kind)
			return
		}
	}
	var in struct {
		StartTime, EndTime float64
		MaxResults         int
		NextToken          string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.MaxResults < 1 || in.MaxResults > 50 {
		s.T.Errorf("request %+v, %v", in, err)
	}
	var found []LookupEvent
	for _, e := range s.Events[region] {
		if at := float64(e.At.Unix()); at >= in.StartTime && at <= in.EndTime {
			found = append(found, e)
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].At.After(found[j].At) })
	same := fmt.Sprintf("%v-%v-", in.StartTime, in.EndTime)
	skip := 0
	if in.NextToken != "" {
		rest, ok := strings.CutPrefix(in.NextToken, same)
		if skip, _ = strconv.Atoi(rest); !ok {
			fail(400, "InvalidNextTokenException")
			return
		}
	}
	found = found[skip:]
	out := map[string]any{}
	if len(found) > in.MaxResults {
		found = found[:in.MaxResults]
		out["NextToken"] = same + strconv.Itoa(skip+len(found))
	}
	list := []map[string]any{}
	for _, e := range found {
		list = append(list, map[string]any{"EventId": e.ID, "EventTime": float64(e.At.Unix()), "CloudTrailEvent": e.Text})
	}
	out["Events"] = list
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}
