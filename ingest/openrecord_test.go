package ingest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func TestOpenRecord(t *testing.T) {
	body := estate(1, 1, 20)["/logs/0000.gz"]
	big := append([]byte("lines\n{big - 1 k r a}\n"), bytes.Repeat(append(bytes.Repeat([]byte("skip "), 1<<18), '\n'), maxReread/(5<<18)+1)...)
	files := map[string][]byte{"a.gz": gz(t, body), "plain": body, "torn": gz(t, body)[:len(gz(t, body))-4], "big": big,
		"text": []byte("hello"), "empty": {}, "corrupt": {0x1f, 0x8b, 8, 0, 1}}
	open := func(name string) (io.ReadCloser, error) {
		b, ok := files[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return io.NopCloser(bytes.NewReader(b)), nil
	}
	for _, name := range []string{"a.gz", "plain", "torn"} {
		got, err := OpenRecord(t.Context(), name, formats, open, 0, "ev-0-0")
		if err != nil || string(got) != `{"evidence":"ev-0-0","sessionToken":"[redacted]"}` {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if got, err := OpenRecord(t.Context(), "big", formats, open, 0, "big"); err != nil || !strings.Contains(string(got), "big") {
		t.Errorf("big: %s, %v", got, err)
	}
	for _, name := range []string{"gone", "text", "empty", "corrupt"} {
		_, err := OpenRecord(t.Context(), name, formats, open, 3, "ev-0-3")
		if graph.Code(err) != graph.CodeSourceUnreachable || graph.Hint(err) == "" || !strings.Contains(err.Error(), "record 3 of "+name) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "gone" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("gone: the cause is lost: %v", err)
		}
	}
	if _, err := OpenRecord(t.Context(), "a.gz", formats, open, 0, "other"); graph.Code(err) != graph.CodeSourceUnreachable {
		t.Errorf("another record: %v", err)
	}
}
