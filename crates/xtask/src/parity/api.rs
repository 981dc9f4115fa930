//! Reads the public interface of our crates from rustdoc's JSON, and answers whether a path exists.

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The types, traits and functions of our crates by name.
#[derive(Debug, Default)]
pub(super) struct Api {
    types: BTreeMap<String, Type>,
    functions: BTreeSet<String>,
    /// The setters of `Builder`, with the options that have them.
    setters: Vec<(Options, BTreeSet<String>)>,
}

#[derive(Debug, Default)]
struct Type {
    /// Methods, public fields, variants of an enum, items of a trait.
    items: BTreeSet<String>,
    /// The type to which this one derefs.
    deref: Option<String>,
    /// The options that `builder` returns.
    options: Option<String>,
    /// The parts that options have: the types to which `as_mut` leads.
    as_mut: BTreeSet<String>,
}

/// The options of a `Builder` for which an `impl` is.
#[derive(Debug)]
enum Options {
    All,
    /// These options.
    Type(String),
    /// All options with `AsMut` of this type.
    With(String),
}

impl Api {
    /// Adds the items of a crate.
    pub(super) fn add(&mut self, rustdoc: &Json) {
        let index = &rustdoc["index"];
        for item in index.as_object().into_iter().flat_map(|index| index.values()) {
            let (Some(name), inner) = (item["name"].as_str(), &item["inner"]) else { continue };
            if inner["function"].is_object() {
                // Methods too; only a path of one word is looked up here.
                self.functions.insert(name.to_owned());
            }
            if !["struct", "enum", "trait"].iter().any(|kind| inner[kind].is_object()) {
                continue;
            }
            let known = self.types.entry(name.to_owned()).or_default();
            known.items.extend(names(index, &inner["trait"]["items"]));
            known.items.extend(names(index, &inner["enum"]["variants"]));
            known.items.extend(names(index, &inner["struct"]["kind"]["plain"]["fields"]));
            let impls = [&inner["struct"]["impls"], &inner["enum"]["impls"]];
            for block in impls.into_iter().flat_map(|impls| items(index, impls)) {
                self.add_impl(index, name, &block["inner"]["impl"]);
            }
        }
    }

    fn add_impl(&mut self, index: &Json, name: &str, block: &Json) {
        let of = block["trait"]["path"].as_str().map(last_word);
        if name == "Builder" && of.is_none() {
            self.setters.push((options(block), names(index, &block["items"]).collect()));
        }
        let known = self.types.entry(name.to_owned()).or_default();
        for item in items(index, &block["items"]) {
            match (of, item["name"].as_str()) {
                (Some("Deref"), Some("Target")) => {
                    known.deref = type_name(&item["inner"]["assoc_type"]["type"]);
                }
                (None, Some("builder")) => {
                    let output = &item["inner"]["function"]["sig"]["output"];
                    known.options = arguments(output).nth(1).and_then(type_name);
                }
                _ => {}
            }
        }
        if of == Some("AsMut") {
            known.as_mut.extend(arguments_of(&block["trait"]).filter_map(type_name));
        }
        known.items.extend(names(index, &block["items"]));
        known.items.extend(block["provided_trait_methods"].as_array().into_iter().flatten().filter_map(text));
    }

    /// Returns whether there is such an item: `Type`, `function`, `Type::item`, or `Type::builder().setter`.
    pub(super) fn has(&self, path: &str) -> bool {
        if let Some((name, setter)) = path.split_once("::builder().") {
            return self.has_setter(name, setter);
        }
        match path.split_once("::") {
            Some((name, item)) => self.has_item(name, item),
            None => self.types.contains_key(path) || self.functions.contains(path),
        }
    }

    fn has_item(&self, name: &str, item: &str) -> bool {
        let Some(known) = self.types.get(name) else { return false };
        known.items.contains(item) || known.deref.as_deref().is_some_and(|target| self.has_item(target, item))
    }

    fn has_setter(&self, name: &str, setter: &str) -> bool {
        let options = self.types.get(name).and_then(|known| known.options.as_deref());
        let Some((name, parts)) = options.and_then(|name| Some((name, &self.types.get(name)?.as_mut))) else {
            return false;
        };
        self.setters.iter().filter(|(_, setters)| setters.contains(setter)).any(
            |(options, _)| match options {
                Options::All => true,
                Options::Type(of) => of == name,
                Options::With(part) => parts.contains(part),
            },
        )
    }
}

/// Returns the options of `impl<…> Builder<D, …>`.
fn options(block: &Json) -> Options {
    let Some(argument) = arguments(&block["for"]).nth(1) else { return Options::All };
    if let Some(name) = type_name(argument) {
        return Options::Type(name);
    }
    let parameters = block["generics"]["params"].as_array().into_iter().flatten();
    let bounds = parameters
        .filter(|parameter| parameter["name"] == argument["generic"])
        .flat_map(|parameter| parameter["kind"]["type"]["bounds"].as_array().into_iter().flatten());
    let as_mut = bounds
        .map(|bound| &bound["trait_bound"]["trait"])
        .find(|bound| bound["path"].as_str().is_some_and(|path| last_word(path) == "AsMut"));
    as_mut.and_then(|bound| arguments_of(bound).find_map(type_name)).map_or(Options::All, Options::With)
}

