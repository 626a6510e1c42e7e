// Package mototest starts moto, an emulator of AWS, for tests: a real server
// with S3, SQS, IAM and STS, in a Python virtual environment of its own.
package mototest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// EnvEndpoint names a server that runs already, as http://host:port.
	EnvEndpoint = "BLASTRADIUS_TEST_MOTO"
	// EnvRequire set to 1 makes a test fail, not skip, where a server that
	// it needs cannot run here.
	EnvRequire = "BLASTRADIUS_TEST_REQUIRE"

	requirement = "moto[server,iam,s3,sqs,sts]==5.2.5"
)

var shared struct {
	once     sync.Once
	endpoint string
	stop     func() // kept: the server ends when the pipe that it holds is collected
	err      error
}

// Start returns the endpoint of a server, one for the whole test binary or, by
// EnvEndpoint, for all of them: a test gives its buckets, queues and roles names
// of their own (Name). The server ends with the process.
func Start(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.endpoint = os.Getenv(EnvEndpoint); shared.endpoint == "" {
			shared.endpoint, shared.stop, shared.err = Launch(context.Background())
		}
	})
	if shared.err != nil {
		if os.Getenv(EnvRequire) == "1" {
			t.Fatalf("the AWS emulator does not run, and %s=1: %v", EnvRequire, shared.err)
		}
		t.Skipf("NOT TESTED: the AWS emulator does not run: %v", shared.err)
	}
	return shared.endpoint
}

// Environ points the AWS clients of this process, and of those it starts, to
// the endpoint, with keys that mean nothing.
func Environ(t testing.TB, endpoint string) {
	t.Helper()
	for k, v := range Vars(endpoint) {
		t.Setenv(k, v)
	}
}

// Vars are the variables that Environ sets.
func Vars(endpoint string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	}
}

// Name is a name for a bucket, queue or role that no other test has.
func Name(t testing.TB, what string) string {
	clean := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(t.Name()), "-")
	return fmt.Sprintf("%s-%.30s-%d-%d", what, strings.Trim(clean, "-"), os.Getpid(), time.Now().UnixNano()%1_000_000_000)
}

// launcher serves until its standard input ends, which it does with the process
// that started it, however that ended.
const launcher = `
import os, sys, threading
def end():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=end, daemon=True).start()
from moto.server import main
main(["-H", "127.0.0.1", "-p", "0"])
`

// Launch makes the virtual environment where it is not there yet and starts a
// server on a free port of the loopback. It runs until stop is called or this
// process ends.
func Launch(ctx context.Context) (endpoint string, stop func(), err error) {
	python, err := environment(ctx)
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(python, "-c", launcher)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	found, ended := make(chan string, 1), make(chan string, 1)
	go func() {
		var said strings.Builder
		lines := bufio.NewScanner(out)
		for at := regexp.MustCompile(`Running on (http://[0-9.:]+)`); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if m := at.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
				_, _ = io.Copy(io.Discard, out)
				return
			}
		}
		ended <- said.String()
	}()
	select {
	case endpoint = <-found:
	case said := <-ended:
		stop()
		return "", nil, fmt.Errorf("moto ended: %s", said)
	case <-time.After(2 * time.Minute):
		stop()
		return "", nil, errors.New("moto did not start within two minutes")
	}
	res, err := http.Get(endpoint + "/moto-api/data.json")
	if err != nil {
		stop()
		return "", nil, err
	}
	return endpoint, stop, res.Body.Close()
}

// environment is the interpreter of a virtual environment with moto, kept in
// the user's cache; processes that want it at once make it one after the other.
func environment(ctx context.Context) (python string, err error) {
	base, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("python3 3.10 or later with venv is needed: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "blastradius", regexp.MustCompile(`[^a-z0-9.]+`).ReplaceAllString(requirement, "-"))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	python = filepath.Join(dir, "bin", "python")
	if runtime.GOOS == "windows" {
		python = filepath.Join(dir, "Scripts", "python.exe")
	}
	done := filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil && exec.CommandContext(ctx, python, "-c", "").Run() == nil {
		return python, nil
	}
	if err := os.RemoveAll(dir); err != nil { // half made, or of an interpreter that is gone
		return "", err
	}
	for _, args := range [][]string{{base, "-m", "venv", dir}, {python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement}} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return python, os.WriteFile(done, nil, 0o644)
}

// lock holds the file for this process. A lock is free again when its process
// ends, however that ended.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
