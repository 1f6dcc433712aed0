//! The grants file: what people wrote in it stays, what the host writes is what it understood.

mod building;

use building::package;
use kamld_policy::{Grant, Mode, grant};
use kamld_registry::Grants;
use kamld_types::{Kind, PluginId};
use proptest::prelude::*;
use std::path::Path;

const TEXT: &str = "\
# our rules, see the wiki

# the reader is trusted
[[grant]]
plugin = \"acme/reader\" # since May
mode = \"enforce\"

# only what it shows
[[grant.allow]]
interface = \"kamld:storage/objects\"
verbs = [\"read\"]
resources = [\"birds/**\"] # not the bees

[grant.limits]
memory-mib = 64

# under observation
[[grant]]
plugin = \"acme/other\"
mode = \"observe\"
";

fn id(text: &str) -> PluginId {
    PluginId::new(text).unwrap()
}

fn file(data: &Path) -> String {
    std::fs::read_to_string(data.join("grants.toml")).unwrap()
}

fn with(text: &str) -> (tempfile::TempDir, Grants) {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("grants.toml"), text).unwrap();
    let grants = Grants::open(data.path()).unwrap();
    (data, grants)
}

#[test]
fn without_a_file_nothing_is_granted_and_the_first_grant_makes_it() {
    let data = tempfile::tempdir().unwrap();
    let grants = Grants::open(data.path()).unwrap();
    assert!(grants.all().is_empty());
    let package = package("acme/reader", "1.0.0");
    let grant = Grant::from_needs(&package.manifest);
    grants.set(&grant, Some(&package.manifest)).unwrap();
    let text = file(data.path());
    assert!(text.starts_with("# What each plug-in may do"), "{text}");
    assert!(text.contains("# Because the test says so\n[[grant.allow]]\n"), "{text}");
    assert_eq!(Grants::open(data.path()).unwrap().get(&id("acme/reader")), Some(grant));
}

#[test]
fn changing_one_grant_leaves_every_other_line_as_it_was() {
    let (data, grants) = with(TEXT);
    let mut grant = Grant::nothing(id("acme/other"));
    grants.set(&grant, None).unwrap();
    assert_eq!(file(data.path()), TEXT.replace("observe", "enforce"));
    grant.mode = Mode::Observe;
    grants.set(&grant, None).unwrap();
    assert_eq!(file(data.path()), TEXT);
    let mut reader = grants.get(&id("acme/reader")).unwrap();
    reader.allow[0].verbs.push(kamld_policy::Verb::List);
    reader.allow.push(reader.allow[0].clone());
    grants.set(&reader, None).unwrap();
    let text = file(data.path());
    assert!(text.starts_with("# our rules, see the wiki\n\n# the reader is trusted\n[[grant]]"), "{text}");
    assert!(text.ends_with("# under observation\n[[grant]]\nplugin = \"acme/other\"\nmode = \"observe\"\n"), "{text}");
    assert_eq!(Grants::open(data.path()).unwrap().all(), grants.all());
    assert_eq!(grants.get(&id("acme/reader")).unwrap(), reader);
}

#[test]
fn a_new_grant_comes_last() {
    let (data, grants) = with(TEXT);
    let package = package("acme/third", "1.0.0");
    grants.set(&Grant::from_needs(&package.manifest), Some(&package.manifest)).unwrap();
    let text = file(data.path());
    assert!(text.starts_with(TEXT), "{text}");
    assert_eq!(
        text[TEXT.len()..],
        "\n[[grant]]\nplugin = \"acme/third\"\nmode = \"enforce\"\n\n# Because the test says so\n[[grant.allow]]\n\
         interface = \"kamld:storage/objects\"\nverbs = [\"read\"]\nresources = [\"**\"]\n"
            .to_owned()
    );
    assert_eq!(Grants::open(data.path()).unwrap().all().len(), 3);
}

#[test]
fn an_admin_gets_the_text_of_one_grant_and_puts_it_back_with_comments() {
    let (data, grants) = with(TEXT);
    let text = grants.text(&id("acme/reader")).unwrap();
    assert!(text.contains("# not the bees") && !text.contains("acme/other"), "{text}");
    let changed = text.replace("# not the bees", "# and not the moths").replace("memory-mib = 64", "memory-mib = 32");
    let grant = grants.set_text(&id("acme/reader"), &changed).unwrap();
    assert_eq!(grant.limits.memory_mib, Some(32));
    let whole = file(data.path());
    assert!(whole.contains("# and not the moths") && whole.contains("# under observation"), "{whole}");
    assert!(whole.find("acme/reader").unwrap() < whole.find("acme/other").unwrap(), "{whole}");
    assert_eq!(grants.text(&id("no/such")), None);
}

#[test]
fn a_text_that_is_no_grant_changes_nothing() {
    let (data, grants) = with(TEXT);
    for (text, why) in [
        ("", "there is no [[grant]] for acme/reader"),
        ("[[grant]]\nplugin = \"acme/other\"\n", "a grant for acme/other, not for acme/reader"),
        ("[[grant]]\nplugin = \"acme/reader\"\n[[grant]]\nplugin = \"acme/other\"\n", "more than one [[grant]]"),
        ("[[grant]]\nplugin = \"acme/reader\"\nmod = \"observe\"\n", "there is no key 'mod'"),
        ("[[grant]\n", "the grant: "),
    ] {
        let problem = grants.set_text(&id("acme/reader"), text).unwrap_err();
        assert!(problem.message.contains(why), "{text}: {problem}");
        assert_eq!(file(data.path()), TEXT);
    }
}

#[test]
fn revoking_takes_one_grant_and_keeps_the_head_of_the_file() {
    let (data, grants) = with(TEXT);
    assert!(grants.remove(&id("acme/reader")).unwrap());
    assert!(!grants.remove(&id("acme/reader")).unwrap());
    assert_eq!(
        file(data.path()),
        "# our rules, see the wiki\n\n# under observation\n[[grant]]\nplugin = \"acme/other\"\nmode = \"observe\"\n"
    );
    assert!(grants.remove(&id("acme/other")).unwrap());
    assert_eq!(file(data.path()).trim(), "# our rules, see the wiki");
    assert!(grants.all().is_empty() && Grants::open(data.path()).unwrap().all().is_empty());
}

#[test]
fn a_file_that_is_wrong_says_at_which_line_and_stays() {
    let data = tempfile::tempdir().unwrap();
    let wrong = TEXT.replace("resources", "resource");
    std::fs::write(data.path().join("grants.toml"), &wrong).unwrap();
    let problem = Grants::open(data.path()).map(|_| ()).unwrap_err();
    assert_eq!((problem.kind, problem.at.unwrap().line), (Kind::Invalid, 12), "{problem}");
    assert!(problem.message.contains("grants.toml: there is no key 'resource' in [[grant.allow]]"), "{problem}");
    assert!(problem.help.unwrap().contains("did you mean 'resources'?"));
    assert_eq!(file(data.path()), wrong);
}

#[test]
fn an_edit_by_hand_counts_after_a_reload_unless_it_is_wrong() {
    let (data, grants) = with(TEXT);
    assert!(!grants.reload().unwrap());
    std::fs::write(data.path().join("grants.toml"), "[[grant]\n").unwrap();
    assert!(grants.reload().is_err());
    assert_eq!(grants.all().len(), 2, "what was read before stays in force");
    std::fs::write(data.path().join("grants.toml"), "[[grant]]\nplugin = \"a/b\"\n").unwrap();
    assert!(grants.reload().unwrap());
    assert_eq!(grants.all().len(), 1);
}

/// A list in one line is as good TOML as tables are.
const INLINE: &str = "# ours\ngrant = [{plugin = \"acme/reader\", allow = [{interface = \"x:y/z\", verbs = [\"read\"], \
     resources = [\"**\"]}]}, # the first\n  {plugin = \"acme/other\"}]\n";

#[test]
fn a_grant_is_changed_and_revoked_in_whatever_form_it_is_written() {
    let (data, grants) = with(INLINE);
    assert!(grants.remove(&id("acme/reader")).unwrap());
    assert_eq!(grants.all(), [Grant::nothing(id("acme/other"))]);
    assert!(!file(data.path()).contains("acme/reader"), "{}", file(data.path()));
    let (_data, grants) = with(INLINE);
    assert!(grants.text(&id("acme/reader")).unwrap().contains("x:y/z"), "an admin sees what is in force");
    let narrow = Grant::nothing(id("acme/reader"));
    grants.set(&narrow, None).unwrap();
    assert_eq!(grants.get(&id("acme/reader")), Some(narrow));
    let inline = "grant = [{plugin = \"acme/third\", mode = \"observe\"}]";
    assert_eq!(grants.set_text(&id("acme/third"), inline).unwrap().mode, Mode::Observe);
    assert_eq!(grants.all().len(), 3);
}

const STARTS: [&str; 5] = [
    "",
    TEXT,
    INLINE,
    "[[grant]]\nplugin = \"acme/other\"\nlimits.streams = 3\nallow = []\n# the end",
    "# a\r\n\r\n[[\"grant\"]] # b\r\nplugin = 'acme/third'\r\n[[grant.\"allow\"]]\r\ninterface = \"x:y/z\"\r\nverbs = [\"read\"]\r\n\
     resources = [\"\\\\*\"]\r\n",
];

/// Without the id, which stands where `ID` does.
const GRANTS: [&str; 5] = [
    "[[grant]]\nplugin = \"ID\"\n",
    "# why\n[[grant]] # this\nplugin = \"ID\"\nmode = \"observe\"\n\n# all\n[[grant.allow]]\ninterface = \"kamld:storage/objects\"\n\
     verbs = [\"delete\"]\nresources = [\"**\"]\n\n[[grant.allow]]\ninterface = \"kamld:metadata/kv\"\nverbs = [\"read\"]\n\
     resources = [\"\"]\n\n[grant.limits]\nkv-mib = 1\n# end",
    "grant = [{plugin = \"ID\", limits = {cpu-ms = 0x10}}]",
    "[[grant]]\nlimits.cpu-ms = 1_000\nlimits.kv-mib = 9223372036854775807\nplugin = '''ID'''",
    "[[grant]]\nplugin = \"ID\"\nlimits.kv-mib = 9223372036854775808\n",
];

proptest! {
    #![proptest_config(kamld_fuzz::cases(48))]

    #[test]
    fn the_file_says_what_was_decided_after_any_changes_in_any_form(
        start in 0..STARTS.len(),
        changes in proptest::collection::vec((0..3usize, 0..=GRANTS.len()), 1..7),
    ) {
        let (data, grants) = with(STARTS[start]);
        let mut expected = grants.all();
        for (who, what) in changes {
            let id = id(["acme/reader", "acme/other", "acme/third"][who]);
            let place = expected.iter().position(|grant| grant.plugin == id);
            match GRANTS.get(what) {
                None => {
                    prop_assert_eq!(grants.remove(&id).unwrap(), place.is_some());
                    expected.retain(|grant| grant.plugin != id);
                }
                Some(text) => {
                    let text = text.replace("ID", id.as_str());
                    let read = Grants::read_one(&id, &text);
                    let set = grants.set_text(&id, &text);
                    prop_assert_eq!(set.as_ref().ok(), read.as_ref().ok(), "{:?}", set);
                    match (read, place) {
                        (Ok(grant), Some(place)) => expected[place] = grant,
                        (Ok(grant), None) => expected.push(grant),
                        (Err(_), _) => {}
                    }
                }
            }
            prop_assert_eq!(&grants.all(), &expected, "{}", file(data.path()));
            prop_assert_eq!(&Grants::open(data.path()).unwrap().all(), &expected);
            for grant in &expected {
                let text = grants.text(&grant.plugin).unwrap_or_default();
                prop_assert_eq!(grant::parse("alone", &text).ok(), Some(vec![grant.clone()]));
            }
        }
    }
}
