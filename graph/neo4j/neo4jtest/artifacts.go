package neo4jtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"github.com/blastradius/blastradius/graph"
)

// The versions that the suite runs on: the long-term one, and a calendar
// version for the JDK that it needs.
const (
	longTerm    = "5.26.12"
	calendar    = "2025.10.1"
	calendarJDK = 21
	longTermJDK = 17
)

const needs = "the tests on Neo4j need JDK 17 or later and Maven on the PATH (Debian: openjdk-17-jdk-headless maven), or a server in NEO4J_URI"

// Versions are those that the JDK found can run, the long-term one first.
func Versions(ctx context.Context) ([]string, error) {
	jdk, err := jdkVersion(ctx)
	if err != nil {
		return nil, err
	}
	if jdk < calendarJDK {
		return []string{longTerm}, nil
	}
	return []string{longTerm, calendar}, nil
}

// jdkVersion is the feature release of the java on the PATH.
func jdkVersion(ctx context.Context) (int, error) {
	out, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput()
	if err != nil {
		return 0, &graph.Error{Code: graph.CodeUnavailable, Message: "no java", Hint: needs, Err: err}
	}
	m := regexp.MustCompile(`version "(\d+)`).FindSubmatch(out)
	if m == nil {
		return 0, &graph.Error{Code: graph.CodeUnavailable, Message: fmt.Sprintf("java -version says %q", out), Hint: needs}
	}
	v, err := strconv.Atoi(string(m[1]))
	if err == nil && v < longTermJDK {
		err = &graph.Error{Code: graph.CodeUnavailable, Message: fmt.Sprintf("java is version %d", v), Hint: needs}
	}
	return v, err
}

// pom asks Maven for Neo4j and all it needs.
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>blastradius</groupId><artifactId>neo4jtest</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>%s</version></dependency>
  </dependencies>
</project>
`

// artifacts is the directory with the jars of a version. It resolves them once
// for this machine; a second process waits for the first.
func artifacts(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache: %w", err)
	}
	dir := filepath.Join(cache, "blastradius", "neo4j-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make cache: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", fmt.Errorf("lock cache: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock cache: %w", err)
	}
	lib := filepath.Join(dir, "lib")
	if _, err := os.Stat(lib); err == nil {
		return lib, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read cache: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), fmt.Appendf(nil, pom, version), 0o644); err != nil {
		return "", fmt.Errorf("write pom: %w", err)
	}
	partial := filepath.Join(dir, "partial")
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "-ntp", "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+partial)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &graph.Error{Code: graph.CodeUnavailable, Message: fmt.Sprintf("resolve Neo4j %s: %s", version, out), Hint: needs, Err: err}
	}
	if err := os.Rename(partial, lib); err != nil {
		return "", fmt.Errorf("keep jars: %w", err)
	}
	return lib, nil
}
