//! Security contexts of containers, and the profiles that those of pods have too.

use super::Rule;
use super::at::{At, is_true, text};
use super::container::{descending, path};
use super::value::{filled, forbid, named, one_of, within};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::dns_subdomain;
use crate::text::{Node, Value};

/// The types of profiles of seccomp and of `AppArmor`.
const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
/// The most bytes of the path of a profile.
const PATH_LENGTH: usize = 4095;
/// The most bytes of credentials of Windows, and of the parts of a user's name.
const CREDENTIALS: usize = 64 * 1024;
const DOMAIN_LENGTH: usize = 255;
const USER_LENGTH: usize = 104;

fn check_escalation(at: &mut At<'_>) {
    let Some(node) = at.get(&["allowPrivilegeEscalation"]) else { return };
    if !matches!(node.value(), Value::Bool(false)) {
        return;
    }
    if is_true(at.node(), &["privileged"]) {
        let message = "`allowPrivilegeEscalation: false` may not stand beside `privileged: true`, which allows it";
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report("allowPrivilegeEscalation", finding.help("take one of them out"));
    }
    for (index, capability) in at.items(&["capabilities", "add"]) {
        if text(capability, &[]) == Some("CAP_SYS_ADMIN") {
            let message = "`CAP_SYS_ADMIN` may not stand beside `allowPrivilegeEscalation: false`, as it allows it";
            at.invalid(format_args!("capabilities.add[{index}]"), capability, message);
            break;
        }
    }
}

/// Returns the path of a profile where its type is that of such, and reports where one is missing or too much.
fn local_profile<'a>(at: &mut At<'a>) -> Option<&'a Node> {
    let kind = at.get(&["type"])?;
    // An empty word is no default here.
    if !one_of(at, "type", kind, &PROFILES) {
        return None;
    }
    let profile = at.get(&["localhostProfile"]);
    match (kind.as_str() == Some("Localhost"), profile) {
        (true, None) => at.missing("localhostProfile", "missing field `localhostProfile`: `type: Localhost` needs it"),
        (true, Some(_)) => return profile,
        (false, Some(node)) => {
            let message = "`localhostProfile` is for `type: Localhost` alone";
            forbid(at, "localhostProfile", node, message, "take it out, or write `type: Localhost`");
        }
        (false, None) => {}
    }
    None
}

fn check_app_armor(at: &mut At<'_>) {
    let Some(node) = local_profile(at) else { return };
    let Some(name) = node.as_str() else { return };
    filled(at, "localhostProfile", Some(node), "the name of a profile");
    if name.trim().len() < name.len() {
        at.invalid("localhostProfile", node, "expected no white space around the name of a profile, found some");
    } else if name.len() > PATH_LENGTH {
        let message = format!("expected at most {PATH_LENGTH} bytes, found {}", name.len());
        at.invalid("localhostProfile", node, message);
    }
}

/// Returns why a text is no user of Windows, who may stand in a domain: `DOMAIN\user`.
fn windows_user(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("expected a user, found an empty text".to_owned());
    }
    if name.chars().any(|c| c.is_ascii_control()) {
        return Err("expected no control characters, found one".to_owned());
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => return Err("expected at most one `\\`, found more".to_owned()),
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    if let Some(domain) = domain {
        if domain.len() > DOMAIN_LENGTH {
            return Err(format!("expected a domain of at most {DOMAIN_LENGTH} bytes, found {}", domain.len()));
        }
        if !is_net_bios(domain) && !is_dns(domain) {
            return Err(format!("expected a domain of NetBIOS or DNS, found `{domain}`"));
        }
    }
    if user.is_empty() {
        return Err("expected a user after the domain, found none".to_owned());
    }
    if user.len() > USER_LENGTH {
        return Err(format!("expected a user of at most {USER_LENGTH} bytes, found {}", user.len()));
    }
    if user.chars().all(|c| matches!(c, '.' | ' ')) {
        return Err("expected a user, found dots and spaces alone".to_owned());
    }
    match user.chars().find(|c| r#""/\:;|=,+*?<>@[]"#.contains(*c)) {
        Some(other) => Err(format!("expected a user without `{other}`, found one with it")),
        None => Ok(()),
    }
}

