//! The tab Changes of an object: the object before and now, drawn by what it is.

use super::{
    here::{Here, capital, line},
    object::find,
    tables::{self, Difference},
    texts,
};
use crate::shape::short;
use kamld_sdk::{
    Error, ObjectReader, Place, Result, Screen, format,
    storage::{refs, types::Object},
    view::{self, Fact, Gap, Icon, MenuItem, Node, Target, Tone, View, Weight, at, going, run},
};
use serde_json::json;

/// Larger texts are not read.
const TEXT: u64 = 1 << 20;
/// Bytes of a message for two texts: alone, and beside the rows of a table.
const ALONE: usize = 200_000;
const BESIDE: usize = 60_000;

/// One of the two.
struct Side {
    /// The ref; none before the first commit.
    at: Option<String>,
    said: String,
    object: Option<Object>,
}

/// What is seen of the difference beside sizes.
enum Seen {
    Text { before: String, after: String },
    Images,
    Nothing(String),
}

pub fn draw(place: &Place) -> Result<Screen> {
    let here = Here::fetch(place)?;
    let path = place.asset()?.need_path()?.to_owned();
    let (from, to) = sides(&here, place.param("from"), place.param("to"))?;
    let side = |at: Option<String>, said: String| -> Result<Side> {
        let object = match &at {
            Some(at) => find(&here, Some(at), &path)?,
            None => None,
        };
        Ok(Side { at, said, object })
    };
    let before_said = from.as_deref().map_or_else(|| "before".to_owned(), |from| said(&here, from));
    let before = side(from, before_said)?;
    let after_said = if here.branch_named(&to).is_some() { format!("now on branch {to}") } else { said(&here, &to) };
    let after = side(Some(to), after_said)?;
    if before.object.is_none() && after.object.is_none() {
        return Err(Error::not_found(format!("{path} is neither there {} nor {}", before.said, after.said))
            .help("it may be on another branch, or in another commit"));
    }
    let (table, seen) = if same(&before, &after) { (None, None) } else { look(&here, &path, &before, &after)? };
    Ok(screen(&here, &path, &before, &after, table.as_ref(), seen.as_ref()))
}

/// Both refs. Without params: what is not committed on a branch, or what a commit or version changed.
fn sides(here: &Here, from: Option<&str>, to: Option<&str>) -> Result<(Option<String>, String)> {
    let to = to.unwrap_or(here.name()).to_owned();
    if let Some(from) = from {
        return Ok((Some(from.to_owned()), to));
    }
    let from = match here.branch_named(&to) {
        Some(branch) => branch.head.clone(),
        None => refs::resolve(&here.project, &here.asset, &to)?.parents.into_iter().next(),
    };
    Ok((from, to))
}

fn said(here: &Here, name: &str) -> String {
    // A link names a commit by its first digits.
    let is_head = |head: &str| head == name || (name.len() >= 8 && head.starts_with(name));
    match here.branches.iter().find(|branch| branch.head.as_deref().is_some_and(is_head)) {
        Some(branch) => format!("at the last commit of {}", branch.name),
        None => format!("at {}", here.called(name)),
    }
}

fn same(before: &Side, after: &Side) -> bool {
    let hash = |side: &Side| side.object.as_ref().map(|object| object.hash.clone());
    hash(before).is_some() && hash(before) == hash(after)
}

type Looked = (Option<Result<Option<Difference>, Error>>, Option<Seen>);

