//! Every page rendered from a sample and kept as a snapshot: what changes in a page is seen in review.

mod staff;

use askama::Template;
use heyan::domain::message::SmsState;
use heyan::domain::province::Province;
use heyan::domain::time::parse_time;
use heyan::domain::words::{FilingKind, Outcome, RequestState, ReturnReason, VerificationState};
use heyan::web::page::{Frame, Operator};
use heyan::web::pages::desk::{
    DeskNotice, DeskPage, Era, Filed, FiledPerson, Message, PasswordPage, Scenario,
};
use heyan::web::pages::error::{ErrorKind, ErrorPage, MisdirectedPage};
use heyan::web::pages::form::{Captcha, CaptchaProblem, FieldName, FieldProblem, Form, Purpose};
use heyan::web::pages::help::{HelpPage, PrivacyPage, ReturnAdvice};
use heyan::web::pages::home::{HomePage, Neighbours};
use heyan::web::pages::link::LinkPage;
use heyan::web::pages::panel::{HowFar, Next, Panel};
use heyan::web::pages::progress::{Answer, Found, Person, ProgressPage};
use heyan::web::pages::rules::{Rules, Senders};
use heyan::web::pages::tabs::{Tab, TabBody, TabPage};

/// Renders, takes the hashes out of the static files' names, and compares.
fn check(name: &str, page: &impl Template) {
    let html = page.render().unwrap();
    let plain = without_hashes(&html);
    assert!(
        !plain.contains("/static/missing"),
        "{name} names a static file that does not exist"
    );
    assert!(
        !plain.contains(" style=") && !plain.contains("<style"),
        "{name} has inline style"
    );
    insta::assert_snapshot!(name, plain);
}

fn without_hashes(html: &str) -> String {
    let mut parts = html.split("/static/");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (file, rest) = part.split_once('"').unwrap();
        let [stem, _hash, extension] = file
            .split('.')
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or(["", "", file]);
        for piece in ["/static/", stem, ".", extension, "\"", rest] {
            out.push_str(piece);
        }
    }
    out
}

fn frame(bureau: Option<Province>) -> Frame {
    Frame {
        bureau,
        sandbox: true,
        visitors: 334_997_258,
        operator: Some(Operator {
            name: "某某网络科技有限公司".into(),
            contact: "beian@example.cn".into(),
        }),
    }
}

fn gansu() -> Frame {
    frame(Some(Province::Gansu))
}

fn rules_2017() -> Rules {
    Rules {
        validity_hours: 48,
        max_wrong_tries: 5,
        max_manual_resends: 2,
        noon_resend: true,
        senders: Senders {
            telecom: Some("106598051001".into()),
            unicom: Some("10655113".into()),
            mobile: Some("106575000130".into()),
            ..Senders::default()
        },
        short_link: false,
        national_entry: false,
        verified_kinds: vec![
            FilingKind::NewFiling,
            FilingKind::NewSite,
            FilingKind::NewAccess,
            FilingKind::Change,
            FilingKind::ChangePhone,
        ],
        verify_unchanged_phone: false,
        phone_change_review: false,
        permit_tail_on_back: false,
    }
}

fn rules_2020() -> Rules {
    Rules {
        validity_hours: 24,
        max_wrong_tries: 5,
        senders: Senders {
            default: Some("12381".into()),
            ..Senders::default()
        },
        short_link: true,
        national_entry: true,
        verified_kinds: FilingKind::ALL
            .iter()
            .copied()
            .filter(|&kind| kind != FilingKind::CancelAccess)
            .collect(),
        verify_unchanged_phone: true,
        phone_change_review: true,
        ..rules_2017()
    }
}

fn captcha(purpose: Purpose, bureau: Option<Province>) -> Captcha {
    Captcha {
        id: "c2FtcGxl".into(),
        purpose,
        bureau,
        has_puzzle: true,
        expires_in: 1200,
        problem: None,
        refreshed: false,
    }
}

fn form(purpose: Purpose, bureau: Option<Province>) -> Form {
    let action = match purpose {
        Purpose::Verification => frame(bureau).path("sms-verification"),
        Purpose::Resend => frame(bureau).path("sms-resend"),
        Purpose::Link => "/v/k3v9x2m7qa".into(),
        Purpose::Progress => frame(bureau).path("progress"),
    };
    Form::new(purpose, action, captcha(purpose, bureau))
}

