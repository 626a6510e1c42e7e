package synth

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
)

// trail is a file in the making: the records of one account and region as
// one of the trails delivers them.
type trail struct {
	account, region string
	text            []byte // the records, one after the other
	ends            []int  // where each of them ends
	last            time.Time
}

func appendResource(b []byte, account, kind, arn string) []byte {
	b = append(append(append(b, `[{"accountId":"`...), account...), `","type":"`...)
	b = append(append(append(b, kind...), `","ARN":"`...), arn...)
	return append(b, `"}]`...)
}

func orNull(b, value []byte) []byte {
	if len(value) == 0 {
		return append(b, "null"...)
	}
	return append(b, value...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, "true"...)
	}
	return append(b, "false"...)
}

// write ends the record and hands it to its trail, now and then to the second
// trail as well.
func (g *estate) write(c *call) error {
	p := &g.parts
	b := append(g.line[:0], c.prefix...)
	ip, agent := c.ip, c.agent
	if c.via != "" {
		b = append(append(append(b, `,"invokedBy":"`...), c.via...), '"')
		ip, agent = c.via, c.via
	}
	b = append(append(append(b, `},"eventTime":"`...), g.stamp...), `","eventSource":"`...)
	b = append(append(append(b, c.source...), `.amazonaws.com","eventName":"`...), c.name...)
	b = append(append(append(b, `","awsRegion":"`...), c.region...), `","sourceIPAddress":"`...)
	b = append(append(append(append(b, ip...), `","userAgent":"`...), agent...), '"')
	if c.code != "" {
		b = append(append(append(b, `,"errorCode":"`...), c.code...), `","errorMessage":"`...)
		b = append(append(b, p.message...), '"')
	}
	b = orNull(append(b, `,"requestParameters":`...), p.request)
	b = append(b, `,"responseElements":`...)
	if c.code != "" {
		b = append(b, "null"...)
	} else {
		b = orNull(b, p.response)
	}
	if len(p.more) > 0 {
		b = append(append(b, `,"additionalEventData":`...), p.more...)
	}
	b = append(b, `,"requestID":"`...)
	switch {
	case c.request != "":
		b = append(b, c.request...)
	case c.source == "s3":
		b = g.appendLetters(b, base32, 16)
	case c.source == "dynamodb":
		b = g.appendLetters(b, base32, 52)
	default:
		b = g.appendUUID(b)
	}
	b = append(b, `","eventID":"`...)
	at := len(b)
	b = g.appendUUID(b)
	g.event = string(b[at:])
	b = appendBool(append(b, `","readOnly":`...), c.readOnly)
	if len(p.resources) > 0 {
		b = append(append(b, `,"resources":`...), p.resources...)
	}
	b = append(b, `,"eventType":"AwsApiCall"`...)
	if c.kind != "" {
		b = append(append(append(b, `,"apiVersion":"`...), c.kind...), '"')
	}
	b = appendBool(append(b, `,"managementEvent":`...), !c.data)
	b = append(append(append(b, `,"recipientAccountId":"`...), c.recipient...), '"')
	if c.shared != "" {
		b = append(append(append(b, `,"sharedEventID":"`...), c.shared...), '"')
	}
	if c.data {
		b = append(b, `,"eventCategory":"Data"`...)
	} else {
		b = append(b, `,"eventCategory":"Management"`...)
	}
	if c.via == "" {
		b = append(b, `,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"`...)
		b = append(append(append(append(b, c.source...), '.'), c.region...), `.amazonaws.com"}`...)
	}
	g.line = append(b, '}')
	g.truth.Events++
	if g.rng.Float64() < g.o.DupRate {
		g.truth.Duplicates++
		if err := g.deliver(c, "second"); err != nil {
			return err
		}
	}
	return g.deliver(c, "first")
}

// deliver adds the record to the trail's file and writes the file once full.
func (g *estate) deliver(c *call, name string) error {
	key := c.recipient + c.region + name
	t := g.trails[key]
	if t == nil {
		t = &trail{account: c.recipient, region: c.region}
		g.trails[key] = t
	}
	t.text = append(t.text, g.line...)
	t.ends = append(t.ends, len(t.text))
	t.last = g.now
	g.truth.Records++
	g.truth.Bytes += int64(len(g.line))
	if len(t.ends) < g.o.PerFile {
		return nil
	}
	return g.flush(t, false)
}

func (g *estate) flushAll() error {
	keys := slices.Sorted(mapKeys(g.trails))
	for _, k := range keys {
		if t := g.trails[k]; len(t.ends) > 0 {
			if err := g.flush(t, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the trail's file. One out of order is shuffled and, but for
// the last, leaves every fiftieth record to the next file.
func (g *estate) flush(t *trail, last bool) error {
	order := make([]int, len(t.ends))
	for i := range order {
		order[i] = i
	}
	held := 0
	if g.rng.Float64() < g.o.Disorder {
		g.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if !last {
			held = len(order) / 50
		}
	}
	record := func(i int) []byte {
		start := 0
		if i > 0 {
			start = t.ends[i-1]
		}
		return t.text[start:t.ends[i]]
	}
	var out bytes.Buffer
	out.Grow(len(t.text)/4 + 1024)
	if g.zip == nil {
		z, err := gzip.NewWriterLevel(nil, g.o.Level)
		if err != nil {
			return fmt.Errorf("open gzip: %w", err)
		}
		g.zip = z
	}
	g.zip.Reset(&out)
	text := make([]byte, 0, len(t.text)+len(order)+16)
	text = append(text, `{"Records":[`...)
	for n, i := range order[held:] {
		if n > 0 {
			text = append(text, ',')
		}
		text = append(text, record(i)...)
	}
	if _, err := g.zip.Write(append(text, "]}"...)); err != nil {
		return fmt.Errorf("compress file: %w", err)
	}
	if err := g.zip.Close(); err != nil {
		return fmt.Errorf("compress file: %w", err)
	}
	end := t.last.Truncate(5 * time.Minute).Add(5 * time.Minute)
	dir := filepath.Join(g.dir, "AWSLogs", t.account, "CloudTrail", t.region, end.Format("2006"), end.Format("01"), end.Format("02"))
	name := fmt.Sprintf("%s_CloudTrail_%s_%s_%s.json.gz", t.account, t.region, end.Format("20060102T1504Z"), g.letters(alnum, 16))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	g.truth.Files++
	var keep []byte
	var ends []int
	for _, i := range order[:held] {
		keep = append(keep, record(i)...)
		ends = append(ends, len(keep))
	}
	t.text, t.ends = append(t.text[:0], keep...), append(t.ends[:0], ends...)
	return nil
}
