package graph

import "encoding/hex"

// nibble is the value of a lower-case hex digit, 0xff for anything else.
var nibble = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	return t
}()

// uuidAt holds where the hex pairs of a UUID's text stand.
var uuidAt = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// AppendUUID appends the 16 bytes of the UUID in canonical lower-case text that
// s begins with; false where it does not. Stores pack event ids by it.
func AppendUUID(dst []byte, s string) ([]byte, bool) {
	if len(s) < 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return dst, false
	}
	n := len(dst)
	var bad byte
	for _, i := range uuidAt {
		hi, lo := nibble[s[i]], nibble[s[i+1]]
		bad |= hi | lo
		dst = append(dst, hi<<4|lo)
	}
	if bad&0xf0 != 0 {
		return dst[:n], false
	}
	return dst, true
}

// AppendUUIDText appends the text of 16 bytes that AppendUUID made.
func AppendUUIDText(dst, id []byte) []byte {
	n := len(dst)
	dst = append(dst, "00000000-0000-0000-0000-000000000000"...)
	for i, at := range uuidAt {
		hex.Encode(dst[n+at:], id[i:i+1])
	}
	return dst
}