fn how_far(state: RequestState) -> HowFar {
    HowFar {
        kind: FilingKind::NewFiling,
        state,
        return_reason: None,
        return_advice: None,
        reviewed: false,
        people: 3,
        verified: 1,
    }
}

fn panel(outcome: Outcome, heading: &'static str, sentence: &str, next: Next) -> Panel {
    Panel {
        outcome,
        heading,
        sentence: sentence.into(),
        next,
        how_far: None,
    }
}

fn tabs(tab: Tab, panel: Option<Panel>, form: Form) -> TabPage {
    TabPage {
        frame: frame(form.captcha.bureau),
        tab,
        panel,
        body: TabBody::Form {
            form,
            rules: rules_2017(),
        },
    }
}

#[test]
fn verification() {
    let gansu = Some(Province::Gansu);
    check(
        "verification",
        &tabs(Tab::Verification, None, form(Purpose::Verification, gansu)),
    );
    check(
        "verification_national",
        &tabs(Tab::Verification, None, form(Purpose::Verification, None)),
    );
    let mut production = tabs(Tab::Verification, None, form(Purpose::Verification, gansu));
    production.frame.sandbox = false;
    check("verification_production", &production);

    let mut wrong = form(Purpose::Verification, gansu)
        .with(FieldName::SmsCode, "12345")
        .with(FieldName::Phone, "1380013800a\"<b>")
        .with_problem(FieldName::SmsCode, Some(FieldProblem::Malformed))
        .with_problem(FieldName::Phone, Some(FieldProblem::ControlCharacter))
        .with_problem(FieldName::IdTail, Some(FieldProblem::Empty));
    wrong.captcha.problem = Some(CaptchaProblem::Missing);
    check("verification_422", &tabs(Tab::Verification, None, wrong));
    let mut expired = form(Purpose::Verification, gansu).with(FieldName::SmsCode, "123456");
    expired.captcha.problem = Some(CaptchaProblem::Expired);
    check(
        "verification_captcha_expired",
        &tabs(Tab::Verification, None, expired),
    );
    let mut limited = form(Purpose::Verification, gansu).with(FieldName::Phone, "13800138000");
    limited.limited = Some(1800);
    check("verification_429", &tabs(Tab::Verification, None, limited));
    let mut refreshed = form(Purpose::Verification, gansu).with(FieldName::SmsCode, "123456");
    refreshed.captcha.refreshed = true;
    check(
        "verification_refreshed",
        &tabs(Tab::Verification, None, refreshed),
    );
}

#[test]
fn outcomes() {
    let again =
        || form(Purpose::Verification, Some(Province::Gansu)).with(FieldName::Phone, "13800138000");
    let sentence = "您的短信核验已全部完成，该请求将提交管局审核。";
    let done = panel(Outcome::VerifiedAll, "核验完成", sentence, Next::Nothing);
    let done = TabPage {
        frame: gansu(),
        tab: Tab::Verification,
        panel: Some(done),
        body: TabBody::Done,
    };
    check("verified_all", &done);

    let next = Next::Waiting {
        people: 3,
        verified: 1,
        deadline: parse_time("2018-09-11T09:00+08:00").ok(),
    };
    let sentence = "您的短信核验完成，请等待其他核验人进行短信核验。";
    let mut waiting = panel(Outcome::VerifiedWaiting, "核验完成", sentence, next);
    waiting.how_far = Some(how_far(RequestState::Verifying));
    let waiting = TabPage {
        frame: gansu(),
        tab: Tab::Verification,
        panel: Some(waiting),
        body: TabBody::Done,
    };
    check("verified_waiting", &waiting);

    let sentence = "您的短信核验失败，请输入正确的信息。";
    let mut wrong = panel(Outcome::Wrong, "核验失败", sentence, Next::TriesLeft(4));
    wrong.how_far = Some(how_far(RequestState::Verifying));
    check("wrong", &tabs(Tab::Verification, Some(wrong), again()));
    let latest = panel(Outcome::Wrong, "核验失败", sentence, Next::UseLatestCode);
    check(
        "wrong_use_latest_code",
        &tabs(Tab::Verification, Some(latest), again()),
    );

    let sentence = "该条验证库里找不到记录或已完成验证。";
    let not_found = panel(Outcome::NotFound, "没有找到记录", sentence, Next::Compare);
    check(
        "not_found",
        &tabs(Tab::Verification, Some(not_found), again()),
    );

    let sentence = "您的短信核验失败，请联系接入商查询核验结果。";
    let ask = panel(
        Outcome::AskProvider,
        "核验失败",
        sentence,
        Next::AskProvider,
    );
    let ask = TabPage {
        frame: gansu(),
        tab: Tab::Verification,
        panel: Some(ask),
        body: TabBody::Done,
    };
    check("ask_provider", &ask);
}

