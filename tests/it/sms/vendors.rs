//! Aliyun, Tencent and anybody's HTTP, with stand-ins that answer as their documents say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    clock::Clock,
    random::Random,
    sms::{
        About, Asked, Fate, Gateway, Pace, Push, Receipt, Sent,
        aliyun::{Aliyun, AliyunSettings},
        http::{Answers, Http, HttpSettings},
        tencent::{Tencent, TencentSettings},
    },
};
use serde_json::{Value, json};

use super::{fake::Fake, message, process::free_port};

fn now() -> DateTime<Utc> {
    Clock::system().real_now()
}

pub fn aliyun(url: &str) -> Aliyun {
    let settings = AliyunSettings {
        endpoint: url.parse().unwrap(),
        access_key_id: "LTAI-id".into(),
        access_key_secret: "hunter2".into(),
        sign_name: "备案核验".into(),
        template_code: "SMS_154950909".into(),
        template_params: BTreeMap::from([("code".into(), "{code}".into())]),
        pace: Pace::default(),
        push_secret: Some("0123456789abcdefghij".into()),
    };
    Aliyun::new("main", settings, Clock::system(), Random::seeded(1))
}

pub fn tencent(url: &str) -> Tencent {
    let settings = TencentSettings {
        endpoint: url.parse().unwrap(),
        region: "ap-guangzhou".into(),
        secret_id: "AKID-id".into(),
        secret_key: "hunter2".into(),
        sdk_app_id: "1400006666".into(),
        sign_name: "备案核验".into(),
        template_id: "1110".into(),
        template_params: vec!["{code}".into()],
        pace: Pace::default(),
        push_secret: Some("0123456789abcdefghij".into()),
    };
    Tencent::new("main", settings, Clock::system())
}

fn pushed(gateway: &dyn Gateway, body: &str) -> Option<(Vec<Receipt>, String)> {
    let push = Push {
        query: "",
        content_type: Some("application/json"),
        body: body.as_bytes(),
    };
    let pushed = gateway.pushed(&push).ok()?;
    Some((pushed.receipts, pushed.answer))
}

