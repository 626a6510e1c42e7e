package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// TestCompose holds that compose.yaml and the Dockerfile speak of the program as
// it is: commands, flags and settings that it has, secrets that are declared, and
// the Go that go.mod wants.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Image, Build string
			Command      []string
			Environment  map[string]string
			Secrets      []string
			DependsOn    map[string]struct{ Condition string } `yaml:"depends_on"`
		}
		Secrets map[string]struct{ File string }
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	ran := map[string]bool{}
	for name, s := range compose.Services {
		if s.Build == "" {
			continue
		}
		m := &Main{Stdout: &strings.Builder{}, Stderr: &strings.Builder{}, Env: os.LookupEnv}
		cmd, rest, err := m.root().Find(s.Command)
		if err != nil || !cmd.Runnable() {
			t.Errorf("%s: %v runs nothing: %v", name, s.Command, err)
			continue
		}
		ran[cmd.Name()] = true
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		settings := map[string]bool{envPrefix + "NEO4J_USERNAME": true, envPrefix + "NEO4J_PASSWORD": true, envPrefix + "TOKEN": true}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			settings[envPrefix+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = true
		})
		for v := range s.Environment {
			if strings.HasPrefix(v, envPrefix) && !settings[v] {
				t.Errorf("%s: no setting is called %s", name, v)
			}
		}
		if !serverStore.MatchString(s.Environment[envPrefix+"STORE"]) {
			t.Errorf("%s: the store %q is no server", name, s.Environment[envPrefix+"STORE"])
		}
		for _, secret := range s.Secrets {
			if compose.Secrets[secret].File == "" {
				t.Errorf("%s: the secret %s has no file", name, secret)
			}
		}
		for _, arg := range s.Command {
			if secret, ok := strings.CutPrefix(arg, "/run/secrets/"); ok && !strings.Contains(strings.Join(s.Secrets, " "), secret) {
				t.Errorf("%s: %s is not mounted", name, arg)
			}
		}
		for on := range s.DependsOn {
			if _, ok := compose.Services[on]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, on)
			}
		}
	}
	if !ran["ingest"] || !ran["serve"] {
		t.Errorf("compose runs only %v", ran)
	}

	docker, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	wants := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if !strings.Contains(string(docker), "FROM golang:"+string(wants[1])+" ") {
		t.Errorf("the Dockerfile does not build with Go %s", wants[1])
	}
	built := regexp.MustCompile(`go build .* -o (\S+) (\./\S+)`).FindSubmatch(docker)
	if built == nil {
		t.Fatal("the Dockerfile builds nothing")
	}
	if _, err := os.Stat("../../" + string(built[2]) + "/main.go"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(string(docker), "COPY --from=build "+string(built[1])+" ") || !strings.Contains(string(docker), `ENTRYPOINT ["`+string(built[1])+`"]`) {
		t.Errorf("the Dockerfile does not run %s", built[1])
	}
}
