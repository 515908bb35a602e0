//! Calls: the forms of a function that take what it is given, by their types.
//!
//! What is known before anything is evaluated is worked out here, as the server does: it costs nothing, and a wrong one is
//! found.

use smol_str::SmolStr;

use super::super::library::{self, Function};
use super::super::run::Fault;
use super::super::syntax::{Expr, Kind, Refusal, What};
use super::super::types::Ty;
use super::super::value::Value;
use super::{CallCode, Code, Compiled, Compiler, FoldCode};
use crate::diagnostic::did_you_mean;

/// Functions that are worked out at once where what they convert is known.
const CONVERSIONS: [&str; 10] =
    ["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"];

/// Returns the values of codes that are all constant.
fn constants(codes: &[Code]) -> Option<Vec<Value>> {
    let constant = |code: &Code| match code {
        Code::Constant(value) => Some(value.clone()),
        _ => None,
    };
    codes.iter().map(constant).collect()
}

impl Compiler<'_> {
    /// Compiles the call of a function, or of a method.
    pub(super) fn call(&mut self, at: usize, name: &SmolStr, target: Option<&Expr>, args: &[Expr]) -> Compiled {
        if let (Some(Kind::Name(of)), "bind", [first, value, body]) = (target.map(|target| &target.kind), &**name, args)
            && self.environment.has_names
            && of == "cel"
        {
            return self.bind(first, value, body);
        }
        // A function may have a name with dots, which looks like a method of something.
        let qualified = target.and_then(|target| Some(format!("{}.{name}", target.qualified()?)));
        let qualified = qualified.filter(|name| !library::functions(name).is_empty());
        let (full, target) = match &qualified {
            Some(full) => (full.as_str(), None),
            None => (name.as_str(), target),
        };
        let outer = self.is_mixed;
        self.is_mixed |= name == "format";
        let given = target.into_iter().chain(args).map(|arg| self.code(arg)).collect::<Result<Vec<_>, _>>();
        self.is_mixed = outer;
        let given = given?;
        self.apply(at, full, target.is_some(), given)
    }

    /// Compiles an expression with a name for a value: it is the only item that a macro looks at.
    fn bind(&mut self, name: &Expr, value: &Expr, body: &Expr) -> Compiled {
        let Kind::Name(local) = &name.kind else {
            return Err(Refusal::new(name.at, "expected a name for what follows"));
        };
        let (value, ty) = self.code(value)?;
        self.locals.push((local.clone(), ty));
        let made = self.code(body);
        self.locals.pop();
        let (body, ty) = made?;
        let over = Code::List(vec![(value, false)]);
        let is_typed = ty != Ty::Dyn;
        let fold = FoldCode { what: What::List, over, both: false, is_typed, filter: None, body };
        let first = Code::Constant(Value::Int(0));
        Ok((Code::Index(Box::new([Code::Fold(Box::new(fold)), first]), false), ty))
    }

    /// Finds the forms of a function that take what it is given.
    pub(super) fn apply(&mut self, at: usize, name: &str, is_method: bool, given: Vec<(Code, Ty)>) -> Compiled {
        if given.iter().any(|(_, ty)| is_authorizer(ty)) && is_method {
            let args = given.into_iter().map(|(code, _)| code).collect();
            let call = CallCode { forms: Vec::new(), args, pattern: None, is_lazy: false };
            let ty = if matches!(name, "allowed" | "errored") { Ty::Bool } else { Ty::parse("Authorizer") };
            let ty = if matches!(name, "reason" | "error") { Ty::Text } else { ty };
            return Ok((Code::Call(Box::new(call)), ty));
        }
        let known = library::functions(name).iter().filter(|form| form.since <= self.environment.minor);
        let known = known.filter(|_| self.environment.has_patches || !name.starts_with("jsonpatch."));
        let known: Vec<&'static Function> = known.filter(|form| form.is_method == is_method).collect();
        if known.is_empty() {
            return Err(self.unknown(at, name, is_method));
        }
        let types: Vec<&Ty> = given.iter().map(|(_, ty)| ty).collect();
        let mut forms = Vec::new();
        let mut result: Option<Ty> = None;
        for form in known {
            let mut params = [None, None];
            let takes = form.params.len() == types.len()
                && form.params.iter().zip(&types).all(|(wanted, ty)| ty.fits(wanted, &mut params));
            if takes {
                let ty = form.result.filled(&params);
                result = Some(result.map_or(ty.clone(), |known| if known == ty { ty } else { Ty::Dyn }));
                forms.push(form);
            }
        }
        let Some(ty) = result else {
            let types: Vec<String> = types.iter().map(ToString::to_string).collect();
            let message = match (name.trim_matches(['_', '@']), &types[..]) {
                (operator, [left, right]) if name.starts_with(['_', '@']) => {
                    format!("`{operator}` does not go with `{left}` and `{right}`")
                }
                (operator, [only]) if name.ends_with('_') => format!("`{operator}` does not go with `{only}`"),
                _ if is_method => format!("`{name}()` of `{}` does not take ({})", types[0], types[1..].join(", ")),
                _ => format!("`{name}()` does not take ({})", types.join(", ")),
            };
            return Err(Refusal::new(at, message));
        };
        let codes: Vec<Code> = given.into_iter().map(|(code, _)| code).collect();
        let pattern = match (name, codes.get(1)) {
            ("matches" | "find" | "findAll", Some(Code::Constant(Value::Text(text)))) => {
                let pattern = self.patterns.compile(text);
                Some(pattern.map_err(|why| Refusal::new(at, format!("`{text}` is no regular expression: {why}")))?)
            }
            ("format", Some(items)) => {
                if let (Code::Constant(Value::Text(text)), Some(given)) = (&codes[0], length(items))
                    && library::clauses(text) > given
                {
                    let wanted = library::clauses(text);
                    return Err(Refusal::new(at, format!("the text takes {wanted} values, and is given {given}")));
                }
                None
            }
            _ => None,
        };
        // What is known now is worked out now, as the server does: it costs nothing, and a wrong one is found.
        let is_constant = CONVERSIONS.contains(&name) && codes.len() == 1 || name == "format";
        if is_constant && let Some(args) = constants(&codes) {
            let form = forms.iter().find(|form| form.params.iter().zip(&args).all(|(ty, arg)| arg.is(ty)));
            match form.map(|form| (form.run)(&library::Call { args: &args, pattern: None })) {
                Some(Ok(value)) if name != "format" => return Ok((Code::Constant(value), ty)),
                Some(Err(Fault::Failed(why))) => return Err(Refusal::new(at, why)),
                _ => {}
            }
        }
        let is_lazy = is_method && matches!(name, "or" | "orValue");
        Ok((Code::Call(Box::new(CallCode { forms, args: codes, pattern, is_lazy })), ty))
    }

    fn unknown(&self, at: usize, name: &str, is_method: bool) -> Refusal {
        let minor = self.environment.minor;
        let what = if is_method { "method" } else { "function" };
        if let Some(since) = library::functions(name).iter().map(|form| form.since).min().filter(|since| *since > minor)
        {
            return Refusal::new(at, format!("there is no {what} `{name}()` before Kubernetes {since}"));
        }
        if library::functions(name).iter().any(|form| form.is_method != is_method) {
            let other = if is_method { format!("{name}(…)") } else { format!("value.{name}(…)") };
            return Refusal::new(at, format!("there is no {what} `{name}()`")).help(Some(format!("write `{other}`")));
        }
        let near = did_you_mean(name, library::names(minor)).map(|near| format!("did you mean `{near}()`?"));
        Refusal::new(at, format!("there is no {what} `{name}()`")).help(near)
    }
}

fn is_authorizer(ty: &Ty) -> bool {
    matches!(ty, Ty::Opaque(name) if name.ends_with(".Authorizer"))
}

/// Returns how many items a list has, where that is known.
fn length(code: &Code) -> Option<usize> {
    match code {
        Code::Constant(list) => list.size(),
        Code::List(items) if items.iter().all(|(_, optional)| !optional) => Some(items.len()),
        _ => None,
    }
}
