//! Whose call it is: the provider of the `Authorization: Bearer` key. To be asked for it counts the call.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use futures_util::future::LocalBoxFuture;

use super::problem::{Problem, ProblemType};
use crate::{
    domain::ids::ProviderId,
    flow::{Services, providers},
};

/// The provider that calls.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub ProviderId);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let services = request.app_data::<Data<Services>>().cloned();
        let key = bearer(request).map(str::to_owned);
        Box::pin(async move {
            let Some(services) = services else {
                tracing::error!("the provider API is mounted without its services");
                return Err(Problem::new(
                    ProblemType::InternalError,
                    "it has been logged",
                ));
            };
            let key = key.ok_or_else(|| {
                Problem::unauthorized(
                    "send the API key in the header: Authorization: Bearer hk_…",
                    r#"Bearer realm="heyan""#,
                )
            })?;
            let provider = providers::authenticate(&services, &key).await?;
            let provider = provider.ok_or_else(|| {
                Problem::unauthorized(
                    "the API key is unknown, was revoked or has run out; ask the operator for a new one",
                    r#"Bearer realm="heyan", error="invalid_token""#,
                )
            })?;
            Ok(Self(provider.id))
        })
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| key.trim_matches(' '))
}