fn look(here: &Here, path: &str, before: &Side, after: &Side) -> Result<Looked> {
    let (Some(old), Some(new)) = (&before.object, &after.object) else {
        return Ok((None, one(here, path, before, after)?));
    };
    let (from, to) = (before.at.as_deref().unwrap_or_default(), after.at.as_deref().unwrap_or_default());
    let mut table = None;
    if tables::is_table(path) {
        let compared = tables::compare(here, path, (from, old), (to, new));
        // JSON is a table only when it is a list of records; otherwise it is a text like others.
        if compared.is_ok() || !path.to_ascii_lowercase().ends_with(".json") {
            table = Some(compared);
        }
    }
    let seen = if is_image(old) && is_image(new) {
        Some(Seen::Images)
    } else if texts::is_text(&new.media_type) && texts::is_text(&old.media_type) {
        if old.size > TEXT || new.size > TEXT {
            table.is_none().then(|| Seen::Nothing("The texts are too large to be shown beside each other.".into()))
        } else {
            match (text(here, path, before)?, text(here, path, after)?) {
                (Some(before), Some(after)) => Some(Seen::Text { before, after }),
                _ => None,
            }
        }
    } else {
        None
    };
    Ok((table, seen))
}

/// What came or went is shown against nothing, when it is small enough to be looked at here.
fn one(here: &Here, path: &str, before: &Side, after: &Side) -> Result<Option<Seen>> {
    let Some(object) = before.object.as_ref().or(after.object.as_ref()) else { return Ok(None) };
    if is_image(object) {
        return Ok(Some(Seen::Images));
    }
    if !texts::is_text(&object.media_type) || object.size > TEXT {
        return Ok(None);
    }
    let read = |side: &Side| if side.object.is_some() { text(here, path, side) } else { Ok(Some(String::new())) };
    Ok(match (read(before)?, read(after)?) {
        (Some(before), Some(after)) => Some(Seen::Text { before, after }),
        _ => None,
    })
}

fn text(here: &Here, path: &str, side: &Side) -> Result<Option<String>> {
    let address = format!("{}@{}/{path}", here.id(), side.at.as_deref().unwrap_or_default()).parse()?;
    let reader = ObjectReader::open(&address)?;
    Ok(texts::read(reader.read_range(0, TEXT as usize)?))
}

/// SVG is text that people edit.
fn is_image(object: &Object) -> bool {
    object.media_type.starts_with("image/") && !object.media_type.starts_with("image/svg")
}

fn screen(
    here: &Here,
    path: &str,
    before: &Side,
    after: &Side,
    table: Option<&Result<Option<Difference>, Error>>,
    seen: Option<&Seen>,
) -> Screen {
    if same(before, after) {
        return unchanged(before, after).into();
    }
    let mut view =
        View::new().show(what(before, after)).show(facts(before, after)).show(ways(here, path, before, after));
    let beside = matches!(table, Some(Ok(Some(_))));
    match table {
        Some(Ok(Some(difference))) => {
            for node in tables::nodes(difference) {
                view = view.show(node);
            }
        }
        Some(Ok(None)) => {
            view = view.show(view::text("The tables are too large to be compared row by row here.").tone(Tone::Muted));
        }
        Some(Err(error)) => {
            let help = error.help_text().map(|help| format!(" {}.", capital(help))).unwrap_or_default();
            let text = format!("It could not be compared as a table: {}.{help}", error.message());
            view = view.show(view::callout(text).tone(Tone::Warning));
        }
        None => {}
    }
    match seen {
        Some(Seen::Text { before: old, after: new }) => view.show_some(as_text(before, after, old, new, beside)).into(),
        Some(Seen::Images) => {
            let side = |side: &Side| match (&side.at, &side.object) {
                (Some(at), Some(_)) => here.object(at, path),
                _ => String::new(),
            };
            view.show(view::compare_images(side(before), side(after), path)).into()
        }
        Some(Seen::Nothing(why)) => view.show(view::text(why).tone(Tone::Muted)).into(),
        None if table.is_none() => {
            let text = "Files of this kind cannot be shown beside each other; open each to look at it.";
            view.show(view::text(text).tone(Tone::Muted)).into()
        }
        None => view.into(),
    }
}

fn unchanged(before: &Side, after: &Side) -> view::Empty {
    view::empty("Nothing changed")
        .text(format!("The file is {} just as it was {}.", after.said, before.said))
        .icon(Icon::Check)
        .actions([MenuItem::new("When it changed", going(Target::new().tab("object-history"))).icon(Icon::History)])
}

