//! Every limit of a run in one place, with its reason: what an input, a server or a program may cost, whoever wrote it.
//!
//! Whoever meets a limit says so, with what was found and the way out; nothing is cut off silently.

use std::time::Duration;

// A cluster.

/// The longest answer of a server, and the longest line of a watch. The server takes objects of 3 MiB at most; a list is
/// read in pages, and in smaller ones where a page would be longer.
pub const ANSWER_BYTES: usize = 64 << 20;
/// The longest list, over all pages: some hundred thousand objects.
pub const LIST_BYTES: usize = 1 << 30;
/// So many pages of a list may follow each other without an object: a server that goes on so never ends.
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
/// How long a server that has answered before may be in trouble without a good answer: it starts anew in less.
pub const TROUBLE_TIME: Duration = Duration::from_secs(90);
/// How long one that never answered is asked: it may be the wrong one.
pub const DOUBT_TIME: Duration = Duration::from_secs(3);
/// However long a server wants to be left alone, it is asked again after so long.
pub const RETRY_AFTER_TIME: Duration = Duration::from_secs(60);
/// After so long without a good answer the user is told what is waited for.
pub const NOTICE_TIME: Duration = Duration::from_secs(5);
/// The longest time that a flag takes. Clocks cannot count to the ends of what numbers can say.
pub const FLAG_TIME: Duration = Duration::from_secs(365 * 24 * 3600);
