// This file lists the fields that the server drops in silence while a feature
// gate is off, and checks that the list has all gates that do so. It reads the
// functions that drop fields, and writes nothing.

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// gatedFields maps fields to the gates without which they are dropped.
var gatedFields = map[string]string{
	"apps/v1.RollingUpdateStatefulSetStrategy.maxUnavailable":     "MaxUnavailableStatefulSet",
	"autoscaling/v2.HPAScalingRules.tolerance":                    "HPAConfigurableTolerance",
	"batch/v1.JobSpec.managedBy":                                  "JobManagedBy",
	"batch/v1.JobSpec.scheduling":                                 "WorkloadWithJob",
	"coordination/v1.LeaseSpec.preferredHolder":                   "CoordinatedLeaderElection",
	"coordination/v1.LeaseSpec.strategy":                          "CoordinatedLeaderElection",
	"core/v1.ClusterTrustBundleProjection.user":                   "AtomicWriteVolumeUserFields",
	"core/v1.ConfigMapVolumeSource.defaultUser":                   "AtomicWriteVolumeUserFields",
	"core/v1.Container.resizePolicy":                              "InPlacePodVerticalScaling",
	"core/v1.Container.restartPolicyRules":                        "ContainerRestartRules",
	"core/v1.DownwardAPIVolumeFile.user":                          "AtomicWriteVolumeUserFields",
	"core/v1.DownwardAPIVolumeSource.defaultUser":                 "AtomicWriteVolumeUserFields",
	"core/v1.EmptyDirVolumeSource.mode":                           "EmptyDirVolumeMode",
	"core/v1.EnvVarSource.fileKeyRef":                             "EnvFiles",
	"core/v1.GRPCAction.mode":                                     "GRPCContainerProbeTLS",
	"core/v1.HTTPGetAction.protocol":                              "H2CContainerProbe",
	"core/v1.KeyToPath.user":                                      "AtomicWriteVolumeUserFields",
	"core/v1.Lifecycle.stopSignal":                                "ContainerStopSignals",
	"core/v1.NodeSpec.podPreemptionPolicy":                        "InPlacePodVerticalScalingSchedulerPreemption",
	"core/v1.PersistentVolumeClaimSpec.volumeAttributesClassName": "VolumeAttributesClass",
	"core/v1.PersistentVolumeSpec.volumeAttributesClassName":      "VolumeAttributesClass",
	"core/v1.PodAffinityTerm.matchLabelKeys":                      "MatchLabelKeysInPodAffinity",
	"core/v1.PodAffinityTerm.mismatchLabelKeys":                   "MatchLabelKeysInPodAffinity",
	"core/v1.PodCertificateProjection.user":                       "AtomicWriteVolumeUserFields",
	"core/v1.PodSecurityContext.seLinuxChangePolicy":              "SELinuxChangePolicy",
	"core/v1.PodSecurityContext.supplementalGroupsPolicy":         "SupplementalGroupsPolicy",
	"core/v1.PodSpec.evictionResponders":                          "EvictionRequestAPI",
	"core/v1.PodSpec.hostUsers":                                   "UserNamespacesSupport",
	"core/v1.PodSpec.hostnameOverride":                            "HostnameOverride",
	"core/v1.PodSpec.resourceClaims":                              "DynamicResourceAllocation",
	"core/v1.PodSpec.resources":                                   "PodLevelResources",
	"core/v1.PodSpec.schedulingGroup":                             "GenericWorkload",
	"core/v1.ProjectedVolumeSource.defaultUser":                   "AtomicWriteVolumeUserFields",
	"core/v1.ResourceRequirements.claims":                         "DynamicResourceAllocation",
	"core/v1.SecretVolumeSource.defaultUser":                      "AtomicWriteVolumeUserFields",
	"core/v1.SecurityContext.procMount":                           "ProcMountType",
	"core/v1.ServiceAccountTokenProjection.user":                  "AtomicWriteVolumeUserFields",
	"core/v1.TopologySpreadConstraint.matchLabelKeys":             "MatchLabelKeysInPodTopologySpread",
	"core/v1.TopologySpreadConstraint.nodeAffinityPolicy":         "NodeInclusionPolicyInPodTopologySpread",
	"core/v1.TopologySpreadConstraint.nodeTaintsPolicy":           "NodeInclusionPolicyInPodTopologySpread",
	"core/v1.TypedObjectReference.namespace":                      "CrossNamespaceVolumeDataSource",
	"core/v1.Volume.image":                                        "ImageVolume",
	"core/v1.VolumeMount.bindMountOptions":                        "VolumeBindMountOptions",
	"core/v1.VolumeMount.recursiveReadOnly":                       "RecursiveReadOnlyMounts",
	"core/v1.VolumeProjection.clusterTrustBundle":                 "ClusterTrustBundleProjection",
	"core/v1.VolumeProjection.podCertificate":                     "PodCertificateRequest",
	"discovery/v1.EndpointHints.forNodes":                         "PreferSameTrafficDistribution",
	"resource/v1.Device.allNodes":                                 "DRAPartitionableDevices",
	"resource/v1.Device.allowMultipleAllocations":                 "DRAConsumableCapacity",
	"resource/v1.Device.bindingConditions":                        "DRADeviceBindingConditions",
	"resource/v1.Device.bindingFailureConditions":                 "DRADeviceBindingConditions",
	"resource/v1.Device.bindsToNode":                              "DRADeviceBindingConditions",
	"resource/v1.Device.consumesCounters":                         "DRAPartitionableDevices",
	"resource/v1.Device.nodeAllocatableResources":                 "DRANodeAllocatableResources",
	"resource/v1.Device.nodeName":                                 "DRAPartitionableDevices",
	"resource/v1.Device.nodeSelector":                             "DRAPartitionableDevices",
	"resource/v1.Device.taints":                                   "DRADeviceTaints",
	"resource/v1.DeviceAttribute.bools":                           "DRAListTypeAttributes",
	"resource/v1.DeviceAttribute.ints":                            "DRAListTypeAttributes",
	"resource/v1.DeviceAttribute.strings":                         "DRAListTypeAttributes",
	"resource/v1.DeviceAttribute.versions":                        "DRAListTypeAttributes",
	"resource/v1.DeviceCapacity.requestPolicy":                    "DRAConsumableCapacity",
	"resource/v1.DeviceClassSpec.extendedResourceName":            "DRAExtendedResource",
	"resource/v1.DeviceConstraint.distinctAttribute":              "DRAConsumableCapacity",
	"resource/v1.DeviceCounterConsumption.compatibilityGroups":    "DRADeviceCompatibilityGroups",
	"resource/v1.DeviceRequest.firstAvailable":                    "DRAPrioritizedList",
	"resource/v1.DeviceSubRequest.capacity":                       "DRAConsumableCapacity",
	"resource/v1.DeviceSubRequest.derivedAttributes":              "DRADerivedAttributes",
	"resource/v1.DeviceSubRequest.tolerations":                    "DRADeviceTaints",
	"resource/v1.ExactDeviceRequest.adminAccess":                  "DRAAdminAccess",
	"resource/v1.ExactDeviceRequest.capacity":                     "DRAConsumableCapacity",
	"resource/v1.ExactDeviceRequest.derivedAttributes":            "DRADerivedAttributes",
	"resource/v1.ExactDeviceRequest.tolerations":                  "DRADeviceTaints",
	"resource/v1.ResourceSliceSpec.partitionTypeAttribute":        "DRAPartitionableDevicesType",
	"resource/v1.ResourceSliceSpec.perDeviceNodeSelection":        "DRAPartitionableDevices",
	"resource/v1.ResourceSliceSpec.sharedCounters":                "DRAPartitionableDevices",
	"resource/v1.ResourceSliceSpec.skipNodeOperations":            "DRAOptionalNodeOperations",
	"scheduling/v1alpha2.PodGroupSpec.disruptionMode":             "WorkloadAwarePreemption",
	"scheduling/v1alpha2.PodGroupSpec.priority":                   "WorkloadAwarePreemption",
	"scheduling/v1alpha2.PodGroupSpec.priorityClassName":          "WorkloadAwarePreemption",
	"scheduling/v1alpha2.PodGroupTemplate.disruptionMode":         "WorkloadAwarePreemption",
	"scheduling/v1alpha2.PodGroupTemplate.priority":               "WorkloadAwarePreemption",
	"scheduling/v1alpha2.PodGroupTemplate.priorityClassName":      "WorkloadAwarePreemption",
	"scheduling/v1beta1.PodGroupSpec.parentCompositePodGroupName": "CompositePodGroup",
	"scheduling/v1beta1.PodGroupSpec.preemptionPolicy":            "PodGroupPreemptionPolicy",
	"scheduling/v1beta1.PodGroupSpec.resourceClaims":              "DRAWorkloadResourceClaims",
	"scheduling/v1beta1.PodGroupSpec.schedulingConstraints":       "TopologyAwareWorkloadScheduling",
	"scheduling/v1beta1.PodGroupTemplate.preemptionPolicy":        "PodGroupPreemptionPolicy",
	"scheduling/v1beta1.PodGroupTemplate.resourceClaims":          "DRAWorkloadResourceClaims",
	"scheduling/v1beta1.PodGroupTemplate.schedulingConstraints":   "TopologyAwareWorkloadScheduling",
	"scheduling/v1beta1.WorkloadSpec.compositePodGroupTemplates":  "CompositePodGroup",
	"storage/v1.CSIDriverSpec.nodeAllocatableUpdatePeriodSeconds": "MutableCSINodeAllocatableCount",
	"storage/v1.CSIDriverSpec.preventPodSchedulingIfMissing":      "VolumeLimitScaling",
	"storage/v1.CSIDriverSpec.seLinuxMount":                       "SELinuxMountReadWriteOncePod",
	"storage/v1.CSIDriverSpec.serviceAccountTokenInSecrets":       "CSIServiceAccountTokenSecrets",
}

