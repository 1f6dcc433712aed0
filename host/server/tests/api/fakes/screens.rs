//! What the page shows: surfaces, what crosses from one plug-in to another, the palette, files of the page.

use super::Host;
use async_trait::async_trait;
use bytes::Bytes;
use kamld_policy::Rights;
use kamld_server::{
    Caller,
    parts::{Crossing, Crossings, Finder, Found, PageFile, Pages, Surfaces},
};
use kamld_types::{
    Node, Person, PluginId, Problem,
    problem::Result,
    surface::{Offer, Place, PluginOffer, Reaction, RowPage, Screen, Window},
};
use serde_json::{Map, Value, json};
use std::sync::{Arc, atomic::Ordering};

#[async_trait]
impl Crossings for Host {
    fn title(&self, plugin: &PluginId) -> String {
        format!("Title of {plugin}")
    }

    async fn confirmed(&self, crossing: Crossing) -> Result<()> {
        let Crossing { asks, of, command, arguments, person, .. } = crossing;
        let arguments = Value::Object(arguments);
        self.ask(format!("confirmed by {person}: {asks} ran {command} of {of} with {arguments}"));
        match self.unwell.load(Ordering::Relaxed) {
            true => Err(Problem::unavailable("the audit log cannot be written")),
            false => Ok(()),
        }
    }

    fn refused(&self, crossing: Crossing, why: &str) {
        let Crossing { asks, of, command, .. } = crossing;
        self.ask(format!("refused: {asks} wanted {command} of {of}: {why}"));
    }
}

fn text(id: &str, text: &str, children: &[&str]) -> Node {
    Node {
        id: id.into(),
        kind: "text".into(),
        props: json!({ "text": text }).as_object().cloned().unwrap(),
        children: children.iter().map(|child| (*child).to_owned()).collect(),
    }
}

#[async_trait]
impl Surfaces for Host {
    fn list(&self) -> Arc<Vec<PluginOffer>> {
        if self.gone.load(Ordering::Acquire) {
            return Arc::default();
        }
        let offer = json!({"name": "notes", "slot": "area", "title": "Notes", "order": 1, "fits": []});
        let offer: Offer = serde_json::from_value(offer).unwrap();
        Arc::new(vec![PluginOffer { plugin: "acme/tools".parse().unwrap(), offer }])
    }

    async fn open(&self, caller: Caller, _: &PluginId, place: &Place, data: &Map<String, Value>) -> Result<Screen> {
        self.ask(format!("open {} {}", place.surface, place.address));
        self.callers.lock().push(caller);
        if self.gone.load(Ordering::Acquire) {
            return Err(Problem::not_found("there is no plug-in acme/tools"));
        }
        let said = self.said.lock().clone();
        let nodes = vec![text("root", "", &["said", "q"]), text("said", &said, &[]), text("q", &place.param("q"), &[])];
        Ok(Screen { nodes, data: data.clone(), topics: vec!["fish".into()] })
    }

    async fn act(
        &self,
        _: Caller,
        _: &PluginId,
        _: &Place,
        name: &str,
        arguments: &Map<String, Value>,
        _: &Map<String, Value>,
    ) -> Result<Reaction> {
        self.ask(format!("act {name}"));
        if name == "then" {
            return Ok(Reaction { then: Some(Value::Object(arguments.clone())), ..Reaction::default() });
        }
        *self.said.lock() = arguments["say"].as_str().unwrap().to_owned();
        Ok(Reaction { note: "said".into(), ..Reaction::default() })
    }

    async fn rows(
        &self,
        _: Caller,
        _: &PluginId,
        _: &Place,
        name: &str,
        window: &Window,
        _: &Map<String, Value>,
    ) -> Result<RowPage> {
        let row = json!({ "name": name, "at": window.start });
        Ok(RowPage { rows: vec![row.as_object().cloned().unwrap()], total: Some(9) })
    }

    async fn cells(&self, caller: Caller, _: &PluginId, place: &Place, addresses: &[String]) -> Result<Vec<Value>> {
        self.ask(format!("cells {} {}", place.surface, place.address));
        self.callers.lock().push(caller);
        match place.surface.as_str() {
            "docs" => Ok(addresses.iter().map(|address| json!(address.len())).collect()),
            other => Err(Problem::not_found(format!("plug-in acme/tools has no surface '{other}'"))),
        }
    }

    fn tasks(&self, _: &Person) -> Vec<Value> {
        vec![json!({ "id": 1, "title": "counting" })]
    }

    fn stop(&self, task: u64, _: &Person) -> Result<()> {
        self.ask(format!("stop {task}"));
        Ok(())
    }
}

trait Param {
    fn param(&self, name: &str) -> String;
}

impl Param for Place {
    fn param(&self, name: &str) -> String {
        self.words().into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
    }
}

#[async_trait]
impl Finder for Host {
    async fn by_name(&self, _: &Rights, text: &str, _: usize) -> Result<Vec<Found>> {
        Ok(vec![Found { title: text.to_owned(), note: "project".into(), address: "birds".into() }])
    }
}

impl Pages for Host {
    fn file(&self, name: &str) -> Option<PageFile> {
        let media_type = match name {
            _ if !self.with_page.load(Ordering::Acquire) => return None,
            "index.html" => "text/html; charset=utf-8",
            "main-ABC.js" => "text/javascript; charset=utf-8",
            _ => return None,
        };
        let lasting = name != "index.html";
        let packed = Some(Bytes::from_static(b"packed"));
        Some(PageFile { media_type, bytes: Bytes::from_static(b"plain"), packed, lasting })
    }
}
