package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// envPrefix stands before the names of settings in the environment.
const envPrefix = "BLASTRADIUS_"

// windowFlags are the two ways to say a window; one said on the command line
// keeps the configuration from filling in the others.
var windowFlags = []string{"last", "until", "from", "to"}

// notSettings are flags that only make sense on the command line.
var notSettings = []string{"config", "help", "version", "print-query", "print-policy"}

// configure gives every flag that the command line does not set its value from
// the environment, else from the YAML file.
func (m *Main) configure(cmd *cobra.Command) error {
	path, _ := cmd.Flags().GetString("config")
	if path == "" {
		path = m.env(envPrefix + "CONFIG")
	}
	file, err := readSettings(cmd, path)
	if err != nil {
		return err
	}
	said := slices.ContainsFunc(windowFlags, cmd.Flags().Changed)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || slices.Contains(notSettings, f.Name) || said && slices.Contains(windowFlags, f.Name) {
			return
		}
		name := envName(f.Name)
		if v, ok := m.Env(name); ok {
			err = setFlag(cmd, f.Name, v, name)
		} else if v, ok := file[f.Name]; ok {
			err = setFlag(cmd, f.Name, v, path)
		}
	})
	return err
}

// envName is a setting's name in the environment.
func envName(setting string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

func setFlag(cmd *cobra.Command, name, value, from string) error {
	if err := cmd.Flags().Set(name, value); err != nil {
		return usage(cmd, "", "%s: setting %q: %v", from, name, err)
	}
	return nil
}

// readSettings reads the YAML file: names of flags with their values, and names
// of commands with such settings for them alone. An empty path gives none.
func readSettings(cmd *cobra.Command, path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read settings", Err: err}
	}
	var all map[string]any
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read settings " + path, Err: err}
	}
	flags := map[string]bool{}
	commands := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, set := range []*pflag.FlagSet{c.PersistentFlags(), c.LocalNonPersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		}
		for _, sub := range c.Commands() {
			commands[sub.Name()] = true
			walk(sub)
		}
	}
	walk(cmd.Root())

	out := map[string]string{}
	var errs []error
	take := func(section map[string]any) {
		for name, v := range section {
			if _, nested := v.(map[string]any); nested {
				continue
			}
			if !flags[name] {
				errs = append(errs, fmt.Errorf("no setting is called %q", name))
				continue
			}
			out[name] = fmt.Sprint(v)
		}
	}
	take(all)
	for name, v := range all {
		section, nested := v.(map[string]any)
		if nested && !commands[name] {
			errs = append(errs, fmt.Errorf("no command is called %q", name))
		}
		if nested && name == cmd.Name() {
			take(section)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read settings " + path, Err: err,
			Hint: "settings have the names of the flags; secrets do not belong there"}
	}
	return out, nil
}

// token is the bearer token for --server; empty where there is none.
func (m *Main) token(cmd *cobra.Command) (string, error) { return m.secret(cmd, "token") }

// secret is a value that no flag may hold: it comes from the environment
// (BLASTRADIUS_NAME) or from the file of --name-file; empty where neither is
// given.
func (m *Main) secret(cmd *cobra.Command, name string) (string, error) {
	if s := m.env(envName(name)); s != "" {
		return s, nil
	}
	path, _ := cmd.Flags().GetString(name + "-file")
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", &graph.Error{Code: graph.CodeInvalid, Message: "read " + name, Err: err}
	}
	return strings.TrimSpace(string(text)), nil
}
