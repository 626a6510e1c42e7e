// Testbed starts the servers that tests share, runs a command with their
// addresses in its environment, stops them, and ends with the command's exit
// code:
//
//	go run ./internal/testbed [-meanwhile COMMAND] -- go test ./...
//
// The command of -meanwhile runs, in a shell, while the servers start.
// It sets BLASTRADIUS_TEST_REQUIRE=1: a test that needs a server fails where
// there is none, instead of being skipped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/internal/mototest"
)

// service is one shared server: start gives the environment that hands it over
// and how to stop it. One that runs already, as its environment says, is left
// alone.
type service struct {
	name  string
	env   string // set where it runs already
	start func(context.Context) (env []string, stop func() error, err error)
}

// services are the shared servers: adding one is one row here.
var services = []service{
	{"Neo4j", neo4jtest.EnvURI, func(ctx context.Context) ([]string, func() error, error) {
		s, err := neo4jtest.Start(ctx, neo4jtest.Options{})
		if err != nil {
			return nil, nil, err
		}
		return s.Env(), s.Stop, nil
	}},
	{"moto", mototest.EnvEndpoint, func(ctx context.Context) ([]string, func() error, error) {
		endpoint, stop, err := mototest.Launch(ctx)
		return []string{mototest.EnvEndpoint + "=" + endpoint}, func() error { stop(); return nil }, err
	}},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	meanwhile := flag.String("meanwhile", "", "shell `command` to run while the servers start")
	flag.Parse()
	code, err := run(ctx, *meanwhile, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
	}
	os.Exit(code)
}

// run is main without the process around it.
func run(ctx context.Context, meanwhile string, args []string) (code int, err error) {
	if len(args) == 0 {
		return 2, errors.New("usage: testbed [-meanwhile COMMAND] -- COMMAND…")
	}
	env := append(os.Environ(), "BLASTRADIUS_TEST_REQUIRE=1")
	var stops []func() error
	defer func() {
		for _, s := range stops {
			err = errors.Join(err, s())
		}
		if err != nil && code == 0 {
			code = 2
		}
	}()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed []error
	for _, s := range services {
		if os.Getenv(s.env) != "" {
			continue
		}
		wg.Go(func() {
			began := time.Now()
			vars, stop, err := s.start(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
				return
			}
			fmt.Fprintf(os.Stderr, "testbed: %s is ready after %v\n", s.name, time.Since(began).Round(100*time.Millisecond))
			env, stops = append(env, vars...), append(stops, stop)
		})
	}
	if meanwhile != "" {
		if code, err := command(ctx, os.Environ(), "sh", "-c", meanwhile); code != 0 || err != nil {
			wg.Wait()
			return code, err
		}
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		return 2, err
	}
	return command(ctx, env, args...)
}

// command runs a command with the standard streams of this process.
func command(ctx context.Context, env []string, args ...string) (code int, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
