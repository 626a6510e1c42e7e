package ingest

// About says what a source of evidence is: a row of `sources` and of the README.
// The fields are one line each, in Markdown.
type About struct {
	// Name is the Source.Kind of its files.
	Name string `json:"name"`
	// Reads names the logs, and the wrappings they may come in.
	Reads string `json:"reads"`
	// Yields is what the graph learns from them.
	Yields string `json:"yields"`
	// CannotSee is what they never show, however much is logged.
	CannotSee string `json:"cannotSee"`
}

// Describer is the optional interface of a Format that says what it is: a row
// for each kind of file that it reads.
type Describer interface{ About() []About }
