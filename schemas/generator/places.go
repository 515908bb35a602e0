// This file says where in an object a Go expression points to, and what a
// constant one is in JSON. It reads packages through structs.go.

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

func (function goFunction) goContext() goType { return goType{nil, function.path, function.imports} }

// locate finds the place that an expression points to. Pointers and conversions
// are looked through.
func (reader *defaultsReader) locate(expression ast.Expr, s scope) (location, bool) {
	switch expression := expression.(type) {
	case *ast.Ident:
		at, ok := s.locations[expression.Name]
		return at, ok
	case *ast.ParenExpr:
		return reader.locate(expression.X, s)
	case *ast.StarExpr:
		return reader.locate(expression.X, s)
	case *ast.UnaryExpr:
		if expression.Op == token.AND {
			return reader.locate(expression.X, s)
		}
	case *ast.CallExpr:
		if _, ok := expression.Fun.(*ast.ParenExpr); ok && len(expression.Args) == 1 {
			return reader.locate(expression.Args[0], s)
		}
	case *ast.IndexExpr:
		at, ok := reader.locate(expression.X, s)
		if !ok {
			return location{}, false
		}
		item, ok := reader.item(at.goType)
		return location{at.text + "[]", at.place, item}, ok
	case *ast.SelectorExpr:
		at, ok := reader.locate(expression.X, s)
		if !ok {
			return location{}, false
		}
		return reader.member(at, expression.Sel.Name)
	}
	return location{}, false
}

// declaration looks through pointers and names, up to a struct, list or map.
func (reader *defaultsReader) declaration(declared goType) (goType, string) {
	owner := ""
	for {
		switch expression := declared.expression.(type) {
		case *ast.StarExpr:
			declared.expression = expression.X
		case *ast.ParenExpr:
			declared.expression = expression.X
		case *ast.Ident, *ast.SelectorExpr:
			path, name := declared.resolve(expression)
			pkg, err := reader.sources.load(path)
			if err != nil || pkg == nil {
				return declared, ""
			}
			next, ok := pkg.types[name]
			if !ok {
				return declared, ""
			}
			declared, owner = next, path+"."+name
		default:
			return declared, owner
		}
	}
}

func (reader *defaultsReader) item(declared goType) (goType, bool) {
	list, _ := reader.declaration(declared)
	switch expression := list.expression.(type) {
	case *ast.ArrayType:
		list.expression = expression.Elt
		return list, true
	case *ast.MapType:
		list.expression = expression.Value
		return list, true
	}
	return goType{}, false
}

// member finds a field of a struct by its name in Go, in embedded ones too.
func (reader *defaultsReader) member(at location, name string) (location, bool) {
	declared, owner := reader.declaration(at.goType)
	structure, ok := declared.expression.(*ast.StructType)
	if !ok {
		return location{}, false
	}
	for _, member := range structure.Fields.List {
		tag, err := jsonTag(member)
		if err != nil {
			return location{}, false
		}
		inJSON, _, _ := strings.Cut(tag, ",")
		found := location{at.text + "." + name, goPlace{owner, inJSON}, declared.of(member.Type)}
		for _, known := range member.Names {
			if known.Name == name {
				return found, true
			}
		}
		if len(member.Names) > 0 {
			continue
		}
		if _, embedded := declared.resolve(member.Type); embedded == name {
			return found, true
		}
		if promoted, ok := reader.member(location{at.text, at.place, declared.of(member.Type)}, name); ok {
			return promoted, true
		}
	}
	return location{}, false
}

func (declared goType) of(expression ast.Expr) goType {
	return goType{expression, declared.path, declared.imports}
}

var errNotConstant = errors.New("not a constant")

