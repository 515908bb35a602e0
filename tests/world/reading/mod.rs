//! What is read, against the readers of kubectl and kustomize.

mod scalars;
