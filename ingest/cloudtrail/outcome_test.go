package cloudtrail

import (
	"testing"

	"github.com/blastradius/blastradius/graph"
)

func TestOutcome(t *testing.T) {
	tests := []struct {
		code  string
		eff   graph.Effect
		plane graph.Plane
		want  graph.Outcome
	}{
		{"", graph.Read, graph.ControlPlane, graph.OK},
		{"AccessDenied", graph.Read, graph.ControlPlane, graph.Denied},
		{"AccessDeniedException", graph.Use, graph.ControlPlane, graph.Denied},
		{"Client.UnauthorizedOperation", graph.Create, graph.ControlPlane, graph.Denied},
		{"403", graph.Read, graph.DataPlane, graph.Denied},
		{"ThrottlingException", graph.Change, graph.ControlPlane, graph.Throttled},
		{"Client.RequestLimitExceeded", graph.Read, graph.ControlPlane, graph.Throttled},
		{"SlowDown", graph.Read, graph.DataPlane, graph.Throttled},
		{"ProvisionedThroughputExceededException", graph.Change, graph.DataPlane, graph.Throttled},
		{"InternalFailure", graph.Read, graph.ControlPlane, graph.Fault},
		{"InternalError", graph.Read, graph.DataPlane, graph.Fault},
		{"ServiceUnavailable", graph.Change, graph.ControlPlane, graph.Fault},
		{"ServiceException", graph.Use, graph.DataPlane, graph.Fault},
		{"Server.InsufficientInstanceCapacity", graph.Create, graph.ControlPlane, graph.Fault},
		{"503", graph.Read, graph.DataPlane, graph.Fault},
		{"InvalidDBInstanceStateFault", graph.Delete, graph.ControlPlane, graph.Failed},
		{"NoSuchBucketPolicy", graph.Read, graph.ControlPlane, graph.Probe},
		{"Client.InvalidVpcID.NotFound", graph.Read, graph.ControlPlane, graph.Probe},
		{"NoSuchKey", graph.Read, graph.DataPlane, graph.Failed},
		{"NoSuchEntityException", graph.Delete, graph.ControlPlane, graph.Failed},
		{"ResourceNotFoundException", graph.SecretRead, graph.ControlPlane, graph.Failed},
		{"BucketNotEmpty", graph.Delete, graph.ControlPlane, graph.Failed},
		{"LimitExceededException", graph.Create, graph.ControlPlane, graph.Failed},
	}
	for _, tt := range tests {
		if got := outcome(&Record{ErrorCode: tt.code}, tt.eff, tt.plane); got != tt.want {
			t.Errorf("%s on a %s %s is %s, want %s", tt.code, tt.plane, tt.eff, got, tt.want)
		}
	}
	failed := record(t, "signin", "ConsoleLogin", `"responseElements":{"ConsoleLogin":"Failure"}`)
	if got := outcome(failed, graph.Use, graph.ControlPlane); got != graph.Denied {
		t.Errorf("a failed sign-in is %s", got)
	}
}

func TestOutcomesOfInvictus(t *testing.T) {
	got := map[graph.Outcome]int{}
	for _, r := range captured(t, "invictus-aws-stratus-2023/CloudTrail") {
		if r.ErrorCode != "" {
			got[outcome(r, effect(action(r), r), plane(r))]++
		}
	}
	// 118 answers are that something is not there; eleven of them to mutations,
	// which are the caller's errors and no probes.
	want := map[graph.Outcome]int{graph.Probe: 118 - 11, graph.Throttled: 102, graph.Denied: 60, graph.Failed: 20 + 11}
	for o := graph.OK; o <= graph.Probe; o++ {
		if got[o] != want[o] {
			t.Errorf("%d errors are %s, want %d", got[o], o, want[o])
		}
	}
}