// evaluate gives a constant expression as JSON would have it.
func (reader *defaultsReader) evaluate(expression ast.Expr, in goType, s scope) (any, error) {
	switch expression := expression.(type) {
	case *ast.BasicLit:
		switch expression.Kind {
		case token.STRING:
			return strconv.Unquote(expression.Value)
		case token.INT:
			return strconv.ParseInt(expression.Value, 0, 64)
		}
	case *ast.ParenExpr:
		return reader.evaluate(expression.X, in, s)
	case *ast.UnaryExpr:
		if expression.Op == token.AND {
			return reader.evaluate(expression.X, in, s)
		}
	case *ast.Ident:
		if value, ok := s.values[expression.Name]; ok {
			return value, nil
		}
		switch expression.Name {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return reader.declaredValue(in.path, expression.Name)
	case *ast.SelectorExpr:
		if pkg, ok := expression.X.(*ast.Ident); ok {
			return reader.declaredValue(in.imports[pkg.Name], expression.Sel.Name)
		}
	case *ast.CallExpr:
		return reader.evaluateCall(expression, in, s)
	case *ast.CompositeLit:
		return reader.evaluateLiteral(expression, in.of(expression.Type), s)
	}
	return nil, errNotConstant
}

func (reader *defaultsReader) declaredValue(path, name string) (any, error) {
	pkg, err := reader.sources.load(path)
	if err != nil {
		return nil, err
	}
	if pkg == nil {
		return nil, errNotConstant
	}
	value, ok := pkg.values[name]
	if !ok {
		return nil, errNotConstant
	}
	return reader.evaluate(value.expression, value, scope{})
}

// wrappers give their one argument back, as far as JSON can tell.
var wrappers = map[string]bool{
	"k8s.io/utils/ptr.To": true, "k8s.io/utils/pointer.Int32": true, "k8s.io/utils/pointer.Bool": true,
	"k8s.io/utils/pointer.Int32Ptr": true, "k8s.io/utils/pointer.String": true,
	"k8s.io/apimachinery/pkg/util/intstr.FromInt": true, "k8s.io/apimachinery/pkg/util/intstr.FromInt32": true,
	"k8s.io/apimachinery/pkg/util/intstr.FromString": true, "k8s.io/apimachinery/pkg/api/resource.MustParse": true,
}

func (reader *defaultsReader) evaluateCall(call *ast.CallExpr, in goType, s scope) (any, error) {
	function := call.Fun
	if generic, ok := function.(*ast.IndexExpr); ok {
		function = generic.X
	}
	if len(call.Args) == 0 && isHourInSeconds(function) {
		return 3600, nil
	}
	if len(call.Args) != 1 {
		return nil, errNotConstant
	}
	path, name := in.resolve(function)
	isType := path == in.path && (name == "int32" || name == "int64" || name == "string")
	if pkg, err := reader.sources.load(path); err == nil && pkg != nil {
		if _, ok := pkg.types[name]; ok {
			isType = true
		}
	}
	if !isType && !wrappers[path+"."+name] {
		return nil, errNotConstant
	}
	return reader.evaluate(call.Args[0], in, s)
}

func isHourInSeconds(function ast.Expr) bool {
	method, ok := function.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Seconds" {
		return false
	}
	hour, ok := method.X.(*ast.SelectorExpr)
	return ok && isIdent(hour.X, "time") && hour.Sel.Name == "Hour"
}

func (reader *defaultsReader) evaluateLiteral(literal *ast.CompositeLit, declared goType, s scope) (any, error) {
	if list, ok := declared.expression.(*ast.ArrayType); ok {
		values := []any{}
		for _, element := range literal.Elts {
			value, err := reader.evaluate(element, declared.of(list.Elt), s)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		return values, nil
	}
	values := map[string]any{}
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return nil, errNotConstant
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok {
			return nil, errNotConstant
		}
		at, ok := reader.member(location{goType: declared}, key.Name)
		if !ok || at.place.name == "" {
			return nil, fmt.Errorf("no member %s", key.Name)
		}
		value, err := reader.evaluate(pair.Value, declared, s)
		if err != nil {
			return nil, err
		}
		values[at.place.name] = value
	}
	return values, nil
}
