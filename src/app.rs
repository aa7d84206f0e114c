//! The parts wired together: each command reads the configuration, opens what it needs, and hands plain values on.

mod args;
mod demo;
mod logging;
mod serve;
mod setup;
mod site;
mod texts;

use std::future::Future;

use rustix::process::{Resource, Rlimit, setrlimit};

use secrecy::ExposeSecret;

pub use self::args::Args;
use self::args::{
    AuditAction, Command, Common, ConfigAction, KeysAction, ProviderAction, SmsAction, StaffAction,
};
use crate::{
    cli::{self, Failure},
    clock::Clock,
    config::{Config, DEFAULT_FILE},
    flow::Services,
    random::Random,
    store,
};

/// Runs one command.
///
/// # Errors
/// What went wrong, and the exit status it means.
#[expect(clippy::too_many_lines, reason = "a list of commands")]
pub fn run(args: Args) -> Result<(), Failure> {
    let Args { common, command } = args;
    match command {
        Command::Demo => {
            let config = Config::load(&demo::arguments(&common), std::env::vars_os())?;
            logging::start(&config.log);
            keep_memory_private();
            block_on(demo::run(&config))
        }
        Command::Serve => {
            let config = read(&common)?;
            keep_memory_private();
            block_on(serve::serve(&config, async |_, url| {
                Ok(format!("heyan answers at {url}\n"))
            }))
        }
        Command::Migrate => {
            let config = read(&common)?;
            block_on(async {
                setup::open(&config).await?.close().await;
                cli::print(&format!("{} is up to date\n", config.database_shown()))
            })
        }
        Command::Policy { province, at } => {
            let config = read(&common)?;
            let timeline = setup::timeline(&config)?;
            cli::policy::show(&timeline, province.as_deref(), at.as_deref())
        }
        Command::Provider { action } => with_services(
            &common,
            Database::of(&action),
            async |services| match action {
                ProviderAction::Add { name, webhook } => {
                    cli::provider::add(services, &name, webhook.as_deref()).await
                }
                ProviderAction::List => cli::provider::list(services).await,
                ProviderAction::Webhook { name, url, .. } => {
                    cli::provider::webhook(services, &name, url.as_deref()).await
                }
                ProviderAction::Deliveries {
                    name,
                    state,
                    request,
                    limit,
                } => {
                    let (state, request) = (state.as_deref(), request.as_deref());
                    cli::deliveries::list(services, &name, state, request, limit).await
                }
                ProviderAction::Redeliver { name, ids, .. } => {
                    cli::deliveries::redeliver(services, &name, &ids).await
                }
                ProviderAction::Rotate { name } => cli::provider::rotate(services, &name).await,
                ProviderAction::Revoke { name } => cli::provider::revoke(services, &name).await,
            },
        ),
        Command::Staff { action } => {
            let database = match action {
                StaffAction::Add { .. } => Database::MayBeNew,
                _ => Database::IsThere,
            };
            with_services(&common, database, async |services| match &action {
                StaffAction::Add {
                    user,
                    province,
                    role,
                    national: _,
                } => {
                    let new = cli::staff::New {
                        name: user,
                        province: province.as_deref(),
                        role,
                    };
                    cli::staff::add(services, new).await
                }
                StaffAction::List => cli::staff::list(services).await,
                StaffAction::Reset { user } => cli::staff::reset(services, user).await,
                StaffAction::Remove { user } => cli::staff::remove(services, user).await,
            })
        }
        Command::Import {
            template: Some(template),
            ..
        } => cli::import::write_template(&template),
        Command::Import { file, provider, .. } => {
            let file = file.unwrap_or_default();
            with_services(&common, Database::MayBeNew, async |services| {
                cli::import::import(services, &file, provider.as_deref()).await
            })
        }
        Command::Purge => with_services(&common, Database::IsThere, async |services| {
            cli::purge::now(services).await
        }),
        Command::Audit {
            action: AuditAction::Verify { noted },
        } => with_services(&common, Database::IsThere, async |services| {
            cli::audit::verify(services, noted.as_deref()).await
        }),
        Command::Keys {
            action: KeysAction::Rotate,
        } => with_services(&common, Database::IsThere, async |services| {
            cli::keys::rotate(services).await
        }),
        Command::Config {
            action: ConfigAction::Check,
        } => check(&read(&common)?),
        Command::Sms {
            action: SmsAction::Test { phone, gateway },
        } => {
            let config = read(&common)?;
            let (clock, random) = (Clock::system(), Random::os());
            let gateways = setup::gateways(&config, &clock, &random);
            let timeline = setup::timeline(&config)?;
            let test = cli::sms::Test {
                phone: &phone,
                gateway: &gateway,
                signature: &config.sms.signature,
                sends_to: config.is_sandbox().then_some(&config.sandbox.sends_to[..]),
                timeline: &timeline,
            };
            block_on(cli::sms::test(&gateways, &test, &clock, &random))
        }
        Command::Backup { file } => {
            let config = read(&common)?;
            store::exists(config.database_url.expose_secret())?;
            block_on(async {
                let db = setup::open(&config).await?;
                let done = cli::backup::backup(&db, &file).await;
                db.close().await;
                done
            })
        }
        Command::Restore { file } => {
            let config = read(&common)?;
            let url = config.database_url.expose_secret();
            block_on(async {
                setup::check_backup(&config, &file).await?;
                cli::backup::restore(url, &file).await?;
                let public_url = setup::public_url(&config, config.listen);
                let services = setup::services(&config, public_url).await;
                cli::backup::purge_restored(services, &file).await
            })
        }
    }
}

