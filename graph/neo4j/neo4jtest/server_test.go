package neo4jtest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
)

// The shared server answers with its password, over TLS too where its
// certificate is known.
func TestShared(t *testing.T) {
	s := neo4jtest.Shared(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	verify := func(uri string, c ...func(*config.Config)) {
		t.Helper()
		d, err := neo4j.NewDriverWithContext(uri, neo4j.BasicAuth(s.Username, s.Password, ""), c...)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close(ctx)
		if err := d.VerifyConnectivity(ctx); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
	verify(s.URI)
	if s.CA == "" {
		return // a server that others run
	}
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	verify("bolt+s://"+s.URI[len("bolt://"):], func(c *config.Config) { c.TlsConfig = &tls.Config{RootCAs: roots} })
}
