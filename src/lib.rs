//! Fanfold compiles short batch specs into plain Kubernetes manifests.
//!
//! ```text
//! files ──read─→ Node ─spec→ Batch ─expand→ Instances ─lower→ Manifests ─┬─emit→  bytes
//!                (every node knows where it was written)                 ├─check→ Diagnostics
//!                                                                         └─apply→ Report
//! ```
//!
//! Modules stand in reading order; each is a stage, or what stages ask, and uses earlier ones alone:
//!
//! | module | is |
//! |---|---|
//! | [`limits`] | what an input may cost, whoever wrote it |
//! | [`text`] | the tree: values, the places where they were written, the texts that hold the places |
//! | [`diagnostic`] | findings: one model, stable codes with their pages, a renderer a format |
//! | [`read`] | texts read into [`text::Node`]s; the only door to the YAML parser |
//! | [`policy`] | which findings count: what `allow` comments, `--allow` and `--deny` say |
//! | [`mend`] | fixes of findings, applied to texts in rounds |
//! | [`kubernetes`] | what Kubernetes says: bundled facts, kinds, notations of values, order, rules for names |
//! | [`schema`] | JSON Schema over nodes: parameters, custom resources |
//! | [`cel`] | CEL: expressions of policies and definitions, checked, evaluated, and what they cost |
//! | [`spec`] | what the user wrote, its parts told apart; flat workloads, and the names that the language makes |
//! | [`expand`] | profiles, params, templates, matrix, names, expressions: instances |
//! | [`lower`] | shorthands spelled out, each field put where Kubernetes has it: objects |
//! | [`rules`] | the rule book: what the server refuses although it has the right type |
//! | [`check`] | objects against their types, settled in the same walk |
//! | [`emit`] | YAML, KYAML, JSON; layouts of files |
//! | [`compile`] | the whole: inputs in, objects in install order out |
//! | [`upgrade`] | what another minor of Kubernetes changes for the same objects |
//! | [`diff`] | two lists of objects in, changes with their effects out: matched, compared, classed, folded, shown |
//! | [`cluster`] | the only door to a server: requests, answers, objects as it has them |
//! | [`readiness`] | when an object works, and why it does not |
//! | [`preflight`] | what a cluster would make of a batch, before anything is sent |
//! | [`apply`] | objects to a cluster: proof, order, pace, waiting |
//! | [`krm`], [`post_render`] | the protocols in which kustomize and Helm ask for all of it |
//! | [`integrate`] | the files that make other tools run Fanfold |
//! | [`plan`], [`explain`], [`editor`] | what is asked of a batch beside its objects: counts, reasons, the editors' schema |
//! | [`cli`] | the command line: the disk, the terminal, exit codes |
//!
//! # What holds everywhere
//!
//! **One tree.** A node is a value and the place where it was written, immutable and shared. A generated node carries the
//! place of what caused it, so that a finding about `spec.template.spec.containers[0].livenessProbe.httpGet.port` of one
//! of a thousand Deployments points at the line `livenessProbe: {httpGet: /livez}` of a template. A plain scalar keeps
//! its text until the type of its field is known; numbers are text all the way and never pass through floats.
//!
//! **The world is a parameter.** Files come through [`read::Files`]; what is written is returned. Nothing below [`cli`]
//! touches the disk, the clock or the environment, but for [`cluster`] and [`apply`], which has a clock of its own.
//!
//! **Twice over the instances.** [`compile`] checks every instance before a byte is written, and makes them once more to
//! emit them kind by kind: a batch of any size needs little memory and never leaves half an output. What no instance
//! changes is one allocation in all of them.
//!
//! **Cut once, stamped many.** One of many instances is lowered, settled and judged with *holes* for its values
//! ([`text::hole`]). A hole shows the value of this one, and notes who looks: what came of it holds for all instances that
//! look the same to those who did. Of these only what stands in the holes is settled and judged, and written between the
//! bytes that all have alike. An instance of whose values there is anything to tell is made by itself, so that nobody can
//! see the difference; `compile::Settings::each_alone` makes all so, and tests hold the one against the other.
//!
//! **Collect, do not stop.** Every stage reports all it finds and goes on with what is sound; in the place of what is not
//! stands [`text::Value::Broken`], which fits any type. Its place is [`text::Origin::BROKEN`], also in what is made of it, and
//! findings there are dropped: one cause gives one finding.
//!
//! **Secrets are places.** What is or may be a secret is marked where it is read, as a range of its text; a node's place is
//! its mark through every stage, and whoever shows a value, a line or a message asks [`text::Sources::is_secret`] of it.
//! Expressions that read a secret mark the place where they stand. No text is searched for values.
//!
//! **Order never depends on order.** Shuffling files, or keys (but for those of `matrix` and `initContainers`), changes
//! no byte of the output.

pub mod limits;
pub mod text;
pub mod diagnostic;
pub mod read;
pub mod policy;
pub mod mend;
pub mod kubernetes;
pub mod schema;
pub mod cel;
pub mod spec;
pub mod expand;
pub mod lower;
pub mod rules;
pub mod check;
pub mod emit;
pub mod compile;
pub mod upgrade;
pub mod diff;
pub mod cluster;
pub mod readiness;
pub mod preflight;
pub mod apply;
pub mod krm;
pub mod post_render;
pub mod plan;
pub mod explain;
pub mod editor;
pub mod integrate;
pub mod cli;