/// Whether a command may begin an embedded database: one in another folder is easily named by mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Database {
    IsThere,
    MayBeNew,
}

impl Database {
    const fn of(action: &ProviderAction) -> Self {
        match action {
            ProviderAction::Add { .. } => Self::MayBeNew,
            _ => Self::IsThere,
        }
    }
}

/// Runs a command that works with flows; the database is closed in order, whatever comes of it.
fn with_services(
    common: &Common,
    database: Database,
    command: impl AsyncFnOnce(&Services) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let config = read(common)?;
    if database == Database::IsThere {
        store::exists(config.database_url.expose_secret())?;
    }
    block_on(async {
        let public_url = setup::public_url(&config, config.listen);
        let services = setup::services(&config, public_url).await?;
        let done = command(&services).await;
        services.db.close().await;
        done
    })
}

/// Reads the settings and starts logging.
fn read(common: &Common) -> Result<Config, Failure> {
    let config = Config::load(&common.arguments(), std::env::vars_os())?;
    logging::start(&config.log);
    Ok(config)
}

/// `config check`: everything that can be judged without touching the database.
fn check(config: &Config) -> Result<(), Failure> {
    let timeline = setup::timeline(config)?;
    let keys = match &config.keys {
        Some(keys) => {
            setup::keys_of(keys, keys.index.as_deref())?;
            let names: Vec<_> = keys.keys.keys().map(String::as_str).collect();
            format!("{} (active {})", names.join(", "), keys.active)
        }
        None => config.sandbox_key_file().display().to_string(),
    };
    let file = config.file.as_deref().map_or_else(
        || format!("no {DEFAULT_FILE} here: built-in values"),
        |file| file.display().to_string(),
    );
    cli::print(&format!(
        "{file}: nothing wrong\nmode      {}\nlisten    {}\ndatabase  {}\nkeys      {keys}\n{}",
        config.mode,
        config.listen,
        config.database_shown(),
        texts::costs(config, &timeline, &setup::public_url(config, config.listen)),
    ))
}

/// No core dump: keys and what is being worked on stand in memory.
fn keep_memory_private() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Work(format!("the program cannot start its threads: {error}")))?
        .block_on(work)
}
