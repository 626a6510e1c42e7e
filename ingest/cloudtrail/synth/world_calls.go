package synth

import (
	"strings"
	"time"
)

// table is a call on a DynamoDB table of production. Item calls are data
// events.
func (w *world) table(hms string, by Caller, name, table, code, message string) *Record {
	arn := "arn:aws:dynamodb:" + north + ":" + prod + ":table/" + table
	c := Call{Service: "dynamodb", Name: name, APIVersion: "2012-08-10", Error: code, Message: message,
		Request:   Object{"tableName", table},
		Resources: []ResourceID{{prod, "AWS::DynamoDB::Table", arn}}}
	ok := code == ""
	described := Object{"tableName", table, "tableArn", arn, "tableId", w.ids.UUID("table", table, hms), "tableStatus", "ACTIVE", "itemCount", 0, "tableSizeBytes", 0}
	switch name {
	case "PutItem":
		c.Data = true
		c.Request = Object{"tableName", table, "key", Object{"invoiceId", "HF-2026-" + strings.ReplaceAll(hms, ":", "")}, "items", []string{"invoiceId", "customerId", "amount", "currency"}}
	case "GetItem":
		c.Data = true
		c.Request = Object{"tableName", table, "key", Object{"invoiceId", "HF-2026-" + strings.ReplaceAll(hms, ":", "")}, "consistentRead", false}
	case "Query":
		c.Data = true
		c.Request = Object{"tableName", table, "indexName", "by-customer", "keyConditionExpression", "#c = :c", "limit", 50}
	case "Scan":
		c.Data = true
		c.Request = Object{"tableName", table, "limit", 500, "totalSegments", 1, "segment", 0}
	case "DeleteTable":
		if ok {
			described[7] = "DELETING"
			c.Response = Object{"tableDescription", described}
		}
	case "UpdateTable":
		c.Request = Object{"tableName", table, "deletionProtectionEnabled", false}
		if ok {
			c.Response = Object{"tableDescription", append(described, "deletionProtectionEnabled", false)}
		}
	case "CreateTable":
		c.Request = Object{"tableName", table, "billingMode", "PAY_PER_REQUEST",
			"attributeDefinitions", []Object{{"attributeName", "invoiceId", "attributeType", "S"}},
			"keySchema", []Object{{"attributeName", "invoiceId", "keyType", "HASH"}}}
		if ok {
			described[7] = "CREATING"
			c.Response = Object{"tableDescription", described}
		}
	case "TagResource":
		c.Request = Object{"resourceArn", arn, "tags", []Object{{"key", "dr-rehearsed", "value", "2026-11-22"}}}
	}
	if code == "AccessDenied" || code == "AccessDeniedException" {
		c.Request, c.Resources = nil, nil // as AWS logs a denial
	}
	return w.add(hms, by, c)
}

// object is a data event on an S3 object; prod owns every bucket but the
// build artifacts.
func (w *world) object(hms string, by Caller, account, name, bucket, key, code, message string) *Record {
	c := Call{Service: "s3", Name: name, Account: account, Data: true, Error: code, Message: message,
		Request: Object{"bucketName", bucket, "Host", bucket + ".s3." + north + ".amazonaws.com", "key", key},
		Additional: Object{"SignatureVersion", "SigV4", "CipherSuite", "TLS_AES_128_GCM_SHA256", "bytesTransferredIn", 18432,
			"AuthenticationMethod", "AuthHeader", "x-amz-id-2", w.ids.Hex(48, hms, key), "bytesTransferredOut", 0},
		Resources: []ResourceID{{"", "AWS::S3::Object", "arn:aws:s3:::" + bucket + "/" + key}, {account, "AWS::S3::Bucket", "arn:aws:s3:::" + bucket}}}
	if code == "AccessDenied" {
		c.Resources = nil
	}
	return w.add(hms, by, c)
}

// bucket is a control-plane call on a bucket of production.
func (w *world) bucket(hms string, by Caller, name, bucket, code, message string) *Record {
	request := Object{"bucketName", bucket, "Host", bucket + ".s3." + north + ".amazonaws.com"}
	if strings.HasSuffix(name, "BucketPolicy") {
		request = append(request, "policy", "")
	}
	return w.add(hms, by, Call{Service: "s3", Name: name, Error: code, Message: message, Request: request,
		Additional: Object{"SignatureVersion", "SigV4", "CipherSuite", "TLS_AES_128_GCM_SHA256", "bytesTransferredIn", 0,
			"AuthenticationMethod", "AuthHeader", "x-amz-id-2", w.ids.Hex(48, hms, bucket), "bytesTransferredOut", 0},
		Resources: []ResourceID{{prod, "AWS::S3::Bucket", "arn:aws:s3:::" + bucket}}})
}

