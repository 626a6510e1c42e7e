package cloudtrail

import "github.com/blastradius/blastradius/ingest/jsonlog"

// walked are the members of an object as Each would find them; of another value
// than v it says nothing.
type walked struct {
	v       Value
	members []member
}

type member struct {
	key   string
	value Value
}

// of reports whether it has the members of v.
func (w *walked) of(v Value) bool {
	return len(v) > 0 && len(v) == len(w.v) && &v[0] == &w.v[0]
}

// scan is jsonlog.ValueAt, noting the members of an object that is well formed so far.
func (w *walked) scan(b []byte, i, room int) (Value, int, error) {
	w.v, w.members = nil, w.members[:0]
	if i >= len(b) || b[i] != '{' || room < 1 {
		return jsonlog.ValueAt(b, i, room)
	}
	at, done, err := jsonlog.First(b, i, '}')
	for !done && err == nil {
		var m member
		start := 0
		if m.key, start, err = jsonlog.Member(b, at); err != nil {
			break
		}
		if at, err = jsonlog.Skip(b, start, room-1); err != nil {
			break
		}
		m.value = b[start:at:at]
		w.members = append(w.members, m)
		if at+1 < len(b) && b[at] == ',' && b[at+1] > ' ' {
			at++
		} else {
			at, done, err = jsonlog.More(b, at, '}')
		}
	}
	if err != nil {
		return jsonlog.ValueAt(b, i, room)
	}
	w.v = b[i:at:at]
	return w.v, at, nil
}
