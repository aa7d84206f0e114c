//! The settings: where they come from, what they must be, and that all that is wrong is told at once, with its place.

use std::{ffi::OsString, os::unix::fs::PermissionsExt, path::PathBuf};

use heyan::config::{
    Arguments, CaptchaKind, CaptchaSound, Config, ConfigError, GatewayKind, LogFormat, Mode,
};
use heyan::domain::province::Province;
use secrecy::ExposeSecret;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(text: &str) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heyan.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    File {
        _folder: folder,
        path,
    }
}

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let file = file(text);
    let arguments = Arguments {
        file: Some(file.path.clone()),
        ..Arguments::default()
    };
    Config::load(&arguments, variables(environment))
}

fn variables(environment: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    let variables = environment.iter();
    variables
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// What is wrong, a line each, without the file's path.
fn wrong(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let error = load(text, environment).unwrap_err().to_string();
    let line = |line: &str| match line.split_once("heyan.toml, ") {
        Some((_, rest)) => rest.to_owned(),
        None => line.to_owned(),
    };
    error.lines().map(line).collect()
}

/// The example, its commented keys in force, and real values for what must be filled in.
fn example() -> String {
    let text = include_str!("../../heyan.example.toml").replacen("REPLACE-ME", KEY, 1);
    let uncommented = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => key,
        _ => line,
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_written_is_a_sandbox_on_this_machine() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.mode, Mode::Sandbox);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url.expose_secret(), "sqlite://heyan.db");
    assert_eq!(config.sandbox_key_file(), PathBuf::from("heyan.keys"));
    assert_eq!(config.retention_days, 180);
    assert_eq!(config.limits.per_phone_per_hour, 10);
    assert_eq!(config.limits.per_phone_per_day, 30);
    assert_eq!(config.limits.per_address_per_10_minutes, 60);
    assert_eq!(config.limits.api_per_minute, 600);
    assert!(config.staff.networks.is_none());
    assert_eq!(
        (config.staff.idle_minutes, config.staff.session_hours),
        (30, 12)
    );
    assert_eq!((config.staff.failures, config.staff.wait_minutes), (5, 15));
    assert_eq!(config.staff.password_length, 15);
    assert_eq!(config.sms.signature, "备案核验");
    assert_eq!(config.log.filter, "warn,heyan=info");
    assert!(config.keys.is_none() && config.public_url.is_none());
}

#[test]
fn the_example_reads_and_names_every_key() {
    let text = example();
    let config = load(&text, &[]).unwrap();
    assert_eq!(config.mode, Mode::Production);
    assert_eq!(
        config.public_url.as_deref(),
        Some("https://beian.example.cn")
    );
    assert_eq!(config.sms.gateways["main"].kind, GatewayKind::Smpp);
    assert_eq!(config.sms.by_carrier.len(), 4);
    assert_eq!(config.hosts["gscainfo.example.cn"], Province::Gansu);
    assert!(config.links[&Some(Province::Gansu)].find_password.is_some());
    assert!(config.links[&None].complaints.is_some());
    assert_eq!(config.sandbox.sends_to.len(), 1);
    assert_eq!(config.keys.unwrap().index.as_deref(), Some("2026-11"));

    let keys = Config::known_keys();
    assert!(keys.len() > 30, "{keys:?}");
    for key in keys {
        let name = key.rsplit('.').next().unwrap();
        let named = text
            .lines()
            .any(|line| line.starts_with(&format!("{name} = ")) || line == format!("[{key}]"));
        let sections = ["sms.gateways", "links"].contains(&&*key);
        assert!(named || sections, "the example does not name {key}");
    }
    // and as it is shipped, only what must be replaced is wrong
    let shipped = wrong(include_str!("../../heyan.example.toml"), &[]);
    assert_eq!(shipped.len(), 1, "{shipped:?}");
    assert!(shipped[0].contains("keys.2026-11: key `2026-11` is not 32 bytes in base64"));
}

#[test]
fn arguments_go_over_the_environment_and_that_over_the_file() {
    let file = file(
        "listen = \"127.0.0.1:1001\"\n[limits]\nper_phone_per_hour = 1\nper_phone_per_day = 2\n",
    );
    let environment = variables(&[
        ("HEYAN_LISTEN", "127.0.0.1:1002"),
        ("HEYAN_LIMITS__PER_PHONE_PER_HOUR", "5"),
        ("HEYAN_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("HEYAN_HOSTS", "{\"gs.example.cn\" = \"gansu\"}"),
        ("HEYAN_SANDBOX__PASSWORD", "00123"),
        (
            "HEYAN_KEYS",
            "{active = \"2026-11\", 2026-11 = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}",
        ),
        ("HEYAN_LOG__FORMAT", "json"),
        ("HEYAN_PUBLIC_URL", ""),
        ("HEYAN_TEST_POSTGRES", "the tests' own"),
        ("HOME", "/"),
    ]);
    let mut arguments = Arguments {
        file: Some(file.path.clone()),
        ..Arguments::default()
    };
    let config = Config::load(&arguments, environment.clone()).unwrap();
    assert_eq!(config.listen.port(), 1002);
    assert_eq!(config.limits.per_phone_per_hour, 5);
    assert_eq!(config.limits.per_phone_per_day, 2);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.hosts["gs.example.cn"], Province::Gansu);
    assert_eq!(config.sandbox.password.unwrap().expose_secret(), "00123");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.keys.unwrap().keys.len(), 1);
    assert_eq!(config.public_url, None);
    arguments.listen = Some("[::1]:1003".into());
    arguments.database_url = Some("sqlite://other.db".into());
    let config = Config::load(&arguments, environment).unwrap();
    assert_eq!(config.listen.port(), 1003);
    assert_eq!(config.sandbox_key_file(), PathBuf::from("other.keys"));
}

