//! `serve` and `demo`: listeners, server and jobs started together and stopped in order.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::dev::{Server, ServerHandle};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{setup, site};
use crate::{
    cli::{self, Failure},
    config::Config,
    flow::{FlowError, Services, receipts, sandbox},
    jobs,
    web::{self, State, Visitors},
};

/// The round of jobs under way at a stop has so long.
const LAST_ROUND: Duration = Duration::from_secs(30);

/// Serves until a signal. `prepare` gets the flows and the address that visitors use, before anybody else does; what it
/// answers is printed once visitors are let in.
pub(super) async fn serve(
    config: &Config,
    prepare: impl AsyncFnOnce(&Services, &str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let listener = bind("--listen", config.listen)?;
    let metrics_listener = config
        .metrics_listen
        .map(|address| bind("metrics_listen", address))
        .transpose()?;
    let address = listener
        .local_addr()
        .map_err(|error| cannot_listen(config.listen, &error))?;
    let public_url = setup::public_url(config, address);
    let services = setup::services(config, public_url.clone()).await?;
    let greeting = prepare(&services, &public_url).await?;
    let visitors = Visitors::load(&services.db).await?;
    let state = State {
        services: services.clone(),
        site: Arc::new(site::site(config, &public_url)),
        visitors: visitors.clone(),
    };
    let mut portal = Running::start(web::serve(listener, state.clone()))?;
    let metrics = metrics_listener
        .map(|listener| Running::start(web::serve_metrics(listener, state)))
        .transpose()?;
    services.gateways.start();
    let captchas = services.captchas.clone();
    tokio::spawn(async move { captchas.fill().await });
    let stop = CancellationToken::new();
    let mut jobs = tokio::spawn(jobs::run(services.clone(), stop.clone(), {
        let services = services.clone();
        move || chores(services.clone(), visitors.clone())
    }));

    let done = match cli::print(&greeting) {
        Ok(()) => tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "stopping; a second signal ends it at once");
                Ok(())
            }
            _ = &mut jobs => Err(ended_by_itself("the jobs have")),
            _ = &mut portal.task => Err(ended_by_itself("the server has")),
        },
        Err(failure) => Err(failure),
    };
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(1);
    });
    // first what brings work, then what does it, then what it is kept in
    portal.stop().await;
    if let Some(metrics) = metrics {
        metrics.stop().await;
    }
    stop.cancel();
    if !jobs.is_finished() && timeout(LAST_ROUND, jobs).await.is_err() {
        tracing::error!(
            "the last round of jobs does not end; what is due is done at the next start"
        );
    }
    services.gateways.stop().await;
    if let Err(error) = receipts::round(&services).await {
        tracing::error!(%error, "the last receipts could not be written down; gateways bring them again");
    }
    services.db.close().await;
    tracing::info!("stopped");
    done
}

/// What is done at each look of the jobs, and once more at the end.
async fn chores(services: Services, visitors: Visitors) -> Result<(), FlowError> {
    if services.settings.sandbox {
        sandbox::clock::follow_clock(&services).await?;
    }
    Ok(visitors.flush(&services.db).await?)
}

/// A server and its task.
struct Running {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(server: io::Result<Server>) -> Result<Self, Failure> {
        let server =
            server.map_err(|error| Failure::Work(format!("the server cannot start: {error}")))?;
        Ok(Self {
            handle: server.handle(),
            task: tokio::spawn(server),
        })
    }

    /// No new connections; returns when running requests have ended, or their time is up.
    async fn stop(self) {
        self.handle.stop(true).await;
        if !self.task.is_finished() {
            // it has stopped, however it ended
            let _ = self.task.await;
        }
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::Work(format!("signals cannot be listened to: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn ended_by_itself(what: &str) -> Failure {
    Failure::Work(format!(
        "{what} ended without being told to; the log says why, if anything does. Start heyan again"
    ))
}

fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::Work(format!(
            "{address} is in use by another program: end that one, or choose another address with {name}"
        )),
        _ => cannot_listen(address, &error),
    })
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::Work(format!("{address} cannot be listened on: {error}"))
}
