package main

import (
	"io/fs"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastradius/blastradius/internal/mototest"
	"github.com/blastradius/blastradius/testdata"
)

// worldFiles are the demo world's log files by their paths below it.
func worldFiles(t testing.TB) map[string]string {
	t.Helper()
	world, err := fs.Sub(testdata.World, "world/cloudtrail")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = fs.WalkDir(world, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(world, path)
		files[path] = string(b)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// TestScriptsAWS runs the program as a user does, against the emulator, with a
// bucket ($BUCKET) that holds the demo world and a queue ($QUEUE) that S3 told
// of its objects.
func TestScriptsAWS(t *testing.T) {
	endpoint := mototest.Start(t)
	bucket := mototest.Bucket(t, endpoint, nil)
	queue, url, _ := mototest.Queue(t, endpoint, 2)
	mototest.Notify(t, endpoint, bucket, url)
	for key, text := range worldFiles(t) {
		mototest.Put(t, endpoint, bucket, key, text)
	}
	testscript.Run(t, scriptParams("testdata/script-aws", func(e *testscript.Env) {
		for k, v := range mototest.Vars(endpoint) {
			e.Setenv(k, v)
		}
		e.Setenv("BUCKET", bucket)
		e.Setenv("QUEUE", queue)
	}))
}
