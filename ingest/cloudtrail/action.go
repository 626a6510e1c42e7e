package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

// action is the call as IAM spells it, s3:PutObject. Where a policy refused the
// call, the message names the action that was refused, which is the truth; a
// refused RunInstances may be an iam:PassRole.
func action(r *Record) string {
	if d, ok := refusal(r); ok {
		return d.Action
	}
	return actionOf(r.EventSource, r.EventName)
}

// actionOf is the IAM action of an event source and an event name, spelt as in
// iam-data where IAM knows it.
func actionOf(source, name string) string {
	return spell(prefixOf(source) + ":" + eventBase(source, name))
}

// spell is an action in IAM's own spelling, unchanged where IAM has none.
func spell(act string) string {
	if a, ok := iamdata.Lookup(act); ok {
		return a.Name
	}
	if prefix, name, ok := strings.Cut(act, ":"); ok && iamdata.Service(strings.ToLower(prefix)) {
		return strings.ToLower(prefix) + ":" + name
	}
	return act
}

// prefixes maps event sources to IAM's service prefixes where the two differ.
// Both are without ".amazonaws.com".
var prefixes = map[string]string{
	"monitoring":                 "cloudwatch",
	"email":                      "ses",
	"tagging":                    "tag",
	"servicecatalog-appregistry": "servicecatalog",
	"bedrock-runtime":            "bedrock",
	"bedrock-agent":              "bedrock",
	"bedrock-agent-runtime":      "bedrock",
	"bedrock-agentcore-control":  "bedrock-agentcore",
	"api.ecr":                    "ecr",
	"api.ecr-public":             "ecr-public",
	"api.pricing":                "pricing",
	"api.sagemaker":              "sagemaker",
	"runtime.sagemaker":          "sagemaker",
	"appstream2":                 "appstream",
	"cloudcontrolapi":            "cloudformation",
	"data.iot":                   "iot",
	"iotdata":                    "iot",
	"entitlement.marketplace":    "aws-marketplace",
	"metering.marketplace":       "aws-marketplace",
	"agreement-marketplace":      "aws-marketplace",
	"catalog.marketplace":        "aws-marketplace",
	"models.lex":                 "lex",
	"runtime.lex":                "lex",
	"streams.dynamodb":           "dynamodb",
	"dynamodbstreams":            "dynamodb",
	"opensearchserverless":       "aoss",
	"application-insights":       "applicationinsights",
	"timestream-write":           "timestream",
	"timestream-query":           "timestream",
}

// prefixOf is IAM's prefix for an event source.
func prefixOf(source string) string {
	source = strings.TrimSuffix(strings.TrimSuffix(source, ".cn"), ".amazonaws.com")
	if p, ok := prefixes[source]; ok {
		return p
	}
	return source
}

// renamed maps an event, as prefix:Name without its version, to the IAM action
// that allows it where the names differ (S3: "Required permissions for Amazon
// S3 API operations" of its user guide).
var renamed = map[string]string{
	"lambda:Invoke":          "InvokeFunction",
	"bedrock:Converse":       "InvokeModel",
	"bedrock:ConverseStream": "InvokeModelWithResponseStream",

	"s3:ListBuckets":                        "ListAllMyBuckets",
	"s3:HeadBucket":                         "ListBucket",
	"s3:ListObjects":                        "ListBucket",
	"s3:ListObjectsV2":                      "ListBucket",
	"s3:ListObjectVersions":                 "ListBucketVersions",
	"s3:ListMultipartUploads":               "ListBucketMultipartUploads",
	"s3:ListParts":                          "ListMultipartUploadParts",
	"s3:HeadObject":                         "GetObject",
	"s3:SelectObjectContent":                "GetObject",
	"s3:CreateMultipartUpload":              "PutObject",
	"s3:InitiateMultipartUpload":            "PutObject",
	"s3:UploadPart":                         "PutObject",
	"s3:UploadPartCopy":                     "PutObject",
	"s3:CompleteMultipartUpload":            "PutObject",
	"s3:CopyObject":                         "PutObject",
	"s3:PostObject":                         "PutObject",
	"s3:DeleteObjects":                      "DeleteObject",
	"s3:GetBucketLifecycle":                 "GetLifecycleConfiguration",
	"s3:GetBucketLifecycleConfiguration":    "GetLifecycleConfiguration",
	"s3:PutBucketLifecycle":                 "PutLifecycleConfiguration",
	"s3:PutBucketLifecycleConfiguration":    "PutLifecycleConfiguration",
	"s3:DeleteBucketLifecycle":              "PutLifecycleConfiguration",
	"s3:GetBucketEncryption":                "GetEncryptionConfiguration",
	"s3:PutBucketEncryption":                "PutEncryptionConfiguration",
	"s3:DeleteBucketEncryption":             "PutEncryptionConfiguration",
	"s3:GetBucketReplication":               "GetReplicationConfiguration",
	"s3:PutBucketReplication":               "PutReplicationConfiguration",
	"s3:DeleteBucketReplication":            "PutReplicationConfiguration",
	"s3:DeleteBucketTagging":                "PutBucketTagging",
	"s3:DeleteBucketCors":                   "PutBucketCORS",
	"s3:DeleteBucketPublicAccessBlock":      "PutBucketPublicAccessBlock",
	"s3:GetBucketNotificationConfiguration": "GetBucketNotification",
	"s3:PutBucketNotificationConfiguration": "PutBucketNotification",
	"s3:REST.GET.OBJECT":                    "GetObject",
	"s3:REST.HEAD.OBJECT":                   "GetObject",
	"s3:REST.PUT.OBJECT":                    "PutObject",
	"s3:REST.COPY.OBJECT":                   "PutObject",
	"s3:REST.DELETE.OBJECT":                 "DeleteObject",
	"s3:REST.GET.BUCKET":                    "ListBucket",
	"s3:REST.HEAD.BUCKET":                   "ListBucket",
}

