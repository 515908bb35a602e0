//! A real control plane on 127.0.0.1, without containers: etcd and kube-apiserver, and where a test wants to see things
//! become ready also the controllers, the scheduler and nodes that only pretend.
//!
//! Most tests take [`ControlPlane::shared`] and a [`ControlPlane::namespace`] of their own. What restarts or overloads a
//! server starts one with [`ControlPlane::start`].

mod controllers;
pub(crate) mod distance;
pub(crate) mod fault_proxy;
pub(crate) mod process;
pub(crate) mod programs;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use process::{Process, Sweeper};
use programs::program;

/// How long anything may take on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How long a program may take to end in order.
const FAREWELL: Duration = Duration::from_secs(10);

/// Who asks the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// Of `system:masters`, which priority and fairness and RBAC let through.
    Admin,
    /// May do everything through RBAC, and waits in the queues of priority and fairness like everybody.
    Builder,
}

impl User {
    pub(crate) fn name(self) -> &'static str {
        match self {
            User::Admin => "admin",
            User::Builder => "builder",
        }
    }

    pub(crate) fn token(self) -> &'static str {
        match self {
            User::Admin => "admin-token",
            User::Builder => "builder-token",
        }
    }
}

/// What a control plane is started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Further flags of kube-apiserver.
    pub(crate) flags: Vec<String>,
    /// Whether things become ready: with controllers, a scheduler, and nodes that only pretend.
    pub(crate) controllers: bool,
    /// How many nodes, each of 8 cpus, 32 Gi and 110 pods.
    pub(crate) nodes: usize,
}

/// A running control plane. Dropping it stops it and removes all that it wrote.
pub(crate) struct ControlPlane {
    apiserver: Mutex<Option<Process>>,
    etcd: Mutex<Option<Process>>,
    controllers: Mutex<Vec<Process>>,
    options: Options,
    folder: PathBuf,
    etcd_ports: [u16; 2],
    port: u16,
    namespaces: AtomicUsize,
    /// The last to be dropped.
    _sweeper: Sweeper,
}

