//! The counters say what the events say, by day, province and provider.

use chrono::TimeDelta;
use heyan::{
    domain::{
        province::Province,
        statistics::{Counted, Totals},
        words::{FilingKind, Outcome},
    },
    store::statistics::{self, Days},
};

use super::GANSU;
use crate::world::{Who, World, filing, on_engines, outcome};

fn days(from: &str, to: &str) -> Days {
    Days {
        from: from.into(),
        to: to.into(),
    }
}

async fn totals(world: &World, province: Option<Province>, from: &str, to: &str) -> Totals {
    let mut tx = world.services.db.read().await.unwrap();
    let mut totals = Totals::default();
    for provider in [None, Some(world.provider)] {
        let mut own = Totals::default();
        for (_, what, count) in statistics::by_day(&mut tx, provider, province, &days(from, to))
            .await
            .unwrap()
        {
            own.add(what, count);
        }
        // there is one provider
        assert!(provider.is_none() || own == totals);
        totals = own;
    }
    totals
}

on_engines! {
    async fn what_happens_is_counted_once(engine) {
        let world = World::new(engine, "2020-09-01T23:50+08:00").await;
        let (wang, li, zhao) = (Who::number(1), Who::number(2), Who::number(3));
        world.file(filing(Province::Gansu, FilingKind::NewFiling, Some(wang.json()), &[li.json()])).await;
        world.file(filing(Province::Zhejiang, FilingKind::NewFiling, Some(zhao.json()), &[])).await;
        // nobody to verify
        world.file(filing(Province::Gansu, FilingKind::CancelAccess, None, &[li.json()])).await;
        world.set(world.now() + TimeDelta::seconds(50));
        let code = world.code(&wang.phone).await;
        assert_eq!(outcome(world.verify(GANSU, &code, &wang.phone, wang.tail()).await), Outcome::VerifiedWaiting);
        // on the next day
        world.turn(world.now() + TimeDelta::minutes(20)).await;
        let code = world.code(&li.phone).await;
        assert_eq!(outcome(world.verify(GANSU, &code, &li.phone, li.tail()).await), Outcome::VerifiedAll);
        world.turn(world.now() + TimeDelta::days(2)).await;

        let (first, last) = ("2020-09-01", "2020-09-03");
        let gansu = totals(&world, GANSU, first, last).await;
        let get = |what| gansu.get(what);
        assert_eq!((get(Counted::Filed), get(Counted::Phones), get(Counted::Sent), get(Counted::Delivered)), (2, 2, 2, 2));
        assert_eq!((get(Counted::Verified), get(Counted::HandedOver), gansu.returned()), (2, 2, 0));
        assert_eq!((get(Counted::Within1M), get(Counted::Within30M)), (1, 1));
        let all = totals(&world, None, first, last).await;
        assert_eq!((all.get(Counted::Filed), all.get(Counted::Expired), all.returned()), (3, 1, 1));
        let today = totals(&world, GANSU, first, first).await;
        assert_eq!((today.get(Counted::Filed), today.get(Counted::Verified), today.get(Counted::HandedOver)), (2, 1, 1));

        let mut tx = world.services.db.read().await.unwrap();
        let range = days(first, last);
        let mut provinces = statistics::by_province(&mut tx, Some(world.provider), &range).await.unwrap();
        provinces.retain(|(_, what, _)| *what == Counted::Filed);
        provinces.sort();
        let mut expected = vec![(Province::Gansu, Counted::Filed, 2), (Province::Zhejiang, Counted::Filed, 1)];
        expected.sort();
        assert_eq!(provinces, expected);
        let mut providers = statistics::by_provider(&mut tx, Some(Province::Zhejiang), &range).await.unwrap();
        providers.retain(|(_, what, _)| *what == Counted::Expired);
        assert_eq!(providers, [(world.provider, Counted::Expired, 1)]);
        assert!(statistics::by_provider(&mut tx, None, &days("2020-09-04", "2020-09-30")).await.unwrap().is_empty());
    }
}
