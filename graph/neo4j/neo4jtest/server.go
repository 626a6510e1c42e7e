// Package neo4jtest gives tests a real Neo4j: the one that NEO4J_URI names,
// else one that it starts from the artifacts of Maven Central, on loopback.
package neo4jtest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/blastradius/blastradius/graph"
)

//go:embed Launch.java
var launcher []byte

// The environment by which a server is handed to tests. EnvCA, where it is set,
// is a file with the certificate that the server's TLS certificate is signed by.
const (
	EnvURI      = "NEO4J_URI"
	EnvUsername = "NEO4J_USERNAME"
	EnvPassword = "NEO4J_PASSWORD"
	EnvCA       = "NEO4J_CA"
)

// startTimeout bounds the start of a server, on a machine that is busy with
// other tests.
const startTimeout = 6 * time.Minute

// Options of a server. The zero value is good.
type Options struct {
	// Dir holds the data, and keeps it from one start to the next. Default: a
	// temporary directory, removed when the server ends in good order.
	Dir string
	// Version of Neo4j. Default: the first of Versions.
	Version string
	// HeapMB is the largest Java heap in MiB. Default: 1024.
	HeapMB int
	// Settings are further lines of neo4j.conf. Default: none.
	Settings []string
	// JVM are flags of the Java machine. Default: those that start soonest; a
	// bench sets an empty list.
	JVM []string
}

// Server is a Neo4j that this process started. It ends with this process, at
// the latest.
type Server struct {
	URI, Username, Password string
	// CA is the file with the server's certificate, which is its own authority.
	CA string

	o    Options
	temp bool
	port int
	cmd  *exec.Cmd
	in   io.Closer
}

// Start starts a server and waits until it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Version == "" {
		versions, err := Versions(ctx)
		if err != nil {
			return nil, err
		}
		o.Version = versions[0]
	}
	if o.HeapMB == 0 {
		o.HeapMB = 1024
	}
	if o.JVM == nil {
		o.JVM = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"}
	}
	s := &Server{Username: "neo4j", Password: rand.Text(), o: o}
	if o.Dir == "" {
		var err error
		if s.o.Dir, err = os.MkdirTemp("", "blastradius-neo4j-"); err != nil {
			return nil, fmt.Errorf("start Neo4j: %w", err)
		}
		s.temp = true
	}
	if err := s.configure(); err != nil {
		return nil, err
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Env are the variables that hand the server to tests.
func (s *Server) Env() []string {
	return []string{EnvURI + "=" + s.URI, EnvUsername + "=" + s.Username, EnvPassword + "=" + s.Password, EnvCA + "=" + s.CA}
}

// configure writes certificate and settings, and takes a port.
func (s *Server) configure() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start Neo4j: %w", err)
	}
	s.port = ln.Addr().(*net.TCPAddr).Port
	if err := ln.Close(); err != nil {
		return fmt.Errorf("start Neo4j: %w", err)
	}
	s.URI = fmt.Sprintf("bolt://127.0.0.1:%d", s.port)
	s.CA = filepath.Join(s.o.Dir, "public.crt")
	cert, key, err := certificate()
	if err != nil {
		return fmt.Errorf("start Neo4j: %w", err)
	}
	settings := append([]string{
		"server.bolt.enabled=true",
		fmt.Sprintf("server.bolt.listen_address=127.0.0.1:%d", s.port),
		fmt.Sprintf("server.bolt.advertised_address=127.0.0.1:%d", s.port),
		"server.bolt.tls_level=OPTIONAL",
		"dbms.ssl.policy.bolt.enabled=true",
		"dbms.ssl.policy.bolt.base_directory=" + s.o.Dir,
		"dbms.security.auth_enabled=true",
		"server.memory.pagecache.size=256m",
		"dbms.usage_report.enabled=false",
		"dbms.cypher.min_replan_interval=1h", // tests fill graphs from nothing: no plan gets better
	}, s.o.Settings...)
	for name, text := range map[string][]byte{"public.crt": cert, "private.key": key, "Launch.java": launcher,
		"neo4j.conf": []byte(strings.Join(settings, "\n") + "\n")} {
		if err := os.WriteFile(filepath.Join(s.o.Dir, name), text, 0o600); err != nil {
			return fmt.Errorf("start Neo4j: %w", err)
		}
	}
	return nil
}

// certificate makes a self-signed one for 127.0.0.1, with its key, as PEM.
func certificate() (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "neo4jtest"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

// run starts the process and waits until it says that it is ready.
func (s *Server) run(ctx context.Context) error {
	lib, err := artifacts(ctx, s.o.Version)
	if err != nil {
		return err
	}
	args := append([]string{fmt.Sprintf("-Xmx%dm", s.o.HeapMB)}, s.o.JVM...)
	args = append(args, "-cp", filepath.Join(lib, "*"), filepath.Join(s.o.Dir, "Launch.java"), s.o.Dir)
	if s.temp {
		args = append(args, "temporary")
	}
	s.cmd = exec.Command("java", args...)
	s.cmd.Env = append(os.Environ(), EnvPassword+"="+s.Password)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us to pass on
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start Neo4j: %w", err)
	}
	s.in = in
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start Neo4j: %w", err)
	}
	var errs strings.Builder
	s.cmd.Stderr = &errs
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start Neo4j: %w", err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() == "ready" {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if ok {
			return nil
		}
	case <-time.After(startTimeout):
		err = fmt.Errorf("not ready after %v", startTimeout)
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = s.Kill()
	return &graph.Error{Code: graph.CodeUnavailable, Message: fmt.Sprintf("start Neo4j %s: %s", s.o.Version, errs.String()), Err: err}
}

// Kill ends the process at once, as a crash does; the data stays.
func (s *Server) Kill() error {
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	return err
}

// Restart starts a killed or stopped server again, with its data and address.
func (s *Server) Restart(ctx context.Context) error { return s.run(ctx) }

// Stop ends the server in good order.
func (s *Server) Stop() error {
	err := s.in.Close()
	if e := s.cmd.Wait(); err == nil {
		err = e
	}
	return err
}
