//! The family Content: what an object holds, and numbers that are drawn.
//!
//! Pictures, sound, video and bytes are fetched by the page from an object that exists, under the rights of the person;
//! where there is none the gallery says so instead of pretending.

use crate::{
    buttons::{self, unloaded},
    found::Found,
    missions::MISSIONS,
    screen::{Family, missing},
};
use kamld_sdk::{
    Address,
    storage::types::Object,
    view::{self, Action, Bar, Choice, Icon, MenuItem, Section, Series, ValueType, data_at, do_, going},
};

/// Pictures that are shown, and compared.
const PAIR: usize = 2;
/// Carbon dioxide in the air on Mauna Loa, parts of a million, month by month from January 1963. Nobody measured from
/// February to April 1964, which is the gap that a chart must be able to show.
const AIR: [[f64; 12]; 2] = [
    [318.74, 319.07, 319.86, 321.38, 322.25, 321.48, 319.74, 317.77, 316.21, 315.99, 317.07, 318.35],
    [319.57, NONE, NONE, NONE, 322.26, 321.89, 320.44, 318.69, 316.70, 316.87, 317.68, 318.71],
];
const NONE: f64 = f64::NAN;
/// The beginning of 1963, in milliseconds before 1970, and a month of it.
const JANUARY: f64 = -220_924_800_000.0;
const MONTH: f64 = 365.25 / 12.0 * 86_400_000.0;
/// Hours of daylight in Oslo, in the middle of each month.
const DAYLIGHT: [f64; 12] = [6.7, 9.2, 11.8, 14.6, 17.1, 18.8, 18.0, 15.6, 12.9, 10.2, 7.5, 6.0];

pub fn kinds(found: &Found) -> Vec<Section> {
    let pictures: Vec<_> = found.of("image").take(PAIR).collect();
    vec![
        image(found, &pictures),
        compare_images(&pictures),
        audio(found),
        video(found),
        hex(found),
        diff(),
        bars(),
        chart(),
        view::section("sparkline")
            .note("Numbers as a line as high as a word, beside what they belong to.")
            .show(view::sparkline(DAYLIGHT, "Daylight in Oslo, hours")),
    ]
}

/// Which dataset the examples come from: a link can say it, and so can the person.
fn from(found: &Found) -> view::Row {
    let options = found.assets.iter().map(|asset| {
        let address = format!("{}/{}", asset.project, asset.name);
        Choice::new(&address, &address)
    });
    let show = going(Family::Content.target().with("of", data_at("/dataset")));
    view::row()
        .show(view::combobox("Dataset of the examples", "/dataset", options))
        .show(view::button("Show its objects", show).icon(Icon::Search))
}

fn image(found: &Found, pictures: &[&(Address, Object)]) -> Section {
    let section = view::section("image")
        .note("A picture. With zoom it can be looked at closely, by pointer and by the keys + - 0.")
        .show(from(found));
    let [(first, object), others @ ..] = pictures else { return section.show(missing("picture")) };
    let picture = view::image(first.to_string(), name(first)).zoom(true);
    let picture = match found.pixels.filter(|_| object.media_type == "image/png") {
        Some((width, height)) => picture.width(width).height(height),
        None => picture,
    };
    let save = MenuItem::new("Save it", Action::new().download(first.to_string())).icon(Icon::Download);
    let more = view::menu("This picture", [save, buttons::copying(&first.to_string())]).icon(Icon::Image);
    let section = section.show(picture).show(more);
    match others {
        [(second, _), ..] => section.show(view::image(second.to_string(), name(second))),
        [] => section,
    }
}

fn name(address: &Address) -> &str {
    address.path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}

fn compare_images(pictures: &[&(Address, Object)]) -> Section {
    let section =
        view::section("compare-images").note("Two states of a picture, beside each other or one over the other.");
    match pictures {
        [(before, _), (after, _), ..] => {
            section.show(view::compare_images(before.to_string(), after.to_string(), "Two icons"))
        }
        [(after, _)] => section.show(view::compare_images("", after.to_string(), "One picture, and none before it")),
        [] => section.show(missing("picture")),
    }
}

/// What to do where a dataset holds nothing of a kind that the sample data does not have either.
fn upload(found: &Found, what: &str, icon: Icon) -> view::Empty {
    let Some(dataset) = &found.dataset else { return missing(what) };
    let upload = Action::new().upload(dataset).undo(unloaded());
    view::empty(format!("No {what} in {dataset}"))
        .text("Upload one, or choose another dataset above.")
        .icon(icon)
        .actions([MenuItem::new(format!("Upload a {what}"), upload).icon(Icon::Upload)])
}

fn audio(found: &Found) -> Section {
    let section = view::section("audio").note("Sound, with a player. Nothing plays by itself.");
    match found.of("audio").next() {
        Some((address, _)) => section.show(view::audio(address.to_string(), name(address))),
        None => section.show(upload(found, "sound", Icon::Audio)),
    }
}

fn video(found: &Found) -> Section {
    let section = view::section("video").note("Moving pictures, with a player. Nothing plays by itself.");
    match found.of("video").next() {
        Some((address, _)) => section.show(view::video(address.to_string(), name(address))),
        None => section.show(upload(found, "video", Icon::Play)),
    }
}

fn hex(found: &Found) -> Section {
    let section =
        view::section("hex").note("Bytes as they are, for what nothing else can draw. Only what is seen is fetched.");
    match found.objects.first() {
        Some((address, object)) => section.show(view::hex(address.to_string(), object.size)),
        None => section.show(missing("object")),
    }
}

fn diff() -> Section {
    let before = "select species, count(*)\nfrom strikes.\"2019.csv\"\ngroup by species\n";
    let after =
        "select species, count(*) as strikes\nfrom strikes.\"2019.csv\"\nwhere species is not null\ngroup by species\n";
    view::section("diff")
        .note("Two texts side by side, with what differs marked.")
        .show(view::diff(before, after).before_title("As it was").after_title("As it is"))
}

fn bars() -> Section {
    let bars = MISSIONS.iter().map(|mission| {
        let says = format!("{} brought {} kg of the Moon to the Earth", mission.name, mission.kilograms);
        Bar::new(mission.name, mission.kilograms).action(do_("tell").with("text", says))
    });
    view::section("bars")
        .note("A few numbers to compare. Each can be chosen.")
        .show(view::bars(bars, "Brought from the Moon, kg").r#type(ValueType::Number))
}

fn chart() -> Section {
    let measured = |value: f64| (!value.is_nan()).then_some(value);
    let times = (0..24).map(|month| JANUARY + f64::from(month) * MONTH);
    let whole = Series::new("measured", AIR.into_iter().flatten().map(measured));
    let years = [("1963", AIR[0]), ("1964", AIR[1])];
    let years = years.map(|(label, values)| Series::new(label, values.map(measured)));
    let over = view::chart((1..=12).map(f64::from), years, "The same by month of the year");
    view::section("chart")
        .note("Numbers over a line of numbers or times. It can be read as a table too; what was not measured is a gap.")
        .show(view::chart(times, [whole], "Carbon dioxide in the air, parts of a million").x_type(ValueType::Time))
        .show(view::details("Both years over each other").show(over))
}
