//! A policy and its bindings, read and compiled.

use std::sync::LazyLock;

use smol_str::{SmolStr, format_smolstr};

use super::super::at::{get, items, text};
use super::matching::{Constraints, labels};
use super::{Placed, word};
use crate::cel::{Environment, Object, Program, Refusal, Ty};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Facts, Manifest, ObjectKey, Selector};
use crate::text::{Node, Origin};

/// A policy, ready to judge.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) name: SmolStr,
    pub(super) place: Origin,
    pub(super) sets: Option<Vec<u32>>,
    pub(super) constraints: Constraints,
    pub(super) conditions: Vec<Expression>,
    pub(super) variables: Vec<Program>,
    pub(super) validations: Vec<Validation>,
    pub(super) failing: Failing,
    /// The kind of its parameters: `apiVersion`, `kind`.
    params: Option<(SmolStr, SmolStr)>,
    pub(super) has_params: bool,
    pub(super) bindings: Vec<Binding>,
}

/// What a policy does with what it cannot judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    Refuse,
    Ignore,
}

/// An expression, and where it is written.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) program: Program,
    pub(super) node: Node,
}

#[derive(Debug)]
pub(super) struct Validation {
    pub(super) expression: Expression,
    pub(super) message: Option<SmolStr>,
    pub(super) message_expression: Option<Program>,
}

/// What a binding does with what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deny,
    Warn,
    Audit,
}

/// Where a policy is in force, and with which parameters.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub(super) policy: SmolStr,
    pub(super) action: Action,
    pub(super) constraints: Option<std::sync::Arc<Constraints>>,
    spec: Option<Node>,
    params: Params,
}

/// The parameters of a binding.
#[derive(Clone, Debug)]
enum Params {
    /// The policy has none.
    None,
    /// Objects, each with its namespace; `own` is whether those of the namespace of an object count.
    These { all: Vec<(ObjectKey, Node)>, own: bool, wanted: String },
    /// It does not say which.
    Unbound(String),
}

impl Policy {
    /// Reads a policy; where an expression of it is none, that is a finding, and there is nothing to judge by.
    pub(super) fn read(object: &Manifest, facts: &Facts, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let node = &object.node;
        let before = findings.len();
        let spec = get(node, &["spec"])?;
        let params =
            get(spec, &["paramKind"]).and_then(|kind| Some((word(kind, &["apiVersion"])?, word(kind, &["kind"])?)));
        let mut reader = Reader { key: &object.key, findings };
        let plain = environment(facts, params.is_some());
        let conditions = items(spec, &["matchConditions"]).filter_map(|(at, condition)| {
            reader.expression(condition, "expression", &format!("spec.matchConditions[{at}]"), &plain, &Ty::Bool)
        });
        let conditions = conditions.collect();
        let mut full = plain.clone();
        full.defers();
        let mut variables = Vec::new();
        for (at, variable) in items(spec, &["variables"]) {
            let (Some(name), Some(read)) = (
                text(variable, &["name"]),
                reader.expression(variable, "expression", &format!("spec.variables[{at}]"), &full, &Ty::Dyn),
            ) else {
                continue;
            };
            full.defer(name, &read.program);
            variables.push(read.program);
        }
        let mut validations = Vec::new();
        // A variable that is no expression is told once.
        let is_whole = reader.findings.len() == before;
        for (at, validation) in items(spec, &["validations"]).filter(|_| is_whole) {
            let path = format!("spec.validations[{at}]");
            let expression = reader.expression(validation, "expression", &path, &full, &Ty::Bool);
            let has_message = text(validation, &["messageExpression"]).is_some();
            let message = has_message
                .then(|| reader.expression(validation, "messageExpression", &path, &full, &Ty::Text))
                .flatten();
            validations.extend(expression.map(|expression| Validation {
                expression,
                message: text(validation, &["message"]).map(|message| message.trim().into()),
                message_expression: message.map(|message| message.program),
            }));
        }
        if findings.len() > before {
            return None;
        }
        let name = get(node, &["metadata", "name"])?;
        Some(Self {
            name: name.text()?.clone(),
            place: name.origin(),
            sets: None,
            constraints: Constraints::read(get(spec, &["matchConstraints"]).unwrap_or(spec)),
            conditions,
            variables,
            validations,
            failing: if text(spec, &["failurePolicy"]) == Some("Ignore") { Failing::Ignore } else { Failing::Refuse },
            has_params: params.is_some(),
            params,
            bindings: Vec::new(),
        })
    }
}

