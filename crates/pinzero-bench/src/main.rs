//! `cargo xtask bench` runs this: see the library.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    pinzero_bench::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("pinzero-bench: its measures are Linux's");
}
