//! The compiling child on its own: what tests and benchmarks use in place of `kamld`.

fn main() -> std::process::ExitCode {
    match kamld_runtime::compile::child_main(std::env::args().skip(1)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            std::process::ExitCode::FAILURE
        }
    }
}
