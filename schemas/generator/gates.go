// This file reads which feature gates a release has on, from
// pkg/features/kube_features.go of k8s.io/kubernetes. It writes nothing.

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// readGates maps the names of gates to whether they are on by default.
func readGates(kubernetesDir string, r release) (map[string]bool, error) {
	path := filepath.Join(kubernetesDir, "pkg", "features", "kube_features.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	gates := map[string]bool{}
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
			if gates[name.Name], err = isOn(entry.Value.(*ast.CompositeLit), r); err != nil {
				failure = fmt.Errorf("the gate %s: %w", name.Name, err)
			}
		}
		return false
	})
	if failure == nil && len(gates) == 0 {
		failure = errors.New("no feature gates were found")
	}
	return gates, failure
}

// isOn reads what the last version up to the release says.
func isOn(specs *ast.CompositeLit, r release) (bool, error) {
	isOn := false
	for _, element := range specs.Elts {
		minor, on := -1, false
		for _, member := range element.(*ast.CompositeLit).Elts {
			member := member.(*ast.KeyValueExpr)
			if isIdent(member.Key, "Default") {
				on = isIdent(member.Value, "true")
			}
			if call, ok := member.Value.(*ast.CallExpr); ok && isIdent(member.Key, "Version") {
				text, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
				if err != nil {
					return false, err
				}
				if minor, err = strconv.Atoi(strings.TrimPrefix(text, "1.")); err != nil {
					return false, err
				}
			}
		}
		if minor < 0 {
			return false, errors.New("it has no version")
		}
		if minor <= r.minorNumber {
			isOn = on
		}
	}
	return isOn, nil
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
