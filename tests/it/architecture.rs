//! The house's walls: which layer may use which, how long a file may be, how it opens. Read from the text of the
//! files, so that a wall holds for code behind a `cfg` and for tests beside the code too.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The layers from top to bottom. A file uses its own module and those of lower rows, never one of its own row.
const LAYERS: [&[&str]; 8] = [
    &["main"],
    &["app"],
    &["web", "cli", "jobs", "config"],
    &["flow"],
    &["store", "sms", "captcha", "webhook"],
    &["keys"],
    &["clock", "random", "metrics"],
    &["domain"],
];

/// Settings travel down as plain values: these alone may read them.
const READS_CONFIG: [&str; 3] = ["main", "app", "config"];

/// Longest file, tests and tables of data aside.
const LONGEST: usize = 350;

#[test]
fn files_use_lower_layers_alone() {
    let files = sources("src");
    assert!(files.len() > 50, "found {} files only", files.len());
    let wrong: Vec<_> = files
        .iter()
        .flat_map(|(path, text)| wrong_uses(path, text))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        wrong.extend(too_long(&path, &text));
        wrong.extend(without_header(&path, &text));
    }
    for (path, text) in sources("tests") {
        wrong.extend(without_header(&path, &text));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn planted_violations_are_found() {
    let found = |path: &str, text: &str| wrong_uses(path, text).len();
    // upwards, sideways, config, an unknown module
    assert_eq!(found("domain/phone.rs", "use crate::store::Db;"), 1);
    assert_eq!(found("store/outbox.rs", "use crate::sms::Gateway;"), 1);
    assert_eq!(found("flow/verify.rs", "use crate::config::Config;"), 1);
    assert_eq!(found("web.rs", "use crate::config::Config;"), 1);
    assert_eq!(found("flow.rs", "use crate::{flow::told, web::page};"), 1);
    assert_eq!(
        found("jobs.rs", "use crate::{domain::{ids::RequestId}, cli};"),
        1
    );
    assert_eq!(found("clock.rs", "fn f() { crate::flow::verify() }"), 1);
    assert_eq!(found("keys/file.rs", "use super::super::store::Db;"), 1);
    assert_eq!(found("domain.rs", "pub(crate) use super::web::page;"), 1);
    assert_eq!(found("domain.rs", "use crate::\n  {\n  store as s };"), 1);
    assert_eq!(found("shelf.rs", "use crate::domain;"), 1);
    assert_eq!(found("flow.rs", "use crate::shelf;"), 1);
    // allowed, or no use at all
    assert_eq!(found("main.rs", "use heyan::{app, config};"), 0);
    assert_eq!(
        found("app.rs", "use crate::{config::Config, flow, web};"),
        0
    );
    assert_eq!(
        found(
            "web/page.rs",
            "use crate::{domain::{ids, phone}, web::assets};"
        ),
        0
    );
    assert_eq!(
        found(
            "keys/file.rs",
            "use super::sealing; use crate::random::Random;"
        ),
        0
    );
    assert_eq!(
        found(
            "domain.rs",
            "/// like `crate::store`\nconst A: &str = \"crate::web\";"
        ),
        0
    );
    assert_eq!(
        found(
            "store.rs",
            "pub(crate) fn f() {} const Q: char = '\"'; use crate::keys;"
        ),
        0
    );
    // length and header
    let long = "//! x\n".repeat(LONGEST + 1);
    assert!(too_long("web.rs", &long).is_some());
    assert!(too_long("domain/policy/tests.rs", &long).is_none());
    assert!(without_header("web.rs", "use std::fs;\n//! late").is_some());
    assert!(without_header("web.rs", "//! ").is_some());
    assert!(without_header("web.rs", "//! What browsers see.").is_none());
}

/// Path below `folder` and text of each Rust file there.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let text = fs::read_to_string(&path).unwrap();
                files.push((below.to_str().unwrap().to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let tests = path.ends_with("/tests.rs") || path.contains("/tests/");
    let lines = text.lines().count();
    (!tests && lines > LONGEST).then(|| format!("src/{path}: {lines} lines, {LONGEST} at most"))
}

fn without_header(path: &str, text: &str) -> Option<String> {
    let says = text
        .strip_prefix("//! ")
        .and_then(|rest| rest.lines().next());
    says.is_none_or(|line| line.trim().is_empty())
        .then(|| format!("{path}: must open with `//!` and what it is for"))
}

/// What the file at `path` (below `src/`) uses and may not.
fn wrong_uses(path: &str, text: &str) -> Vec<String> {
    let module = path.split(['/', '.']).next().unwrap();
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = layer(module) else {
        return vec![format!(
            "src/{path}: module `{module}` stands in no layer of LAYERS"
        )];
    };
    let mut wrong = Vec::new();
    for used in used_modules(path, &code_alone(text)) {
        if used == module {
            continue;
        }
        let why = match layer(&used) {
            None => "which stands in no layer of LAYERS",
            Some(_) if used == "config" && !READS_CONFIG.contains(&module) => {
                "but settings travel down as plain values"
            }
            Some(theirs) if theirs <= own && used != "config" => "which is no lower layer",
            Some(_) => continue,
        };
        wrong.push(format!("src/{path} uses `{used}`, {why}"));
    }
    wrong
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// The crate's top modules that `code` names: after `crate::`, `$crate::`, `heyan::`, or enough `super::` to reach the
/// root, in groups too.
fn used_modules(path: &str, code: &str) -> BTreeSet<String> {
    let depth = path.matches('/').count() + 1;
    let words = words(code);
    let mut used = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].as_str();
        let root = if word == "crate" || word == "heyan" {
            Some(at + 1)
        } else if word == "super" {
            let mut end = at + 1;
            let mut steps = 1;
            while words.get(end).is_some_and(|w| w == "::")
                && words.get(end + 1).is_some_and(|w| w == "super")
            {
                end += 2;
                steps += 1;
            }
            at = end - 1;
            (steps >= depth).then_some(end)
        } else {
            None
        };
        if let Some(next) = root.filter(|&next| words.get(next).is_some_and(|w| w == "::")) {
            let names = first_names(&words[next + 1..]);
            if word == "super" {
                // from a module inside the file, `super` is the file itself: then it is none of the top modules
                used.extend(names.into_iter().filter(|name| layer(name).is_some()));
            } else {
                // `crate::Name` and macros are the library's own root
                let module = |name: &String| name.starts_with(|c: char| c.is_ascii_lowercase());
                used.extend(names.into_iter().filter(module));
            }
        }
        at += 1;
    }
    used
}

/// What a path goes on with: one name, or the first name of each member of a `{…}` group.
fn first_names(words: &[String]) -> Vec<String> {
    if words.first().is_none_or(|word| word != "{") {
        return words.first().cloned().into_iter().collect();
    }
    let mut names = Vec::new();
    let mut open = 0;
    let mut first = false;
    for word in words {
        match word.as_str() {
            "{" => {
                open += 1;
                first = open == 1;
            }
            "}" => {
                open -= 1;
                if open == 0 {
                    break;
                }
            }
            "," => first = open == 1,
            name if first => {
                names.push(name.to_owned());
                first = false;
            }
            _ => {}
        }
    }
    names
}

/// Identifiers, `::`, and single signs.
fn words(code: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut signs = code.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign.is_alphanumeric() || sign == '_' {
            let mut word = String::from(sign);
            while let Some(&next) = signs.peek() {
                if !next.is_alphanumeric() && next != '_' {
                    break;
                }
                word.push(next);
                signs.next();
            }
            words.push(word);
        } else if sign == ':' && signs.peek() == Some(&':') {
            signs.next();
            words.push("::".to_owned());
        } else if !sign.is_whitespace() {
            words.push(sign.to_string());
        }
    }
    words
}

/// The text without comments and string literals.
fn code_alone(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if sign == '"' {
            string_length(rest)
        } else {
            code.push(sign);
            rest = &rest[sign.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

/// Bytes of the string literal that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
