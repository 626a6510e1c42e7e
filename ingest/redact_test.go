package ingest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" // AWS's own example

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		`{"sessionToken":"S3CRET","accessKeyId":"ASIAX"}`:                                                                `{"sessionToken":"[redacted]","accessKeyId":"ASIAX"}`,
		`{"SessionToken" : "S3CRET" }`:                                                                                   `{"SessionToken" : "[redacted]" }`,
		`{"client_secret":"S3CRET","code_verifier":"S3CRET","client_id":"x"}`:                                            `{"client_secret":"[redacted]","code_verifier":"[redacted]","client_id":"x"}`,
		`{"masterUserPassword":"S3CRET"}`:                                                                                `{"masterUserPassword":"[redacted]"}`,
		`{"masterUserPassword":"HIDDEN_DUE_TO_SECURITY_REASONS"}`:                                                        `{"masterUserPassword":"HIDDEN_DUE_TO_SECURITY_REASONS"}`,
		`{"password":12345,"n":12345}`:                                                                                   `{"password":"[redacted]","n":12345}`,
		`{"passwordResetRequired":false,"password":null}`:                                                                `{"passwordResetRequired":false,"password":null}`,
		`{"userData":{"value":"S3CRET"},"x":"y"}`:                                                                        `{"userData":{"value":"[redacted]"},"x":"y"}`,
		`{"secretString":{"a":["S3CRET",{"b":"S3CRET"}]},"x":["y"]}`:                                                     `{"secretString":{"a":["[redacted]",{"b":"[redacted]"}]},"x":["y"]}`,
		`{"secret":{"name":"n"},"secretId":"prod/db"}`:                                                                   `{"secret":{"name":"n"},"secretId":"prod/db"}`,
		`{"secret":"S3CRET","token":["S3CRET"]}`:                                                                         `{"secret":"[redacted]","token":["[redacted]"]}`,
		`{"secret":"arn:aws:secretsmanager:eu-north-1:1:secret:a"}`:                                                      `{"secret":"arn:aws:secretsmanager:eu-north-1:1:secret:a"}`,
		`{"code":"0a1b2c3d4e5f6a7b","grant_type":"authorization_code"}`:                                                  `{"code":"[redacted]","grant_type":"authorization_code"}`,
		`{"code":"AccessDeniedException","instanceState":{"code":16,"name":"r"}}`:                                        `{"code":"AccessDeniedException","instanceState":{"code":16,"name":"r"}}`,
		`{"nextToken":"abc","clientToken":"c","httpTokens":"required"}`:                                                  `{"nextToken":"abc","clientToken":"c","httpTokens":"required"}`,
		`{"policy":"{\"a\":\"b\",\"password\":\"S3CRET\"}","x":1}`:                                                       `{"policy":"{\"a\":\"b\",\"password\":\"[redacted]\"}","x":1}`,
		`{"p":"{\"q\":\"{\\\"sessionToken\\\":\\\"S3CRET\\\"}\"}"}`:                                                      `{"p":"{\"q\":\"{\\\"sessionToken\\\":\\\"[redacted]\\\"}\"}"}`,
		`{"policyDocument":"{\"Version\": \"2012-10-17\"}"}`:                                                             `{"policyDocument":"{\"Version\": \"2012-10-17\"}"}`,
		`{"k":"-----BEGIN RSA PRIVATE KEY-----\nS3CRET\n-----END RSA PRIVATE KEY-----"}`:                                 `{"k":"[redacted]"}`,
		`{"u":"https://b.s3.amazonaws.com/k?X-Amz-Signature=S3CRET&X-Amz-Expires=3"}`:                                    `{"u":"https://b.s3.amazonaws.com/k?X-Amz-Signature=[redacted]&X-Amz-Expires=3"}`,
		`{"cmd":["export AWS_SECRET_ACCESS_KEY=` + awsSecret + ` && aws s3 ls"]}`:                                        `{"cmd":["export AWS_SECRET_ACCESS_KEY=[redacted] && aws s3 ls"]}`,
		`{"sAMLAssertion":"S3CRET","webIdentityToken":"S3CRET","tokenCode":"123456"}`:                                    `{"sAMLAssertion":"[redacted]","webIdentityToken":"[redacted]","tokenCode":"[redacted]"}`,
		`{"pass` + `\u0077ord":"S3CRET"}`:                                                                                `{"pass\u0077ord":"[redacted]"}`,
		`{"privateKeyPlaintext":"S3CRET","ciphertextBlob":"AQID","publicKey":"ssh"}`:                                     `{"privateKeyPlaintext":"[redacted]","ciphertextBlob":"AQID","publicKey":"ssh"}`,
		`{"a":1} trailing "password": "S3CRET`:                                                                           `{"a":1} trailing "password": "[redacted]`,
		`{"sessionCredentialFromConsole":"true","arn":"arn:aws:iam::1:user/password"}`:                                   `{"sessionCredentialFromConsole":"true","arn":"arn:aws:iam::1:user/password"}`,
		`{"message":"User: arn:aws:iam::1:user/x is not authorized to perform: iam:ChangePassword on resource: user x"}`: `{"message":"User: arn:aws:iam::1:user/x is not authorized to perform: iam:ChangePassword on resource: user x"}`,
		``: ``, `"`: `"`, `}}]]`: `}}]]`, `{"a":"\`: `{"a":"\`,
	} {
		got := string(Redact([]byte(in)))
		if got != want {
			t.Errorf("Redact(%s)\n got %s\nwant %s", in, got, want)
		}
		if again := string(Redact([]byte(got))); again != got {
			t.Errorf("again: %s from %s", again, got)
		}
	}
}

