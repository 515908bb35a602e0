//! Secrets: tokens in all places that hold one, and no output that shows one, or how long it is.

use base64::Engine;

use crate::sides::{Shown, Sides};

fn encoded(token: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(token)
}

/// Returns a Secret with a token in each place that holds one, and objects that repeat it.
fn planted(tokens: [&str; 3], suffix: &str) -> String {
    let [one, two, three] = tokens;
    let (in_base64, again) = (encoded(one), encoded(three));
    format!(
        "apiVersion: v1
kind: Secret
metadata:
  name: account{suffix}
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{\"data\":{{\"a\":\"{in_base64}\"}},\"stringData\":{{\"b\":\"{two}\"}}}}'
    kapp.k14s.io/original: '{{\"stringData\":{{\"b\":\"{two}\"}}}}'
data:
  a: {in_base64}
  broken: {three}
stringData:
  b: {two}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {{name: listed, namespace: shop}}
  data: {{c: {again}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: leaky, namespace: shop}}
data:
  url: postgres://user:{two}@db/shop
  copy: {in_base64}
---
apiVersion: v1
kind: Pod
metadata:
  name: leaky
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{\"spec\":{{\"env\":\"{one}\"}}}}'
spec:
  containers:
  - name: web
    image: nginx
    args: [--token={one}]
    env: [{{name: TOKEN, value: {two}}}, {{name: MODE, value: plain-value-of-nobody}}]
"
    )
}

const OLD: [&str; 3] = ["alpha-token-0123456789", "bravo-token-0123456789", "charlie_token_0123456789"];
const NEW: [&str; 3] =
    ["delta-token-that-is-longer-0123456789", "echo-token-0123456789xyz", "foxtrot_token_0123456789"];

fn outputs(old: &str, new: &str) -> Vec<String> {
    let sides = Sides::read(old, new);
    let changes = sides.changes();
    let Shown { human, colored, markdown, json, short } = sides.shown(&changes);
    vec![human, colored, markdown, json, short, format!("{changes:?}")]
}

fn assert_hidden(outputs: &[String], what: &str) {
    for token in OLD.iter().chain(&NEW) {
        for form in [(*token).to_owned(), encoded(token)] {
            // No part of a token shows either, were it cut in two.
            for part in [&form[..], &form[..12], &form[form.len() - 12..]] {
                for output in outputs {
                    assert!(!output.contains(part), "{what} shows `{part}`:\n{output}");
                }
            }
        }
    }
}

#[test]
fn no_output_shows_a_value_of_a_secret() {
    let (old, new) = (planted(OLD, ""), planted(NEW, ""));
    let changed = outputs(&old, &new);
    assert_hidden(&changed, "a change");
    assert!(changed[3].contains("\"hidden\": true"), "{}", changed[3]);
    assert!(changed[0].contains("data.a: changed, and not shown"), "{}", changed[0]);
    let other = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: other}\n";
    assert_hidden(&outputs(other, &new), "an added object");
    assert_hidden(&outputs(&old, other), "a removed object");
    let renamed = outputs(&old, &planted(NEW, "-of-now"));
    assert_hidden(&renamed, "a renamed object");
    // What nobody hid is shown: a search that finds nothing anywhere proves nothing.
    assert!(outputs(other, &new)[3].contains("plain-value-of-nobody"));
}

#[test]
fn nothing_tells_how_long_a_value_is() {
    let short = outputs(&planted(OLD, ""), &planted([NEW[0], OLD[1], OLD[2]], ""));
    let longer = format!("{}{}", NEW[0], "x".repeat(200));
    let long = outputs(&planted(OLD, ""), &planted([&longer, OLD[1], OLD[2]], ""));
    assert_eq!(short[..5], long[..5]);
}

#[test]
fn equal_values_are_no_difference_however_they_are_written() {
    let secret = |body: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n{body}");
    let token = OLD[0];
    let (text, data) =
        (secret(&format!("stringData: {{t: {token}}}")), secret(&format!("data: {{t: {}}}", encoded(token))));
    let sides = Sides::read(&text, &data);
    assert!(sides.changes().is_empty());
    assert_hidden(&outputs(&text, &data), "the same in other words");
    let other = secret(&format!("data: {{t: {}}}", encoded(NEW[0])));
    assert!(!Sides::read(&text, &other).changes().is_empty());
}
