//! Findings: how they are shown, which of them count, and the pages behind them.

mod allow;
mod hints;
mod pages;
mod render;
mod sarif;
