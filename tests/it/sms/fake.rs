//! A gateway's HTTP server as a test wants it: remembers what it was asked, answers what it is told to.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use tokio::{sync::Notify, time::timeout};

use super::process::PATIENCE;

/// A call that came in.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub query: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Call {
    /// The query's parameters.
    pub fn parameters(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }
}

type Answers = VecDeque<(u16, String)>;

/// The server. One that has no answer left breaks the connection off after the call has come in.
#[derive(Clone)]
pub struct Fake {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    answers: Arc<Mutex<Answers>>,
    came: Arc<Notify>,
}

impl Fake {
    pub fn start() -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let answers: Arc<Mutex<Answers>> = Arc::default();
        let came: Arc<Notify> = Arc::default();
        let (kept, given, told) = (Arc::clone(&calls), Arc::clone(&answers), Arc::clone(&came));
        let server = HttpServer::new(move || {
            let (kept, given, told) = (Arc::clone(&kept), Arc::clone(&given), Arc::clone(&told));
            let take = move |request: HttpRequest, body: String| {
                let headers = request
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                kept.lock().unwrap().push(Call {
                    method: request.method().to_string(),
                    query: request.query_string().to_owned(),
                    headers: headers.collect(),
                    body,
                });
                told.notify_one();
                let answer = given.lock().unwrap().pop_front();
                async move {
                    match answer {
                        Some((status, body)) => {
                            HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(body)
                        }
                        // a body that ends before it is whole
                        None => HttpResponse::Ok().no_chunking(100).streaming(
                            futures_util::stream::once(async {
                                Err::<web::Bytes, _>(std::io::Error::other("cut off"))
                            }),
                        ),
                    }
                }
            };
            App::new().default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self {
            url,
            calls,
            answers,
            came,
        }
    }

    /// The answer to the call after those that have one.
    pub fn answer(&self, status: u16, body: &str) {
        let mut answers = self.answers.lock().unwrap();
        answers.push_back((status, body.to_owned()));
    }

    /// What came in since the last time.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The next call, which is waited for.
    pub async fn next(&self) -> Call {
        let waiting = async {
            loop {
                let first = {
                    let mut calls = self.calls.lock().unwrap();
                    (!calls.is_empty()).then(|| calls.remove(0))
                };
                match first {
                    Some(call) => return call,
                    None => self.came.notified().await,
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("no call")
    }
}
