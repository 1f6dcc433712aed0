//! The rules of the house, held by tests: who may import whom, headers, names, sizes, where ids may stand.
