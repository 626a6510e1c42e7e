package otlp

import (
	"errors"
	"strconv"
)

// span is one span as any of the decoders reads it. Its strings share the
// memory of the file.
type span struct {
	signal            string // of what is no span: why it is skipped
	trace, id, parent []byte // 16, 8, and 8 or none
	name              string
	kind              int // as in the protocol: 1 internal, 2 server, 3 client, 4 producer, 5 consumer
	start, end        uint64
	status            int // 2: error
	resource          *resource
	attrs             attrs
	raw               []byte            // the span's own text or message
	texts             map[string]string // cleaned before; may be nil
}

// The kinds of spans (opentelemetry-proto, Span.SpanKind).
const (
	kindServer   = 2
	kindClient   = 3
	kindProducer = 4
	kindConsumer = 5
)

// statusError is Status.STATUS_CODE_ERROR.
const statusError = 2

// endOfTime is the first nanosecond of the year 2200: later stamps are no times.
const endOfTime = 7258118400 * 1e9

func (s *span) check() error {
	switch {
	case s.signal != "":
	case len(s.trace) != 16 || allZero(s.trace):
		return errors.New("a span without a trace id of 16 bytes")
	case len(s.id) != 8 || allZero(s.id):
		return errors.New("a span without an id of 8 bytes")
	case len(s.parent) != 0 && len(s.parent) != 8:
		return errors.New("a span whose parent id is not 8 bytes long")
	case s.start == 0 && s.end == 0:
		return errors.New("a span without a time")
	case max(s.start, s.end) >= endOfTime:
		return errors.New("a span of after the year 2200")
	}
	return nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// child reports whether the span has a parent.
func (s *span) child() bool { return len(s.parent) == 8 && !allZero(s.parent) }

// resource is what the spans of one process share.
type resource struct {
	attrs attrs
	raw   []byte
	svc   *service // made when first wanted
}

// value is an attribute's value: text, or of a list its first text; or a number.
type value struct {
	set  bool
	text string
	num  int64
	is   byte // 't', 'i', 'd', 'b'
}

// String is the value as text.
func (v *value) String() string {
	switch v.is {
	case 'i':
		return strconv.FormatInt(v.num, 10)
	case 'b':
		return strconv.FormatBool(v.num != 0)
	}
	return v.text
}

// key is an attribute that we read.
type key uint8

// attrs are the attributes that we read; of a name that stands twice the last
// counts.
type attrs [numKeys]value

// get is the first of the attributes that is there, as text.
func (a *attrs) get(keys ...key) string {
	for _, k := range keys {
		if a[k].set {
			if s := a[k].String(); s != "" {
				return s
			}
		}
	}
	return ""
}

// number is the first of the attributes that is a number, or a text that spells
// one.
func (a *attrs) number(keys ...key) (int, bool) {
	for _, k := range keys {
		switch v := &a[k]; {
		case !v.set:
		case v.is == 'i':
			return int(v.num), true
		case v.is == 't':
			if n, err := strconv.Atoi(v.text); err == nil {
				return n, true
			}
		}
	}
	return 0, false
}

// The attributes that we read, by the OpenTelemetry semantic conventions 1.41
// and, where they were renamed, the names before.
const (
	_ key = iota
	serviceName
	serviceNamespace
	serviceVersion
	environmentName
	environmentOld
	clusterName
	k8sNamespace
	podName
	deploymentName
	serviceAccount
	cloudAccount
	cloudRegion
	cloudResource
	faasName
	ecsTask

	httpMethod
	httpMethodOld
	httpStatus
	httpStatusOld
	httpRoute
	urlTemplate
	urlFull
	urlOld
	rpcSystem
	rpcSystemNew
	rpcService
	rpcMethod
	rpcStatus
	rpcStatusOld
	dbSystem
	dbSystemOld
	dbOperation
	dbOperationOld
	dbNamespace
	dbName
	dbQuery
	dbStatement
	messagingSystem
	messagingDestination
	messagingDestinationOld
	messagingOperation
	messagingOperationOld
	peerService
	peerServiceNew
	peerNamespace
	serverAddress
	netPeerName
	serverPort
	netPeerPort
	networkPeer
	netPeerIP
	netSockPeer
	enduserID
	userID
	awsRequest
	awsRequests
	awsBucket
	awsTables

	genAgentName
	genAgentID
	genConversation
	genOperation
	genProvider
	genSystem
	genModel
	genTool
	numKeys
)

var keyNames = map[string]key{
	"service.name": serviceName, "service.namespace": serviceNamespace, "service.version": serviceVersion,
	"deployment.environment.name": environmentName, "deployment.environment": environmentOld,
	"k8s.cluster.name": clusterName, "k8s.namespace.name": k8sNamespace, "k8s.pod.name": podName, "k8s.deployment.name": deploymentName,
	"k8s.serviceaccount.name": serviceAccount, "cloud.account.id": cloudAccount, "cloud.region": cloudRegion, "cloud.resource_id": cloudResource,
	"faas.name": faasName, "aws.ecs.task.arn": ecsTask,

	"http.request.method": httpMethod, "http.method": httpMethodOld, "http.response.status_code": httpStatus, "http.status_code": httpStatusOld,
	"http.route": httpRoute, "url.template": urlTemplate, "url.full": urlFull, "http.url": urlOld,
	"rpc.system": rpcSystem, "rpc.system.name": rpcSystemNew, "rpc.service": rpcService, "rpc.method": rpcMethod,
	"rpc.response.status_code": rpcStatus, "rpc.grpc.status_code": rpcStatusOld,
	"db.system.name": dbSystem, "db.system": dbSystemOld, "db.operation.name": dbOperation, "db.operation": dbOperationOld,
	"db.namespace": dbNamespace, "db.name": dbName, "db.query.text": dbQuery, "db.statement": dbStatement,
	"messaging.system": messagingSystem, "messaging.destination.name": messagingDestination, "messaging.destination": messagingDestinationOld,
	"messaging.operation.type": messagingOperation, "messaging.operation": messagingOperationOld,
	"peer.service": peerService, "service.peer.name": peerServiceNew, "service.peer.namespace": peerNamespace,
	"server.address": serverAddress, "net.peer.name": netPeerName, "server.port": serverPort, "net.peer.port": netPeerPort,
	"network.peer.address": networkPeer, "net.peer.ip": netPeerIP, "net.sock.peer.addr": netSockPeer,
	"enduser.id": enduserID, "user.id": userID, "aws.request_id": awsRequest, "aws.request_ids": awsRequests,
	"aws.s3.bucket": awsBucket, "aws.dynamodb.table_names": awsTables,

	"gen_ai.agent.name": genAgentName, "gen_ai.agent.id": genAgentID, "gen_ai.conversation.id": genConversation,
	"gen_ai.operation.name": genOperation, "gen_ai.provider.name": genProvider, "gen_ai.system": genSystem,
	"gen_ai.request.model": genModel, "gen_ai.tool.name": genTool,
}
