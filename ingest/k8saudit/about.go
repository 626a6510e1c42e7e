package k8saudit

import "github.com/blastradius/blastradius/ingest"

// About says what the format reads; see ingest.Describer.
func (*Format) About() []ingest.About {
	return []ingest.About{{
		Name:      Kind,
		Reads:     "Kubernetes audit logs (audit.k8s.io v1, v1beta1): events a line, EventList, the webhook (`serve --k8s-audit`); EKS by CloudWatch (subscription, CLI, export to S3), AKS by Event Hub, GKE's audit log",
		Yields:    "service accounts with their tokens, pods and nodes; users, and of who came through IAM the very key; who impersonated whom; every request with its object, effect and outcome; exec, attach and port-forward; secrets read; what owns what (pod, replica set, deployment); what runs as which service account, and that as which role of AWS, Google or Azure; rights bound to subjects",
		CannotSee: "what a program does inside a pod, and a command's output; at level Metadata: owners, tokens' pods, cloud roles and the subjects of bindings; the objects that a list returned (it stands at the collection, which `--match mentioned` counts); the cluster's name where no envelope says it (`--cluster`)",
	}}
}

var _ ingest.Describer = (*Format)(nil)
