//! Samples of the console's pages.

use heyan::{
    domain::{
        province::Province,
        staff::Role,
        words::{FilingKind, RequestState, ReturnReason, VerificationState},
    },
    web::pages::staff::{
        Desk, Filter, Pager, Place,
        account::{AccountPage, PasswordPage, SessionLine, TotpPage},
        form::{Input, Kind, Problems},
        lists::{Contact, ContactsPage, List, ListNotice, ListPage, Row, SearchPage},
        log::{Line, LogPage},
        login::{LoginNotice, LoginPage},
        people::{Account, AccountsPage, PersonPage},
        request::{
            Button, ClearPage, ClearPerson, Happened, May, Person, RequestNotice, RequestPage,
            StepPage,
        },
    },
};

use super::{check, frame};

const GANSU: Option<Province> = Some(Province::Gansu);
const ID: &str = "fr_01K3Z6V5Q0000000000000000A";

fn desk(role: Role, province: Option<Province>, here: Place) -> Desk {
    Desk {
        name: "zhang".into(),
        role,
        province,
        here,
    }
}

fn row(state: RequestState) -> Row {
    Row {
        id: ID.into(),
        province: Province::Gansu,
        kind: FilingKind::NewFiling,
        provider: "某某云".into(),
        reference: Some("ORDER-1".into()),
        state,
        return_reason: None,
        accepted: false,
        at: "2026年3月2日 09:00".into(),
    }
}

fn pager(page: u32, more: bool) -> Pager {
    Pager {
        page,
        more,
        address: "/staff?province=gansu".into(),
    }
}

fn session() -> SessionLine {
    SessionLine {
        id: "ss_01K3Z6V5Q0000000000000000B".into(),
        current: false,
        address: "10.0.0.1".into(),
        browser: "Mozilla/5.0".into(),
        created_at: "2026年3月2日 09:00".into(),
        seen_at: "2026年3月2日 09:05".into(),
        ends_at: "2026年3月2日 21:00".into(),
    }
}

#[test]
fn logins() {
    let inputs = || {
        vec![
            Input::new("user", "账号", Kind::User).with_value("zhang"),
            Input::new("password", "密码", Kind::Password),
            Input::code("动态码").with_error(Some("动态码不能为空")),
        ]
    };
    let page = |problems, notice| LoginPage {
        frame: frame(None),
        next: "/staff/contacts".into(),
        inputs: inputs(),
        problems,
        notice,
    };
    check("staff_login_422", &page(Problems::of(&inputs()), None));
    let wrong = Problems::whole("账号、密码或动态码不正确，请重新填写");
    check("staff_login_wrong", &page(wrong, None));
    let ended = Some(LoginNotice::Ended);
    check("staff_login_ended", &page(Problems::default(), ended));
}

#[test]
fn lists() {
    let queue = ListPage {
        frame: frame(None),
        desk: desk(Role::Officer, None, Place::Queue),
        filter: Some(Filter {
            path: "/staff",
            province: GANSU,
        }),
        list: List::Queue,
        rows: vec![row(RequestState::HandedOver)],
        pager: pager(2, true),
        notice: Some(ListNotice::Accepted),
    };
    check("staff_queue", &queue);
    let reviews = ListPage {
        frame: frame(GANSU),
        desk: desk(Role::Auditor, GANSU, Place::Reviews),
        filter: None,
        list: List::Reviews,
        rows: Vec::new(),
        pager: pager(1, false),
        notice: None,
    };
    check("staff_reviews_empty", &reviews);
    let contacts = ContactsPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Contacts),
        filter: None,
        contacts: vec![Contact {
            request_id: ID.into(),
            province: Province::Gansu,
            name_masked: "王**".into(),
            phone_masked: "138****8000".into(),
            roles: "主体负责人、网站负责人".into(),
            at: "2026年3月2日 10:00".into(),
        }],
        pager: pager(1, true),
    };
    check("staff_contacts", &contacts);
    let search = |found| SearchPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Search),
        inputs: vec![Input::new("wanted", "编号或手机号码", Kind::Text)],
        problems: Problems::default(),
        found,
    };
    let found = Some(vec![row(RequestState::Verifying)]);
    check("staff_search_found", &search(found));
    check("staff_search_nothing", &search(Some(Vec::new())));
}