#[test]
fn resend() {
    let gansu = Some(Province::Gansu);
    check(
        "resend",
        &tabs(Tab::Resend, None, form(Purpose::Resend, gansu)),
    );
    let next = Next::Resent {
        used: 1,
        allowed: 2,
        deadline: parse_time("2018-09-11T09:00+08:00").ok(),
    };
    let sentence = "您的短信验证码已重发成功，请查看手机并尽快完成短信核验。";
    let resent = panel(Outcome::Resent, "短信已重发", sentence, next);
    let verify = form(Purpose::Verification, gansu).with(FieldName::Phone, "13800138000");
    check("resent", &tabs(Tab::Verification, Some(resent), verify));
    let sentence = "重发次数已到上限，若不能及时完成短信核验，您的备案申请将会被退回。";
    let limit = panel(Outcome::ResendLimit, "短信未重发", sentence, Next::Nothing);
    check(
        "resend_limit",
        &tabs(Tab::Resend, Some(limit), form(Purpose::Resend, gansu)),
    );
}

#[test]
fn not_covered_and_national_before_2020() {
    let bureau = frame(Some(Province::Guangdong));
    check(
        "not_covered",
        &TabPage {
            frame: bureau,
            tab: Tab::Verification,
            panel: None,
            body: TabBody::NotCovered,
        },
    );
    let covered = vec![
        Province::Tianjin,
        Province::Gansu,
        Province::Xizang,
        Province::Ningxia,
        Province::Hainan,
    ];
    check(
        "choose_bureau",
        &TabPage {
            frame: frame(None),
            tab: Tab::Resend,
            panel: None,
            body: TabBody::Choose(covered),
        },
    );
}

fn link_page(form: Option<Form>, state: RequestState) -> LinkPage {
    LinkPage {
        frame: gansu(),
        phone_masked: "138****8000".into(),
        deadline: form.is_some().then(|| "9月11日 09:00".into()),
        panel: None,
        form,
        is_done: state == RequestState::HandedOver,
        how_far: how_far(state),
        rules: rules_2020(),
    }
}

#[test]
fn short_link() {
    let gansu = Some(Province::Gansu);
    check(
        "link",
        &link_page(Some(form(Purpose::Link, gansu)), RequestState::Verifying),
    );
    check("link_ended", &link_page(None, RequestState::HandedOver));
    let mut returned = link_page(None, RequestState::Returned);
    returned.how_far.return_reason = Some(ReturnReason::TooManyWrongTries);
    returned.how_far.return_advice =
        Some("请核对备案信息中的手机号码：号码无误的，重新提交；有误的，修改后重新提交。".into());
    check("link_returned", &returned);
    let mut done = link_page(None, RequestState::HandedOver);
    let sentence = "您的短信核验已全部完成，该请求将提交管局审核。";
    done.panel = Some(panel(
        Outcome::VerifiedAll,
        "核验完成",
        sentence,
        Next::Nothing,
    ));
    check("link_verified_all", &done);
    let wrong =
        form(Purpose::Link, gansu).with_problem(FieldName::SmsCode, Some(FieldProblem::Empty));
    check("link_422", &link_page(Some(wrong), RequestState::Verifying));
}

