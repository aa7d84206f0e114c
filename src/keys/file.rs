//! A sandbox's key file, written like the configuration's `[keys]`: made once, readable by its owner alone.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{KeyBytes, KeyError, Keys};
use crate::random::Random;

#[derive(Deserialize, Serialize)]
struct Section {
    active: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<String>,
    #[serde(flatten)]
    keys: BTreeMap<String, String>,
}

impl Drop for Section {
    fn drop(&mut self) {
        self.keys.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Keys {
    /// Loads a sandbox's keys, or makes them at the first start.
    ///
    /// # Errors
    /// The file cannot be read or made, is open to others than its owner, or is no key file.
    pub fn sandbox_file(path: &Path, random: &Random) -> Result<Self, KeyError> {
        if let Some(keys) = load(path)? {
            return Ok(keys);
        }
        make(path, random).map_err(|error| told(path, &error))?;
        load(path)?.ok_or_else(|| told(path, &"it was taken away as it was being made"))
    }
}

pub(super) fn decode(id: &str, base64: &str) -> Result<KeyBytes, KeyError> {
    let bytes = STANDARD.decode(base64.trim()).map(Zeroizing::new).ok();
    let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(&bytes[..]).ok());
    key.map(Zeroizing::new)
        .ok_or_else(|| KeyError::BadKey(id.into()))
}

fn load(path: &Path) -> Result<Option<Keys>, KeyError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| told(path, &error))?,
    };
    let about = file.metadata().map_err(|error| told(path, &error))?;
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let reason = format!("its mode is {mode:04o}, others may read it: chmod 600 it");
        return Err(told(path, &reason));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)
        .map_err(|error| told(path, &error))?;
    // the parser's own message quotes the line, and with it the key
    let mut section: Section =
        toml::from_str(&text).map_err(|_| told(path, &"it is not written as a key file is"))?;
    let keys = std::mem::take(&mut section.keys);
    let decoded = keys.into_iter().map(|(id, text)| {
        let key = decode(&id, &Zeroizing::new(text))?;
        Ok((id, key))
    });
    let index = section.index.as_ref().unwrap_or(&section.active);
    Keys::new(&section.active, index, decoded.collect::<Result<_, _>>()?).map(Some)
}

/// Made whole under another name first, so that no other process reads half of it; whoever is first wins.
fn make(path: &Path, random: &Random) -> io::Result<()> {
    const NAME: &str = "sandbox";
    let key = Zeroizing::new(random.bytes::<32>());
    let section = Section {
        active: NAME.into(),
        index: None,
        keys: [(NAME.into(), STANDARD.encode(&key[..]))].into(),
    };
    let text = Zeroizing::new(toml::to_string(&section).map_err(io::Error::other)?);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{:08x}", u32::from_le_bytes(random.bytes())));
    let draft = Path::new(&draft);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| match fs::hard_link(draft, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    fs::remove_file(draft)?;
    written
}

fn told(path: &Path, reason: &dyn std::fmt::Display) -> KeyError {
    KeyError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}
