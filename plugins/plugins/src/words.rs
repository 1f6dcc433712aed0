//! Plain words for what the contract calls things.

/// What an interface is about.
pub fn interface(name: &str) -> &str {
    match name {
        "kamld:storage/assets" => "Assets",
        "kamld:storage/refs" => "Branches and versions",
        "kamld:storage/objects" => "Files",
        "kamld:storage/history" => "Changes and commits",
        "kamld:storage/space" => "Sizes and free space",
        "kamld:storage/activity" => "What happened lately",
        "kamld:storage/batch" => "Many files at once",
        "kamld:storage/collection" => "Garbage collection",
        "kamld:metadata/projects" => "Projects",
        "kamld:metadata/catalog" => "Descriptions and tags",
        "kamld:metadata/search" => "Search",
        "kamld:metadata/sql" => "Queries",
        "kamld:metadata/kv" => "What it remembers",
        "kamld:plugin/admin" => "Plug-ins and grants",
        "kamld:plugin/tasks" => "Long work",
        "kamld:ui/previews" => "What other plug-ins draw",
        "wasi:http/outgoing-handler" => "Other servers",
        other => other,
    }
}

/// What an export brings, in one word; none for what nobody needs to know.
pub fn export(name: &str) -> Option<&str> {
    let bare = name.split('@').next().unwrap_or(name);
    Some(match bare {
        "kamld:plugin/commands" => "commands",
        "kamld:ui/surface" => "screens",
        "kamld:ui/preview" => "previews",
        "kamld:metadata/describer" => "descriptions of files",
        "kamld:connector/source" => "tables of another system",
        "wasi:http/incoming-handler" | "wasi:http/handler" => "an address of its own",
        _ if bare.starts_with("wasi:") => return None,
        _ => bare,
    })
}

/// What an audit record says happened.
pub fn happened(action: &str) -> &str {
    match action {
        "install" => "installed",
        "upgrade" => "upgraded",
        "remove" => "removed",
        "enable" => "switched on",
        "disable" => "switched off",
        "grant" => "granted",
        "revoke" => "grant taken away",
        "deny" => "refused",
        "confirm" => "asked for, and confirmed",
        "rollback" => "went back a version",
        "start" => "started",
        "repair" => "repaired",
        "expire" => "removed old records",
        other => other,
    }
}

/// With a capital letter in front and a full stop behind.
pub fn sentence(text: &str) -> String {
    let mut rest = text.trim().chars();
    let mut text = rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect());
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
