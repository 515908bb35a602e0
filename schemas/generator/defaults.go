// This file reads the server's own defaulting code, pkg/apis/*/*/defaults.go of
// k8s.io/kubernetes and its kin: which value each SetDefaults function puts in
// which field where nothing is written. It writes nothing.
//
// The functions are followed statement by statement. A value that depends on
// nothing but the field being empty is a fact; any other is computed, must be
// listed in computedDefaults, and is written by hand in src/kubernetes/defaults.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// goDefaults says what the server puts in a field.
type goDefaults map[goPlace]goDefault

// A goPlace is a member of a struct, by its name in JSON.
type goPlace struct{ owner, name string }

func (place goPlace) String() string { return shortGoName(place.owner) + "." + place.name }

type goDefault struct {
	value      json.RawMessage
	within     []string // the types whose functions set it; empty where that of its own type does
	isComputed bool
}

// readDefaults follows the functions that default the types of packages.
func readDefaults(gates map[string]gateState, sources *goSources, packages []string) (goDefaults, error) {
	reader := &defaultsReader{sources, gates, goDefaults{}}
	for _, path := range packages {
		if rest, ok := strings.CutPrefix(path, "k8s.io/api/"); ok {
			path = kubernetesPath + "/pkg/apis/" + rest
		}
		pkg, err := sources.load(path)
		if err != nil {
			return nil, err
		}
		if pkg == nil {
			return nil, fmt.Errorf("no module has the package %s", path)
		}
		for _, name := range slices.Sorted(maps.Keys(pkg.functions)) {
			if !strings.HasPrefix(name, "SetDefaults_") || slices.Contains(otherFunctions, name) {
				continue
			}
			if err := reader.root(pkg.functions[name]); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", path, name, err)
			}
		}
	}
	return reader.found, nil
}

type defaultsReader struct {
	sources *goSources
	gates   map[string]gateState
	found   goDefaults
}

// A scope is what the names in a function mean.
type scope struct {
	function  goFunction
	within    string
	locations map[string]location
	values    map[string]any
}

// A location is where in the object an expression points to.
type location struct {
	text  string // for comparison
	place goPlace
	goType
}

// A guard is a condition under which a statement runs: that a location is
// empty, that it is not nil, or another one.
type guard struct {
	empty, present string
}

func (reader *defaultsReader) root(function goFunction) error {
	parameter := function.Type.Params.List[0]
	declared := goType{parameter.Type, function.path, function.imports}
	path, name := declared.resolve(parameter.Type)
	s := scope{function, path + "." + name, map[string]location{}, map[string]any{}}
	s.locations[parameter.Names[0].Name] = location{"obj", goPlace{}, declared}
	return reader.statements(function.Body.List, s, nil)
}

func (reader *defaultsReader) statements(list []ast.Stmt, s scope, guards []guard) error {
	for _, statement := range list {
		if err := reader.statement(statement, s, guards); err != nil {
			return err
		}
		if branch, ok := statement.(*ast.IfStmt); ok && returns(branch.Body) {
			// What follows depends on a condition.
			guards = append(slices.Clone(guards), guard{})
		}
	}
	return nil
}

func returns(block *ast.BlockStmt) bool {
	if len(block.List) == 0 {
		return false
	}
	_, ok := block.List[len(block.List)-1].(*ast.ReturnStmt)
	return ok
}

