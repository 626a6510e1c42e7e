package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite golden files and scripts")

// The test binary is the program, with the clock set by the script, and a small
// HTTP client beside it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"blastradius": func() {
			now := time.Now
			if s := os.Getenv("TEST_NOW"); s != "" {
				t, err := time.Parse(time.RFC3339, s)
				if err != nil {
					panic(err)
				}
				now = func() time.Time { return t }
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p := &Main{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv, Now: now}
			os.Exit(p.Run(ctx))
		},
		"http": httpMain,
	})
}

// TestScripts runs the program as a user does.
func TestScripts(t *testing.T) {
	testscript.Run(t, scriptParams("testdata/script", nil))
}

// scriptParams are how scripts are run; setup, which may be nil, adds to the
// environment of each.
func scriptParams(dir string, setup func(*testscript.Env)) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TEST_NOW", "2026-11-22T14:02:00Z")
			e.Setenv("HOME", e.WorkDir)
			root, err := os.Getwd()
			if err != nil {
				return err
			}
			e.Setenv("WORLD", root+"/../../testdata/world/cloudtrail")
			if setup != nil {
				setup(e)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    cmdExits,
			"json":     cmdJSON,
			"freeport": cmdFreePort,
			"ready":    cmdReady,
		},
	}
}

// exits CODE ARG…: the program ends with that code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG…")
	}
	err := ts.Exec("blastradius", args[1:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("run: %v", err)
	}
	if want, _ := strconv.Atoi(args[0]); code != want {
		ts.Fatalf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", code, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// json PATH [REGEXP]: the JSON on stdout has at PATH (a.b.0.c; len is a length) a
// value that matches; without a regexp, that it is there.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: json PATH [REGEXP]")
	}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		ts.Fatalf("stdout is no JSON: %v", err)
	}
	found := true
	for _, key := range strings.Split(args[0], ".") {
		switch x := v.(type) {
		case map[string]any:
			v, found = x[key]
		case []any:
			i, err := strconv.Atoi(key)
			switch {
			case key == "len":
				v = len(x)
			case err == nil && i < len(x):
				v = x[i]
			default:
				found = false
			}
		default:
			found = false
		}
	}
	text := fmt.Sprint(v)
	if b, err := json.Marshal(v); err == nil && v != nil {
		if _, isString := v.(string); !isString {
			text = string(b)
		}
	}
	match := found && (len(args) == 1 || regexp.MustCompile("^(?:"+args[1]+")$").MatchString(text))
	if match == neg {
		ts.Fatalf("%s is %s (found: %v)", args[0], text, found)
	}
}

// freeport VAR: a port that nothing listens on.
func cmdFreePort(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	ts.Check(ln.Close())
}

// ready HOST:PORT: waits until something listens.
func cmdReady(ts *testscript.TestScript, _ bool, args []string) {
	for range 200 {
		if c, err := net.Dial("tcp", args[0]); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("nothing listens on %s", args[0])
}

// http METHOD URL [-H NAME:VALUE]… [-d BODY]: prints status, headers and body.
// A body of "@SIZE" is that many bytes.
func httpMain() {
	args := os.Args[1:]
	method, url := args[0], args[1]
	var body io.Reader
	header := http.Header{}
	for args = args[2:]; len(args) > 1; args = args[2:] {
		switch args[0] {
		case "-H":
			name, value, _ := strings.Cut(args[1], ":")
			header.Add(name, strings.TrimSpace(value))
		case "-d":
			text := []byte(args[1])
			if size, ok := strings.CutPrefix(args[1], "@"); ok {
				n, err := strconv.Atoi(size)
				if err != nil {
					panic(err)
				}
				text = bytes.Repeat([]byte("x"), n)
			}
			body = bytes.NewReader(text)
			if header.Get("Content-Type") == "" {
				header.Set("Content-Type", "application/json")
			}
		}
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		panic(err)
	}
	req.Header = header
	if h := header.Get("Host"); h != "" {
		req.Host = h
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(res.StatusCode)
	_ = res.Header.Write(os.Stdout)
	fmt.Println()
	_, _ = io.Copy(os.Stdout, res.Body)
	fmt.Println()
	os.Exit(0)
}
