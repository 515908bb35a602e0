// Command facts writes the Kubernetes facts that Fanfold carries with it: which
// kinds each supported minor release has, what fields they hold, and when kinds
// were deprecated and removed.
//
//	go run . -out ../kubernetes          writes 1.32.json, 1.33.json, ...
//	go run . -out ../kubernetes -check   writes nothing; exits 1 if a file is stale
//	go test .                            checks known truths in the written files
//
// It reads the Go modules pinned in releases.go, fetching those that are not in
// the module cache. The same pins always give the same bytes. To take in a new
// patch or minor release, change the pins, generate, and read the diff: each
// kind, lifecycle entry and type is one line.
//
// An unforeseen shape in a source is an error and never a guess, so that a new
// release cannot quietly lose facts.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	out := flag.String("out", "", "folder of the generated files")
	check := flag.Bool("check", false, "write nothing; exit 1 if a file in the folder is stale")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "facts:", err)
		os.Exit(1)
	}
}

func run(out string, check bool) error {
	modules, err := downloadModules(pinnedModules())
	if err != nil {
		return err
	}
	published := map[release]*openAPI{}
	for _, r := range releases {
		if published[r], err = readOpenAPI(modules.dir(r.kubernetes())); err != nil {
			return fmt.Errorf("%s: %w", r.kubernetes(), err)
		}
	}
	// What a preview plans may change: the other files do not follow it.
	settled := slices.DeleteFunc(slices.Clone(releases), release.isPreview)
	lifecycle, err := readLifecycle(modules, published, settled)
	if err != nil {
		return err
	}
	planned, err := readLifecycle(modules, published, releases)
	if err != nil {
		return err
	}
	var stale []error
	computed, gated := map[string]bool{}, map[string]bool{}
	for _, r := range releases {
		facts := &facts{kubernetes: r.minor(), source: r.kubernetes().String(), lifecycle: lifecycle}
		if r.isPreview() {
			facts.lifecycle = planned
		}
		enums, err := readEnums(modules.dir(r.kubernetes()))
		sources := newGoSources(modules, r)
		var defaults goDefaults
		var gates map[string]gateState
		if err == nil {
			gates, err = readGates(modules.dir(r.kubernetes()), r)
		}
		if err == nil {
			err = checkGates(modules.dir(r.kubernetes()), gates)
		}
		if err == nil {
			defaults, err = readDefaults(gates, sources, published[r].packages())
		}
		if err == nil {
			facts.kinds, facts.types, err = buildTypes(published[r], enums, sources, defaults, computed, gates, gated)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.kubernetes(), err)
		}
		path := filepath.Join(out, r.minor()+".json")
		content, err := facts.encode()
		if err != nil {
			return err
		}
		if check {
			fresh, err := holds(path, content)
			if err != nil {
				return err
			}
			if !fresh {
				stale = append(stale, fmt.Errorf("%s is stale; generate it again", path))
			}
			continue
		}
		if err := write(path, content); err != nil {
			return err
		}
		fmt.Printf("%s: %d kinds, %d types, %d lifecycle entries, %d bytes\n",
			path, len(facts.kinds), len(facts.types), len(facts.lifecycle), len(content))
	}
	for _, place := range computedDefaults {
		if !computed[place] {
			stale = append(stale, fmt.Errorf("no release computes the default of %s any more", place))
		}
	}
	for place := range gatedFields {
		if !gated[place] {
			stale = append(stale, fmt.Errorf("no release drops %s any more", place))
		}
	}
	return errors.Join(stale...)
}

func holds(path string, content []byte) (bool, error) {
	old, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return bytes.Equal(old, content), err
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o666)
}
