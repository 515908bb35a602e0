package main

import (
	"context"
	"errors"
	"net"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/registry/core/service/ipallocator"
	"k8s.io/kubernetes/pkg/registry/core/service/portallocator"
	service "k8s.io/kubernetes/pkg/registry/core/service/storage"
)

// services gives Services addresses and ports before they are validated, as the server does.
type services struct{ rest *service.REST }

// newServices returns those of a cluster with addresses of both families, which takes what most clusters take.
func newServices() (*services, error) {
	ports, err := portallocator.NewInMemory(utilnet.PortRange{Base: 30000, Size: 2768})
	if err != nil {
		return nil, err
	}
	addresses := map[core.IPFamily]ipallocator.Interface{
		core.IPv4Protocol: addresses{core.IPv4Protocol, net.ParseIP("10.0.0.10")},
		core.IPv6Protocol: addresses{core.IPv6Protocol, net.ParseIP("fd00::10")},
	}
	options := generic.RESTOptions{
		StorageConfig:  &storagebackend.ConfigForResource{},
		Decorator:      unstored,
		ResourcePrefix: "services",
	}
	rest, _, _, err := service.NewREST(options, core.IPv4Protocol, addresses, ports, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	return &services{rest}, nil
}

// create fills in addresses and ports; the function that it returns gives them back.
func (s *services) create(ctx context.Context, new *core.Service) (func(), error) {
	finish, err := s.rest.BeginCreate(ctx, new, &metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return func() { finish(ctx, false) }, nil
}

func (s *services) update(ctx context.Context, new, old *core.Service) (func(), error) {
	finish, err := s.rest.BeginUpdate(ctx, new, old, &metav1.UpdateOptions{})
	if err != nil {
		return nil, err
	}
	return func() { finish(ctx, false) }, nil
}

// unstored is the storage of what is never stored.
func unstored(
	*storagebackend.ConfigForResource,
	string,
	func(runtime.Object) (string, error),
	func() runtime.Object,
	func() runtime.Object,
	storage.AttrFunc,
	storage.IndexerFuncs,
	*cache.Indexers,
) (storage.Interface, factory.DestroyFunc, error) {
	return nil, func() {}, nil
}

// addresses are those of a family, all of them free: which range a cluster has is unknown.
type addresses struct {
	family core.IPFamily
	next   net.IP
}

func (a addresses) Allocate(address net.IP) error {
	if (address.To4() != nil) != (a.family == core.IPv4Protocol) {
		return errors.New("an address of the other family")
	}
	return nil
}
func (a addresses) AllocateNext() (net.IP, error) { return a.next, nil }
func (addresses) Release(net.IP) error            { return nil }
func (addresses) ForEach(func(net.IP))            {}
func (addresses) CIDR() net.IPNet                 { return net.IPNet{} }
func (a addresses) IPFamily() core.IPFamily       { return a.family }
func (addresses) Has(net.IP) bool                 { return false }
func (addresses) Destroy()                        {}
func (addresses) EnableMetrics()                  {}
func (a addresses) DryRun() ipallocator.Interface { return a }
