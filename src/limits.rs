//! Every limit of a run in one place, with its reason: what an input, a server or a program may cost, whoever wrote it.
//!
//! Whoever meets a limit says so, with what was found and the way out; nothing is cut off silently.
//! No text, however small, may take all memory, all time, or the stack. The bounds stand at the doors, where a text is read,
//! an expression gives a value or a patch an object, so that no walk over a tree needs one of its own.

use std::time::Duration;

// Inputs.

/// The largest file that is read, in bytes: the manifests of ten thousand instances are a tenth of it.
pub const FILE_BYTES: u64 = 128 << 20;
/// The deepest nesting of lists and mappings in a text: definitions of custom resources reach 60.
pub const DEPTH: usize = 200;
/// The stack of each thread, in bytes: what is deepest takes a quarter of it, and where it is not used it is not there.
pub const STACK_BYTES: usize = 16 << 20;
/// The most nodes that the aliases of one document may stand for.
pub const ALIASED_NODES: u64 = 1_000_000;
/// The most values that a file may hold, each of which takes some hundred bytes: a dump of a whole cluster has a million.
pub const VALUES: usize = 4_000_000;
/// The deepest nesting of `{a,b}` in a path pattern: the library recurses over it.
pub const PATTERN_DEPTH: usize = 10;
/// The most `**` in a path pattern, each of which may begin anew at every folder.
pub const PATTERN_STARS: usize = 8;
/// The parts that all regular expressions of a definition may compile to: a character, or a range of a class, for each of
/// its repetitions. Some ten million take a second; real definitions have some thousands.
pub const EXPRESSION_PARTS: usize = 2_000_000;
/// The most secret texts that objects of a run may have beside Secrets, which findings are searched for.
pub const VEILED_TEXTS: usize = 10_000;
/// The steps that an expression of a policy or of a definition may take here, whatever it costs the server: some tenths of a
/// second.
pub const STEPS_AN_EXPRESSION: u64 = 10_000_000;
/// The steps and costs that all expressions of the policies, or of the definitions, of a run may take together: a minute.
/// Fifty policies for ten thousand objects take a tenth of that.
pub const STEPS_OF_POLICIES: u64 = 2_000_000_000;
/// How deep lists and mappings may nest in values of expressions.
pub const DEPTH_OF_VALUES: usize = 64;
/// The longest path pattern, in bytes, which its compiled form is a hundred times of.
pub const PATTERN_BYTES: usize = 1_000;

/// The most instances of a run, unless `--max-instances` says another number.
pub const INSTANCES: usize = 10_000;
/// The most parts that include one another.
pub const INCLUDES: usize = 50;
/// The most combinations that are looked at before `exclude` and `where`: some microseconds each.
pub const COMBINATIONS: usize = 1_000_000;
/// The most looks at an entry of `exclude` or `overrides` for all cells together.
pub const MATCHES: usize = 100_000_000;
/// The most overrides that are merged for all groups of instances together: each copies a part of the workload.
pub const MERGES: usize = 100_000;
/// The most overrides that match one instance: each is merged with all before it.
pub const OVERRIDES_OF_AN_INSTANCE: usize = 500;

/// The longest expression, in bytes: what is longer is data.
pub const EXPRESSION_BYTES: usize = 10_000;
/// The most operators, dots, filters and brackets of one expression: the engine recurses over them.
pub const EXPRESSION_TERMS: usize = 250;
/// The deepest nesting of brackets in one expression.
pub const EXPRESSION_DEPTH: usize = 40;
/// The deepest nesting of statements in a text, where each `elif` is one deeper.
pub const STATEMENT_DEPTH: usize = 40;
/// The steps that one expression may take; a node or 64 bytes that it makes are a step too.
pub const EXPRESSION_STEPS: u64 = 200_000;
/// The steps that all expressions of one instance may take, or those outside of instances.
pub const INSTANCE_STEPS: u64 = 10_000_000;
/// The steps that parsing an expression stands for: the engine keeps some ten kilobytes of each different one.
pub const PARSING_STEPS: u64 = 200;
/// The steps that the expressions of all instances may take, for each instance that the run may have.
pub const STEPS_AN_INSTANCE: u64 = 5_000;
/// The values that all instances may hold, for each instance that the run may have; 64 bytes of a text are a value: that of
/// a usual Deployment has a hundred.
pub const VALUES_AN_INSTANCE: usize = 2_000;
/// The deepest nesting of calls of macros and loops, as the engine counts it: a macro is four.
pub const EXPRESSION_RECURSION: usize = 100;
/// The deepest nesting of lists and mappings that an expression may make.
pub const VALUE_DEPTH: usize = 64;
/// The widest indentation of `tojson`.
pub const JSON_INDENT: i64 = 32;

