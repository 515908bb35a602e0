// This file pins every module version the generator reads. It reads and writes
// nothing.

package main

import (
	"fmt"
	"strings"
)

// releases are the supported Kubernetes releases, oldest first, one per minor.
// One that is not out yet is a preview.
var releases = []release{
	{32, "13"},
	{33, "13"},
	{34, "4"},
	{35, "4"},
	{36, "3"},
	{37, "2"},
	{38, "0-beta.0"},
}

// toolchain is the Go release that the newest of them asks for.
const toolchain = "go1.27.3"

// formerMinors are the releases read only for the lifecycle of kinds whose Go
// types were deleted later. Release 1.20 is the first whose types say when they
// were or will be removed. No patch release adds or deletes a type.
var formerMinors = []release{
	{20, "0"}, {21, "0"}, {22, "0"}, {23, "0"}, {24, "0"}, {25, "0"},
	{26, "0"}, {27, "0"}, {28, "0"}, {29, "0"}, {30, "0"}, {31, "0"},
}

// kubernetesPath is the module that holds the server's code.
const kubernetesPath = "k8s.io/kubernetes"

// typeModules declare the Go structs behind the published types.
var typeModules = []string{
	"k8s.io/api",
	"k8s.io/apiextensions-apiserver",
	"k8s.io/apimachinery",
	"k8s.io/kube-aggregator",
}

// standIns are libraries of earlier releases in place of those that cannot be had:
// the Go types of custom resource definitions have a module of their own from 1.38
// on, which is not served yet. The OpenAPI of the release says which fields there are.
var standIns = map[module]module{
	{"k8s.io/apiextensions-apiserver", "v0.38.0-beta.0"}: {"k8s.io/apiextensions-apiserver", "v0.37.2"},
}

// A release is one patch release of Kubernetes 1.x.
type release struct {
	minorNumber int
	patch       string
}

func (r release) isPreview() bool { return strings.Contains(r.patch, "-") }

func (r release) minor() string { return fmt.Sprintf("1.%d", r.minorNumber) }

func (r release) kubernetes() module {
	return module{kubernetesPath, fmt.Sprintf("v1.%d.%s", r.minorNumber, r.patch)}
}

// library is a module that Kubernetes publishes with each release as v0.
func (r release) library(path string) module {
	own := module{path, fmt.Sprintf("v0.%d.%s", r.minorNumber, r.patch)}
	if standIn, ok := standIns[own]; ok {
		return standIn
	}
	return own
}

func pinnedModules() []module {
	var pinned []module
	for _, r := range formerMinors {
		pinned = append(pinned, r.library("k8s.io/api"))
	}
	for _, r := range releases {
		pinned = append(pinned, r.kubernetes())
		for _, path := range typeModules {
			pinned = append(pinned, r.library(path))
		}
	}
	return pinned
}
