//! The worker of queries on its own: what tests and benchmarks use in place of `kamld`.

#[global_allocator]
static METER: kamld_worker::Meter = kamld_worker::Meter;

fn main() -> std::process::ExitCode {
    match kamld_metadata::sql::worker_main(std::env::args().skip(1)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            std::process::ExitCode::FAILURE
        }
    }
}
