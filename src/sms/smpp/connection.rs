//! A connection to an SMSC and its bind.

use std::{io, pin::Pin, str::FromStr, time::Duration};

use futures_util::{Stream, StreamExt};
use rusmpp::{pdus::BindTransceiver, types::COctetString, values::InterfaceVersion};
use rusmppc::{Client, ConnectionBuilder, Event, error::Error};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{SmppSettings, Tls, lively::Lively};
use crate::sms::tls;

/// How long connecting may take, and then the bind.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an `enquire_link` may go unanswered.
const ALIVE: Duration = Duration::from_secs(10);

/// What happens on a session besides answers.
pub(super) type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    #[error("it does not answer")]
    Silent,
    #[error("the connection ended during the bind")]
    Ended,
    /// The account or its password is wrong, or something else that time does not mend.
    #[error("the bind is refused with status {0:#010x}")]
    Refused(u32),
    /// Such as a session of before that the SMSC has not missed yet.
    #[error("the bind is refused for now, with status {0:#010x}")]
    NotNow(u32),
}

impl ConnectError {
    const fn of_status(status: u32) -> Self {
        match status {
            // ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID
            0x0D..=0x0F => Self::Refused(status),
            _ => Self::NotNow(status),
        }
    }
}

/// A session that is bound.
pub(super) struct Bound {
    pub client: Client,
    pub events: Events,
    /// Ends it, whatever is under way.
    pub end: CancellationToken,
}

/// Connects and binds.
pub(super) async fn connect(settings: &SmppSettings) -> Result<Bound, ConnectError> {
    let end = CancellationToken::new();
    let connecting = async {
        let stream = TcpStream::connect((settings.host.as_str(), settings.port)).await?;
        // else each submission waits for the acknowledgement of the one before
        stream.set_nodelay(true)?;
        match &settings.tls {
            None => Ok(session(settings, stream, end.clone())),
            Some(Tls { authority }) => {
                let stream = tls::wrap(stream, &settings.host, authority.as_deref()).await?;
                Ok(session(settings, stream, end.clone()))
            }
        }
    };
    let (client, events) = match timeout(PATIENCE, connecting).await {
        Ok(connected) => connected.map_err(ConnectError::Unreachable)?,
        Err(_) => return Err(ConnectError::Silent),
    };
    let bind = bind(settings)?;
    let refused = match timeout(PATIENCE, client.bind_transceiver(bind)).await {
        Ok(Ok(_)) => {
            return Ok(Bound {
                client,
                events,
                end,
            });
        }
        Ok(Err(Error::UnexpectedResponse { response })) => {
            ConnectError::of_status(response.status().into())
        }
        Ok(Err(_)) => ConnectError::Ended,
        Err(_) => ConnectError::Silent,
    };
    end.cancel();
    Err(refused)
}

fn session<S>(settings: &SmppSettings, stream: S, end: CancellationToken) -> (Client, Events)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // answers are waited for by whoever submitted, for as long as it likes
    let (client, events) = ConnectionBuilder::new()
        .disable_interface_version_check()
        .enquire_link_interval(settings.enquire_link)
        .enquire_link_response_timeout(ALIVE)
        .no_response_timeout()
        .connected(Lively::new(stream, end));
    (client, events.boxed())
}

fn bind(settings: &SmppSettings) -> io::Result<BindTransceiver> {
    let bad = |what: &'static str| move |_| io::Error::new(io::ErrorKind::InvalidInput, what);
    let password = settings.password.expose_secret();
    Ok(BindTransceiver::builder()
        .system_id(COctetString::from_str(&settings.system_id).map_err(bad("system_id"))?)
        .password(COctetString::from_str(password).map_err(bad("password"))?)
        .system_type(COctetString::from_str(&settings.system_type).map_err(bad("system_type"))?)
        .interface_version(InterfaceVersion::Smpp3_4)
        .build())
}