func (reader *defaultsReader) statement(statement ast.Stmt, s scope, guards []guard) error {
	switch statement := statement.(type) {
	case *ast.AssignStmt:
		return reader.assign(statement, s, guards)
	case *ast.DeclStmt:
		for _, spec := range statement.Decl.(*ast.GenDecl).Specs {
			if spec, ok := spec.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				reader.define(spec.Names[0].Name, spec.Values[0], s)
			}
		}
		return nil
	case *ast.IfStmt:
		return reader.branch(statement, s, guards)
	case *ast.RangeStmt:
		if value, ok := statement.Value.(*ast.Ident); ok {
			if at, ok := reader.locate(&ast.IndexExpr{X: statement.X}, s); ok {
				s.locations[value.Name] = at
			}
		}
		return reader.statements(statement.Body.List, s, guards)
	case *ast.SwitchStmt:
		for _, clause := range statement.Body.List {
			if err := reader.statements(clause.(*ast.CaseClause).Body, s, append(slices.Clone(guards), guard{})); err != nil {
				return err
			}
		}
		return nil
	case *ast.ExprStmt:
		if call, ok := statement.X.(*ast.CallExpr); ok {
			return reader.call(call, s, guards)
		}
	case *ast.ReturnStmt, *ast.BranchStmt:
		return nil
	}
	return fmt.Errorf("a statement of an unknown form: %T", statement)
}

// branch follows what is done under a condition, and otherwise.
func (reader *defaultsReader) branch(statement *ast.IfStmt, s scope, guards []guard) error {
	if statement.Init != nil {
		if err := reader.statement(statement.Init, s, guards); err != nil {
			return err
		}
	}
	inside, runs := reader.conditions(statement.Cond, s)
	if runs {
		if err := reader.statements(statement.Body.List, s, append(slices.Clone(guards), inside...)); err != nil {
			return err
		}
	}
	switch otherwise := statement.Else.(type) {
	case *ast.BlockStmt:
		if !runs {
			return reader.statements(otherwise.List, s, guards)
		}
		return reader.statements(otherwise.List, s, append(slices.Clone(guards), guard{}))
	case *ast.IfStmt:
		return reader.branch(otherwise, s, append(slices.Clone(guards), guard{}))
	}
	return nil
}

// conditions takes a condition apart; runs is false behind a gate that is off.
func (reader *defaultsReader) conditions(condition ast.Expr, s scope) (guards []guard, runs bool) {
	switch condition := condition.(type) {
	case *ast.ParenExpr:
		return reader.conditions(condition.X, s)
	case *ast.UnaryExpr:
		if gate, ok := gateName(condition.X); ok && condition.Op == token.NOT {
			return nil, !reader.gates[gate].isOn
		}
	case *ast.CallExpr:
		if gate, ok := gateName(condition); ok {
			return nil, reader.gates[gate].isOn
		}
	case *ast.BinaryExpr:
		switch condition.Op {
		case token.LAND:
			left, runsLeft := reader.conditions(condition.X, s)
			right, runsRight := reader.conditions(condition.Y, s)
			return append(left, right...), runsLeft && runsRight
		case token.EQL:
			if at, ok := reader.locate(withoutLen(condition.X), s); ok && isZeroLiteral(condition.Y) {
				return []guard{{empty: at.text}}, true
			}
		case token.NEQ:
			if at, ok := reader.locate(condition.X, s); ok && isIdent(condition.Y, "nil") {
				return []guard{{present: at.text}}, true
			}
		}
	}
	return []guard{{}}, true
}

func withoutLen(expression ast.Expr) ast.Expr {
	if call, ok := expression.(*ast.CallExpr); ok && isIdent(call.Fun, "len") {
		return call.Args[0]
	}
	return expression
}

func isZeroLiteral(expression ast.Expr) bool {
	literal, ok := expression.(*ast.BasicLit)
	return isIdent(expression, "nil") || ok && (literal.Value == `""` || literal.Value == "0")
}

func (reader *defaultsReader) assign(statement *ast.AssignStmt, s scope, guards []guard) error {
	if len(statement.Rhs) != 1 || len(statement.Lhs) != 1 {
		return nil // the results of a call: nothing is known of them
	}
	left, right := statement.Lhs[0], statement.Rhs[0]
	if name, ok := left.(*ast.Ident); ok {
		if statement.Tok == token.DEFINE {
			reader.define(name.Name, right, s)
		}
		return nil
	}
	at, ok := reader.locate(left, s)
	if !ok {
		if isLocal(left, s) {
			return nil
		}
		return errors.New("an assignment to an unknown place")
	}
	if from, ok := reader.locate(right, s); ok && from.text == at.text {
		return nil // a copy that is put back
	}
	if call, ok := right.(*ast.CallExpr); ok && (isIdent(call.Fun, "new") || isIdent(call.Fun, "make")) {
		return nil // the value follows
	}
	if call, ok := right.(*ast.CallExpr); ok && isIdent(call.Fun, "append") {
		if from, ok := reader.locate(call.Args[0], s); ok && from.text == at.text && hasGuard(guards, at.text) {
			value, err := reader.evaluate(call.Args[1], s.function.goContext(), s)
			return reader.record(at, []any{value}, err, s, guards)
		}
	}
	value, err := reader.evaluate(right, s.function.goContext(), s)
	return reader.record(at, value, err, s, guards)
}

