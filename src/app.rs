//! The parts wired together: each command reads the configuration, opens what it needs, and hands plain values on.

mod args;
mod logging;
mod setup;

use std::future::Future;

use secrecy::ExposeSecret;

pub use self::args::Args;
use self::args::{Command, Common, ConfigAction};
use crate::{
    cli::{self, Failure},
    config::{Config, DEFAULT_FILE},
};

/// Runs one command.
///
/// # Errors
/// What went wrong, and the exit status it means.
pub fn run(args: Args) -> Result<(), Failure> {
    let Args { common, command } = args;
    match command {
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
        Command::Config {
            action: ConfigAction::Check,
        } => check(&read(&common)?),
        Command::Backup { file } => {
            let config = read(&common)?;
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
            block_on(cli::backup::restore(url, &file))
        }
    }
}

/// Reads the settings and starts logging.
fn read(common: &Common) -> Result<Config, Failure> {
    let config = Config::load(&common.arguments(), std::env::vars_os())?;
    logging::start(&config.log);
    Ok(config)
}

/// `config check`: everything that can be judged without touching the database.
fn check(config: &Config) -> Result<(), Failure> {
    setup::timeline(config)?;
    config.check_gateways()?;
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
        "{file}: nothing wrong\nmode      {}\nlisten    {}\ndatabase  {}\nkeys      {keys}\n",
        config.mode,
        config.listen,
        config.database_shown(),
    ))
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Work(format!("the program cannot start its threads: {error}")))?
        .block_on(work)
}
