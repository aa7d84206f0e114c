//! A world behind a real HTTP server: what a browser and a provider's program send.

use std::{
    collections::{BTreeMap, HashMap},
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use heyan::{
    captcha::Form,
    domain::province::Province,
    flow::providers,
    web::{BODY_WITHIN, CaptchaKinds, Site, State, Visitors, serve},
};
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;

use crate::world::World;

pub struct Portal {
    pub world: Arc<World>,
    pub base: String,
    pub key: String,
    http: reqwest::Client,
    visitors: AtomicU32,
}

/// A page as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub text: String,
}

impl Page {
    /// The panel's `data-outcome`.
    pub fn outcome(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("data-outcome=\"")?;
        Some(rest.split_once('"')?.0)
    }
}

impl Portal {
    /// On a port of its own, for as long as the test lives.
    pub async fn new(world: World) -> Self {
        let secrets = providers::add(&world.services, "portal", None).await;
        let key = secrets.unwrap().unwrap().api_key.expose_secret().to_owned();
        let site = Site {
            sandbox: true,
            password: None,
            https: false,
            hosts: BTreeMap::new(),
            // each visitor of a test has an address of its own
            trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
            body_within: BODY_WITHIN,
            operator: None,
            neighbours: HashMap::new(),
            public_metrics: true,
            captchas: CaptchaKinds::default(),
            retention_days: 180,
            staff_networks: vec!["0.0.0.0/0".parse().unwrap()],
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            visitors: Visitors::load(&world.services.db).await.unwrap(),
            services: world.services.clone(),
            site: Arc::new(site),
        };
        tokio::spawn(serve(listener, state).unwrap());
        Self {
            world: Arc::new(world),
            base,
            key,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            visitors: AtomicU32::new(0),
        }
    }

    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let visitor = self.visitors.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::from_bits(0x0a00_0000 + visitor);
        self.http
            .request(method, format!("{}{path}", self.base))
            .header("X-Forwarded-For", address.to_string())
    }

    pub async fn get(&self, path: &str) -> Page {
        page(self.call(Method::GET, path)).await
    }

    /// A provider's call.
    pub async fn api(&self, method: Method, path: &str, body: &str) -> Page {
        let call = self.call(method, &format!("/api/v1{path}"));
        let call = call
            .bearer_auth(&self.key)
            .header("Content-Type", "application/json");
        page(call.body(body.to_owned())).await
    }

    /// A form with a right captcha, about to be sent.
    pub fn form(
        &self,
        path: &str,
        form: Form,
        bureau: Option<Province>,
        fields: &[(&str, &str)],
    ) -> RequestBuilder {
        let attempt = self.world.attempt(form, bureau);
        let captcha = [
            ("captcha_id", attempt.captcha_id),
            ("captcha_answer", attempt.captcha_answer),
        ];
        let own = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let fields: Vec<_> = own.chain(captcha).collect();
        self.call(Method::POST, path)
            .header("Sec-Fetch-Site", "same-origin")
            .form(&fields)
    }

    /// 短信核验 on a bureau's page.
    pub async fn verify(&self, bureau: Province, code: &str, phone: &str, tail: &str) -> Page {
        let path = format!("/{}/sms-verification", bureau.slug());
        let fields = [("sms_code", code), ("phone", phone), ("id_tail", tail)];
        page(self.form(&path, Form::Verification, Some(bureau), &fields)).await
    }

    /// 短信重发 on a bureau's page.
    pub async fn resend(&self, bureau: Province, phone: &str, tail: &str) -> Page {
        let path = format!("/{}/sms-resend", bureau.slug());
        let fields = [("phone", phone), ("id_tail", tail)];
        page(self.form(&path, Form::Resend, Some(bureau), &fields)).await
    }
}

pub async fn page(call: RequestBuilder) -> Page {
    let response = call.send().await.unwrap();
    Page {
        status: response.status().as_u16(),
        text: response.text().await.unwrap(),
    }
}