// stack is a CloudFormation call; its resources are never declared.
func (w *world) stack(hms string, by Caller, name string, request, response any, code, message string) *Record {
	return w.add(hms, by, Call{Service: "cloudformation", Name: name, Request: request, Response: response, Error: code, Message: message})
}

// call is any other call, one that succeeded.
func (w *world) call(hms string, by Caller, service, name string, request, response any) *Record {
	return w.add(hms, by, Call{Service: service, Name: name, Request: request, Response: response})
}

// crypto is a call on production's data key by a service that forwards the
// caller's credential.
func (w *world) crypto(hms string, by Caller, name, via, context, value string) *Record {
	request := Object{"encryptionAlgorithm", "SYMMETRIC_DEFAULT", "encryptionContext", Object{context, value}}
	if name == "GenerateDataKey" {
		request = Object{"keySpec", "AES_256", "encryptionContext", Object{context, value}, "keyId", w.dataKey()}
	}
	return w.add(hms, by.Through(via, ""), Call{Service: "kms", Name: name, Request: request,
		Resources: []ResourceID{{prod, "AWS::KMS::Key", w.dataKey()}}})
}

func (w *world) dataKey() string {
	return "arn:aws:kms:" + north + ":" + prod + ":key/" + w.ids.UUID("data key")
}

// grant is the answer of STS: the session's key for so long.
func (w *world) grant(s Session, d time.Duration) Object {
	return Object{
		"credentials", Object{"accessKeyId", s.Key, "sessionToken", w.ids.Token(s.Key), "expiration", javaDate(s.Created.Add(d))},
		"assumedRoleUser", Object{"assumedRoleId", s.Role.ID + ":" + s.Name, "arn", s.ARN()},
	}
}

func roleResource(r Role) []ResourceID {
	return []ResourceID{{r.Account, "AWS::IAM::Role", r.ARN()}}
}

// assume writes the AssumeRole that opens the session, at its creation.
func (w *world) assume(by Caller, s Session, d time.Duration) *Record {
	return w.add(s.Created.Format("15:04:05"), by, Call{Service: "sts", Name: "AssumeRole", Account: s.Role.Account,
		Request:  Object{"roleArn", s.Role.ARN(), "roleSessionName", s.Name, "durationSeconds", int(d.Seconds())},
		Response: w.grant(s, d), Resources: roleResource(s.Role)})
}

// vend writes the AssumeRole by which an AWS service gets a workload its
// session. Real ones of EC2 and Lambda show no assumedRoleUser, and all of
// them carry a sharedEventID though there is no second record.
func (w *world) vend(host string, s Session, d time.Duration, requestID string, tags ...string) {
	request := Object{"roleArn", s.Role.ARN(), "roleSessionName", s.Name}
	response := w.grant(s, d)
	if host == "ec2.amazonaws.com" || host == "lambda.amazonaws.com" {
		response = response[:2]
	}
	if len(tags) > 0 {
		var list []Object
		var names []string
		for i := 0; i < len(tags); i += 2 {
			list = append(list, Object{"key", tags[i], "value", tags[i+1]})
			names = append(names, tags[i])
		}
		request = append(request, "durationSeconds", int(d.Seconds()), "tags", list, "transitiveTagKeys", names)
	}
	w.add(s.Created.Format("15:04:05"), ServiceCaller(host), Call{Service: "sts", Name: "AssumeRole", Account: s.Role.Account,
		Request: request, Response: response, Resources: roleResource(s.Role), RequestID: requestID,
		SharedID: w.ids.UUID("shared", s.Key)})
}

// web writes the AssumeRoleWithWebIdentity that opens the session.
func (w *world) web(by Caller, provider, subject string, s Session, d time.Duration) {
	by.Identity = Identity{Type: "WebIdentityUser", PrincipalID: provider + ":sts.amazonaws.com:" + subject, UserName: subject, IdentityProvider: provider}
	response := append(w.grant(s, d), "provider", provider, "audience", "sts.amazonaws.com", "subjectFromWebIdentityToken", subject)
	w.add(s.Created.Format("15:04:05"), by, Call{Service: "sts", Name: "AssumeRoleWithWebIdentity", Account: s.Role.Account,
		Request:  Object{"roleArn", s.Role.ARN(), "roleSessionName", s.Name, "durationSeconds", int(d.Seconds())},
		Response: response, Resources: roleResource(s.Role)})
}
