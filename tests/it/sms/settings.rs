//! The gateways' sections of the settings: what each kind needs, and that what is wrong is told with its line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use heyan::{
    config::{Arguments, Config, GatewayKind},
    sms::{GatewaySettings, Pace, smpp::SmppSettings},
};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heyan.toml");
    std::fs::write(&path, text).unwrap();
    let arguments = Arguments {
        file: Some(path),
        ..Arguments::default()
    };
    let variables = environment.iter();
    let variables: Vec<(OsString, OsString)> = variables
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Config::load(&arguments, variables).map_err(|error| {
        let lines = error.to_string();
        let line = |line: &str| match line.split_once("heyan.toml, ") {
            Some((_, rest)) => rest.to_owned(),
            None => line.to_owned(),
        };
        lines.lines().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn settings(text: &str) -> GatewaySettings {
    let config = load(text, &[]).unwrap();
    config.sms.gateways.into_values().next().unwrap().settings
}

fn smpp(text: &str) -> SmppSettings {
    match settings(&format!("[sms.gateways.main]\nkind = \"smpp\"\n{text}")) {
        GatewaySettings::Smpp(settings) => settings,
        other => panic!("{other:?}"),
    }
}

const ACCOUNT: &str = "system_id = \"heyan\"\npassword = \"secret\"\n";

#[test]
fn tls_is_left_out_for_this_machine_alone() {
    for (host, tls, port) in [
        ("127.0.0.1", false, 2775),
        ("::1", false, 2775),
        ("localhost", false, 2775),
        ("10.0.0.1", true, 3550),
        ("smsc.example.cn", true, 3550),
    ] {
        let own = smpp(&format!("{ACCOUNT}host = \"{host}\""));
        assert_eq!((own.tls.is_some(), own.port), (tls, port), "{host}");
    }
    let asked = smpp(&format!("{ACCOUNT}host = \"10.0.0.1\"\ntls = false"));
    assert!(asked.tls.is_none());
    let here = smpp(&format!(
        "{ACCOUNT}host = \"localhost\"\ntls = true\ntls_authority = \"ca.pem\"\nport = 99"
    ));
    assert_eq!(here.port, 99);
    // beside the file
    let authority = here.tls.unwrap().authority.unwrap();
    assert!(authority.is_absolute() && authority.ends_with("ca.pem"));
}

#[test]
fn smpp_s_usual_values_hold() {
    let own = smpp(&format!("{ACCOUNT}host = \"localhost\""));
    assert_eq!((own.window, own.sessions, own.per_second), (16, 1, None));
    assert_eq!(own.enquire_link, Duration::from_secs(30));
    assert_eq!(own.answer, Duration::from_secs(10));
    assert!(own.receipts && own.phone_prefix.is_empty() && own.foreign.is_empty());
}

#[test]
fn vendors_have_their_addresses_and_their_pace() {
    let aliyun = "[sms.gateways.a]\nkind = \"aliyun\"\naccess_key_id = \"i\"\naccess_key_secret = \"s\"\nsign_name = \"核验\"\n\
        template_code = \"SMS_1\"\n";
    let GatewaySettings::Aliyun(own) = settings(aliyun) else {
        panic!("Aliyun")
    };
    assert_eq!(own.endpoint.as_str(), "https://dysmsapi.aliyuncs.com/");
    assert_eq!(own.template_params["code"], "{code}");
    let usual = Pace {
        per_minute: Some(1),
        per_hour: Some(5),
        per_day: Some(10),
    };
    assert_eq!(own.pace, usual);
    let GatewaySettings::Aliyun(own) =
        settings(&format!("{aliyun}pace = {{per_day = 40, per_hour = 0}}"))
    else {
        panic!("Aliyun")
    };
    let other = Pace {
        per_minute: Some(1),
        per_hour: None,
        per_day: Some(40),
    };
    assert_eq!(own.pace, other);
    let tencent = "[sms.gateways.t]\nkind = \"tencent\"\nsecret_id = \"i\"\nsecret_key = \"s\"\nsdk_app_id = \"14\"\n\
        sign_name = \"核验\"\ntemplate_id = \"1\"\nendpoint = \"http://127.0.0.1:9\"";
    let GatewaySettings::Tencent(own) = settings(tencent) else {
        panic!("Tencent")
    };
    assert_eq!(own.endpoint.as_str(), "http://127.0.0.1:9/");
    assert_eq!((own.region.as_str(), own.pace), ("ap-guangzhou", usual));
}

#[test]
fn any_http_needs_but_an_address() {
    let GatewaySettings::Http(own) = settings(
        "[sms.gateways.h]\nkind = \"http\"\nurl = \"https://sms.example.cn/{phone}?t={text}\"",
    ) else {
        panic!("http")
    };
    assert_eq!(own.method.as_str(), "GET");
    assert_eq!(own.answers.accepted, ["2xx".parse().unwrap()]);
    assert!(own.reports.is_none() && own.pace == Pace::default());
    let GatewaySettings::Http(own) = settings(
        "[sms.gateways.h]\nkind = \"http\"\nurl = \"http://10.0.0.1/\"\ntls = false\nbody = \"{text}\"",
    ) else {
        panic!("http")
    };
    assert_eq!(own.method.as_str(), "POST");
}

#[test]
fn files_lie_beside_the_configuration() {
    let GatewaySettings::File(path) =
        settings("[sms.gateways.f]\nkind = \"file\"\npath = \"sms.ndjson\"")
    else {
        panic!("file")
    };
    assert!(path.is_absolute() && path.ends_with(PathBuf::from("sms.ndjson")));
    assert!(matches!(
        settings("[sms.gateways.c]\nkind = \"console\""),
        GatewaySettings::Console
    ));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, expected) in [
        (
            "kind = \"smpp\"",
            "line 1: sms.gateways.main.host: must be given, such as \"smsc.example.cn\"\n\
             line 1: sms.gateways.main.system_id: must be given, such as \"heyan\"\n\
             line 1: sms.gateways.main.password: must be given, such as \"…\"",
        ),
        (
            "kind = \"smpp\"\nhost = \"h\"\nsystem_id = \"i\"\npassword = \"hunter2hunter2\"\nwindow = 0\nwindw = 3",
            "line 5: sms.gateways.main.password: must be at most 8 ASCII characters: SMPP has no room for more\n\
             line 6: sms.gateways.main.window: must be a whole number from 1 to 1000\n\
             line 7: sms.gateways.main.windw: unknown key; known here: ",
        ),
        (
            "kind = \"smpp\"\nhost = \"h\"\nsystem_id = \"i\"\npassword = \"p\"\ntls = \"no\"\nmessage_ids = \"x\"\nphone_prefix = \"+8x\"",
            "line 6: sms.gateways.main.tls: must be true or false\n\
             line 8: sms.gateways.main.phone_prefix: must be digits, such as \"86\"\n\
             line 7: sms.gateways.main.message_ids: `x` is wrong, must be one of same, hex_then_decimal, decimal_then_hex",
        ),
        (
            "kind = \"aliyun\"\naccess_key_id = \"i\"\naccess_key_secret = \"s\"\nsign_name = \"n\"\ntemplate_code = \"c\"\n\
             endpoint = \"http://dysmsapi.aliyuncs.com\"\npush_secret = \"short\"\ntemplate_params = {code = 1}",
            "line 9: sms.gateways.main.template_params.code: must be a text, in quotes\n\
             line 8: sms.gateways.main.push_secret: must be 20 to 200 letters, digits, - or _ (make one with: openssl rand -hex 20)\n\
             line 7: sms.gateways.main.endpoint: must be https:// and a host, such as https://dysmsapi.aliyuncs.com",
        ),
        (
            "kind = \"http\"\nurl = \"http://sms.example.cn/?password=hunter2\"\nmethod = \"PUT\"\naccepted = [\"ok\"]\nreference = \"id\"",
            "line 3: sms.gateways.main.url: phone and text would go over the network for all to read: https://, or tls = false\n\
             line 4: sms.gateways.main.method: must be GET or POST\n\
             line 5: sms.gateways.main.accepted[0]: `ok` is wrong, must be a status and perhaps what the body holds, such as \
             \"202\", \"5xx\", \"200 Accepted\" or \"200 /code=0\"\n\
             line 6: sms.gateways.main.reference: must be a path into JSON, such as /data/id",
        ),
        (
            "kind = \"http\"\nurl = \"https://sms.example.cn/\"\nheaders = {\"a b\" = \"c\"}\n[sms.gateways.main.reports]\n",
            "line 4: sms.gateways.main.headers.a b: is no header: see its name, and its value for line breaks\n\
             line 5: sms.gateways.main.reports.secret: must be given, such as the output of: openssl rand -hex 20\n\
             line 5: sms.gateways.main.reports.id: must be given, such as the field that {id} comes back in (or reference, the gateway's own)\n\
             line 5: sms.gateways.main.reports.state: must be given, such as \"status\"\n\
             line 5: sms.gateways.main.reports.delivered: must be given, such as [\"DELIVRD\"]",
        ),
        (
            "kind = \"file\"",
            "line 1: sms.gateways.main.path: must be given, such as \"sms.ndjson\"",
        ),
        (
            "",
            "line 1: sms.gateways.main.kind: must be given, such as \"smpp\"",
        ),
    ] {
        let told = load(&format!("[sms.gateways.main]\n{text}"), &[]).unwrap_err();
        let (told, expected): (Vec<_>, Vec<_>) =
            (told.lines().collect(), expected.lines().collect());
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}\nis not\n{expected}");
            assert!(!told.contains("hunter"), "{told}");
        }
    }
    let told = load("[sms.gateways.\"Main gateway\"]\nkind = \"console\"", &[]).unwrap_err();
    assert!(
        told.contains("must be 1 to 32 lower-case letters"),
        "{told}"
    );
}

#[test]
fn the_environment_can_hold_the_secrets() {
    let text = "[sms.gateways.main]\nkind = \"smpp\"\nhost = \"localhost\"\nsystem_id = \"heyan\"";
    let environment = [
        ("HEYAN_SMS__GATEWAYS__MAIN__PASSWORD", "hunter2"),
        ("HEYAN_SMS__GATEWAYS__MAIN__RECEIPTS", "false"),
    ];
    let config = load(text, &environment).unwrap();
    let gateway = &config.sms.gateways["main"];
    assert_eq!(gateway.kind, GatewayKind::Smpp);
    assert!(!format!("{config:?}").contains("hunter2"));
    let GatewaySettings::Smpp(own) = &gateway.settings else {
        panic!("smpp")
    };
    assert!(!own.receipts);
}
