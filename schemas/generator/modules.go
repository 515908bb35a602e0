// This file reads the Go module cache, and through the go command writes to it
// the pinned modules it lacks.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

type module struct{ path, version string }

func (m module) String() string { return m.path + " " + m.version }

// moduleDirs says in which folder each module's files are.
type moduleDirs map[module]string

func (d moduleDirs) dir(m module) string {
	dir, ok := d[m]
	if !ok {
		panic("module is not pinned: " + m.String())
	}
	return dir
}

func downloadModules(modules []module) (moduleDirs, error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.path+"@"+m.version)
	}
	command := exec.Command("go", args...)
	// A workspace could put other code in place of the pinned versions, and an
	// older go command would refuse the newest of them.
	command.Env = append(os.Environ(), "GOWORK=off", "GOTOOLCHAIN="+toolchain)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, runErr := command.Output()

	dirs := moduleDirs{}
	decoder := json.NewDecoder(bytes.NewReader(stdout))
	for {
		var got struct{ Path, Version, Dir, Error string }
		err := decoder.Decode(&got)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the answer of go mod download: %w", err)
		}
		if got.Error != "" {
			return nil, fmt.Errorf("downloading %s %s: %s", got.Path, got.Version, got.Error)
		}
		dirs[module{got.Path, got.Version}] = got.Dir
	}
	if runErr != nil {
		return nil, fmt.Errorf("go mod download: %w\n%s", runErr, stderr.Bytes())
	}
	for _, m := range modules {
		if dirs[m] == "" {
			return nil, fmt.Errorf("go mod download gave no folder for %s", m)
		}
	}
	return dirs, nil
}
