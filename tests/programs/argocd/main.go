// Command argocd is as much of Argo CD as an application with a plugin meets: the server that runs the plugin beside the
// repo server, and the repo server's own way from an application to its objects.
//
//	argocd cmp-server [flags]   Argo CD's argocd-cmp-server, as it is
//	argocd generate ROOT APP    a JSON of application parameters in; the objects of the application out, a line each
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/reposerver/repository"
	"github.com/argoproj/argo-cd/v3/util/git"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "cmp-server":
		command := cmpserver.NewCommand()
		command.SetArgs(os.Args[2:])
		return command.Execute()
	case len(os.Args) == 4 && os.Args[1] == "generate":
		return generate(os.Args[2], os.Args[3])
	default:
		return fmt.Errorf("usage: argocd cmp-server [flags] | argocd generate ROOT APP")
	}
}

func generate(root, app string) error {
	var parameters v1alpha1.ApplicationSourcePluginParameters
	if err := json.NewDecoder(os.Stdin).Decode(&parameters); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	source := &v1alpha1.ApplicationSource{Path: app, TargetRevision: "main"}
	if len(parameters) > 0 {
		source.Plugin = &v1alpha1.ApplicationSourcePlugin{Parameters: parameters}
	}
	request := &apiclient.ManifestRequest{
		Repo:              &v1alpha1.Repository{Repo: "https://example.com/shop"},
		Revision:          "main",
		AppName:           "shop",
		AppLabelKey:       "app.kubernetes.io/instance",
		Namespace:         "shop",
		ApplicationSource: source,
		KubeVersion:       "1.37.0",
		TrackingMethod:    string(v1alpha1.TrackingMethodAnnotation),
		ProjectName:       "default",
	}
	answer, err := repository.GenerateManifests(context.Background(), filepath.Join(root, app), root, "0123abc", request, false,
		git.NoopCredsStore{}, resource.MustParse("10Mi"), utilio.NewRandomizedTempPaths(os.TempDir()))
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "source type:", answer.SourceType)
	for _, manifest := range answer.Manifests {
		fmt.Println(manifest)
	}
	return nil
}
