//! Objects that were checked in; rendered, written or measured they leave, kind by kind in the order of the instances.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use smol_str::SmolStr;

use super::stamp::{LEAST, Maker, Memos, RUN, Stamped, over};
use super::stencil::Stencil;
use crate::diagnostic::Diagnostics;
use crate::emit::Output;
use crate::kubernetes::{Load, Manifest, ObjectKey};
use crate::text::{Node, Origin};

/// Instances that are written between two looks at the output.
const WRITTEN: usize = 4096;

/// Objects as they come in install order.
pub(super) enum Made<'a> {
    /// One that no instance makes.
    One(&'a Manifest),
    /// Those of one kind that the instances of a plan make.
    Many(OfKind<'a>),
}

/// The objects of one kind of a plan whose instances were checked.
pub(super) struct OfKind<'a> {
    pub(super) maker: Maker<'a>,
    pub(super) stamped: &'a Stamped,
    /// Their group and kind.
    pub(super) kind: &'a (SmolStr, SmolStr),
}

/// An object in numbers.
#[derive(Debug)]
pub struct Measured {
    /// Its identity.
    pub key: ObjectKey,
    /// Where it is written.
    pub origin: Origin,
    /// The bytes of its document as YAML.
    pub bytes: usize,
    /// What its pods ask for, where it makes any.
    pub load: Arc<Option<Load>>,
}

impl Measured {
    /// Measures an object.
    pub(super) fn of(object: &Manifest) -> Self {
        let load = Arc::new(Load::of(object));
        Self { key: object.key.clone(), origin: object.origin, bytes: document(object).len(), load }
    }
}

/// Returns an object as a document of YAML.
pub(super) fn document(object: &Manifest) -> Vec<u8> {
    let mut document = Vec::new();
    Output::Yaml.write_document(&object.node, None, &mut document);
    document
}

impl OfKind<'_> {
    fn is_wanted(&self, object: &Manifest) -> bool {
        object.key.group == self.kind.0 && object.key.kind == self.kind.1
    }

    /// Returns the objects that were kept, where they were.
    fn kept(&self) -> Option<impl Iterator<Item = &Manifest>> {
        Some(self.stamped.kept()?.filter(|object| self.is_wanted(object)))
    }

    /// Returns what `make` makes of each object of an instance that is made by itself.
    fn alone<T>(&self, at: usize, memos: &mut Memos, make: impl FnMut(&Manifest) -> T) -> Vec<T> {
        let objects = self.maker.make(at, &mut Diagnostics::new(), Some(self.kind), memos);
        objects.iter().filter(|object| self.is_wanted(object)).map(make).collect()
    }

    /// Calls `each` with what `make` makes of each instance, made on all cores; stops at the first error.
    fn over<T: Send, E>(
        &self,
        make: impl Fn(&mut Memos, usize) -> Vec<T> + Sync + Send,
        each: &mut impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let instances = self.maker.plan.len();
        for start in (0..instances).step_by(RUN) {
            over(start..instances.min(start + RUN), &make).into_iter().flatten().try_for_each(&mut *each)?;
        }
        Ok(())
    }

    /// Renders the objects.
    pub(super) fn render<T: Send, E>(
        &self,
        render: &(impl Fn(&Manifest) -> T + Sync),
        each: &mut impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(mut kept) = self.kept() {
            return kept.try_for_each(|object| each(render(object)));
        }
        let facts = self.maker.anew.facts;
        let make = |memos: &mut Memos, at: usize| {
            let stamped = self.stamped.by_stencil(self.maker, at, |stencil, values| stencil.objects(values, facts));
            match stamped {
                Some(objects) => objects.iter().filter(|object| self.is_wanted(object)).map(render).collect(),
                None => self.alone(at, memos, render),
            }
        };
        self.over(make, each)
    }

    /// Measures the objects.
    pub(super) fn measure(&self, each: &mut impl FnMut(Measured)) {
        if let Some(kept) = self.kept() {
            return kept.map(Measured::of).for_each(each);
        }
        let facts = self.maker.anew.facts;
        let make = |memos: &mut Memos, at: usize| {
            let measured = |stencil: &Stencil, values: &[Node]| stencil.measure(self.kind, values, facts);
            let stamped = self.stamped.by_stencil(self.maker, at, measured);
            stamped.unwrap_or_else(|| self.alone(at, memos, Measured::of))
        };
        let Ok(()) = self.over(make, &mut |measured| {
            each(measured);
            Ok::<(), Infallible>(())
        });
    }

    /// Writes the objects as documents of YAML, many at a time.
    pub(super) fn write<E>(&self, each: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        if let Some(kept) = self.kept() {
            return each(&kept.flat_map(document).collect::<Vec<u8>>());
        }
        let facts = self.maker.anew.facts;
        let write = |run: Range<usize>| {
            let (mut out, mut memos) = (Vec::with_capacity(run.len() * 2048), Memos::default());
            for at in run {
                let before = out.len();
                let written = |stencil: &Stencil, values: &[Node]| stencil.write(self.kind, values, facts, &mut out);
                if self.stamped.by_stencil(self.maker, at, written).is_none() {
                    out.truncate(before);
                    self.alone(at, &mut memos, |object| Output::Yaml.write_document(&object.node, None, &mut out));
                }
            }
            out
        };
        let instances = self.maker.plan.len();
        for start in (0..instances).step_by(WRITTEN) {
            let end = instances.min(start + WRITTEN);
            let runs: Vec<_> = (start..end).step_by(LEAST).map(|at| at..end.min(at + LEAST)).collect();
            let written: Vec<Vec<u8>> = runs.into_par_iter().map(write).collect();
            written.iter().try_for_each(|documents| each(documents))?;
        }
        Ok(())
    }
}
