// This file joins what openapi.go, enums.go, structs.go and defaults.go read into the kinds
// and types of the generated files. It reads and writes no file.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// primitives are the published types that a manifest writes as one value, or
// whose content no schema describes.
var primitives = map[string]string{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":   "quantity",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Duration":   "duration",
	"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1":   "any",
	"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime":  "micro-time",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Time":       "time",
	"io.k8s.apimachinery.pkg.runtime.RawExtension":    "any",
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
	apiextensionsV1 + "JSON":                          "any",
	apiextensionsV1 + "JSONSchemaPropsOrArray":        "any",
	apiextensionsV1 + "JSONSchemaPropsOrBool":         "any",
	apiextensionsV1 + "JSONSchemaPropsOrStringArray":  "any",
}

const apiextensionsV1 = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

// leadingFields come first in every manifest, whatever the Go struct says.
var leadingFields = []string{"apiVersion", "kind", "metadata", "spec", "status"}

type typeBuilder struct {
	published *openAPI
	enums     enumPlaces
	sources   *goSources
	defaults  goDefaults
	computed  map[string]bool // the computed defaults it met
	gates     map[string]gateState
	gated     map[string]bool        // the gated fields it met
	types     map[string]*objectType // by the name in the generated file
	origins   map[string]string      // the published name of each
}

// buildTypes makes every stored kind, and the types that can be reached from one.
// It notes in computed which defaults are, and in gated which fields have a gate.
func buildTypes(
	published *openAPI, enums enumPlaces, sources *goSources, defaults goDefaults, computed map[string]bool,
	gates map[string]gateState, gated map[string]bool,
) ([]kindEntry, map[string]*objectType, error) {
	builder := &typeBuilder{
		published, enums, sources, defaults, computed, gates, gated,
		map[string]*objectType{}, map[string]string{},
	}
	var kinds []kindEntry
	for _, k := range published.kinds {
		name, err := builder.use(k.typeName)
		if err != nil {
			return nil, nil, err
		}
		leadFields(builder.types[name])
		kinds = append(kinds, kindEntry{k.group, k.version, k.kind, k.plural, k.namespaced, name})
	}
	slices.SortFunc(kinds, func(a, b kindEntry) int {
		return slices.Compare([]string{a.Group, a.Version, a.Kind}, []string{b.Group, b.Version, b.Kind})
	})
	return kinds, builder.types, builder.narrowDefaults()
}

// narrowDefaults keeps the place of a default only where the type that has the
// field stands in other places too, in which nothing sets it.
func (builder *typeBuilder) narrowDefaults() error {
	uses := map[string]int{}
	for _, object := range builder.types {
		for _, f := range object.Fields {
			uses[f.schema.reference()]++
		}
	}
	for name, object := range builder.types {
		for _, f := range object.Fields {
			within := slices.Compact(slices.Sorted(slices.Values(f.schema.within)))
			if len(within) == 0 || len(within) >= uses[name] {
				continue
			}
			f.schema.Within = shortGoName(within[0])
			if len(within) > 1 || builder.types[f.schema.Within] == nil {
				return fmt.Errorf("the default of %s, field %s, is set in %s alone", name, f.name, within)
			}
		}
	}
	return nil
}

// reference is the type that s, its items or its values are of.
func (s *schema) reference() string {
	switch {
	case s.List != nil:
		return s.List.reference()
	case s.Map != nil:
		return s.Map.reference()
	}
	return s.Ref
}

func leadFields(object *objectType) {
	rank := func(f field) int {
		if i := slices.Index(leadingFields, f.name); i >= 0 {
			return i
		}
		return len(leadingFields)
	}
	slices.SortStableFunc(object.Fields, func(a, b field) int { return rank(a) - rank(b) })
}

// use makes sure that a published type is built and returns its name.
func (builder *typeBuilder) use(published string) (string, error) {
	name := shortName(published)
	if origin, ok := builder.origins[name]; ok {
		if origin != published {
			return "", fmt.Errorf("%s and %s would both be named %s", origin, published, name)
		}
		return name, nil
	}
	source := builder.published.types[published]
	if source == nil || source.Type != "object" {
		return "", fmt.Errorf("%s is not a published object", published)
	}
	object := &objectType{
		Fields:   fieldList{},
		Required: slices.Sorted(slices.Values(source.Required)),
		MapType:  source.MapType,
	}
	// Entered before its fields are built, as types may contain themselves.
	builder.types[name] = object
	builder.origins[name] = published

	path, goName := goTypeName(published)
	members, err := builder.sources.fields(path, goName)
	if err != nil {
		return "", fmt.Errorf("%s: %w", published, err)
	}
	for _, member := range orderFields(source.Properties, members) {
		place := builder.enums[path+"."+goName][member.name]
		s, err := builder.schema(source.Properties[member.name], place, member.hasDefault)
		if err == nil {
			err = builder.addDefault(s, member)
			builder.addGate(s, name+"."+member.name)
		}
		if err != nil {
			return "", fmt.Errorf("%s, field %s: %w", published, member.name, err)
		}
		object.Fields = append(object.Fields, field{member.name, s})
	}
	if lost := builder.enums.unplaced(path + "." + goName); lost != nil {
		return "", fmt.Errorf("no place for the enum values of %s", strings.Join(lost, ", "))
	}
	return name, nil
}