fn what(before: &Side, after: &Side) -> view::Heading {
    let what = match (&before.object, &after.object) {
        (None, _) => format!("New: not there {}, but {}", before.said, after.said),
        (_, None) => format!("Removed: there {}, but not {}", before.said, after.said),
        _ => format!("What changed from {} to {}", place(&before.said), place(&after.said)),
    };
    view::heading(line(&what)).level(2)
}

/// Without the word in front that makes a place of it.
fn place(said: &str) -> &str {
    said.strip_prefix("at ").unwrap_or(said)
}

fn facts(before: &Side, after: &Side) -> view::Facts {
    let said = |object: &Option<Object>| match object {
        None => "not there".to_owned(),
        Some(Object { size, media_type, hash, .. }) => {
            format!("{}, {media_type}, SHA-256 {}…", format::bytes(*size), short(hash))
        }
    };
    let mut items = vec![
        Fact::new(capital(&before.said), said(&before.object)),
        Fact::new(capital(&after.said), said(&after.object)),
    ];
    if let (Some(old), Some(new)) = (&before.object, &after.object) {
        let grown = match new.size.cmp(&old.size) {
            std::cmp::Ordering::Equal => "the same size".to_owned(),
            std::cmp::Ordering::Greater => format!("{} more", format::bytes(new.size - old.size)),
            std::cmp::Ordering::Less => format!("{} less", format::bytes(old.size - new.size)),
        };
        items.push(Fact::new("Size", grown));
    }
    view::facts(items)
}

/// Where one can go from here, and the way back.
fn ways(here: &Here, path: &str, before: &Side, after: &Side) -> Node {
    let mut buttons = Vec::new();
    if let (Some(at_ref), Some(_)) = (&before.at, &before.object) {
        let target = at(here.object(short_ref(here, at_ref), path));
        buttons.push(view::button("Open as it was before", going(target)).weight(Weight::Quiet).icon(Icon::File));
        buttons.push(put_back(here, path, at_ref));
    }
    if let (Some(at_ref), Some(_)) = (&after.at, &after.object) {
        let target = at(here.object(short_ref(here, at_ref), path));
        buttons.push(view::button("Open as it is after", going(target)).weight(Weight::Quiet).icon(Icon::File));
    }
    Node::from(view::row().gap(Gap::Small)).with(buttons)
}

/// Brings the older state back to the branch that is worked on. What is there now may be in no commit.
fn put_back(here: &Here, path: &str, from: &str) -> view::Button {
    let branch = here.working_branch();
    let name = branch.map_or(here.default.as_str(), |branch| branch.name.as_str());
    let action = run("restore")
        .with("asset", here.at(name))
        .with("path", json!([path]))
        .with("ref", from)
        .done(format!("The file is as it was before, on {name}"));
    let action = if branch.is_some_and(|branch| branch.changed) {
        action.confirm(format!("What is not committed of this file on branch {name} is lost for good."))
    } else {
        action.taken_back_by(run("restore").with("asset", here.at(name)).with("path", json!([path])))
    };
    view::button(format!("Bring it back to {name}"), action).weight(Weight::Quiet).icon(Icon::Restore)
}

fn short_ref<'a>(here: &Here, name: &'a str) -> &'a str {
    let named = here.branch_named(name).is_some() || here.versions.iter().any(|version| version.name == name);
    if named { name } else { short(name) }
}

