//! What every page shares: the frame around it and the bureau it belongs to. A page is a struct with
//! `#[derive(Template)]` that holds a [`Frame`] named `frame`; its wording stands in `templates/`.

use crate::domain::province::Province;
use crate::web::assets;

/// The frame: ribbon, banner, breadcrumbs, footer (`templates/layout.html`).
#[derive(Debug, Clone)]
pub struct Frame {
    /// Whose page it is; none on the national pages.
    pub bureau: Option<Province>,
    /// Draws the ribbon and says 演示 in the title and the footer.
    pub sandbox: bool,
    /// 您是第N位访问者
    pub visitors: u64,
    /// Who runs the system; a sandbox may leave it out.
    pub operator: Option<Operator>,
}

/// Who runs the system and how to reach them, for the footer and the privacy page.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The organisation's name.
    pub name: String,
    /// A telephone number or an address.
    pub contact: String,
}

impl Frame {
    /// The path of `page` (such as `help`) under this bureau or the national one; empty: its home.
    pub fn path(&self, page: &str) -> String {
        path(self.bureau, page)
    }

    /// Where a static file is served, by its name in `static/`.
    pub fn asset(&self, name: &str) -> &'static str {
        assets::href(name)
    }
}

/// The path of `page` on a bureau's site, or on the national one; empty: the home.
pub fn path(bureau: Option<Province>, page: &str) -> String {
    match bureau {
        None => format!("/{page}"),
        Some(province) if page.is_empty() => format!("/{}", province.slug()),
        Some(province) => format!("/{}/{page}", province.slug()),
    }
}