// addDefault takes in what the server's code says of a field.
func (builder *typeBuilder) addDefault(s *schema, member goField) error {
	if s.List == nil && s.Map == nil {
		// Nothing is known of the fields of a type that has no Go struct.
		s.Pointer = member.isPointer || member.owner == ""
	}
	place := goPlace{member.owner, member.name}
	found, ok := builder.defaults[place]
	switch {
	case !ok:
	case found.isComputed && !slices.Contains(computedDefaults, place.String()):
		return errors.New("the default is computed: list it in computedDefaults, and compute it")
	case found.isComputed:
		builder.computed[place.String()] = true
		s.Computed = true
	case s.Default != nil && !bytes.Equal(s.Default, found.value):
		return fmt.Errorf("the default is %s in the OpenAPI and %s in the code", s.Default, found.value)
	case s.Default == nil:
		s.Default = found.value
		s.within = found.within
	}
	return nil
}

// orderFields gives the published fields in the order of the Go struct, and
// those that are not in it, or all if there is none, in alphabetical order.
func orderFields(properties map[string]*openAPISchema, members []goField) []goField {
	var ordered []goField
	seen := map[string]bool{}
	for _, member := range members {
		if properties[member.name] != nil && !seen[member.name] {
			ordered = append(ordered, member)
			seen[member.name] = true
		}
	}
	var rest []string
	for name := range properties {
		if !seen[name] {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	for _, name := range rest {
		ordered = append(ordered, goField{name: name})
	}
	return ordered
}

func (builder *typeBuilder) schema(source *openAPISchema, place *enumPlace, hasDefault bool) (*schema, error) {
	ref, err := source.refName()
	if err != nil {
		return nil, err
	}
	s := &schema{
		ListType: source.ListType,
		Keys:     source.ListMapKeys,
		PatchKey: source.PatchMergeKey,
		MapType:  source.MapType,
	}
	if hasDefault || !isZero(source.Default) {
		s.Default = source.Default
	}
	if place == nil {
		place = &enumPlace{}
	}
	switch {
	case ref != "" && primitives[ref] != "":
		s.Type = primitives[ref]
	case ref != "":
		s.Ref, err = builder.use(ref)
	case source.Items != nil:
		s.List, err = builder.schema(source.Items, place.items, false)
	case source.AdditionalProperties != nil:
		s.Map, err = builder.schema(source.AdditionalProperties, place.mapped, false)
	case source.Type == "string" && source.Format == "byte":
		s.Type = "bytes"
	case source.Type == "string" && source.Format == "":
		s.Type = "string"
		s.Enum = place.values
		place.placed = true
	case slices.Contains([]string{"integer", "number", "boolean"}, source.Type):
		s.Type = source.Type
		s.Format = source.Format
	default:
		err = errors.New("the published schema has an unknown form")
	}
	return s, err
}

func isZero(value json.RawMessage) bool {
	switch string(value) {
	case "", "null", "{}", `""`, "0", "false":
		return true
	}
	return false
}

// goTypeName gives the Go import path and name of a published type, which is
// the same with dots for slashes and the host's name turned round.
func goTypeName(published string) (path, name string) {
	pkg, name := cutLast(published, ".")
	return "k8s.io/" + strings.ReplaceAll(strings.TrimPrefix(pkg, "io.k8s."), ".", "/"), name
}

// shortGoName is the name of a Go type in the generated files.
func shortGoName(name string) string {
	path, goName := cutLast(name, ".")
	segments := strings.Split(path, "/")
	return strings.Join(segments[max(0, len(segments)-2):], "/") + "." + goName
}

// shortName is a published type's name with only the last two parts of its
// package: the group and the version.
func shortName(published string) string {
	pkg, name := cutLast(published, ".")
	rest, version := cutLast(pkg, ".")
	_, group := cutLast(rest, ".")
	return group + "/" + version + "." + name
}

func cutLast(s, separator string) (before, after string) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+len(separator):]
}