#[test]
fn all_that_is_wrong_is_told_with_its_line() {
    let text = "mode = \"prod\"\nlisten = 8080\nporvinces = \"x\"\n\n[limits]\nper_phone_per_hour = 0\nper_minute = 3\n\n\
        [sms]\nsignature = \"核\"\ndefault = [\"main\", \"spare\"]\n[sms.gateways.main]\nkind = \"pigeon\"\n[links.atlantis]\n";
    let environment = [("HEYAN_RETENTION__DAYS", "soon"), ("HEYAN_LIMIT__X", "1")];
    let told = wrong(text, &environment);
    for expected in [
        "line 1: mode: `prod` is wrong, must be one of sandbox, production",
        "line 2: listen: must be a text, in quotes",
        "line 3: porvinces: unknown key; known here: mode, listen, public_url, ",
        "line 6: limits.per_phone_per_hour: must be a whole number from 1 to 1000000",
        "line 7: limits.per_minute: unknown key; known here: per_phone_per_hour, per_phone_per_day, ",
        "line 10: sms.signature: must be 2 to 12 characters, without 【】",
        "line 11: sms.default[1]: there is no gateway `spare`: write [sms.gateways.spare]",
        "line 13: sms.gateways.main.kind: `pigeon` is wrong, must be one of smpp, aliyun, tencent, http, file, console",
        "line 14: links.atlantis: must be national or a province, such as gansu",
        "environment variable HEYAN_RETENTION__DAYS: retention.days: must be a whole number from 1 to 36500",
        "environment variable HEYAN_LIMIT__X: limit: unknown key; known here: ",
    ] {
        let found = told.iter().any(|line| line.starts_with(expected));
        assert!(found, "{expected}\nis not among\n{}", told.join("\n"));
    }
    assert_eq!(told.len(), 11, "{}", told.join("\n"));
}

#[test]
fn captchas_are_chosen_by_province() {
    let plain = load("", &[]).unwrap().captcha;
    assert_eq!(
        (plain.kind, plain.sound),
        (CaptchaKind::Puzzle, CaptchaSound::Mandarin)
    );
    let text = "[captcha]\nkind = \"image\"\n[captcha.provinces]\ngansu = \"puzzle\"\n\
        [captcha.sounds]\nnational = \"english\"\n";
    let chosen = load(text, &[("HEYAN_CAPTCHA__SOUND", "english")])
        .unwrap()
        .captcha;
    assert_eq!(
        (chosen.kind, chosen.sound),
        (CaptchaKind::Image, CaptchaSound::English)
    );
    assert_eq!(
        chosen.provinces[&Some(Province::Gansu)],
        CaptchaKind::Puzzle
    );
    assert_eq!(chosen.sounds[&None], CaptchaSound::English);
    let told = wrong(
        "[captcha.sounds]\natlantis = \"english\"\ngansu = \"latin\"\n",
        &[],
    );
    assert_eq!(
        told,
        [
            "line 2: captcha.sounds.atlantis: must be national or a province, such as gansu",
            "line 3: captcha.sounds.gansu: `latin` is wrong, must be one of mandarin, english",
        ]
    );
}

#[test]
fn broken_toml_is_told_with_its_line_and_without_its_text() {
    let told = wrong(
        "mode = \"sandbox\"\n\n[keys]\n\"2026-11\" = \"hunter2\n",
        &[],
    );
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("line 4: "), "{told:?}");
    assert!(!told[0].contains("hunter2"), "{told:?}");
    let twice = wrong("listen = \"a\"\nlisten = \"b\"\n", &[]);
    assert!(twice[0].starts_with("line 2: "), "{twice:?}");
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_named() {
    let arguments = |path: &str| Arguments {
        file: Some(path.into()),
        ..Arguments::default()
    };
    let error = Config::load(&arguments("/no/such.toml"), []).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/no/such.toml: there is no such file; name a readable file with --config"
    );
    let file = file("");
    std::fs::write(&file.path, b"\xff\xfe").unwrap();
    let error = Config::load(&arguments(file.path.to_str().unwrap()), []).unwrap_err();
    assert!(error.to_string().contains("is not UTF-8"), "{error}");
}