impl ControlPlane {
    /// Returns the one of the whole test binary: etcd and kube-apiserver, started by whoever asks first.
    pub(crate) fn shared() -> &'static ControlPlane {
        static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| ControlPlane::try_start(&Options::default()));
        shared.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the one of the whole test binary that has controllers, a scheduler and three nodes.
    pub(crate) fn with_controllers() -> &'static ControlPlane {
        static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
        let options = Options { controllers: true, nodes: 3, ..Options::default() };
        let shared = SHARED.get_or_init(|| ControlPlane::try_start(&options));
        shared.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one for a test alone.
    pub(crate) fn start(options: &Options) -> ControlPlane {
        ControlPlane::try_start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start(options: &Options) -> Result<ControlPlane, String> {
        let mut attempts = 0;
        loop {
            match ControlPlane::attempt(options) {
                // Somebody else took a port between its choice and its use.
                Err(error) if error.contains("address already in use") && attempts < 3 => attempts += 1,
                result => return result,
            }
        }
    }

    fn attempt(options: &Options) -> Result<ControlPlane, String> {
        let folder = tempfile::Builder::new().prefix("controlplane-").tempdir().map_err(|error| error.to_string())?;
        let sweeper = Sweeper::start(folder.path())?;
        let plane = ControlPlane {
            apiserver: Mutex::new(None),
            etcd: Mutex::new(None),
            controllers: Mutex::new(Vec::new()),
            options: options.clone(),
            folder: folder.keep(),
            etcd_ports: [free_port(), free_port()],
            port: free_port(),
            namespaces: AtomicUsize::new(0),
            _sweeper: sweeper,
        };
        let users = [(User::Admin, "system:masters"), (User::Builder, "")];
        let tokens =
            users.map(|(user, group)| format!("{},{},{},\"{group}\"\n", user.token(), user.name(), user.name()));
        plane.write("tokens.csv", tokens.concat())?;
        *guard(&plane.etcd) = Some(plane.launch_etcd()?);
        *guard(&plane.apiserver) = Some(plane.launch_apiserver()?);
        plane.ready()?;
        for (user, _) in users {
            plane.write_kubeconfig(user)?;
        }
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "builder"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": User::Builder.name()}],
        });
        succeeded(&plane.kubectl_with(User::Admin, &["create", "-f", "-"], binding.to_string()))?;
        // The server learns of the binding by a watch of its own.
        until("the builder may do everything", || {
            let asked = plane.kubectl_as(User::Builder, &["get", "--raw", "/api/v1/nodes"]);
            Ok(asked.status.success())
        })?;
        if options.controllers {
            let running = controllers::start(&plane)?;
            *guard(&plane.controllers) = running;
        }
        Ok(plane)
    }

    fn launch_etcd(&self) -> Result<Process, String> {
        let [client, peer] = self.etcd_ports.map(|port| format!("http://127.0.0.1:{port}"));
        let arguments = [
            format!("--data-dir={}", self.folder.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            // What a crash of the machine loses is of no use after it.
            "--unsafe-no-fsync".to_owned(),
        ];
        Process::start(&program("etcd")?, &arguments, &self.folder)
    }

    fn launch_apiserver(&self) -> Result<Process, String> {
        let key = self.folder.join("pki/apiserver.key");
        let mut arguments = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_ports[0]),
            format!("--cert-dir={}", self.folder.join("pki").display()),
            format!("--secure-port={}", self.port),
            "--bind-address=127.0.0.1".to_owned(),
            // An address for documentation: else it looks for a network, and does not start where there is none.
            "--advertise-address=192.0.2.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            // The key that it makes for its certificate before it reads these.
            format!("--service-account-key-file={}", key.display()),
            format!("--service-account-signing-key-file={}", key.display()),
            // The widest that it takes.
            "--service-cluster-ip-range=10.0.0.0/12".to_owned(),
            format!("--token-auth-file={}", self.folder.join("tokens.csv").display()),
            "--authorization-mode=RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
        ];
        if !self.options.controllers {
            // Pods would be refused for want of accounts that only a controller makes.
            arguments.push("--disable-admission-plugins=ServiceAccount".to_owned());
        }
        arguments.extend(self.options.flags.iter().cloned());
        Process::start(&program("kube-apiserver")?, &arguments, &self.folder)
    }

    /// Waits until the server has done all that it does first.
    fn ready(&self) -> Result<(), String> {
        let kubectl = program("kubectl")?;
        until("the server is ready", || {
            for process in [&self.etcd, &self.apiserver] {
                guard(process).as_mut().map_or(Ok(()), Process::alive)?;
            }
            let mut command = Command::new(&kubectl);
            command.arg(format!("--server=https://127.0.0.1:{}", self.port));
            command.arg(format!("--token={}", User::Admin.token()));
            command.args(["--insecure-skip-tls-verify", "--request-timeout=5s", "get", "--raw", "/readyz"]);
            let asked = self.at_home(&mut command).output().map_err(|error| error.to_string())?;
            Ok(asked.status.success())
        })
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf, String> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    fn write_kubeconfig(&self, user: User) -> Result<PathBuf, String> {
        let cluster = json!({
            "server": self.url(),
            "certificate-authority-data": BASE64_STANDARD.encode(self.certificate()?),
        });
        self.write(&format!("{}.kubeconfig", user.name()), kubeconfig(&cluster, user).to_string())
    }

    /// The server makes its certificate itself, with that of an authority behind it.
    fn certificate(&self) -> Result<Vec<u8>, String> {
        let path = self.folder.join("pki/apiserver.crt");
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Returns where the server listens.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Returns a kubeconfig with a context for each user, of which this one's is current.
    pub(crate) fn kubeconfig(&self, user: User) -> PathBuf {
        self.folder.join(format!("{}.kubeconfig", user.name()))
    }

    /// Runs kubectl as the admin.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Output {
        self.kubectl_with(User::Admin, arguments, "")
    }

    /// Runs kubectl as a user.
    pub(crate) fn kubectl_as(&self, user: User, arguments: &[&str]) -> Output {
        self.kubectl_with(user, arguments, "")
    }

    /// Runs kubectl as a user, with an input.
    pub(crate) fn kubectl_with(&self, user: User, arguments: &[&str], input: impl Into<Vec<u8>>) -> Output {
        self.kubectl_through(&self.kubeconfig(user), arguments, input)
    }

    /// Runs kubectl with a kubeconfig of some proxy.
    pub(crate) fn kubectl_through(&self, kubeconfig: &Path, arguments: &[&str], input: impl Into<Vec<u8>>) -> Output {
        let mut command = Command::new(program("kubectl").unwrap_or_else(|error| panic!("{error}")));
        command.arg("--kubeconfig").arg(kubeconfig).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.at_home(&mut command).spawn().expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let input = input.into();
        let feeder = thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("kubectl ends");
        // It may have failed before it read.
        let _ = feeder.join().expect("writing does not panic");
        output
    }

    /// Keeps kubectl from the files of whoever runs the tests.
    fn at_home<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("HOME", &self.folder).env("KUBERC", "off").env_remove("KUBECONFIG").env_remove("KUBECACHEDIR")
    }

    /// Returns what the server answers at a path.
    pub(crate) fn get_json(&self, path: &str) -> Value {
        let asked = self.kubectl(&["get", "--raw", path]);
        succeeded(&asked).unwrap_or_else(|error| panic!("GET {path}: {error}"));
        serde_json::from_slice(&asked.stdout).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Makes a namespace for a test and returns its name, which no other test has.
    pub(crate) fn namespace(&self) -> String {
        let name = format!("test-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        let made = self.kubectl(&["create", "namespace", &name]);
        succeeded(&made).unwrap_or_else(|error| panic!("{error}"));
        if self.options.controllers {
            let account = ["get", "serviceaccount", "default", "--namespace", &name];
            until("the namespace has an account for pods", || Ok(self.kubectl(&account).status.success()))
                .unwrap_or_else(|error| panic!("{error}"));
        }
        name
    }

    pub(crate) fn stop_apiserver(&self) {
        if let Some(process) = guard(&self.apiserver).take() {
            process.stop(FAREWELL);
        }
    }

    /// Ends the server without a word to those who wait for it.
    pub(crate) fn kill_apiserver(&self) {
        *guard(&self.apiserver) = None;
    }

    /// Starts the server where it was, and waits until it is ready.
    pub(crate) fn start_apiserver(&self) {
        self.stop_apiserver();
        let started = self.launch_apiserver().and_then(|process| {
            *guard(&self.apiserver) = Some(process);
            self.ready()
        });
        started.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Kills etcd, which would else wait for the server. What it has answered it has also written.
    pub(crate) fn stop_etcd(&self) {
        *guard(&self.etcd) = None;
    }

    /// Starts etcd on the data that it had. If there is a server, it is ready again.
    pub(crate) fn start_etcd(&self) {
        self.stop_etcd();
        let started = self.launch_etcd().and_then(|process| {
            *guard(&self.etcd) = Some(process);
            if guard(&self.apiserver).is_some() { self.ready() } else { Ok(()) }
        });
        started.unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) fn restart_apiserver(&self) {
        self.stop_apiserver();
        self.start_apiserver();
    }

    pub(crate) fn restart_etcd(&self) {
        self.stop_etcd();
        self.start_etcd();
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        guard(&self.controllers).clear();
        // The other way round the server would wait for etcd with its port bound.
        *guard(&self.apiserver) = None;
        *guard(&self.etcd) = None;
    }
}

/// Returns a kubeconfig for a cluster with a context for each user.
fn kubeconfig(cluster: &Value, current: User) -> Value {
    let users = [User::Admin, User::Builder];
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": users.map(|user| json!({"name": user.name(), "user": {"token": user.token()}})),
        "contexts": users.map(|user| json!({"name": user.name(), "context": {"cluster": "test", "user": user.name()}})),
        "current-context": current.name(),
    })
}

/// Returns where kubectl is.
pub(crate) fn kubectl_path() -> PathBuf {
    program("kubectl").unwrap_or_else(|error| panic!("{error}"))
}

/// Returns what a program said when it failed.
pub(crate) fn succeeded(output: &Output) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// Asks again and again until something holds; an error ends it at once.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
        if holds()? {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("in vain for {} s: {what}", PATIENCE.as_secs()));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a port that nobody listens on, below those that systems give to the near end of connections: a server that is
/// started again must find its port free.
fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() * 97 % u32::from(COUNT)).unwrap_or(0);
    (0..COUNT)
        .map(|_| FIRST + (start + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
