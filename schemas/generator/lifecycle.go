// This file reads zz_generated.prerelease-lifecycle.go and register.go of every
// API package: when kinds were deprecated and removed, and what replaces them.
// It writes nothing.

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const lifecycleFile = "zz_generated.prerelease-lifecycle.go"

type groupVersionKind struct{ group, version, kind string }

func (k groupVersionKind) String() string {
	if k.group == "" {
		return k.version + " " + k.kind
	}
	return k.group + "/" + k.version + " " + k.kind
}

// A lifecycle holds the minor numbers of the releases, 0 where none is known.
type lifecycle struct {
	deprecated, removed int
	replacement         groupVersionKind
	lastSeen            int // the newest release whose modules know the kind
}

// unmarkedDeprecations are those that the sources announce only in prose.
var unmarkedDeprecations = map[groupVersionKind]lifecycle{
	{"", "v1", "Endpoints"}: {deprecated: 33, replacement: groupVersionKind{"discovery.k8s.io", "v1", "EndpointSlice"}},
}

// readLifecycle unites what releases say. The newest that knows a kind has the
// say, since plans of removal change.
func readLifecycle(modules moduleDirs, published map[release]*openAPI, releases []release) ([]lifecycleEntry, error) {
	united := map[groupVersionKind]lifecycle{}
	for _, r := range slices.Concat(formerMinors, releases) {
		for _, path := range typeModules {
			dir, ok := modules[r.library(path)]
			if !ok {
				continue
			}
			if err := readModuleLifecycle(dir, r.minorNumber, united); err != nil {
				return nil, fmt.Errorf("%s: %w", r.library(path), err)
			}
		}
	}
	newest := releases[len(releases)-1].minorNumber
	for kind, known := range united {
		known.settle(kind, newest)
		united[kind] = known
	}
	for kind, announced := range unmarkedDeprecations {
		if united[kind].deprecated == 0 {
			united[kind] = announced
		}
	}
	for kind, removed := range droppedKinds(published, releases) {
		if known := united[kind]; known.removed == 0 {
			known.removed = removed
			united[kind] = known
		}
	}

	var entries []lifecycleEntry
	for kind, known := range united {
		if known.deprecated == 0 && known.removed == 0 || isListKind(kind, united) {
			continue
		}
		entry := lifecycleEntry{
			Group:      kind.group,
			Version:    kind.version,
			Kind:       kind.kind,
			Deprecated: minorName(known.deprecated),
			Removed:    minorName(known.removed),
		}
		if known.replacement.kind != "" {
			entry.Replacement = known.replacement.String()
		}
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b lifecycleEntry) int {
		return slices.Compare([]string{a.Group, a.Version, a.Kind}, []string{b.Group, b.Version, b.Kind})
	})
	return entries, nil
}

// settle corrects what the sources plan by what came to pass.
func (known *lifecycle) settle(kind groupVersionKind, newest int) {
	// A release without the Go type cannot serve the kind, whatever was planned.
	// Alpha kinds are often dropped before their time.
	if gone := known.lastSeen + 1; known.deprecated != 0 && gone <= newest && gone < known.removed {
		known.removed = gone
	}
	if known.removed != 0 && known.deprecated >= known.removed {
		known.deprecated = 0
	}
	// The sources replace networking.k8s.io/v1beta1 IngressClass by a list.
	if !strings.HasSuffix(kind.kind, "List") {
		known.replacement.kind = strings.TrimSuffix(known.replacement.kind, "List")
	}
}

// droppedKinds are those that one supported release stores and the next does
// not, with the minor number of the latter. Not all of them have a lifecycle in
// the sources.
func droppedKinds(published map[release]*openAPI, releases []release) map[groupVersionKind]int {
	dropped := map[groupVersionKind]int{}
	for i, r := range releases[1:] {
		for _, k := range published[releases[i]].kinds {
			dropped[groupVersionKind{k.group, k.version, k.kind}] = r.minorNumber
		}
		for _, k := range published[r].kinds {
			delete(dropped, groupVersionKind{k.group, k.version, k.kind})
		}
	}
	return dropped
}

func isListKind(kind groupVersionKind, united map[groupVersionKind]lifecycle) bool {
	item, isList := strings.CutSuffix(kind.kind, "List")
	_, hasItem := united[groupVersionKind{kind.group, kind.version, item}]
	return isList && hasItem
}

func minorName(number int) string {
	if number == 0 {
		return ""
	}
	return release{minorNumber: number}.minor()
}

func readModuleLifecycle(dir string, minor int, united map[groupVersionKind]lifecycle) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != lifecycleFile {
			return err
		}
		inside, _ := filepath.Rel(dir, path)
		group, err := groupName(filepath.Join(filepath.Dir(path), "register.go"))
		if err != nil {
			return fmt.Errorf("%s: %w", inside, err)
		}
		version := filepath.Base(filepath.Dir(path))
		kinds, err := readLifecycleFile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", inside, err)
		}
		for kind, known := range kinds {
			known.lastSeen = minor
			united[groupVersionKind{group, version, kind}] = known
		}
		return nil
	})
}

func groupName(registerFile string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), registerFile, nil, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	name, found := "", false
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if ok && spec.Names[0].Name == "GroupName" {
			name, found = stringLiteral(spec.Values[0])
		}
		return true
	})
	if !found {
		return "", errors.New("no GroupName")
	}
	return name, nil
}

// readLifecycleFile reads the constants that the methods of each kind return.
func readLifecycleFile(path string) (map[string]lifecycle, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	kinds := map[string]lifecycle{}
	for _, declaration := range file.Decls {
		method, ok := declaration.(*ast.FuncDecl)
		if !ok || method.Recv == nil {
			continue
		}
		kind := method.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		results := method.Body.List[0].(*ast.ReturnStmt).Results
		known := kinds[kind]
		var err error
		switch method.Name.Name {
		case "APILifecycleIntroduced":
		case "APILifecycleDeprecated":
			known.deprecated, err = minorNumber(results)
		case "APILifecycleRemoved":
			known.removed, err = minorNumber(results)
		case "APILifecycleReplacement":
			known.replacement, err = replacement(results)
		default:
			err = errors.New("unknown method")
		}
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", kind, method.Name.Name, err)
		}
		kinds[kind] = known
	}
	return kinds, nil
}

func minorNumber(results []ast.Expr) (int, error) {
	if len(results) == 2 {
		major, isMajor := results[0].(*ast.BasicLit)
		minor, isMinor := results[1].(*ast.BasicLit)
		if isMajor && isMinor && major.Value == "1" {
			return strconv.Atoi(minor.Value)
		}
	}
	return 0, errors.New("not a release 1.x")
}

func replacement(results []ast.Expr) (kind groupVersionKind, err error) {
	literal, ok := results[0].(*ast.CompositeLit)
	if !ok {
		return kind, errors.New("not a literal")
	}
	for _, element := range literal.Elts {
		entry := element.(*ast.KeyValueExpr)
		value, ok := stringLiteral(entry.Value)
		if !ok {
			return kind, errors.New("not a string literal")
		}
		switch entry.Key.(*ast.Ident).Name {
		case "Group":
			kind.group = value
		case "Version":
			kind.version = value
		case "Kind":
			kind.kind = value
		}
	}
	return kind, nil
}

func stringLiteral(expression ast.Expr) (string, bool) {
	literal, ok := expression.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}
