package mototest

import (
	"context"
	"net/http"
	"testing"
)

// A server answers, and is gone once stopped.
func TestLaunch(t *testing.T) {
	Start(t) // skips or fails where there is none to be had
	endpoint, stop, err := Launch(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(endpoint + "/moto-api/data.json")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", res, err)
	}
	res.Body.Close()
	stop()
	if _, err := http.Get(endpoint); err == nil {
		t.Error("it answers after stop")
	}
}
