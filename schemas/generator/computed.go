// This file lists the defaults that depend on other fields. They are computed
// by src/kubernetes/defaults. It reads and writes nothing.

package main

// computedDefaults are the fields whose default is no constant.
var computedDefaults = []string{
	"apiextensions/v1.CustomResourceDefinitionNames.listKind",
	"apiextensions/v1.CustomResourceDefinitionNames.singular",
	"apiextensions/v1.CustomResourceDefinitionStatus.storedVersions",
	"apps/v1.DaemonSetUpdateStrategy.rollingUpdate",
	"apps/v1.DeploymentStrategy.rollingUpdate",
	"apps/v1.RollingUpdateDaemonSet.maxSurge",
	"apps/v1.RollingUpdateDaemonSet.maxUnavailable",
	"apps/v1.RollingUpdateDeployment.maxSurge",
	"apps/v1.RollingUpdateDeployment.maxUnavailable",
	"apps/v1.RollingUpdateStatefulSetStrategy.maxUnavailable",
	"apps/v1.RollingUpdateStatefulSetStrategy.partition",
	"apps/v1.StatefulSetUpdateStrategy.rollingUpdate",
	"autoscaling/v2.HorizontalPodAutoscalerBehavior.scaleDown",
	"autoscaling/v2.HorizontalPodAutoscalerBehavior.scaleUp",
	"autoscaling/v2.HorizontalPodAutoscalerSpec.metrics",
	"batch/v1.JobSpec.backoffLimit",
	"batch/v1.JobSpec.completions",
	"batch/v1.JobSpec.parallelism",
	"batch/v1.JobSpec.podReplacementPolicy",
	"core/v1.Container.imagePullPolicy",
	"core/v1.ContainerPort.hostPort",
	"core/v1.EphemeralContainerCommon.imagePullPolicy",
	"core/v1.ImageVolumeSource.pullPolicy",
	"core/v1.LimitRangeItem.default",
	"core/v1.LimitRangeItem.defaultRequest",
	"core/v1.LoadBalancerIngress.ipMode",
	"core/v1.NodeStatus.allocatable",
	"core/v1.PodSpec.serviceAccount",
	"core/v1.PodSpec.serviceAccountName",
	"core/v1.PodStatus.podIP",
	"core/v1.PodStatus.podIPs",
	"core/v1.ReplicationControllerSpec.selector",
	"core/v1.ResourceRequirements.limits",
	"core/v1.ResourceRequirements.requests",
	"core/v1.ServicePort.targetPort",
	"core/v1.ServiceSpec.allocateLoadBalancerNodePorts",
	"core/v1.ServiceSpec.externalTrafficPolicy",
	"core/v1.ServiceSpec.internalTrafficPolicy",
	"core/v1.ServiceSpec.sessionAffinityConfig",
	"meta/v1.ObjectMeta.labels",
	"networking/v1.NetworkPolicySpec.policyTypes",
	"rbac/v1.Subject.apiGroup",
	"resource/v1.DeviceSubRequest.count",
	"resource/v1.DeviceTaint.timeAdded",
	"resource/v1.ExactDeviceRequest.count",
	"resource/v1alpha3.DeviceRequest.allocationMode",
	"resource/v1alpha3.DeviceRequest.count",
	"resource/v1alpha3.DeviceSubRequest.count",
	"resource/v1alpha3.DeviceTaint.timeAdded",
	"resource/v1beta1.DeviceRequest.allocationMode",
	"resource/v1beta1.DeviceRequest.count",
	"resource/v1beta1.DeviceSubRequest.count",
	"resource/v1beta1.DeviceTaint.timeAdded",
	"resource/v1beta2.DeviceSubRequest.count",
	"resource/v1beta2.DeviceTaint.timeAdded",
	"resource/v1beta2.ExactDeviceRequest.count",
}

// otherFunctions fill in no field of a manifest.
var otherFunctions = []string{
	"SetDefaults_ResourceList", // rounds amounts
}
