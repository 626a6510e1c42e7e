package graph

import "strings"

// declaredGate begins the Detail of an APPROVED edge that covers only the call
// whose record says it.
const declaredGate = "declared"

// DeclaredApproval is the Detail of an APPROVED edge to the target of a call
// whose own record says that it was approved, with the same evidence as the call;
// reference says where the approval can be read again, empty where that is not
// known.
func DeclaredApproval(reference string) string {
	if reference == "" {
		return declaredGate
	}
	return declaredGate + " " + reference
}

// DeclaredGate reports whether the Detail of an APPROVED edge is of that form.
// Others name a gate that what was approved had to pass: "review", "environment
// production".
func DeclaredGate(detail string) bool {
	return detail == declaredGate || strings.HasPrefix(detail, declaredGate+" ")
}
