// Command readers is the second opinion of the tests: what Go's YAML libraries, which kubectl, Helm and kustomize are
// built on, read from Fanfold's output, and how they would write it.
//
//	readers read      a stream of documents in; for each a line of JSON: {"kubectl": …, "kustomize": …}
//	readers marshal   a JSON list of strings in; a JSON list of [as list item, as key] out, as kubectl writes them
//	readers kyaml     YAML in; KYAML out, as kubectl writes it
//	readers template  a Helm template in; what it renders to out
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"

	yaml3 "gopkg.in/yaml.v3"
	"sigs.k8s.io/yaml"
	"sigs.k8s.io/yaml/kyaml"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: readers read|marshal|kyaml|template"))
	}
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	switch os.Args[1] {
	case "read":
		err = read(in)
	case "marshal":
		err = marshal(in)
	case "kyaml":
		err = new(kyaml.Encoder).FromYAML(bytes.NewReader(in), os.Stdout)
	case "template":
		err = render(in)
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func read(in []byte) error {
	out := json.NewEncoder(os.Stdout)
	for _, document := range documents(in) {
		kubectl, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return fmt.Errorf("sigs.k8s.io/yaml: %w", err)
		}
		var kustomize any
		if err := yaml3.Unmarshal(document, &kustomize); err != nil {
			return fmt.Errorf("yaml.v3: %w", err)
		}
		if err := out.Encode(map[string]any{"kubectl": json.RawMessage(kubectl), "kustomize": kustomize}); err != nil {
			return err
		}
	}
	return nil
}

// documents cuts a stream before each line that is "---".
func documents(in []byte) [][]byte {
	var all [][]byte
	start := 0
	for at := 0; at < len(in); {
		end := len(in)
		if newline := bytes.IndexByte(in[at:], '\n'); newline >= 0 {
			end = at + newline + 1
		}
		if at > start && strings.TrimRight(string(in[at:end]), "\n") == "---" {
			all = append(all, in[start:at])
			start = at
		}
		at = end
	}
	return append(all, in[start:])
}

func marshal(in []byte) error {
	var texts []string
	if err := json.Unmarshal(in, &texts); err != nil {
		return err
	}
	written := make([][2]string, 0, len(texts))
	for _, text := range texts {
		// Some control characters are beyond the library; nothing is written for them.
		item, _ := yaml.Marshal([]string{text})
		key, _ := yaml.Marshal(map[string]string{text: "value"})
		written = append(written, [2]string{string(item), string(key)})
	}
	return json.NewEncoder(os.Stdout).Encode(written)
}

func render(in []byte) error {
	parsed, err := template.New("template").Option("missingkey=error").Parse(string(in))
	if err != nil {
		return err
	}
	return parsed.Execute(os.Stdout, map[string]any{})
}
