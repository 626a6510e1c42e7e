package synth

import (
	"fmt"
	"path/filepath"
	"time"
)

// trail is a file in the making: the records of one account and region as
// one of the trails delivers them.
type trail struct {
	text []byte // the records, each with a comma behind it
	ends []int  // where each of them ends
	last time.Time
}

type trailKey struct{ account, region, name string }

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
func (g *estate) write(c *call) {
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
		g.deliver(c, "second")
	}
	g.deliver(c, "first")
}

// deliver adds the record to the trail's file and writes the file once full.
func (g *estate) deliver(c *call, name string) {
	key := trailKey{c.recipient, c.region, name}
	t := g.trails[key]
	if t == nil {
		t = &trail{}
		g.trails[key] = t
		g.order = append(g.order, key)
	}
	t.text = append(append(t.text, g.line...), ',')
	t.ends = append(t.ends, len(t.text))
	t.last = g.now
	g.truth.Records++
	g.truth.Bytes += int64(len(g.line))
	if len(t.ends) == g.o.PerFile {
		g.flush(key, t, false)
	}
}

// flushAll writes what the trails still hold.
func (g *estate) flushAll() {
	for _, k := range g.order {
		if t := g.trails[k]; len(t.ends) > 0 {
			g.flush(k, t, true)
		}
	}
}

// flush hands the trail's file to the writer. One out of order is shuffled
// and, but for the last, leaves every fiftieth record to the next file.
func (g *estate) flush(k trailKey, t *trail, last bool) {
	f := &file{trail: *t, n: len(t.ends)}
	if g.rng.Float64() < g.o.Disorder {
		f.order = g.rng.Perm(len(t.ends))
		if !last {
			f.n -= len(t.ends) / 50
		}
	}
	end := t.last.Truncate(5 * time.Minute).Add(5 * time.Minute)
	f.name = filepath.Join(g.dir, "AWSLogs", k.account, "CloudTrail", k.region, end.Format("2006"), end.Format("01"), end.Format("02"),
		fmt.Sprintf("%s_CloudTrail_%s_%s_%s.json.gz", k.account, k.region, end.Format("20060102T1504Z"), g.letters(alnum, 16)))
	g.truth.Files++
	*t = trail{text: g.files.buffer()}
	for _, i := range f.late() {
		t.text = append(t.text, f.record(i)...)
		t.ends = append(t.ends, len(t.text))
	}
	g.files.work <- f
}

// record i of the trail, with the comma behind it.
func (t *trail) record(i int) []byte {
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.text[start:t.ends[i]]
}