fn found(how_far: HowFar, people: Vec<Person>) -> ProgressPage {
    let found = Found {
        request_id: "fr_01J7DYQXP3S4Q2V6M8K0T5W9ZB".into(),
        province: Province::Gansu,
        kind: how_far.kind,
        submitted_at: "2018年9月10日 09:00".into(),
        deadline: (how_far.state == RequestState::Verifying).then(|| "9月11日 09:00".into()),
        how_far,
        people,
    };
    let form = form(Purpose::Progress, Some(Province::Gansu));
    ProgressPage {
        frame: gansu(),
        answer: Some(Answer::Found(Box::new(found))),
        form,
    }
}

fn people() -> Vec<Person> {
    let person = |name: &str, phone: &str, state, sms| Person {
        name_masked: name.into(),
        phone_masked: phone.into(),
        state,
        sms: Some(sms),
    };
    let pending = VerificationState::Pending;
    vec![
        person(
            "王**",
            "138****8000",
            VerificationState::Verified,
            SmsState::Delivered,
        ),
        person("李*", "139****9000", pending, SmsState::Delivered),
        person("J**", "177****1234", pending, SmsState::Undeliverable),
        person("赵*", "133****3333", pending, SmsState::Queued),
    ]
}

#[test]
fn progress() {
    let gansu_form = || form(Purpose::Progress, Some(Province::Gansu));
    check(
        "progress",
        &ProgressPage {
            frame: gansu(),
            answer: None,
            form: gansu_form(),
        },
    );
    let not_found = ProgressPage {
        frame: gansu(),
        answer: Some(Answer::NotFound),
        form: gansu_form(),
    };
    check("progress_not_found", &not_found);
    let wrong = gansu_form().with_problem(FieldName::RequestId, Some(FieldProblem::Empty));
    check(
        "progress_422",
        &ProgressPage {
            frame: gansu(),
            answer: None,
            form: wrong,
        },
    );
    check(
        "progress_verifying",
        &found(how_far(RequestState::Verifying), people()),
    );
    check(
        "progress_handed_over_at_once",
        &found(how_far(RequestState::HandedOver), vec![]),
    );
    let mut review = how_far(RequestState::AwaitingPhoneReview);
    review.kind = FilingKind::ChangePhone;
    review.reviewed = true;
    check("progress_review", &found(review, vec![]));
    let mut returned = how_far(RequestState::Returned);
    returned.return_reason = Some(ReturnReason::Expired);
    returned.return_advice =
        Some("请核对备案信息中的手机号码：号码无误的，重新提交；有误的，修改后重新提交。".into());
    check("progress_returned", &found(returned, people()));
    check(
        "progress_withdrawn",
        &found(how_far(RequestState::Withdrawn), people()),
    );
}

#[test]
fn homes() {
    let national = HomePage {
        frame: frame(None),
        rules: None,
        neighbours: Neighbours::default(),
        staff: true,
    };
    check("home_national", &national);
    let neighbours = Neighbours {
        find_password: Some("https://find.example.cn/".into()),
        change_password: Some("https://change.example.cn/".into()),
        complaints: Some("https://complaints.example.cn/".into()),
        photo_guide: Some("https://photo.example.cn/guide.jpg".into()),
        android_app: Some("https://app.example.cn/".into()),
        photo_backdrop: Some("https://photo.example.cn/backdrop.jpg".into()),
    };
    let bureau = HomePage {
        frame: gansu(),
        rules: Some(rules_2017()),
        neighbours,
        staff: true,
    };
    check("home_gansu", &bureau);
    let guangdong = frame(Some(Province::Guangdong));
    let bare = HomePage {
        frame: guangdong,
        rules: None,
        neighbours: Neighbours::default(),
        staff: false,
    };
    check("home_not_covered", &bare);
}

#[test]
fn help_and_privacy() {
    let advice = || {
        let text = "请核对备案信息中的手机号码：号码无误的，重新提交；有误的，修改后重新提交。";
        vec![ReturnAdvice {
            kind: FilingKind::NewFiling,
            text: text.into(),
        }]
    };
    let pilot = HelpPage {
        frame: gansu(),
        rules: Some(rules_2017()),
        covered: vec![],
        return_advice: advice(),
    };
    check("help_2017", &pilot);
    let mut zhejiang = rules_2020();
    zhejiang.permit_tail_on_back = true;
    let zhejiang = HelpPage {
        frame: frame(Some(Province::Zhejiang)),
        rules: Some(zhejiang),
        covered: vec![],
        return_advice: advice(),
    };
    check("help_zhejiang_2020", &zhejiang);
    let covered = vec![Province::Tianjin, Province::Gansu];
    check(
        "help_national_before_2020",
        &HelpPage {
            frame: frame(None),
            rules: None,
            covered,
            return_advice: vec![],
        },
    );
    check(
        "privacy",
        &PrivacyPage {
            frame: frame(None),
            retention_days: 180,
        },
    );
}

