//! The closed sets of words that the API, the database and the code share (kinds, states, reasons).

/// Defines an enum whose text is the same in JSON, in the database and in `Display`.
/// (`tt`, not `literal`: `utoipa` does not see through the latter, and would describe the variants by their Rust names.)
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:tt,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word itself.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }
            /// The value of a word.
            pub fn from_word(word: &str) -> Option<Self> { match word { $($text => Some(Self::$variant),)* _ => None } }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}
pub(crate) use words;

words!(/// 备案类型.
    FilingKind {
    /// 新增/首次备案
    NewFiling = "new_filing",
    /// 新增网站/服务
    NewSite = "new_site",
    /// 新增接入/接入备案
    NewAccess = "new_access",
    /// 变更备案
    Change = "change",
    /// 变更手机号码
    ChangePhone = "change_phone",
    /// 注销主体
    CancelSubject = "cancel_subject",
    /// 注销网站
    CancelSite = "cancel_site",
    /// 取消接入
    CancelAccess = "cancel_access",
});

impl FilingKind {
    /// Its name (domain terms).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewFiling => "新增备案",
            Self::NewSite => "新增网站（服务）",
            Self::NewAccess => "新增接入",
            Self::Change => "变更备案",
            Self::ChangePhone => "变更手机号码",
            Self::CancelSubject => "注销主体",
            Self::CancelSite => "注销网站",
            Self::CancelAccess => "取消接入",
        }
    }
}

words!(/// How far a filing request is.
    RequestState {
    /// A `change_phone` that the bureau reviews first: no deadline, no SMS.
    AwaitingPhoneReview = "awaiting_phone_review",
    /// SMS are out, somebody has yet to answer.
    Verifying = "verifying",
    /// With the bureau (管局审核).
    HandedOver = "handed_over",
    /// Back at the provider (退回接入商).
    Returned = "returned",
    /// Taken back by the provider.
    Withdrawn = "withdrawn",
});

words!(/// Why a request went back.
    ReturnReason {
    /// A principal did not answer in time.
    Expired = "expired",
    /// A principal's tries are used up.
    TooManyWrongTries = "too_many_wrong_tries",
    /// Every gateway refused a number for good.
    Undeliverable = "undeliverable",
    /// The bureau rejected the new number.
    PhoneChangeRejected = "phone_change_rejected",
});

words!(/// How far the verification of one phone is.
    VerificationState {
    /// Waiting for the principal.
    Pending = "pending",
    /// Code, phone and tail were right.
    Verified = "verified",
    /// Too many wrong tries, or no SMS can reach the phone.
    Failed = "failed",
    /// Out of time.
    Expired = "expired",
    /// No longer needed: the request ended another way.
    Cancelled = "cancelled",
});

words!(/// What is filed: a website, an app, a mini program or a quick app (P, 2023 on).
    ServiceType {
    /// 网站
    Website = "website",
    /// APP
    App = "app",
    /// 小程序
    MiniProgram = "mini_program",
    /// 快应用
    QuickApp = "quick_app",
});

words!(/// The person's document; its last six characters are the `id_tail`.
    DocumentType {
    /// 居民身份证
    ResidentId = "resident_id",
    /// 护照
    Passport = "passport",
    /// 港澳居民来往内地通行证
    HkMacauPermit = "hk_macau_permit",
    /// 台湾居民来往大陆通行证
    TaiwanPermit = "taiwan_permit",
    /// 外国人永久居留身份证
    ForeignPermanentResident = "foreign_permanent_resident",
    /// 港澳居民居住证
    HkMacauResidence = "hk_macau_residence",
    /// 台湾居民居住证
    TaiwanResidence = "taiwan_residence",
});

impl DocumentType {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResidentId => "居民身份证",
            Self::Passport => "护照",
            Self::HkMacauPermit => "港澳居民来往内地通行证",
            Self::TaiwanPermit => "台湾居民来往大陆通行证",
            Self::ForeignPermanentResident => "外国人永久居留身份证",
            Self::HkMacauResidence => "港澳居民居住证",
            Self::TaiwanResidence => "台湾居民居住证",
        }
    }
}

words!(/// Which era's sentences the pages and messages use.
    Wording {
    /// Pilot 1 (S0, S1).
    W2017 = "2017",
    /// Pilots 2 and 3 (S2).
    W2018 = "2018",
    /// Nationwide (S3, S4).
    W2020 = "2020",
});

words!(/// What a submission came to; the pages' `data-outcome`.
    Outcome {
    /// All of the request is verified.
    VerifiedAll = "verified_all",
    /// This one is verified, others are waited for.
    VerifiedWaiting = "verified_waiting",
    /// Had been verified before.
    AlreadyVerified = "already_verified",
    /// Something of it is wrong.
    Wrong = "wrong",
    /// Failed for good.
    AskProvider = "ask_provider",
    /// Nothing matches.
    NotFound = "not_found",
    /// The system could not decide; nothing was counted.
    TryAgain = "try_again",
    /// A new code is on its way.
    Resent = "resent",
    /// No resends are left.
    ResendLimit = "resend_limit",
    /// Nothing to resend.
    NothingPending = "nothing_pending",
});

words!(/// Why a message is sent.
    MessageKind {
    /// With the submission (or the review's approval).
    First = "first",
    /// The system's own, at 12:00 the next day.
    Noon = "noon",
    /// Asked for on the resend tab.
    Manual = "manual",
    /// The system's own, when a receipt says that the number belongs to another carrier.
    Rerouted = "rerouted",
});

words!(/// What an event of a request's log tells; the first six are the webhooks' types.
    EventType {
    /// Somebody has to answer.
    Verifying = "filing_request.verifying",
    /// The first SMS of a verification was accepted by a gateway.
    VerificationSent = "verification.sent",
    /// A phone is verified.
    VerificationVerified = "verification.verified",
    /// Handed over to the bureau.
    HandedOver = "filing_request.handed_over",
    /// Returned to the provider.
    Returned = "filing_request.returned",
    /// Withdrawn by the provider.
    Withdrawn = "filing_request.withdrawn",
    /// Filed.
    Submitted = "filing_request.submitted",
    /// The bureau agreed to the new number.
    PhoneApproved = "filing_request.phone_approved",
    /// The phone has an SMS of the verification: a receipt says so, the first of them.
    VerificationDelivered = "verification.delivered",
    /// A wrong try was counted.
    WrongTry = "verification.wrong_try",
    /// Over 100 wrong tries of the same phone in a row, over all its filings: somebody may be guessing.
    ManyWrongTries = "verification.many_wrong_tries",
    /// Too many wrong tries, or undeliverable.
    VerificationFailed = "verification.failed",
    /// Out of time.
    VerificationExpired = "verification.expired",
    /// No longer needed.
    VerificationCancelled = "verification.cancelled",
    /// The principal asked for another SMS.
    ManualResend = "verification.resent",
    /// The noon resend.
    NoonResend = "verification.noon_resent",
    /// The person's data was erased.
    Purged = "filing_request.purged",
    /// The bureau has taken it up (已受理).
    Accepted = "filing_request.accepted",
});
