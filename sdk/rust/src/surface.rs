//! Surfaces: the screens that a plug-in brings, as data.
//!
//! Lives here: what a plug-in author writes for `kamld:ui/surface`. Must not live here: nodes (`view`).
//! Invariant: what is offered and what can be drawn are the same list.

use crate::{
    Address, Error, Result,
    bindings::{imports::kamld::plugin::types, surface::exports::kamld::ui::surface as wit},
    view::{Action, Icon, ValueType, View},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

pub use wit::Window;

/// Where on the page a surface goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A part of the first screen.
    Home,
    /// A part of the bar at the side.
    Side,
    /// A whole area of the product, for the top and for a project.
    Area,
    /// A tab of an asset or of a folder in it; `fits` are kinds of assets.
    AssetTab,
    /// A tab of an object; `fits` are media types.
    ObjectTab,
    /// What the one box can make of a text, the param `q`; `fits` are first words.
    Box,
    /// A column of the lists of assets; `fits` are kinds of assets.
    AssetColumn,
    /// A command for the rows of the lists of assets, named as its words joined by `-`; `fits` are kinds of assets.
    AssetAction,
    /// A column of the lists of objects; `fits` are media types.
    ObjectColumn,
    /// A command for the rows of the lists of objects, as for those of assets; `fits` are media types.
    ObjectAction,
    /// A page of the settings.
    Settings,
}

impl Slot {
    fn word(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Side => "side",
            Self::Area => "area",
            Self::AssetTab => "asset-tab",
            Self::ObjectTab => "object-tab",
            Self::Box => "box",
            Self::AssetColumn => "asset-column",
            Self::AssetAction => "asset-action",
            Self::ObjectColumn => "object-column",
            Self::ObjectAction => "object-action",
            Self::Settings => "settings",
        }
    }
}

/// What is shown, as the address bar says it, with the data model that the page keeps.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The name of the offer.
    pub surface: String,
    /// `PROJECT/ASSET@REF/PATH`, or less of it; empty at the top.
    pub address: String,
    /// What else the link says.
    pub params: Vec<(String, String)>,
    data: Map<String, Value>,
}

impl Place {
    /// A place for a test.
    ///
    /// ```
    /// let place = kamld_sdk::Place::at("birds/strikes").with("sort", "size");
    /// assert_eq!(place.project(), Some("birds"));
    /// assert_eq!(place.asset()?.asset, "strikes");
    /// assert_eq!(place.param("sort"), Some("size"));
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }

    /// The same place of a surface.
    #[must_use]
    pub fn on(mut self, surface: &str) -> Self {
        self.surface = surface.to_owned();
        self
    }

    /// With one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a member of the data model, as the page would have it.
    ///
    /// ```
    /// let place = kamld_sdk::Place::at("birds").holding("form", serde_json::json!({"name": "strikes"}));
    /// assert_eq!(place.data::<String>("/form/name").as_deref(), Some("strikes"));
    /// ```
    #[must_use]
    pub fn holding(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// A parameter of the link.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The project that the place is in.
    pub fn project(&self) -> Option<&str> {
        self.address.split('/').next().filter(|name| !name.is_empty())
    }

    /// The asset, folder or object; `invalid` at the top and for a project alone.
    pub fn asset(&self) -> Result<Address> {
        self.address.parse()
    }

    /// A value of the data model by JSON pointer; none when it is not there or is something else.
    pub fn data<T: DeserializeOwned>(&self, pointer: &str) -> Option<T> {
        let value = pointer.strip_prefix('/')?.split('/').try_fold(None::<&Value>, |found, key| {
            let key = key.replace("~1", "/").replace("~0", "~");
            match found {
                None => self.data.get(&key),
                Some(value) => value.get(&key),
            }
            .map(Some)
        })??;
        T::deserialize(value).ok()
    }

    fn from_wit(place: wit::Place, data: &str) -> Result<Self> {
        let wit::Place { surface, address, params } = place;
        Ok(Self { surface, address, params, data: object(data)? })
    }
}

fn object(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text)
        .map_err(|error| Error::invalid(format!("what the page sent is not a JSON object: {error}")))
}

/// What a person sees at a place.
///
/// ```
/// use kamld_sdk::{Screen, view};
/// let screen = Screen::from(view::text("hello")).data("form", "birds").watch("birds/strikes");
/// assert_eq!(screen.nodes()[0].kind, "text");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Screen {
    view: View,
    data: Map<String, Value>,
    topics: Vec<String>,
}