/// Beside the rows of a table it is only shown when it fits; nobody misses it then.
fn as_text(before: &Side, after: &Side, old: &str, new: &str, beside: bool) -> Option<Node> {
    let Some(shown) = texts::fit(old, new, if beside { BESIDE } else { ALONE }) else {
        let text = "The texts differ in too much to be shown beside each other.";
        return (!beside).then(|| view::text(text).tone(Tone::Muted).into());
    };
    let diff =
        view::diff(shown.before, shown.after).before_title(capital(&before.said)).after_title(capital(&after.said));
    let said = texts::said(shown.left_away).map(|said| view::text(said).tone(Tone::Muted).into());
    let nodes: Vec<Node> = said.into_iter().chain([diff.into()]).collect();
    Some(match beside {
        true => Node::from(view::details("As text")).with(nodes),
        false => Node::from(view::stack().gap(Gap::Small)).with(nodes),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::here::tests::here, *};

    fn side(at: &str, media_type: &str, hash: Option<&str>) -> Side {
        let object = hash.map(|hash| Object {
            path: "a".into(),
            size: hash.len() as u64,
            hash: hash.into(),
            media_type: media_type.into(),
            modified: 1,
        });
        Side { at: Some(at.into()), said: said(&here(None), at), object }
    }

    fn kinds(screen: &Screen) -> Vec<String> {
        screen.nodes().into_iter().map(|node| node.kind).collect()
    }

    #[test]
    fn sides_are_called_what_they_are() {
        assert_eq!(said(&here(None), "c3"), "at the last commit of main");
        assert_eq!(said(&here(None), "v1"), "at version v1");
        assert_eq!(sides(&here(None), None, None).unwrap(), (Some("c3".into()), "main".into()));
        assert_eq!(sides(&here(None), Some("v1"), Some("c3")).unwrap(), (Some("v1".into()), "c3".into()));
    }

    #[test]
    fn the_same_on_both_sides_is_said_and_leads_on() {
        let (before, after) = (side("c3", "text/csv", Some("x")), side("main", "text/csv", Some("x")));
        let screen = screen(&here(None), "a", &before, &after, None, None);
        assert_eq!(kinds(&screen), ["empty"]);
    }

    #[test]
    fn text_stands_beside_text_and_images_beside_images() {
        let (before, after) = (side("c3", "text/plain", Some("x")), side("main", "text/plain", Some("yy")));
        let seen = Seen::Text { before: "x\n".into(), after: "yy\n".into() };
        assert!(kinds(&screen(&here(None), "a", &before, &after, None, Some(&seen))).contains(&"diff".into()));
        let images = screen(&here(None), "a.png", &before, &after, None, Some(&Seen::Images)).nodes();
        let images = images.iter().find(|node| node.kind == "compare-images").unwrap();
        assert!(images.props.contains(r#""before":"birds/strikes@c3/a.png""#), "{}", images.props);
        assert!(images.props.contains(r#""after":"birds/strikes/a.png""#), "{}", images.props);
    }

    #[test]
    fn what_came_has_nothing_before_it() {
        let (before, after) = (side("c3", "image/png", None), side("main", "image/png", Some("x")));
        let nodes = screen(&here(None), "a.png", &before, &after, None, Some(&Seen::Images)).nodes();
        assert!(nodes.iter().any(|node| node.kind == "compare-images" && node.props.contains(r#""before":"""#)));
        assert!(nodes.iter().any(|node| node.props.contains("not there")));
        assert!(nodes.iter().all(|node| !node.props.contains("Bring it back")));
    }

    #[test]
    fn a_table_that_cannot_be_read_says_where_it_is_wrong() {
        let (before, after) = (side("c3", "text/csv", Some("x")), side("main", "text/csv", Some("y")));
        let wrong = Err(Error::invalid("line 3 has 4 values").help("the head has 3"));
        let nodes = screen(&here(None), "a.csv", &before, &after, Some(&wrong), None).nodes();
        assert!(nodes.iter().any(|node| node.kind == "callout" && node.props.contains("line 3 has 4 values")));
    }

    #[test]
    fn bringing_back_asks_where_something_is_not_committed() {
        let node = |at: Option<&str>| Node::from(put_back(&here(at), "a.csv", "v1")).props["action"].clone();
        assert!(node(None)["undo"].is_object() && node(None)["confirm"].is_null());
        assert!(node(Some("cleaning"))["confirm"].is_string());
    }
}
