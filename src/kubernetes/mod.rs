//! What Kubernetes says: types and kinds, the identity of objects, and the notations of values.

mod amounts;
pub mod cron;
pub mod defaults;
pub mod documented;
mod duration;
pub mod facts;
mod fnv;
mod format;
pub mod immutable;
pub mod name;
mod object;
mod order;
pub mod pods;
mod quantity;
pub mod references;
pub mod security;
mod selector;
mod taint;
mod tolerated;
mod tree;
mod zone;

pub use amounts::Amounts;
pub use defaults::{Storage, is_dropped};
pub use duration::duration;
pub use facts::{Facts, Field, Gate, Gates, Merge, Minor, Schema, Shape, Type, TypeId};
pub use format::{is_base64, is_time};
pub use object::{Manifest, ObjectKey, SERVER_ANNOTATIONS, SERVER_METADATA, tool_note};
pub use order::install_rank;
pub use pods::{Basis, Defaults, Load, PodDemand, USUAL, pod_spec_field, pod_template, template_path};
pub use quantity::{NotAQuantity, Notation, Quantity};
pub use security::SecurityLevel;
pub use selector::{NotASelector, Operator, Requirement};
pub use taint::{Effect, NotAToleration, Toleration};
pub use tolerated::{Taint, Tolerated, UNSCHEDULABLE};
pub use tree::{Look, Tree, is_same_item, same};
pub use zone::{is_time_zone, nearest_time_zone, time_zone};
