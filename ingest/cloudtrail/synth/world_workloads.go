package synth

import (
	"fmt"
	"time"
)

// workloads is what runs all day: a function, a task, two pods, and their
// keys, as long as all is well.
func (w *world) workloads() {
	w.function()
	w.pods()
	w.vend("ecs-tasks.amazonaws.com", w.who.checkout, 6*time.Hour, "")
	for m := 8*60 + 10; m < 13*60+38; m += 15 {
		key := fmt.Sprintf("2026/11/22/checkout-%04d.csv", m)
		w.object(hms(m, 11), w.who.checkoutIO, prod, "PutObject", exportBucket, key, "", "")
		if m%2 == 0 {
			w.crypto(hms(m, 11), w.who.checkoutIO, "GenerateDataKey", "s3.amazonaws.com", "aws:s3:arn", "arn:aws:s3:::"+exportBucket)
		}
	}
}

// writerAt is the invoice writer's function with the session it has then: a
// new one after the deployment of 11:20.
func (w *world) writerAt(m int) Caller {
	s := w.session(w.who.writer, writerName, "08:00:06")
	if m >= 11*60+21 {
		s = w.session(w.who.writer, writerName, "11:21:07")
	}
	id := s.Identity()
	id.InScopeOf = &InScopeOf{"AWS::Lambda::Function", "arn:aws:lambda:" + north + ":" + prod + ":function:" + writerName}
	return Caller{Identity: id, IP: "198.51.100.61", Agent: boto("AWS_Lambda_python3.13", "Z,b,D,g")}
}

// function is the invoice writer before it fails: a write every eight
// minutes, a read of the customer's invoices every other time.
func (w *world) function() {
	for _, created := range []string{"08:00:06", "11:21:07"} {
		w.vend("lambda.amazonaws.com", w.session(w.who.writer, writerName, created), 12*time.Hour, "")
	}
	for m := 8*60 + 4; m <= 13*60+40; m += 8 {
		by := w.writerAt(m)
		w.table(hms(m, 0), by, "PutItem", ledgerTable, "", "")
		if m%16 == 4 {
			w.table(hms(m, 1), by, "Query", ledgerTable, "", "")
		}
		if m%24 == 4 {
			w.crypto(hms(m, 0), by, "Decrypt", "dynamodb.amazonaws.com", "aws:dynamodb:tableName", ledgerTable)
		}
	}
}

// pods are the readers on Kubernetes: one by a service account's token, a new
// key each hour, one by Pod Identity.
func (w *world) pods() {
	p := &w.who
	provider := "arn:aws:iam::" + prod + ":oidc-provider/oidc.eks." + north + ".amazonaws.com/id/9C1D4F7A2B6E8035D1C97A4F3E2B5D60"
	subject := "system:serviceaccount:billing:ledger-reader"
	for h := 8; h < 14; h++ {
		s := w.session(p.reader, fmt.Sprintf("botocore-session-%d", 1795248000+h*3600), fmt.Sprintf("%02d:00:37", h))
		by := Caller{IP: "198.51.100.91", Agent: boto("EKS", "k,E,b,Z")}
		w.web(by, provider, subject, s, time.Hour)
		by.Identity = s.Identity()
		by.Identity.SessionContext.WebIDFederation = Object{"federatedProvider", provider, "attributes", Object{}}
		for m := h*60 + 6; m < h*60+60 && m < 13*60+41; m += 18 {
			w.table(hms(m, 22), by, "GetItem", ledgerTable, "", "")
		}
	}
	w.vend("ec2.amazonaws.com", p.node, 6*time.Hour, "")
	node := w.instance(p.node, "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#arm64 api/eksauth#1.14.2 m/0,E")
	s := w.session(p.report, "eks-halden-app-invoice-re-"+w.ids.UUID("pod session"), "08:05:50")
	cluster := "arn:aws:eks:" + north + ":" + prod + ":cluster/halden-apps"
	w.call("08:05:50", node, "eks-auth", "AssumeRoleForPodIdentity", Object{"clusterName", "halden-apps", "token", "HIDDEN_DUE_TO_SECURITY_REASONS"}, nil)
	w.vend("pods.eks.amazonaws.com", s, 6*time.Hour, "", "eks-cluster-arn", cluster, "eks-cluster-name", "halden-apps", "kubernetes-namespace", "billing",
		"kubernetes-service-account", "invoice-report", "kubernetes-pod-name", "invoice-report-6d9f7c5b88-x2vqk", "kubernetes-pod-uid", w.ids.UUID("pod"))
	by := Caller{Identity: s.Identity(), IP: "198.51.100.92", Agent: boto("EKS", "z,E,b,Z")}
	for m := 8*60 + 15; m < 13*60+41; m += 40 {
		r := w.table(hms(m, 48), by, "Query", ledgerTable, "", "")
		if m == 12*60+15 {
			w.correct(*r)
		}
	}
	w.table("13:47:51", by, "Query", ledgerTable, "ValidationException", "The table does not have the specified index: by-customer")
}

