//! The bureau's staff: logins, sessions, rights, and what they do to requests; the real clock stands still.

mod console;
mod exporting;
mod login;
mod rights;
mod sessions;
mod statistics;

use std::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    domain::{
        province::Province,
        staff::{Right, Role},
    },
    flow::staff::{
        Client,
        accounts::{self, NewAccount},
        log,
        log_in::{Given, LoggedIn, log_in},
        sessions::{NewSession, Session, resume},
    },
};
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use totp_rs::Totp;

use crate::{
    app::{App, FORM, Page, encoded},
    world::World,
};

pub const PASSWORD: &str = "马踏飞燕 in the Hexi corridor";

/// Somebody with an account.
pub struct Person {
    pub name: String,
    totp: Totp,
}

/// The real clock's hand.
pub fn real() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

/// Lets the real clock stand so many seconds after [`real`].
pub fn stand(world: &World, seconds: i64) {
    world
        .services
        .clock
        .set_real(real() + TimeDelta::seconds(seconds));
}

/// Makes an account.
pub async fn account(world: &World, name: &str, role: Role, province: Option<Province>) -> Person {
    let new = NewAccount {
        name: name.into(),
        role,
        province,
        password: PASSWORD.to_owned().into(),
    };
    let uri = accounts::add(&world.services, new).await.unwrap().unwrap();
    Person {
        name: name.into(),
        totp: Totp::from_url(&*uri).unwrap(),
    }
}

impl Person {
    /// What the authenticator shows now.
    pub fn code(&self, world: &World) -> String {
        let now = world.services.clock.real_now().timestamp();
        self.totp.generate(now.try_into().unwrap()).to_string()
    }

    /// A login from the n-th address.
    pub async fn try_login(&self, world: &World, password: &str, code: &str, n: u8) -> LoggedIn {
        try_login(world, &self.name, password, code, n).await
    }

    /// Logs in.
    pub async fn log_in(&self, world: &World) -> NewSession {
        let code = self.code(world);
        match self.try_login(world, PASSWORD, &code, 1).await {
            LoggedIn::Yes(new) => new,
            other => panic!("not in: {other:?}"),
        }
    }

    /// Logs in; the session.
    pub async fn session(&self, world: &World) -> Session {
        let new = self.log_in(world).await;
        session(world, &new).await.unwrap()
    }
}

pub fn address(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, n))
}

pub async fn try_login(world: &World, name: &str, password: &str, code: &str, n: u8) -> LoggedIn {
    let given = Given {
        name: name.into(),
        password: password.to_owned().into(),
        code: code.into(),
        client: Client::new(address(n), "a browser"),
        before: None,
    };
    log_in(&world.services, given).await.unwrap()
}

/// The session of a cookie, if it goes on.
pub async fn session(world: &World, new: &NewSession) -> Option<Session> {
    resume(&world.services, new.cookie.expose_secret())
        .await
        .unwrap()
}

/// Type and details of all deeds in the log, the oldest first.
pub async fn deeds(world: &World, reader: &Session) -> Vec<String> {
    assert!(reader.staff.role.may(Right::ReadLog));
    let page = log::list(&world.services, reader, 1).await.unwrap();
    let mut deeds: Vec<_> = page
        .rows
        .into_iter()
        .map(|row| format!("{} {}", row.r#type, row.data.0))
        .collect();
    deeds.reverse();
    deeds
}

/// Somebody at the console, over HTTP.
pub struct Console<'a> {
    pub app: &'a App,
    cookie: String,
}

impl<'a> Console<'a> {
    pub async fn open(app: &'a App, person: &Person) -> Self {
        let new = person.log_in(&app.world).await;
        Self {
            app,
            cookie: format!("__Host-heyan_staff={}", new.cookie.expose_secret()),
        }
    }

    fn with(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
    }

    pub async fn get(&self, path: &str) -> Page {
        Page::of(self.with(self.app.request(Method::GET, path))).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.with(self.app.request(Method::POST, path));
        Page::of(request.header("content-type", FORM).body(encoded(fields))).await
    }

    /// The file that a form answers with.
    pub async fn file(&self, path: &str, fields: &[(&str, &str)]) -> (String, Vec<u8>) {
        let request = self.with(self.app.request(Method::POST, path));
        let answer = request
            .header("content-type", FORM)
            .body(encoded(fields))
            .send()
            .await
            .unwrap();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (kind, answer.bytes().await.unwrap().to_vec())
    }
}
