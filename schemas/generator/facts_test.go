// This file reads the generated files and checks them for truths that are known
// without the generator. It writes nothing.

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

type factsFile struct {
	Kubernetes string
	Source     string
	Kinds      []kindEntry
	Lifecycle  []lifecycleEntry
	Types      map[string]*readType
}

type readType struct {
	Fields   readFields
	Required []string
	MapType  string `json:"map-type"`
}

// readFields keeps the order of the fields, which encoding/json forgets.
type readFields struct {
	names  []string
	byName map[string]*schema
}

func (fields *readFields) UnmarshalJSON(content []byte) error {
	if err := json.Unmarshal(content, &fields.byName); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		fields.names = append(fields.names, name.(string))
		var skipped json.RawMessage
		if err := decoder.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}

func readFacts(t *testing.T, r release) *factsFile {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "kubernetes", r.minor()+".json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var file factsFile
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return &file
}

func eachRelease(t *testing.T, check func(t *testing.T, r release, file *factsFile)) {
	for _, r := range releases {
		t.Run(r.minor(), func(t *testing.T) { check(t, r, readFacts(t, r)) })
	}
}

func (file *factsFile) kind(group, version, kind string) *kindEntry {
	for i, k := range file.Kinds {
		if k.Group == group && k.Version == version && k.Kind == kind {
			return &file.Kinds[i]
		}
	}
	return nil
}

func (file *factsFile) lifecycleOf(group, version, kind string) *lifecycleEntry {
	for i, l := range file.Lifecycle {
		if l.Group == group && l.Version == version && l.Kind == kind {
			return &file.Lifecycle[i]
		}
	}
	return nil
}

// field finds "core/v1.Container.image".
func (file *factsFile) field(t *testing.T, path string) *schema {
	t.Helper()
	typeName, name := cutLast(path, ".")
	object := file.Types[typeName]
	if object == nil || object.Fields.byName[name] == nil {
		t.Fatalf("no field %s", path)
	}
	return object.Fields.byName[name]
}

func TestSourceIsPinned(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release, file *factsFile) {
		if file.Kubernetes != r.minor() || file.Source != r.kubernetes().String() {
			t.Errorf("facts of %s from %s", file.Kubernetes, file.Source)
		}
	})
}

func TestKinds(t *testing.T) {
	wanted := []kindEntry{
		{"", "v1", "ConfigMap", "configmaps", true, "core/v1.ConfigMap"},
		{"", "v1", "Endpoints", "endpoints", true, "core/v1.Endpoints"},
		{"", "v1", "Namespace", "namespaces", false, "core/v1.Namespace"},
		{"", "v1", "Node", "nodes", false, "core/v1.Node"},
		{"", "v1", "PersistentVolume", "persistentvolumes", false, "core/v1.PersistentVolume"},
		{"", "v1", "Pod", "pods", true, "core/v1.Pod"},
		{"", "v1", "Service", "services", true, "core/v1.Service"},
		{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false,
			"apiextensions/v1.CustomResourceDefinition"},
		{"apiregistration.k8s.io", "v1", "APIService", "apiservices", false, "apiregistration/v1.APIService"},
		{"apps", "v1", "Deployment", "deployments", true, "apps/v1.Deployment"},
		{"batch", "v1", "CronJob", "cronjobs", true, "batch/v1.CronJob"},
		{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true, "networking/v1.NetworkPolicy"},
		{"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false, "rbac/v1.ClusterRole"},
		{"storage.k8s.io", "v1", "StorageClass", "storageclasses", false, "storage/v1.StorageClass"},
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for _, want := range wanted {
			got := file.kind(want.Group, want.Version, want.Kind)
			if got == nil || *got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
	})
}

func TestRequestsAndListsAreNoKinds(t *testing.T) {
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for _, k := range file.Kinds {
			switch k.Kind {
			case "Binding", "ComponentStatus", "DeleteOptions", "Scale", "Status", "SubjectAccessReview",
				"TokenRequest", "TokenReview":
				t.Errorf("%s is a kind", k.Kind)
			case "Eviction":
				if k.Group == "policy" {
					t.Error("the Eviction of a pod is a kind")
				}
			}
			if strings.HasSuffix(k.Kind, "List") {
				t.Errorf("%s is a kind", k.Kind)
			}
		}
	})
}