#[test]
fn requests() {
    let person = Person {
        id: "vf_01K3Z6V5Q0000000000000000C".into(),
        name_masked: "王**".into(),
        phone_masked: "138****8000".into(),
        roles: "主体负责人".into(),
        state: VerificationState::Pending,
        at: "2026年3月3日 09:00".into(),
        counts: "输错0次（最多5次），重发0次（最多2次）".into(),
        resend: true,
    };
    let mut page = RequestPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Queue),
        row: row(RequestState::HandedOver),
        facts: vec![("提交时间", "2026年3月2日 09:00".into())],
        advice: None,
        people: vec![person],
        purged: false,
        timeline: vec![Happened {
            at: "2026年3月2日 09:00".into(),
            what: "接入商提交".into(),
            who: "接入商".into(),
        }],
        may: May {
            accept: true,
            review: true,
            see_clear: true,
        },
        notice: Some(RequestNotice::Resent),
    };
    check("staff_request", &page);
    page.row.state = RequestState::Returned;
    page.row.return_reason = Some(ReturnReason::Expired);
    page.advice = Some("请核对".into());
    (page.people, page.purged, page.may) = (Vec::new(), true, May::default());
    page.notice = Some(RequestNotice::Limit);
    check("staff_request_returned", &page);
    let choice = vec![
        (String::new(), "请选择".into()),
        ("call".into(), "来电".into()),
    ];
    let inputs = vec![
        Input::new("reason", "事由", Kind::Choice(choice)).with_value("call"),
        Input::code("动态码").with_error(Some("动态码不能为空")),
    ];
    let step = StepPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Search),
        title: "查看明文",
        sentences: vec!["显示负责人的信息。".into()],
        facts: vec![("备案请求", ID.into())],
        action: format!("/staff/requests/{ID}/clear"),
        hidden: vec![("verification", "vf_1".into())],
        problems: Problems::of(&inputs),
        inputs,
        buttons: vec![
            Button {
                value: "approve",
                text: "同意",
                danger: false,
            },
            Button {
                value: "",
                text: "拒绝",
                danger: true,
            },
        ],
        back: format!("/staff/requests/{ID}"),
    };
    check("staff_step", &step);
    let clear = ClearPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Search),
        request_id: ID.into(),
        people: vec![ClearPerson {
            role: "主体负责人".into(),
            of: "某某公司".into(),
            name: "王小明".into(),
            phone: "13800138000".into(),
            previous_phone: Some("13900139000".into()),
            document: "护照 E12345678".into(),
        }],
    };
    check("staff_clear", &clear);
}

#[test]
fn accounts() {
    let account = |own| Account {
        id: "st_01K3Z6V5Q0000000000000000D".into(),
        name: "zhang".into(),
        role: "审核人员",
        province: GANSU,
        last_login_at: None,
        closed: true,
        own,
    };
    let list = AccountsPage {
        frame: frame(GANSU),
        desk: desk(Role::Admin, GANSU, Place::Accounts),
        accounts: vec![account(false), account(true)],
        notice: None,
    };
    check("staff_accounts", &list);
    let one = PersonPage {
        frame: frame(GANSU),
        desk: desk(Role::Admin, GANSU, Place::Accounts),
        account: account(false),
        sessions: vec![session()],
    };
    check("staff_person", &one);
    let own = AccountPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Own),
        sessions: vec![
            SessionLine {
                current: true,
                ..session()
            },
            session(),
        ],
        notice: None,
    };
    check("staff_account", &own);
    let password = PasswordPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Own),
        inputs: vec![
            Input::new("new_password", "新密码", Kind::NewPassword).with_hint("至少15个字符"),
        ],
        problems: Problems::default(),
    };
    check("staff_password", &password);
    let totp = TotpPage {
        frame: frame(GANSU),
        desk: desk(Role::Officer, GANSU, Place::Own),
        qr: "<svg></svg>".into(),
        secret: "ABCD EFGH".into(),
        token: "token".into(),
        inputs: vec![Input::new("password", "密码", Kind::Password)],
        problems: Problems::default(),
    };
    check("staff_totp", &totp);
    let log = LogPage {
        frame: frame(None),
        desk: desk(Role::Auditor, None, Place::Log),
        lines: vec![Line {
            at: "2026-03-02 09:00:00".into(),
            name: None,
            province: None,
            what: "登录或验证被拒".into(),
            detail: "没有这个账号".into(),
        }],
        pager: pager(1, false),
    };
    check("staff_log", &log);
}
