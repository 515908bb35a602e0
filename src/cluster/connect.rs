//! From a kubeconfig, or a pod's own account, to a connection.
//!
//! kube finds the cluster and proves who we are; the connection is ours: without Nagle's delay, without retries that
//! would hide from the pace how the server fares, one request at a time a connection, and as many of them as the pace asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tower::{BoxError, ServiceBuilder};

use super::client::Client;
use super::credential::{self, Credential};
use super::lost::{Lost, lost, reason, without_secrets};
use super::waits::Waits;
use crate::limits;

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
    /// What is waited for, for whoever tells the user.
    pub waits: Waits,
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
    /// Finds the cluster as kubectl does; nothing is sent to it yet.
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let mut config = config(target).await?;
        config.default_retry = false;
        config.connect_timeout = Some(limits::CONNECT_TIME);
        if bypasses_proxy(&config) {
            config.proxy_url = None;
        }
        let server = without_secrets(&config.cluster_url.to_string()).trim_end_matches('/').to_owned();
        let failed = |lost: Lost| ConnectError(format!("cannot connect to {server}: {lost}"));
        // A name and a password in it are for nobody: the connection would take them for a part of the host.
        config.cluster_url = server.parse().map_err(|_| failed(Lost::hopeless("its URL cannot be read")))?;
        target.waits.name(&server);
        let waits = target.waits.clone();
        let credential =
            Credential::take(&mut config.auth_info, target.request_timeout, &waits).await.map_err(failed)?;
        let namespace = target.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let refused = |error: kube::Error| failed(lost(&error));
        let inner = if config.proxy_url.is_some() || config.tls_server_name.is_some() {
            // kube's own stack knows proxies and other server names; what it lacks is only speed.
            ClientBuilder::try_from(config).map_err(refused)?.build()
        } else {
            direct(config).map_err(refused)?
        };
        let credential = Arc::new(credential);
        let timeout = target.request_timeout;
        Ok(Self { inner, server, namespace, timeout, health: Arc::default(), credential, waits })
    }
}

async fn config(target: &Target) -> Result<kube::Config, ConnectError> {
    let config = found_config(target).await?;
    match unusable(&config.cluster_url) {
        Some(problem) => Err(ConnectError(format!(
            "cannot use the kubeconfig: the `server` of its cluster {problem}: write it as `https://HOST:PORT`"
        ))),
        None => Ok(config),
    }
}

/// Says what is wrong with the URL of a server; its text may hold a password.
fn unusable(url: &http::Uri) -> Option<&'static str> {
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Some("names neither `http://` nor `https://`");
    }
    let host = url.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    // Colons in brackets belong to the address.
    let port = host.rsplit_once(']').map_or(host, |(_, rest)| rest).rsplit_once(':').map(|(_, port)| port);
    match port {
        Some(port) if !port.is_empty() && port.parse::<u16>().is_err() => Some("has no port from 0 to 65535"),
        _ if url.host().is_none_or(str::is_empty) => Some("names no host"),
        _ => None,
    }
}

async fn found_config(target: &Target) -> Result<kube::Config, ConnectError> {
    let options = KubeConfigOptions { context: target.context.clone(), ..KubeConfigOptions::default() };
    if let Some(path) = &target.kubeconfig {
        let failed = |reason| ConnectError(format!("cannot use the kubeconfig `{path}`: {reason}"));
        let kubeconfig = read(Path::new(path)).and_then(checked).map_err(failed)?;
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
        return config.map_err(|error| failed(lost(&error).reason));
    }
    let found = match found() {
        Ok(kubeconfig) => kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|e| lost(&e).reason),
        Err(reason) => Err(reason),
    };
    match found {
        Ok(config) => Ok(config),
        // A context that was asked for is not to be replaced by the pod's own cluster.
        Err(reason) if target.context.is_some() => Err(ConnectError(format!("cannot use the kubeconfig: {reason}"))),
        Err(reason) => kube::Config::incluster().map_err(|_| {
            ConnectError(format!("no cluster is configured: {reason}; set $KUBECONFIG or pass `--kubeconfig`"))
        }),
    }
}

/// Reads the kubeconfigs of the environment, or the one at home.
fn found() -> Result<Kubeconfig, String> {
    let named: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|paths| std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if named.is_empty() {
        // Where there is none at all, kube knows best what to say.
        let home = std::env::home_dir().map(|home| home.join(".kube").join("config"));
        return match home.filter(|path| path.exists()) {
            Some(path) => read(&path).and_then(checked),
            None => Kubeconfig::read().map_err(|error| lost(&error).reason),
        };
    }
    let merged = named
        .iter()
        .try_fold(Kubeconfig::default(), |all, path| all.merge(read(path)?).map_err(|error| lost(&error).reason));
    checked(merged?)
}

/// Reads a kubeconfig; one that comes through a pipe is read as it stands.
fn read(path: &Path) -> Result<Kubeconfig, String> {
    use std::io::Read;
    let failed = |error: std::io::Error| reason(&error);
    let kind = std::fs::metadata(path).map_err(failed)?;
    let too_long = || format!("it is longer than {} MiB", limits::KUBECONFIG_BYTES >> 20);
    if kind.is_file() {
        if kind.len() > limits::KUBECONFIG_BYTES {
            return Err(too_long());
        }
        return Kubeconfig::read_from(path).map_err(|error| without_values(&lost(&error).reason));
    }
    let is_handed_over =
        path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd") || path == Path::new("/dev/stdin");
    if !is_handed_over {
        return Err("expected a file, found something else".into());
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limits::KUBECONFIG_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > limits::KUBECONFIG_BYTES {
        return Err(too_long());
    }
    Kubeconfig::from_yaml(&text).map_err(|error| without_values(&lost(&error).reason))
}

/// Takes out of what a reader says the values that it found: they may be tokens.
fn without_values(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once("string \"") else { return reason.to_owned() };
    let after = rest.rsplit_once('"').map_or("", |(_, after)| after);
    format!("{before}string{after}")
}

/// Looks whether the files that a kubeconfig names are files: kube reads them to their end.
fn checked(kubeconfig: Kubeconfig) -> Result<Kubeconfig, String> {
    let clusters = kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
    let users = kubeconfig.auth_infos.iter().filter_map(|named| named.auth_info.as_ref());
    let paths = clusters.filter_map(|cluster| cluster.certificate_authority.as_ref());
    let paths = paths.chain(users.flat_map(|user| {
        [&user.client_certificate, &user.client_key, &user.token_file].into_iter().filter_map(Option::as_ref)
    }));
    // One that is not there may belong to a context that is not meant.
    for path in paths.map(Path::new).filter(|path| path.exists()) {
        credential::read(path)?;
    }
    Ok(kubeconfig)
}

fn direct(mut config: kube::Config) -> Result<kube::Client, kube::Error> {
    // All roots of the machine would be read otherwise, for a server that shows no certificate.
    if config.cluster_url.scheme_str() == Some("http") {
        config.root_cert.get_or_insert_default();
    }
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
    fn only_urls_of_servers_are_used() {
        let problem = |text: &str| unusable(&text.parse().expect("kube reads it"));
        for fine in
            ["https://host", "http://127.0.0.1:8080/base", "https://[::1]:6443", "https://u:p@host:1", "https://host:"]
        {
            assert_eq!(problem(fine), None, "{fine}");
        }
        for wrong in [
            "u:p4ss@127.0.0.1:1",
            "127.0.0.1:1",
            "localhost",
            "ftp://host",
            "/path",
            "https://127.0.0.1:x",
            "https://h:99999",
        ] {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
    }

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
