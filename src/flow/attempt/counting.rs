//! Counting a submission by its client's address and its phone, in windows that all instances share.

use std::net::{IpAddr, Ipv6Addr};

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        limit::{Window, captcha_level, seconds_until},
        phone::Phone,
    },
    flow::{Result, Services, retry, told::Told},
    keys::{Keys, Purpose},
    store::{Tx, captchas, limits},
};

/// The counters that one submission counts in.
#[derive(Clone)]
pub struct Counting {
    now: DateTime<Utc>,
    address: Bucket,
    /// Those of the phone, where there is one.
    phone: Option<[Bucket; 2]>,
}

/// A counter: who, what, and in which window.
#[derive(Clone)]
pub struct Bucket {
    hash: [u8; 32],
    most: i64,
    end: DateTime<Utc>,
}

impl Bucket {
    /// The wrong tries of a phone, over all its filings, in 30 days; over 100 of them are an alarm.
    pub fn wrong_tries(keys: &Keys, phone: &Phone, now: DateTime<Utc>) -> Self {
        Self::new(
            keys,
            Window::PhoneMonth,
            phone.as_str().as_bytes(),
            100,
            now,
        )
    }

    /// Counts one more; true for the first that is too much.
    pub async fn count_is_first_past(&self, tx: &mut Tx) -> Result<bool> {
        Ok(limits::count(tx, &self.hash, self.end).await? == self.most + 1)
    }

    /// Counts one more if there is room; the count that came of it.
    pub async fn take(&self, tx: &mut Tx) -> Result<Option<i64>> {
        Ok(limits::take(tx, &self.hash, self.end, self.most).await?)
    }

    /// Counts one less.
    pub async fn give_back(&self, tx: &mut Tx) -> Result<()> {
        Ok(limits::give_back(tx, &self.hash).await?)
    }

    /// When the count begins anew.
    pub const fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// How many there is room for.
    pub const fn most(&self) -> i64 {
        self.most
    }

    /// Begins anew.
    pub async fn clear(&self, tx: &mut Tx) -> Result<()> {
        Ok(limits::clear(tx, &self.hash).await?)
    }

    /// So many of `who` in this window.
    pub fn new(keys: &Keys, window: Window, who: &[u8], most: u32, now: DateTime<Utc>) -> Self {
        let end = window.end(now);
        let starts = end.timestamp_millis().to_be_bytes();
        let parts: &[&[u8]] = &[window.name().as_bytes(), who, &starts];
        Self {
            hash: keys.hash(Purpose::Limit, parts).value,
            most: most.into(),
            end,
        }
    }
}

impl Counting {
    pub fn new(
        services: &Services,
        address: IpAddr,
        phone: Option<&Phone>,
        now: DateTime<Utc>,
    ) -> Self {
        let (keys, most) = (&services.keys, services.settings.limits);
        let address = network(address);
        let of_phone = |phone: &Phone, window, most| {
            Bucket::new(keys, window, phone.as_str().as_bytes(), most, now)
        };
        let most_of_address = most.per_address_per_10_minutes;
        Self {
            now,
            address: Bucket::new(keys, Window::Address, &address, most_of_address, now),
            phone: phone.map(|phone| {
                [
                    of_phone(phone, Window::PhoneHour, most.per_phone_per_hour),
                    of_phone(phone, Window::PhoneDay, most.per_phone_per_day),
                ]
            }),
        }
    }

    /// A client past its address's limit is refused before anything is looked at.
    pub async fn refused_outright<A>(&self, services: &Services) -> Result<Option<Told<A>>> {
        let mut tx = services.db.read().await?;
        let count = limits::peek(&mut tx, &self.address.hash, self.now).await?;
        Ok((count >= self.address.most).then(|| self.limited(&self.address)))
    }

    /// How hard the next captcha is to be, by the counter that is nearest to its limit: 0 to 3.
    pub async fn level(&self, services: &Services) -> Result<u8> {
        let mut tx = services.db.read().await?;
        let of_phone = self.phone.as_ref();
        let [hour, day] = of_phone.map_or([&self.address; 2], |[hour, day]| [hour, day]);
        let buckets = [&self.address, hour, day];
        let hashes = buckets.map(|bucket| &bucket.hash[..]);
        let counts = limits::peek_three(&mut tx, hashes, self.now).await?;
        let levels = buckets.iter().zip(counts);
        let levels = levels.map(|(bucket, count)| captcha_level(count, bucket.most));
        Ok(levels.max().unwrap_or(0))
    }

    /// Counts a submission that used no captcha up; past a limit, what is told instead.
    pub async fn count<A: Send + 'static>(&self, services: &Services) -> Result<Option<Told<A>>> {
        let counting = self.clone();
        retry(services, move |services| {
            let counting = counting.clone();
            async move {
                let mut tx = services.db.write().await?;
                let past = counting.past(&mut tx, true).await?;
                tx.commit().await?;
                Ok(past.map(|bucket| counting.limited(bucket)))
            }
        })
        .await
    }

    /// Decides, once for each captcha used up, whether its submission is told, and counts it where it `counts`; past a
    /// limit, what is told instead. The same POST again is told what it was told.
    pub async fn settle<A: Send + 'static>(
        &self,
        services: &Services,
        captcha: [u8; 32],
        counts: bool,
    ) -> Result<Option<Told<A>>> {
        let counting = self.clone();
        retry(services, move |services| {
            let counting = counting.clone();
            async move {
                let mut tx = services.db.write().await?;
                let past = if captchas::settle(&mut tx, &captcha).await? {
                    let past = counting.past(&mut tx, counts).await?;
                    if past.is_some() {
                        captchas::set_limited(&mut tx, &captcha).await?;
                    }
                    past
                } else {
                    let used = captchas::load(&mut tx, &captcha).await?;
                    if used.is_some_and(|used| used.limited) {
                        // of which limit it was past is not kept
                        let now = counting.past(&mut tx, false).await?;
                        Some(now.unwrap_or(&counting.address))
                    } else {
                        None
                    }
                };
                tx.commit().await?;
                Ok(past.map(|bucket| counting.limited(bucket)))
            }
        })
        .await
    }

    /// The longest window whose limit a submission is past; it is counted in all of them, or only compared with them.
    async fn past(&self, tx: &mut Tx, counts: bool) -> Result<Option<&Bucket>> {
        let mut past = None;
        for bucket in std::iter::once(&self.address).chain(self.phone.iter().flatten()) {
            let count = if counts {
                limits::count(tx, &bucket.hash, bucket.end).await?
            } else {
                limits::peek(tx, &bucket.hash, self.now).await? + 1
            };
            if count > bucket.most {
                past = Some(bucket);
            }
        }
        Ok(past)
    }

    fn limited<A>(&self, bucket: &Bucket) -> Told<A> {
        Told::Limited {
            retry_after: seconds_until(bucket.end, self.now),
        }
    }
}

/// Who counts as one client: an IPv4 address, or an IPv6 one's /64, as a household has 2^64 of those.
#[must_use]
pub fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).octets().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_64_are_one_and_a_mapped_address_is_itself() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
