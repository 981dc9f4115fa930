//! What the programs have in common.

/// Goes on for ever, if there is an argument, so that somebody can look at the program while it runs.
pub fn stay() {
    while std::env::args().len() > 1 {
        std::thread::park();
    }
}
