//! `demo`: a sandbox with demo data, and how to begin with it.

use secrecy::ExposeSecret;

use super::{args::Common, serve};
use crate::{
    cli::Failure,
    config::{Arguments, Config},
    flow::sandbox,
};

const DATABASE: &str = "sqlite://heyan-demo.db";

/// Its settings: no `heyan.toml` by itself and no database but its own, so that it never touches anything real.
pub(super) fn arguments(common: &Common) -> Arguments {
    Arguments {
        default_file: false,
        database_url: Some(common.database_url.clone().unwrap_or(DATABASE.into())),
        ..common.arguments()
    }
}

/// Serves a sandbox.
pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    if !config.is_sandbox() {
        return Err(Failure::Arguments(
            "demo is always a sandbox: leave mode out (HEYAN_MODE, --config), or use heyan serve"
                .into(),
        ));
    }
    let database = config.database_shown();
    serve::serve(config, async |services, url| {
        let demo = sandbox::seed_demo(services).await?;
        Ok(greeting(url, &database, demo.api_key.expose_secret()))
    })
    .await
}

fn greeting(url: &str, database: &str, key: &str) -> String {
    format!(
        r#"heyan demo: 演示环境, a sandbox on {database}; no real SMS is sent

portal    {url}/            (甘肃: {url}/gansu)
desk      {url}/sandbox     file a request, read its SMS, turn the clock
console   {url}/staff       the bureau's staff; no account is built in: heyan staff add zhang --province gansu --database-url {database}
API       {url}/api/v1/openapi.json
api_key={key}

File a request, then read the SMS:

curl -sS {url}/api/v1/filing-requests -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
  -d '{{"province": "gansu", "kind": "new_filing", "provider_reference": "ORDER-1", "subject": {{"name": "兰州某某科技有限公司",
    "principal": {{"name": "王小明", "phone": "13800138000", "document": {{"type": "resident_id", "number": "11010519491231002X"}}}}}}}}'
curl -sS '{url}/sandbox/api/messages?phone=13800138000'

Verify at {url}/gansu/sms-verification with that code, phone 13800138000 and ID tail 31002X. Ctrl-C stops it.
"#
    )
}
