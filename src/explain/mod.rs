//! A word in, what there is to know of it out: a field and where it goes, or an object and where it came from.
//!
//! All of it is text made of the facts and of a compilation; nothing is looked up anywhere else. The pages of codes are
//! in [`crate::diagnostic::explanation`].

mod anywhere;
mod field;
mod forms;
mod line;
mod object;
mod path;
mod table;
mod word;

pub use field::{Unknown, topics};
pub use forms::{FORMS, forms};
pub use line::AtLine;
pub use object::{Makers, Wanted, field_story, story};
pub use table::{List, Topic};
