// This file reads api/openapi-spec/v3/*.json of k8s.io/kubernetes: the published
// types, and the paths under which kinds are stored. It writes nothing.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// openAPI is what one release publishes, under the names it publishes them by.
type openAPI struct {
	types map[string]*openAPISchema
	kinds []publishedKind
}

type publishedKind struct {
	group, version, kind, plural string
	namespaced                   bool
	typeName                     string
}

type openAPISchema struct {
	Ref                  string                    `json:"$ref"`
	AllOf                []*openAPISchema          `json:"allOf"`
	Type                 string                    `json:"type"`
	Format               string                    `json:"format"`
	Default              json.RawMessage           `json:"default"`
	Items                *openAPISchema            `json:"items"`
	AdditionalProperties *openAPISchema            `json:"additionalProperties"`
	Properties           map[string]*openAPISchema `json:"properties"`
	Required             []string                  `json:"required"`
	ListType             string                    `json:"x-kubernetes-list-type"`
	ListMapKeys          []string                  `json:"x-kubernetes-list-map-keys"`
	PatchMergeKey        string                    `json:"x-kubernetes-patch-merge-key"`
	MapType              string                    `json:"x-kubernetes-map-type"`
}

// refName is the name of the type that s refers to, "" if it refers to none.
// References that carry a default are wrapped in an allOf of one.
func (s *openAPISchema) refName() (string, error) {
	ref := s.Ref
	if len(s.AllOf) > 0 {
		if len(s.AllOf) != 1 || s.AllOf[0].Ref == "" || ref != "" {
			return "", errors.New("allOf is not a wrapped reference")
		}
		ref = s.AllOf[0].Ref
	}
	if ref == "" {
		return "", nil
	}
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	if !ok {
		return "", fmt.Errorf("reference to %s", ref)
	}
	return name, nil
}

type openAPIOperation struct {
	GroupVersionKind struct{ Group, Version, Kind string } `json:"x-kubernetes-group-version-kind"`
	RequestBody      struct {
		Content map[string]struct {
			Schema *openAPISchema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type openAPIPath struct {
	Post  *openAPIOperation `json:"post"`
	Patch *openAPIOperation `json:"patch"`
}

func readOpenAPI(kubernetesDir string) (*openAPI, error) {
	files, err := filepath.Glob(filepath.Join(kubernetesDir, "api", "openapi-spec", "v3", "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("the module has no published OpenAPI")
	}
	published := &openAPI{types: map[string]*openAPISchema{}}
	for _, file := range files {
		if err := published.readFile(file); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return published, nil
}

func (published *openAPI) readFile(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var document struct {
		Paths      map[string]openAPIPath
		Components struct{ Schemas map[string]*openAPISchema }
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return err
	}
	for name, s := range document.Components.Schemas {
		// Every file repeats the types it shares with others.
		if known := published.types[name]; known != nil && !reflect.DeepEqual(known, s) {
			return fmt.Errorf("%s is not what another file says it is", name)
		}
		published.types[name] = s
	}
	kinds, err := storedKinds(document.Paths)
	published.kinds = append(published.kinds, kinds...)
	return err
}

// storedKinds are the kinds a manifest can hold: those that can be created in a
// collection and patched by name. Requests such as TokenReview or Binding can be
// posted but never applied, and subresources have no collection of their own.
func storedKinds(paths map[string]openAPIPath) ([]publishedKind, error) {
	created := map[resourcePath]publishedKind{}
	patched := map[resourcePath]bool{}
	for path, operations := range paths {
		resource, named, ok := parseResourcePath(path)
		if !ok {
			continue
		}
		if named && operations.Patch != nil {
			patched[resource] = true
		}
		if !named && operations.Post != nil {
			typeName, err := requestType(operations.Post)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			gvk := operations.Post.GroupVersionKind
			created[resource] = publishedKind{
				gvk.Group, gvk.Version, gvk.Kind, resource.plural, resource.namespaced, typeName,
			}
		}
	}
	var kinds []publishedKind
	for resource, kind := range created {
		if patched[resource] {
			kinds = append(kinds, kind)
		}
	}
	sort.Slice(kinds, func(i, j int) bool { return kinds[i].kind < kinds[j].kind })
	return kinds, nil
}

func requestType(operation *openAPIOperation) (string, error) {
	for _, content := range operation.RequestBody.Content {
		name, err := content.Schema.refName()
		if err == nil && name == "" {
			err = errors.New("the request has no named type")
		}
		return name, err
	}
	return "", errors.New("the request has no body")
}

type resourcePath struct {
	plural     string
	namespaced bool
}

// parseResourcePath takes apart the path of a collection, or of an object named
// in it. Any other path, of a subresource or a watch, is not ok.
func parseResourcePath(path string) (resource resourcePath, named, ok bool) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(segments) > 2 && segments[0] == "api":
		segments = segments[2:]
	case len(segments) > 3 && segments[0] == "apis":
		segments = segments[3:]
	default:
		return resourcePath{}, false, false
	}
	if len(segments) > 2 && segments[0] == "namespaces" && segments[1] == "{namespace}" {
		resource.namespaced = true
		segments = segments[2:]
	}
	resource.plural = segments[0]
	switch {
	case resource.plural == "watch":
		return resourcePath{}, false, false
	case len(segments) == 1:
		return resource, false, true
	case len(segments) == 2 && segments[1] == "{name}":
		return resource, true, true
	}
	return resourcePath{}, false, false
}

// packages are the Go packages that declare the stored kinds.
func (published *openAPI) packages() []string {
	paths := map[string]bool{}
	for _, kind := range published.kinds {
		path, _ := goTypeName(kind.typeName)
		paths[path] = true
	}
	return slices.Sorted(maps.Keys(paths))
}