fn is_net_bios(domain: &str) -> bool {
    (1..=15).contains(&domain.chars().count())
        && !domain.starts_with('.')
        && !domain.contains(|c| r#"\/:*?"<>|"#.contains(c))
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|part| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    })
}

fn check_windows(at: &mut At<'_>) {
    if let Some(node) = at.get(&["gmsaCredentialSpecName"]) {
        named(at, "gmsaCredentialSpecName", node, "credentials of Windows", dns_subdomain);
    }
    if let Some(node) = at.get(&["gmsaCredentialSpec"]) {
        filled(at, "gmsaCredentialSpec", Some(node), "credentials");
        if let Some(found) = node.as_str().map(str::len).filter(|found| *found > CREDENTIALS) {
            let most = words::grouped(CREDENTIALS);
            let message = format!("expected at most {most} bytes, found {}", words::grouped(found));
            at.invalid("gmsaCredentialSpec", node, message);
        }
    }
    if let Some(node) = at.get(&["runAsUserName"]) {
        named(at, "runAsUserName", node, "a user of Windows", windows_user);
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "container-ids",
        at: "core/v1.SecurityContext",
        check: |at| {
            for field in ["runAsUser", "runAsGroup"] {
                if let Some(node) = at.get(&[field]) {
                    within(at, field, node, "a number", 0..=i64::from(i32::MAX));
                }
            }
        },
        refuses: &["{runAsUser: -1}", "{runAsGroup: 2147483648}"],
        accepts: &["{runAsUser: 0, runAsGroup: 2147483647}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "privilege-escalation",
        at: "core/v1.SecurityContext",
        check: check_escalation,
        refuses: &[
            "{privileged: true, allowPrivilegeEscalation: false}",
            "{allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN]}}",
        ],
        accepts: &[
            "{privileged: true, allowPrivilegeEscalation: true}",
            "{privileged: false, allowPrivilegeEscalation: false}",
            "{allowPrivilegeEscalation: false, capabilities: {add: [SYS_ADMIN]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "proc-mount",
        at: "core/v1.SecurityContext",
        check: |at| {
            if let Some(node) = at.get(&["procMount"]).filter(|node| node.as_str() == Some("")) {
                one_of(at, "procMount", node, &["Default", "Unmasked"]);
            }
        },
        refuses: &["{procMount: ''}"],
        accepts: &["{procMount: Default}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "seccomp-profile",
        at: "core/v1.SeccompProfile",
        check: |at| {
            if local_profile(at).is_some() {
                path(at, "localhostProfile", descending);
            }
        },
        refuses: &[
            "{type: ''}",
            "{type: Localhost}",
            "{type: RuntimeDefault, localhostProfile: a}",
            "{type: Localhost, localhostProfile: /a}",
            "{type: Localhost, localhostProfile: ../a}",
        ],
        accepts: &["{type: Localhost, localhostProfile: a/b.json}", "{type: Unconfined}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "app-armor-profile",
        at: "core/v1.AppArmorProfile",
        check: check_app_armor,
        refuses: &[
            "{type: ''}",
            "{type: Localhost}",
            "{type: Localhost, localhostProfile: ''}",
            "{type: Localhost, localhostProfile: ' a'}",
            "{type: RuntimeDefault, localhostProfile: a}",
        ],
        accepts: &["{type: Localhost, localhostProfile: /a}", "{type: RuntimeDefault}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "windows-options",
        at: "core/v1.WindowsSecurityContextOptions",
        check: check_windows,
        refuses: &[
            "{gmsaCredentialSpecName: ''}",
            "{gmsaCredentialSpecName: A}",
            "{gmsaCredentialSpec: ''}",
            "{runAsUserName: ''}",
            r"{runAsUserName: 'a\b\c'}",
            r"{runAsUserName: '\a'}",
            r"{runAsUserName: 'a\'}",
            r"{runAsUserName: 'A:B\c'}",
            "{runAsUserName: 'a@b'}",
            "{runAsUserName: ' .'}",
        ],
        accepts: &[
            "{gmsaCredentialSpecName: a.b, gmsaCredentialSpec: a}",
            r"{runAsUserName: 'NT AUTHORITY\Local Service'}",
            r"{runAsUserName: 'a-long-name.example.com\ContainerUser'}",
        ],
        ..Rule::ALWAYS
    },
];