func TestLifecycle(t *testing.T) {
	wanted := []lifecycleEntry{
		{"", "v1", "Endpoints", "1.33", "", "discovery.k8s.io/v1 EndpointSlice"},
		{"apiextensions.k8s.io", "v1beta1", "CustomResourceDefinition", "1.16", "1.22",
			"apiextensions.k8s.io/v1 CustomResourceDefinition"},
		{"apiregistration.k8s.io", "v1beta1", "APIService", "1.19", "1.22", "apiregistration.k8s.io/v1 APIService"},
		{"apps", "v1beta1", "Deployment", "1.8", "1.16", "apps/v1 Deployment"},
		{"autoscaling", "v2beta2", "HorizontalPodAutoscaler", "1.23", "1.26", "autoscaling/v2 HorizontalPodAutoscaler"},
		{"batch", "v1beta1", "CronJob", "1.21", "1.25", "batch/v1 CronJob"},
		{"extensions", "v1beta1", "Ingress", "1.14", "1.22", "networking.k8s.io/v1 Ingress"},
		{"networking.k8s.io", "v1beta1", "IngressClass", "1.19", "1.22", "networking.k8s.io/v1 IngressClass"},
		{"policy", "v1beta1", "PodDisruptionBudget", "1.21", "1.25", "policy/v1 PodDisruptionBudget"},
		{"policy", "v1beta1", "PodSecurityPolicy", "1.21", "1.25", ""},
		{"scheduling.k8s.io", "v1alpha1", "Workload", "", "1.36", ""},
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for _, want := range wanted {
			got := file.lifecycleOf(want.Group, want.Version, want.Kind)
			if got == nil || *got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
	})
}

// The paths of a release tell what it serves, and so prove its lifecycle.
func TestLifecycleAgreesWithKinds(t *testing.T) {
	var previous *factsFile
	eachRelease(t, func(t *testing.T, r release, file *factsFile) {
		for _, k := range file.Kinds {
			l := file.lifecycleOf(k.Group, k.Version, k.Kind)
			if l != nil && l.Removed != "" && minorOf(t, l.Removed) <= r.minorNumber {
				t.Errorf("%+v is still served", *l)
			}
		}
		if previous != nil {
			for _, k := range previous.Kinds {
				l := file.lifecycleOf(k.Group, k.Version, k.Kind)
				if file.kind(k.Group, k.Version, k.Kind) == nil && (l == nil || l.Removed != r.minor()) {
					t.Errorf("%+v is gone, but its lifecycle is %+v", k, l)
				}
			}
		}
		previous = file
	})
}

