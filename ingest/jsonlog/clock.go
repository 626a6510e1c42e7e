package jsonlog

import (
	"math"
	"strconv"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// TimeOf reads a time in any form seen in records: ISO 8601 with or without
// fraction, T and zone (none is UTC), the console's "Jul 10, 2023 12:24:29 PM",
// and seconds or milliseconds since the epoch as a number or its text. Times
// before 1970 and after 2262 are none.
func TimeOf(v Value) (t graph.Time, ok bool) {
	if len(v) == len(`"2006-01-02T15:04:05Z"`) && v[0] == '"' {
		if t, ok := clock((*[20]byte)(v[1:21])); ok {
			return t, true
		}
	}
	if t, ok := clockFraction(v); ok {
		return t, true
	}
	if n, ok := digits(v); ok {
		if n < 1e11 { // the year 5138 in seconds, 1973 in milliseconds
			n *= 1000
		}
		return graph.Time(n), n > 0 && float64(n) <= lastTime
	}
	s := v.Text()
	layouts := numericLayouts
	if s != "" && (s[0] < '0' || s[0] > '9') {
		layouts = monthLayouts
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil {
			return since(at)
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0) {
		return 0, false
	}
	if f < 1e11 {
		f *= 1000
	}
	if f = math.Round(f); f > lastTime {
		return 0, false
	}
	return graph.Time(f), true
}

// The layouts of times that begin with a digit, and of those that begin with a
// month's name. A fraction may follow the seconds.
var (
	numericLayouts = []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04:05 MST",
	}
	monthLayouts = []string{"Jan 2, 2006, 3:04:05 PM", "Jan 2, 2006 3:04:05 PM"}
)

// lastTime is the end of what nanoseconds in 64 bits can say, in milliseconds.
const lastTime = math.MaxInt64 / 1e6

func since(at time.Time) (graph.Time, bool) {
	ms := at.UnixMilli()
	if ms <= 0 || float64(ms) > lastTime {
		return 0, false
	}
	return graph.Time(ms), true
}

// clock reads 2006-01-02T15:04:05Z, in years 1970 to 2262.
func clock(b *[20]byte) (graph.Time, bool) {
	if b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[19] != 'Z' {
		return 0, false
	}
	year, month, day := pair(b[0], b[1])*100+pair(b[2], b[3]), pair(b[5], b[6]), pair(b[8], b[9])
	hour, minute, second := pair(b[11], b[12]), pair(b[14], b[15]), pair(b[17], b[18])
	if year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 28 && day > days(year, month) ||
		uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return 0, false
	}
	// Days of the civil calendar, its year beginning in March.
	y, m := year, month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	n := y*365 + y/4 - y/100 + y/400 + (m*153+2)/5 + day - 1 - 719468
	s := int64(n)*86400 + int64(hour*3600+minute*60+second)
	return graph.Time(s * 1000), s > 0
}

// digits is a whole number, or its text, of at most 15 digits.
func digits(v Value) (n int64, ok bool) {
	if len(v) > 2 && v[0] == '"' && v[len(v)-1] == '"' {
		v = v[1 : len(v)-1]
	}
	if len(v) == 0 || len(v) > 15 {
		return 0, false
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// clockFraction reads 2006-01-02T15:04:05.123456789Z, in quotes, with one to
// nine digits, to the millisecond below.
func clockFraction(v Value) (graph.Time, bool) {
	n := len(v)
	if n < 24 || n > 32 || v[0] != '"' || v[20] != '.' || v[n-2] != 'Z' {
		return 0, false
	}
	b := [20]byte(v[1:21])
	b[19] = 'Z'
	t, ok := clock(&b)
	scale := graph.Time(100)
	for _, c := range v[21 : n-2] {
		if c < '0' || c > '9' {
			return 0, false
		}
		t += scale * graph.Time(c-'0')
		scale /= 10
	}
	return t, ok
}

// pair is two digits as a number, far below zero where they are none.
func pair(a, b byte) int {
	x, y := int(a)-'0', int(b)-'0'
	if uint(x) > 9 || uint(y) > 9 {
		return -1 << 20
	}
	return x*10 + y
}

func days(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
