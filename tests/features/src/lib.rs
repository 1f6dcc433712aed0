//! Holds the workspace to one set of features for each outside dependency.
//!
//! Cargo unifies features over the packages that one command selects, so `-p one` and `-p other` would
//! build the large dependencies twice. This package depends on all of them and is always selected
//! (`default-members`, or `-p kamld-features` beside another package), so they are built once.
