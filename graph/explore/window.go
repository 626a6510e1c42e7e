package explore

import (
	"fmt"
	"strconv"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// DefaultLast is the length of a window that was not said.
const DefaultLast = 4 * time.Hour

// WindowInput is a window as people say it: either Last up to Until, or From
// and To. Empty means DefaultLast up to now.
type WindowInput struct {
	Last  string // 30m, 4h, 7d, 2w
	Until graph.Time
	From  graph.Time
	To    graph.Time
}

// ResolveWindow is the window that spec means at the time now. From alone runs
// to now; To alone is open at its start. The error has code INVALID.
func ResolveWindow(spec WindowInput, now graph.Time) (graph.Window, error) {
	bad := func(hint, format string, args ...any) (graph.Window, error) {
		return graph.Window{}, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	span := spec.From != 0 || spec.To != 0
	switch {
	case span && (spec.Last != "" || spec.Until != 0):
		return bad("give last (with until), or from and to", "a window is said in one way only")
	case span:
		w := graph.Window{From: spec.From, To: spec.To}
		if w.To == 0 {
			w.To = now
		}
		if w.To <= w.From {
			return bad("from must lie before to", "the window %s is empty", w)
		}
		return w, nil
	}
	last := DefaultLast
	if spec.Last != "" {
		var err error
		if last, err = ParseDuration(spec.Last); err != nil {
			return graph.Window{}, err
		}
	}
	to := now
	if spec.Until != 0 {
		to = spec.Until
	}
	return graph.Window{From: max(to.Add(-last), 1), To: to}, nil
}

// ParseDuration reads a positive length of time: what time.ParseDuration takes,
// or a whole number of days (7d) or weeks (2w). The error has code INVALID.
func ParseDuration(s string) (time.Duration, error) {
	unit := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if n := len(s); n > 1 {
		if u, ok := unit[s[n-1]]; ok {
			if v, err := strconv.Atoi(s[:n-1]); err == nil && v > 0 && v <= 36500 {
				return time.Duration(v) * u, nil
			}
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("%q is no length of time", s), Hint: "such as 30m, 4h, 7d or 2w"}
	}
	return d, nil
}