// otherGates stand in functions that drop fields, and drop none that anybody
// writes: what they hold back is in a status, or in an API that is off as a whole.
var otherGates = []string{
	"CSIVolumeHealth",
	"DRAResourceClaimDeviceStatus",
	"DeploymentReplicaSetTerminatingReplicas",
	"ImageVolumeWithDigest",
	"InPlacePodLevelResourcesVerticalScaling",
	"InPlacePodVerticalScalingAllocatedStatus",
	"InPlacePodVerticalScalingMemoryBackedVolumes",
	"NodeDeclaredFeatures",
	"PodObservedGenerationTracking",
	"ResourceHealthStatus",
}

// addGate says without which gate a field is dropped, where anybody can set that.
func (builder *typeBuilder) addGate(s *schema, place string) {
	gate, ok := gatedFields[place]
	if !ok {
		return
	}
	builder.gated[place] = true
	if state, ok := builder.gates[gate]; ok && !(state.isOn && state.isLocked) {
		s.Gate, s.GateOff = gate, !state.isOn
	}
}

// checkGates finds gates that are off and drop fields, and that are not listed.
func checkGates(kubernetesDir string, gates map[string]gateState) error {
	known := slices.Clone(otherGates)
	for _, gate := range gatedFields {
		known = append(known, gate)
	}
	lost := map[string]bool{}
	for _, folder := range []string{"api", "registry"} {
		err := filepath.WalkDir(filepath.Join(kubernetesDir, "pkg", folder), func(path string, entry fs.DirEntry, err error) error {
			name := entry.Name()
			if err != nil || name != "strategy.go" && name != "util.go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, gate := range droppingGates(file) {
				if state, ok := gates[gate]; ok && !state.isOn && !slices.Contains(known, gate) {
					lost[gate] = true
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var missing []error
	for gate := range lost {
		missing = append(missing, fmt.Errorf("the gate %s drops fields: list them in gatedFields, or it in otherGates", gate))
	}
	return errors.Join(missing...)
}

// droppingGates are those that functions ask for whose names say that they drop.
func droppingGates(file *ast.File) []string {
	var gates []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Body == nil || !strings.HasPrefix(strings.ToLower(function.Name.Name), "drop") {
			continue
		}
		ast.Inspect(function.Body, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				if gate, ok := gateName(call); ok {
					gates = append(gates, gate)
				}
			}
			return true
		})
	}
	return gates
}
