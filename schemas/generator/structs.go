// This file reads the Go packages of a release. Of the structs behind the
// published types it takes what the OpenAPI does not tell: the order in which
// Kubernetes documents the fields, which defaults are meant, and which fields
// can tell zero from nothing. It writes nothing.

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// goSources finds and keeps the packages of one release.
type goSources struct {
	roots    map[string]string // module path to folder
	packages map[string]*goPackage
}

// A goPackage has what the files of a package declare, by name.
type goPackage struct {
	types     map[string]goType
	values    map[string]goType // what constants and variables are set to
	functions map[string]goFunction
}

// A goType is an expression, and what the names in it refer to.
type goType struct {
	expression ast.Expr
	path       string            // of the package
	imports    map[string]string // of the file
}

type goFunction struct {
	*ast.FuncDecl
	path    string
	imports map[string]string
}

// A goField is one JSON member of a struct.
type goField struct {
	name string
	// owner is the struct that declares it: "k8s.io/api/core/v1.Probe".
	owner string
	// hasDefault tells a default written by hand from the zero value that the
	// OpenAPI states for every field that is not optional.
	hasDefault bool
	// isPointer says that its zero is not the same as nothing.
	isPointer bool
}

func newGoSources(modules moduleDirs, release release) *goSources {
	roots := map[string]string{kubernetesPath: modules.dir(release.kubernetes())}
	for _, path := range typeModules {
		roots[path] = modules.dir(release.library(path))
	}
	return &goSources{roots, map[string]*goPackage{}}
}

// fields lists the JSON members of a struct in order, those of embedded structs
// in place. The answer is nil if there is no such struct.
func (sources *goSources) fields(path, name string) ([]goField, error) {
	pkg, err := sources.load(path)
	if err != nil || pkg == nil {
		return nil, err
	}
	declared, ok := pkg.types[name]
	if !ok {
		return nil, nil
	}
	switch expression := declared.expression.(type) {
	case *ast.StructType:
		return sources.structFields(expression, declared, path+"."+name)
	case *ast.Ident, *ast.SelectorExpr:
		path, name := declared.resolve(expression)
		return sources.fields(path, name)
	}
	return nil, nil
}

func (sources *goSources) structFields(structure *ast.StructType, declared goType, owner string) ([]goField, error) {
	var fields []goField
	for _, member := range structure.Fields.List {
		tag, err := jsonTag(member)
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case name == "-":
		case name != "":
			hasDefault := member.Doc != nil && hasMarker(member.Doc, "+default=")
			_, isPointer := member.Type.(*ast.StarExpr)
			fields = append(fields, goField{name, owner, hasDefault, isPointer})
		case len(member.Names) == 0:
			path, name := declared.resolve(member.Type)
			embedded, err := sources.fields(path, name)
			if err != nil {
				return nil, err
			}
			if embedded == nil {
				return nil, fmt.Errorf("embedded struct %s.%s is not declared", path, name)
			}
			fields = append(fields, embedded...)
		case ast.IsExported(member.Names[0].Name):
			fields = append(fields, goField{name: member.Names[0].Name, owner: owner})
		}
	}
	return fields, nil
}

func jsonTag(member *ast.Field) (string, error) {
	if member.Tag == nil {
		return "", nil
	}
	tag, err := strconv.Unquote(member.Tag.Value)
	return reflect.StructTag(tag).Get("json"), err
}

func hasMarker(doc *ast.CommentGroup, prefix string) bool {
	for _, comment := range doc.List {
		text := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// resolve names the type that an expression in the declaration refers to.
func (declared goType) resolve(expression ast.Expr) (path, name string) {
	switch expression := expression.(type) {
	case *ast.StarExpr:
		return declared.resolve(expression.X)
	case *ast.Ident:
		return declared.path, expression.Name
	case *ast.SelectorExpr:
		return declared.imports[expression.X.(*ast.Ident).Name], expression.Sel.Name
	}
	return "", ""
}

// load reads a package; nil if no module of the release has it.
func (sources *goSources) load(path string) (*goPackage, error) {
	if pkg, ok := sources.packages[path]; ok {
		return pkg, nil
	}
	var pkg *goPackage
	for root, dir := range sources.roots {
		inside, ok := strings.CutPrefix(path, root+"/")
		if !ok {
			continue
		}
		var err error
		pkg, err = parsePackage(path, filepath.Join(dir, filepath.FromSlash(inside)))
		if err != nil {
			return nil, err
		}
	}
	sources.packages[path] = pkg
	return pkg, nil
}

func parsePackage(path, dir string) (*goPackage, error) {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pkg := goPackage{map[string]goType{}, map[string]goType{}, map[string]goFunction{}}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasPrefix(name, "zz_generated") || strings.HasPrefix(name, "generated.") {
			continue // declares no API type
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, entry.Name()), nil,
			parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		imports := fileImports(file)
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				if declaration.Recv == nil {
					pkg.functions[declaration.Name.Name] = goFunction{declaration, path, imports}
				}
			case *ast.GenDecl:
				for _, spec := range declaration.Specs {
					pkg.declare(spec, path, imports)
				}
			}
		}
	}
	return &pkg, nil
}

func (pkg *goPackage) declare(spec ast.Spec, path string, imports map[string]string) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		pkg.types[spec.Name.Name] = goType{spec.Type, path, imports}
	case *ast.ValueSpec:
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				pkg.values[name.Name] = goType{spec.Values[i], path, imports}
			}
		}
	}
}
