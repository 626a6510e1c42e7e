package cloudtrail

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestKeyOrder holds what is read by habit to what is read without: of records
// whose keys come in changing orders, repeat, carry spaces and escapes, are more
// than are remembered, and break off.
func TestKeyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	names := []string{`"eventName"`, `"eventSource"`, `"awsRegion"`, `"userAgent"`, `"resources"`, `"requestParameters"`, `"responseElements"`,
		`"tlsDetails"`, `"eventVersion"`, `"event\u004eame"`, `"a\":1,\"b"`, `"x\\"`, `"é"`, `"readOnly"`, `"eventName" `, `"recipientAccountId"`}
	values := []string{`"a"`, `"a\u00e9"`, `""`, `null`, `1`, `12`, `true`, `{}`, `{"a":"b"}`, `{"a":"b","c":{"d":[1,"}"]}}`, `{"a":"b"`, `[{"ARN":"arn:x","accountId":"1"}]`,
		`[{"accountId":"1","type":"t","ARN":"arn:y"},{"type":"t"},"arn:z"]`, `{"arn":"arn:b","accountId":"2"}`, strings.Repeat(`[`, 99), `{"a" 1}`}
	known := newHabits(newIdentities())
	for n := range 40_000 {
		var b strings.Builder
		b.WriteString("{")
		for i := range rng.IntN(8) {
			name := names[rng.IntN(len(names))]
			if n > 20_000 && rng.IntN(4) == 0 {
				name = fmt.Sprintf(`"k%d"`, rng.IntN(2*maxKeys))
			}
			b.WriteString(strings.Repeat(",", min(i, 1)) + strings.Repeat(" ", rng.IntN(8)/7) + name + ":" + strings.Repeat("\n", rng.IntN(8)/7) + values[rng.IntN(len(values))])
		}
		text := b.String() + "}"
		if rng.IntN(10) == 0 {
			text = text[:1+rng.IntN(len(text))]
		}
		want, got := Record{}, Record{habits: known}
		var wantEnv, gotEnv envelope
		end, err := scan([]byte(text), 0, &want, &wantEnv)
		at, why := scan([]byte(text), 0, &got, &gotEnv)
		if at != end || why != err || err == nil && (!equal([]Record{got}, []Record{want}) || !reflect.DeepEqual(gotEnv, wantEnv)) {
			t.Fatalf("%s: %d %v\n%+v\nwant %d %v\n%+v", text, at, why, got, end, err, want)
		}
		if err != nil {
			continue
		}
		if want.Request.IsObject() != want.request.of(want.Request) && want.Request.IsObject() && strings.Count(text, `{"a" 1}`) == 0 {
			t.Fatalf("members of %s were not noted", want.Request)
		}
		i := 0
		want.Request.Each(func(k string, v Value) bool {
			if want.request.of(want.Request) && (want.request.members[i].key != k || string(want.request.members[i].value) != string(v)) {
				t.Fatalf("%s: member %d is %q", want.Request, i, want.request.members[i].key)
			}
			i++
			return true
		})
	}
	if len(known.record.known) > maxKeys {
		t.Errorf("%d keys remembered", len(known.record.known))
	}
}
