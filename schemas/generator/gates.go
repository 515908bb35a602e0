// This file reads which feature gates a release has on, from pkg/features of
// k8s.io/kubernetes. It writes nothing.

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A gateState is what a release makes of a gate that nobody sets.
type gateState struct{ isOn, isLocked bool }

// readGates maps the names of gates to their states.
func readGates(kubernetesDir string, r release) (map[string]gateState, error) {
	folder := filepath.Join(kubernetesDir, "pkg", "features")
	gates := map[string]gateState{}
	// Until 1.32 the versions had a file of their own.
	for _, name := range []string{"versioned_kube_features.go", "kube_features.go"} {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := readGatesOf(path, r, gates); err != nil {
			return nil, err
		}
	}
	if len(gates) == 0 {
		return nil, errors.New("no feature gates were found")
	}
	return gates, nil
}

func readGatesOf(path string, r release, gates map[string]gateState) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var failure error
	ast.Inspect(file, func(node ast.Node) bool {
		declared, ok := node.(*ast.ValueSpec)
		if !ok || declared.Names[0].Name != "defaultVersionedKubernetesFeatureGates" {
			return true
		}
		for _, element := range declared.Values[0].(*ast.CompositeLit).Elts {
			entry := element.(*ast.KeyValueExpr)
			name, ok := entry.Key.(*ast.Ident)
			if !ok {
				continue // a gate of another module
			}
			if gates[name.Name], err = stateOf(entry.Value.(*ast.CompositeLit), r); err != nil {
				failure = fmt.Errorf("the gate %s: %w", name.Name, err)
			}
		}
		return false
	})
	return failure
}

// stateOf reads what the last version up to the release says.
func stateOf(specs *ast.CompositeLit, r release) (gateState, error) {
	state := gateState{}
	for _, element := range specs.Elts {
		minor, of := -1, gateState{}
		for _, member := range element.(*ast.CompositeLit).Elts {
			member := member.(*ast.KeyValueExpr)
			if isIdent(member.Key, "Default") {
				of.isOn = isIdent(member.Value, "true")
			}
			if isIdent(member.Key, "LockToDefault") {
				of.isLocked = isIdent(member.Value, "true")
			}
			if call, ok := member.Value.(*ast.CallExpr); ok && isIdent(member.Key, "Version") {
				text, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
				if err != nil {
					return state, err
				}
				if minor, err = strconv.Atoi(strings.TrimPrefix(text, "1.")); err != nil {
					return state, err
				}
			}
		}
		if minor < 0 {
			return state, errors.New("it has no version")
		}
		if minor <= r.minorNumber {
			state = of
		}
	}
	return state, nil
}

// gateName is the gate that a condition asks for.
func gateName(condition ast.Expr) (string, bool) {
	call, ok := condition.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return "", false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Enabled" {
		return "", false
	}
	gate, ok := call.Args[0].(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	return gate.Sel.Name, true
}