/// Reads expressions, and says which of them are none.
struct Reader<'a> {
    key: &'a ObjectKey,
    findings: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn expression(
        &mut self,
        parent: &Node,
        field: &str,
        path: &str,
        environment: &Environment,
        wanted: &Ty,
    ) -> Option<Expression> {
        let node = get(parent, &[field])?;
        let text = node.as_str()?;
        let refusal = match environment.compile(text) {
            Ok(program) if *wanted == Ty::Dyn || program.ty() == wanted => {
                return Some(Expression { program, node: node.clone() });
            }
            Ok(program) => mistyped(program.ty(), wanted),
            Err(refusal) => refusal,
        };
        let near = excerpt(text, refusal.at);
        let message = format!("the server takes no such `{field}`: {}", refusal.message);
        let mut finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
            .subject(self.key.to_string(), format!("{path}.{field}"))
            .maybe_help(refusal.help);
        if let Some(near) = near {
            finding = finding.label(format!("at `{near}`"));
        }
        self.findings.push(finding);
        None
    }
}

fn mistyped(found: &Ty, wanted: &Ty) -> Refusal {
    let help = match (found, wanted) {
        (Ty::Dyn, Ty::Bool) => Some("compare it with what it must be: `… == true`".to_owned()),
        (Ty::Dyn, Ty::Text) => Some("make it a text: `string(…)`".to_owned()),
        _ => None,
    };
    let found =
        if *found == Ty::Dyn { "a value of any type".to_owned() } else { format!("a value of the type `{found}`") };
    Refusal { at: 0, message: format!("expected it to come to a `{wanted}`, found {found}"), help }
}

/// Returns the part of a longer text that a refusal is about.
fn excerpt(text: &str, at: usize) -> Option<SmolStr> {
    const SHOWN: usize = 40;
    let rest = text.get(at..)?.lines().next()?.trim_end();
    let cut = rest.char_indices().nth(SHOWN).map(|(end, _)| end);
    let shown = cut.map_or_else(|| rest.into(), |end| format_smolstr!("{}…", &rest[..end]));
    (at > 0 && !rest.is_empty()).then_some(shown)
}

/// Returns the variables of all expressions of policies, in the order in which [`super::Seen`] gives them.
fn environment(facts: &Facts, has_params: bool) -> Environment {
    let environment = Environment::new(facts.minor)
        .with("object", Ty::Dyn)
        .with("oldObject", Ty::Dyn)
        .with("namespaceObject", NAMESPACE.clone())
        .with("request", REQUEST.clone())
        .with("authorizer", AUTHORIZER)
        // The check of what is asked of the object at hand.
        .with("authorizer.requestResource", AUTHORIZER);
    if has_params { environment.with("params", Ty::Dyn) } else { environment }
}

fn object(name: &str, fields: Vec<(&str, Ty)>) -> Ty {
    let fields = fields.into_iter().map(|(name, ty)| (name.into(), name.into(), ty)).collect();
    Ty::Object(Object { name: name.into(), fields }.into())
}

/// The type of what answers who may do what.
const AUTHORIZER: Ty = Ty::Opaque("kubernetes.authorization.Authorizer");

/// The type of `request`.
pub(super) static REQUEST: LazyLock<Ty> = LazyLock::new(|| {
    let kind = |name, last| object(name, vec![("group", Ty::Text), ("version", Ty::Text), (last, Ty::Text)]);
    let kinds = kind("kubernetes.GroupVersionKind", "kind");
    let resources = kind("kubernetes.GroupVersionResource", "resource");
    let user = object(
        "kubernetes.UserInfo",
        vec![
            ("username", Ty::Text),
            ("uid", Ty::Text),
            ("groups", Ty::list(Ty::Text)),
            ("extra", Ty::map(Ty::list(Ty::Text))),
        ],
    );
    object(
        "kubernetes.AdmissionRequest",
        vec![
            ("kind", kinds.clone()),
            ("resource", resources.clone()),
            ("subResource", Ty::Text),
            ("requestKind", kinds),
            ("requestResource", resources),
            ("requestSubResource", Ty::Text),
            ("name", Ty::Text),
            ("namespace", Ty::Text),
            ("operation", Ty::Text),
            ("userInfo", user),
            ("dryRun", Ty::Bool),
            ("options", Ty::Dyn),
        ],
    )
});