func TestRedactText(t *testing.T) {
	token := "IQoJb3JpZ2luX2VjEPT//////////wEaCWV1LW5vcnRoLTEiRzBFAiEA"
	for in, want := range map[string]string{
		"aws-cli/2.15.0 Python/3.11 md/command#s3.cp m/AN": "",
		"aws_session_token=" + token + " next":             "aws_session_token=[redacted] next",
		"got " + token + "!":                               "got [redacted]!",
		"Authorization: Bearer abcdefghijklmnopqrstuvwx.1": "Authorization: Bearer [redacted]",
		"a bearer of bad news, basic authentication":       "",
		"curl https://joe:hunter2@host/x":                  "curl https://joe:[redacted]@host/x",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln":        "[redacted]",
		"AKIAIOSFODNN7EXAMPLE," + awsSecret:                "AKIAIOSFODNN7EXAMPLE,[redacted]",
		"mysql --password='hunter2' -u root":               "mysql --password='[redacted]' -u root",
		"x?code=0a1b2c&state=1":                            "x?code=[redacted]&state=1",
		"X-Amz-Security-Token%3Dabc":                       "X-Amz-Security-Token%3D[redacted]",
		"push with ghp_abcdefghijklmnopqrstuvwxyz012345":   "push with [redacted]",
		"aws:password:arn:aws:iam::1:user/x":               "",
		"arn:aws:secretsmanager:eu-north-1:1:secret:db-1":  "",
		"i-0abc0123456789def":                              "",
	} {
		if want == "" {
			want = in
		}
		got := RedactText(in)
		if got != want {
			t.Errorf("RedactText(%s)\n got %s\nwant %s", in, got, want)
		}
		if again := RedactText(got); again != got {
			t.Errorf("again: %s from %s", again, got)
		}
	}
}

// Real records lose their secrets and nothing else: they stay JSON with the
// same keys.
func TestRedactCaptures(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the captures are not here")
	}
	seen, files, changed := 0, 0, 0
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && p != dir && filepath.Dir(p) == dir && d.Name() != "traildiscover-log-examples" && d.Name() != "invictus-aws-stratus-2023" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".json") {
			return err
		}
		if seen++; seen%8 != 0 { // a sample: the race detector makes the rest slow
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if !json.Valid(b) {
			return nil
		}
		files++
		got := Redact(b)
		if !bytes.Equal(got, b) {
			changed++
		}
		if !json.Valid(got) {
			t.Errorf("%s is no JSON any more", p)
		}
		if !bytes.Equal(Redact(got), got) {
			t.Errorf("%s: not idempotent", p)
		}
		var before, after any
		if json.Unmarshal(b, &before) != nil || json.Unmarshal(got, &after) != nil {
			t.Fatal(p)
		}
		compareJSON(t, p, before, after)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 || changed < 1 {
		t.Errorf("%d files, %d of them changed", files, changed)
	}
}

// compareJSON checks that only strings and numbers differ, and that no session
// token is left.
func compareJSON(t *testing.T, at string, a, b any) {
	switch a := a.(type) {
	case map[string]any:
		m, ok := b.(map[string]any)
		if !ok || len(m) != len(a) {
			t.Errorf("%s: another object", at)
			return
		}
		for k, v := range a {
			if s, ok := m[k].(string); ok && k == "sessionToken" && s != Redacted && !strings.HasPrefix(s, "HIDDEN") && s != "" {
				t.Errorf("%s: a session token is left", at)
			}
			compareJSON(t, at+"."+k, v, m[k])
		}
	case []any:
		s, ok := b.([]any)
		if !ok || len(s) != len(a) {
			t.Errorf("%s: another list", at)
			return
		}
		for i := range a {
			compareJSON(t, at, a[i], s[i])
		}
	case string, float64:
		if s, ok := b.(string); a != b && (!ok || !strings.Contains(s, Redacted)) {
			t.Errorf("%s: %v became %v", at, a, b)
		}
	default:
		if a != b {
			t.Errorf("%s: %v became %v", at, a, b)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{`{"sessionToken":"x","a":{"password":["y",1]}}`, `{"p":"{\"secretString\":\"{\\\"a\\\":1}\"}"}`, `{"u":"http://a:b@c?X-Amz-Signature=d"}`,
		`"password":"`, `{"a":"bearer abcdefghijklmnopqrstuvwxyz"}`, `{"code":"abcdef123456"}`, "-----BEGIN PRIVATE KEY-----", `[[[{"token":[{"x":"y"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		out := Redact(in)
		if !bytes.Equal(in, before) {
			t.Fatal("the argument was changed")
		}
		if again := Redact(out); !bytes.Equal(again, out) {
			t.Fatalf("not idempotent: %q, %q, %q", in, out, again)
		}
		if json.Valid(in) && !json.Valid(out) {
			t.Fatalf("%q became %q, no JSON", in, out)
		}
		planted := []byte(`{"sessionToken":"PLANTED-SECRET-0","x":` + string(in) + `}`)
		if json.Valid(planted) && !bytes.Contains(in, []byte("PLANTED")) && bytes.Contains(Redact(planted), []byte("PLANTED")) {
			t.Fatalf("the secret is left in %q", planted)
		}
		text := RedactText(string(in))
		if again := RedactText(text); again != text {
			t.Fatalf("text not idempotent: %q, %q, %q", in, text, again)
		}
	})
}

func BenchmarkRedactText(b *testing.B) {
	const ua = "[aws-cli/2.15.0 md/awscrt#0.19 ua/2.0 os/linux#5.10 md/arch#x86_64 lang/python#3.11 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#s3.cp]"
	b.SetBytes(int64(len(ua)))
	for b.Loop() {
		RedactText(ua)
	}
}
