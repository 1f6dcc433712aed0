//! Which right each function of the contract needs: (interface, verb). The resource comes from its arguments.
//!
//! Invariant: a function of `wit/storage` that is missing here does not compile in `host`.

use kamld_policy::Verb;

/// What one function asks of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Without its version.
    pub interface: &'static str,
    pub function: &'static str,
    pub verb: Verb,
}

macro_rules! functions {
    ($($constant:ident $interface:literal $function:literal $verb:ident)*) => {
        $(pub const $constant: Needs =
            Needs { interface: concat!("kamld:storage/", $interface), function: $function, verb: Verb::$verb };)*

        /// All of them, for the tables that people read.
        pub const ALL: &[Needs] = &[$($constant),*];
    };
}

functions! {
    ASSETS_CREATE "assets" "create" Create
    ASSETS_GET "assets" "get" Read
    ASSETS_LIST "assets" "list" List
    ASSETS_REMOVE "assets" "remove" Delete
    REFS_BRANCHES "refs" "branches" List
    REFS_CREATE_BRANCH "refs" "create-branch" Create
    REFS_REMOVE_BRANCH "refs" "remove-branch" Delete
    REFS_VERSIONS "refs" "versions" List
    REFS_CREATE_VERSION "refs" "create-version" Create
    REFS_RESOLVE "refs" "resolve" Read
    REFS_LOG "refs" "log" Read
    OBJECTS_STAT "objects" "stat" Read
    OBJECTS_LIST "objects" "list" List
    OBJECTS_OPEN "objects" "open" Read
    OBJECTS_CREATE "objects" "create" Create
    OBJECTS_COPY_FROM "objects" "copy" Read
    OBJECTS_COPY_TO "objects" "copy" Create
    OBJECTS_MOVE_FROM "objects" "move" Delete
    OBJECTS_MOVE_TO "objects" "move" Create
    OBJECTS_REMOVE "objects" "remove" Delete
    HISTORY_CHANGES "history" "changes" Read
    HISTORY_COMMIT "history" "commit" Create
    HISTORY_DIFF "history" "diff" Read
    HISTORY_RESTORE "history" "restore" Modify
    SPACE_GET "space" "get" Read
    SPACE_BY_PROJECT "space" "by-project" List
    ACTIVITY_RECENT "activity" "recent" List
    BATCH_REMOVE "batch" "remove" Delete
    COLLECTION_CONFIGURED "collection" "configured" Read
    COLLECTION_LAST "collection" "last" Read
    COLLECTION_RUN "collection" "run" Delete
}

#[cfg(test)]
mod tests {
    use super::*;
    use kamld_policy::functions::FUNCTIONS;

    #[test]
    fn every_function_asks_what_the_table_of_the_house_says() {
        for needs in ALL {
            let of_table = FUNCTIONS.iter().find(|f| f.interface == needs.interface && f.name == needs.function);
            let asks = of_table.unwrap_or_else(|| panic!("{needs:?} is not in the table")).asks;
            assert!(asks.iter().any(|ask| ask.verb == needs.verb), "{needs:?} is not among {asks:?}");
        }
        let plain =
            |f: &&kamld_policy::functions::Function| f.interface.starts_with("kamld:storage/") && !f.name.contains('.');
        for function in FUNCTIONS.iter().filter(plain) {
            for ask in function.asks {
                let asked = |needs: &Needs| {
                    (needs.interface, needs.function, needs.verb) == (function.interface, function.name, ask.verb)
                };
                assert!(
                    ALL.iter().any(asked),
                    "{} of {} does not ask to {:?}",
                    function.name,
                    function.interface,
                    ask.verb
                );
            }
        }
    }
}