fn items<'a>(index: &'a Json, ids: &'a Json) -> impl Iterator<Item = &'a Json> {
    ids.as_array().into_iter().flatten().map(move |id| &index[id.to_string()])
}

fn names<'a>(index: &'a Json, ids: &'a Json) -> impl Iterator<Item = String> + 'a {
    items(index, ids).filter_map(|item| text(&item["name"]))
}

fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

/// Returns the last word of a type's path.
fn type_name(of: &Json) -> Option<String> {
    of["resolved_path"]["path"].as_str().map(|path| last_word(path).to_owned())
}

/// Returns the types in the angle brackets of a type.
fn arguments(of: &Json) -> impl Iterator<Item = &Json> {
    arguments_of(&of["resolved_path"])
}

fn arguments_of(path: &Json) -> impl Iterator<Item = &Json> {
    let arguments = path["args"]["angle_bracketed"]["args"].as_array();
    arguments.into_iter().flatten().map(|argument| &argument["type"])
}

fn last_word(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// The interface of a small crate, as rustdoc describes it: `Led` derefs to `Output`, and its builder takes `Digital`.
    pub(in crate::parity) fn api() -> Api {
        let function = |name: &str| json!({"name": name, "inner": {"function": {"sig": {"output": null}}}});
        let path = |name: &str, arguments: Json| json!({"path": name, "args": {"angle_bracketed": {"args": arguments}}});
        let of_type = |name: &str, arguments: Json| json!({"resolved_path": path(name, arguments)});
        let argument = |name: &str| json!([{"type": of_type(name, json!([]))}]);
        let for_builder =
            |options: Json| of_type("crate::Builder", json!([{"type": {"generic": "D"}}, {"type": options}]));
        let block =
            |of: Json, items: Json| json!({"name": null, "inner": {"impl": {"trait": of, "items": items}}});
        let returned = of_type(
            "Builder",
            json!([{"type": {"generic": "Self"}}, {"type": of_type("Digital", json!([]))}]),
        );
        let mut any = block(Json::Null, json!([20]));
        any["inner"]["impl"]["for"] = for_builder(json!({"generic": "O"}));
        let mut driven = block(Json::Null, json!([21]));
        driven["inner"]["impl"]["for"] = for_builder(json!({"generic": "O"}));
        driven["inner"]["impl"]["generics"] = json!({"params": [{"name": "O", "kind": {"type": {"bounds": [
            {"trait_bound": {"trait": path("AsMut", argument("Driven"))}},
        ]}}}]});
        let mut pulsed = block(Json::Null, json!([22]));
        pulsed["inner"]["impl"]["for"] = for_builder(of_type("Pulsed", json!([])));
        let mut api = Api::default();
        api.add(&json!({"index": {
            "1": {"name": "Led", "inner": {"struct": {"impls": [10, 11]}}},
            "2": {"name": "Output", "inner": {"struct": {"kind": {"plain": {"fields": [35]}}, "impls": [12]}}},
            "3": {"name": "Builder", "inner": {"struct": {"impls": [13, 14, 15]}}},
            "4": {"name": "Digital", "inner": {"struct": {"impls": [16]}}},
            "5": {"name": "Switch", "inner": {"trait": {"items": [30]}}},
            "10": block(Json::Null, json!([31, 32])),
            "11": block(path("std::ops::Deref", Json::Null), json!([33])),
            "12": block(Json::Null, json!([34])),
            "13": any, "14": driven, "15": pulsed,
            "16": block(path("AsMut", argument("Driven")), json!([])),
            "20": function("gpio"), "21": function("active_high"), "22": function("frequency"),
            "30": function("toggle"), "31": function("new"),
            "32": {"name": "builder", "inner": {"function": {"sig": {"output": returned}}}},
            "33": {"name": "Target", "inner": {"assoc_type": {"type": of_type("Output", Json::Null)}}},
            "34": function("on"), "35": {"name": "line", "inner": {"struct_field": {}}},
        }}));
        api
    }

    #[test]
    fn a_path_is_found_by_deref_and_through_the_options_of_the_builder() {
        let api = api();
        for path in [
            "Led",
            "Led::new",
            "Led::on",
            "Led::line",
            "Switch::toggle",
            "Led::builder().gpio",
            "Led::builder().active_high",
        ] {
            assert!(api.has(path), "{path}");
        }
        for path in [
            "Lamp",
            "Led::off",
            "Output::new",
            "Led::builder().frequency",
            "Output::builder().gpio",
            "Driven",
        ] {
            assert!(!api.has(path), "{path}");
        }
    }
}
