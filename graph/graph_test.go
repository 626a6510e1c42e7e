package graph

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawAttrs(t *rapid.T, label string) Attrs {
	var a Attrs
	for range rapid.IntRange(0, 8).Draw(t, label) {
		at := Time(rapid.Int64Range(1, 4).Draw(t, "at"))
		a = a.Merge(Attrs{{rapid.SampledFrom([]string{AttrName, AttrTool, "z"}).Draw(t, "name"),
			rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "value"), at, at}})
	}
	return a
}

// Merging attributes is commutative, associative and idempotent, so that the
// order of files never shows.
func TestAttrsMergeIsFreeOfOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawAttrs(t, "a"), drawAttrs(t, "b"), drawAttrs(t, "c")
		merge := func(x, y Attrs) Attrs { return slices.Clone(x).Merge(y) }
		if d := cmp.Diff(merge(a, b), merge(b, a)); d != "" {
			t.Fatalf("not commutative: %s", d)
		}
		if d := cmp.Diff(merge(merge(a, b), c), merge(a, merge(b, c))); d != "" {
			t.Fatalf("not associative: %s", d)
		}
		if d := cmp.Diff(merge(a, a), a); d != "" {
			t.Fatalf("not idempotent: %s", d)
		}
		if !slices.IsSortedFunc(merge(a, b), compareAttr) {
			t.Fatal("not sorted")
		}
	})
}

func TestRegisterKeepsTheLaterAndSetKeepsAll(t *testing.T) {
	var a Attrs
	a = a.Merge(Attrs{{AttrTool, "old", 1, 1}, {AttrTool, "new", 2, 2}, {AttrName, "x", 1, 1}, {AttrName, "y", 2, 2}, {AttrName, "x", 5, 5}})
	want := Attrs{{AttrName, "x", 1, 5}, {AttrName, "y", 2, 2}, {AttrTool, "new", 2, 2}}
	if d := cmp.Diff(want, a); d != "" {
		t.Error(d)
	}
	if got := a.Value(AttrName); got != "x" {
		t.Errorf("Value of a set is %q, want the last seen, x", got)
	}
}

func TestEnumsAreSpeltOnce(t *testing.T) {
	for i, row := range Kinds {
		if int(row.Kind) != i+1 {
			t.Errorf("row %d of Kinds is %v", i, row.Kind)
		}
		var k Kind
		if err := k.UnmarshalText([]byte(row.Name)); err != nil || k != row.Kind || k.String() != row.Name {
			t.Errorf("%s does not come back: %v %v", row.Name, k, err)
		}
	}
	for i, row := range EdgeKinds {
		if int(row.Kind) != i+1 {
			t.Errorf("row %d of EdgeKinds is %v", i, row.Kind)
		}
	}
	var o Outcome
	if err := o.UnmarshalText([]byte("nope")); Code(err) != CodeInvalid || Hint(err) == "" {
		t.Errorf("a wrong word gives %v", err)
	}
	if Failed.String() != "ERROR" || Probe.String() != "PROBE" || Control.String() != "CONTROL" || UnknownJoin.String() != "unknown" || KMS.String() != "kms" {
		t.Error("a list of words is shifted against its constants")
	}
}

func TestValid(t *testing.T) {
	e := Edge{First: 50, Last: 60, Marks: []Mark{{Kind: Began, At: 10}, {Kind: Began, At: 30}, {Kind: Ended, At: 20}, {Kind: Ended, At: 40}}}
	for _, c := range []struct {
		at   Time
		want Window
	}{{5, Window{10, 20}}, {15, Window{10, 20}}, {35, Window{30, 40}}, {99, Window{30, 40}}} {
		if w, known := e.Valid(c.at); w != c.want || !known {
			t.Errorf("Valid(%d) = %v %v, want %v", c.at, w, known, c.want)
		}
	}
	e.Marks = nil
	if w, known := e.Valid(55); w != (Window{50, 0}) || known {
		t.Errorf("without marks Valid = %v %v", w, known)
	}
}

func TestBuilderUnionsObservations(t *testing.T) {
	b := NewBuilder()
	src := b.Source(Source{Name: "f"})
	k := EventKey{From: b.Node("a", Credential, "t"), To: b.Node("b", Resource, "t"), Kind: Called, Outcome: OK, Label: b.Label(Label{Action: "s3:PutObject"})}
	b.Event(k, Observation{At: 5, Evidence: "e2", Source: Ref{src, 7}})
	b.Event(k, Observation{At: 5, Evidence: "e2", Source: Ref{src, 3}})
	b.Event(k, Observation{At: 4, Evidence: "e1", Source: Ref{src, 9}})
	got := b.Batch()
	if len(got.Events) != 1 {
		t.Fatalf("%d edges, want 1", len(got.Events))
	}
	o := got.Events[0].Observations
	if len(o) != 2 || o[0].Evidence != "e1" || o[1].Source.Record != 3 {
		t.Errorf("observations %+v", o)
	}
}

func TestParseARN(t *testing.T) {
	a, ok := ParseARN("arn:aws-cn:s3:::b/k:with:colons")
	if !ok || a.Partition != "aws-cn" || a.Resource != "b/k:with:colons" || a.String() != "arn:aws-cn:s3:::b/k:with:colons" {
		t.Errorf("%+v %v", a, ok)
	}
	for _, s := range []string{"", "arn:", "arn:aws:s3", "not:aws:s3:::b", "arn:aws:s3:::"} {
		if _, ok := ParseARN(s); ok {
			t.Errorf("%q is taken for an ARN", s)
		}
	}
}

func TestTokens(t *testing.T) {
	n := Node{ID: "arn:aws:s3:::Billing-exports", Attrs: Attrs{{AttrAlias, "old_Name", 1, 1}, {AttrTool, "hidden", 1, 1}}}
	want := []string{"arn", "aws", "billing", "exports", "name", "old", "s3"}
	if d := cmp.Diff(want, n.Tokens()); d != "" {
		t.Error(d)
	}
	if !MatchTokens(want, Tokens("bill EXP")) || MatchTokens(want, Tokens("bill xyz")) {
		t.Error("prefixes of all wanted tokens must match, others not")
	}
}
