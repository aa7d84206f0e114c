//! What went wrong, as a page: what happened, why, what to do; no code number.

use askama::Template;

use crate::web::page::Frame;

/// An error page (`pages/error.html`).
#[derive(Debug, Template)]
#[template(path = "pages/error.html")]
pub struct ErrorPage {
    /// The frame.
    pub frame: Frame,
    /// What went wrong.
    pub kind: ErrorKind,
}

/// The page for a host that is not ours (`pages/misdirected.html`): without links, style or frame, as each of them would be
/// asked of that host again and refused.
#[derive(Debug, Template)]
#[template(path = "pages/misdirected.html")]
pub struct MisdirectedPage {
    /// It says that this is no government site.
    pub sandbox: bool,
}

/// What went wrong; the sentences stand in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// 400: a form that cannot be read.
    BadRequest,
    /// 403: a form sent from another site.
    Forbidden,
    /// 404
    NotFound,
    /// 404: no such short link, or its data is purged.
    LinkNotFound,
    /// 405
    MethodNotAllowed,
    /// 408: a form that did not arrive in time.
    TooSlow,
    /// 413
    TooLarge,
    /// 421: a host that is not ours.
    Misdirected,
    /// 429, with `Retry-After`.
    TooManyRequests {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// 500
    Internal {
        /// The request's id, to quote to the operator.
        request_id: String,
    },
    /// 503
    Unavailable,
}

impl ErrorKind {
    /// The status to answer with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound | Self::LinkNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooSlow => 408,
            Self::TooLarge => 413,
            Self::Misdirected => 421,
            Self::TooManyRequests { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Unavailable => 503,
        }
    }
}
