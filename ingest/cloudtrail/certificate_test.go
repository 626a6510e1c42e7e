package cloudtrail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

func TestCertificateSerial(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(0xab12), NotAfter: time.Unix(1<<31, 0)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		base64.StdEncoding.EncodeToString(der):                                  "ab12",
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})): "ab12",
		hidden: "", "": "", "bm90IGEgY2VydGlmaWNhdGU=": "",
	} {
		if got := certificateSerial(text); got != want {
			t.Errorf("certificateSerial(%.20q) = %q, want %q", text, got, want)
		}
	}
}