impl Screen {
    /// A member of the data model that inputs are bound to.
    #[must_use]
    pub fn data(mut self, key: &str, value: impl Serialize) -> Self {
        self.data.insert(key.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// The address of something else that it shows: a change of it draws the screen again.
    #[must_use]
    pub fn watch(mut self, address: impl Into<String>) -> Self {
        self.topics.push(address.into());
        self
    }

    /// The nodes as they travel, for tests.
    pub fn nodes(&self) -> Vec<types::Node> {
        self.view.clone().flatten()
    }
}

impl<V: Into<View>> From<V> for Screen {
    fn from(view: V) -> Self {
        Self { view: view.into(), ..Self::default() }
    }
}

/// What an action of the plug-in itself led to.
#[derive(Clone, Debug, Default)]
pub struct Reaction {
    data: Map<String, Value>,
    note: String,
    then: Option<Action>,
}

impl Reaction {
    /// One sentence for the person.
    pub fn note(text: impl Into<String>) -> Self {
        Self { note: text.into(), ..Self::default() }
    }

    /// A value of the data model, by JSON pointer.
    #[must_use]
    pub fn put(mut self, pointer: &str, value: impl Serialize) -> Self {
        self.data.insert(pointer.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// What the page goes on with.
    #[must_use]
    pub fn then(mut self, action: Action) -> Self {
        self.then = Some(action);
        self
    }
}

/// Rows of a table whose source is the plug-in.
#[derive(Clone, Debug, Default)]
pub struct RowPage {
    /// Each by the keys of the columns.
    pub rows: Vec<Map<String, Value>>,
    /// All there are, when that is known.
    pub total: Option<u64>,
}

type Draw = fn(&Place) -> Result<Screen>;
type Act = fn(&Place, &str, &Map<String, Value>) -> Result<Reaction>;
type Fetch = fn(&Place, &str, &Window) -> Result<RowPage>;
type Fill = fn(&[Address]) -> Result<Vec<Value>>;

/// What becomes of an offer.
enum Made {
    Drawn(Draw),
    Filled(Fill),
    /// A command, which the page runs by itself.
    Run,
}

/// One thing that a plug-in adds to the page.
pub struct Offer {
    name: &'static str,
    slot: Slot,
    title: String,
    icon: Option<Icon>,
    order: u32,
    fits: Vec<String>,
    cells: Option<ValueType>,
}

impl Offer {
    /// `name` is unique in the plug-in: lower case, words joined by `-`.
    pub fn new(name: &'static str, slot: Slot, title: &str) -> Self {
        Self { name, slot, title: title.to_owned(), icon: None, order: 100, fits: Vec::new(), cells: None }
    }

    /// Its picture.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Its place among others, smaller first; 100 when nothing is said.
    #[must_use]
    pub fn order(mut self, order: u32) -> Self {
        self.order = order;
        self
    }

    /// What it is for, by slot.
    #[must_use]
    pub fn fits(mut self, fits: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fits = fits.into_iter().map(Into::into).collect();
        self
    }

    /// How the cells of a column are drawn; text when nothing is said.
    #[must_use]
    pub fn cells(mut self, cells: ValueType) -> Self {
        self.cells = Some(cells);
        self
    }

    fn to_wit(&self) -> wit::Offer {
        wit::Offer {
            name: self.name.to_owned(),
            slot: self.slot.word().to_owned(),
            title: self.title.clone(),
            icon: word(self.icon),
            order: self.order,
            fits: self.fits.clone(),
            cells: word(self.cells),
        }
    }
}

/// A word of the catalogue as it travels; empty for none.
fn word(of: Option<impl Serialize>) -> String {
    let word = of.and_then(|of| serde_json::to_value(of).ok());
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The surfaces of a plug-in, each with the function that draws it.
///
/// ```
/// use kamld_sdk::{Offer, Place, Result, Screen, Slot, Surfaces, view};
/// fn hello(place: &Place) -> Result<Screen> {
///     Ok(view::text(format!("hello, {}", place.project().unwrap_or("world"))).into())
/// }
/// let surfaces = Surfaces::new().on(Offer::new("hello", Slot::Home, "Hello"), hello);
/// let screen = surfaces.draw(&Place::at("birds").on("hello"))?;
/// assert!(screen.nodes()[0].props.contains("hello, birds"));
/// # Ok::<(), kamld_sdk::Error>(())
/// ```
#[derive(Default)]
pub struct Surfaces {
    offers: Vec<(Offer, Made)>,
    act: Option<Act>,
    fetch: Option<Fetch>,
}

impl Surfaces {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a surface and the function that draws it.
    #[must_use]
    pub fn on(mut self, offer: Offer, draw: Draw) -> Self {
        self.offers.push((offer, Made::Drawn(draw)));
        self
    }

    /// Adds a column to the lists of assets or of objects, and the function that fills it: for the addresses of the
    /// rows that are seen, a value each, in their order; `null` leaves a cell empty.
    ///
    /// ```
    /// use kamld_sdk::{Address, Offer, Place, Result, Slot, Surfaces, view::ValueType};
    /// fn lengths(addresses: &[Address]) -> Result<Vec<serde_json::Value>> {
    ///     Ok(addresses.iter().map(|address| address.asset.len().into()).collect())
    /// }
    /// let offer = Offer::new("letters", Slot::AssetColumn, "Letters").cells(ValueType::Count);
    /// let surfaces = Surfaces::new().column(offer, lengths);
    /// let place = Place::at("birds").on("letters");
    /// assert_eq!(surfaces.fill(&place, &["birds/strikes".parse()?])?, [7]);
    /// # Ok::<(), kamld_sdk::Error>(())
    /// ```
    #[must_use]
    pub fn column(mut self, offer: Offer, fill: Fill) -> Self {
        self.offers.push((offer, Made::Filled(fill)));
        self
    }

    /// Adds a command of the plug-in to the rows of the lists of assets or of objects: the offer is named as the
    /// command, its words joined by `-`, and the command's first argument gets the address of the row, or of all
    /// that are selected where it is repeated.
    #[must_use]
    pub fn command(mut self, offer: Offer) -> Self {
        self.offers.push((offer, Made::Run));
        self
    }

    /// The plug-in's own actions, those that a view names by `act`.
    #[must_use]
    pub fn actions(mut self, act: Act) -> Self {
        self.act = Some(act);
        self
    }

    /// Rows of tables whose source is the plug-in.
    #[must_use]
    pub fn rows(mut self, fetch: Fetch) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// Draws the surface that the place names.
    pub fn draw(&self, place: &Place) -> Result<Screen> {
        match self.made(place) {
            Some(Made::Drawn(draw)) => draw(place),
            _ => Err(Error::not_found(format!("this plug-in has no surface '{}'", place.surface))),
        }
    }

    /// Fills the column that the place names: a cell for each address.
    pub fn fill(&self, place: &Place, addresses: &[Address]) -> Result<Vec<Value>> {
        let Some(Made::Filled(fill)) = self.made(place) else {
            return Err(Error::not_found(format!("this plug-in has no column '{}'", place.surface)));
        };
        let mut cells = fill(addresses)?;
        cells.resize(addresses.len(), Value::Null);
        Ok(cells)
    }

    fn made(&self, place: &Place) -> Option<&Made> {
        self.offers.iter().find(|(offer, _)| offer.name == place.surface).map(|(_, made)| made)
    }
}

/// Implemented by a plug-in that brings screens; register it with `surface: YOURS` in [`plugin!`](crate::plugin).
pub trait HasSurfaces {
    /// Every surface of the plug-in; must not depend on who asks.
    fn surfaces() -> Surfaces;
}

#[doc(hidden)]
pub fn offers<T: HasSurfaces>() -> Vec<wit::Offer> {
    T::surfaces().offers.iter().map(|(offer, _)| offer.to_wit()).collect()
}

#[doc(hidden)]
pub fn draw<T: HasSurfaces>(place: wit::Place, data: &str) -> Result<wit::View, types::Error> {
    let screen = T::surfaces().draw(&Place::from_wit(place, data)?)?;
    Ok(wit::View { nodes: screen.view.flatten(), data: Value::Object(screen.data).to_string(), topics: screen.topics })
}

#[doc(hidden)]
pub fn act<T: HasSurfaces>(
    place: wit::Place,
    name: &str,
    arguments: &str,
    data: &str,
) -> Result<wit::Reaction, types::Error> {
    let unknown = || Error::not_found(format!("this plug-in has no action '{name}'"));
    let act = T::surfaces().act.ok_or_else(unknown)?;
    let Reaction { data, note, then } = act(&Place::from_wit(place, data)?, name, &object(arguments)?)?;
    let then = then.map(|action| serde_json::to_string(&action)).transpose().map_err(Error::from)?;
    Ok(wit::Reaction { data: Value::Object(data).to_string(), note, then: then.unwrap_or_default() })
}

#[doc(hidden)]
pub fn rows<T: HasSurfaces>(
    place: wit::Place,
    name: &str,
    window: &Window,
    data: &str,
) -> Result<wit::RowPage, types::Error> {
    let unknown = || Error::not_found(format!("this plug-in has no rows '{name}'"));
    let fetch = T::surfaces().fetch.ok_or_else(unknown)?;
    let RowPage { rows, total } = fetch(&Place::from_wit(place, data)?, name, window)?;
    Ok(wit::RowPage { rows: rows.into_iter().map(|row| Value::Object(row).to_string()).collect(), total })
}

#[doc(hidden)]
pub fn cells<T: HasSurfaces>(place: wit::Place, addresses: &[String]) -> Result<Vec<String>, types::Error> {
    let addresses = addresses.iter().map(|address| address.parse()).collect::<Result<Vec<Address>>>()?;
    let cells = T::surfaces().fill(&Place::from_wit(place, "{}")?, &addresses)?;
    Ok(cells.iter().map(Value::to_string).collect())
}
