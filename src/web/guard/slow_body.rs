//! How long a request's body may take to arrive: a form's and a call's alike.

use std::{io, pin::Pin};

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::{PayloadError, UrlencodedError},
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::web::{
    error::Failure,
    pages::error::ErrorKind,
    site::{BODY_WITHIN, State},
};

type Chunk = Result<Bytes, PayloadError>;

/// Whoever reads the body meets an error once its time is over, [`is_late`].
pub async fn cut_off(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<Data<State>>();
    let within = state.map_or(BODY_WITHIN, |state| state.site.body_within);
    match request.take_payload() {
        Payload::None => {}
        payload => request.set_payload(until(payload, Instant::now() + within).into()),
    }
    next.call(request).await
}

/// What a form is answered that cannot be read.
pub fn form_error(error: UrlencodedError, _: &HttpRequest) -> Error {
    match &error {
        UrlencodedError::Payload(late) if is_late(late) => Failure::Page(ErrorKind::TooSlow).into(),
        _ => error.into(),
    }
}

/// It was the client that took too long.
pub fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// The chunks that arrive before an instant; then, if there were more to come, an error.
fn until(
    body: impl Stream<Item = Chunk> + 'static,
    end: Instant,
) -> Pin<Box<dyn Stream<Item = Chunk>>> {
    let late = || PayloadError::Io(io::ErrorKind::TimedOut.into());
    let chunks = stream::unfold(Some(Box::pin(body)), move |body| async move {
        let mut body = body?;
        if Instant::now() < end
            && let Ok(chunk) = timeout_at(end, body.next()).await
        {
            return chunk.map(|chunk| (chunk, Some(body)));
        }
        Some((Err(late()), None))
    });
    Box::pin(chunks)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_comes_in_time_passes_and_what_does_not_is_an_error() {
        let chunk = || Ok(Bytes::from_static(b"a=1"));
        let soon = Instant::now() + Duration::from_mins(10);
        let whole = until(stream::iter([chunk(), chunk()]), soon);
        let whole: Vec<Chunk> = whole.collect().await;
        assert!(whole.len() == 2 && whole.iter().all(Result::is_ok));

        let silent = stream::iter([chunk()]).chain(stream::pending());
        let dripping = stream::repeat_with(chunk);
        for late in [silent.boxed_local(), dripping.boxed_local()] {
            let end = Instant::now() + Duration::from_millis(1);
            let told: Vec<Chunk> = until(late, end).collect().await;
            let (last, before) = told.split_last().unwrap();
            assert!(last.as_ref().is_err_and(is_late) && before.iter().all(Result::is_ok));
        }
    }
}
