package jsonlog

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
)

func TestValueText(t *testing.T) {
	for _, c := range []struct {
		v         string
		str, text string
	}{
		{``, "", ""}, {`null`, "", ""}, {`true`, "", "true"}, {`-1.5e3`, "", "-1.5e3"}, {`{"a":1}`, "", ""}, {`[1]`, "", ""},
		{`""`, "", ""}, {`"a"`, "a", "a"}, {`"a\"b\\\/\b\f\n\r\t"`, "a\"b\\/\b\f\n\r\t", "a\"b\\/\b\f\n\r\t"},
		{`"\u00e9\u20ac"`, "é€", "é€"}, {`"é"`, "é", "é"}, {`"\ud83d\ude00"`, "😀", "😀"},
		{`"\ud83d"`, "\ufffd", "\ufffd"}, {`"\ud83dx\ude00"`, "\ufffdx\ufffd", "\ufffdx\ufffd"}, {`"\ud83d\u0041"`, "\ufffdA", "\ufffdA"},
		{"\"a\xff\xfeb\"", "a\ufffd\ufffdb", "a\ufffd\ufffdb"}, {"\"\\n\xff\"", "\n\ufffd", "\n\ufffd"},
		{`"`, "", ""}, {`"\u12"`, "\ufffd", "\ufffd"}, {`"\`, "", ""},
	} {
		v := Value(c.v)
		if v.Str() != c.str || v.Text() != c.text {
			t.Errorf("%s: Str %q, Text %q, want %q, %q", c.v, v.Str(), v.Text(), c.str, c.text)
		}
	}
}

func TestValueMembers(t *testing.T) {
	v := Value(`{ "a" : 1 , "b":{"c":["x",{"d":"y"}],"Key":"k"},"n":null,"a":"last","e\u0041":true,"s":"}]\"" }`)
	for _, c := range []struct{ path, want string }{
		{"a", `"last"`}, {"b.c", `["x",{"d":"y"}]`}, {"n", `null`}, {"eA", `true`}, {"s", `"}]\""`}, {"none", ``}, {"a.x", ``}, {"b.Key", `"k"`},
	} {
		if got := v.At(strings.Split(c.path, ".")...); string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
	if got := v.Get("b").Fold("KEY").Str(); got != "k" {
		t.Errorf("Fold: %q", got)
	}
	if !v.Get("n").Null() || !v.Get("none").Null() || v.Get("a").Null() || !v.IsObject() || !v.At("b", "c").IsArray() || !v.Get("a").IsString() {
		t.Error("kinds")
	}
	var keys []string
	v.Each(func(k string, _ Value) bool { keys = append(keys, k); return len(keys) < 3 })
	if !reflect.DeepEqual(keys, []string{"a", "b", "n"}) {
		t.Errorf("Each stops: %q", keys)
	}
	var all []string
	if !v.Strings(func(s string) bool { all = append(all, s); return true }) || !reflect.DeepEqual(all, []string{"x", "y", "k", "last", `}]"`}) {
		t.Errorf("Strings: %q", all)
	}
	if v.Strings(func(string) bool { return false }) {
		t.Error("Strings does not stop")
	}
}

