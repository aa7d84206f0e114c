//! What SMS may cost: ceilings for a phone, a provider and all, and each gateway's pace for a phone. Whatever is more waits for
//! the next window; nothing is lost. (Twilio's advice against SMS pumping; `docs/operating.md`)

use chrono::{DateTime, Utc};

use crate::{
    domain::{ids::ProviderId, limit::Window, phone::Phone},
    flow::{Result, Services, attempt::Bucket},
    store::Tx,
};

/// Of a ceiling so much is told beforehand, per cent.
const NEAR: i64 = 80;

/// A message that is about to be handed to a gateway.
pub(super) struct Taking<'a> {
    pub services: &'a Services,
    pub phone: &'a Phone,
    /// Whose ceiling it counts for; none: it has been counted.
    pub provider: Option<ProviderId>,
    pub gateway: &'a str,
}

impl Taking<'_> {
    /// Counts the message everywhere, or nowhere: then until when it has to wait.
    pub async fn take(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let mut taken: Vec<Bucket> = Vec::new();
        for (bucket, alarm) in self.buckets(now) {
            if let Some(count) = bucket.take(tx).await? {
                self.tell_if_near(alarm, count, bucket.most());
                taken.push(bucket);
                continue;
            }
            for bucket in taken {
                bucket.give_back(tx).await?;
            }
            if let Some(alarm) = alarm {
                self.services.metrics.alarm(alarm.reached);
            }
            return Ok(Some(bucket.end()));
        }
        Ok(None)
    }

    /// At the count that comes near, once.
    fn tell_if_near(&self, alarm: Option<Alarm>, count: i64, most: i64) {
        let is_near = |count: i64| count * 100 >= most * NEAR;
        if let Some(alarm) = alarm
            && is_near(count)
            && !is_near(count - 1)
        {
            self.services.metrics.alarm(alarm.near);
        }
    }

    fn buckets(&self, now: DateTime<Utc>) -> Vec<(Bucket, Option<Alarm>)> {
        let (keys, most) = (&self.services.keys, &self.services.settings.sms);
        let phone = self.phone.as_str().as_bytes();
        let mut buckets = Vec::new();
        let pace = self.services.gateways.pace(self.gateway);
        let at_gateway = [self.gateway.as_bytes(), b"\0", phone].concat();
        for (window, most) in [
            (Window::PaceMinute, pace.per_minute),
            (Window::PaceHour, pace.per_hour),
            (Window::PaceDay, pace.per_day),
        ] {
            if let Some(most) = most {
                buckets.push((Bucket::new(keys, window, &at_gateway, most, now), None));
            }
        }
        if let Some(provider) = self.provider {
            let provider = *provider.0.as_bytes();
            for (window, who, most, alarm) in [
                (Window::SmsPhoneDay, phone, most.per_phone_per_day, PHONE),
                (
                    Window::SmsProviderHour,
                    &provider[..],
                    most.per_provider_per_hour,
                    PROVIDER,
                ),
                (Window::SmsHour, b"", most.per_hour, ALL),
            ] {
                buckets.push((Bucket::new(keys, window, who, most, now), Some(alarm)));
            }
        }
        buckets
    }
}

/// The names of a ceiling's alarms.
#[derive(Clone, Copy)]
struct Alarm {
    near: &'static str,
    reached: &'static str,
}

const PHONE: Alarm = Alarm {
    near: "sms_phone_ceiling_near",
    reached: "sms_phone_ceiling_reached",
};
const PROVIDER: Alarm = Alarm {
    near: "sms_provider_ceiling_near",
    reached: "sms_provider_ceiling_reached",
};
const ALL: Alarm = Alarm {
    near: "sms_ceiling_near",
    reached: "sms_ceiling_reached",
};
