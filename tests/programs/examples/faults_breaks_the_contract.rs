//! Calls the host with arguments that the contract does not have: text that is no Unicode, places outside its memory.

use kamld_programs::{Outcome, answer, features, program, types::Error};

// The import as it is below the bindings, which would never do this.
#[link(wasm_import_module = "kamld:plugin/features@0.1.0")]
unsafe extern "C" {
    #[link_name = "has"]
    fn has(text: *const u8, length: usize) -> i32;
}

fn run(words: &[String]) -> Result<Outcome, Error> {
    let known = features::has("kamld:plugin/features@0.1.0");
    let text = [0xff_u8, 0xfe, b'a'];
    let (place, length) = match words[1].as_str() {
        "text" => (text.as_ptr(), text.len()),
        "start" => (0xffff_0000_usize as *const u8, 16),
        _ => (text.as_ptr(), 0x7fff_ffff),
    };
    // SAFETY: the host reads what it can and refuses the rest; it writes nothing.
    let has = unsafe { has(std::hint::black_box(place), std::hint::black_box(length)) };
    answer(format!("[{known}, {has}]"))
}

program!(run, ["program", "text"], ["program", "start"], ["program", "length"]);