func TestValueItems(t *testing.T) {
	for text, want := range map[string][]string{
		`[]`: nil, `null`: nil, ``: nil, `[ 1 , "a,]" , {"b":[2]} ]`: {`1`, `"a,]"`, `{"b":[2]}`}, `{"a":1}`: {`{"a":1}`}, `"x"`: {`"x"`}, `[1`: nil, `[1,2`: {`1`}, `[1 2]`: {`1`},
	} {
		var got []string
		Value(text).Items(func(e Value) bool { got = append(got, string(e)); return true })
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// A value of any depth is walked in time linear in its length, and recursion
// through Each and Items goes no deeper than a record may be.
func TestValueDeep(t *testing.T) {
	n := 1 << 20
	v := Value(strings.Repeat("[", n) + `"x"` + strings.Repeat("]", n))
	found := 0
	v.Strings(func(s string) bool { found++; return s == "x" })
	depth := 0
	var walk func(v Value, at int)
	walk = func(v Value, at int) {
		depth = max(depth, at)
		if v.IsArray() {
			v.Items(func(e Value) bool { walk(e, at+1); return true })
		}
	}
	walk(v, 0)
	if found != 1 || depth > MaxDepth {
		t.Errorf("%d strings, walked %d deep", found, depth)
	}
}

func TestTimeOf(t *testing.T) {
	want := graph.TimeOf(time.Date(2023, 7, 10, 12, 24, 29, 0, time.UTC))
	for _, s := range []string{
		`"2023-07-10T12:24:29Z"`, `"2023-07-10T12:24:29"`, `"2023-07-10T12:24:29.000Z"`, `"2023-07-10T14:24:29+02:00"`, `"2023-07-10T14:24:29+0200"`,
		`"2023-07-10 12:24:29"`, `"2023-07-10 12:24:29.000000000"`, `"2023-07-10 22:24:29+10:00"`, `"2023-07-10 12:24:29 UTC"`,
		`"Jul 10, 2023 12:24:29 PM"`, `"Jul 10, 2023, 12:24:29 PM"`, `1688991869`, `1688991869000`, `"1688991869000"`, `1.688991869E9`, `1688991869.0`,
	} {
		if got, ok := TimeOf(Value(s)); !ok || got != want {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for text, ms := range map[string]graph.Time{".123456Z": 123, ".1Z": 100, ".02Z": 20, ".999999999Z": 999, ".9999999999Z": 999, ".000Z": 0, ".5+00:00": 500} {
		if got, ok := TimeOf(Value(`"2023-07-10T12:24:29` + text + `"`)); !ok || got != want+ms {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, s := range []string{``, `null`, `""`, `"soon"`, `"2023-02-30T00:00:00Z"`, `"2023-13-01T00:00:00Z"`, `"2023-01-01T24:00:00Z"`, `"1969-12-31T23:59:59Z"`,
		`"1970-01-01T00:00:00Z"`, `"9999-01-01T00:00:00Z"`, `-1`, `0`, `1e300`, `"NaN"`, `"Inf"`, `true`, `{}`, `"2023-0a-01T00:00:00Z"`, `"2023-01-01T00:00:00.Z"`, `"2023-01-01T00:00:00.1aZ"`, `"2023-02-30T00:00:00.1Z"`} {
		if got, ok := TimeOf(Value(s)); ok {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// The time read by hand is time.Parse's, for every day of the years it reads.
func TestClock(t *testing.T) {
	for at := time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC); at.Year() < 2262; at = at.Add(23*time.Hour + 59*time.Minute + 59*time.Second) {
		text := at.Format("2006-01-02T15:04:05Z")
		if got, ok := clock((*[20]byte)([]byte(text))); !ok || got != graph.TimeOf(at) {
			t.Fatalf("%s: %v %v", text, got, ok)
		}
	}
	for year := 2023; year <= 2024; year++ {
		for month := range 14 {
			for day := range 33 {
				b := [20]byte([]byte("2000-00-00T00:00:00Z"))
				for i, n := range []int{year / 10 % 10, year % 10, month / 10, month % 10, day / 10, day % 10} {
					b[[]int{2, 3, 5, 6, 8, 9}[i]] = '0' + byte(n)
				}
				want, err := time.Parse("2006-01-02T15:04:05Z", string(b[:]))
				if got, ok := clock(&b); ok != (err == nil) || ok && got != graph.TimeOf(want) {
					t.Errorf("%s: %v %v, %v", b, got, ok, err)
				}
			}
		}
	}
}

func TestQuoted(t *testing.T) {
	for n := range 20 {
		pad := strings.Repeat("a", n)
		for _, c := range []struct {
			rest string
			end  int // after the padding
			odd  bool
			err  error
		}{
			{`"`, 1, false, nil}, {`","x`, 1, false, nil}, {`\""`, 3, true, nil}, {`\\"`, 3, true, nil}, {`é"`, 3, true, nil}, {"\x1f\"", 0, false, ErrSyntax},
			{"\x7f\"", 2, false, nil}, {`!#[]" `, 5, false, nil}, {``, 0, false, ErrCut}, {`\`, 1, true, ErrCut}, {`\"`, 2, true, ErrCut},
		} {
			end, odd, err := Quoted([]byte(`"`+pad+c.rest), 0)
			if end != 1+n+c.end || odd != c.odd || err != c.err {
				t.Errorf("%d+%q: %d %v %v", n, c.rest, end-1-n, odd, err)
			}
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{recordA, recordB, `[1,[2,{"a":"b\u00e9"}]]`, `{"a":1,"a":2}`, `"\ud800"`, `{"a":`, `[,]`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := Value(b)
		_ = v.Str() + v.Text()
		count := 0
		v.Strings(func(string) bool { count++; return true })
		members := map[string]Value{}
		v.Each(func(k string, m Value) bool { members[k] = m; return true })
		v.Items(func(Value) bool { return true })
		for k, m := range members {
			if got := v.Get(k); string(got) != string(m) {
				t.Errorf("Get(%q) %q, Each %q", k, got, m)
			}
			if v.Fold(k) == nil {
				t.Errorf("Fold(%q) finds nothing", k)
			}
		}
		var tree any
		if json.Unmarshal(b, &tree) != nil || CheckDepth(b) != nil || len(b) == 0 || b[0] <= ' ' || b[len(b)-1] <= ' ' {
			return
		}
		if s, ok := tree.(string); ok && v.Str() != s {
			t.Errorf("Str %q, want %q", v.Str(), s)
		}
		if o, ok := tree.(map[string]any); ok && len(o) != len(members) {
			t.Errorf("%d members, want %d", len(members), len(o))
		}
	})
}