#[tokio::test]
async fn aliyun_is_sent_a_template_and_its_code() {
    let fake = Fake::start();
    let aliyun = aliyun(&fake.url);
    assert!(!aliyun.carries_text());
    let message = message();
    fake.answer(
        200,
        r#"{"Code":"OK","Message":"OK","BizId":"9006^0","RequestId":"F6"}"#,
    );
    let sent = aliyun.send(&message, now()).await;
    let references = vec!["9006^0".into()];
    assert_eq!(sent, Sent::Accepted { references });
    let [call] = &fake.calls()[..] else {
        panic!("one call")
    };
    assert_eq!((call.method.as_str(), call.body.as_str()), ("POST", ""));
    let parameters = call.parameters();
    for (name, value) in [
        ("PhoneNumbers", "13800138000"),
        ("SignName", "备案核验"),
        ("TemplateCode", "SMS_154950909"),
        ("TemplateParam", r#"{"code":"012345"}"#),
        ("OutId", &message.id.to_string()),
    ] {
        assert_eq!(parameters[name], value);
    }
    assert_eq!(call.headers["x-acs-action"], "SendSms");
    assert_eq!(call.headers["x-acs-version"], "2017-05-25");
    let authorization = &call.headers["authorization"];
    assert!(authorization.starts_with("ACS3-HMAC-SHA256 Credential=LTAI-id,"));
    let whole = format!("{call:?}");
    assert!(
        !whole.contains("hunter2") && !whole.contains("v/0123456789"),
        "{whole}"
    );
}

#[tokio::test]
async fn aliyun_s_refusals_say_what_to_do() {
    let fake = Fake::start();
    let aliyun = aliyun(&fake.url);
    let at: DateTime<Utc> = "2026-11-26T03:59:40Z".parse().unwrap();
    let until: DateTime<Utc> = "2026-11-26T04:00:00Z".parse().unwrap();
    for (status, code, words, sent) in [
        (200, "isv.MOBILE_NUMBER_ILLEGAL", "", Sent::Refused),
        (200, "isv.AMOUNT_NOT_ENOUGH", "", Sent::Stop),
        (403, "isp.RAM_PERMISSION_DENY", "", Sent::Stop),
        (400, "SignatureDoesNotMatch", "", Sent::Stop),
        (200, "isp.SYSTEM_ERROR", "", Sent::Retry { after: None }),
        (400, "Throttling.User", "", Sent::Retry { after: None }),
        (500, "InternalError", "", Sent::Unknown),
        (
            200,
            "isv.BUSINESS_LIMIT_CONTROL",
            "触发小时级流控Permits:5",
            Sent::Hold { until },
        ),
    ] {
        let body = json!({"Code": code, "Message": words, "RequestId": "F6"});
        fake.answer(status, &body.to_string());
        assert_eq!(aliyun.send(&message(), at).await, sent, "{code}");
        assert_eq!(fake.calls().len(), 1, "{code}");
    }
    fake.answer(502, "<html>");
    assert_eq!(aliyun.send(&message(), at).await, Sent::Unknown);
    // no answer at all: it may have been sent
    assert_eq!(aliyun.send(&message(), at).await, Sent::Unknown);
    // nobody there: it was not
    let nobody = self::aliyun(&format!("http://127.0.0.1:{}", free_port()));
    let retry = Sent::Retry { after: None };
    assert_eq!(nobody.send(&message(), at).await, retry);
}

#[tokio::test]
async fn a_signature_that_came_too_late_is_made_anew_once() {
    let fake = Fake::start();
    let aliyun = aliyun(&fake.url);
    let expired = r#"{"Code":"InvalidTimeStamp.Expired"}"#;
    fake.answer(400, expired);
    fake.answer(200, r#"{"Code":"OK","BizId":"9006^0"}"#);
    let sent = aliyun.send(&message(), now()).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let nonces: Vec<_> = fake
        .calls()
        .iter()
        .map(|call| call.headers["x-acs-signature-nonce"].clone())
        .collect();
    assert_eq!(nonces.len(), 2);
    assert_ne!(nonces[0], nonces[1]);
    fake.answer(400, expired);
    fake.answer(400, expired);
    assert_eq!(aliyun.send(&message(), now()).await, Sent::Stop);
}

#[tokio::test]
async fn aliyun_is_asked_whether_it_has_a_message() {
    let message = message();
    let long_ago = now() - TimeDelta::seconds(60);
    let details = |list: Value, total: u32| {
        let body = json!({"Code": "OK", "TotalCount": total, "SmsSendDetailDTOs": {"SmsSendDetailDTO": list}});
        body.to_string()
    };
    let own = |status| json!([{"OutId": "another", "SendStatus": 3}, {"OutId": message.id, "SendStatus": status}]);
    let accepted = Asked::Accepted {
        references: Vec::new(),
    };
    for (answer, asked) in [
        (details(own(1), 2), accepted),
        (details(own(2), 2), Asked::Undeliverable { foreign: false }),
        (details(own(3), 2), Asked::Delivered),
        (
            details(json!([{"OutId": "another", "SendStatus": 3}]), 1),
            Asked::NeverHadIt,
        ),
        (details(json!([]), 0), Asked::NeverHadIt),
        // it has been seen to count what it does not list
        (details(json!([]), 2), Asked::Later),
        (r#"{"Code":"isp.SYSTEM_ERROR"}"#.into(), Asked::Later),
        ("<html>".into(), Asked::Later),
    ] {
        let fake = Fake::start();
        fake.answer(200, &answer);
        // a second day is asked about where the first has just begun
        fake.answer(200, &answer);
        let aliyun = self::aliyun(&fake.url);
        assert_eq!(aliyun.ask(&message, long_ago).await, asked, "{answer}");
        let call = &fake.calls()[0];
        assert_eq!(call.headers["x-acs-action"], "QuerySendDetails");
        assert_eq!(call.parameters()["PhoneNumber"], "13800138000");
    }
    // what was sent just now may not be listed yet
    let fake = Fake::start();
    let aliyun = self::aliyun(&fake.url);
    fake.answer(200, &details(json!([]), 0));
    fake.answer(200, &details(json!([]), 0));
    assert_eq!(aliyun.ask(&message, now()).await, Asked::Later);
}

#[tokio::test]
async fn aliyun_pushes_receipts() {
    let gateway = aliyun("https://dysmsapi.aliyuncs.com");
    assert!(gateway.sends_receipts() && gateway.push_secret().is_some());
    let id = message().id;
    let body = json!([
        {"phone_number": "13800138000", "send_time": "2026-11-26 12:00:00", "report_time": "2026-11-26 12:00:03",
            "success": true, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1", "biz_id": "9006^0", "out_id": id},
        {"phone_number": "13800138000", "success": false, "err_code": "MOBILE_NOT_ON_SERVICE", "biz_id": "9007^0", "out_id": "x"},
    ]);
    let (receipts, answer) = pushed(&gateway, &body.to_string()).unwrap();
    assert_eq!(
        receipts,
        [
            Receipt {
                about: About::Message(id),
                fate: Fate::Delivered
            },
            Receipt {
                about: About::Reference("9007^0".into()),
                fate: Fate::Undeliverable { foreign: false }
            }
        ]
    );
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, json!({"code": 0, "msg": "接收成功"}));
    for wrong in ["", "{}", "[{}]", "[1]", "<xml/>"] {
        assert_eq!(pushed(&gateway, wrong), None, "{wrong}");
    }
    assert_eq!(pushed(&gateway, "[]").unwrap().0, []);
}

#[tokio::test]
async fn tencent_goes_the_same_way() {
    let fake = Fake::start();
    let tencent = tencent(&fake.url);
    let message = message();
    let status = |code: &str| {
        let set = json!([{"SerialNo": "5000:10457", "PhoneNumber": "+8613800138000", "Fee": 1, "SessionContext": "", "Code": code,
            "Message": "", "IsoCode": "CN"}]);
        json!({"Response": {"SendStatusSet": set, "RequestId": "a0"}}).to_string()
    };
    let at: DateTime<Utc> = "2026-11-26T03:59:40Z".parse().unwrap();
    let until = at + TimeDelta::seconds(30);
    let references = vec!["5000:10457".into()];
    let error = |code: &str| {
        json!({"Response": {"Error": {"Code": code, "Message": ""}, "RequestId": "a0"}}).to_string()
    };
    for (answer, sent) in [
        (status("Ok"), Sent::Accepted { references }),
        (
            status("LimitExceeded.PhoneNumberThirtySecondLimit"),
            Sent::Hold { until },
        ),
        (
            status("InvalidParameterValue.IncorrectPhoneNumber"),
            Sent::Refused,
        ),
        (
            status("FailedOperation.InsufficientBalanceInSmsPackage"),
            Sent::Stop,
        ),
        (error("AuthFailure.SignatureFailure"), Sent::Stop),
        (error("RequestLimitExceeded"), Sent::Retry { after: None }),
        (error("InternalError"), Sent::Unknown),
        ("<html>".into(), Sent::Unknown),
    ] {
        fake.answer(200, &answer);
        assert_eq!(tencent.send(&message, at).await, sent, "{answer}");
    }
    assert_eq!(tencent.send(&message, at).await, Sent::Unknown);
    let call = &fake.calls()[0];
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(
        body,
        json!({"PhoneNumberSet": ["+8613800138000"], "SmsSdkAppId": "1400006666", "SignName": "备案核验", "TemplateId": "1110",
            "TemplateParamSet": ["012345"], "SessionContext": message.id})
    );
    for (header, value) in [
        ("x-tc-action", "SendSms"),
        ("x-tc-version", "2021-01-11"),
        ("x-tc-region", "ap-guangzhou"),
        ("content-type", "application/json; charset=utf-8"),
    ] {
        assert_eq!(call.headers[header], value);
    }
    assert!(call.headers["authorization"].starts_with("TC3-HMAC-SHA256 Credential=AKID-id/"));

    let pulled = |context: &str, status: &str| {
        let set = json!([{"SerialNo": "5000:10457", "ReportStatus": status, "Description": "", "SessionContext": context}]);
        json!({"Response": {"PullSmsSendStatusSet": set, "RequestId": "a0"}}).to_string()
    };
    let id = message.id.to_string();
    for (answer, asked) in [
        (pulled(&id, "SUCCESS"), Asked::Delivered),
        (pulled(&id, "FAIL"), Asked::Undeliverable { foreign: false }),
        (pulled("", "SUCCESS"), Asked::Later),
        (
            error("UnauthorizedOperation.RequestPermissionDeny"),
            Asked::Later,
        ),
    ] {
        fake.answer(200, &answer);
        assert_eq!(tencent.ask(&message, at).await, asked, "{answer}");
    }

    let body = json!([
        {"user_receive_time": "2026-11-26 12:00:03", "nationcode": "86", "mobile": "13800138000", "report_status": "SUCCESS",
            "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "5000:10457"},
        {"mobile": "13800138000", "report_status": "FAIL", "errmsg": "MK:0001", "description": "", "sid": "5000:10458"},
    ]);
    let (receipts, answer) = pushed(&tencent, &body.to_string()).unwrap();
    let fates: Vec<_> = receipts.into_iter().map(|receipt| receipt.fate).collect();
    assert_eq!(
        fates,
        [Fate::Delivered, Fate::Undeliverable { foreign: false }]
    );
    assert_eq!(answer, r#"{"result":0,"errmsg":"OK"}"#);
    assert_eq!(pushed(&tencent, "{}"), None);
}

#[tokio::test]
async fn anybody_s_http_is_called_as_it_is_described() {
    let fake = Fake::start();
    let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let settings = HttpSettings {
        url: format!("{}/send/{{phone}}?token=hunter2", fake.url),
        method: reqwest::Method::POST,
        query: BTreeMap::from([
            ("from".into(), "{sender}".into()),
            ("ref".into(), "a b&{id}".into()),
        ]),
        headers: BTreeMap::from([("x-key".into(), "hunter3".into())]),
        body: r#"{"mobile": "{phone}", "content": "{text}", "id": "{id}"}"#.into(),
        content_type: "application/json".into(),
        answers: Answers {
            foreign: rules(&["200 /code=13"]),
            refused: rules(&["200 /code=4"]),
            next: rules(&["200 /code=5"]),
            again: rules(&["503"]),
            stop: rules(&["403"]),
            accepted: rules(&["200 /code=0"]),
        },
        reference: Some("/data/id".into()),
        pace: Pace::default(),
        reports: None,
    };
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter"), "{shown}");
    let http = Http::new("main", settings);
    let mut message = message();
    message.text = "【备案核验】\"验证码\"012345\n".into();
    let references = vec!["77".into()];
    for (status, body, sent) in [
        (
            200,
            r#"{"code":0,"data":{"id":77}}"#,
            Sent::Accepted { references },
        ),
        (200, r#"{"code":0}"#, Sent::Accepted { references: vec![] }),
        (200, r#"{"code":4}"#, Sent::Refused),
        (200, r#"{"code":5}"#, Sent::Next { foreign: false }),
        (200, r#"{"code":13}"#, Sent::Next { foreign: true }),
        (503, "", Sent::Retry { after: None }),
        (403, "", Sent::Stop),
        (500, "", Sent::Unknown),
    ] {
        fake.answer(status, body);
        assert_eq!(http.send(&message, now()).await, sent, "{status} {body}");
    }
    assert_eq!(http.send(&message, now()).await, Sent::Unknown);
    let call = &fake.calls()[0];
    let parameters = call.parameters();
    assert_eq!(parameters["token"], "hunter2");
    assert_eq!(parameters["from"], "12381");
    assert_eq!(parameters["ref"], format!("a b&{}", message.id));
    assert_eq!(call.headers["x-key"], "hunter3");
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body["content"], message.text);
    assert_eq!(body["mobile"], "13800138000");
}
