// This file pins every module version the generator reads. It reads and writes
// nothing.

package main

import "fmt"

// releases are the supported Kubernetes releases, oldest first, one per minor.
var releases = []release{
	{34, 4},
	{35, 4},
	{36, 3},
	{37, 2},
}

// formerMinors are the releases read only for the lifecycle of kinds whose Go
// types were deleted later. Release 1.20 is the first whose types say when they
// were or will be removed. No patch release adds or deletes a type.
var formerMinors = []release{
	{20, 0}, {21, 0}, {22, 0}, {23, 0}, {24, 0}, {25, 0}, {26, 0},
	{27, 0}, {28, 0}, {29, 0}, {30, 0}, {31, 0}, {32, 0}, {33, 0},
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

// A release is one patch release of Kubernetes 1.x.
type release struct{ minorNumber, patch int }

func (r release) minor() string { return fmt.Sprintf("1.%d", r.minorNumber) }

func (r release) kubernetes() module {
	return module{kubernetesPath, fmt.Sprintf("v1.%d.%d", r.minorNumber, r.patch)}
}

// library is a module that Kubernetes publishes with each release as v0.
func (r release) library(path string) module {
	return module{path, fmt.Sprintf("v0.%d.%d", r.minorNumber, r.patch)}
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
