//! What the commands are given to work with: the timeline, the database, the keys.

use std::{
    collections::{BTreeSet, HashSet},
    net::SocketAddr,
    path::Path,
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use crate::{
    captcha::Captchas,
    cli::Failure,
    clock::Clock,
    config::{self, Config, ConfigError, KeySettings},
    domain::{carrier::Carriers, phone::Phone, policy::Timeline},
    flow::{Limits, Services, Settings, SmsSettings, sandbox, staff},
    keys::{KeyError, KeyId, Keys, Purpose},
    metrics::Metrics,
    random::Random,
    sms::{Chains, Gateways},
    store::{self, Db, Options, Tx, meta, rotation},
    webhook::Webhooks,
};

/// Which mode a database was made in: a sandbox must not be let loose on a real one.
const MODE: &str = "mode";
/// Where the mark of a key stands, its name behind it.
const KEY_CHECK: &str = "key_check/";

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Arguments(error.to_string())
    }
}

/// What flows work with. Links begin with `public_url`; gateways are as configured.
pub(super) async fn services(config: &Config, public_url: String) -> Result<Services, Failure> {
    let timeline = Arc::new(timeline(config)?);
    let carriers = Carriers::built_in().map_err(|error| Failure::Work(error.to_string()))?;
    let (clock, random) = (Clock::system(), Random::os());
    let db = open(config).await?;
    let keys = keys(config, &db, &random).await?;
    let limits = config.limits;
    let gateways = gateways(config, &clock, &random);
    let services = Services {
        captchas: Captchas::new(keys.clone(), random.clone()).stocked(),
        db,
        keys,
        clock,
        random,
        timeline,
        carriers: Arc::new(carriers),
        gateways,
        webhooks: Webhooks::new(&config.webhooks_allow, config.is_sandbox()),
        settings: Arc::new(Settings {
            sandbox: config.is_sandbox(),
            public_url: public_url.clone(),
            signature: config.sms.signature.clone(),
            limits: Limits {
                per_phone_per_hour: limits.per_phone_per_hour,
                per_phone_per_day: limits.per_phone_per_day,
                per_address_per_10_minutes: limits.per_address_per_10_minutes,
                api_per_minute: limits.api_per_minute,
            },
            sms: sms(config, &public_url),
            retention: TimeDelta::days(config.retention_days.into()),
            staff: staff::Rules {
                idle: TimeDelta::minutes(config.staff.idle_minutes.into()),
                whole: TimeDelta::hours(config.staff.session_hours.into()),
                failures: config.staff.failures,
                wait: TimeDelta::minutes(config.staff.wait_minutes.into()),
                shortest_password: config.staff.password_length as usize,
            },
        }),
        metrics: Metrics::default(),
        wake: Arc::new(Notify::new()),
    };
    set_clock(&services).await?;
    Ok(services)
}

/// The configured gateways and chains. A sandbox has its own, but for the numbers that it may text for real.
pub(super) fn gateways(config: &Config, clock: &Clock, random: &Random) -> Gateways {
    let real: HashSet<Phone> = config.sandbox.sends_to.iter().cloned().collect();
    if config.is_sandbox() && real.is_empty() {
        return Gateways::sandbox();
    }
    let sms = &config.sms;
    let gateway = |own: &config::Gateway| own.settings.gateway(&own.name, clock, random);
    Gateways::new(Chains {
        gateways: sms.gateways.values().map(gateway).collect(),
        default: sms.default.clone(),
        by_carrier: sms.by_carrier.clone(),
        sandbox: config.is_sandbox().then_some(real),
    })
}

/// How SMS are sent. Codes are bound to the host of the links.
fn sms(config: &Config, public_url: &str) -> SmsSettings {
    let sms = &config.sms;
    let host = url::Url::parse(public_url).ok();
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    SmsSettings {
        per_phone_per_day: sms.per_phone_per_day,
        per_provider_per_hour: sms.per_provider_per_hour,
        per_hour: sms.per_hour,
        receipt_wait: TimeDelta::seconds(sms.receipt_wait_seconds.into()),
        origin: host.filter(|_| sms.origin_bound_codes),
    }
}

/// What links begin with; a sandbox that says nothing is reached where it listens.
pub(super) fn public_url(config: &Config, listening: SocketAddr) -> String {
    let own = || format!("http://{listening}");
    config.public_url.clone().unwrap_or_else(own)
}

/// The time goes on from the last tick that the database knows of; a sandbox's from where its clock was turned to.
async fn set_clock(services: &Services) -> Result<(), Failure> {
    if services.settings.sandbox {
        return Ok(sandbox::clock::follow_clock(services).await?);
    }
    let mut tx = services.db.read().await?;
    if let Some(tick) = meta::tick(&mut tx).await? {
        services.clock.not_before(tick);
    }
    Ok(())
}

