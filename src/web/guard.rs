//! Who is let in, and with what the answer leaves: hosts, same origin, a sandbox's password, headers, client addresses.

pub mod address;
pub mod cookie;
pub mod headers;
pub mod host;
pub mod origin;
pub mod password;
pub mod slow_body;