// isLocal says whether a place is in a variable that is no part of the object.
func isLocal(expression ast.Expr, s scope) bool {
	for {
		switch inner := expression.(type) {
		case *ast.SelectorExpr:
			expression = inner.X
		case *ast.IndexExpr:
			expression = inner.X
		case *ast.StarExpr:
			expression = inner.X
		case *ast.ParenExpr:
			expression = inner.X
		case *ast.Ident:
			_, ok := s.locations[inner.Name]
			return !ok
		default:
			return false
		}
	}
}

func hasGuard(guards []guard, text string) bool {
	return slices.ContainsFunc(guards, func(g guard) bool { return g.empty == text })
}

// define notes what a name stands for.
func (reader *defaultsReader) define(name string, expression ast.Expr, s scope) {
	delete(s.values, name)
	delete(s.locations, name)
	if at, ok := reader.locate(expression, s); ok {
		s.locations[name] = at
	} else if value, err := reader.evaluate(expression, s.function.goContext(), s); err == nil {
		s.values[name] = value
	}
}

// record notes a value put in a place; with an error, one that is not constant.
func (reader *defaultsReader) record(at location, value any, err error, s scope, guards []guard) error {
	if at.place.name == "" {
		return nil // an embedded struct, whose fields have no place of their own
	}
	isConstant := err == nil && hasGuard(guards, at.text)
	for _, guard := range guards {
		if guard.present == at.text {
			return nil // what is written is put right; nothing is filled in
		}
		rest, isBelow := strings.CutPrefix(at.text, guard.present)
		isPath := guard.present != "" && isBelow && strings.ContainsAny(rest[:1], ".[")
		isConstant = isConstant && (isPath || guard.empty == at.text)
	}
	before, known := reader.found[at.place]
	if !isConstant || (known && before.isComputed) {
		reader.found[at.place] = goDefault{isComputed: true}
		return nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	found := goDefault{value: encoded}
	switch {
	case known && string(before.value) != string(encoded):
		found = goDefault{isComputed: true}
	case s.within != at.place.owner && (!known || len(before.within) > 0):
		found.within = append(slices.Clone(before.within), s.within)
	}
	reader.found[at.place] = found
	return nil
}

// call follows another function of the package.
func (reader *defaultsReader) call(call *ast.CallExpr, s scope, guards []guard) error {
	name, ok := call.Fun.(*ast.Ident)
	if !ok {
		return errors.New("a call of an unknown form")
	}
	pkg, err := reader.sources.load(s.function.path)
	if err != nil {
		return err
	}
	function, ok := pkg.functions[name.Name]
	if !ok {
		return fmt.Errorf("a call of %s, which the package does not declare", name.Name)
	}
	inner := scope{function, s.within, map[string]location{}, map[string]any{}}
	for i, parameter := range function.Type.Params.List {
		if i < len(call.Args) {
			if at, ok := reader.locate(call.Args[i], s); ok {
				inner.locations[parameter.Names[0].Name] = at
			}
		}
	}
	if strings.HasPrefix(name.Name, "SetDefaults_") {
		// It runs wherever its type stands.
		if at, ok := inner.locations[function.Type.Params.List[0].Names[0].Name]; ok {
			path, name := at.resolve(at.expression)
			inner.within = path + "." + name
		}
	}
	return reader.statements(function.Body.List, inner, guards)
}
