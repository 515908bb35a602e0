//! A proxy that is nothing but distance: every byte arrives later, and as many as before.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{ControlPlane, User, kubeconfig};

/// So many chunks are on their way at most: 64 MB in each direction of a connection.
const ON_THE_WAY: usize = 1024;
const CHUNK: usize = 64 * 1024;

/// A running proxy. TLS passes through it.
pub(crate) struct Distance {
    kubeconfigs: [(User, PathBuf); 2],
    runtime: Option<Runtime>,
}

impl Distance {
    /// Puts a control plane this far away, there and back.
    pub(crate) fn start(plane: &ControlPlane, round_trip: Duration) -> Distance {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        // The certificate is for 127.0.0.1, whatever the port.
        let certificate = BASE64_STANDARD.encode(plane.certificate().unwrap_or_else(|error| panic!("{error}")));
        let cluster = json!({"server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": certificate});
        let kubeconfigs = [User::Admin, User::Builder].map(|user| {
            let name = format!("distance-{port}-{}.kubeconfig", user.name());
            (user, plane.write(&name, kubeconfig(&cluster, user).to_string()).unwrap_or_else(|error| panic!("{error}")))
        });
        runtime.spawn(accept(listener, plane.port, round_trip));
        Distance { kubeconfigs, runtime: Some(runtime) }
    }

    /// Returns a kubeconfig that goes the long way.
    pub(crate) fn kubeconfig(&self, user: User) -> PathBuf {
        let found = self.kubeconfigs.iter().find(|(of, _)| *of == user);
        found.map(|(_, path)| path.clone()).expect("there is one for each user")
    }
}

impl Drop for Distance {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, port: u16, round_trip: Duration) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(async move {
            // The handshake of the near side took no time, as nobody is between.
            tokio::time::sleep(round_trip).await;
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            carry(near_read, far_write, round_trip / 2);
            carry(far_read, near_write, round_trip / 2);
        });
    }
}

/// Carries bytes one way.
fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    tokio::spawn(async move {
        let mut chunk = vec![0; CHUNK];
        // The end of the stream travels like all else: by the end of the channel, after the last chunk.
        while let Ok(count @ 1..) = from.read(&mut chunk).await {
            if sender.send((Instant::now() + delay, chunk[..count].to_vec())).await.is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, chunk)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&chunk).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    });
}
