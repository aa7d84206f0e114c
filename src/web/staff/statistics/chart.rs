//! Pictures of counts, drawn as SVG by plotters: plain shapes and text without a style of their own, so that the page's
//! policy lets them through and its style sheet colours them. 320 units wide, letters 16 high.

use std::io;

use plotters::{
    coord::Shift,
    drawing::DrawingAreaErrorKind,
    prelude::{
        ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoFont, PathElement, RGBColor,
        Rectangle, SVGBackend, Text, TextStyle,
    },
    style::text_anchor::{HPos, Pos, VPos},
};

type Failed = DrawingAreaErrorKind<io::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

// the style sheet knows these three (`.chart`)
const INK: RGBColor = RGBColor(0x1a, 0x1f, 0x26);
const BAR: RGBColor = RGBColor(0x0b, 0x5c, 0xad);
const PALE: RGBColor = RGBColor(0x5f, 0x6b, 0x78);

const WIDTH: u32 = 320;
/// What plotters calls a size is 1.24 times as much as the letters'.
const LETTERS: i32 = 20;

/// A bar for each row, one below the other, with its name before and its number behind it.
pub fn bars(rows: &[(String, i64)]) -> String {
    let count = u32::try_from(rows.len()).unwrap_or(0);
    draw(count * 28 + 8, |area| {
        let longest = rows.iter().map(|(_, value)| *value).max();
        let mut chart = ChartBuilder::on(area)
            .margin_top(4)
            .margin_bottom(4)
            .margin_left(104)
            .margin_right(80)
            .build_cartesian_2d(0..longest.unwrap_or(0).max(1), (i64::from(count) * 6)..0)?;
        for (row, (name, value)) in (0_i64..).zip(rows) {
            let (upper, middle, lower) = (row * 6 + 1, row * 6 + 3, row * 6 + 5);
            chart.draw_series([Rectangle::new([(0, upper), (*value, lower)], BAR.filled())])?;
            let (from, _) = chart.backend_coord(&(0, middle));
            let (to, y) = chart.backend_coord(&(*value, middle));
            let label = text(HPos::Right, VPos::Center);
            area.draw(&Text::new(name.clone(), (from - 8, y), label))?;
            let number = text(HPos::Left, VPos::Center);
            area.draw(&Text::new(value.to_string(), (to + 6, y), number))?;
        }
        Ok(())
    })
}

/// Two columns for each day, the second narrower and in front of the first; the first and the last day are named.
pub fn columns(days: &[(i64, i64)], first: &str, last: &str) -> String {
    draw(200, |area| {
        let highest = days.iter().map(|(one, other)| *one.max(other)).max();
        let highest = highest.unwrap_or(0).max(1);
        let width = i64::try_from(days.len()).unwrap_or(0).max(1) * 10;
        let mut chart = ChartBuilder::on(area)
            .margin_top(28)
            .margin_bottom(28)
            .margin_left(4)
            .margin_right(4)
            .build_cartesian_2d(0..width, 0..highest)?;
        for (day, (one, other)) in (0_i64..).map(|day| day * 10).zip(days) {
            let columns = [
                Rectangle::new([(day, 0), (day + 9, *one)], PALE.filled()),
                Rectangle::new([(day + 2, 0), (day + 7, *other)], BAR.filled()),
            ];
            chart.draw_series(columns)?;
        }
        let (left, bottom) = chart.backend_coord(&(0, 0));
        let (right, top) = chart.backend_coord(&(width, highest));
        for y in [bottom, top] {
            area.draw(&PathElement::new([(left, y), (right, y)], PALE))?;
        }
        let above = text(HPos::Left, VPos::Bottom);
        area.draw(&Text::new(highest.to_string(), (left, top - 4), above))?;
        for (day, x, end) in [(first, left, HPos::Left), (last, right, HPos::Right)] {
            let below = text(end, VPos::Top);
            area.draw(&Text::new(day.to_owned(), (x, bottom + 6), below))?;
        }
        Ok(())
    })
}

/// Nothing at all where it fails, which a picture made of text does not.
fn draw(height: u32, paint: impl FnOnce(&Area<'_>) -> Result<(), Failed>) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let painted = paint(&area).and_then(|()| area.present());
    drop(area);
    if painted.is_err() {
        svg.clear();
    }
    svg
}

fn text(x: HPos, y: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", LETTERS).into_font();
    font.color(&INK).pos(Pos::new(x, y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_no_style_of_its_own_and_no_markup_from_outside() {
        let bars = bars(&[("<b onload=x>".into(), 3), ("二".into(), 0)]);
        let columns = columns(&[(0, 0), (5, 2)], "10-28", "11-26");
        for svg in [&bars, &columns] {
            assert!(
                svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"),
                "{svg}"
            );
            for bad in ["style", "script", "<b", "NaN"] {
                assert!(!svg.contains(bad), "{bad}: {svg}");
            }
        }
        assert!(bars.contains("&lt;b onload=x&gt;"));
        assert_eq!(columns.matches("<rect").count(), 4);
    }

    #[test]
    fn nothing_counted_is_drawn_too() {
        assert!(bars(&[]).starts_with("<svg"));
        assert!(bars(&[("一".into(), 0)]).contains("width=\"0\""));
        assert!(columns(&[], "", "").starts_with("<svg"));
    }
}
