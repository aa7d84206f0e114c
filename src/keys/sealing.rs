//! Sealing: AES-256-GCM-SIV, bound to the place that the value stands in.
//! A sealed value is: algorithm (1 byte), length of the key's name, the name, nonce (12), ciphertext with its tag (16).

use aes_gcm_siv::{
    Aes256GcmSiv,
    aead::{Aead, KeyInit, Payload},
};
use zeroize::Zeroizing;

use super::{KeyError, KeyId, Keys, Purpose, framed};
use crate::random::Random;

/// AES-256-GCM-SIV. Another number is room for another cipher.
const ALGORITHM: u8 = 1;
const NONCE: usize = 12;

/// The place of a sealed value: moved to another, it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// Table.
    pub table: &'a str,
    /// Column.
    pub column: &'a str,
    /// The row's primary key.
    pub row: &'a [u8],
}

impl Keys {
    /// Seals a value for its cell under the active key.
    #[must_use]
    pub fn seal(&self, cell: Cell<'_>, plain: &[u8], random: &Random) -> Vec<u8> {
        self.seal_for(Purpose::Seal, &cell.place(), plain, random)
    }

    /// Opens a cell's value, whichever key sealed it.
    ///
    /// # Errors
    /// The key is not loaded, or the value was altered or stood in another cell.
    pub fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.open_for(Purpose::Seal, &cell.place(), sealed)
    }

    /// The key that a value was sealed under.
    ///
    /// # Errors
    /// Not a sealed value.
    pub fn key_of(&self, sealed: &[u8]) -> Result<KeyId, KeyError> {
        Ok(Sealed::parse(sealed)?.key)
    }

    /// Seals something that is no cell of the database; `place` is what it is bound to.
    pub(crate) fn seal_for(
        &self,
        purpose: Purpose,
        place: &[&[u8]],
        plain: &[u8],
        random: &Random,
    ) -> Vec<u8> {
        let key = self.active_key();
        let nonce: [u8; NONCE] = random.bytes();
        let aad = associated_data(place, &key.id);
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let ciphertext = Aes256GcmSiv::new((&**key.of(purpose)).into())
            .encrypt(&nonce.into(), payload)
            .expect("the cipher takes up to 64 GiB");
        let name = key.id.as_str().as_bytes();
        let length = u8::try_from(name.len()).expect("a key's name is at most 32 bytes");
        [&[ALGORITHM, length], name, &nonce, &ciphertext].concat()
    }

    /// Opens what [`Keys::seal_for`] sealed for the same purpose and place.
    pub(crate) fn open_for(
        &self,
        purpose: Purpose,
        place: &[&[u8]],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let Sealed {
            key,
            nonce,
            ciphertext,
        } = Sealed::parse(sealed)?;
        let aad = associated_data(place, &key);
        let payload = Payload {
            msg: ciphertext,
            aad: &aad,
        };
        Aes256GcmSiv::new((&**self.key(&key)?.of(purpose)).into())
            .decrypt(&nonce.into(), payload)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Unreadable)
    }
}

impl<'a> Cell<'a> {
    fn place(&self) -> [&'a [u8]; 3] {
        [self.table.as_bytes(), self.column.as_bytes(), self.row]
    }
}

fn associated_data(place: &[&[u8]], key: &KeyId) -> Vec<u8> {
    let key: &[u8] = key.as_str().as_bytes();
    let parts = place.iter().copied().chain([key, &[ALGORITHM]]);
    parts.flat_map(|part| framed(part).to_vec()).collect()
}

struct Sealed<'a> {
    key: KeyId,
    nonce: [u8; NONCE],
    ciphertext: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, KeyError> {
        Self::split(bytes).ok_or(KeyError::Unreadable)
    }

    fn split(bytes: &'a [u8]) -> Option<Self> {
        let (&[algorithm, length], rest) = bytes.split_first_chunk()?;
        if algorithm != ALGORITHM {
            return None;
        }
        let (name, rest) = rest.split_at_checked(length.into())?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        Some(Self {
            key: std::str::from_utf8(name).ok()?.parse().ok()?,
            nonce: *nonce,
            ciphertext,
        })
    }
}
