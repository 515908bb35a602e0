// This file reads pkg/generated/openapi/zz_generated.openapi.go of
// k8s.io/kubernetes, because the published OpenAPI leaves enum values out and
// the Go code it is made from has them. It writes nothing.

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

// enumPlaces maps "import/path.Type" to its fields with enum values.
type enumPlaces map[string]map[string]*enumPlace

// An enumPlace has the values allowed in a field, in each item of its list, or
// in each value of its map.
type enumPlace struct {
	values []string
	items  *enumPlace
	mapped *enumPlace
	placed bool
}

func readEnums(kubernetesDir string) (enumPlaces, error) {
	path := filepath.Join(kubernetesDir, "pkg", "generated", "openapi", "zz_generated.openapi.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	functions := map[string]*ast.FuncDecl{}
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			functions[function.Name.Name] = function
		}
	}
	index := functions["GetOpenAPIDefinitions"]
	if index == nil {
		return nil, errors.New("the generated OpenAPI code has no GetOpenAPIDefinitions")
	}
	imports := fileImports(file)
	enums := enumPlaces{}
	var failure error
	ast.Inspect(index.Body, func(node ast.Node) bool {
		entry, ok := node.(*ast.KeyValueExpr)
		if !ok || failure != nil {
			return failure == nil
		}
		typeName, err := definitionName(entry.Key, imports)
		if err != nil {
			failure = err
			return false
		}
		call, ok := entry.Value.(*ast.CallExpr)
		if !ok {
			failure = fmt.Errorf("%s has no schema function", typeName)
			return false
		}
		function := functions[call.Fun.(*ast.Ident).Name]
		if function == nil {
			failure = fmt.Errorf("the schema function of %s is missing", typeName)
			return false
		}
		fields, err := enumFields(function)
		if err != nil {
			failure = fmt.Errorf("%s: %w", typeName, err)
			return false
		}
		if len(fields) > 0 {
			enums[typeName] = fields
		}
		return false
	})
	if failure == nil && len(enums) == 0 {
		failure = errors.New("the generated OpenAPI code has no enums")
	}
	return enums, failure
}

// definitionName reads a key of the index: a Go type name as a string up to
// 1.35, the call v1.Pod{}.OpenAPIModelName() from then on.
func definitionName(key ast.Expr, imports map[string]string) (string, error) {
	switch key := key.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(key.Value)
	case *ast.CallExpr:
		if method, ok := key.Fun.(*ast.SelectorExpr); ok {
			if value, ok := method.X.(*ast.CompositeLit); ok {
				if name, ok := value.Type.(*ast.SelectorExpr); ok {
					return imports[name.X.(*ast.Ident).Name] + "." + name.Sel.Name, nil
				}
			}
		}
	}
	return "", errors.New("an entry of GetOpenAPIDefinitions has an unknown form")
}

// enumFields finds the fields with enum values in the schema that a function
// returns. Only the literal's own properties count, which is why the search
// stops at the first Properties it meets.
func enumFields(function *ast.FuncDecl) (map[string]*enumPlace, error) {
	fields := map[string]*enumPlace{}
	var failure error
	ast.Inspect(function.Body, func(node ast.Node) bool {
		entry, ok := node.(*ast.KeyValueExpr)
		if !ok || !isIdent(entry.Key, "Properties") {
			return true
		}
		for _, element := range entry.Value.(*ast.CompositeLit).Elts {
			property := element.(*ast.KeyValueExpr)
			name, err := strconv.Unquote(property.Key.(*ast.BasicLit).Value)
			if err != nil {
				failure = err
				return false
			}
			place, err := readEnumPlace(property.Value)
			if err != nil {
				failure = fmt.Errorf("%s: %w", name, err)
				return false
			}
			if place != nil {
				fields[name] = place
			}
		}
		return false
	})
	return fields, failure
}

func readEnumPlace(node ast.Node) (*enumPlace, error) {
	var place enumPlace
	var failure error
	ast.Inspect(node, func(node ast.Node) bool {
		entry, ok := node.(*ast.KeyValueExpr)
		if !ok || failure != nil {
			return failure == nil
		}
		key, ok := entry.Key.(*ast.Ident)
		if !ok {
			return true
		}
		switch key.Name {
		case "Enum":
			place.values, failure = stringElements(entry.Value)
		case "Items":
			place.items, failure = readEnumPlace(entry.Value)
		case "AdditionalProperties":
			place.mapped, failure = readEnumPlace(entry.Value)
		case "Properties":
			failure = errors.New("a field has properties of its own")
		default:
			return true
		}
		return false
	})
	if failure != nil {
		return nil, failure
	}
	if place.values == nil && place.items == nil && place.mapped == nil {
		return nil, nil
	}
	return &place, nil
}

func stringElements(list ast.Expr) ([]string, error) {
	var values []string
	for _, element := range list.(*ast.CompositeLit).Elts {
		literal, ok := element.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return nil, errors.New("an enum value is not a string literal")
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// unplaced lists the fields of one type whose enum values no field took.
func (enums enumPlaces) unplaced(typeName string) []string {
	var names []string
	for field, place := range enums[typeName] {
		for ; place != nil; place = place.next() {
			if place.values != nil && !place.placed {
				names = append(names, typeName+"."+field)
			}
		}
	}
	return names
}

func (place *enumPlace) next() *enumPlace {
	if place.items != nil {
		return place.items
	}
	return place.mapped
}

func isIdent(expression ast.Expr, name string) bool {
	identifier, ok := expression.(*ast.Ident)
	return ok && identifier.Name == name
}

// fileImports maps the names a file uses for packages to their paths.
func fileImports(file *ast.File) map[string]string {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = path
	}
	return imports
}
