//! Fanfold inside of other tools, each as it is installed.

mod helm;
mod kustomize;
pub(crate) mod programs;