/// How many looks at values a schema may take to say whether it allows one: a usual one takes some at each value.
pub const SCHEMA_LOOKS: u64 = 10_000_000;
/// How many it may take to say why not, each of which may be a reason with some hundred bytes.
pub const SCHEMA_REASONS: u64 = 1_000_000;
/// The most templates that a workload uses: each is merged with all before it.
pub const TEMPLATES_OF_A_WORKLOAD: usize = 100;

/// The most nodes that a JSON patch may bring, each `copy` written out; 64 bytes of a text are a node: an object that etcd
/// takes has some ten thousand.
pub const PATCHED_NODES: usize = 500_000;
/// The most operations of one JSON patch.
pub const PATCH_OPERATIONS: usize = 10_000;

/// So many findings of one code are shown with their lines, and the others counted: nobody mends more before the next run.
pub const FINDINGS_OF_A_CODE: usize = 200;
/// So many findings of one code are told in a line each, and the others counted.
pub const FINDINGS_TOLD: usize = 5_000;
/// So many findings about one field of different objects are told one by one, where all of them are at one place.
pub const FINDINGS_AT_A_PLACE: usize = 3;
/// So many findings of one code are kept at most, since each may still be allowed by a comment; more of them are counted.
pub const FINDINGS_KEPT: usize = 200_000;
/// The longest message, label or way out, in bytes.
pub const MESSAGE_BYTES: usize = 2_000;
/// The most ways out and further places of one finding.
pub const PARTS_OF_A_FINDING: usize = 100;
/// A word that is longer, in bytes, has no near one, and is near to none.
pub const WORD_BYTES: usize = 300;
/// A mistyped word is compared with so many others at most.
pub const NEAR_WORDS: usize = 1_000;
/// So many words are listed in a hint.
pub const LISTED_WORDS: usize = 40;

// A cluster.

/// The longest answer of a server, and the longest line of a watch. The server takes objects of 3 MiB at most; a list is
/// read in pages, and in smaller ones where a page would be longer.
pub const ANSWER_BYTES: usize = 64 << 20;
/// The longest list, over all pages: some hundred thousand objects.
pub const LIST_BYTES: usize = 1 << 30;
/// The most objects of one list: the largest clusters have some hundred thousand of a kind.
pub const LIST_OBJECTS: usize = 1_000_000;
/// So many pages of a list may hold hardly an object: a server fills its pages, and one that goes on so never ends.
pub const EMPTY_PAGES: usize = 8;
/// A kubeconfig that is longer is none.
pub const KUBECONFIG_BYTES: u64 = 16 << 20;
/// Certificates, keys and tokens are some kilobytes.
pub const CREDENTIAL_BYTES: u64 = 1 << 20;
/// How long a credential program may take: the slow ones need some seconds. `--request-timeout` says otherwise.
pub const CREDENTIAL_TIME: Duration = Duration::from_secs(10);
/// The same, where it may ask the user: who logs in by a browser takes a while.
pub const LOGIN_TIME: Duration = Duration::from_secs(180);
/// How long a connection may take to come about: an address where nobody is does not answer at all.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long the first answer of a server may take; kubectl gives its first questions about as long.
pub const FIRST_ANSWER_TIME: Duration = Duration::from_secs(30);
/// How long a write may take: the server itself gives it 34 seconds.
pub const WRITE_TIME: Duration = Duration::from_secs(40);
/// How long any other request may take: the server itself gives it 60 seconds.
pub const READ_TIME: Duration = Duration::from_secs(60);
/// How long a watch may say nothing: it is asked for 290 seconds, and has bookmarks each minute.
pub const WATCH_TIME: Duration = Duration::from_secs(320);
/// How long a server that has answered before may be in trouble without a good answer, and how long one object may have
/// none while others do: a server starts anew in less.
pub const TROUBLE_TIME: Duration = Duration::from_secs(90);
/// How long an object that is deleted may stay beyond its own grace period.
pub const END_TIME: Duration = Duration::from_secs(120);
/// How long one that never answered is asked: it may be the wrong one.
pub const DOUBT_TIME: Duration = Duration::from_secs(3);
/// However long a server wants to be left alone, it is asked again after so long.
pub const RETRY_AFTER_TIME: Duration = Duration::from_secs(60);
/// After so long without a good answer the user is told what is waited for.
pub const NOTICE_TIME: Duration = Duration::from_secs(5);
/// The longest time that a flag takes. Clocks cannot count to the ends of what numbers can say.
pub const FLAG_TIME: Duration = Duration::from_secs(365 * 24 * 3600);
