//! Takes a section of the tree apart, key by key. What is wrong is noted and reading goes on, so that all of it is told at
//! once; a key that nobody asked for is unknown.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    str::FromStr,
};

use secrecy::SecretString;

use super::{
    Problem,
    tree::{Node, Origin, Table, Value, structured},
};

/// What reading found.
#[derive(Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
    asked: RefCell<BTreeSet<String>>,
}

impl Report {
    pub fn wrong(&self, origin: &Origin, key: &str, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            origin: origin.clone(),
            key: key.to_owned(),
            message: message.into(),
        });
    }

    pub fn problems(&self) -> Vec<Problem> {
        self.problems.take()
    }

    /// Every key with a fixed name that was asked for, with dots between.
    pub fn asked(&self) -> Vec<String> {
        self.asked.take().into_iter().collect()
    }
}

/// A section that is being read.
pub(super) struct Reader<'a> {
    pub report: &'a Report,
    /// Its key, empty for the whole.
    path: String,
    table: Table,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub fn new(report: &'a Report, path: impl Into<String>, table: Table) -> Self {
        Self {
            report,
            path: path.into(),
            table,
            known: Vec::new(),
        }
    }

    /// The full name of a key in this section.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Where a key stands, before it is read.
    pub fn origin(&self, key: &str) -> Origin {
        self.table
            .get(key)
            .map(|node| node.origin.clone())
            .unwrap_or_default()
    }

    /// Whether a key is written, before it is read.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        self.report.asked.borrow_mut().insert(self.key(key));
        self.table.remove(key)
    }

    /// Reads a value with a function that says what it must be.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.take(key)?;
        self.judge(key, &node, read)
    }

    /// The same for a value already taken.
    pub fn judge<T>(
        &self,
        key: &str,
        node: &Node,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        read(node)
            .map_err(|message| self.report.wrong(&node.origin, &self.key(key), message))
            .ok()
    }

    pub fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, |node| text(node).map(str::to_owned))
    }

    pub fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        self.read(key, |node| text(node).map(SecretString::from))
    }

    /// A text that some type parses; `must` says what it has to be.
    pub fn parsed<T: FromStr>(&mut self, key: &'static str, must: &str) -> Option<T> {
        self.read(key, |node| {
            let text = text(node)?;
            text.parse()
                .map_err(|_| format!("`{text}` is wrong, must be {must}"))
        })
    }

    pub fn number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.read(key, |node| {
            let number = match &node.value {
                Value::Integer(number) => u32::try_from(*number).ok(),
                Value::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            number
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    format!(
                        "must be a whole number from {} to {}",
                        range.start(),
                        range.end()
                    )
                })
        })
    }

    /// A truth value.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, |node| match &node.value {
            Value::Truth(truth) => Ok(*truth),
            Value::Text(text) if text == "true" => Ok(true),
            Value::Text(text) if text == "false" => Ok(false),
            _ => Err("must be true or false".into()),
        })
    }

    /// A table of texts under names of one's own.
    pub fn texts(&mut self, key: &'static str) -> Option<BTreeMap<String, String>> {
        let given = self.has(key);
        let mut section = self.section(key);
        let mut texts = BTreeMap::new();
        for (name, node) in section.others() {
            if let Some(value) = section.judge(&name, &node, |node| Ok(text(node)?.to_owned())) {
                texts.insert(name, value);
            }
        }
        given.then_some(texts)
    }

    /// A list of texts, each read by itself; those that are wrong are told one by one.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let node = self.take(key)?;
        let value = match node.value {
            Value::Text(text) => structured(&text, &node.origin),
            value => Some(value),
        };
        let Some(Value::List(items)) = value else {
            let message = "must be a list, such as [\"…\", \"…\"]";
            self.report.wrong(&node.origin, &self.key(key), message);
            return None;
        };
        let items = items.iter().enumerate().filter_map(|(index, item)| {
            let key = format!("{key}[{index}]");
            self.judge(&key, item, |item| read(text(item)?))
        });
        Some(items.collect())
    }

    /// A section in this one; an absent one is empty.
    pub fn section(&mut self, key: &'static str) -> Reader<'a> {
        let path = self.key(key);
        let table = self.take(key).and_then(|node| self.table_of(key, node));
        Reader::new(self.report, path, table.unwrap_or_default())
    }

    /// A section under a name that is not fixed.
    pub fn named_section(&self, name: &str, node: Node) -> Option<Reader<'a>> {
        let table = self.table_of(name, node)?;
        Some(Reader::new(self.report, self.key(name), table))
    }

    fn table_of(&self, key: &str, node: Node) -> Option<Table> {
        let value = match node.value {
            Value::Text(text) => structured(&text, &node.origin),
            value => Some(value),
        };
        if let Some(Value::Table(table)) = value {
            return Some(table);
        }
        let message = format!("must be a section: [{}]", self.key(key));
        self.report.wrong(&node.origin, &self.key(key), message);
        None
    }

    /// All that has not been asked for: keys whose names are not fixed.
    pub fn others(&mut self) -> Table {
        std::mem::take(&mut self.table)
    }

    pub fn wrong(&self, origin: &Origin, key: &str, message: impl Into<String>) {
        self.report.wrong(origin, &self.key(key), message);
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        for (key, node) in &self.table {
            let message = format!("unknown key; known here: {}", self.known.join(", "));
            self.report.wrong(&node.origin, &self.key(key), message);
        }
    }
}

/// A text; the environment knows nothing else.
pub(super) fn text(node: &Node) -> Result<&str, String> {
    match &node.value {
        Value::Text(text) if text.trim().is_empty() => Err("must not be empty".into()),
        Value::Text(text) => Ok(text),
        _ => Err("must be a text, in quotes".into()),
    }
}
