//! A policy and its bindings, read and compiled.

use smol_str::SmolStr;

use super::super::at::{get, items, text};
use super::expression::{compile, environment};
use super::matching::{Constraints, labels};
use super::{Placed, word};
use crate::cel::{Environment, Program, Ty};
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
    /// The policy has none, or its binding gives it none.
    None,
    /// Objects, each with its namespace; `own` is whether those of the namespace of an object count.
    These { all: Vec<(ObjectKey, Node)>, own: bool, wanted: String },
    /// There is no binding that says which.
    Unbound(String),
}

impl Policy {
    /// Reads a policy; where an expression of it is none, which its rules say, there is nothing to judge by.
    pub(super) fn read(object: &Manifest, facts: &Facts) -> Option<Self> {
        let node = &object.node;
        let spec = get(node, &["spec"])?;
        let params =
            get(spec, &["paramKind"]).and_then(|kind| Some((word(kind, &["apiVersion"])?, word(kind, &["kind"])?)));
        let plain = environment(facts.minor, params.is_some());
        let conditions = items(spec, &["matchConditions"])
            .map(|(_, condition)| Expression::read(condition, "expression", &plain, &[Ty::Bool]))
            .collect::<Option<_>>()?;
        let mut full = plain;
        full.defers();
        let mut variables = Vec::new();
        for (_, variable) in items(spec, &["variables"]) {
            let Expression { program, .. } = Expression::read(variable, "expression", &full, &[])?;
            full.defer(text(variable, &["name"])?, &program);
            variables.push(program);
        }
        let mut validations = Vec::new();
        for (_, validation) in items(spec, &["validations"]) {
            let message_expression = match text(validation, &["messageExpression"]) {
                Some(_) => Some(Expression::read(validation, "messageExpression", &full, &[Ty::Text])?.program),
                None => None,
            };
            validations.push(Validation {
                expression: Expression::read(validation, "expression", &full, &[Ty::Bool])?,
                message: text(validation, &["message"]).map(|message| message.trim().into()),
                message_expression,
            });
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

impl Expression {
    /// Reads the expression in a field.
    fn read(parent: &Node, field: &str, environment: &Environment, wanted: &[Ty]) -> Option<Self> {
        let node = get(parent, &[field])?;
        Some(Self { program: compile(node.as_str()?, environment, wanted).ok()?, node: node.clone() })
    }
}

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
            // The policy judges with `params` that are null.
            None => Params::None,
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
