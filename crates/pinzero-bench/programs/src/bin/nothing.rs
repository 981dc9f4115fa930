//! No LED: what any program costs.

fn main() {
    pinzero_bench_programs::stay();
}