/// The policies of the configured file, or the built-in ones.
pub(super) fn timeline(config: &Config) -> Result<Timeline, Failure> {
    let Some(path) = &config.provinces else {
        return Timeline::built_in().map_err(|error| Failure::Work(error.to_string()));
    };
    let wrong =
        |reason: String| Failure::Arguments(format!("provinces: {}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Timeline::parse(&text).map_err(|error| wrong(error.to_string()))
}

/// Opens the database, migrates it and makes sure that it is one of this mode.
pub(super) async fn open(config: &Config) -> Result<Db, Failure> {
    let db = Db::open(config.database_url.expose_secret(), Options::default()).await?;
    let mut tx = db.write().await?;
    let made_in = meta::put_if_absent(&mut tx, MODE, config.mode.as_str()).await?;
    tx.commit().await?;
    if made_in != config.mode.as_str() {
        return Err(Failure::Arguments(format!(
            "{} was made in mode {made_in} and the configuration says {}: set mode = \"{made_in}\", or name another \
             database_url",
            config.database_shown(),
            config.mode
        )));
    }
    Ok(db)
}

/// The keys, and that they are those that the database was written with.
pub(super) async fn keys(config: &Config, db: &Db, random: &Random) -> Result<Keys, Failure> {
    let mut tx = db.write().await?;
    let keys = match &config.keys {
        None => {
            let mark = meta::get(&mut tx, &format!("{KEY_CHECK}sandbox")).await?;
            sandbox_keys(config, mark.is_some(), random)?
        }
        Some(settings) => {
            let index = match &settings.index {
                Some(index) => {
                    meta::put(&mut tx, meta::INDEX_KEY, index).await?;
                    index.clone()
                }
                None => meta::put_if_absent(&mut tx, meta::INDEX_KEY, &settings.active).await?,
            };
            keys_of(settings, Some(&index))?
        }
    };
    check_in_use(&keys, &mut tx).await?;
    check_bytes(&keys, &mut tx).await?;
    tx.commit().await?;
    Ok(keys)
}

/// The keys of the settings; without an index key, as if it were the active one.
pub(super) fn keys_of(settings: &KeySettings, index: Option<&str>) -> Result<Keys, KeyError> {
    let index = index.unwrap_or(&settings.active);
    Keys::new(&settings.active, index, settings.keys.clone())
}

/// A sandbox's own keys. They are made where there are none yet, but not for what `is_written` already: that needs the old ones.
fn sandbox_keys(config: &Config, is_written: bool, random: &Random) -> Result<Keys, Failure> {
    let file = config.sandbox_key_file();
    if is_written && !file.exists() {
        return Err(Failure::Arguments(format!(
            "there is no key file {}, and without its keys nothing in the database can be read: put it back",
            file.display()
        )));
    }
    Ok(Keys::sandbox_file(&file, random)?)
}

/// That a backup was written with the keys at hand: without them, what it is put in the place of would be lost for nothing.
pub(super) async fn check_backup(config: &Config, backup: &Path) -> Result<(), Failure> {
    // what is no backup at all, the restoring itself says
    let marks = store::marks(backup, KEY_CHECK).await.unwrap_or_default();
    if marks.is_empty() {
        return Ok(());
    }
    let keys = match &config.keys {
        None => sandbox_keys(config, true, &Random::os())?,
        Some(settings) => keys_of(settings, None)?,
    };
    let mut known = 0;
    for id in keys.ids() {
        let name = format!("{KEY_CHECK}{id}");
        let Some((_, mark)) = marks.iter().find(|(key, _)| *key == name) else {
            continue;
        };
        if *mark != mark_of(&keys, id)? {
            return Err(Failure::Arguments(format!(
                "key `{id}` is not the one that {} was written with: nothing was restored; give back its old bytes first",
                backup.display()
            )));
        }
        known += 1;
    }
    if known == 0 {
        return Err(Failure::Arguments(format!(
            "none of the keys that {} was written with is loaded: nothing was restored; put them back into [keys] first",
            backup.display()
        )));
    }
    Ok(())
}

/// By which a key is known again.
fn mark_of(keys: &Keys, id: &KeyId) -> Result<String, KeyError> {
    let hash = keys.hash_with(id, Purpose::Derived, &[b"key check"])?;
    Ok(STANDARD_NO_PAD.encode(&hash.value[..8]))
}

/// Every key that stored hashes stand under is loaded.
async fn check_in_use(keys: &Keys, tx: &mut Tx) -> Result<(), Failure> {
    let in_use = rotation::hash_keys_in_use(tx).await?;
    let loaded: BTreeSet<_> = keys.ids().map(|id| id.as_str().to_owned()).collect();
    let missing: Vec<_> = in_use
        .into_iter()
        .filter(|id| !loaded.contains(id))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Arguments(format!(
        "the database holds values under the key {}, which is not loaded: put it back into [keys] (or the sandbox's key file)",
        missing.join(", ")
    )))
}

/// No key has been given other bytes under its old name.
async fn check_bytes(keys: &Keys, tx: &mut Tx) -> Result<(), Failure> {
    for id in keys.ids() {
        let mark = mark_of(keys, id)?;
        let known = meta::put_if_absent(tx, &format!("{KEY_CHECK}{id}"), &mark).await?;
        if known != mark {
            return Err(Failure::Arguments(format!(
                "key `{id}` is not the one that this database was written with: give back its old bytes, and a new key \
                 another name"
            )));
        }
    }
    Ok(())
}
