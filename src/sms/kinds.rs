//! Every kind of gateway, with its settings.

use std::path::PathBuf;

use super::{
    Gateway,
    aliyun::{Aliyun, AliyunSettings},
    file::{Console, File},
    http::{Http, HttpSettings},
    smpp::{Smpp, SmppSettings},
    tencent::{Tencent, TencentSettings},
};
use crate::{clock::Clock, random::Random};

/// What a gateway is configured as.
#[derive(Debug, Clone)]
pub enum GatewaySettings {
    /// SMPP 3.4
    Smpp(SmppSettings),
    /// `SendSms` of Aliyun
    Aliyun(AliyunSettings),
    /// `SendSms` of Tencent Cloud
    Tencent(TencentSettings),
    /// Anybody's, by one HTTP call.
    Http(Box<HttpSettings>),
    /// Into a file.
    File(PathBuf),
    /// Onto the terminal.
    Console,
}

impl GatewaySettings {
    /// The gateway itself, which has not begun anything yet.
    #[must_use]
    pub fn gateway(&self, name: &str, clock: &Clock, random: &Random) -> Box<dyn Gateway> {
        let (clock, random) = (clock.clone(), random.clone());
        match self.clone() {
            Self::Smpp(settings) => Box::new(Smpp::new(name, settings, random)),
            Self::Aliyun(settings) => Box::new(Aliyun::new(name, settings, clock, random)),
            Self::Tencent(settings) => Box::new(Tencent::new(name, settings, clock)),
            Self::Http(settings) => Box::new(Http::new(name, *settings)),
            Self::File(path) => Box::new(File::new(name, path)),
            Self::Console => Box::new(Console::new(name)),
        }
    }
}
