package cloudtrail

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestKnownIdentities holds what is remembered to scanIdentity, of identities that
// begin alike, more than are remembered, and of texts that are cut or malformed.
func TestKnownIdentities(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	table := newIdentities()
	for range 60_000 {
		n, m := rng.IntN(300), rng.IntN(2*maxOthers)
		if rng.IntN(2) == 0 {
			n += rng.IntN(2 * maxIdentities)
		}
		text := fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROA%d:s","accessKeyId":"ASIA%d","sessionContext":{"sessionIssuer":{},"attributes":{"mfaAuthenticated":"%v"}},"invokedBy":"%d"}`, n, n, m%2 == 1, m/2)
		switch rng.IntN(20) {
		case 0:
			text = text[:rng.IntN(len(text))]
		case 1:
			text = text[:len(text)-1] + "]"
		case 2:
			text = `{"a":1 2}`
		}
		b := []byte("..." + text + `,"eventTime":"}"`)
		var want, got UserIdentity
		end, err := scanIdentity(b, 3, 5, &want)
		at, why := table.scan(b, 3, 5, &got)
		got.known = nil
		if at != end || why != err || err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %d %v %+v, want %d %v %+v", text, at, why, got, end, err, want)
		}
		for i := range b {
			b[i] = 'x' // what is remembered owns its memory
		}
		if table.n > maxIdentities {
			t.Fatalf("%d remembered", table.n)
		}
	}
}
