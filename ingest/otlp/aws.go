package otlp

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// aws is the peer of a call of an AWS SDK: the bucket that it names, or the
// table, taken to be in the account and region that the caller runs in; else the
// service.
func (s *span) aws(r *resource) peer {
	a := &s.attrs
	if table := s.clean(a.get(awsTables)); table != "" {
		account, region := s.clean(r.attrs.get(cloudAccount)), s.clean(r.attrs.get(cloudRegion))
		if account != "" && region != "" && !strings.HasPrefix(table, "arn:") {
			return peer{graph.ID("arn:aws:dynamodb:" + region + ":" + account + ":table/" + table), graph.Resource, "aws.dynamodb.table", table}
		}
	}
	if bucket := s.clean(a.get(awsBucket)); bucket != "" {
		return peer{graph.ID("arn:aws:s3:::" + bucket), graph.Resource, "aws.s3.bucket", bucket}
	}
	service := strings.ToLower(strings.ReplaceAll(s.clean(a.get(rpcService)), " ", ""))
	if service == "" {
		return peer{}
	}
	return peer{graph.ID("aws:service:" + service + ".amazonaws.com"), graph.Identity, "aws.service", service}
}

// requests notes the half of a request to AWS that its caller knows: CloudTrail
// shows the same requestID where the request began sessions of others. Who asks
// where such a session came from is led to the service.
func (e *emitter) requests() {
	id := e.s.clean(e.s.attrs.get(awsRequest, awsRequests))
	if id == "" || e.s.status == statusError {
		return
	}
	request := e.b.Node(graph.ID("aws:request:"+id), graph.Session, typeRequest)
	call := e.call(e.s.id)
	e.b.Event(graph.EventKey{From: e.svc.ref, To: request, Kind: graph.Issued, Label: e.b.Label(graph.Label{Join: graph.RequestJoin})},
		graph.Observation{At: e.t, Evidence: call, Source: e.src})
}
