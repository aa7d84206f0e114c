//! Receipts pushed to the path with a secret: over real HTTP, past the guards of visitors' pages, in production too.

use heyan::{
    domain::{ids::RequestId, message::SmsState},
    sms::{About, BadPush, Fate, Push, Pushed, Receipt},
};
use reqwest::Method;

use super::{Fakes, NINE, accepted};
use crate::{
    app::{App, FORM, Page, site},
    world::on_engines,
};

const SECRET: &str = "0123456789abcdefghij";
const PHONE: &str = "13800138000";

/// `id=…&state=1`, in the query or in the body.
pub fn read(push: &Push<'_>) -> Result<Pushed, BadPush> {
    let body = std::str::from_utf8(push.body).map_err(|_| BadPush)?;
    let fields = if body.is_empty() { push.query } else { body };
    let (id, state) = fields.split_once("&state=").ok_or(BadPush)?;
    let id = id.strip_prefix("id=").ok_or(BadPush)?;
    let fate = match state {
        "1" => Fate::Delivered,
        _ => Fate::Undeliverable { foreign: false },
    };
    let about = id.parse().map(About::Message).map_err(|_| BadPush)?;
    Ok(Pushed {
        receipts: vec![Receipt { about, fate }],
        answer: "taken".into(),
        content_type: "text/plain",
    })
}

struct Pushing {
    app: App,
    id: RequestId,
    /// What the gateway says of the message.
    fields: String,
}

impl Pushing {
    async fn new(engine: heyan::store::Engine, password: bool) -> Self {
        let secret = Some(SECRET.into());
        let fakes = Fakes::default().with("main", |_, _| accepted(), |one| one.secret = secret);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        let fields = format!("id={}&state=", texting.caught()[0].id);
        let mut site = site();
        site.password = password.then(|| "sesame".into());
        let app = App::on(texting.world, site);
        Self { app, id, fields }
    }

    async fn push(&self, method: Method, path: &str, body: &str) -> Page {
        let request = self.app.request(method, path);
        // from wherever, by whichever name
        let request = request
            .header("host", "10.0.0.7:8080")
            .header("origin", "https://sms.example.com")
            .header("cookie", "a=b")
            .header("content-type", FORM);
        Page::of(request.body(body.to_owned())).await
    }

    async fn state(&self) -> SmsState {
        let mut view = self.app.world.view(self.id).await;
        view.verifications.remove(0).sms[0].state
    }
}

on_engines! {
    async fn a_push_is_written_down_and_answered(engine) {
        for password in [false, true] {
            let pushing = Pushing::new(engine, password).await;
            let path = format!("/sms/receipts/main/{SECRET}");
            let lost = pushing.push(Method::GET, &format!("{path}?{}2", pushing.fields), "").await;
            assert_eq!((lost.status, &*lost.body, lost.header("content-type")), (200, "taken", "text/plain"));
            assert_eq!(pushing.state().await, SmsState::Undeliverable);
            let delivered = pushing.push(Method::POST, &path, &format!("{}1", pushing.fields)).await;
            assert_eq!((delivered.status, pushing.state().await), (200, SmsState::Delivered));
            assert_eq!(delivered.header("set-cookie"), "");
            pushing.app.stop().await;
        }
    }

    async fn a_wrong_secret_is_a_path_that_is_not_there(engine) {
        let pushing = Pushing::new(engine, false).await;
        for path in ["main/0123456789abcdefghik", "main/x", "other/0123456789abcdefghij"] {
            let page = pushing.push(Method::POST, &format!("/sms/receipts/{path}"), &format!("{}1", pushing.fields)).await;
            assert_eq!(page.status, 404, "{path}");
        }
        let path = format!("/sms/receipts/main/{SECRET}");
        for body in ["", "id=1&state=1", "nonsense"] {
            assert_eq!(pushing.push(Method::POST, &path, body).await.status, 400, "{body}");
        }
        let huge = "x".repeat(1024 * 1024);
        assert_eq!(pushing.push(Method::POST, &path, &huge).await.status, 413);
        assert_eq!(pushing.state().await, SmsState::Accepted);
        pushing.app.stop().await;
    }
}