// eventBase is an event's name without the API version that some services
// append (UpdateFunctionCode20150331v2, CreateFunction2020_05_31), as IAM calls
// it.
func eventBase(source, name string) string {
	name = trimVersion(name)
	if to, ok := renamed[prefixOf(source)+":"+name]; ok {
		return to
	}
	return name
}

// trimVersion strips a trailing \d{8}(v\d+)? or \d{4}_\d{2}_\d{2}.
func trimVersion(name string) string {
	n := name
	if i := strings.LastIndexByte(n, 'v'); i > 0 && i < len(n)-1 && digits(n[i+1:]) && isDigit(n[i-1]) {
		n = n[:i]
	}
	if len(n) > 8 && digits(n[len(n)-8:]) {
		return n[:len(n)-8]
	}
	if len(n) > 10 && n[len(n)-3] == '_' && n[len(n)-6] == '_' &&
		digits(n[len(n)-2:]) && digits(n[len(n)-5:len(n)-3]) && digits(n[len(n)-10:len(n)-6]) {
		return n[:len(n)-10]
	}
	return name
}

func digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// verb is the first word of an action's name: Create of ec2:CreateVpc.
func verb(act string) string {
	name := act[strings.IndexByte(act, ':')+1:]
	for i := 1; i < len(name); i++ {
		if name[i] >= 'A' && name[i] <= 'Z' {
			return name[:i]
		}
	}
	return name
}

// dataActions are the calls that CloudTrail files as data events, for records
// that carry neither eventCategory nor managementEvent. A name that ends in *
// is a prefix.
var dataActions = words(`
	s3:GetObject* s3:PutObject* s3:DeleteObject* s3:ListBucket s3:ListBucketVersions s3:AbortMultipartUpload s3:ListMultipartUploadParts s3:RestoreObject
	lambda:InvokeFunction lambda:InvokeAsync
	dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:Query dynamodb:Scan
	dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:TransactGetItems dynamodb:TransactWriteItems dynamodb:PartiQL* dynamodb:GetRecords
	sqs:SendMessage* sqs:ReceiveMessage sqs:DeleteMessage* sqs:ChangeMessageVisibility*
	sns:Publish* kinesis:PutRecord* kinesis:GetRecords kinesis:SubscribeToShard
	cognito-identity:GetCredentialsForIdentity cognito-identity:GetId cognito-identity:GetOpenIdToken*
	ssmmessages:* rds-data:* bedrock:Invoke* bedrock-agentcore:Invoke* bedrock-agentcore:GetWorkloadAccessToken* bedrock-agentcore:GetResource*
	sagemaker:InvokeEndpoint* execute-api:Invoke`)

// plane is the record's own category where it has one.
func plane(r *Record) graph.Plane {
	switch {
	case r.EventCategory == "Data" || r.EventCategory == "NetworkActivity":
		return graph.DataPlane
	case r.EventCategory != "":
		return graph.ControlPlane
	case r.ManagementEvent == True:
		return graph.ControlPlane
	case r.ManagementEvent == False:
		return graph.DataPlane
	case dataActions.has(actionOf(r.EventSource, r.EventName)):
		return graph.DataPlane
	}
	return graph.ControlPlane
}

// wordSet is a set of words and of prefixes.
type wordSet struct {
	exact    map[string]bool
	prefixes []string
}

func words(text string) wordSet {
	s := wordSet{exact: map[string]bool{}}
	for _, w := range strings.Fields(text) {
		if p, ok := strings.CutSuffix(w, "*"); ok {
			s.prefixes = append(s.prefixes, p)
		} else {
			s.exact[w] = true
		}
	}
	return s
}

func (s wordSet) has(w string) bool {
	if s.exact[w] {
		return true
	}
	for _, p := range s.prefixes {
		if strings.HasPrefix(w, p) {
			return true
		}
	}
	return false
}
