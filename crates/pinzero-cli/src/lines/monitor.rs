//! `pinzero monitor`.

use clap::Args;

use crate::verdict::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Options {}

pub(crate) fn run(_: Options) -> Outcome {
    Err("not built yet".into())
}