// correct delivers the record again an hour later, as CloudTrail corrects
// one: the first copy had lost its request.
func (w *world) correct(r Record) {
	first := &w.entries[len(w.entries)-1].rec
	full := *first
	first.RequestParameters = nil
	full.EventID = w.ids.UUID("correction", r.EventID)
	full.Addendum = Object{"reason", "UPDATED_DATA", "updatedFields", "requestParameters", "originalRequestID", r.RequestID, "originalEventID", r.EventID}
	w.entries = append(w.entries, entry{rec: full, at: w.entries[len(w.entries)-1].at})
	w.deliverLate("13:12:00")
}

// bystanders are the old export job, which reads the table each hour, and a
// second trail that somebody stopped for four minutes.
func (w *world) bystanders() {
	p := &w.who
	for h := 8; h < 14; h++ {
		key := p.legacyOld
		if h >= 12 {
			key = p.legacyNew
		}
		by := Caller{Identity: p.legacy.Identity(key), IP: exportBox, Agent: "Boto3/1.26.165 Python/3.8.10 Linux/5.4.0-216-generic Botocore/1.29.165"}
		for page := range 3 {
			w.table(hms(h*60+12, 5+page*7), by, "Scan", ledgerTable, "", "")
		}
		if h == 9 || h == 13 {
			w.table(hms(h*60+12, 27), by, "Scan", ledgerTable, "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.")
		}
		w.object(hms(h*60+13, 2), by, prod, "GetObject", "halden-archive", fmt.Sprintf("manifest/%02d.json", h), "", "")
		if h == 12 {
			w.object("12:13:09", by, prod, "PutObject", "halden-archive", "export/ledger-12.csv", "AccessDenied",
				"User: "+p.legacy.ARN()+" is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::halden-archive/export/ledger-12.csv\" because no identity-based policy allows the s3:PutObject action")
		}
	}
	trail := Object{"name", "arn:aws:cloudtrail:" + north + ":" + prod + ":trail/halden-second"}
	id := p.erik.Identity(p.erikKey)
	id.SessionContext = &SessionContext{Attributes: Attributes{day + "10:41:03Z", "true"}}
	by := Caller{Identity: id, IP: office, Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0", Console: true}
	w.call("12:41:09", by, "cloudtrail", "StopLogging", trail, nil)
	w.call("12:45:10", by, "cloudtrail", "StartLogging", trail, nil)
}

// outage is what fails from 13:44 on: the function without its table, then
// without its index, the task without its bucket, then without the policy
// that let it write.
func (w *world) outage() {
	gone := "Requested resource not found"
	for m := 13*60 + 44; m < 14*60+2; m++ {
		by := w.writerAt(m)
		switch {
		case m < 13*60+47:
			w.table(hms(m, 0), by, "PutItem", ledgerTable, "ResourceNotFoundException", gone)
			w.table(hms(m, 2), by, "GetItem", ledgerTable, "ResourceNotFoundException", gone)
		case m < 13*60+49:
			w.table(hms(m, 31), by, "PutItem", ledgerTable, "InternalServerError", "Internal server error")
			w.table(hms(m, 33), by, "GetItem", ledgerTable, "InternalServerError", "Internal server error")
		case m%2 == 0:
			w.table(hms(m, 0), by, "Query", ledgerTable, "ValidationException", "The table does not have the specified index: by-customer")
		default:
			w.table(hms(m, 0), by, "PutItem", ledgerTable, "", "")
		}
		task := w.who.checkout
		key := fmt.Sprintf("2026/11/22/checkout-%04d.csv", m)
		switch {
		case m < 13*60+47:
			w.object(hms(m, 12), w.who.checkoutIO, prod, "PutObject", exportBucket, key, "NoSuchBucket", "The specified bucket does not exist")
		case m%2 == 1:
			w.object(hms(m, 12), w.who.checkoutIO, prod, "PutObject", exportBucket, key, "AccessDenied",
				"User: "+task.ARN()+" is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::"+exportBucket+"/"+key+"\" because no identity-based policy allows the s3:PutObject action")
		}
	}
}

// services is AWS at its own work: log delivery, and AWS Config looking for
// settings that are not there.
func (w *world) services() {
	trail := ServiceCaller("cloudtrail.amazonaws.com")
	for m := 8*60 + 5; m < 14*60; m += 15 {
		key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/2026/11/22/%s.json.gz", prod, north, w.ids.letters(alnum, 16, []string{"delivered", fmt.Sprint(m)}))
		w.object(hms(m, 3), trail, prod, "PutObject", trailBucket, key, "", "").SharedEventID = w.ids.UUID("delivery", fmt.Sprint(m))
		if m%2 == 1 {
			w.bucket(hms(m, 2), trail, "GetBucketAcl", trailBucket, "", "").SharedEventID = w.ids.UUID("acl", fmt.Sprint(m))
		}
	}
	for h := 8; h < 14; h++ {
		w.bucket(hms(h*60+33, 14), w.who.config, "GetBucketPolicy", "halden-archive", "NoSuchBucketPolicy", "The bucket policy does not exist")
		w.bucket(hms(h*60+33, 15), w.who.config, "GetBucketPublicAccessBlock", "halden-archive", "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
		w.table(hms(h*60+34, 2), w.who.config, "DescribeTable", ledgerTable, "", "")
		w.add(hms(h*60+35, 9), w.who.config, Call{Service: "iam", Name: "ListRoles", Region: global})
	}
	w.bucket("13:56:40", w.who.config, "GetBucketPolicy", exportBucket, "NoSuchBucketPolicy", "The bucket policy does not exist")
}
