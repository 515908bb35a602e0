//! A server to try proofs on, and the few requests that they need.

use fanfold::cluster::Live;
use http::{Method, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value as Json;

/// A client, and nothing else of the tests' own.
#[derive(Clone)]
pub(super) struct Server(Client);

/// What came back: the code and the body.
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) body: Json,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    pub(super) fn message(&self) -> &str {
        self.body.get("message").and_then(Json::as_str).unwrap_or_default()
    }

    pub(super) fn live(self) -> Live {
        Live(self.body)
    }
}

impl Server {
    pub(super) async fn connect(kubeconfig: Kubeconfig) -> Self {
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        config.default_retry = false;
        Self(Client::try_from(config).unwrap())
    }

    async fn send(&self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let said = format!("{method} {path} {}", String::from_utf8_lossy(&body));
        let request = Request::builder().method(method).uri(path).header("Content-Type", content_type);
        let response = self.0.send(request.body(Body::from(body)).unwrap()).await;
        let response = response.unwrap_or_else(|error| panic!("{error:?} to {said}"));
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { code, body: serde_json::from_slice(&bytes).unwrap_or(Json::Null) }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "application/json", Vec::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes()).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        let path = format!("{path}?gracePeriodSeconds=0&propagationPolicy=Background");
        self.send(Method::DELETE, &path, "application/json", Vec::new()).await
    }

    /// Applies a body as the engine does.
    pub(super) async fn apply(&self, path: &str, body: Vec<u8>, manager: &str, force: bool) -> Answer {
        let path = format!("{path}?fieldManager={manager}&force={force}&fieldValidation=Ignore");
        self.send(Method::PATCH, &path, "application/apply-patch+yaml", body).await
    }

    /// Writes as any other tool does.
    pub(super) async fn merge(&self, path: &str, body: &Json, manager: &str) -> Answer {
        let path = format!("{path}?fieldManager={manager}");
        self.send(Method::PATCH, &path, "application/merge-patch+json", body.to_string().into_bytes()).await
    }
}
