//! The whole server on a free port, over real HTTP: what a browser without JavaScript sees.

use std::{collections::BTreeMap, collections::HashMap, net::TcpListener, sync::Arc};

use actix_web::dev::ServerHandle;
use heyan::{
    domain::province::Province,
    flow::Services,
    store::Engine,
    web::{BODY_WITHIN, CaptchaKinds, Site, State, Visitors, page::Operator, serve},
};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use scraper::{Html, Selector};

use crate::world::World;

/// A server, and the world behind it.
pub struct App {
    pub world: World,
    pub base: String,
    pub visitors: Visitors,
    http: reqwest::Client,
    handle: ServerHandle,
}

/// An answer.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A sandbox's, with one bureau's own host.
pub fn site() -> Site {
    let hosts = [
        ("beian.example.cn".to_owned(), None),
        ("gscainfo.example.cn".to_owned(), Some(Province::Gansu)),
    ];
    Site {
        sandbox: true,
        password: None,
        https: false,
        hosts: BTreeMap::from(hosts),
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        body_within: BODY_WITHIN,
        operator: Some(Operator {
            name: "某某网络科技有限公司".into(),
            contact: "beian@example.cn".into(),
        }),
        neighbours: HashMap::new(),
        public_metrics: true,
        captchas: CaptchaKinds::default(),
        retention_days: 180,
        staff_networks: vec!["0.0.0.0/0".parse().unwrap()],
    }
}

impl App {
    /// At an instant, without limits.
    pub async fn new(engine: Engine, now: &str) -> Self {
        Self::with(engine, now, |_| {}, |_| {}).await
    }

    /// With other settings or parts.
    pub async fn with(
        engine: Engine,
        now: &str,
        change: impl FnOnce(&mut Services),
        change_site: impl FnOnce(&mut Site),
    ) -> Self {
        let world = World::with(engine, now, change).await;
        let mut site = site();
        change_site(&mut site);
        Self::on(world, site)
    }

    /// On a world that there is; several instances can share its database.
    pub fn on(world: World, site: Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let visitors = Visitors::default();
        let state = State {
            services: world.services.clone(),
            site: Arc::new(site),
            visitors: visitors.clone(),
        };
        let server = serve(listener, state).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            world,
            base,
            visitors,
            http,
            handle,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Page {
        Page::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        Page::of(
            self.request(Method::POST, path)
                .body(encoded(fields))
                .header("content-type", FORM),
        )
        .await
    }

    /// Opens a form, answers its captcha and posts it.
    pub async fn fill(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let id = self.get(path).await.captcha_id();
        let answer = self.answer(&id);
        let captcha = [
            ("captcha_id", id.as_str()),
            ("captcha_answer", answer.as_str()),
        ];
        self.post(path, &[fields, &captcha].concat()).await
    }

    /// The right answer to a captcha.
    pub fn answer(&self, captcha_id: &str) -> String {
        let challenge = self.world.services.captchas.open(captcha_id).unwrap();
        challenge.answer().to_string()
    }

    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

pub const FORM: &str = "application/x-www-form-urlencoded";

/// A form's body.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Page {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The first element of a selector: an attribute's value.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).unwrap();
        let element = html.select(&selector).next()?;
        element.value().attr(name).map(str::to_owned)
    }

    /// The texts of all elements of a selector.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector)
            .map(|element| element.text().collect())
            .collect()
    }

    pub fn captcha_id(&self) -> String {
        self.attribute("input[name=captcha_id]", "value")
            .expect("a captcha in the form")
    }

    pub fn outcome(&self) -> String {
        self.attribute("[data-outcome]", "data-outcome")
            .unwrap_or_default()
    }

    pub fn typed(&self, field: &str) -> String {
        self.attribute(&format!("input#{field}"), "value")
            .unwrap_or_default()
    }

    pub fn error(&self, field: &str) -> String {
        self.texts(&format!("#{field}-error")).concat()
    }
}
