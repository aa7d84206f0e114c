//! The configuration as it was written, in file, environment and arguments: one tree, every value of which knows where it
//! stands. (figment and serde stop at the first wrong key, and do not know its line.)

use std::{collections::BTreeMap, ffi::OsString, fmt, path::Path, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use toml::Spanned;

use super::{ConfigError, Problem};

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Node {
    pub origin: Origin,
    pub value: Value,
}

/// What is written there.
#[derive(Clone)]
pub(super) enum Value {
    Table(Table),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Truth(bool),
    /// A fraction or a date: no setting is one.
    Other,
}

pub(super) type Table = BTreeMap<String, Node>;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Origin {
    /// Nowhere: it is left out.
    #[default]
    Nowhere,
    File {
        path: Arc<str>,
        line: usize,
    },
    Environment(String),
    Argument(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => Ok(()),
            Self::File { path, line } => write!(f, "{path}, line {line}: "),
            Self::Environment(name) => write!(f, "environment variable {name}: "),
            Self::Argument(name) => write!(f, "argument {name}: "),
        }
    }
}

/// Reads a file's text.
pub(super) fn parse(text: &str, path: &Path) -> Result<Table, ConfigError> {
    let path: Arc<str> = path.display().to_string().into();
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        // the message alone: the error's own text quotes the line, and with it a secret
        ConfigError::Wrong(vec![Problem {
            origin: Origin::File {
                path: path.clone(),
                line: line_of(text, start),
            },
            key: String::new(),
            message: error.message().replace('\n', " "),
        }])
    })?;
    let place = |offset| Origin::File {
        path: path.clone(),
        line: line_of(text, offset),
    };
    match raw.place(&place, &Origin::Nowhere).value {
        Value::Table(table) => Ok(table),
        _ => Ok(Table::new()),
    }
}

/// Lays the environment over a tree: `HEYAN_SMS__DEFAULT` is `sms.default`. Empty variables are as good as absent.
pub(super) fn overlay_environment(
    table: &mut Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), Problem> {
    for (name, value) in variables {
        let Some(name) = name.to_str() else { continue };
        let Some(key) = name.strip_prefix("HEYAN_") else {
            continue;
        };
        // HEYAN_TEST_POSTGRES and the like are the tests' own
        if value.is_empty() || key.starts_with("TEST_") {
            continue;
        }
        let origin = Origin::Environment(name.to_owned());
        let key = key.to_lowercase();
        let Ok(text) = value.into_string() else {
            return Err(Problem {
                origin,
                key: String::new(),
                message: "is not UTF-8".into(),
            });
        };
        let path: Vec<&str> = key.split("__").collect();
        put(table, &path, text, &origin);
    }
    Ok(())
}

/// Puts a text at a path, in the place of whatever stood there.
pub(super) fn put(table: &mut Table, path: &[&str], text: String, origin: &Origin) {
    let [key, rest @ ..] = path else { return };
    if rest.is_empty() {
        let value = Value::Text(text);
        let origin = origin.clone();
        table.insert((*key).to_owned(), Node { origin, value });
        return;
    }
    let node = table.entry((*key).to_owned()).or_insert_with(|| Node {
        origin: origin.clone(),
        value: Value::Table(Table::new()),
    });
    if !matches!(node.value, Value::Table(_)) {
        node.value = Value::Table(Table::new());
    }
    if let Value::Table(inner) = &mut node.value {
        put(inner, rest, text, origin);
    }
}

/// A list or a table given as one text, by environment or argument: TOML, or a list of words with commas between.
pub(super) fn structured(text: &str, origin: &Origin) -> Option<Value> {
    if text.starts_with(['[', '{']) {
        let raw: Raw = toml::from_str(&format!("value = {text}")).ok()?;
        return match raw.place(&|_| origin.clone(), origin).value {
            Value::Table(mut table) => table.remove("value").map(|node| node.value),
            _ => None,
        };
    }
    let words = text.split(',').map(|word| Node {
        origin: origin.clone(),
        value: Value::Text(word.trim().to_owned()),
    });
    Some(Value::List(words.collect()))
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// TOML with the place of each key.
enum Raw {
    Table(Vec<(Spanned<String>, Raw)>),
    List(Vec<Raw>),
    Text(String),
    Integer(i64),
    Truth(bool),
    Other,
}

impl Raw {
    fn place(self, place: &dyn Fn(usize) -> Origin, origin: &Origin) -> Node {
        let value = match self {
            Self::Table(entries) => Value::Table(
                entries
                    .into_iter()
                    .map(|(key, raw)| {
                        let origin = place(key.span().start);
                        (key.into_inner(), raw.place(place, &origin))
                    })
                    .collect(),
            ),
            Self::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|raw| raw.place(place, origin))
                    .collect(),
            ),
            Self::Text(text) => Value::Text(text),
            Self::Integer(number) => Value::Integer(number),
            Self::Truth(truth) => Value::Truth(truth),
            Self::Other => Value::Other,
        };
        let origin = origin.clone();
        Node { origin, value }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a TOML value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(number))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Raw, E> {
        Ok(Raw::Truth(truth))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Raw::Table(table))
    }
}
