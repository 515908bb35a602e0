// This file is the format of the generated files: it turns facts into JSON with
// one line per kind, lifecycle entry and type. It reads nothing; main.go writes
// the result.

package main

import (
	"bytes"
	"encoding/json"
	"sort"
)

type facts struct {
	kubernetes string
	source     string
	kinds      []kindEntry
	lifecycle  []lifecycleEntry
	types      map[string]*objectType
}

type kindEntry struct {
	Group      string `json:"group"`
	Version    string `json:"version"`
	Kind       string `json:"kind"`
	Plural     string `json:"plural"`
	Namespaced bool   `json:"namespaced"`
	Type       string `json:"type"`
}

type lifecycleEntry struct {
	Group       string `json:"group"`
	Version     string `json:"version"`
	Kind        string `json:"kind"`
	Deprecated  string `json:"deprecated,omitempty"`
	Removed     string `json:"removed,omitempty"`
	Replacement string `json:"replacement,omitempty"`
}

type objectType struct {
	Fields   fieldList `json:"fields"`
	Required []string  `json:"required,omitempty"`
	MapType  string    `json:"map-type,omitempty"`
}

// A schema has exactly one of Type, Ref, List and Map.
type schema struct {
	Type     string          `json:"type,omitempty"`
	Ref      string          `json:"ref,omitempty"`
	List     *schema         `json:"list,omitempty"`
	Map      *schema         `json:"map,omitempty"`
	Format   string          `json:"format,omitempty"`
	Enum     []string        `json:"enum,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
	Within   string          `json:"default-within,omitempty"` // the type around it that alone has the default
	Computed bool            `json:"computed,omitempty"`       // the default depends on other fields
	Pointer  bool            `json:"pointer,omitempty"`        // zero is not the same as nothing
	Gate     string          `json:"gate,omitempty"`           // the feature gate without which the server drops it
	GateOff  bool            `json:"gate-off,omitempty"`       // nobody has it who does not ask for it
	within   []string        // the Go types in which the default is set
	ListType string          `json:"list-type,omitempty"`
	Keys     []string        `json:"keys,omitempty"`
	PatchKey string          `json:"patch-key,omitempty"`
	MapType  string          `json:"map-type,omitempty"`
}

type field struct {
	name   string
	schema *schema
}

// A fieldList is a JSON object whose members keep their order.
type fieldList []field

func (fields fieldList) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeMember(&b, f.name, f.schema); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (f *facts) encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n")
	if err := writeMember(&b, "kubernetes", f.kubernetes); err != nil {
		return nil, err
	}
	b.WriteString(",\n")
	if err := writeMember(&b, "source", f.source); err != nil {
		return nil, err
	}
	b.WriteString(",\n\"kinds\":[\n")
	if err := writeLines(&b, f.kinds); err != nil {
		return nil, err
	}
	b.WriteString("],\n\"lifecycle\":[\n")
	if err := writeLines(&b, f.lifecycle); err != nil {
		return nil, err
	}
	b.WriteString("],\n\"types\":{\n")
	names := make([]string, 0, len(f.types))
	for name := range f.types {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		if err := writeMember(&b, name, f.types[name]); err != nil {
			return nil, err
		}
		writeLineEnd(&b, i, len(names))
	}
	b.WriteString("}\n}\n")
	return b.Bytes(), nil
}

func writeLines[T any](b *bytes.Buffer, items []T) error {
	for i, item := range items {
		if err := writeJSON(b, item); err != nil {
			return err
		}
		writeLineEnd(b, i, len(items))
	}
	return nil
}

func writeLineEnd(b *bytes.Buffer, i, n int) {
	if i < n-1 {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
}

func writeMember(b *bytes.Buffer, name string, value any) error {
	if err := writeJSON(b, name); err != nil {
		return err
	}
	b.WriteByte(':')
	return writeJSON(b, value)
}

func writeJSON(b *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(b)
	// These files are never put into a web page, and escapes read badly in diffs.
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // Encode ends the line
	return nil
}