/// The type of `namespaceObject`.
pub(super) static NAMESPACE: LazyLock<Ty> = LazyLock::new(|| {
    let metadata = object(
        "kubernetes.NamespaceMetadata",
        vec![
            ("name", Ty::Text),
            ("generateName", Ty::Text),
            ("namespace", Ty::Text),
            ("labels", Ty::map(Ty::Text)),
            ("annotations", Ty::map(Ty::Text)),
            ("UID", Ty::Text),
            ("creationTimestamp", Ty::Timestamp),
            ("deletionGracePeriodSeconds", Ty::Int),
            ("deletionTimestamp", Ty::Timestamp),
            ("generation", Ty::Int),
            ("resourceVersion", Ty::Text),
            ("finalizers", Ty::list(Ty::Text)),
        ],
    );
    let condition = object(
        "kubernetes.NamespaceCondition",
        vec![
            ("status", Ty::Text),
            ("type", Ty::Text),
            ("lastTransitionTime", Ty::Timestamp),
            ("message", Ty::Text),
            ("reason", Ty::Text),
        ],
    );
    let status = object("kubernetes.NamespaceStatus", vec![("conditions", Ty::list(condition)), ("phase", Ty::Text)]);
    let spec = object("kubernetes.NamespaceSpec", vec![("finalizers", Ty::list(Ty::Text))]);
    object("kubernetes.Namespace", vec![("metadata", metadata), ("spec", spec), ("status", status)])
});

impl Binding {
    /// Reads a binding.
    pub(super) fn read(object: &Manifest) -> Option<Self> {
        let spec = get(&object.node, &["spec"])?;
        let actions: Vec<&str> = items(spec, &["validationActions"]).filter_map(|(_, item)| item.as_str()).collect();
        let action = match &actions[..] {
            actions if actions.contains(&"Deny") => Action::Deny,
            actions if actions.contains(&"Warn") => Action::Warn,
            _ => Action::Audit,
        };
        Some(Self {
            policy: word(spec, &["policyName"])?,
            action,
            constraints: get(spec, &["matchResources"]).map(|node| Constraints::read(node).into()),
            spec: Some(spec.clone()),
            params: Params::None,
        })
    }

    /// Returns the binding of a policy that was named, and that nothing binds: it refuses all that it is about.
    pub(super) fn deny(policy: &Policy) -> Self {
        let params = policy.params.as_ref().map_or(Params::None, |(_, kind)| {
            Params::Unbound(format!("it takes a `{kind}` as its parameters, and no binding says which"))
        });
        Self { policy: policy.name.clone(), action: Action::Deny, constraints: None, spec: None, params }
    }

    /// Returns the binding with the parameters that it names among objects.
    pub(super) fn with_params(&self, policy: &Policy, at: &Placed<'_>, objects: &[Placed<'_>]) -> Self {
        let Some((api_version, kind)) = &policy.params else { return self.clone() };
        let reference = self.spec.as_ref().and_then(|spec| get(spec, &["paramRef"]));
        let params = match reference {
            None => {
                Params::Unbound(format!("it takes a `{kind}` as its parameters, and its binding does not say which"))
            }
            Some(reference) => {
                let name = text(reference, &["name"]);
                let namespace = text(reference, &["namespace"]);
                let is_meant = |placed: &&Placed<'_>| {
                    let key = &placed.object.key;
                    let is_selected = || {
                        let selector = get(reference, &["selector"]);
                        selector.is_none_or(|node| Selector::read(node).selects(&labels(&placed.object.node)))
                    };
                    key.kind == *kind
                        && key.api_version() == *api_version
                        && name.is_none_or(|name| key.name == name)
                        && namespace.is_none_or(|namespace| key.namespace == namespace)
                        && (name.is_some() || is_selected())
                        && super::meet(at.sets, placed.sets)
                };
                let found = objects.iter().filter(is_meant);
                let all: Vec<_> = found.map(|placed| (placed.object.key.clone(), placed.object.node.clone())).collect();
                let own = namespace.is_none() && all.iter().any(|(key, _)| !key.namespace.is_empty());
                let wanted = match name {
                    Some(name) => format!("the `{kind}` `{name}`, its parameters, is not here"),
                    None => format!("no `{kind}` that its binding selects as parameters is here"),
                };
                Params::These { all, own, wanted }
            }
        };
        Self { params, ..self.clone() }
    }

    /// Returns the parameters for an object; the error says which are not here.
    pub(super) fn params_for(&self, key: &ObjectKey) -> Result<Vec<Option<Node>>, &str> {
        match &self.params {
            Params::None => Ok(vec![None]),
            Params::Unbound(why) => Err(why),
            Params::These { all, own, wanted } => {
                let here = all.iter().filter(|(param, _)| !own || param.namespace == key.namespace);
                let here: Vec<Option<Node>> = here.map(|(_, node)| Some(node.clone())).collect();
                if here.is_empty() { Err(wanted) } else { Ok(here) }
            }
        }
    }

    /// Whether a parameter is a Secret.
    pub(super) fn has_secret_params(&self) -> bool {
        matches!(&self.params, Params::These { all, .. } if all.iter().any(|(key, _)| key.group.is_empty() && key.kind == "Secret"))
    }
}
