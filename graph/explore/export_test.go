package explore

// VertexCut is vertexCut, for the test that holds it against brute force.
var VertexCut = vertexCut

// Uncuttable is the cost of what cannot be cut.
const Uncuttable = uncuttable

// ScanFrom sets how many nodes a hop asks for before the window is read whole,
// and returns what puts it back.
func ScanFrom(n int) (back func()) {
	old := scanFrom
	scanFrom = n
	return func() { scanFrom = old }
}