#[test]
fn errors() {
    let kinds = [
        ("bad_request", ErrorKind::BadRequest),
        ("forbidden", ErrorKind::Forbidden),
        ("not_found", ErrorKind::NotFound),
        ("link_not_found", ErrorKind::LinkNotFound),
        ("method_not_allowed", ErrorKind::MethodNotAllowed),
        ("too_large", ErrorKind::TooLarge),
        (
            "too_many_requests",
            ErrorKind::TooManyRequests { retry_after: 600 },
        ),
        (
            "internal",
            ErrorKind::Internal {
                request_id: "01J7DYQXP3S4Q2V6M8K0T5W9ZB".into(),
            },
        ),
        ("unavailable", ErrorKind::Unavailable),
    ];
    for (name, kind) in kinds {
        check(
            &format!("error_{name}"),
            &ErrorPage {
                frame: frame(None),
                kind,
            },
        );
    }
    check("error_misdirected", &MisdirectedPage { sandbox: true });
}

#[test]
fn sandbox() {
    let scenario = |name: &str, title: &str| Scenario {
        name: name.into(),
        title: title.into(),
    };
    let desk = |notice, filed, messages| DeskPage {
        frame: frame(None),
        notice,
        now: "2018-09-10 09:00:03".into(),
        eras: vec![
            Era {
                title: "2017年第一批".into(),
                scenarios: vec![scenario("gansu-new-filing", "甘肃 新增备案，两人")],
            },
            Era {
                title: "2020年全国".into(),
                scenarios: vec![scenario("beijing-new-site", "北京 新增网站，护照")],
            },
        ],
        filed,
        messages,
    };
    check("desk_empty", &desk(None, vec![], vec![]));
    let person = |name: &str, phone: &str, id_tail: &str, state| FiledPerson {
        name: name.into(),
        phone: phone.into(),
        id_tail: id_tail.into(),
        state,
    };
    let request_id = "fr_01J7DYQXP3S4Q2V6M8K0T5W9ZB";
    let filed = |kind, state, people| Filed {
        request_id: request_id.into(),
        province: Province::Gansu,
        kind,
        state,
        people,
    };
    let message = Message {
        phone: "13800138000".into(),
        sender: "106575000130".into(),
        text: "【备案核验】验证码123456，您正在进行备案短信核验，请在48小时内登录甘肃省通信管理局网站完成核验。".into(),
        code: "123456".into(),
        link: Some("http://127.0.0.1:8080/v/k3v9x2m7qa".into()),
        sent_at: "2018-09-10 09:00:01".into(),
        state: SmsState::Delivered,
    };
    let people = vec![
        person(
            "王小明",
            "13800138000",
            "31002X",
            Some(VerificationState::Pending),
        ),
        person(
            "李雷",
            "13900139000",
            "345678",
            Some(VerificationState::Verified),
        ),
    ];
    let review = vec![person("王小明", "13800138000", "31002X", None)];
    let filed = vec![
        filed(
            FilingKind::ChangePhone,
            RequestState::AwaitingPhoneReview,
            review,
        ),
        filed(FilingKind::NewFiling, RequestState::Verifying, people),
    ];
    check(
        "desk_filed",
        &desk(Some(DeskNotice::Filed), filed, vec![message]),
    );
    check(
        "desk_backwards",
        &desk(Some(DeskNotice::ClockBackwards), vec![], vec![]),
    );
    check(
        "password",
        &PasswordPage {
            frame: frame(None),
            next: "/gansu".into(),
            wrong: false,
        },
    );
    check(
        "password_wrong",
        &PasswordPage {
            frame: frame(None),
            next: "/gansu".into(),
            wrong: true,
        },
    );
}