func minorOf(t *testing.T, version string) int {
	t.Helper()
	number, err := strconv.Atoi(strings.TrimPrefix(version, "1."))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestEnums(t *testing.T) {
	wanted := map[string][]string{
		"batch/v1.CronJobSpec.concurrencyPolicy":                 {"Allow", "Forbid", "Replace"},
		"core/v1.Container.imagePullPolicy":                      {"Always", "IfNotPresent", "Never"},
		"core/v1.ContainerPort.protocol":                         {"SCTP", "TCP", "UDP"},
		"core/v1.PodSpec.restartPolicy":                          {"Always", "Never", "OnFailure"},
		"core/v1.ServiceSpec.type":                               {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"},
		"core/v1.TopologySpreadConstraint.whenUnsatisfiable":     {"DoNotSchedule", "ScheduleAnyway"},
		"apps/v1.DeploymentStrategy.type":                        {"Recreate", "RollingUpdate"},
		"networking/v1.NetworkPolicySpec.policyTypes[]":          {"Egress", "Ingress"},
		"core/v1.PersistentVolumeClaimSpec.accessModes[]":        {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"},
		"networking/v1.HTTPIngressPath.pathType":                 {"Exact", "ImplementationSpecific", "Prefix"},
		"admissionregistration/v1.MutatingWebhook.failurePolicy": {"Fail", "Ignore"},
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for path, want := range wanted {
			path, isList := strings.CutSuffix(path, "[]")
			s := file.field(t, path)
			if isList {
				s = s.List
			}
			if !slices.Equal(s.Enum, want) {
				t.Errorf("%s is one of %q, want %q", path, s.Enum, want)
			}
		}
	})
}

func TestListKeys(t *testing.T) {
	wanted := map[string][]string{
		"core/v1.Container.env":                     {"name"},
		"core/v1.Container.ports":                   {"containerPort", "protocol"},
		"core/v1.Container.volumeMounts":            {"mountPath"},
		"core/v1.PodSpec.containers":                {"name"},
		"core/v1.PodSpec.hostAliases":               {"ip"},
		"core/v1.PodSpec.topologySpreadConstraints": {"topologyKey", "whenUnsatisfiable"},
		"core/v1.PodSpec.volumes":                   {"name"},
		"core/v1.ServiceSpec.ports":                 {"port", "protocol"},
		"meta/v1.ObjectMeta.ownerReferences":        {"uid"},
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for path, want := range wanted {
			s := file.field(t, path)
			if s.List == nil || s.ListType != "map" || !slices.Equal(s.Keys, want) {
				t.Errorf("%s is a %q list with keys %q, want map with %q", path, s.ListType, s.Keys, want)
			}
		}
		if s := file.field(t, "core/v1.Container.ports"); s.PatchKey != "containerPort" {
			t.Errorf("patch key of container ports is %q", s.PatchKey)
		}
		if s := file.field(t, "core/v1.PodSpec.tolerations"); s.ListType != "atomic" {
			t.Errorf("tolerations are a %q list", s.ListType)
		}
		if s := file.field(t, "meta/v1.ObjectMeta.finalizers"); s.ListType != "set" {
			t.Errorf("finalizers are a %q list", s.ListType)
		}
	})
}

func TestFieldTypes(t *testing.T) {
	wanted := map[string]string{
		"apiextensions/v1.JSONSchemaProps.default":       `{"type":"any"}`,
		"apiextensions/v1.JSONSchemaProps.not":           `{"ref":"apiextensions/v1.JSONSchemaProps"}`,
		"apps/v1.ControllerRevision.data":                `{"type":"any"}`,
		"apps/v1.Deployment.spec":                        `{"ref":"apps/v1.DeploymentSpec"}`,
		"apps/v1.DeploymentSpec.replicas":                `{"type":"integer","format":"int32","default":1}`,
		"apps/v1.RollingUpdateDeployment.maxSurge":       `{"type":"int-or-string"}`,
		"batch/v1.JobSpec.activeDeadlineSeconds":         `{"type":"integer","format":"int64"}`,
		"coordination/v1.LeaseSpec.renewTime":            `{"type":"micro-time"}`,
		"core/v1.ConfigMap.binaryData":                   `{"map":{"type":"bytes"}}`,
		"core/v1.ContainerPort.protocol":                 `{"type":"string","enum":["SCTP","TCP","UDP"],"default":"TCP"}`,
		"core/v1.ResourceRequirements.limits":            `{"map":{"type":"quantity"}}`,
		"core/v1.ServiceSpec.selector":                   `{"map":{"type":"string"},"map-type":"atomic"}`,
		"meta/v1.ObjectMeta.creationTimestamp":           `{"type":"time"}`,
		"policy/v1.PodDisruptionBudgetSpec.minAvailable": `{"type":"int-or-string"}`,
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for path, want := range wanted {
			form := *file.field(t, path)
			form.Pointer, form.Computed = false, false
			got, err := json.Marshal(form)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		if mapType := file.Types["meta/v1.LabelSelector"].MapType; mapType != "atomic" {
			t.Errorf("LabelSelector is %q", mapType)
		}
		if required := file.Types["apps/v1.DeploymentSpec"].Required; !slices.Equal(required, []string{"selector", "template"}) {
			t.Errorf("DeploymentSpec requires %q", required)
		}
	})
}

func TestDefaults(t *testing.T) {
	wanted := map[string]string{
		"apps/v1.DeploymentSpec.replicas":                              "1",
		"apps/v1.DeploymentSpec.revisionHistoryLimit":                  "10",
		"apps/v1.StatefulSetSpec.persistentVolumeClaimRetentionPolicy": "{}",
		"admissionregistration/v1.RuleWithOperations.scope":            `"*"`, // of the embedded Rule
		"apiextensions/v1.CustomResourceDefinitionSpec.conversion":     `{"strategy":"None"}`,
		"autoscaling/v2.HorizontalPodAutoscalerSpec.minReplicas":       "1",
		"core/v1.EphemeralContainer.terminationMessagePath":            `"/dev/termination-log"`,
		"core/v1.HostPathVolumeSource.type":                            `""`,
		"core/v1.Probe.periodSeconds":                                  "10",
		"core/v1.ServiceAccountTokenProjection.expirationSeconds":      "3600",
		"core/v1.Container.imagePullPolicy":                            "computed",
		"core/v1.ServicePort.targetPort":                               "computed",
		"batch/v1.JobSpec.completions":                                 "computed",
		"batch/v1.JobSpec.suspend":                                     "false within batch/v1.Job",
		"core/v1.PodSpec.enableServiceLinks":                           "true within core/v1.Pod",
		"rbac/v1.RoleRef.apiGroup":                                     `"rbac.authorization.k8s.io"`,
		"storage/v1.CSIDriverSpec.volumeLifecycleModes":                `["Persistent"]`,
		"core/v1.Container.command":                                    "",
		"core/v1.PodSpec.hostNetwork":                                  "",
		"policy/v1.PodDisruptionBudgetSpec.minAvailable":               "",
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for path, want := range wanted {
			s := file.field(t, path)
			got := string(s.Default)
			if s.Within != "" {
				got += " within " + s.Within
			}
			if s.Computed {
				got += "computed"
			}
			if got != want {
				t.Errorf("the default of %s is %q, want %q", path, got, want)
			}
		}
		if s := file.field(t, "core/v1.PodSpec.automountServiceAccountToken"); !s.Pointer {
			t.Error("false and nothing are two in automountServiceAccountToken")
		}
		if s := file.field(t, "core/v1.PodSpec.hostNetwork"); s.Pointer {
			t.Error("false and nothing are one in hostNetwork")
		}
	})
}