#[test]
fn a_sandbox_beyond_loopback_needs_a_password() {
    assert_eq!(
        wrong("listen = \"0.0.0.0:8080\"", &[]),
        [
            "line 1: listen: a sandbox answers beyond this machine only with a password: set sandbox.password",
            "line 1: listen: no browser can open this address: set public_url to the one that they open"
        ]
    );
    assert!(
        load(
            "listen = \"0.0.0.0:8080\"\npublic_url = \"http://192.0.2.7:8080\"\nsandbox = {password = \"p\"}",
            &[]
        )
        .is_ok()
    );
}

#[test]
fn production_says_all_that_it_lacks() {
    let told = wrong("mode = \"production\"", &[]);
    let keys: Vec<_> = told
        .iter()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(keys, ["operator.name", "keys", "public_url", "sms.default"]);

    let text = example()
        .replace("https://beian", "http://beian")
        .replace("?sslmode=verify-full", "?sslmode=require")
        .replace("default = [\"main\"]", "default = [\"file\"]");
    let told = wrong(&text, &[]).join("\n");
    assert!(told.contains("public_url: must begin with https:// in production"));
    assert!(told.contains(
        "database_url: production reaches a PostgreSQL server elsewhere by verified TLS only"
    ));
    assert!(told.contains("sms.default: production needs a real SMS channel"));
    assert_eq!(told.lines().count(), 3, "{told}");
    for near in [
        "sqlite://heyan.db",
        "postgres://heyan@localhost/heyan",
        "postgres://heyan@[::1]:5433/heyan",
        "postgres:///heyan?host=/var/run/postgresql",
    ] {
        let set = [("HEYAN_DATABASE_URL", near)];
        assert!(load(&example(), &set).is_ok(), "{near}");
    }
}

#[test]
fn keys_are_judged_and_kept_from_others() {
    let keys = |text: &str| wrong(text, &[]).join("\n");
    assert!(keys("[keys]\n\"a\" = \"\"").contains("keys.a: must not be empty"));
    assert!(keys("[keys]\na = \"MTIz\"").contains("keys.active: must name the key that seals"));
    assert!(
        keys("[keys]\nactive = \"b\"")
            .contains("line 1: keys.active: there is no key `b` in [keys]")
    );
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(
        keys(&format!("keys = {{active = \"z\", z = \"{zeros}\"}}"))
            .contains("keys.z: is not random")
    );

    let open = file(&example());
    std::fs::set_permissions(&open.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let arguments = Arguments {
        file: Some(open.path.clone()),
        ..Arguments::default()
    };
    let error = Config::load(&arguments, []).unwrap_err().to_string();
    assert!(
        error.contains("keys: anybody on this machine may read this file"),
        "{error}"
    );
}

#[test]
fn a_carriers_own_chain_must_reach_phones_too() {
    for chain in ["[]", "[\"file\"]"] {
        let chain = format!("broadnet = {chain}");
        let text = example().replace("broadnet = [\"main\"]", &chain);
        let told = wrong(&text, &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        let expected = "sms.broadnet: no gateway of this chain reaches phones";
        assert!(told[0].starts_with(expected), "{told:?}");
    }
}

#[test]
fn a_sandbox_that_sends_needs_a_gateway_that_reaches_phones() {
    let sends = "[sandbox]\nsends_to = [\"13800138000\"]\n[sms]\ndefault = [\"main\"]\n[sms.gateways.main]\nkind = ";
    let told = wrong(&format!("{sends}\"console\""), &[]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("sms.default: sandbox.sends_to lists numbers, but no gateway"));
    let vendor = "\"aliyun\"\naccess_key_id = \"id\"\naccess_key_secret = \"secret\"\nsign_name = \"核验\"\n\
        template_code = \"SMS_1\"\n";
    let told = wrong(&format!("{sends}{vendor}"), &[]);
    assert!(
        told[0]
            .contains("sms.gateways.main.kind: a sandbox with sandbox.sends_to cannot use aliyun"),
        "{told:?}"
    );
    let real = format!("{sends}\"http\"\nurl = \"https://sms.example.cn/\"");
    assert!(load(&real, &[]).is_ok());
    // nor does it mind them where it sends nothing
    let nobody = [("HEYAN_MODE", "sandbox"), ("HEYAN_SANDBOX__SENDS_TO", "[]")];
    assert!(load(&example(), &nobody).is_ok());
}

#[test]
fn no_secret_shows_in_debug() {
    let text = example().replace("heyan@db", "heyan:hunter2@db");
    let text = text.replace("#password", "password");
    let set = [("HEYAN_SANDBOX__PASSWORD", "hunter3")];
    let config = load(&text, &set).unwrap();
    let shown = format!("{config:?} {}", config.database_shown());
    for secret in ["hunter", KEY, &KEY[..12], "13800138000", "[0, 1, 2"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert_eq!(
        config.database_shown(),
        "postgres://heyan@db.example.cn/heyan"
    );
}
