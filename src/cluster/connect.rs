//! From a kubeconfig, or a pod's own account, to a connection.
//!
//! kube finds the cluster and proves who we are; the connection is ours: without Nagle's delay, without retries that
//! would hide from the pace how the server fares, one request at a time a connection, and as many of them as the pace asks for.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tower::{BoxError, ServiceBuilder};

use super::client::{Client, lost};

/// Which cluster is meant.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// A kubeconfig to read instead of `$KUBECONFIG` or the one at home.
    pub kubeconfig: Option<String>,
    /// The context in it.
    pub context: Option<String>,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// How long a single request may take.
    pub request_timeout: Option<Duration>,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectError(String);

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConnectError {}

impl Client {
    /// Finds the cluster as kubectl does; nothing is sent yet.
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let mut config = config(target).await?;
        config.default_retry = false;
        if bypasses_proxy(&config) {
            config.proxy_url = None;
        }
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let namespace = target.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let failed = |error: kube::Error| ConnectError(format!("cannot connect to {server}: {}", lost(&error)));
        let inner = if config.proxy_url.is_some() || config.tls_server_name.is_some() {
            // kube's own stack knows proxies and other server names; what it lacks is only speed.
            ClientBuilder::try_from(config).map_err(failed)?.build()
        } else {
            direct(&config).map_err(failed)?
        };
        Ok(Self { inner, server, namespace, timeout: target.request_timeout, health: Arc::default() })
    }
}

async fn config(target: &Target) -> Result<kube::Config, ConnectError> {
    let options = KubeConfigOptions { context: target.context.clone(), ..KubeConfigOptions::default() };
    if let Some(path) = &target.kubeconfig {
        let failed = |error| ConnectError(format!("cannot use the kubeconfig `{path}`: {}", lost(&error)));
        let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
        return kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(failed);
    }
    match kube::Config::from_kubeconfig(&options).await {
        Ok(config) => Ok(config),
        // A context that was asked for is not to be replaced by the pod's own cluster.
        Err(error) if target.context.is_some() => {
            Err(ConnectError(format!("cannot use the kubeconfig: {}", lost(&error))))
        }
        Err(error) => kube::Config::incluster().map_err(|_| {
            ConnectError(format!("no cluster is configured: {}; set $KUBECONFIG or pass `--kubeconfig`", lost(&error)))
        }),
    }
}

fn direct(config: &kube::Config) -> Result<kube::Client, kube::Error> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(config.connect_timeout);
    let connector = config.rustls_https_connector_with_connector(connector)?;
    // The server closes idle connections after 90 seconds; a write to one that closes is a lost request.
    let pool: Pool<_, Body> = Pool::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(256)
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(pool);
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

/// Whether `NO_PROXY` takes the server out of what the environment's proxy serves, which kube does not ask.
fn bypasses_proxy(config: &kube::Config) -> bool {
    let Some(proxy) = &config.proxy_url else { return false };
    let environment = |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok());
    let from_environment = environment(["HTTPS_PROXY", "https_proxy"])
        .and_then(|text| text.parse::<http::Uri>().ok())
        .is_some_and(|uri| uri == *proxy);
    let host = config.cluster_url.host().unwrap_or_default();
    from_environment && environment(["NO_PROXY", "no_proxy"]).is_some_and(|list| excludes(&list, host))
}

fn excludes(list: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry
            .split_once(':')
            .map_or(entry, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { entry });
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        entry == "*"
            || host == domain
            || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
            || in_network(entry, host)
    })
}

fn in_network(entry: &str, host: &str) -> bool {
    let Some((network, bits)) = entry.split_once('/') else { return false };
    let (Ok(network), Ok(host), Ok(bits)) =
        (network.parse::<std::net::Ipv4Addr>(), host.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>())
    else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
    bits <= 32 && network.to_bits() & mask == host.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_hosts_without_proxy_are_read_as_usual() {
        for (list, host) in [
            ("localhost,127.0.0.1", "127.0.0.1"),
            (".example.com", "api.example.com"),
            ("example.com:6443", "api.example.com"),
            ("10.0.0.0/8", "10.96.0.1"),
            ("*", "anything"),
        ] {
            assert!(excludes(list, host), "{list} should exclude {host}");
        }
        for (list, host) in [("example.com", "badexample.com"), ("", "x"), ("10.0.0.0/8", "11.0.0.1")] {
            assert!(!excludes(list, host), "{list} should not exclude {host}");
        }
    }
}
