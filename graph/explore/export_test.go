package explore

// VertexCut is vertexCut, for the test that holds it against brute force.
var VertexCut = vertexCut

// Uncuttable is the cost of what cannot be cut.
const Uncuttable = uncuttable