// A field behind a gate that a release has off has no default there.
func TestGatedDefaults(t *testing.T) {
	eachRelease(t, func(t *testing.T, r release, file *factsFile) {
		s := file.field(t, "apps/v1.RollingUpdateStatefulSetStrategy.maxUnavailable")
		if s.Computed != (r.minorNumber >= 37) {
			t.Errorf("maxUnavailable of a StatefulSet is filled in: %v", s.Computed)
		}
	})
}

// The minors whose servers drop a field, since its gate is off.
func TestGates(t *testing.T) {
	wanted := map[string][2]int{
		"apps/v1.RollingUpdateStatefulSetStrategy.maxUnavailable":     {32, 36},
		"autoscaling/v2.HPAScalingRules.tolerance":                    {33, 34},
		"core/v1.Container.restartPolicyRules":                        {34, 34},
		"core/v1.EnvVarSource.fileKeyRef":                             {34, 34},
		"core/v1.Lifecycle.stopSignal":                                {33, 38},
		"core/v1.PersistentVolumeClaimSpec.volumeAttributesClassName": {32, 33},
		"core/v1.PodSpec.hostUsers":                                   {32, 32},
		"core/v1.PodSpec.hostnameOverride":                            {34, 34},
		"core/v1.PodSpec.resources":                                   {32, 33},
	}
	eachRelease(t, func(t *testing.T, r release, file *factsFile) {
		for path, minors := range wanted {
			object, name := cutLast(path, ".")
			s := file.Types[object].Fields.byName[name]
			isOff := r.minorNumber >= minors[0] && r.minorNumber <= minors[1]
			if isOff != (s != nil && s.GateOff) {
				t.Errorf("%s is dropped: %v", path, !isOff)
			}
		}
	})
}

func TestFieldOrder(t *testing.T) {
	wanted := map[string][]string{
		"apps/v1.Deployment": {"apiVersion", "kind", "metadata", "spec", "status"},
		"core/v1.ConfigMap":  {"apiVersion", "kind", "metadata", "immutable", "data", "binaryData"},
		"core/v1.Container":  {"name", "image", "command", "args", "workingDir", "ports", "envFrom", "env", "resources"},
		// The embedded structs stand where they are embedded.
		"core/v1.EphemeralContainer": {"name", "image", "command"},
		"core/v1.Probe":              {"exec", "httpGet", "tcpSocket", "grpc", "initialDelaySeconds"},
		"core/v1.SecretKeySelector":  {"name", "key", "optional"},
		"core/v1.Volume":             {"name", "hostPath", "emptyDir"},
		"meta/v1.ObjectMeta":         {"name", "generateName", "namespace"},
	}
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		for name, want := range wanted {
			got := file.Types[name].Fields.names
			if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
				t.Errorf("%s starts with %q, want %q", name, got, want)
			}
		}
		for _, k := range file.Kinds {
			got := file.Types[k.Type].Fields.names
			if !slices.Equal(got[:3], []string{"apiVersion", "kind", "metadata"}) {
				t.Errorf("%s starts with %q", k.Type, got[:3])
			}
		}
	})
}

// Readers rely on these without looking.
func TestFormIsSound(t *testing.T) {
	eachRelease(t, func(t *testing.T, _ release, file *factsFile) {
		reached := map[string]bool{}
		var reach func(name string)
		var check func(path string, s *schema)
		check = func(path string, s *schema) {
			forms := 0
			for _, present := range []bool{s.Type != "", s.Ref != "", s.List != nil, s.Map != nil} {
				if present {
					forms++
				}
			}
			if forms != 1 {
				t.Errorf("%s has %d of type, ref, list and map", path, forms)
			}
			if (s.ListType == "map") != (len(s.Keys) > 0) {
				t.Errorf("%s is a %q list with keys %q", path, s.ListType, s.Keys)
			}
			switch {
			case s.Ref != "":
				reach(s.Ref)
			case s.List != nil:
				check(path+"[]", s.List)
			case s.Map != nil:
				check(path+"{}", s.Map)
			}
		}
		reach = func(name string) {
			if reached[name] {
				return
			}
			reached[name] = true
			object := file.Types[name]
			if object == nil {
				t.Errorf("type %s is missing", name)
				return
			}
			for field, s := range object.Fields.byName {
				check(name+"."+field, s)
			}
			for _, field := range object.Required {
				if object.Fields.byName[field] == nil {
					t.Errorf("%s requires %s, which it lacks", name, field)
				}
			}
		}
		for _, k := range file.Kinds {
			reach(k.Type)
		}
		for name := range file.Types {
			if !reached[name] {
				t.Errorf("no kind reaches type %s", name)
			}
		}
	})
}
